"""disks.bin: which drive of a set carries each item, 2 bytes an item in the order of items.txt, big-endian, from 1.

An accelerator of sets of several drives. Without it a box learns what a drive carries when it is plugged in, and
until then it does not know which of the missing drives holds an item (docs/format.md, "Sets of drives").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files

DISKS_NAME = "disks.bin"
DISKS_FORMAT = "1"
_ENTRY = 2
_BLOCK = 1 << 16


def write_disk_table(path: Path, disks: Iterable[int], files: Files) -> tuple[str, int]:
    """Write the table durably. Memory: constant.

    Args:
        path: of the new file.
        disks: number of each item's drive, in the order of items.txt.
        files: the writer.

    Returns:
        SHA-256 and size of the file.
    """
    numbers = iter(disks)
    blocks = iter(lambda: b"".join(n.to_bytes(_ENTRY) for n in islice(numbers, _BLOCK)), b"")
    return files.write_atomic(path, blocks)


def read_disk_table(path: Path, disks: int) -> Iterator[int]:
    """The numbers, streaming.

    Args:
        path: of the table.
        disks: how many drives there are.

    Raises:
        FormatError: it is cut short, or names a drive that there is not.
        OSError: the file is not there or the disk does not answer.
    """
    with path.open("rb") as file:
        while block := file.read(_ENTRY * _BLOCK):
            if len(block) % _ENTRY:
                raise FormatError("is cut short", path=path.name)
            for at in range(0, len(block), _ENTRY):
                number = int.from_bytes(block[at : at + _ENTRY])
                if not 0 < number <= disks:
                    raise FormatError("names a drive that there is not", path=path.name, found=str(number))
                yield number
