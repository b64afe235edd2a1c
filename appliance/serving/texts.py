"""Searching the texts inside resources: the index of each plugged drive, opened when the drive comes.

An index that is damaged, slow or away is done without: what was found elsewhere is the answer, and it says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from appliance.errors import DamagedChunkError, ServingError
from appliance.library.texts import SourceKey, TextLists, TextSource, text_lists, text_sources, texts_of
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.texts_made import MAX_TEXTS, MadeIndexes, Text
from appliance.serving.verified import VerifiedReader
from appliance.serving.verified_blocks import BlockCache, VerifiedBlocks, until
from indexer.codec_files import MappedFile
from indexer.errors import IndexFormatError, LateError
from indexer.search_inside import Inside
from indexer.sections_index import SectionIndex
from indexer.sections_search import SECONDS, Budget, Excerpt, excerpts, places_in, search_sections, text_conditions
from packager.format.errors import FormatError
from packager.format.layout import DriveLayout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from appliance.library.library import Library
    from appliance.library.model import Place
    from appliance.library.shelf import Shelf
    from appliance.serving.pools import DrivePools
    from indexer.catalogue import CatalogueItem
    from indexer.codec_files import BlockReader
    from indexer.search_query import Condition

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

POLL_SECONDS = 0.5
AGAIN_SECONDS = 600.0
"""After these an index that was damaged is tried again: it may be repaired."""
AT_ONCE = 4
"""Searches that read texts at a time; others wait as long as they may and then do without."""
SHOWN_SECONDS = 0.1
"""For the excerpts of a page, beside `SECONDS` for finding."""


@dataclass(slots=True)
class _Opened:
    """The index of one drive; `index` is None while it is damaged, since `at`. made: its name when it was made here."""

    folder: str
    index: SectionIndex | None = None
    at: float = 0.0
    made: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """What the texts hold of one query.

    Attributes:
        conditions: what was asked of texts.
        inside: by folder of the release, for `Library.search`.
        sources: by folder, each index with what it gave.
        complete: whether all texts of the plugged drives were searched.
    """

    conditions: tuple[Condition, ...] = ()
    inside: Mapping[str, Inside] = field(default_factory=dict)
    sources: Mapping[str, Sequence[tuple[SectionIndex, Inside]]] = field(default_factory=dict)
    complete: bool = True


class TextSearch:
    """The indexes of all plugged drives. Thread-safe. Memory: theirs (`SectionIndex`), and a `BlockCache`."""

    def __init__(
        self,
        library: Callable[[], Library],
        store: ChunkStore,
        pools: DrivePools,
        *,
        cache: BlockCache | None = None,
        made: MadeIndexes | None = None,
    ) -> None:
        """Open nothing yet; see `start`.

        Args:
            library: gives the newest view.
            store: where verified chunks are.
            pools: who reads drives.
            cache: blocks kept of the indexes.
            made: indexes made here, for drives that bring none; None: none are made.
        """
        self._library, self._store, self._pools = library, store, pools
        self._cache = cache or BlockCache()
        self._made = made
        self._lists: dict[int, TextLists] = {}
        self._opened: dict[SourceKey, _Opened] = {}
        self._expected: frozenset[tuple[int, int]] = frozenset()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="texts", daemon=True)

    def start(self) -> None:
        """Follow drives that come and go, until `close`."""
        self._thread.start()

    def close(self) -> None:
        """End following."""
        self._stop.set()
        if self._made is not None:
            self._made.close()
        if self._thread.is_alive():
            self._thread.join(10)

    def refresh(self) -> None:
        """Open the indexes of what came, let those go that went. For one thread at a time; may take seconds."""
        library = self._library()
        kept, lists = self._lists, dict[int, TextLists]()
        most = MAX_TEXTS if self._made is not None else 0

        def listed(shelf: Shelf) -> TextLists:
            if shelf.files not in lists:
                lists[shelf.files] = kept.get(shelf.files) or _listed(shelf, most)
            return lists[shelf.files]

        wanted = {source.key: source for source in text_sources(library, listed)}
        self._lists = lists
        opened = {key: found for key, found in self._opened.items() if key in wanted}
        for key, source in wanted.items():
            known = opened.get(key)
            if known and (known.index or time.monotonic() < known.at + AGAIN_SECONDS):
                continue
            few = listed(source.shelf).few
            if source.index or listed(source.shelf).indexes:
                opened[key] = self._open(source)
            elif self._made is not None and few:
                opened[key] = self._open_made(library, source, few)
            else:
                continue
            self._opened = {**self._opened, key: opened[key]}
        self._opened = opened
        self._expected = frozenset((source.shelf.files, source.disk) for source in wanted.values())
        if self._made is not None:
            self._made.keep_only({source.name for source in wanted.values()})

    def search(self, query: str, *, seconds: float = SECONDS) -> Texts:
        """Which resources hold the query in their texts. Never raises; what cannot be had in time is left out."""
        conditions = text_conditions(query)
        if not conditions:
            return Texts(complete=self.covers_all)
        complete, ends, library = self.covers_all, time.monotonic() + seconds, self._library()
        if not self._turns.acquire(timeout=seconds):
            return Texts(conditions, complete=False)
        try:
            found: dict[str, list[tuple[SectionIndex, Inside]]] = {}
            for key, opened in list(self._opened.items()):
                if opened.index is None:
                    continue
                budget = Budget(ends - time.monotonic())
                mine = self._asked(key, opened, ends, partial(search_sections, opened.index, conditions, budget))
                if mine is None:
                    complete = False
                    continue
                mine = _readable(mine, library.readable_rows(opened.folder))
                if len(mine.rows):
                    found.setdefault(opened.folder, []).append((opened.index, mine))
        finally:
            self._turns.release()
        return Texts(
            conditions, {folder: _united([m for _, m in some]) for folder, some in found.items()}, found, complete
        )

    def excerpts(self, texts: Texts, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Excerpt]:
        """The best place of each of these resources (folder, row of its record), as far as it can be had.

        One without marks holds the words in another order: its text had not been compared.
        """
        ends, found = time.monotonic() + SHOWN_SECONDS, dict[tuple[str, int], Excerpt]()
        best = {place: _best(texts.sources.get(place[0], ()), place[1]) for place in wanted}
        for key, opened in list(self._opened.items()):
            mine = {place: at[1] for place, at in best.items() if at is not None and at[0] is opened.index}
            if mine and opened.index is not None:
                ask = partial(excerpts, opened.index, list(mine.values()), texts.conditions)
                for place, excerpt in zip(mine, self._asked(key, opened, ends, ask) or (), strict=False):
                    if excerpt is not None:
                        found[place] = excerpt
        return found

    def places(
        self, query: str, folder: str, row: int, *, first: int = 0, size: int = 50
    ) -> tuple[list[Excerpt], int, bool]:
        """A stretch of the places of one resource that hold the query, how many there are, and whether that is all."""
        conditions, ends = text_conditions(query), time.monotonic() + 2 * SECONDS
        shown: list[Excerpt] = []
        count, complete = 0, True
        for key, opened in list(self._opened.items()):
            if opened.folder != folder or opened.index is None or not conditions:
                continue
            index, budget = opened.index, Budget(ends - time.monotonic())
            found = self._asked(key, opened, ends, partial(places_in, index, row, conditions, budget))
            rows, whole = found if found is not None else (np.zeros(0, "u4"), False)
            complete &= whole
            mine = rows[max(0, first - count) : max(0, first + size - count)].tolist()
            count += len(rows)
            made = self._asked(key, opened, ends + SHOWN_SECONDS, partial(excerpts, index, mine, conditions))
            shown += [excerpt for excerpt in made or () if excerpt is not None]
        return shown, count, complete

    @property
    def covers_all(self) -> bool:
        """Whether all texts that can be read here can be searched now."""
        library, lists = self._library(), self._lists
        live = {shelf.files: shelf for shelf in library.shelves}
        expected = {(files, disk) for files, disk in self._expected if files in live}
        for drive in library.holdings.drives:
            shelf = next((s for s in live.values() if drive.serves and s.release.folder == drive.folder), None)
            if shelf is None:
                continue
            listed = lists.get(shelf.files)
            if listed is None:
                return False
            if drive.disk in listed.indexes or (listed.has_texts and not listed.indexes):
                expected.add((shelf.files, drive.disk))
        return expected <= {key[:2] for key, opened in self._opened.items() if opened.index is not None}

    def holds(self, sha256: str) -> bool:
        """Whether a file with that digest is of an index that some release has."""
        indexes = (files for lists in self._lists.values() for files in lists.indexes.values())
        return any(found.item.sha256 == sha256 for files in indexes for found in files.values())

    def has_index(self, folder: str) -> bool:
        """Whether an index of that release is open."""
        return any(opened.folder == folder and opened.index is not None for opened in self._opened.values())

    def _asked(self, key: SourceKey, opened: _Opened, ends: float, question: Callable[[], _T]) -> _T | None:
        """The answer of an index within its time, None when it cannot be had."""
        try:
            with until(ends):
                return question()
        except (IndexFormatError, DamagedChunkError) as error:
            _log.warning("an index of texts is damaged (%s): %s", _drives(key), error)
            opened.index, opened.at = None, time.monotonic()
            if opened.made and self._made is not None:
                self._made.forget(opened.made)
        except (ServingError, LateError, FormatError, OSError) as error:
            _log.info("an index of texts does not answer (%s): %s", _drives(key), error)
        return None

    def _open(self, source: TextSource) -> _Opened:
        opened = _Opened(source.shelf.release.folder, at=time.monotonic())

        def reader(name: str) -> BlockReader:
            found = source.index.get(name)
            if found is None:
                raise IndexFormatError(name, "is not here")
            return VerifiedBlocks(name, _served(source.shelf, *found), self._store, self._pools, self._cache)

        try:
            opened.index = SectionIndex(reader, source.shelf.catalogue.count)
        except (IndexFormatError, ServingError, FormatError, OSError) as error:
            _log.warning("the index of texts of %s cannot be used: %s", source.name, error)
        return opened

    def _open_made(self, library: Library, source: TextSource, few: Sequence[CatalogueItem]) -> _Opened:
        """The index that was made here of a drive's texts, made now when there is none."""
        opened = _Opened(source.shelf.release.folder, at=time.monotonic(), made=source.name)
        records = source.shelf.catalogue.count
        assert self._made is not None  # noqa: S101 - only asked then
        try:
            path = self._made.get(source.name)
            texts = texts_of(library, source, few) if path is None else None
            if texts:
                path = self._made.make(source.name, records, [self._text(source.shelf, *text) for text in texts])
            if path is not None:
                opened.index = SectionIndex(lambda file: MappedFile(path / file), records)
        except IndexFormatError as error:
            _log.warning("the index of texts made for %s is damaged: %s", source.name, error)
            self._made.forget(source.name)
        except (ServingError, FormatError, OSError) as error:
            _log.info("the texts of %s cannot be read: %s", source.name, error)
        return opened

    def _text(self, shelf: Shelf, row: int, number: int, found: CatalogueItem, place: Place) -> Text:
        reader = VerifiedReader(_served(shelf, found, place), self._store, self._pools)
        return row, number, reader.size, partial(reader.read_at, 0, reader.size)

    def _follow(self) -> None:
        seen: tuple[int, float] = (-1, 0.0)
        while not self._stop.wait(POLL_SECONDS):
            now = (self._library().generation, time.monotonic() // AGAIN_SECONDS)
            if now == seen:
                continue
            try:
                self.refresh()
                seen = now
            except Exception:  # noqa: BLE001 - titles are searched all the same; the next turn tries again
                _log.exception("texts")


def _drives(key: SourceKey) -> str:
    return ", ".join(drive for drive, _ in key[2])


def _listed(shelf: Shelf, most: int) -> TextLists:
    try:
        return text_lists(shelf.items_file, most)
    except (FormatError, OSError) as error:
        _log.warning("the items of %s cannot be read: %s", shelf.release.folder, error)
        return TextLists()


def _served(shelf: Shelf, found: CatalogueItem, place: Place) -> ServedItem:
    item = found.item
    opener = partial(_opener, place.root, place.path or item.path)
    return ServedItem(item.sha256, item.size, shelf.digests(found), opener, place.drive, item.id)


def _opener(root: Path, path: str) -> int:
    layout = DriveLayout(root)
    with layout.opened() as descriptor:
        return layout.open_payload(descriptor, path)


def _readable(inside: Inside, here: NDArray[np.bool_] | None) -> Inside:
    """Of what texts hold the resources that can be read now: an index on the SSD also knows what its drive carries."""
    if here is None or here[inside.rows].all():
        return inside
    kept = here[inside.rows]
    return Inside(inside.rows[kept], inside.scores[kept], inside.sections[kept], inside.exact)


def _united(parts: Sequence[Inside]) -> Inside:
    """What several drives of a release hold; a resource that is on two of them counts once, with its best score."""
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([part.rows for part in parts])
    scores, sections = np.concatenate([p.scores for p in parts]), np.concatenate([p.sections for p in parts])
    order = np.lexsort((-scores, rows))
    first = np.unique(rows[order], return_index=True)[1]
    chosen = order[first]
    return Inside(rows[chosen], scores[chosen], sections[chosen], all(part.exact for part in parts))


def _best(sources: Sequence[tuple[SectionIndex, Inside]], row: int) -> tuple[SectionIndex, int] | None:
    """The index and the section of a resource's best place."""
    best: tuple[float, SectionIndex, int] | None = None
    for index, inside in sources:
        place = int(np.searchsorted(inside.rows, row))
        if place < len(inside.rows) and int(inside.rows[place]) == row:
            score = float(inside.scores[place])
            if best is None or score > best[0]:
                best = score, index, int(inside.sections[place])
    return best[1:] if best else None
