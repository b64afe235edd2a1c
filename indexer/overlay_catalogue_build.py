"""Make a catalogue's overlay from the older catalogue and the newer truth; see `indexer.overlay_catalogue`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlite_utils

from indexer.catalogue_build import (
    APPLICATION_ID,
    ITEM,
    RESOURCE,
    SHELF,
    FirstChunks,
    create_tables,
    index_lists,
    index_records,
    insert_into,
    shelf_values,
)
from indexer.errors import IndexFormatError, OverlayError
from indexer.formats import CATALOGUE_FORMAT, CATALOGUE_OVERLAY
from indexer.model import Resource
from indexer.overlay_base import BaseRows
from indexer.overlay_catalogue import ADDED, BASE, base_of
from indexer.overlay_files import write_description
from indexer.overlay_lists import ListedChild, Lists
from indexer.overlay_titles import BaseTitles, order_of, title_splice
from indexer.overlay_truth import differences
from indexer.schema import sort_key
from indexer.splice import NONE, Numbers, Splice
from indexer.truth_lines import MAX_LINE, bounded_lines, read_record_lines

Progress = Callable[[int, int | None], None]
MOST_SHARE = 0.5
"""Of the base's records: where more come or go, a whole catalogue costs little more."""
AT_LEAST = 1_000
"""So many records may come or go whatever the share."""
_SPOOL = "added.jsonl"


@dataclass(frozen=True, slots=True)
class OverlayStats:
    """What an overlay holds: records that come, records of the base that go, and those of the base."""

    added: int
    gone: int
    base: int


def build_catalogue_overlay(
    older: Path, catalogue_jsonl: Path, items_txt: Path, out: Path, *, progress: Progress | None = None
) -> OverlayStats:
    """Write the folder `out`. Time: one pass over the records of both and over the items; memory: that of the delta.

    Durability: none; the caller syncs. The base becomes a hard link, so it must stand in the same file system.

    Args:
        older: an older catalogue of the same bundle, or an overlay, whose base is then taken.
        catalogue_jsonl: the newer truth, proved.
        items_txt: its items, proved.
        out: the folder to make; it must not exist.
        progress: called as `progress(records, None)` when the difference is known and at the end.

    Raises:
        OverlayError: too much differs, or the file system has no hard links.
        IndexFormatError: a file cannot be read.
    """
    out.mkdir()
    try:
        os.link(base_of(older), out / BASE)
    except OSError as error:
        raise OverlayError(f"the base cannot be linked: {error}") from error
    base = BaseRows(out / BASE)
    try:
        count = base.catalogue.count
        most = max(AT_LEAST, int(count * MOST_SHARE))
        rows = differences(base.lines, count, catalogue_jsonl, out / _SPOOL, most)
        if progress:
            progress(rows.count // 2, None)
        _Building(base, rows, out).make(items_txt)
    finally:
        base.close()
        (out / _SPOOL).unlink(missing_ok=True)
    if progress:
        progress(rows.count, rows.count)
    return OverlayStats(len(rows.at), len(rows.dead), rows.base)


class _Building:
    """The steps, with what they share."""

    def __init__(self, base: BaseRows, rows: Splice, out: Path) -> None:
        self._base, self._rows, self._out = base, rows, out

    def _added(self) -> Iterator[tuple[int, Resource, bytes]]:
        """Row in the whole, record and line of each record that comes."""
        lines = bounded_lines(self._out / _SPOOL, MAX_LINE)
        for row, (resource, line) in zip(self._rows.put.tolist(), read_record_lines(lines, _SPOOL), strict=True):
            yield row, resource, line

    def make(self, items_txt: Path) -> None:
        ranks = self._base.title_ranks()
        keys, lists = [], Lists()
        for row, resource, _ in self._added():
            keys.append((sort_key(resource).encode(), row))
            lists.come(row, resource)
        titles = self._titles(ranks, keys)
        own_titles = titles.put[order_of(keys)].tolist()
        settled = lists.settled(self._base, self._rows)
        moved = sorted(settled.moved)
        chunks = FirstChunks(items_txt)
        with closing(sqlite3.connect(self._out / ADDED, isolation_level=None)) as connection:
            for pragma in ("page_size=4096", "journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            database = sqlite_utils.Database(connection, recursive_triggers=False)
            create_tables(database)
            self._fill(connection, own_titles, settled.own, chunks)
            for row, values in zip(moved, self._base.shelf_of(moved), strict=True):
                connection.execute(insert_into("shelf", SHELF), self._moved(values, titles, settled.moved[row]))
            index_records(database)
            index_lists(database)
            connection.execute("COMMIT")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={CATALOGUE_FORMAT}")
        first, now = self._chunks(chunks)
        arrays = {**self._rows.arrays("rows"), **titles.arrays("titles")}
        arrays |= {"moved": np.array(moved, "u4"), "chunks.from": first, "chunks.to": now}
        facts = {"added": len(self._rows.at), "gone": len(self._rows.dead), "base": self._rows.base}
        write_description(self._out, CATALOGUE_OVERLAY, facts, arrays)

    def _titles(self, ranks: Numbers, keys: Sequence[tuple[bytes, int]]) -> Splice:
        order = np.argsort(ranks, kind="stable").astype("u4")
        base = BaseTitles(order, self._rows, self._base.sort_key)
        known: dict[int, int] = {}
        # Most records that change keep their title, and with it their place.
        for row, same in zip(self._rows.dead.tolist(), self._rows.same.tolist(), strict=True):
            if same != NONE and base.key(place := int(ranks[row]))[0] == keys[same][0]:
                known[same] = place
        return title_splice(base, keys, ranks[self._rows.dead], known)

    def _fill(
        self, connection: sqlite3.Connection, titles: Sequence[int], stand: dict[int, ListedChild], chunks: FirstChunks
    ) -> None:
        for title, (row, resource, line) in zip(titles, self._added(), strict=True):
            values = (row, resource.id, resource.parent, resource.seq, line.decode().rstrip("\n"))
            connection.execute(insert_into("resource", RESOURCE), values)
            try:
                items = [(item.id, row, chunks.of(item)) for item in resource.items]
            except KeyError as error:
                raise IndexFormatError(_SPOOL, f"item {error} is not in the list of items") from error
            connection.executemany(insert_into("item", ITEM), items)
            *shelf, stands, arrival = shelf_values(row, resource)
            child = stand.get(row)
            if child is not None:
                stands, arrival = child.stands, child.arrives
            connection.execute(insert_into("shelf", SHELF), (*shelf, int(bool(stands)), int(bool(arrival)), title))

    def _moved(self, values: tuple[object, ...], titles: Splice, child: ListedChild) -> tuple[object, ...]:
        row, *shelf, _, _, title = values
        whole = self._rows.whole(int(str(row)))
        return whole, *shelf, int(child.stands), int(child.arrives), titles.whole(int(str(title)))

    def _chunks(self, chunks: FirstChunks) -> tuple[Numbers, Numbers]:
        """Stretches of chunks of the base that follow each other in the new list too: where each is, and is now."""
        first, now = [], []
        ahead: int | None = None
        for identity, row, place in self._base.large_items():
            if self._rows.whole(row) is None:
                continue
            try:
                found = chunks.place(identity)
            except KeyError as error:
                raise IndexFormatError(BASE, f"item {error} is not in the list of items") from error
            if found - place != ahead:
                ahead = found - place
                first.append(place)
                now.append(found)
        return np.array(first, "u4"), np.array(now, "u4")
