"""SQLite FTS5: the same terms, title and creator in a column that weighs four; facets by numpy over the row ids."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from indexer.analysis import terms
from search.measuring import PAGE, Asked, Page, prepared, snippet

_FACETS = ("type", "class", "year")
_TABLE = """
CREATE VIRTUAL TABLE x USING fts5(names, rest, content='', detail='column',
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'")
"""


def build(folder: Path) -> None:
    """A contentless table without positions, merged to one segment; lines in a table beside it."""
    path = folder / "fts5.db"
    path.unlink(missing_ok=True)
    columns: dict[str, list[int]] = {name: [] for name in _FACETS}

    def rows() -> Iterator[dict[str, Any]]:
        for record in prepared(folder):
            for name in _FACETS:
                columns[name].append(record[name])
            yield record

    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -262144")
        database.execute(_TABLE)
        database.execute("CREATE TABLE lines (n INTEGER PRIMARY KEY, line TEXT)")
        for record in rows():
            texts = (" ".join(terms(record[name])) for name in ("names", "rest"))
            database.execute("INSERT INTO x (rowid, names, rest) VALUES (?, ?, ?)", (record["n"], *texts))
            line = json.dumps([record["family"], *record["line"]], ensure_ascii=False)
            database.execute("INSERT INTO lines VALUES (?, ?)", (record["n"], line))
        database.execute("INSERT INTO x (x) VALUES ('optimize')")
    database.close()
    np.save(folder / "fts5.npy", np.array([columns[name] for name in _FACETS], "i4"))


def files(folder: Path) -> Iterable[Path]:
    return (folder / "fts5.db", folder / "fts5.npy")


class Fts5:
    """A connection, read-only and mapped."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(f"file:{folder / 'fts5.db'}?mode=ro&immutable=1", uri=True)
        self._database.execute("PRAGMA mmap_size = 17179869184")
        self._database.execute("PRAGMA cache_size = -65536")
        self._columns = np.load(folder / "fts5.npy", mmap_mode="r")

    def page(self, asked: Asked) -> Page:
        """A page: the best by bm25, then all rows for the count and the facets."""
        query = " ".join('"' + term + '"' for term in asked["terms"])
        best = "SELECT rowid FROM x WHERE x MATCH ? AND rank MATCH 'bm25(4.0, 1.0)' ORDER BY rank LIMIT ?"
        first = [row for (row,) in self._database.execute(best, (query, PAGE))]
        matching = self._database.execute("SELECT rowid FROM x WHERE x MATCH ?", (query,))
        rows = np.fromiter((row for (row,) in matching), "i8")
        for column in self._columns:
            np.unique(column[rows], return_counts=True)
        lines = [json.loads(self._line(row)) for row in first]
        shown = sum(len(snippet(line[3], asked["stretches"])) for line in lines)
        return Page([line[0] for line in lines], len(rows), shown)

    def _line(self, row: int) -> str:
        line: str = self._database.execute("SELECT line FROM lines WHERE n = ?", (row,)).fetchone()[0]
        return line


def open_engine(folder: Path) -> Fts5:
    return Fts5(folder)
