"""The catalogue of a release in SQLite: records by row, by id, by shelf, and items by id.

The database is derived from the truth (`catalogue.jsonl`, `items.txt`) and may be built anywhere; the copy that
arrives on a drive is signed and still read as a stranger's: read-only, immutable, with exactly the tables that
`indexer.catalogue_build` writes (a trigger, a view or any other object refuses the file), and with bounded lengths.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from indexer.catalogue_build import (
    APPLICATION_ID,
    CHUNK,
    SCHEMA,
    CatalogueStats,
    build_catalogue,
    expected_schema,
)
from indexer.catalogue_connections import Connections
from indexer.catalogue_kept import KeptRecords
from indexer.errors import IndexFormatError, RecordError
from indexer.formats import CATALOGUE_FORMAT
from indexer.model import TYPES, Item, Resource, load_line
from indexer.part_order import part_order
from indexer.schema import sort_key
from indexer.truth_lines import MAX_LINE, read_records

__all__ = [
    "CHUNK",
    "Catalogue",
    "CatalogueItem",
    "CatalogueStats",
    "build_catalogue",
    "read_records",
]

MAX_ITEM = 1 << 43
"""Most bytes of an item, as in items.txt."""

_BATCH = 500
_MANY_ITEMS = 50_000
_LARGE = 2_000
"""Resources of a class below a main class from which its lists go along the titles of the main class."""

MANY_PARTS = 20_000
"""Parts of one resource that are looked at; a daily paper of fifty years has as many."""
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """An item and where it belongs.

    Attributes:
        resource_id: id of its resource.
        item: the item.
        first_chunk: place of its first digest in chunks.bin, counted in digests; -1 for items of up to `CHUNK` bytes.
    """

    resource_id: str
    item: Item
    first_chunk: int


class Catalogue:
    """A catalogue database, read-only; any thread may ask."""

    def __init__(self, path: Path, *, part_of: int | None = None) -> None:
        """Open and check the file, which must not change afterwards.

        Args:
            path: the database.
            part_of: rows of the whole, where it holds only some of them (`indexer.overlay_catalogue`).

        Raises:
            IndexFormatError: it is not a whole catalogue of this format.
        """
        self._path = path
        self._connections = Connections(path, 4 * MAX_LINE)
        self._kept = KeptRecords()
        self.count: int = 0
        if not path.is_file():
            raise IndexFormatError(path.name, "is missing")
        try:
            self._check(part_of)
        except BaseException:
            self.close()
            raise

    def _check(self, part_of: int | None) -> None:
        marks = [self._query(f"PRAGMA {name}")[0][0] for name in ("application_id", "user_version")]
        if marks != [APPLICATION_ID, CATALOGUE_FORMAT] or self._query(SCHEMA) != expected_schema():
            raise IndexFormatError(self._path.name, "is not a catalogue of this format")
        self.count, first, last = self._query("SELECT count(*), min(row), max(row) FROM resource")[0]
        if part_of is None and self.count and (first, last) != (0, self.count - 1):
            raise IndexFormatError(self._path.name, "has rows that do not follow each other")
        self.count = self.count if part_of is None else part_of

    def close(self) -> None:
        """Close the file; a question that is being answered ends first."""
        self._connections.close()

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        return self._connections.ask(sql, values)

    def _resource(self, line: object) -> Resource:
        try:
            return load_line(str(line).encode())
        except (RecordError, UnicodeEncodeError) as error:
            raise IndexFormatError(self._path.name, f"holds a broken record: {error}") from error

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this id, None when there is none."""
        kept = self._kept.get(resource_id)
        if kept is not None:
            return kept
        found = self._query("SELECT line FROM resource WHERE id = ?", (_storable(resource_id),))
        if not found:
            return None
        resource = self._resource(found[0][0])
        if resource.id == resource_id:
            self._kept.put(resource, len(str(found[0][0])))
        return resource

    def row_of(self, resource_id: str) -> int | None:
        """The row of the resource with this id, None when there is none."""
        found = self._query("SELECT row FROM resource WHERE id = ?", (_storable(resource_id),))
        return int(found[0][0]) if found else None

    def rows(self, rows: Sequence[int]) -> list[Resource]:
        """The resources of these rows, in this order.

        Raises:
            IndexFormatError: a row is missing.
        """
        lines: dict[int, object] = {}
        for batch in _batches(rows):
            marks = ",".join("?" * len(batch))
            lines.update(self._query(f"SELECT row, line FROM resource WHERE row IN ({marks})", batch))  # noqa: S608
        try:
            return [self._resource(lines[row]) for row in rows]
        except KeyError as error:
            raise IndexFormatError(self._path.name, f"has no row {error}") from error

    def item(self, item_id: str) -> CatalogueItem | None:
        """The item with this id and its resource, None when there is none."""
        found = self._query(
            "SELECT item.first_chunk, resource.id FROM item JOIN resource USING (row) WHERE item.id = ?",
            (_storable(item_id),),
        )
        resource = self.get(str(found[0][1])) if found else None
        if resource is None:
            return None
        item = next((item for item in resource.items if item.id == item_id), None)
        if item is None or (found[0][0] < 0) != (item.size <= CHUNK):
            raise IndexFormatError(self._path.name, f"item {item_id} is not in its resource")
        if not 0 <= item.size <= MAX_ITEM or not _SHA256.match(item.sha256):
            raise IndexFormatError(self._path.name, f"item {item_id} has no size or digest that can be")
        return CatalogueItem(resource.id, item, found[0][0])

    def item_rows(self) -> Iterator[tuple[str, int]]:
        """The id of every item and the row of its record, in the order of the ids, which is that of items.txt."""
        after = ""
        while batch := self._query("SELECT id, row FROM item WHERE id > ? ORDER BY id LIMIT ?", (after, _MANY_ITEMS)):
            yield from batch
            after = batch[-1][0]

    def counts_by_type(self) -> dict[str, int]:
        """Type → how many resources lists show, in the order of `TYPES`; types that are empty are left out."""
        return _in_order(self._query("SELECT type, count(*) FROM shelf WHERE stands = 1 GROUP BY type"))

    def counts_of_rows(self, rows: Iterable[int]) -> dict[str, int]:
        """The same of some rows only."""
        found: Counter[str] = Counter()
        for batch in _batches(rows):
            marks = ",".join("?" * len(batch))
            where = f"stands = 1 AND row IN ({marks})"
            found.update(dict(self._query(f"SELECT type, count(*) FROM shelf WHERE {where} GROUP BY type", batch)))  # noqa: S608
        return _in_order(found.items())

    def newest(self, limit: int, offset: int = 0, type: str = "") -> list[Resource]:  # noqa: A002
        """Listed resources that can be read, the newest release first, then by row from the last.

        Of the issues, volumes and parts of a parent that is listed only the last one.
        """
        return self.rows([row for _, row in self.newest_rows(limit, offset, type)])

    def newest_rows(self, limit: int, offset: int = 0, type: str = "") -> list[tuple[int | None, int]]:  # noqa: A002
        """The release and the row of each of `newest`."""
        where, values = _where("arrival", type)
        return self._listed("first_release", where, values, "first_release DESC, row DESC", limit, offset)

    def browse(
        self,
        type: str = "",  # noqa: A002
        clc: str = "",
        limit: int = 20,
        offset: int = 0,
        *,
        after: float | None = None,
        before: float | None = None,
    ) -> list[Resource]:
        """Listed resources of a type, of a class and all below it, or of both, in the order of their titles.

        Issues, volumes and parts are found under their parent, when that is listed.

        Args:
            type: of `TYPES`, empty for all.
            clc: beginning of a class number, empty for all.
            limit: how many at most.
            offset: how many are passed over; their places are looked at one by one.
            after: only what stands behind this place of `title_place`; at any depth it costs what the first page costs.
            before: only what stands before it, the nearest first: the list backwards.
        """
        return self.rows([row for _, row in self.browse_rows(type, clc, limit, offset, after=after, before=before)])

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
        """The place of the title and the row of each of `browse`."""
        where, values = _where("stands", type, clc)
        table = "shelf"
        if len(clc) > 1:
            table = "shelf INDEXED BY shelf_class"
            if self._is_large(clc):
                # Enough of the main class passes: looking along its titles is cheaper than sorting all that passes.
                table = "shelf INDEXED BY shelf_main_class"
                where, values = where + " AND main_class = ?", [*values, _storable(clc[:1].upper())]
        if after is not None:
            where, values = where + " AND title_rank > ?", [*values, after]
        if before is not None:
            where, values = where + " AND title_rank < ?", [*values, before]
        order = "title_rank" if before is None else "title_rank DESC"
        return self._listed("title_rank", where, values, order, limit, offset, table)

    def _is_large(self, clc: str) -> bool:
        where, values = _where("stands", "", clc)
        some = f"SELECT 1 FROM shelf INDEXED BY shelf_class WHERE {where} LIMIT ?"  # noqa: S608
        return len(self._query(some, [*values, _LARGE])) == _LARGE

    def title_place(self, resource: Resource, *, behind_equals: bool) -> float:
        """Where a title stands in the order of titles, for `after` and `before` of `browse`.

        The place of a resource of this catalogue is its own. For another's it is found by some twenty looks.

        Args:
            resource: of this or of another catalogue.
            behind_equals: for another's: whether it stands behind titles that sort like it.
        """
        own = self.own_place(resource.id)
        # Another's stands between two places, so that it serves `after` and `before` alike.
        return self.place_among(sort_key(resource).encode(), behind_equals) - 0.5 if own is None else own

    def own_place(self, resource_id: str) -> int | None:
        """The place of the title of a resource of this catalogue."""
        sql = "SELECT title_rank FROM resource JOIN shelf USING (row) WHERE id = ?"
        found = self._query(sql, (_storable(resource_id),))
        return int(found[0][0]) if found else None

    def place_among(self, key: bytes, behind_equals: bool) -> int:
        """The place behind the last title of the lists that sorts before a key, or like it."""
        low, high = 0, self.count  # ranks are 0 to count - 1 of all rows, listed or not
        while low < high:
            middle = (low + high) // 2
            near = self._query(
                "SELECT title_rank, line FROM shelf JOIN resource USING (row)"
                " WHERE stands = 1 AND title_rank >= ? ORDER BY title_rank LIMIT 1",
                (middle,),
            )
            if not near:
                high = middle
                continue
            theirs = sort_key(self._resource(near[0][1])).encode()
            if theirs < key or (behind_equals and theirs == key):
                low = int(near[0][0]) + 1
            else:
                high = middle
        return low

    def _listed(
        self,
        column: str,
        where: str,
        values: Sequence[object],
        order: str,
        limit: int,
        offset: int,
        table: str = "shelf",
    ) -> list[Any]:
        # The rows first, out of an index alone: what is passed over is never looked up.
        rows = f"SELECT {column}, row FROM {table} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        return self._query(rows, [*values, limit, offset])

    def ids(self) -> Iterator[tuple[int, str]]:
        """All rows and their ids, in order, without reading the records."""
        for start in range(0, self.count, 10_000):
            yield from self._query(
                "SELECT row, id FROM resource WHERE row >= ? AND row < ? ORDER BY row", (start, start + 10_000)
            )

    def parts_of(self, parent_id: str) -> Iterator[Resource]:
        """Listed parts of a resource, at most `MANY_PARTS` of them, by row; some are read at a time."""
        rows = sorted(row for _, row in self.part_rows(parent_id))
        for start in range(0, len(rows), _BATCH):
            yield from self.rows(rows[start : start + _BATCH])

    def parts_count(self, parent_id: str) -> tuple[int, str]:
        """How many listed parts a resource has, at most `MANY_PARTS`, and the level of the first of them."""
        found = self.part_rows(parent_id)
        return len(found), self.rows([found[0][1]])[0].level if found else ""

    def part_rows(self, parent_id: str) -> list[tuple[int | None, int]]:
        """`seq` and row of the listed parts of a resource, by both."""
        return self._query(
            "SELECT seq, resource.row FROM resource INDEXED BY resource_parent CROSS JOIN shelf USING (row)"
            " WHERE parent = ? AND listed = 1 LIMIT ?",
            (_storable(parent_id), MANY_PARTS),
        )

    def parents_of_rows(self, rows: Iterable[int]) -> frozenset[str]:
        """Ids of the parents of some rows; without a parent there is none."""
        found: set[str] = set()
        for batch in _batches(rows):
            marks = ",".join("?" * len(batch))
            sql = f"SELECT DISTINCT parent FROM resource WHERE row IN ({marks}) AND parent <> ''"  # noqa: S608
            found.update(parent for (parent,) in self._query(sql, batch) if parent)
        return frozenset(found)

    def ids_below(self, parents: Sequence[str]) -> frozenset[str]:
        """Ids of all records, listed or not, whose parent is one of these."""
        return frozenset(name for _, name in self.below(parents))

    def below(self, parents: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Row and id of each of `ids_below`."""
        for start in range(0, len(parents), _BATCH):
            batch = [_storable(parent) for parent in parents[start : start + _BATCH] if parent]
            marks = ",".join("?" * len(batch))
            yield from self._query(
                f"SELECT row, id FROM resource INDEXED BY resource_parent WHERE parent IN ({marks})",  # noqa: S608
                batch,
            )

    def children(self, parent_id: str, limit: int = 10_000) -> list[Resource]:
        """Listed parts of a resource in the order of `indexer.part_order`."""
        found = list(self.parts_of(parent_id))
        return sorted(found, key=part_order(found))[:limit]

    def all_lines(self) -> Iterable[tuple[int, Resource]]:
        """All rows and their resources, in order, a few at a time."""
        for start in range(0, self.count, _BATCH):
            rows = list(range(start, min(self.count, start + _BATCH)))
            yield from zip(rows, self.rows(rows), strict=True)


def _batches(rows: Iterable[int]) -> Iterator[list[int]]:
    following = iter(rows)
    while batch := [int(row) for row in islice(following, _BATCH)]:
        yield batch


def _in_order(found: Iterable[tuple[str, int]]) -> dict[str, int]:
    counts = dict(found)
    return {kind: counts[kind] for kind in TYPES if kind in counts}


def _where(column: str, type: str, clc: str = "") -> tuple[str, list[object]]:  # noqa: A002
    where, values = f"{column} = 1", list[object]()
    if type:
        where, values = where + " AND type = ?", [*values, _storable(type)]
    if len(clc) == 1:
        where, values = where + " AND main_class = ?", [*values, _storable(clc.upper())]
    elif clc:
        # Codes are ASCII, so all that begins with the prefix lies below the prefix and the highest character.
        where, values = (
            where + " AND clc >= ? AND clc < ?",
            [*values, _storable(clc.upper()), _storable(clc.upper()) + "\x7f"],
        )
    return where, values


def _storable(text: str) -> str:
    """`text` without what SQLite cannot take (lone surrogates); such a text equals no key."""
    return text.encode("utf-8", "replace").decode()
