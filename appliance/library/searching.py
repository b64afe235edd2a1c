"""The searcher over all live releases, kept open while any view uses it; it goes on without what is damaged."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import TypeVar

from appliance.library.present import Mask
from appliance.library.shelf import Shelf
from indexer.catalogue import Catalogue
from indexer.codec_files import MappedFile
from indexer.errors import IndexerError, IndexFormatError
from indexer.model import Resource
from indexer.search import Part, Searcher, SearchRequest, SearchResult, Suggestion
from indexer.search_inside import Inside

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
Damage = Callable[[Shelf, str, Exception], None]
"""Told of a shelf, the part of it (`catalogue` or `search`) that is damaged, and what was found."""

MOST_SPOILED = 16
"""Records of a page that may be left out one by one; with more the whole release is left out."""
_MOST_MENDED = 8
"""Times in one search that single records are left out before whole releases are."""


class Searching:
    """One searcher with global statistics over several releases; thread-safe.

    A record that cannot be read is left out, and so is a release whose index cannot be read: the others answer. Its
    files close by themselves when the last view that uses them is gone.
    """

    def __init__(self, shelves: Sequence[Shelf], hidden: Sequence[Set[int]], damage: Damage) -> None:
        """Open the index of every shelf; one that cannot be opened is told and left out.

        Raises:
            IndexFormatError: each can be opened, but not all together.
            OSError: likewise.
        """
        self._damage = damage
        self._lock = threading.Lock()
        self._opened = _open(tuple(shelves), tuple(hidden), damage)

    @property
    def folders(self) -> frozenset[str]:
        """Folders of the releases that are searched now."""
        return frozenset(shelf.release.folder for shelf in self._opened.shelves)

    @property
    def parents(self) -> Mapping[str, str]:
        """The places above those of imported classifications, by `scheme:code`."""
        return self._opened.parents

    def search(
        self,
        request: SearchRequest,
        here: Mapping[str, Mask] | None = None,
        inside: Mapping[str, Inside] | None = None,
    ) -> tuple[SearchResult, tuple[str, ...]] | None:
        """See `indexer.search.Searcher.search`; beside the answer the folder of each part. None: nothing is left.

        Args:
            request: what is asked.
            here: what can be read now, by folder (`present.Presence.masks`).
            inside: what texts hold, by folder.

        Raises:
            QueryError: a filter or the page has a value that is not permitted.
        """
        present, held = here or {}, inside or {}

        def asked(searcher: Searcher, folders: tuple[str, ...]) -> tuple[SearchResult, tuple[str, ...]]:
            masks, texts = [present.get(folder) for folder in folders], [held.get(folder) for folder in folders]
            return searcher.search(request, masks, texts), folders

        return self._answered(asked)

    def suggest(self, typed: str, face: str) -> tuple[Suggestion, ...] | None:
        """See `indexer.search.Searcher.suggest`. None: nothing is left."""
        return self.ask(lambda searcher: searcher.suggest(typed, face=face))

    def ask(self, question: Callable[[Searcher], _T]) -> _T | None:
        """The answer to another question to the searcher, in the same way. None: nothing is left to be asked."""
        return self._answered(lambda searcher, _: question(searcher))

    def _answered(self, question: Callable[[Searcher, tuple[str, ...]], _T]) -> _T | None:
        """Ask the searcher and the folders of its parts; what is damaged is left out and the question asked again."""
        mended = 0
        while (opened := self._opened).shelves:
            try:
                return question(opened.searcher, tuple(s.release.folder for s in opened.shelves))
            except IndexFormatError as error:
                self._go_on_without(opened, error, whole=mended >= _MOST_MENDED)
                mended += 1
        return None

    def _go_on_without(self, opened: _Opened, error: IndexFormatError, *, whole: bool) -> None:
        place, part, rows = opened.culprit(error)
        self._damage(opened.shelves[place], part, error)
        with self._lock:
            if self._opened is not opened:
                return  # another search has met it too
            shelves, hidden = list(opened.shelves), list(opened.hidden)
            if whole or not 0 < len(rows) <= MOST_SPOILED:
                del shelves[place], hidden[place]
            else:
                hidden[place] |= rows
            self._opened = _open(tuple(shelves), tuple(hidden), self._damage)


class _DamagedRecordsError(IndexFormatError):
    """Records of one shelf that cannot be read: its place, the part that is to blame, and their rows."""

    def __init__(self, error: IndexFormatError, place: int, part: str, rows: frozenset[int]) -> None:
        super().__init__(error.path, error.reason)
        self.place, self.part, self.rows = place, part, rows


class _Records:
    """What a searcher asks of a catalogue; when it fails it says whose it is and which rows are damaged."""

    def __init__(self, place: int, catalogue: Catalogue) -> None:
        self.count = catalogue.count
        self._place, self._catalogue = place, catalogue

    def rows(self, rows: Sequence[int]) -> list[Resource]:
        try:
            return self._catalogue.rows(rows)
        except IndexFormatError as error:
            if not all(0 <= row < self.count for row in rows):  # the index names records that there are not
                raise _DamagedRecordsError(error, self._place, "search", frozenset()) from error
            raise _DamagedRecordsError(error, self._place, "catalogue", self._spoiled(rows)) from error

    def row_of(self, resource_id: str) -> int | None:
        try:
            return self._catalogue.row_of(resource_id)
        except IndexFormatError as error:
            raise _DamagedRecordsError(error, self._place, "catalogue", frozenset()) from error

    def _spoiled(self, rows: Sequence[int]) -> frozenset[int]:
        spoiled: set[int] = set()
        for row in rows:
            try:
                self._catalogue.rows([row])
            except IndexFormatError:
                spoiled.add(row)
                if len(spoiled) > MOST_SPOILED:
                    break
        return frozenset(spoiled)


class _IndexFile(MappedFile):
    """A mapped file whose errors carry its whole path, which tells whose index it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.name = str(path)


class _Opened:
    """A searcher and what it searches."""

    def __init__(self, shelves: tuple[Shelf, ...], hidden: tuple[Set[int], ...]) -> None:
        self.shelves, self.hidden = shelves, hidden  # their catalogues stay open as long as this
        self.parents = {key: up for shelf in reversed(shelves) for key, up in shelf.classes.parents.items()}
        parts = []
        for place, (shelf, rows) in enumerate(zip(shelves, hidden, strict=True)):
            if shelf.index is None:
                raise IndexFormatError("search", "is not ready")
            parts.append(Part(shelf.index, _Records(place, shelf.catalogue), rows, self.parents))
        self.searcher = Searcher(parts, open_file=_IndexFile)
        self.close = weakref.finalize(self, self.searcher.close)

    def culprit(self, error: IndexFormatError) -> tuple[int, str, frozenset[int]]:
        """The place of the shelf that an error of the searcher belongs to, the damaged part, and rows to leave out.

        Raises:
            IndexFormatError: the same error, when it does not tell.
        """
        if isinstance(error, _DamagedRecordsError):
            return error.place, error.part, error.rows
        folders = Path(error.path).parents  # an overlay's parts lie in folders of their own
        for place, shelf in enumerate(self.shelves):
            if shelf.index in folders:
                return place, "search", frozenset()
        if len(self.shelves) == 1:
            return 0, "search", frozenset()
        raise error


def _open(shelves: tuple[Shelf, ...], hidden: tuple[Set[int], ...], damage: Damage) -> _Opened:
    try:
        return _Opened(shelves, hidden)
    except (IndexerError, OSError) as error:
        _log.warning("search indexes cannot be opened together: %s", error)
        whole = [n for n, shelf in enumerate(shelves) if _opens(shelf, damage)]
        if len(whole) == len(shelves):
            raise
    return _Opened(tuple(shelves[n] for n in whole), tuple(hidden[n] for n in whole))


def _opens(shelf: Shelf, damage: Damage) -> bool:
    try:
        _Opened((shelf,), (frozenset(),)).close()
    except (IndexerError, OSError) as error:
        damage(shelf, "search", error)
        return False
    return True
