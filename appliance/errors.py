"""The errors of the appliance, one tree.

ApplianceError
├── SettingsError          the settings file cannot be used; carries the key
├── StoreError
│   ├── HoldingsError      the holdings document is damaged, foreign or of another format
│   └── WishLimitError     readers have registered enough wishes today, or there is no room
├── IntakeError            a drive that cannot be taken in; carries the key of its sentence
├── SystemInstallError     a system that is not installed; carries what staff are told
├── LibraryError
│   └── SearchNotReadyError  the index is being made; carries percent and seconds left
├── ServingError           bytes of an item that cannot be sent
│   ├── BusyError          too much waits before it
│   ├── DamagedChunkError  the bytes on the drive are not the bytes that were signed; carries key, chunk, drive
│   └── DriveError         the drive is at fault, not the item
│       ├── DriveGoneError it was unplugged, or the system cannot read it
│       └── SickDriveError it does not answer in time; carries the seconds after which to come back
└── AccountError
    ├── NotMatchedError    name and password do not belong together; carries the tries left
    ├── LockedError        too many failures; carries the minutes to wait
    ├── PasswordError      the new password is too short, too common or the old one; carries the key of its sentence
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


class DamagedError(StoreError):
    """A database of the box is no database any more, or not wholly; waiting will not help."""


class HoldingsError(StoreError):
    """The holdings document is damaged, foreign or of another format. The last good one stays in use."""

    code = "holdings"


class WishLimitError(StoreError):
    """No further wish is registered today: of this terminal, of all together, or for want of room."""

    code = "wish-limit"


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


class BranchError(ApplianceError):
    """A copy for a branch that was not made, or not to its end; what is copied and compared stays.

    Attributes:
        sentence: key of the sentence that staff read, such as `branch.too_small`.
        params: raw values of its placeholders.
    """

    code = "branch"

    def __init__(self, sentence: str, reason: str, **params: str | int) -> None:
        """Keep the sentence's key, the values for it, and a reason for the log."""
        self.sentence, self.reason, self.params = sentence, reason, params
        super().__init__(f"{sentence}: {reason}")


class NotWritableError(ApplianceError):
    """A stick or disk is not given for writing."""

    code = "not-writable"


class SystemInstallError(ApplianceError):
    """A system that is not installed; the one that runs goes on.

    Attributes:
        state: what staff are told, see `appliance.box.system_state`; empty: nothing, it is tried again later.
    """

    code = "system-install"

    def __init__(self, state: str, reason: str) -> None:
        """Keep what is told, and a reason for the log."""
        self.state = state
        super().__init__(reason)


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


class ServingError(ApplianceError):
    """Bytes of an item that cannot be sent. Nothing unverified was sent before it was raised."""

    code = "serving"


class BusyError(ServingError):
    """Too much waits before it; to be tried again in a minute."""

    code = "busy"


class DamagedChunkError(ServingError):
    """A chunk whose bytes are not the signed ones, or that ends too early.

    Attributes:
        key: SHA-256 of the whole item, 64 lower-case hex digits.
        index: 0-based number of the chunk of 1 MiB.
        drive: the drive that holds the damaged copy.
        reason: what was expected and what was found.
    """

    code = "damaged-chunk"

    def __init__(self, key: str, index: int, *, drive: str = "", reason: str = "digest differs") -> None:
        """Keep the place of the damage."""
        self.key, self.index, self.drive, self.reason = key, index, drive, reason
        super().__init__(f"drive {drive or '?'}: item {key} chunk {index} is damaged and was not sent: {reason}")

    @property
    def offset(self) -> int:
        """First byte of the damaged chunk within the item."""
        return self.index << 20


class DriveError(ServingError):
    """The drive is at fault, not the item. `drive` names it."""

    code = "drive"

    def __init__(self, drive: str, reason: str) -> None:
        """Keep the drive and the reason."""
        self.drive, self.reason = drive, reason
        super().__init__(f"drive {drive}: {reason}")


class DriveGoneError(DriveError):
    """The drive was unplugged or the file cannot be read.

    Attributes:
        errno: the operating system's error number, 0 when there is none (the drive was taken off the list).
    """

    code = "drive-gone"

    def __init__(self, drive: str, reason: str, *, errno: int = 0) -> None:
        """Keep the drive, the reason and the system's error number."""
        self.errno = errno
        super().__init__(drive, reason)


class SickDriveError(DriveError):
    """The drive did not answer before the deadline. Other drives go on; this one is tried again.

    Attributes:
        retry_after: seconds after which a new attempt makes sense.
    """

    code = "sick-drive"

    def __init__(self, drive: str, reason: str, *, retry_after: float = 10.0) -> None:
        """Keep the drive, the reason and when to come back."""
        self.retry_after = retry_after
        super().__init__(drive, reason)


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
    """The new password cannot be taken: too short, too common, or the old one."""

    code = "account-password"

    def __init__(self, sentence: str) -> None:
        """Keep the sentence's key: `account.password.short`, `.common` or `.same`."""
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
