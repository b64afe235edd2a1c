"""What is done with a block device: pure, so that every case can be tried."""

from __future__ import annotations

from dataclasses import dataclass

from image.drive.probe import Found

_ALWAYS = "ro,nosuid,nodev,noexec,noatime"
OPTIONS = {
    # Nothing is replayed: a journal that is not empty belongs to who wrote it.
    "ext4": f"{_ALWAYS},noload,errors=continue",
    "ext3": f"{_ALWAYS},noload,errors=continue",
    "ext2": f"{_ALWAYS},errors=continue",
    "exfat": f"{_ALWAYS},umask=0222,iocharset=utf8,errors=continue",
    "vfat": f"{_ALWAYS},umask=0222,utf8=1,errors=continue",
}
"""File systems that are read, and how: a drive is never written, and nothing on it can be run."""
OWN = "shuxiang-"
"""How the names of a box's own partitions begin."""
_EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
_WITHOUT_FILES = frozenset(
    {
        "e3c9e316-0b5c-4db8-817d-f92df00215ae",  # Microsoft's reserved partition
        "21686148-6449-6e6f-744e-656564454649",  # BIOS boot
        "0x5",
        "0xf",
        "0x85",  # extended partitions: boxes of partitions
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do.

    Attributes:
        act: mount, ignore, refused or unreadable.
        options: for mounting. reason: see `events.Event`.
    """

    act: str
    options: str = ""
    reason: str = ""


def decide(found: Found) -> Decision:
    """What is done with a device that was plugged in."""
    if _is_none_of_ours(found):
        return Decision("ignore")
    if not found.usage:
        return Decision("unreadable", reason="no_file_system")
    if found.usage == "filesystem" and found.kind in OPTIONS:
        return Decision("mount", OPTIONS[found.kind])
    return Decision("refused", reason="file_system")


def _is_none_of_ours(found: Found) -> bool:
    """What staff need not hear of: empty card readers, own slots, partitions that hold no files, partitioned disks."""
    if found.size == 0 or found.name.startswith(OWN) or found.type_id in _WITHOUT_FILES:
        return True
    if found.partition:
        return found.type_id == _EFI and found.siblings > 1
    return found.siblings > 0
