"""From a row of a table or an object of a JSON line to a record.

A row holds texts in the compact forms of `indexer.compact`; an object may hold the same texts, lists of them, or the
canonical members of `indexer.model`. Only a missing or unusable id, a missing title or a member of an impossible
shape refuse a record; everything else is kept, and what was changed or not understood is said in a warning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from indexer.access import is_understood
from indexer.cells import UNKNOWN_TERMS, Cells
from indexer.columns import LIMIT, MAX_FILES, column_name, split_files
from indexer.compact import access_from_json
from indexer.errors import RecordError
from indexer.model import AUDIENCES, CERTAINTIES, CREATOR_ROLES, Access, Resource, read_member
from indexer.text.dates import parse_date
from indexer.text.names import role_of

_CANONICAL = {
    "creators", "identifiers", "classes", "contents", "date", "audience", "rare", "subjects", "places", "title_alt",
    "language",
    "provenance", "extra", "first_release",
}  # fmt: skip
_LISTS = frozenset(
    {"creator", "contributor", "subject", "language", "clc", "identifiers", "title_alt", "places", "classes"}
)
# Canonical lists of plain words: what stands in them is taken as it is, a `;` does not part it.
_PLAIN_LISTS = frozenset({"subjects", "places", "title_alt"})


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
        row: header → cell. Headers as in `COLUMNS` or `ALIASES` of `indexer.columns`; others are kept in `extra`.
        line: the row's line in the source, for messages.

    Raises:
        RecordError: no usable id, or no title; `line` and `field` say where.
    """
    cells = Cells()
    for header, value in row.items():
        cells.take(column_name(header), value)
    with _at(line):
        return _record(cells, split_files(cells.get("files")), line)


def object_to_record(data: object, line: int = 0) -> SourceRecord:
    """The record of one JSON value.

    Raises:
        RecordError: not an object, no usable id, no title, or a member that has an impossible shape.
    """
    with _at(line):
        if not isinstance(data, dict):
            raise RecordError(f"应为一个对象，实为 {type(data).__name__}")
        return _object(data, line)


@contextmanager
def _at(line: int) -> Iterator[None]:
    """Give the errors inside their line."""
    try:
        yield
    except RecordError as error:
        raise RecordError(error.reason, line=line, field=error.field) from error
    except RecursionError as error:
        raise RecordError("嵌套太深", line=line) from error


def _object(data: dict[str, object], line: int) -> SourceRecord:
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
    return _with_canonical(record, canonical)


def _record(cells: Cells, files: tuple[str, ...], line: int) -> SourceRecord:
    return SourceRecord(cells.resource(files), files, tuple(cells.warnings), line)


def _take_member(cells: Cells, canonical: dict[str, Any], key: str, name: str, value: object) -> None:
    """Sort one JSON member: text for a column, or a canonical value for a member of the model."""
    strings = isinstance(value, list) and all(isinstance(v, str) for v in value)
    if isinstance(value, str):
        cells.take(name, value)
    elif name == "access":
        canonical["access"] = value
    elif key == "items":
        cells.warn("“items”由封装工具生成，已忽略；文件请写在“files”")
    elif strings and name in _LISTS and key not in _PLAIN_LISTS:
        cells.take(name, ("\n" if name in {"creator", "contributor"} else ";").join(value))  # type: ignore[arg-type]
    elif key in _CANONICAL and (key == "first_release" or not _is_number(value)):
        canonical[key] = cells.clean_json(value)
    elif _is_number(value):
        cells.take(name, str(value))
    else:
        cells.take(name, json.dumps(value, ensure_ascii=False)[:LIMIT], known=False)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_canonical(record: SourceRecord, canonical: dict[str, Any]) -> SourceRecord:
    if not canonical:
        return record
    access = canonical.pop("access", None)
    resource = replace(record.resource, **{name: read_member(name, value) for name, value in canonical.items()})
    if isinstance(access, dict):
        resource = replace(resource, access=access_from_json(access))
    elif access is not None:
        resource = replace(resource, access=Access(download=False, unknown=(f"access:{access}"[:200],)))
    warnings = record.warnings if is_understood(resource.access) else (*record.warnings, UNKNOWN_TERMS)
    return replace(record, resource=_within_lists(resource), warnings=warnings)


def _within_lists(resource: Resource) -> Resource:
    """Closed lists hold for canonical members too: an unknown role becomes 其他, an unknown audience unknown."""
    creators = tuple(
        c if not c.role or c.role in CREATOR_ROLES else replace(c, role=role_of(c.role) or "其他")
        for c in resource.creators
    )
    audience = (
        resource.audience if resource.audience.group in AUDIENCES else replace(resource.audience, group="unknown")
    )
    date = resource.date
    first, last = date.year_from, date.year_to
    if date.certainty not in CERTAINTIES or (first is not None and last is not None and first > last):
        date = parse_date(date.printed)
    return replace(resource, creators=creators, audience=audience, date=date)
