"""What a release says of the texts inside its resources: the files of their indexes, and whether it has any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.library.carriers import SSD
from appliance.library.model import Place
from indexer.catalogue import CatalogueItem
from indexer.errors import IndexFormatError
from indexer.model import Item
from indexer.sections import SECTIONS_TYPE
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


PlacedText = tuple[int, int, CatalogueItem, Place]
"""Row of a record, place of the text among its items, the text, and where it lies."""


@dataclass(frozen=True, slots=True)
class TextSource:
    """The texts of one drive of a live release, wherever they can be read now.

    Attributes:
        shelf: the release. disk: number of the drive in its set.
        index: by name the files of their index and where each lies; empty when it has none, or some of it is not here.
        plugged: whether that drive itself is here.
        since: changes when any of it comes anew.
    """

    shelf: Shelf
    disk: int
    index: Mapping[str, tuple[CatalogueItem, Place]] = field(default_factory=dict)
    plugged: bool = False
    since: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> SourceKey:
        """What tells it from all others."""
        return self.shelf.files, self.disk, self.since

    @property
    def name(self) -> str:
        """Under what name an index is made for it."""
        return f"{self.shelf.release.truth[:32]}-{self.disk}"


SourceKey = tuple[int, int, tuple[tuple[str, str], ...]]


def text_sources(library: Library, lists: Callable[[Shelf], TextLists]) -> list[TextSource]:
    """The texts of live releases of which something can be read now.

    An index is read from the drive that carries it, and after an update from the SSD, or partly from the older drive.
    Texts without one are told by drive; a release that no drive of its own is here of has one only when it is few.

    Args:
        library: the view.
        lists: what a release says of its texts.
    """
    holdings, found = library.holdings, list[TextSource]()
    serving = {drive.key: drive for drive in holdings.drives if drive.serves}
    if not serving and not holdings.carried:
        return found
    for shelf in library.shelves:
        own = {drive.disk: drive for drive in serving.values() if drive.folder == shelf.release.folder}
        listed = lists(shelf)
        for disk in listed.indexes:
            index = _placed(library, shelf, disk, lists)
            if index or disk in own:
                keys = {place.drive for _, place in index.values()} | ({own[disk].key} if disk in own else set())
                found.append(TextSource(shelf, disk, index, disk in own, _since(keys, serving, holdings.carried)))
        if listed.has_texts and not listed.indexes:
            keys = {drive.key for drive in serving.values() if drive.bundle == shelf.release.bundle} | {SSD}
            some = range(1, shelf.release.disks + 1) if listed.few and holdings.carried else ()
            for disk in own or some:
                mine = {own[disk].key} if disk in own else keys
                found.append(TextSource(shelf, disk, {}, disk in own, _since(mine, serving, holdings.carried)))
    return found


def _since(keys: Set[str], serving: Mapping[str, HeldDrive], carried: int) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, serving[key].since if key in serving else str(carried)) for key in keys))


def _placed(
    library: Library, shelf: Shelf, disk: int, lists: Callable[[Shelf], TextLists]
) -> Mapping[str, tuple[CatalogueItem, Place]]:
    """The files of an index and where each lies; none when one is not here."""
    placed: dict[str, tuple[CatalogueItem, Place]] = {}
    for name, file in lists(shelf).indexes[disk].items():
        place = next(iter(library.places(file.item, shelf, partial(_same_file, lists, disk, name))), None)
        if place is None:
            return {}
        placed[name] = file, place
    return placed


def _same_file(
    lists: Callable[[Shelf], TextLists], disk: int, name: str, other: Shelf, _item_id: str
) -> CatalogueItem | None:
    return lists(other).indexes.get(disk, {}).get(name)


def texts_of(library: Library, source: TextSource, few: Sequence[CatalogueItem]) -> list[PlacedText] | None:
    """The texts that a drive carries, by record and item, each with its place; None when one is not here.

    Args:
        library: the view.
        source: whose.
        few: all texts of the release, as `TextLists` has them.
    """
    shelf, found = source.shelf, list[PlacedText]()
    for listed in few:
        known = shelf.catalogue.item(listed.item.id)
        row = shelf.catalogue.row_of(known.resource_id) if known is not None else None
        if known is None or row is None or (known.item.role, known.item.media_type) != ("text", SECTIONS_TYPE):
            continue
        if not shelf.carries(source.disk, known.item):
            continue
        place = next(iter(library.places(known.item, shelf)), None)
        if place is None:
            return None
        ids = [item.id for item in shelf.catalogue.rows([row])[0].items]
        found.append((row, ids.index(known.item.id), known, place))
    return sorted(found, key=lambda text: text[:2])


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
