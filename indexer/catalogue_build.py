"""Write the catalogue database of a release from its truth: `catalogue.jsonl` and `items.txt`."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sqlite_utils

from indexer.errors import IndexFormatError
from indexer.formats import CATALOGUE_FORMAT
from indexer.model import CHILD_LEVELS, Item, Resource
from indexer.schema import is_listed, is_readable, sort_key
from indexer.truth_lines import MAX_LINE, bounded_lines, read_record_lines

Progress = Callable[[int, int | None], None]

APPLICATION_ID = 0x73786C67
CHUNK = 1 << 20
"""Items of more bytes than this have digests in chunks.bin, one for each started `CHUNK` (docs/format.md)."""

MAX_ITEM_LINE = 4096
BATCH = 1000
"""Records written at a time, and between two calls of `progress`."""
SCHEMA = "SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name LIMIT 99"

_CHILD = 2
"""In `stands` while it is not yet known whether the parent is here; the statements below name it."""

_CHILDREN = (
    "SELECT child.row, child.parent, mine.first_release FROM resource AS child JOIN shelf AS mine USING (row) "
    "JOIN resource AS parent ON parent.id = child.parent JOIN shelf AS theirs ON theirs.row = parent.row "
    "WHERE mine.stands = 2 AND theirs.listed = 1 AND parent.row <> child.row"
)
_EARLIER = (
    "SELECT row FROM (SELECT row, row_number() OVER (PARTITION BY parent ORDER BY first_release DESC, row DESC) "
    "AS place FROM child) WHERE place > 1"
)
"""Children that are not the last to arrive of their parent."""

RESOURCE = {"row": int, "id": str, "parent": str, "seq": int, "line": str}
# What lists are filtered and ordered by stands apart from the records, so that a list reads few pages. `stands`: lists
# show it; issues, volumes and parts are found under their parent instead. `arrival`: so do new arrivals, which of each
# parent show the last child.
SHELF = {
    "row": int,
    "type": str,
    "clc": str,
    "main_class": str,
    "first_release": int,
    "readable": int,
    "listed": int,
    "stands": int,
    "arrival": int,
    "title_rank": int,
}
_RANKED = (
    f"INSERT INTO main.shelf SELECT {', '.join([*SHELF][:-1])}, row_number() OVER (ORDER BY key, row) - 1 "  # noqa: S608
    "FROM sorting.shelf ORDER BY row"
)
ITEM = {"id": str, "row": int, "first_chunk": int}


@dataclass(frozen=True, slots=True)
class CatalogueStats:
    """What a build made: records, items, bytes of the database, seconds."""

    records: int
    items: int
    size: int
    seconds: float


def build_catalogue(
    catalogue_jsonl: Path, items_txt: Path, out: Path, *, progress: Progress | None = None
) -> CatalogueStats:
    """Write the catalogue database from the truth files. The same truth and toolchain give the same bytes.

    Memory: a few megabytes of SQLite's, and 16 bytes an item of more than `CHUNK` bytes. Scratch space beside `out`
    and where SQLite keeps temporary files: that of the records without their items. Durability: none; the caller
    syncs or copies.

    Args:
        catalogue_jsonl: canonical lines sorted by id (bytes of UTF-8); line n becomes row n.
        items_txt: `<sha256> <size> <path>` a line, in the order of chunks.bin.
        out: the file to make; it must not exist.
        progress: called as `progress(records, None)` every thousand records and at the end.

    Raises:
        IndexFormatError: a line of the truth cannot be read, or the order is wrong.
    """
    started = time.perf_counter()
    if out.exists():
        raise IndexFormatError(out.name, "is there already; a catalogue is written into a new file")
    chunks = FirstChunks(items_txt)
    counts = {"records": 0, "items": 0}
    sorting = out.with_name(f".{out.name}.sorting")
    sorting.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(out, isolation_level=None)) as connection:
            for pragma in ("page_size=4096", "journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
                connection.execute(f"PRAGMA {pragma}")
            _attach(connection, sorting)
            connection.execute("BEGIN")
            create_tables(sqlite_utils.Database(connection, recursive_triggers=False))
            _fill(connection, catalogue_jsonl, chunks, counts, progress)
            index_records(sqlite_utils.Database(connection, recursive_triggers=False))
            _collapse(connection)
            index_lists(sqlite_utils.Database(connection, recursive_triggers=False))
            connection.execute("COMMIT")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={CATALOGUE_FORMAT}")
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    finally:
        sorting.unlink(missing_ok=True)
    if progress:
        progress(counts["records"], counts["records"])
    return CatalogueStats(counts["records"], counts["items"], out.stat().st_size, time.perf_counter() - started)


def create_tables(database: Any) -> None:
    """Make the tables, without indexes."""
    database["resource"].create(RESOURCE, pk="row", not_null=set(RESOURCE) - {"seq"}, strict=True)
    database["shelf"].create(SHELF, pk="row", not_null=set(SHELF) - {"first_release"}, strict=True)
    database["item"].create(ITEM, pk="id", not_null=set(ITEM), strict=True)


def index_records(database: Any) -> None:
    """Indexes of records after the rows: faster, and the same pages each time."""
    database["resource"].create_index(["id"], index_name="resource_id", unique=True)
    database["resource"].create_index(["parent", "seq"], index_name="resource_parent")


def index_lists(database: Any) -> None:
    """Indexes of lists, when it is known what stands in them."""
    database["shelf"].create_index(["stands", "title_rank"], index_name="shelf_title")
    database["shelf"].create_index(["stands", "type", "title_rank"], index_name="shelf_type")
    database["shelf"].create_index(["stands", "main_class", "title_rank"], index_name="shelf_main_class")
    database["shelf"].create_index(["stands", "clc"], index_name="shelf_class")
    database["shelf"].create_index(["arrival", "first_release"], index_name="shelf_newest")


def _collapse(connection: sqlite3.Connection) -> None:
    """Take out of lists what is found under its parent: children whose parent is here and listed."""
    connection.execute(f"CREATE TEMP TABLE child AS {_CHILDREN}")
    connection.execute(f"UPDATE shelf SET arrival = 0 WHERE row IN ({_EARLIER})")  # noqa: S608 - constants
    connection.execute("UPDATE shelf SET stands = 0 WHERE row IN (SELECT row FROM child)")
    connection.execute("UPDATE shelf SET stands = 1 WHERE stands = 2")


class FirstChunks:
    """Item id → place of its first digest, for items that have digests. Memory: 16 bytes each."""

    def __init__(self, items_txt: Path) -> None:
        hashes, places = array("Q"), array("Q")
        place = 0
        for number, line in enumerate(bounded_lines(items_txt, MAX_ITEM_LINE), 1):
            parts = line.decode("ascii", "replace").rstrip("\n").split(" ", 2)
            if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit()):
                raise IndexFormatError(items_txt.name, f"line {number} is not `<sha256> <size> <path>`")
            size = int(parts[1])
            if size > CHUNK:
                hashes.append(_hash64(parts[2].rpartition("/")[2].partition(".")[0]))
                places.append(place)
                place += -(-size // CHUNK)
        order = np.argsort(np.frombuffer(hashes, "u8"), kind="stable")
        self._hashes = array("Q", np.frombuffer(hashes, "u8")[order].tobytes())
        self._places = array("Q", np.frombuffer(places, "u8")[order].tobytes())

    def of(self, item: Item) -> int:
        """Place of the item's first digest, -1 when it has none. KeyError: it is not in the list."""
        return -1 if item.size <= CHUNK else self.place(item.id)

    def place(self, item_id: str) -> int:
        """Place of the first digest of an item that has digests. KeyError: it is not in the list."""
        wanted = _hash64(item_id)
        found = bisect_right(self._hashes, wanted) - 1
        if found < 0 or self._hashes[found] != wanted:
            raise KeyError(item_id)
        return self._places[found]


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _attach(connection: sqlite3.Connection, sorting: Path) -> None:
    """A database that is thrown away: what stands on the shelf, until it is known in which order."""
    connection.execute("ATTACH ? AS sorting", (str(sorting),))
    for pragma in ("journal_mode=OFF", "synchronous=OFF"):
        connection.execute(f"PRAGMA sorting.{pragma}")
    columns = ", ".join(name for name in SHELF if name != "title_rank")
    connection.execute(f"CREATE TABLE sorting.shelf ({columns}, key)")


def _fill(
    connection: sqlite3.Connection,
    catalogue_jsonl: Path,
    chunks: FirstChunks,
    counts: dict[str, int],
    progress: Progress | None,
) -> None:
    records = read_record_lines(bounded_lines(catalogue_jsonl, MAX_LINE), catalogue_jsonl.name)
    while batch := list(islice(records, BATCH)):
        numbered = list(enumerate(batch, counts["records"]))
        items = [(item, row) for row, (resource, _) in numbered for item in resource.items]
        connection.executemany(
            insert_into("resource", RESOURCE),
            ((row, r.id, r.parent, r.seq, line.decode().rstrip("\n")) for row, (r, line) in numbered),
        )
        try:
            connection.executemany(insert_into("item", ITEM), [(item.id, row, chunks.of(item)) for item, row in items])
        except KeyError as error:
            raise IndexFormatError(catalogue_jsonl.name, f"item {error} is not in the list of items") from error
        connection.executemany(
            insert_into("sorting.shelf", [*[*SHELF][:-1], "key"]),
            ((*shelf_values(row, resource), sort_key(resource).encode()) for row, (resource, _) in numbered),
        )
        counts["records"] += len(batch)
        counts["items"] += len(items)
        if progress and len(batch) == BATCH:
            progress(counts["records"], None)
    connection.execute(_RANKED)


def insert_into(table: str, columns: Collection[str]) -> str:
    """The statement that puts a row into a table."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


def shelf_values(row: int, resource: Resource) -> tuple[object, ...]:
    """All columns of `SHELF` but the last."""
    clc = next((c.code for c in resource.classes if c.scheme == "clc"), "").upper()
    listed, readable = is_listed(resource), is_readable(resource)
    child = bool(resource.parent) and resource.level in CHILD_LEVELS
    return (
        row,
        sys.intern(resource.type),
        clc,
        clc[:1],
        resource.first_release,
        int(readable),
        int(listed),
        (_CHILD if child else 1) if listed else 0,
        int(listed and readable),
    )


def expected_schema() -> list[tuple[str, str, str]]:
    """What `SCHEMA` gives of a catalogue of this format."""
    with closing(sqlite3.connect(":memory:")) as connection:
        database = sqlite_utils.Database(connection)
        create_tables(database)
        index_records(database)
        index_lists(database)
        return connection.execute(SCHEMA).fetchall()
