"""What can go wrong with images, targets and the ledger. All carry the key of the sentence that staff read.

DriveError (packager.errors)
├── ImageError        an image that cannot be made or used
├── ProgramError      a program of the system that is missing or that ended with a fault
├── TargetError       a disk that is not written; nothing on it was changed
└── WriteError        a disk that was being written; it is no drive and is refused everywhere
LedgerError           an entry that the ledger does not take; nothing of the batch was entered
"""

from __future__ import annotations

from packager.errors import DriveError, PackagerError


class ImageError(DriveError):
    """An image that cannot be made or used."""

    code = "image"


class ProgramError(DriveError):
    """A program of the system is missing, or ended with a fault."""

    code = "program"


class TargetError(DriveError):
    """A disk that is not written. Nothing on it was changed."""

    code = "target"


class WriteError(DriveError):
    """A disk that stopped answering, or gave back other bytes. It has no partition table, so nobody takes it."""

    code = "write"


class LedgerError(PackagerError):
    """An entry that the ledger does not take. Nothing of its batch was entered; `problems` names every row."""

    code = "ledger"

    def __init__(self, reason: str, problems: tuple[str, ...] = ()) -> None:
        """Keep the reason and the rows."""
        self.problems = problems
        super().__init__(reason)
