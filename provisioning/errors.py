"""The errors of provisioning, one tree.

ProvisioningError
├── KeyFileError       a key file that is not one, is readable by others, or is there already
├── PassphraseError    a passphrase that is wrong or too weak; carries the sentence for the signer
└── CommandError       a command that was not done; the text is what staff read
"""

from __future__ import annotations


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


class CommandError(ProvisioningError):
    """A command that was not done, for a reason that is told to staff as it stands, in Chinese."""

    code = "command"
