"""What is asked of an older catalogue by those who make an overlay on it: lines, lists as they stand, large items."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.catalogue import Catalogue
from indexer.catalogue_connections import Connections
from indexer.errors import IndexFormatError
from indexer.model import Resource
from indexer.splice import Numbers
from indexer.text.titles import title_sort
from indexer.truth_lines import MAX_LINE

_BATCH = 500
_MANY = 50_000
_CHILD = (
    "SELECT resource.row, id, parent, first_release, readable, listed, stands, arrival"
    " FROM resource {index} CROSS JOIN shelf USING (row) WHERE {column} IN ({marks})"
)


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A record as lists see it: row, id and parent; whether it can be read, is listed, stands for itself, arrives."""

    row: int
    id: str
    parent: str
    first_release: int | None
    readable: bool
    listed: bool
    stands: bool
    arrives: bool


class BaseRows:
    """An older catalogue, read-only. Not for several threads.

    Attributes:
        catalogue: the same, as others see it.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            IndexFormatError: it cannot be used.
        """
        self.catalogue = Catalogue(path)
        self._connections = Connections(path, 4 * MAX_LINE)

    def close(self) -> None:
        """Close the file."""
        self._connections.close()
        self.catalogue.close()

    def lines(self, start: int, stop: int) -> list[tuple[str, bytes]]:
        """Id and line, with its line feed, of the rows from `start` to before `stop`."""
        return self._connections.ask(
            "SELECT id, CAST(line || char(10) AS BLOB) FROM resource WHERE row >= ? AND row < ? ORDER BY row",
            (start, stop),
        )

    def records(self, rows: Sequence[int]) -> list[Resource]:
        """The records of rows."""
        return self.catalogue.rows(rows)

    def sort_key(self, row: int) -> bytes:
        """What the title of a row is sorted by, as `schema.sort_key`; out of the line, without the rest of the record.

        Raises:
            IndexFormatError: there is no such row, or its line is no record.
        """
        found = self._connections.ask("SELECT line FROM resource WHERE row = ?", (row,))
        try:
            members = json.loads(found[0][0])
            key, title = members.get("title_sort", ""), members["title"]
        except (IndexError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise IndexFormatError("catalogue", f"row {row} cannot be read") from error
        if not isinstance(key, str) or not isinstance(title, str):
            raise IndexFormatError("catalogue", f"row {row} cannot be read")
        return (key or title_sort(title)).encode()

    def title_ranks(self) -> Numbers:
        """For each row its place in the order of titles.

        Raises:
            IndexFormatError: they are no order.
        """
        count = self.catalogue.count
        ranks = np.zeros(count, "u4")
        for start in range(0, count, _MANY):
            found = self._connections.ask(
                "SELECT title_rank FROM shelf WHERE row >= ? AND row < ? ORDER BY row", (start, start + _MANY)
            )
            if len(found) != min(_MANY, count - start) or not all(type(n) is int and 0 <= n < count for (n,) in found):
                raise IndexFormatError("catalogue", "has titles in no order")
            ranks[start : start + len(found)] = [number for (number,) in found]
        if count and int(np.bincount(ranks, minlength=count).max()) > 1:
            raise IndexFormatError("catalogue", "has titles in no order")
        return ranks

    def shelf_of(self, rows: Sequence[int]) -> list[tuple[Any, ...]]:
        """The rows of `shelf` of rising rows, with all its columns."""
        return self._in_batches("SELECT * FROM shelf WHERE row IN ({marks}) ORDER BY row", rows)

    def child_rows_of(self, rows: Sequence[int]) -> list[ChildRow]:
        """Records by their rows."""
        sql = _CHILD.replace("{index}", "").replace("{column}", "resource.row")
        return [_child(found) for found in self._in_batches(sql, rows)]

    def child_rows_below(self, parents: Sequence[str]) -> list[ChildRow]:
        """Records by the ids of their parents."""
        sql = _CHILD.replace("{index}", "INDEXED BY resource_parent").replace("{column}", "parent")
        return [_child(found) for found in self._in_batches(sql, parents)]

    def listed_among(self, names: Sequence[str]) -> dict[str, bool]:
        """Id → whether lists show it, of those that are here."""
        sql = "SELECT id, listed FROM resource JOIN shelf USING (row) WHERE id IN ({marks})"
        return {name: listed == 1 for name, listed in self._in_batches(sql, names)}

    def large_items(self) -> Iterator[tuple[str, int, int]]:
        """Id, row and first chunk of the items that have chunks, by id."""
        after = ""
        sql = "SELECT id, row, first_chunk FROM item WHERE id > ? AND first_chunk >= 0 ORDER BY id LIMIT ?"
        while batch := self._connections.ask(sql, (after, _MANY)):
            yield from batch
            after = batch[-1][0]

    def _in_batches(self, sql: str, values: Sequence[object]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(values), _BATCH):
            batch = values[start : start + _BATCH]
            found += self._connections.ask(sql.replace("{marks}", ",".join("?" * len(batch))), batch)
        return found


def _child(found: tuple[Any, ...]) -> ChildRow:
    row, name, parent, release, readable, listed, stands, arrives = found
    return ChildRow(row, name, parent, release, readable == 1, listed == 1, stands == 1, arrives == 1)
