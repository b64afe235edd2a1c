"""The catalogue of a release in SQLite: records by row, by id, by shelf, and items by id.

The database is derived from the truth (`catalogue.jsonl`, `items.txt`) and may be built anywhere; the copy that
arrives on a drive is signed and still read as a stranger's: read-only, immutable, with exactly the tables written
here (a trigger, a view or any other object refuses the file), and with bounded lengths.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlite_utils

from indexer.errors import IndexFormatError, RecordError
from indexer.model import TYPES, Item, Resource, load_line
from indexer.schema import is_listed, is_readable, sort_key

Progress = Callable[[int, int | None], None]

CATALOGUE_FORMAT = 1
"""Kept in `user_version`; a catalogue of another format is rebuilt, not read."""

APPLICATION_ID = 0x73786C67
CHUNK = 1 << 20
"""Items of more bytes than this have digests in chunks.bin, one for each started `CHUNK` (docs/format.md)."""

MAX_LINE = 1 << 22
MAX_ITEM_LINE = 4096
PROGRESS_EVERY = 1000
_BATCH = 500
_SCHEMA = "SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name LIMIT 99"

_RESOURCE = {
    "row": int,
    "id": str,
    "type": str,
    "parent": str,
    "seq": int,
    "clc": str,
    "main_class": str,
    "first_release": int,
    "readable": int,
    "listed": int,
    "children": int,
    "title_sort": str,
    "line": str,
}
_ITEM = {"id": str, "row": int, "first_chunk": int}


@dataclass(frozen=True, slots=True)
class CatalogueStats:
    """What a build made: records, items, bytes of the database, seconds."""

    records: int
    items: int
    size: int
    seconds: float


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


def build_catalogue(
    catalogue_jsonl: Path, items_txt: Path, out: Path, *, progress: Progress | None = None
) -> CatalogueStats:
    """Write the catalogue database from the truth files. The same truth and toolchain give the same bytes.

    Memory: a few MB and 100 bytes an item of more than `CHUNK` bytes. Durability: none; the caller syncs or copies.

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
    database["resource"].create(_RESOURCE, pk="row", not_null=set(_RESOURCE) - {"seq", "first_release"}, strict=True)
    database["item"].create(_ITEM, pk="id", not_null=set(_ITEM), strict=True)


def _index(database: Any) -> None:
    """Indexes after the rows: faster, and the same pages each time."""
    database["resource"].create_index(["id"], index_name="resource_id", unique=True)
    database["resource"].create_index(["parent", "seq"], index_name="resource_parent")
    database["resource"].create_index(["listed", "title_sort"], index_name="resource_title")
    database["resource"].create_index(["listed", "type", "title_sort"], index_name="resource_shelf")
    database["resource"].create_index(["listed", "main_class", "title_sort"], index_name="resource_main_class")
    database["resource"].create_index(["listed", "clc"], index_name="resource_class")
    database["resource"].create_index(["listed", "first_release"], index_name="resource_newest")


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
    insert = f"INSERT INTO resource ({', '.join(_RESOURCE)}) VALUES ({', '.join('?' * len(_RESOURCE))})"  # noqa: S608
    for row, (resource, line) in enumerate(_records(catalogue_jsonl)):
        connection.execute(insert, _values(row, resource, line))
        for item in resource.items:
            try:
                first = chunks[item.id] if item.size > CHUNK else -1
            except KeyError as error:
                raise IndexFormatError(catalogue_jsonl.name, f"item {item.id} is not in the list of items") from error
            connection.execute("INSERT INTO item (id, row, first_chunk) VALUES (?, ?, ?)", (item.id, row, first))
        counts["records"] += 1
        counts["items"] += len(resource.items)
        if progress and counts["records"] % PROGRESS_EVERY == 0:
            progress(counts["records"], None)


def _values(row: int, resource: Resource, line: bytes) -> tuple[Any, ...]:
    clc = next((c.code for c in resource.classes if c.scheme == "clc"), "").upper()
    return (
        row,
        resource.id,
        resource.type,
        resource.parent,
        resource.seq,
        clc,
        clc[:1],
        resource.first_release,
        int(is_readable(resource)),
        int(is_listed(resource)),
        int(resource.audience.group == "children"),
        sort_key(resource),
        line.decode().rstrip("\n"),
    )


def _expected_schema() -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        database = sqlite_utils.Database(connection)
        _create(database)
        _index(database)
        return connection.execute(_SCHEMA).fetchall()


class Catalogue:
    """A catalogue database, read-only; any thread may ask. Each thread gets a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open and check the file, which must not change afterwards.

        Raises:
            IndexFormatError: it is not a whole catalogue of this format.
        """
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False
        if not path.is_file():
            raise IndexFormatError(path.name, "is missing")
        try:
            self._check()
            self.count: int = self._query("SELECT coalesce(max(row) + 1, 0) FROM resource")[0][0]
        except BaseException:
            self.close()
            raise

    def _check(self) -> None:
        marks = [self._query(f"PRAGMA {name}")[0][0] for name in ("application_id", "user_version")]
        if marks != [APPLICATION_ID, CATALOGUE_FORMAT] or self._query(_SCHEMA) != _expected_schema():
            raise IndexFormatError(self._path.name, "is not a catalogue of this format")

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            self._closed = True
            while self._connections:
                with suppress(sqlite3.Error):
                    self._connections.pop().close()

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
        return connection

    def _open(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro&immutable=1"
        with self._lock:
            if self._closed:
                raise IndexFormatError(self._path.name, "is closed")
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            self._connections.append(connection)
        for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 4 * MAX_LINE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        return connection

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._connection().execute(sql, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise IndexFormatError(self._path.name, f"cannot be read: {error}") from error

    def _resource(self, line: object) -> Resource:
        try:
            return load_line(str(line).encode())
        except (RecordError, UnicodeEncodeError) as error:
            raise IndexFormatError(self._path.name, f"holds a broken record: {error}") from error

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this id, None when there is none."""
        found = self._query("SELECT line FROM resource WHERE id = ?", (_storable(resource_id),))
        return self._resource(found[0][0]) if found else None

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
        for start in range(0, len(rows), _BATCH):
            batch = [int(row) for row in rows[start : start + _BATCH]]
            marks = ",".join("?" * len(batch))
            lines.update(self._query(f"SELECT row, line FROM resource WHERE row IN ({marks})", batch))  # noqa: S608
        try:
            return [self._resource(lines[row]) for row in rows]
        except KeyError as error:
            raise IndexFormatError(self._path.name, f"has no row {error}") from error

    def item(self, item_id: str) -> CatalogueItem | None:
        """The item with this id and its resource, None when there is none."""
        found = self._query(
            "SELECT item.first_chunk, resource.line FROM item JOIN resource USING (row) WHERE item.id = ?",
            (_storable(item_id),),
        )
        if not found:
            return None
        resource = self._resource(found[0][1])
        item = next((item for item in resource.items if item.id == item_id), None)
        if item is None or (found[0][0] < 0) != (item.size <= CHUNK):
            raise IndexFormatError(self._path.name, f"item {item_id} is not in its resource")
        return CatalogueItem(resource.id, item, found[0][0])

    def counts_by_type(self, *, children: bool = False) -> dict[str, int]:
        """Type → how many listed resources, in the order of `TYPES`; types that are empty are left out.

        Args:
            children: count only resources that are marked for children.
        """
        where = " AND children = 1" if children else ""
        found = dict(self._query(f"SELECT type, count(*) FROM resource WHERE listed = 1{where} GROUP BY type"))  # noqa: S608
        return {kind: found[kind] for kind in TYPES if kind in found}

    def newest(self, limit: int, offset: int = 0, type: str = "", *, children: bool = False) -> list[Resource]:  # noqa: A002
        """Listed resources that can be read, the newest release first, then by row from the last."""
        where, values = _where(type=type, children=children)
        order = "ORDER BY first_release DESC, row DESC"
        return self._list(f"{where} AND readable = 1 {order}", [*values, limit, offset])

    def browse(
        self,
        type: str = "",  # noqa: A002
        clc: str = "",
        limit: int = 20,
        offset: int = 0,
        *,
        children: bool = False,
    ) -> list[Resource]:
        """Listed resources of a type, of a class and all below it, or of both, in the order of their titles."""
        where, values = _where(type=type, clc=clc, children=children)
        return self._list(f"{where} ORDER BY title_sort, row", [*values, limit, offset])

    def _list(self, where: str, values: Sequence[object]) -> list[Resource]:
        found = self._query(f"SELECT line FROM resource WHERE {where} LIMIT ? OFFSET ?", values)  # noqa: S608
        return [self._resource(line) for (line,) in found]

    def ids(self) -> Iterator[tuple[int, str]]:
        """All rows and their ids, in order, without reading the records."""
        for start in range(0, self.count, 10_000):
            yield from self._query(
                "SELECT row, id FROM resource WHERE row >= ? AND row < ? ORDER BY row", (start, start + 10_000)
            )

    def children(self, parent_id: str, limit: int = 10_000) -> list[Resource]:
        """Listed parts of a resource in the order of `seq`, then of rows."""
        where = "parent = ? AND listed = 1 ORDER BY seq IS NULL, seq, row"
        return self._list(where, (_storable(parent_id), limit, 0))

    def all_lines(self) -> Iterable[tuple[int, Resource]]:
        """All rows and their resources, in order, a few at a time."""
        for start in range(0, self.count, _BATCH):
            rows = list(range(start, min(self.count, start + _BATCH)))
            yield from zip(rows, self.rows(rows), strict=True)


def _where(*, type: str = "", clc: str = "", children: bool = False) -> tuple[str, list[object]]:  # noqa: A002
    where, values = "listed = 1", list[object]()
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
    if children:
        where += " AND children = 1"
    return where, values


def _storable(text: str) -> str:
    """`text` without what SQLite cannot take (lone surrogates); such a text equals no key."""
    return text.encode("utf-8", "replace").decode()
