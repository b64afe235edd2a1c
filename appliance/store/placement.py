"""Which drive of a set carries what, as far as a box knows it: from drives it met, or from the table of the release.

A drive that was plugged in leaves its list (`store.disks`). Of an edition that came by an update no drive was here; its
disks.bin (docs/format.md, "Sets of drives") is brought with it, to `meta/` of its folder. Readers are told nothing by
it: what they read is on older drives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from packager.format.disktable import DISKS_NAME, read_disk_table

if TYPE_CHECKING:
    from packager.format.items import ItemLine

Placed = Callable[[Iterable["ItemLine"]], Iterator[tuple["ItemLine", bool]]]
"""Tells of all items of a release, in their order, whether a drive carries them."""


def table_of(folder: Path) -> Path:
    """Where disks.bin of a release stands on the SSD; it need not be there."""
    return folder / "meta" / DISKS_NAME


def is_placed(folder: Path, disks: int) -> bool:
    """Whether it is known of every drive of a release what it carries.

    Args:
        folder: of the release.
        disks: how many drives there are.
    """
    if disks == 1 or table_of(folder).exists():
        return True
    return all((folder / "disks" / f"{n}.items").exists() for n in range(1, disks + 1))


def placed_on(folder: Path, disk: int, disks: int) -> Placed:
    """What one drive carries.

    Args:
        folder: of the release.
        disk: number of the drive, from 1.
        disks: how many there are.

    Raises:
        StoreError: that is not known. What it returns raises FormatError where the table is no table of these items.
    """
    if disks == 1:
        return lambda items: ((item, True) for item in items)
    if not (folder / "disks" / f"{disk}.items").exists() and table_of(folder).exists():
        return lambda items: _by_table(table_of(folder), disk, disks, items)
    from appliance.store.disks import DiskItems  # with NumPy, which single drives do without

    known = DiskItems(folder / "disks" / f"{disk}.items")
    return lambda items: ((item, known.holds(item.path)) for item in items)


def _by_table(table: Path, disk: int, disks: int, items: Iterable[ItemLine]) -> Iterator[tuple[ItemLine, bool]]:
    numbers = read_disk_table(table, disks)
    # A table that is shorter or longer gives other lists than those that were signed, and that shows.
    return ((item, next(numbers, 0) == disk) for item in items)
