"""The errors of the appliance, one tree.

ApplianceError
├── SettingsError          the settings file cannot be used; carries the key
├── StoreError
│   ├── HoldingsError      the holdings document is damaged, foreign or of another format
│   └── JournalError       the intake journal cannot be written
├── IntakeError            a drive that cannot be taken in; carries the key of its sentence
├── LibraryError
│   └── SearchNotReadyError  the index is being made; carries percent and seconds left
└── AccountError
    ├── NotMatchedError    name and password do not belong together; carries the tries left
    ├── LockedError        too many failures; carries the minutes to wait
    ├── PasswordError      the new password is too short or too common; carries the key of its sentence
    ├── AccountExistsError the name is taken
    ├── NoAccountError     there is no such account
    └── LastDirectorError  the last director cannot be stopped or changed

Every class has a stable `code`; docs/operations.md lists them.
"""

from __future__ import annotations


class ApplianceError(Exception):
    """Base of all errors of this package. `code` is stable and documented."""

    code = "appliance"


class SettingsError(ApplianceError):
    """The settings file cannot be used.

    Attributes:
        key: the setting, empty when the whole file is meant.
        reason: what was expected and what was found.
    """

    code = "settings"

    def __init__(self, key: str, reason: str) -> None:
        """Keep the setting and the reason."""
        self.key, self.reason = key, reason
        super().__init__(f"{key}: {reason}" if key else reason)


class StoreError(ApplianceError):
    """Something of the box's own state cannot be read or written."""

    code = "store"


class HoldingsError(StoreError):
    """The holdings document is damaged, foreign or of another format. The last good one stays in use."""

    code = "holdings"


class JournalError(StoreError):
    """The intake journal cannot be written. Intake goes on; the journal is for people and support."""

    code = "journal"


class IntakeError(ApplianceError):
    """A drive that cannot be taken in. Nothing of it is served; nothing on it is changed.

    Attributes:
        sentence: key of the sentence that staff read, such as `intake.refused.blank`.
        params: raw values of its placeholders.
    """

    code = "intake"

    def __init__(self, sentence: str, reason: str, **params: str | int) -> None:
        """Keep the sentence's key, the values for it, and a reason for the log."""
        self.sentence, self.reason, self.params = sentence, reason, params
        super().__init__(f"{sentence}: {reason}")


class LibraryError(ApplianceError):
    """The library cannot answer."""

    code = "library"


class SearchNotReadyError(LibraryError):
    """The search index is being made. Browsing and reading work meanwhile.

    Attributes:
        percent: how much is made, 0-99.
        seconds_left: an estimate, 0 when unknown.
    """

    code = "search-not-ready"

    def __init__(self, percent: int, seconds_left: int) -> None:
        """Keep how far it is."""
        self.percent, self.seconds_left = percent, seconds_left
        super().__init__(f"the search index is {percent} % made, about {seconds_left} s to go")


class AccountError(ApplianceError):
    """Something about a staff account. `sentence` is the key of what staff read."""

    code = "account"
    sentence = ""


class NotMatchedError(AccountError):
    """Name and password do not belong together; an unknown name and a wrong password look the same."""

    code = "account-not-matched"
    sentence = "account.not_matched"

    def __init__(self, left: int) -> None:
        """Keep how many tries are left before the account is locked."""
        self.left = left
        super().__init__(f"{left} tries left")


class LockedError(AccountError):
    """Too many failures; sign-in rests for a while."""

    code = "account-locked"
    sentence = "account.locked"

    def __init__(self, minutes: int) -> None:
        """Keep the minutes to wait, rounded up."""
        self.minutes = minutes
        super().__init__(f"locked for {minutes} minutes")


class PasswordError(AccountError):
    """The new password cannot be taken: too short or too common."""

    code = "account-password"

    def __init__(self, sentence: str) -> None:
        """Keep the sentence's key: `account.password.short` or `account.password.common`."""
        self.sentence = sentence
        super().__init__(sentence)


class AccountExistsError(AccountError):
    """The name is taken."""

    code = "account-exists"


class NoAccountError(AccountError):
    """There is no such account."""

    code = "account-unknown"


class LastDirectorError(AccountError):
    """The last director in use cannot be stopped or given another role."""

    code = "account-last-director"
    sentence = "account.last_director"
