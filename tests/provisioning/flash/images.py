"""Small system images: a partition table with a boot partition made by mtools, and something behind it."""

from __future__ import annotations

import os
import random
import subprocess
import uuid
from typing import TYPE_CHECKING

from provisioning.disks.gpt import EFI_SYSTEM, LINUX, TAIL, Partition, Table, table_bytes

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
SIZE = 80 * MIB
BOOT_AT, BOOT_SIZE = MIB, 40 * MIB


def system_image(path: Path, boot: Path | None = None) -> Path:
    """An image of `SIZE` bytes: boot partition, noise in the first half of a second one, zeros after."""
    table = Table(
        uuid.UUID(int=1),
        (
            Partition(BOOT_AT, BOOT_SIZE, EFI_SYSTEM, uuid.UUID(int=2), "shuxiang-esp"),
            Partition(BOOT_AT + BOOT_SIZE, 30 * MIB, LINUX, uuid.UUID(int=3), "shuxiang-data"),
        ),
    )
    head, tail = table_bytes(table, SIZE)
    with path.open("wb") as out:
        out.truncate(SIZE)
        out.write(head)
        out.seek(BOOT_AT)
        if boot:
            out.write(boot.read_bytes())
        out.seek(BOOT_AT + BOOT_SIZE)
        out.write(random.Random(7).randbytes(5 * MIB + 1024))
        out.seek(SIZE - TAIL)
        out.write(tail)
    return path


def fat(path: Path) -> Path:
    """A FAT32 boot partition with the folder `shuxiang`."""
    with path.open("wb") as out:
        out.truncate(BOOT_SIZE)
    environment = {**os.environ, "MTOOLSRC": os.devnull}
    mtools(["mformat", "-i", str(path), "-F", "-T", str(BOOT_SIZE // 512), "-h", "255", "-s", "63", "-c", "1", "::"])
    subprocess.run(["mmd", "-i", str(path), "::shuxiang"], env=environment, check=True)
    return path


def mtools(command: list[str]) -> str:
    """Run one of mtools; returns what it printed."""
    environment = {**os.environ, "MTOOLSRC": os.devnull}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
