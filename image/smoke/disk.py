"""A box's disk, looked at after the power went: partitions, file systems, journal, slots. Nothing is mounted."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from image.smoke.errors import CheckError, MachineError
from image.smoke.media import run

if TYPE_CHECKING:
    from pathlib import Path

ESP, ROOT_A, ROOT_B, DATA = "shuxiang-esp", "shuxiang-root-a", "shuxiang-root-b", "shuxiang-data"
HALF_WRITTEN = "with a folder or a file half written"
_SECTOR = 512


def partitions(disk: Path) -> dict[str, tuple[int, int]]:
    """Name → (first byte, bytes) of the partitions of a plain image.

    Raises:
        MachineError: there is no table.
    """
    found = json.loads(run("sfdisk", "-J", disk))["partitiontable"]["partitions"]
    return {p.get("name", ""): (p["start"] * _SECTOR, p["size"] * _SECTOR) for p in found}


def cut_out(disk: Path, name: str, target: Path) -> Path:
    """A partition as a file of its own; holes stay holes.

    Raises:
        CheckError: there is no such partition.
    """
    try:
        first, size = partitions(disk)[name]
    except KeyError as error:
        raise CheckError(f"no partition {name}") from error
    with disk.open("rb") as source, target.open("wb") as out:
        out.truncate(size)
        source.seek(first)
        at = 0
        while at < size:
            block = source.read(min(4 << 20, size - at))
            if not block:
                break
            if block.count(0) != len(block):
                out.seek(at)
                out.write(block)
            at += len(block)
    return target


def put_back(disk: Path, name: str, source: Path) -> None:
    """Write a partition's file back into the image."""
    first, size = partitions(disk)[name]
    with source.open("rb") as file, disk.open("r+b") as out:
        out.seek(first)
        left = size
        while left and (block := file.read(min(4 << 20, left))):
            out.write(block)
            left -= len(block)


def replay(partition: Path) -> None:
    """Replay the file system's own journal and mend what may be mended unasked, as a box does at its start.

    Raises:
        CheckError: more than that is wrong.
    """
    done = subprocess.run(["/sbin/e2fsck", "-p", partition], capture_output=True, text=True, check=False)
    if done.returncode > 1:
        raise CheckError(f"e2fsck: {done.stdout.strip()[-300:]}")


def check_ext4(partition: Path) -> str:
    """Replay the journal, and then look for any fault.

    Raises:
        CheckError: there is one.
    """
    replay(partition)
    try:
        run("e2fsck", "-fn", partition)
    except MachineError as error:
        raise CheckError(f"e2fsck: {error}") from error
    return "sound"


def check_fat(partition: Path) -> str:
    """Look for faults in the boot partition. What a cut left half written there is mended by nobody: it must start so.

    Returns:
        "sound", "to be tidied" (a mark, room that nobody uses), or `HALF_WRITTEN`.

    Raises:
        CheckError: there is no entry of the boot menu any more.
    """
    done = subprocess.run(["/sbin/fsck.vfat", "-n", partition], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return "sound"
    command = ["mdir", "-b", "-i", partition, "::loader/entries"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)  # it says what it can read
    if ".conf" not in listed.stdout:
        raise CheckError("the boot partition has no entry any more")
    broken = listed.returncode != 0 or "Contains a free cluster" in done.stdout
    return HALF_WRITTEN if broken else "to be tidied"


def entries(partition: Path) -> dict[str, str]:
    """File name → text of the entries of the boot menu."""
    listed = run("mdir", "-b", "-i", partition, "::loader/entries").decode().split()
    names = [name.rsplit("/", 1)[-1] for name in listed if name.endswith(".conf")]
    return {name: run("mtype", "-i", partition, f"::loader/entries/{name}").decode() for name in names}


def journal(partition: Path, scratch: Path) -> list[dict[str, str]]:
    """The journal's entries on the data partition, oldest first; empty where this machine has no journalctl."""
    for place in ("log/journal", "/log/journal", "lib/log/journal"):
        listing = run("debugfs", "-R", f"ls -p {place}", partition).decode("utf-8", "replace")
        machines = re.findall(r"/([0-9a-f]{32})/", listing)
        if machines:
            break
    else:
        return []
    target = scratch / "journal"
    target.mkdir(exist_ok=True)
    for machine in machines:
        run("debugfs", "-R", f"rdump {place}/{machine} {target}", partition)
    try:
        done = subprocess.run(
            ["journalctl", "--directory", str(target), "-o", "json", "--no-pager", "--quiet"],
            capture_output=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return []
    found = []
    for line in done.stdout.splitlines():
        entry = json.loads(line)
        found.append({key: value for key, value in entry.items() if isinstance(value, str)})
    return found


def starts_of(entries_of_journal: list[dict[str, str]], unit: str, boot: str) -> int:
    """How many times a unit was started in a boot."""
    return sum(
        entry.get("UNIT") == unit and entry.get("_BOOT_ID") == boot and entry.get("JOB_TYPE") == "start"
        and entry.get("JOB_RESULT") == "done"
        for entry in entries_of_journal
    )  # fmt: skip
