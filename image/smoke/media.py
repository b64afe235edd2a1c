"""Sticks and drives to plug in, and what may be wrong with them. Made without mounting anything, as whole disks."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

from image.smoke.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MIB = 1 << 20
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_STICK = 64 * MIB


def run(program: str, *arguments: str | Path, said: bytes = b"") -> bytes:
    """Run a program of the system; returns what it printed.

    Raises:
        MachineError: it is missing, or did not do it.
    """
    found = shutil.which(program, path=_PLACES)
    if found is None:
        raise MachineError(f"{program} is not installed")
    environment = {**os.environ, "MTOOLSRC": os.devnull, "LC_ALL": "C.UTF-8"}
    done = subprocess.run([found, *map(str, arguments)], input=said, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise MachineError(f"{program}: {done.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    return done.stdout


def there(*programs: str) -> bool:
    """Whether all of these are installed."""
    return all(shutil.which(program, path=_PLACES) for program in programs)


def stick(path: Path, files: Mapping[str, bytes]) -> Path:
    """A FAT32 stick with an MBR, as they are sold, with these files at its top."""
    partition = path.with_suffix(".part")
    _sparse(partition, _STICK - MIB)
    run("mkfs.vfat", "-F", "32", "-n", "STICK", partition)
    for name, content in files.items():
        run("mcopy", "-i", partition, "-o", "-", f"::{name}", said=content)
    return _disk(path, partition, "label: dos\nstart=1MiB, type=c\n")


def stick_of(path: Path, folder: Path) -> Path:
    """A FAT32 stick with everything in a folder."""
    partition = path.with_suffix(".part")
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    _sparse(partition, (size // MIB + 64) * MIB)
    run("mkfs.vfat", "-F", "32", "-n", "STICK", partition)
    run("mcopy", "-s", "-i", partition, *sorted(folder.iterdir()), "::")
    return _disk(path, partition, "label: dos\nstart=1MiB, type=c\n")


def blank_disk(path: Path) -> Path:
    """A disk fresh from the factory."""
    _sparse(path, _STICK)
    return path


def noise_disk(path: Path) -> Path:
    """A disk of which nothing can be made out."""
    path.write_bytes(random.Random(3).randbytes(_STICK // 4))  # noqa: S311 - the same noise every time
    return path


def empty_disk(path: Path, kind: str, megabytes: int = 62) -> Path:
    """A disk with a file system and nothing in it.

    Args:
        path: of the image.
        kind: ext4, exfat or ntfs.
        megabytes: of its partition.
    """
    partition = path.with_suffix(".part")
    _sparse(partition, megabytes * MIB)
    if kind == "ext4":
        run("mke2fs", "-q", "-t", "ext4", "-F", partition)
    elif kind == "exfat":
        run("mkfs.exfat", "-L", "MYDISK", partition)
    else:
        run("mkntfs", "-q", "-Q", "-F", "-L", "MYDISK", "-s", "512", "-p", "2048", "-H", "255", "-S", "63", partition)
    return _disk(path, partition, f"label: gpt\nstart=1MiB, size={megabytes}MiB\n")


def spoiled(path: Path, drive: Path, find: bytes, put: bytes) -> Path:
    """A copy of a drive in which some bytes are others; the file system knows nothing of it.

    Args:
        path: of the copy.
        drive: the sound one.
        find: bytes that stand in it; their first place is changed.
        put: as many others.

    Raises:
        MachineError: they are not there.
    """
    copy_sparse(drive, path)
    with path.open("r+b") as file:
        at, before = 0, b""
        while block := file.read(16 * MIB):
            place = (before + block).find(find)
            if place >= 0:
                file.seek(at - len(before) + place)
                file.write(put)
                return path
            at += len(block)
            before = block[-len(find) :]
    raise MachineError(f"{drive} holds no such bytes")


def copy_sparse(source: Path, target: Path) -> Path:
    """A copy that keeps holes."""
    run("cp", "--sparse=always", source, target)
    return target


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as out:
        out.truncate(size)


def taken_out(disk: Path, target: Path) -> Path:
    """The first partition of a disk as a file of its own, after it was written on."""
    (first, *_) = json.loads(run("sfdisk", "-J", disk))["partitiontable"]["partitions"]
    with disk.open("rb") as source, target.open("wb") as out:
        source.seek(first["start"] * 512)
        left = first["size"] * 512
        while left and (block := source.read(min(4 * MIB, left))):
            out.write(block)
            left -= len(block)
    return target


def _disk(path: Path, partition: Path, table: str) -> Path:
    _sparse(path, partition.stat().st_size + 2 * MIB)
    run("sfdisk", "-q", path, said=table.encode())
    with partition.open("rb") as source, path.open("r+b") as target:
        target.seek(MIB)
        shutil.copyfileobj(source, target, MIB)
    partition.unlink()
    return path
