"""Write the catalogue database of a release from its truth: `catalogue.jsonl` and `items.txt`."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlite_utils

from indexer.errors import IndexFormatError, RecordError
from indexer.model import CHILD_LEVELS, Resource, load_line
from indexer.schema import is_listed, is_readable, sort_key

Progress = Callable[[int, int | None], None]

CATALOGUE_FORMAT = 2
"""Kept in `user_version`; a catalogue of another format is rebuilt, not read."""

APPLICATION_ID = 0x73786C67
CHUNK = 1 << 20
"""Items of more bytes than this have digests in chunks.bin, one for each started `CHUNK` (docs/format.md)."""

MAX_LINE = 1 << 22
MAX_ITEM_LINE = 4096
PROGRESS_EVERY = 1000
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

_RESOURCE = {"row": int, "id": str, "parent": str, "seq": int, "line": str}
# What lists are filtered and ordered by stands apart from the records, so that a list reads few pages. `stands`: lists
# show it; issues, volumes and parts are found under their parent instead. `arrival`: so do new arrivals, which of each
# parent show the last child.
_SHELF = {
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
_ITEM = {"id": str, "row": int, "first_chunk": int}


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

    Memory: about 300 bytes a record and 100 bytes an item of more than `CHUNK` bytes. Durability: none; the caller
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
    chunks = _first_chunks(items_txt)
    counts = {"records": 0, "items": 0}
    try:
        with closing(sqlite3.connect(out, isolation_level=None)) as connection:
            for pragma in ("page_size=4096", "journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            _create(sqlite_utils.Database(connection, recursive_triggers=False))
            _fill(connection, catalogue_jsonl, chunks, counts, progress)
            _index(sqlite_utils.Database(connection, recursive_triggers=False))
            _collapse(connection)
            _index_shelf(sqlite_utils.Database(connection, recursive_triggers=False))
            connection.execute("COMMIT")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={CATALOGUE_FORMAT}")
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    if progress:
        progress(counts["records"], counts["records"])
    return CatalogueStats(counts["records"], counts["items"], out.stat().st_size, time.perf_counter() - started)


def _create(database: Any) -> None:
    database["resource"].create(_RESOURCE, pk="row", not_null=set(_RESOURCE) - {"seq"}, strict=True)
    database["shelf"].create(_SHELF, pk="row", not_null=set(_SHELF) - {"first_release"}, strict=True)
    database["item"].create(_ITEM, pk="id", not_null=set(_ITEM), strict=True)


def _index(database: Any) -> None:
    """Indexes of records after the rows: faster, and the same pages each time."""
    database["resource"].create_index(["id"], index_name="resource_id", unique=True)
    database["resource"].create_index(["parent", "seq"], index_name="resource_parent")


def _index_shelf(database: Any) -> None:
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


def _first_chunks(items_txt: Path) -> dict[str, int]:
    """Item id → place of its first digest, for items that have digests."""
    found: dict[str, int] = {}
    place = 0
    for number, line in enumerate(_lines(items_txt, MAX_ITEM_LINE), 1):
        parts = line.decode("ascii", "replace").rstrip("\n").split(" ", 2)
        if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit()):
            raise IndexFormatError(items_txt.name, f"line {number} is not `<sha256> <size> <path>`")
        size = int(parts[1])
        if size > CHUNK:
            found[parts[2].rpartition("/")[2].partition(".")[0]] = place
            place += -(-size // CHUNK)
    return found


def _lines(path: Path, limit: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(limit + 1):
            if len(line) > limit:
                raise IndexFormatError(path.name, f"has a line of more than {limit} bytes")
            yield line


def read_records(catalogue_jsonl: Path) -> Iterator[Resource]:
    """The records of the truth file in order, one at a time.

    Raises:
        IndexFormatError: a line is too long, not a record, or not in order.
    """
    for resource, _ in _records(catalogue_jsonl):
        yield resource


def _records(path: Path) -> Iterator[tuple[Resource, bytes]]:
    before = b""
    for number, line in enumerate(_lines(path, MAX_LINE), 1):
        try:
            resource = load_line(line, number)
        except RecordError as error:
            raise IndexFormatError(path.name, str(error)) from error
        if resource.id.encode() <= before:
            raise IndexFormatError(path.name, f"line {number} is not in the order of ids")
        before = resource.id.encode()
        yield resource, line


def _fill(
    connection: sqlite3.Connection,
    catalogue_jsonl: Path,
    chunks: dict[str, int],
    counts: dict[str, int],
    progress: Progress | None,
) -> None:
    shelved: list[tuple[str, tuple[object, ...]]] = []
    for row, (resource, line) in enumerate(_records(catalogue_jsonl)):
        text = line.decode().rstrip("\n")
        connection.execute(_insert("resource", _RESOURCE), (row, resource.id, resource.parent, resource.seq, text))
        shelved.append((sort_key(resource), _shelf_values(row, resource)))
        for item in resource.items:
            try:
                first = chunks[item.id] if item.size > CHUNK else -1
            except KeyError as error:
                raise IndexFormatError(catalogue_jsonl.name, f"item {item.id} is not in the list of items") from error
            connection.execute(_insert("item", _ITEM), (item.id, row, first))
        counts["records"] += 1
        counts["items"] += len(resource.items)
        if progress and counts["records"] % PROGRESS_EVERY == 0:
            progress(counts["records"], None)
    order = sorted(range(len(shelved)), key=lambda row: shelved[row][0].encode())
    ranks = {row: rank for rank, row in enumerate(order)}
    rows = ((*values, ranks[row]) for row, (_, values) in enumerate(shelved))
    connection.executemany(_insert("shelf", _SHELF), rows)


def _insert(table: str, columns: dict[str, type]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


def _shelf_values(row: int, resource: Resource) -> tuple[object, ...]:
    """All columns of `_SHELF` but the last."""
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
        _create(database)
        _index(database)
        _index_shelf(database)
        return connection.execute(SCHEMA).fetchall()
