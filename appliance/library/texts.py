"""What a release says of the texts inside its resources: the files of their indexes, and whether it has any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalogue import CatalogueItem
from indexer.errors import IndexFormatError
from indexer.model import Item
from packager.format.chunks import chunk_count
from packager.format.items import read_item_rows
from packager.format.layout import sections_file

if TYPE_CHECKING:
    from appliance.library.library import Library
    from appliance.library.shelf import Shelf
    from appliance.store.holdings import HeldDrive

_TEXT_ENDING = b".jsonl"
_ROLE = "index"
MAX_FILES = 64
"""Of one drive's index; an index has eight."""


@dataclass(frozen=True, slots=True)
class TextLists:
    """What items.txt says.

    Attributes:
        indexes: number of a drive → name → that file of its index, as an item of no record.
        has_texts: whether resources have texts at all.
        few: all texts, as items of no record, when they are no more than `most`; else none.
    """

    indexes: Mapping[int, Mapping[str, CatalogueItem]] = field(default_factory=dict)
    has_texts: bool = False
    few: tuple[CatalogueItem, ...] = ()


def text_lists(items_txt: Path, most: int = 0) -> TextLists:
    """Read a release's items.txt, about a second for a million items. Memory: a few MiB, and 500 bytes a text of `few`.

    Raises:
        FormatError: it is not in its form.
        OSError: it cannot be read.
    """
    found: dict[int, dict[str, CatalogueItem]] = {}
    few: list[CatalogueItem] = []
    texts, first = 0, 0
    for rows in read_item_rows(items_txt):
        for sha256, number, path in rows:
            size = int(number)
            chunks = chunk_count(size)
            if path.startswith(b"data/index/"):
                named = sections_file(path.decode())
                files = found.setdefault(named[0], {}) if named else {}
                if named and len(files) < MAX_FILES:
                    files[named[1]] = _item(sha256, size, path, first if chunks else -1)
            elif path.endswith(_TEXT_ENDING):
                texts += 1
                if texts <= most:
                    few.append(_item(sha256, size, path, first if chunks else -1))
            first += chunks
    return TextLists(found, texts > 0, tuple(few) if texts <= most else ())


def _item(sha256: bytes, size: int, path: bytes, first: int) -> CatalogueItem:
    place = path.decode()
    identity = place.rpartition("/")[2].partition(".")[0]
    item = Item(
        id=identity, role=_ROLE, order=0, path=place, media_type="application/octet-stream", size=size,
        sha256=sha256.decode(),
    )  # fmt: skip
    return CatalogueItem("", item, first)


def text_carriers(library: Library) -> list[tuple[Shelf, HeldDrive]]:
    """The live releases with each of their plugged drives; of two drives that are alike the first."""
    found: dict[tuple[str, int], tuple[Shelf, HeldDrive]] = {}
    for shelf in library.shelves:
        for drive in library.holdings.drives:
            if drive.serves and drive.folder == shelf.release.folder:
                found.setdefault((drive.folder, drive.disk), (shelf, drive))
    return list(found.values())


def place_of_record(library: Library, resource_id: str) -> tuple[str, int] | None:
    """The folder of the release that speaks for a resource, and the row of its record there; None when none does."""
    for shelf in library.shelves:
        try:
            row = shelf.catalogue.row_of(resource_id)
        except IndexFormatError:
            continue
        if row is not None:
            return shelf.release.folder, row
    return None
