"""Searching the texts inside resources: the index of each plugged drive, opened when the drive comes.

An index that is damaged, slow or away is done without: what was found elsewhere is the answer, and it says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from appliance.errors import DamagedChunkError, ServingError
from appliance.library.texts import TextLists, text_carriers, text_lists
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.texts_made import MAX_TEXTS, MadeIndexes, Text
from appliance.serving.verified import VerifiedReader
from appliance.serving.verified_blocks import BlockCache, VerifiedBlocks, until
from indexer.codec_files import MappedFile
from indexer.errors import IndexFormatError
from indexer.search_inside import Inside
from indexer.sections import SECTIONS_TYPE
from indexer.sections_index import SectionIndex
from indexer.sections_search import SECONDS, Budget, Excerpt, excerpt, places_in, search_sections, text_conditions
from packager.format.errors import FormatError
from packager.format.layout import DriveLayout

if TYPE_CHECKING:
    from appliance.library.library import Library
    from appliance.library.shelf import Shelf
    from appliance.serving.pools import DrivePools
    from appliance.store.holdings import HeldDrive
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

_Key = tuple[int, int, str, str]
"""Open files of a release, number of the drive in its set, place of the drive, since when it serves."""


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
        self._opened: dict[_Key, _Opened] = {}
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
        """Open the indexes of drives that came, let those go that went. For one thread at a time; may take seconds."""
        carriers = text_carriers(self._library())
        wanted = {_key(shelf, drive): (shelf, drive) for shelf, drive in carriers}
        most = MAX_TEXTS if self._made is not None else 0
        lists = {shelf.files: self._lists.get(shelf.files) or _listed(shelf, most) for shelf, _ in wanted.values()}
        self._lists = lists
        opened = {key: found for key, found in self._opened.items() if key in wanted}
        for key, (shelf, drive) in wanted.items():
            known = opened.get(key)
            if known and (known.index or time.monotonic() < known.at + AGAIN_SECONDS):
                continue
            listed = lists[shelf.files]
            if listed.indexes.get(drive.disk):
                opened[key] = self._open(shelf, drive, listed)
            elif self._made is not None and listed.few and not listed.indexes:
                opened[key] = self._open_made(shelf, drive, listed)
            else:
                continue
            self._opened = {**self._opened, key: opened[key]}
        self._opened = opened
        if self._made is not None:
            self._made.keep_only({_name(shelf, drive) for shelf, drive in wanted.values()})

    def search(self, query: str, *, seconds: float = SECONDS) -> Texts:
        """Which resources hold the query in their texts. Never raises; what cannot be had in time is left out."""
        conditions = text_conditions(query)
        if not conditions:
            return Texts(complete=self.covers_all)
        complete, ends = self.covers_all, time.monotonic() + seconds
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
                elif len(mine.rows):
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
        ends, found = time.monotonic() + SHOWN_SECONDS, {}
        for folder, row in wanted:
            best = _best(texts.sources.get(folder, ()), row)
            key, opened = next(((k, o) for k, o in self._opened.items() if best and o.index is best[0]), (None, None))
            if best is None or key is None or opened is None:
                continue
            place = self._asked(key, opened, ends, partial(excerpt, *best, texts.conditions))
            if place is not None:
                found[folder, row] = place
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
            for place in mine:
                made = self._asked(key, opened, ends + SHOWN_SECONDS, partial(excerpt, index, place, conditions))
                if made is not None:
                    shown.append(made)
        return shown, count, complete

    @property
    def covers_all(self) -> bool:
        """Whether the texts of every plugged drive can be searched now, as far as there are any."""
        open_ = {(key[0], key[1]) for key, opened in self._opened.items() if opened.index is not None}
        for shelf, drive in text_carriers(self._library()):
            lists = self._lists.get(shelf.files)
            if lists is None:
                return False
            expected = drive.disk in lists.indexes if lists.indexes else lists.has_texts
            if expected and (shelf.files, drive.disk) not in open_:
                return False
        return True

    def holds(self, sha256: str) -> bool:
        """Whether a file with that digest is of an index that some release has."""
        indexes = (files for lists in self._lists.values() for files in lists.indexes.values())
        return any(found.item.sha256 == sha256 for files in indexes for found in files.values())

    def has_index(self, folder: str) -> bool:
        """Whether an index of that release is open."""
        return any(opened.folder == folder and opened.index is not None for opened in self._opened.values())

    def _asked(self, key: _Key, opened: _Opened, ends: float, question: Callable[[], _T]) -> _T | None:
        """The answer of an index within its time, None when it cannot be had."""
        try:
            with until(ends):
                return question()
        except (IndexFormatError, DamagedChunkError) as error:
            _log.warning("the index of texts on drive %s is damaged: %s", key[2], error)
            opened.index, opened.at = None, time.monotonic()
            if opened.made and self._made is not None:
                self._made.forget(opened.made)
        except (ServingError, FormatError, OSError) as error:
            _log.info("the index of texts on drive %s does not answer: %s", key[2], error)
        return None

    def _open(self, shelf: Shelf, drive: HeldDrive, lists: TextLists) -> _Opened:
        opened, files = _Opened(shelf.release.folder, at=time.monotonic()), lists.indexes[drive.disk]

        def reader(name: str) -> BlockReader:
            found = files.get(name)
            if found is None:
                raise IndexFormatError(name, "is not on the drive")
            return VerifiedBlocks(name, _served(shelf, drive, found), self._store, self._pools, self._cache)

        try:
            opened.index = SectionIndex(reader, shelf.catalogue.count)
        except (IndexFormatError, ServingError, FormatError, OSError) as error:
            _log.warning("the index of texts on drive %s cannot be used: %s", drive.key, error)
        return opened

    def _open_made(self, shelf: Shelf, drive: HeldDrive, lists: TextLists) -> _Opened:
        """The index that was made here of a drive's texts, made now when there is none."""
        name = _name(shelf, drive)
        opened = _Opened(shelf.release.folder, at=time.monotonic(), made=name)
        assert self._made is not None  # noqa: S101 - only asked then
        try:
            texts = list(self._texts(shelf, drive, lists.few))
            path = self._made.get(name) or self._made.make(name, shelf.catalogue.count, texts)
            if path is not None:
                opened.index = SectionIndex(lambda file: MappedFile(path / file), shelf.catalogue.count)
        except IndexFormatError as error:
            _log.warning("the index of texts made for drive %s is damaged: %s", drive.key, error)
            self._made.forget(name)
        except (ServingError, FormatError, OSError) as error:
            _log.info("the texts of drive %s cannot be read: %s", drive.key, error)
        return opened

    def _texts(self, shelf: Shelf, drive: HeldDrive, few: Sequence[CatalogueItem]) -> Iterator[Text]:
        """The texts that a drive carries, by record and item."""
        found: list[Text] = []
        for listed in few:
            known = shelf.catalogue.item(listed.item.id)
            row = shelf.catalogue.row_of(known.resource_id) if known is not None else None
            if known is None or row is None or (known.item.role, known.item.media_type) != ("text", SECTIONS_TYPE):
                continue
            if not shelf.carries(drive.disk, known.item):
                continue
            ids = [item.id for item in shelf.catalogue.rows([row])[0].items]
            reader = VerifiedReader(_served(shelf, drive, known), self._store, self._pools)
            found.append((row, ids.index(known.item.id), reader.size, partial(reader.read_at, 0, reader.size)))
        yield from sorted(found, key=lambda text: text[:2])

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


def _key(shelf: Shelf, drive: HeldDrive) -> _Key:
    return shelf.files, drive.disk, drive.key, drive.since


def _name(shelf: Shelf, drive: HeldDrive) -> str:
    """Under what name an index is made for a drive."""
    return f"{shelf.release.truth[:32]}-{drive.disk}"


def _listed(shelf: Shelf, most: int) -> TextLists:
    try:
        return text_lists(shelf.items_file, most)
    except (FormatError, OSError) as error:
        _log.warning("the items of %s cannot be read: %s", shelf.release.folder, error)
        return TextLists()


def _served(shelf: Shelf, drive: HeldDrive, found: CatalogueItem) -> ServedItem:
    item = found.item
    opener = partial(_opener, drive.path, item.path)
    return ServedItem(item.sha256, item.size, shelf.digests(found), opener, drive.key, item.id)


def _opener(root: str, path: str) -> int:
    layout = DriveLayout(Path(root))
    with layout.opened() as descriptor:
        return layout.open_payload(descriptor, path)


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
