"""The drives of a release: one payload in the work folder, and for each drive of a set the lists of its part.

    work/bag/data/…      the payload of all drives, once
    work/bag/meta/…      truth and accelerators, the same on every drive
    work/bag/            the lists, when the release is on one drive
    work/disks/<n>/      the lists of drive n, when it is on several: manifest, tagmanifest, bag-info.txt, bagit.txt

`disk_layout` says where the lists of a drive are; whoever writes a drive or an image takes them from there and the
payload that the manifest names from `bag/`. So a set costs no second copy.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.model import load_line
from packager.format.bag import write_bag
from packager.format.disktable import DISKS_FORMAT, DISKS_NAME, write_disk_table
from packager.format.items import ItemLine
from packager.format.layout import DriveLayout, sections_file
from packager.format.release import Accelerator, Disk
from packager.inside import index_share
from packager.spread import Piece, Placement, footprint, room, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from packager.format.files import Files
    from packager.format.release import Release
    from packager.journal import BuildJournal

LISTS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")

Placed = tuple[ItemLine, int]
"""An item and the number of its drive."""


@dataclass(frozen=True, slots=True)
class Split:
    """A resource that no drive holds whole. id, title: of it; disks: the drives that carry it, rising."""

    id: str
    title: str
    disks: tuple[int, ...]


def disk_layout(work: Path, release: Release, disk: int) -> DriveLayout:
    """Where the lists of a drive stand in a work folder; payload, truth and accelerators are the same for all."""
    return DriveLayout(work) if len(release.disks) == 1 else DriveLayout(work, f"disks/{disk}")


def place(work: Path, journal: BuildJournal, sizes: Sequence[int], before: Placement) -> Placement:
    """Say which drive carries what; truth and accelerators are in place. Memory: the ids of the resources.

    Args:
        work: the work folder.
        journal: what was packed.
        sizes: bytes of the drives: one for as many such drives as it takes, or one for each.
        before: the placement of the release before.

    Raises:
        ItemTooLargeError: a file is larger than a drive.
        DrivesTooSmallError: the drives do not hold the release.
    """
    layout = DriveLayout(work)
    meta = sum(footprint(p.stat().st_size) for p in layout.meta.rglob("*") if p.is_file())
    lists = meta + footprint(layout.items.stat().st_size)  # the manifest to come is shorter than items.txt
    loads = {
        resource: sum(footprint(size) + (index_share(size) if is_text else 0) for _, size, is_text in items)
        for resource, items in groupby(journal.item_sizes(), key=lambda item: item[0])
    }
    return spread(loads, [room(size, lists) for size in sizes], lambda name: pieces_of(name, journal), before)


def pieces_of(resource_id: str, journal: BuildJournal) -> list[Piece]:
    """A resource's files in the record's order, each with what was made of it and what belongs to it."""
    record = load_line(journal.record(resource_id), 1)
    names = {item.id: source for source, item in journal.known(resource_id).items()}
    owner = {item.id: item.of for item in record.items}
    pieces: dict[str, list[tuple[str, int]]] = {}
    for item in record.items:
        first, steps = item.id, 0
        while owner.get(first) and steps < len(owner):  # a text of an alternate of a part belongs to the part
            first, steps = owner[first], steps + 1
        share = index_share(item.size) if item.role == "text" else 0
        pieces.setdefault(first, []).append((item.path, item.size + share))
    return [
        Piece(names.get(first, first), tuple(path for path, _ in files), tuple(size for _, size in files))
        for first, files in pieces.items()
    ]


def write_table(work: Path, placement: Placement, journal: BuildJournal, files: Files) -> dict[str, Accelerator]:
    """Write disks.bin of a set; nothing for one drive."""
    if placement.disks == 1:
        return {}
    path = DriveLayout(work).meta / DISKS_NAME
    sha256, size = write_disk_table(path, (disk for _, disk in placed_items(journal, placement)), files)
    return {DISKS_NAME: Accelerator(sha256, size, f"shuxiang {__version__}", DISKS_FORMAT)}


def splits(placement: Placement, journal: BuildJournal) -> list[Split]:
    """The resources that are spread over drives, by id."""
    found = []
    for resource_id, paths in sorted(placement.split.items()):
        title = load_line(journal.record(resource_id), 1).title
        found.append(Split(resource_id, title, tuple(sorted(set(paths.values())))))
    return found


def write_disks(
    work: Path,
    items: Callable[[], Iterable[Placed]],
    counts: Sequence[int],
    *,
    bundle: str,
    seq: int,
    issued: str,
    files: Files,
) -> tuple[Disk, ...]:
    """Write the lists of every drive and describe it; lists of another set are removed.

    Args:
        work: the work folder; payload, truth and accelerators are in place.
        items: gives all items with their drives, sorted by path; called once for each drive.
        counts: resources on each drive, one entry a drive.
        bundle: of the release.
        seq: of the release.
        issued: ISO date.
        files: the writer.

    Raises:
        FormatError: items are not sorted, or `bag/meta/` holds what no drive may hold.
        OSError: the disk is full or does not answer.
    """
    total = len(counts)
    shutil.rmtree(work / "disks", ignore_errors=True)
    for name in LISTS:
        files.remove(DriveLayout(work).bag / name)
    disks = []
    for n, count in enumerate(counts, 1):
        layout = DriveLayout(work) if total == 1 else DriveLayout(work, f"disks/{n}")
        files.make_dir(layout.tagmanifest.parent)
        lines = (line for line, disk in items() if disk == n)
        bag = write_bag(layout, lines, bundle=bundle, seq=seq, issued=issued, disk=n, disks=total, files=files)
        disks.append(Disk(n, bag.tagmanifest, bag.bytes, count if total > 1 else 0))
    return tuple(disks)


def placed_items(journal: BuildJournal, placement: Placement) -> Iterator[Placed]:
    """All items with their drives, sorted by path."""
    for sha256, size, path, resource in journal.owned_items():
        of_index = sections_file(path)
        disk = 1 if placement.disks == 1 else of_index[0] if of_index else placement.disk_of(resource, path)
        yield ItemLine(sha256, size, path), disk


def counts_of(placement: Placement) -> list[int]:
    """Resources on each drive; one that is spread counts on each of its drives."""
    found = Counter(placement.whole.values())
    for paths in placement.split.values():
        found.update(set(paths.values()))
    return [found[n] for n in range(1, placement.disks + 1)]
