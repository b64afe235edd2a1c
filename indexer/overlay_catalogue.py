"""A catalogue that is an older one with some records left out and others put in; asked like any other.

base.db         the older catalogue, which nobody writes
added.db        the same tables: records that were added or changed, by their rows in the whole, and of `shelf` also
                rows of records of the base that stand elsewhere in lists now
overlay.json    with arrays.bin (`indexer.overlay_files`): the splices of rows and of titles, the rows of the base
                whose place in lists `added.db` has, and where the base's chunks are in the list of chunks now
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import compress, islice
from math import ceil, floor
from pathlib import Path
from typing import TypeVar

import numpy as np

from indexer.catalogue import MANY_PARTS, Catalogue, CatalogueItem
from indexer.errors import IndexFormatError
from indexer.formats import CATALOGUE_OVERLAY
from indexer.model import TYPES, Resource
from indexer.overlay_files import read_description
from indexer.rows import Rows
from indexer.splice import Splice

BASE, ADDED = "base.db", "added.db"
_MOST = 16_384

_Place = TypeVar("_Place", bound="int | None")


def open_catalogue(path: Path) -> Catalogue:
    """The catalogue in a file, or in the folder of an overlay.

    Raises:
        IndexFormatError: it cannot be used.
    """
    return OverlaidCatalogue(path) if path.is_dir() else Catalogue(path)


def base_of(path: Path) -> Path:
    """The whole catalogue that a catalogue consists of, or stands upon."""
    return path / BASE if path.is_dir() else path


class OverlaidCatalogue(Catalogue):
    """A base and what is put in, read-only; any thread may ask. What is inherited asks `added.db`.

    Attributes:
        rows_splice: how rows of the base are rows of the whole. titles: the same of places in the order of titles.
    """

    def __init__(self, folder: Path) -> None:
        """Open and check the files.

        Raises:
            IndexFormatError: one is missing or damaged, or they do not fit together.
        """
        described = read_description(folder, CATALOGUE_OVERLAY)
        self._base = Catalogue(folder / BASE)
        try:
            self.rows_splice = Splice.read(self._base.count, described.arrays, "rows", described.name)
            self.titles = Splice.read(self._base.count, described.arrays, "titles", described.name)
            moved, self._from = described.array("moved"), described.array("chunks.from")
            self._to = described.array("chunks.to")
            self._moved = Rows(np.concatenate([self.rows_splice.dead, moved]).tolist())
            self._is_moved = np.zeros(self._base.count, bool)
            self._is_moved[[row for row in self._moved if row < self._base.count]] = True
            super().__init__(folder / ADDED, part_of=self.rows_splice.count)
            self._check_rows(moved.tolist(), described.name)
        except BaseException:
            self._base.close()
            raise

    def _check_rows(self, moved: Sequence[int], name: str) -> None:
        put = self.rows_splice.put.tolist()
        held = [row for (row,) in self._query("SELECT row FROM resource ORDER BY row")]
        wholes = [self.rows_splice.whole(row) for row in moved]
        on_shelf = [row for (row,) in self._query("SELECT row FROM shelf ORDER BY row")]
        fits = len(self._from) == len(self._to) and self.titles.count == self.rows_splice.count
        if not fits or held != put or on_shelf != sorted([*put, *(row for row in wholes if row is not None)]):
            raise IndexFormatError(name, "does not fit what is put in")

    @property
    def base(self) -> Catalogue:
        """The older catalogue; do not close it."""
        return self._base

    @property
    def added(self) -> int:
        """How many records are put in."""
        return len(self.rows_splice.at)

    def added_records(self) -> Iterator[Resource]:
        """The records that are put in, by row."""
        for start in range(0, self.added, 500):
            yield from self.rows(self.rows_splice.put[start : start + 500].tolist())

    def gone_records(self) -> Iterator[Resource]:
        """The records of the base that are left out, by row."""
        for start in range(0, len(self.rows_splice.dead), 500):
            yield from self._base.rows(self.rows_splice.dead[start : start + 500].tolist())

    def close(self) -> None:
        """Close the files."""
        self._base.close()
        super().close()

    def get(self, resource_id: str) -> Resource | None:
        """See `Catalogue.get`."""
        found = super().get(resource_id)
        if found is not None:
            return found
        return None if self._base_row(resource_id) is None else self._base.get(resource_id)

    def row_of(self, resource_id: str) -> int | None:
        """See `Catalogue.row_of`."""
        found = super().row_of(resource_id)
        return self._base_row(resource_id) if found is None else found

    def _base_row(self, resource_id: str) -> int | None:
        """The row in the whole of a record that the base still speaks for."""
        row = self._base.row_of(resource_id)
        return None if row is None else self.rows_splice.whole(row)

    def rows(self, rows: Sequence[int]) -> list[Resource]:
        """See `Catalogue.rows`."""
        sources = {row: self.rows_splice.source(row) for row in rows}
        own = [row for row in sources if sources[row][0]]
        theirs = [row for row in sources if not sources[row][0]]
        found = dict(zip(own, super().rows(own), strict=True))
        found.update(zip(theirs, self._base.rows([sources[row][1] for row in theirs]), strict=True))
        return [found[row] for row in rows]

    def item(self, item_id: str) -> CatalogueItem | None:
        """See `Catalogue.item`."""
        found = super().item(item_id)
        if found is not None:
            return found
        found = self._base.item(item_id)
        if found is None or self._base_row(found.resource_id) is None:
            return None
        return replace(found, first_chunk=self._chunk(found.first_chunk))

    def _chunk(self, first: int) -> int:
        """The place of a digest of the base in the list of chunks now."""
        if first < 0:
            return first
        stretch = int(np.searchsorted(self._from, first, side="right")) - 1
        if stretch < 0:
            raise IndexFormatError(self._path.name, f"does not know chunk {first}")
        return first - int(self._from[stretch]) + int(self._to[stretch])

    def item_rows(self) -> Iterator[tuple[str, int]]:
        """See `Catalogue.item_rows`."""
        theirs = (
            (item, whole) for item, row in self._base.item_rows() if (whole := self.rows_splice.whole(row)) is not None
        )
        return heapq.merge(theirs, super().item_rows())

    def counts_by_type(self) -> dict[str, int]:
        """See `Catalogue.counts_by_type`."""
        total = Counter(self._base.counts_by_type())
        total.subtract(self._base.counts_of_rows(self._moved))
        total.update(super().counts_by_type())
        return {kind: total[kind] for kind in TYPES if total[kind] > 0}

    def counts_of_rows(self, rows: Iterable[int]) -> dict[str, int]:
        """See `Catalogue.counts_of_rows`."""
        own, theirs = [], []
        for row in rows:
            is_own, place = self.rows_splice.source(int(row))
            if is_own or place in self._moved:
                own.append(int(row))
            else:
                theirs.append(place)
        total = Counter(self._base.counts_of_rows(theirs))
        total.update(super().counts_of_rows(own))
        return {kind: total[kind] for kind in TYPES if total[kind] > 0}

    def newest_rows(self, limit: int, offset: int = 0, type: str = "") -> list[tuple[int | None, int]]:  # noqa: A002
        """See `Catalogue.newest_rows`."""
        wanted = offset + limit
        theirs = self._staying(lambda most, start: self._base.newest_rows(most, start, type), wanted)
        merged = heapq.merge(theirs, super().newest_rows(wanted, 0, type), key=_newness, reverse=True)
        return list(islice(merged, offset, wanted))

    def browse_rows(
        self,
        type: str,  # noqa: A002
        clc: str,
        limit: int,
        offset: int,
        *,
        after: float | None,
        before: float | None,
    ) -> list[tuple[int, int]]:
        """See `Catalogue.browse_rows`."""
        wanted, bounds = offset + limit, dict[str, float | None](after=None, before=None)
        if after is not None:
            bounds["after"] = self.titles.cut(max(0, floor(after) + 1))[0] - 0.5
        if before is not None:
            bounds["before"] = self.titles.cut(max(0, ceil(before)))[0] - 0.5
        theirs = self._staying(lambda most, start: self._base.browse_rows(type, clc, most, start, **bounds), wanted)
        own = super().browse_rows(type, clc, wanted, 0, after=after, before=before)
        placed = ((place, row) for title, row in theirs if (place := self.titles.whole(title)) is not None)
        return list(islice(heapq.merge(placed, own, reverse=before is not None), offset, wanted))

    def _staying(self, read: Callable[[int, int], list[tuple[_Place, int]]], wanted: int) -> list[tuple[_Place, int]]:
        """The first entries of a list of the base that still stand there, with their rows in the whole."""
        found: list[tuple[_Place, int]] = []
        start, step = 0, wanted + 16
        while len(found) < wanted:
            batch = read(step, start)
            rows = np.fromiter((row for _, row in batch), "i8", len(batch))
            if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < self.rows_splice.base:
                raise IndexFormatError(self._path.name, "stands on a base with rows out of order")
            staying = ~self._is_moved[rows]
            wholes = self.rows_splice.wholes(rows[staying]).tolist()
            found += zip(compress((place for place, _ in batch), staying.tolist()), wholes, strict=True)
            if len(batch) < step:
                break
            start, step = start + step, min(2 * step, _MOST)
        return found[:wanted]

    def own_place(self, resource_id: str) -> int | None:
        """See `Catalogue.own_place`."""
        found = super().own_place(resource_id)
        if found is None and self._base_row(resource_id) is not None:
            title = self._base.own_place(resource_id)
            found = None if title is None else self.titles.whole(title)
        return found

    def place_among(self, key: bytes, behind_equals: bool) -> int:
        """See `Catalogue.place_among`."""
        own, theirs = super().place_among(key, behind_equals), self._base.place_among(key, behind_equals)
        if not theirs:
            return own
        return max(own, self.titles.joined(theirs, bisect_right(self.titles.at, theirs - 1)))

    def ids(self) -> Iterator[tuple[int, str]]:
        """See `Catalogue.ids`."""
        theirs = ((whole, name) for row, name in self._base.ids() if (whole := self.rows_splice.whole(row)) is not None)
        return heapq.merge(theirs, super().ids())

    def part_rows(self, parent_id: str) -> list[tuple[int | None, int]]:
        """See `Catalogue.part_rows`."""
        theirs = ((seq, self.rows_splice.whole(row)) for seq, row in self._base.part_rows(parent_id))
        found = [(seq, row) for seq, row in theirs if row is not None] + super().part_rows(parent_id)
        return sorted(found, key=lambda part: (part[0] is not None, part[0] or 0, part[1]))[:MANY_PARTS]

    def parents_of_rows(self, rows: Iterable[int]) -> frozenset[str]:
        """See `Catalogue.parents_of_rows`."""
        own, theirs = list[int](), list[int]()
        for row in rows:
            is_own, place = self.rows_splice.source(int(row))
            (own if is_own else theirs).append(int(row) if is_own else place)
        return super().parents_of_rows(own) | self._base.parents_of_rows(theirs)

    def below(self, parents: Sequence[str]) -> Iterator[tuple[int, str]]:
        """See `Catalogue.below`."""
        for row, name in self._base.below(parents):
            whole = self.rows_splice.whole(row)
            if whole is not None:
                yield whole, name
        yield from super().below(parents)


def _newness(entry: tuple[int | None, int]) -> tuple[bool, int, int]:
    return entry[0] is not None, entry[0] or 0, entry[1]
