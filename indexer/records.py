"""From a row of a table or an object of a JSON line to a record.

A row holds texts in the compact forms of `indexer.compact`; an object may hold the same texts, lists of them, or the
canonical members of `indexer.model`. Only a missing or unusable id, a missing title or a member of an impossible
shape refuse a record; everything else is kept, and what was changed or not understood is said in a warning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from indexer.cells import Cells
from indexer.columns import LIMIT, MAX_FILES, column_name, split_files
from indexer.compact import access_from_json
from indexer.errors import RecordError
from indexer.model import Access, Resource, read_member

_CANONICAL = {
    "creators", "identifiers", "classes", "contents", "date", "audience", "rare", "subjects", "places", "title_alt",
    "language",
    "provenance", "extra", "first_release",
}  # fmt: skip
_LISTS = frozenset(
    {"creator", "contributor", "subject", "language", "clc", "identifiers", "title_alt", "places", "classes"}
)
_MEMBERS = {"creator": "creators", "subject": "subjects"}


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record as a source gives it.

    Attributes:
        resource: the record, without items.
        files: its files as the source names them, in its order.
        warnings: what was changed or not understood, one sentence each.
        line: 1-based line of the source, 0 when unknown.
    """

    resource: Resource
    files: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    line: int = 0


def row_to_record(row: Mapping[str, str], line: int = 0) -> SourceRecord:
    """The record of one row of a table.

    Args:
        row: header → cell. Headers as in `COLUMNS` or `ALIASES`; others are kept in `extra`.
        line: the row's line in the source, for messages.

    Raises:
        RecordError: no usable id, or no title; `line` and `field` say where.
    """
    cells = Cells()
    for header, value in row.items():
        cells.take(column_name(header), value)
    return _record(cells, split_files(cells.get("files")), line)


def object_to_record(data: object, line: int = 0) -> SourceRecord:
    """The record of one JSON value.

    Raises:
        RecordError: not an object, no usable id, no title, or a member that has an impossible shape.
    """
    if not isinstance(data, dict):
        raise RecordError(f"应为一个对象，实为 {type(data).__name__}", line=line)
    cells = Cells()
    canonical: dict[str, Any] = {}
    files: tuple[str, ...] | None = None
    for key, value in data.items():
        name = column_name(str(key)[:200])
        if name == "files" and isinstance(value, list):
            files = tuple(str(v) for v in value[:MAX_FILES] if isinstance(v, str) and v.strip())
        elif value is not None:
            _take_member(cells, canonical, str(key)[:200], name, value)
    record = _record(cells, split_files(cells.get("files")) if files is None else files, line)
    return _with_canonical(record, canonical, line)


def _record(cells: Cells, files: tuple[str, ...], line: int) -> SourceRecord:
    try:
        resource = cells.resource(files)
    except RecordError as error:
        raise RecordError(error.reason, line=line, field=error.field) from error
    return SourceRecord(resource, files, tuple(cells.warnings), line)


def _take_member(cells: Cells, canonical: dict[str, Any], key: str, name: str, value: object) -> None:
    """Sort one JSON member: text for a column, or a canonical value for a member of the model."""
    strings = isinstance(value, list) and all(isinstance(v, str) for v in value)
    if isinstance(value, str):
        cells.take(name, value)
    elif name == "access":
        canonical["access"] = value
    elif key == "items":
        cells.warn("“items”由封装工具生成，已忽略；文件请写在“files”")
    elif name in _LISTS and strings:
        cells.take(name, ("\n" if name in {"creator", "contributor"} else ";").join(value))  # type: ignore[arg-type]
    elif (member := key if key in _CANONICAL else _MEMBERS.get(name, name)) in _CANONICAL and not _is_number(value):
        canonical[member] = value
    elif key == "first_release":
        canonical[key] = value
    elif _is_number(value):
        cells.take(name, str(value))
    else:
        cells.take(name, json.dumps(value, ensure_ascii=False)[:LIMIT], known=False)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_canonical(record: SourceRecord, canonical: dict[str, Any], line: int) -> SourceRecord:
    if not canonical:
        return record
    access = canonical.pop("access", None)
    values: dict[str, Any] = {}
    try:
        for name, value in canonical.items():
            values[name] = read_member(name, value)
    except RecordError as error:
        raise RecordError(error.reason, line=line, field=error.field) from error
    resource = replace(record.resource, **values)
    if isinstance(access, dict):
        resource = replace(resource, access=access_from_json(access))
    elif access is not None:
        resource = replace(resource, access=Access(download=False, unknown=(f"access:{access}"[:200],)))
    return replace(record, resource=resource)
