"""Batches for the ledger from a spreadsheet's CSV file: Chinese headings, UTF-8 or GB18030, dates as typed."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING

from packager.production.errors import LedgerError
from packager.production.ledger import Line
from packager.production.states import parse_state

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {
    "编号": "serial", "状态": "state", "时间": "at", "经手人": "person", "备注": "note", "馆代码": "county",
    "馆名": "library", "版次": "edition", "硬件序列号": "hardware",
}  # fmt: skip
"""Heading → what it is. The first four must be there."""
_NEEDED = frozenset({"serial", "state", "at", "person"})
_TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")
_DAYS = ("%Y-%m-%d", "%Y/%m/%d")
_MAX_BYTES = 64 << 20


def read_batch(path: Path) -> list[Line]:
    """The lines of a CSV file, in its order.

    Raises:
        LedgerError: it is no such file; `problems` names every row that cannot be read.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise LedgerError(f"{path.name} 太大")
    try:
        rows = csv.DictReader(io.StringIO(_decode(content), newline=""), strict=True)
        names = [COLUMNS.get((heading or "").strip(), "") for heading in rows.fieldnames or ()]
        missing = _NEEDED - set(names)
        if missing:
            headings = [heading for heading, name in COLUMNS.items() if name in missing]
            raise LedgerError(f"{path.name} 缺少这几列：{'、'.join(headings)}")
        return _lines(rows, dict(zip(rows.fieldnames or (), names, strict=True)))
    except (csv.Error, UnicodeDecodeError) as error:
        raise LedgerError(f"{path.name} 不是能读的 CSV 文件：{error}") from error


def _lines(rows: csv.DictReader[str], names: dict[str, str]) -> list[Line]:
    lines: list[Line] = []
    problems: list[str] = []
    for row in rows:
        if not any(isinstance(text, str) and text.strip() for text in row.values()):
            continue
        values = {names[key]: (row[key] or "").strip() for key in names if names[key]}
        try:
            serial = "".join(values.pop("serial").split()).upper()
            state, at = parse_state(values.pop("state")), moment(values.pop("at"))
            lines.append(Line(serial, state, at, **values))
        except ValueError as error:
            problems.append(f"第 {rows.line_num} 行　{error}")
    if problems:
        raise LedgerError("rows cannot be read", tuple(problems))
    return lines


def moment(text: str) -> str:
    """A date and time as people type them, as the ledger keeps them: `2026-11-26T09:30`; a day alone is its beginning.

    Raises:
        ValueError: it is none.
    """
    for form in (*_TIMES, *_DAYS):
        try:
            found = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - local, as typed
        except ValueError:
            continue
        return found.isoformat(timespec="minutes")
    raise ValueError(f"时间“{text[:20]}”不认识，请写成 2026-11-26 09:30")


def _decode(content: bytes) -> str:
    """UTF-8 with or without a mark; else GB18030, which spreadsheets in China write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")
