"""Targets: what tells a box which drive of a set carries which item, and what it remembers of drives that left."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import StoreError
from appliance.store.disks import DiskItems, write_disk_items, write_told_items
from appliance.store.samples import read_sample
from appliance.store.verified import VerifiedDrives
from packager.format.disktable import read_disk_table
from packager.format.errors import FormatError
from tests.fuzz.lists import BAG, outcome
from tests.fuzz.target import Target, kept, scratch
from tests.simulator import FastFiles

_ITEMS = BAG / "meta/items.txt"


@functools.cache
def _paths() -> list[str]:
    return [line.split(b" ")[2].decode() for line in _ITEMS.read_bytes().splitlines()]


def run_disks(data: bytes) -> bool:
    """disks.bin of any bytes beside the items of the golden drive: `data` begins with how many drives there are."""
    drives, content = 1 + (data[0] if data else 0), data[1:]
    table, folder = kept("disks.bin", content), scratch()
    numbers = [int.from_bytes(content[at : at + 2]) for at in range(0, len(content), 2)]
    whole = len(content) % 2 == 0 and all(0 < number <= drives for number in numbers)
    assert outcome(lambda: list(read_disk_table(table, drives)), FormatError) == (numbers if whole else None)
    wanted = (1, drives)
    told = outcome(lambda: write_told_items(folder, table, _ITEMS, wanted, drives, FastFiles()) or True, FormatError)
    assert bool(told) == (whole and len(numbers) == len(_paths()))
    if told:
        for drive in wanted:
            held = DiskItems(folder / f"{drive}.items").among(_paths())
            assert held.tolist() == [number == drive for number in numbers]
    return bool(told)


def run_remembered(data: bytes) -> bool:
    """Files that a box keeps about drives, given back otherwise: they are used as they are, or forgotten."""
    kind, content = data[0] % 3 if data else 0, data[1:]
    path = kept("remembered", content)
    if kind == 0:
        held = outcome(lambda: DiskItems(path), StoreError)
        assert (held is None) == (len(content) % 8 != 0)
        return held is not None and bool(held.among(_paths()).any())
    if kind == 1:
        sample = read_sample(path)
        assert all(isinstance(name, str) and type(size) is int for name, size in sample)
        return bool(sample)
    known = VerifiedDrives(path, FastFiles())
    before = known.has("a", "facts")
    known.add("b", "other facts")
    assert VerifiedDrives(path, FastFiles()).has("b", "other facts")
    return before


def _disks_seeds() -> Sequence[bytes]:
    count = len(_paths())
    two = b"".join((1 + n % 2).to_bytes(2) for n in range(count))
    return [b"\1" + two, b"\0" + b"\0\1" * count, b"\1" + two[:-1], b"\1" + two + b"\0\1", b"\1", b"\xff" + two]


def _remembered_seeds() -> Sequence[bytes]:
    path: Path = scratch() / "written"
    write_disk_items(path, _paths()[::2], FastFiles())
    sample = json.dumps([[path, 7] for path in _paths()[:5]]).encode()
    return [b"\0" + path.read_bytes(), b"\1" + sample, b'\2{"a":"facts","c":"x"}']


SETS = (
    Target("disks", "packager.format.disktable", _disks_seeds, run_disks, (b"\0\1", b"\0\2", b"\0\0"), 512, prefix=1),
    Target(
        "remembered", "appliance.store.disks", _remembered_seeds, run_remembered,
        (b"Infinity", b"[" * 3000, b"\xff" * 8), prefix=1,
    ),
)  # fmt: skip
