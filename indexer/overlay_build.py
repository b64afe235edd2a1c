"""Make an index's overlay from the older index and the newer catalogue's overlay; see `indexer.overlay_index`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.build import IndexStats, build_index
from indexer.build_runs import SORT_BYTES
from indexer.codec import Ids
from indexer.codec_index import LENGTHS, IndexFiles
from indexer.errors import IndexFormatError, OverlayError
from indexer.formats import INDEX_OVERLAY
from indexer.model import Resource
from indexer.overlay_base import BaseRows
from indexer.overlay_catalogue import BASE as BASE_CATALOGUE
from indexer.overlay_catalogue import OverlaidCatalogue
from indexer.overlay_files import Description, write_description
from indexer.overlay_index import ADDED, BASE, ENTRIES, SOUNDS, base_of, joined_postings
from indexer.overlay_suggest_build import Spoken, SuggestDelta, readings_of
from indexer.overlay_terms import SplicedFigures, SplicedTerms
from indexer.overlay_terms_build import spliced_terms
from indexer.overlay_titles import BaseTitles, title_splice
from indexer.schema import COLUMNS, TABLES, IndexTables, sort_key, term_key
from indexer.splice import NONE, Numbers

Progress = Callable[[int, int | None], None]
_OWN_WAY = {"rid", "parent", "title_rank", *TABLES}
"""Columns that are not simply those of both."""


def build_index_overlay(older: Path, catalogue: Path, out: Path, *, progress: Progress | None = None) -> IndexStats:
    """Write the folder `out`. Time: that of the delta, and a copy of the columns; memory: that of a small build.

    Durability: none; the caller syncs. The base's files become hard links, so they must stand in the same file system.

    Args:
        older: an index of the records of the catalogue's base, or an overlay that stands on one.
        catalogue: the folder of the newer catalogue's overlay.
        out: the folder to make; it must not exist.
        progress: called as `progress(records, None)` between the steps and at the end.

    Returns:
        What the build of the small index took.

    Raises:
        OverlayError: the older index is of other records, or the file system has no hard links.
        IndexFormatError: a file cannot be read.
    """
    out.mkdir()
    _link(base_of(older), out / BASE)
    with ExitStack() as opened, tempfile.TemporaryDirectory(prefix=".sorting-", dir=out) as scratch:
        newer = OverlaidCatalogue(catalogue)
        opened.callback(newer.close)
        told = progress or (lambda _done, _total: None)
        stats = build_index(newer.added_records(), out / ADDED)
        told(newer.count // 4, None)
        build_index(newer.gone_records(), Path(scratch) / "gone")
        told(newer.count // 2, None)

        def files(folder: Path) -> IndexFiles:
            found = IndexFiles(folder)
            opened.callback(found.close)
            return found

        base, added, gone = files(out / BASE), files(out / ADDED), files(Path(scratch) / "gone")
        older_rows = BaseRows(catalogue / BASE_CATALOGUE)
        opened.callback(older_rows.close)
        _Building(base, added, gone, newer, older_rows, out, Path(scratch)).make()
    told(newer.count, newer.count)
    return stats


def _link(older: Path, base: Path) -> None:
    base.mkdir()
    try:
        for path in sorted(older.iterdir()):
            os.link(path, base / path.name)
    except OSError as error:
        raise OverlayError(f"the base cannot be linked: {error}") from error


class _Building:
    """The steps, with what they share."""

    def __init__(
        self,
        base: IndexFiles,
        added: IndexFiles,
        gone: IndexFiles,
        newer: OverlaidCatalogue,
        older: BaseRows,
        out: Path,
        scratch: Path,
    ) -> None:
        self._base, self._added, self._gone = base, added, gone
        self._newer, self._older, self._out, self._scratch = newer, older, out, scratch
        self._rows = newer.rows_splice
        same = base.records == self._rows.base and bool((base.columns["rid"] == np.arange(base.records)).all())
        if not same or added.records != len(self._rows.at) or gone.records != len(self._rows.dead):
            raise OverlayError("the index is not of the catalogue's base, row by row")

    def make(self) -> None:
        columns, tables = self._columns()
        terms = spliced_terms(self._base.terms, self._added.terms, self._gone.terms)
        arrays = {**self._rows.arrays("rows"), **terms}
        arrays |= self._suggestions(columns, arrays)
        for name, column in columns.items():
            kind = np.dtype({**COLUMNS, LENGTHS: "B"}[name]).newbyteorder(">")
            (self._out / f"{name}.col").write_bytes(column.astype(kind).tobytes())
        lengths = self._base.total_length - self._gone.total_length + self._added.total_length
        if lengths < 0:
            raise OverlayError("the base is shorter than what goes")
        facts = {
            "records": self._rows.count,
            "segment": self._base.segment,
            "total_length": lengths,
            "tables": tables.to_json(),
        }
        write_description(self._out, INDEX_OVERLAY, facts, arrays)

    def _columns(self) -> tuple[dict[str, NDArray[Any]], IndexTables]:
        """The columns of the whole, and the combinations that they point to."""
        tables, found = IndexTables(), dict[str, NDArray[Any]]()
        for name, code in {**COLUMNS, LENGTHS: "B"}.items():
            if name not in _OWN_WAY:
                theirs, own = (files.columns[name].astype(code) for files in (self._base, self._added))
                found[name] = self._rows.spread(theirs, own)
        for table in TABLES:
            for values in self._base.tables[table]:
                tables.number(table, values)
            if len(tables.tables[table]) != len(self._base.tables[table]):
                raise OverlayError(f"table {table} of the base has a combination twice")
            numbers = np.array([tables.number(table, values) for values in self._added.tables[table]], "u4")
            own = numbers[self._added.columns[table]]
            found[table] = self._rows.spread(self._base.columns[table].astype("u4"), own)
        found["rid"] = np.arange(self._rows.count, dtype="u4")
        found["title_rank"] = self._titles()
        found["parent"] = self._parents()
        return found, tables

    def _added_records(self) -> Iterator[tuple[int, Resource]]:
        return zip(self._rows.put.tolist(), self._newer.added_records(), strict=True)

    def _titles(self) -> Numbers:
        ranks = self._base.columns["title_rank"].astype("u4")
        order = np.argsort(ranks, kind="stable").astype("u4")
        base = BaseTitles(order, self._rows, lambda row: self._older.sort_key(row)[:SORT_BYTES])
        whole = [(sort_key(resource).encode(), row) for row, resource in self._added_records()]
        keys = [(key[:SORT_BYTES], row) for key, row in whole]
        known: dict[int, int] = {}
        # The catalogue knows where they stand; only where long titles are alike for 256 bytes it is elsewhere here.
        for number, place in zip(sorted(range(len(whole)), key=whole.__getitem__), self._newer.titles.at, strict=True):
            after = place == len(base) or keys[number] < base.key(int(place))
            if after and (place == 0 or base.key(int(place) - 1) < keys[number]):
                known[number] = int(place)
        splice = title_splice(base, keys, ranks[self._rows.dead], known)
        places = splice.all_whole()[ranks]
        own = np.empty(len(keys), "u4")
        own[sorted(range(len(keys)), key=keys.__getitem__)] = splice.put
        found: Numbers = self._rows.spread(places, own)
        return found

    def _parents(self) -> Numbers:
        """For each row of the whole 1 + the row of its parent, 0 for none."""
        heirs = np.concatenate([np.zeros(1, "u4"), self._rows.all_heirs() + np.uint32(1)])  # `NONE` + 1 is 0
        theirs = heirs[self._base.columns["parent"]]
        own = np.zeros(len(self._rows.at), "u4")
        fresh: dict[str, int] = {}
        inherited = set(self._rows.same.tolist()) - {NONE}
        for number, (row, resource) in enumerate(self._added_records()):
            if number not in inherited:
                fresh[resource.id] = row
            parent = self._newer.row_of(resource.parent) if resource.parent else None
            if parent is not None and parent != row:
                own[number] = parent + 1
        for child in self._older.child_rows_below(sorted(fresh)):
            theirs[child.row] = fresh[child.parent] + 1
        found: Numbers = self._rows.spread(theirs, own)
        return found

    def _suggestions(self, columns: dict[str, NDArray[Any]], arrays: dict[str, Numbers]) -> dict[str, Numbers]:
        described = Description("overlay", {}, arrays)
        terms = SplicedTerms(self._base.terms, self._added.terms, described, self._rows.count)
        wholes, puts = self._rows.all_whole(), self._rows.put.astype("u4")

        def rows_of(field: str, term: str) -> Ids:
            figures = terms.figures(term_key(field, term).encode("utf-8", "replace"))
            if figures is None:
                return np.zeros(0, "u4")
            if not isinstance(figures, SplicedFigures):
                raise IndexFormatError("terms", "are of another index")
            return joined_postings(self._base, self._added, wholes, puts, figures)[0]

        gone = zip(self._rows.dead.tolist(), self._newer.gone_records(), strict=True)
        spoken = Spoken(readings_of(self._added_records()), readings_of(gone))
        delta = SuggestDelta(
            self._base, self._added, self._gone, self._rows, columns, rows_of,
            lambda row: self._older.records([row])[0], spoken,
        )  # fmt: skip
        return delta.write(self._out / ENTRIES, self._out / SOUNDS, self._scratch)
