"""The errors of provisioning, one tree.

ProvisioningError
├── KeyFileError       a key file that is not one, is readable by others, or is there already
├── DeviceFileError    a device file that its own key did not sign, or that is none
├── RegistryError      a registry of devices that no box key signed, or that is none
├── PassphraseError    a passphrase that is wrong or too weak; carries the sentence for the signer
└── CommandError       a command that was not done; the text is what staff read
    ├── LedgerFileError the ledger is damaged, or cannot be written
    └── ListError      a list of libraries, or files of devices, of which some are wrong; nothing was made
"""

from __future__ import annotations

from collections.abc import Mapping


class ProvisioningError(Exception):
    """Base of all errors of this package. `code` is stable and documented."""

    code = "provisioning"


class KeyFileError(ProvisioningError):
    """A key file that cannot be used or written.

    Attributes:
        name: of the file.
        reason: what was expected and what was found.
    """

    code = "key-file"

    def __init__(self, name: str, reason: str) -> None:
        """Keep the file's name and the reason."""
        self.name, self.reason = name, reason
        super().__init__(f"{name}: {reason}")


class PassphraseError(ProvisioningError):
    """A passphrase that does not open the key, or that is too weak for a new one. It is never kept or logged."""

    code = "passphrase"
    sentence = "desk.sign.passphrase"


class DeviceFileError(ProvisioningError):
    """What a box said of itself is damaged, or its own key did not sign it."""

    code = "device-file"


class RegistryError(ProvisioningError):
    """A registry of devices that no box key signed, or that is none."""

    code = "registry"


class CommandError(ProvisioningError):
    """A command that was not done, for a reason that is told to staff as it stands, in Chinese."""

    code = "command"


class LedgerFileError(CommandError):
    """The ledger of provisioning is damaged or cannot be written. What was entered before stays."""

    code = "ledger-file"


class ListError(CommandError):
    """A list with faults; nothing of it was made or entered.

    Attributes:
        problems: one line a fault, in Chinese, with its place in the list.
        sentence: key of the sentence that tells of all of them, params: its values; empty: the reason is told.
    """

    code = "list"

    def __init__(
        self,
        reason: str,
        problems: tuple[str, ...] = (),
        *,
        sentence: str = "",
        params: Mapping[str, str | int] | None = None,
    ) -> None:
        """Keep the reason and the faults."""
        self.problems, self.sentence, self.params = problems, sentence, dict(params or {})
        super().__init__(reason)
