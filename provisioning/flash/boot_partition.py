"""A copy of the image's boot partition with a library's box file in it.

mtools writes into the copy, a plain file: no mount, no root, and the tool never sees the disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from provisioning.disks.errors import TableError
from provisioning.disks.gpt import EFI_SYSTEM, Partition, read_table
from provisioning.disks.medium import BLOCK, aligned_buffer
from provisioning.flash.errors import FlashError

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.flash.source import Source

FOLDER = "shuxiang"
"""The folder of the boot partition where the box looks for box files."""
SUFFIX, MAX_BOX = ".box", 64 << 10


def boot_partition(source: Source) -> Partition:
    """The partition that the firmware boots from.

    Raises:
        FlashError: the image has no partition table, or none such in it.
    """

    def read(at: int, length: int) -> bytes:
        first = at // 512 * 512
        block = aligned_buffer(-(-(at + length - first) // 512) * 512)
        source.read(first, block)
        return bytes(block[at - first : at - first + length])

    try:
        found = [p for p in read_table(read, source.size).partitions if p.kind == EFI_SYSTEM]
    except TableError as error:
        raise FlashError("desk.flash.no_image", str(error)) from error
    if len(found) != 1:
        raise FlashError("desk.flash.no_image", f"{len(found)} boot partitions in the image")
    return found[0]


def with_box_file(source: Source, box: Path, scratch: Path) -> None:
    """Lay a boot partition that holds `box` over that of the image.

    Args:
        source: the image.
        box: the library's signed box file.
        scratch: a folder for the copy; as large as the partition's files.

    Raises:
        FlashError: it is no box file, the image has no boot partition, or mtools is missing or refuses.
    """
    if box.suffix != SUFFIX or not box.is_file() or not 0 < box.stat().st_size <= MAX_BOX:
        raise FlashError("desk.flash.no_box", f"{box} is no box file")
    mcopy = shutil.which("mcopy")
    if mcopy is None:
        raise FlashError("desk.program.missing", "mcopy is not installed", word="mtools")
    partition = boot_partition(source)
    copy = scratch / "boot.fat"
    _copy(source, partition, copy)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "MTOOLSRC": os.devnull}
    done = subprocess.run(
        [mcopy, "-i", str(copy), "-o", "-m", str(box), f"::{FOLDER}/{box.name}"],
        env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise FlashError("desk.program.fault", f"mcopy: {said}", word="mtools")
    source.lay_over(copy, partition.first)


def _copy(source: Source, partition: Partition, copy: Path) -> None:
    buffer = aligned_buffer()
    with copy.open("wb") as out:
        out.truncate(partition.size)
        for at in range(0, partition.size, BLOCK):
            block = buffer[: min(BLOCK, partition.size - at)]
            source.read(partition.first + at, block)
            if any(block):
                out.seek(at)
                out.write(block)
