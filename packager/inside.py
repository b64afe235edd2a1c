"""The index of the texts inside resources: payload of each drive, of the texts that the drive itself carries.

It may be far larger than what a box has to spare, so it is proved chunk by chunk where it lies, as every other file
(docs/adr/0035-texts-on-the-drive.md). It is taken over from the build before when its texts are the same.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.formats import SECTIONS_FORMAT
from indexer.sections import SECTIONS_TYPE
from indexer.sections_build import Progress, build_sections
from indexer.sections_runs import TextFile
from packager.format.chunks import ChunkHasher
from packager.format.layout import CHUNK, sections_path
from packager.format.release import MAX_DISKS
from packager.journal import PackedItem
from packager.made import Facts
from packager.truth import read_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indexer.model import Item
    from packager.format.layout import DriveLayout
    from packager.journal import BuildJournal
    from packager.spread import Placement

_SHARE = 4
"""The index takes about so many times the bytes of the files of sections; measured (docs/measurements.md)."""
_FACTS = Facts("application/octet-stream")


def index_share(size: int) -> int:
    """Bytes that a file of sections of `size` bytes adds to the index of its drive, about."""
    return _SHARE * size


def write_section_indexes(
    layout: DriveLayout,
    journal: BuildJournal,
    placement: Placement,
    progress: Progress | None,
    workers: int = 1,
) -> int:
    """Make the index of the texts on each drive and note its files in the journal, durably.

    Args:
        layout: of the work folder; catalogue.jsonl and the payload are in place.
        journal: what was packed.
        placement: which drive carries what.
        progress: called with sections done.
        workers: processes that read texts.

    Returns:
        The number of sections; 0 when no resource has a text, and then there is no index.
    """
    records, total = journal.totals()[0], 0
    for disk in range(1, MAX_DISKS + 1):
        folder = sections_path(disk)
        origin = _origin(layout, placement, disk, records) if disk <= placement.disks else ""
        known = [item for item in journal.known("").values() if item.path.startswith(folder + "/")]
        if not origin and not known:
            if disk > placement.disks:
                break
            continue
        name, _, sections = journal.state(folder).partition(" ")
        if known and origin == name and all(_is_there(layout, item) for item in known):
            total += int(sections)
            continue
        journal.forget_common(folder)
        shutil.rmtree(layout.bag / folder, ignore_errors=True)
        if origin:
            made = _made(layout, placement, disk, records, workers, _from(total, progress))
            for path in sorted((layout.bag / folder).iterdir()):
                journal.add_item(_packed(path, sections_path(disk, path.name)))
            journal.set_state(folder, f"{origin} {made}")
            total += made
        journal.commit()
    return total


def _from(before: int, progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _total: progress(before + done, None)


def _made(
    layout: DriveLayout, placement: Placement, disk: int, records: int, workers: int, progress: Progress | None
) -> int:
    out, texts = layout.bag / sections_path(disk), _texts(layout, placement, disk)
    files = (TextFile(row, place, layout.payload(item.path), item.size) for row, place, item in texts)
    return build_sections(files, out, records=records, workers=workers, progress=progress).sections


def _origin(layout: DriveLayout, placement: Placement, disk: int, records: int) -> str:
    """What stands for all that an index is made from, and for what makes it; empty when there are no texts."""
    whole, any_ = hashlib.sha256(f"{SECTIONS_FORMAT} {__version__} {records}".encode()), False
    for row, place, item in _texts(layout, placement, disk):
        whole.update(f"\n{row} {place} {item.sha256}".encode())
        any_ = True
    return whole.hexdigest() if any_ else ""


def _is_there(layout: DriveLayout, item: PackedItem) -> bool:
    path = layout.payload(item.path)
    return path.is_file() and path.stat().st_size == item.size


def _texts(layout: DriveLayout, placement: Placement, disk: int) -> Iterator[tuple[int, int, Item]]:
    """The texts that a drive carries, by record and item: the record's row, the item's place in it, the item."""
    for row, resource in enumerate(read_catalogue(layout)):
        for place, item in enumerate(resource.items):
            if item.role != "text" or item.media_type != SECTIONS_TYPE:
                continue
            if placement.disks == 1 or placement.disk_of(resource.id, item.path) == disk:
                yield row, place, item


def _packed(path: Path, place: str) -> PackedItem:
    whole, chunks, size = hashlib.sha256(), ChunkHasher(), path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            whole.update(block)
            chunks.update(block)
    digests = chunks.digests() if size > CHUNK else b""
    return PackedItem(place, "", place, size, 0, "", place, size, whole.hexdigest(), digests, _FACTS)
