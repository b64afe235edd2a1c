"""Why a box file or a recovery file is not taken. All carry a stable code and the key of the sentence that staff read.

ProvisioningError
├── BoxFileError             a box file that is not taken; nothing of it is used
│   ├── BoxSizeError         larger than a box file may be
│   ├── BoxTamperedError     not what was signed, or signed by nobody who may
│   ├── BoxSchemaError       signed, but written for another version of the system
│   ├── BoxOtherLibraryError of another library than the one in force
│   ├── BoxOlderError        older than the one in force
│   └── BoxExpiredError      not to be applied for the first time any more
└── RecoveryFileError        a recovery file that is not taken: no account is changed
    ├── RecoveryTamperedError
    └── RecoveryOtherLibraryError
"""

from __future__ import annotations

from provisioning.errors import ProvisioningError


class BoxFileError(ProvisioningError):
    """A box file that is not taken.

    Attributes:
        code: stable and documented.
        sentence: key of what staff read; with `params` it can be filled, but for {support}, which the box knows.
        params: values for the sentence.
    """

    code = "box"
    sentence = "box.file.tampered"

    def __init__(self, reason: str, **params: str) -> None:
        """Keep what was found, and what the sentence says of it."""
        self.params = params
        super().__init__(reason)


class BoxSizeError(BoxFileError):
    """More bytes than a box file may have."""

    code = "box.size"


class BoxTamperedError(BoxFileError):
    """Not what was signed: changed, damaged, signed by a stranger, or no box file at all."""

    code = "box.tampered"


class BoxSchemaError(BoxFileError):
    """Signed by those who may, but with members that this version does not know: written for another one."""

    code = "box.schema"
    sentence = "box.file.needs_newer_box"


class BoxOtherLibraryError(BoxFileError):
    """Of another library than the box file in force. `params` has that library's name."""

    code = "box.other_library"
    sentence = "box.file.other_library"


class BoxOlderError(BoxFileError):
    """Older than the box file in force."""

    code = "box.older"
    sentence = "box.file.older"


class BoxExpiredError(BoxFileError):
    """Its last day for being applied the first time is over."""

    code = "box.expired"
    sentence = "box.file.expired"


class RecoveryFileError(ProvisioningError):
    """A recovery file that is not taken. Attributes as those of `BoxFileError`."""

    code = "recovery"
    sentence = "account.recovery.damaged"

    def __init__(self, reason: str, **params: str) -> None:
        """Keep what was found, and what the sentence says of it."""
        self.params = params
        super().__init__(reason)


class RecoveryTamperedError(RecoveryFileError):
    """Not what this library's recovery key signed."""

    code = "recovery.tampered"


class RecoveryOtherLibraryError(RecoveryFileError):
    """Of another library."""

    code = "recovery.other_library"
    sentence = "account.recovery.other_library"
