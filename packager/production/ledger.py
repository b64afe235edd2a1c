"""The ledger of all drives: one SQLite file, to which lines are only added.

A line says that a drive came into a state, when, by whom. What a drive is now is what its last line says; nothing else
is kept. A batch is entered whole or not at all, and what was entered survives a kill and a power cut (WAL,
synchronous=FULL). Triggers refuse to change or remove a line.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import sqlite_utils

from packager.production.errors import LedgerError
from packager.production.serials import parse_serial, spaced
from packager.production.states import NEEDS_PLACE, State, may_follow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

MAX_BATCH = 100_000
_MAX_TEXT = 200
_TABLE = {
    "id": int, "serial": str, "state": str, "at": str, "person": str, "note": str, "county": str, "library": str,
    "edition": str, "hardware": str,
}  # fmt: skip
_TRIGGERS = """
CREATE TRIGGER IF NOT EXISTS line_stays BEFORE UPDATE ON line BEGIN SELECT RAISE(ABORT, 'a line is never changed'); END;
CREATE TRIGGER IF NOT EXISTS line_kept BEFORE DELETE ON line BEGIN SELECT RAISE(ABORT, 'a line is never removed'); END;
"""
_VIEW = """
SELECT last.serial, last.state, last.at, last.person, place.county, place.library, made.edition, made.hardware
FROM line AS last
JOIN line AS made ON made.id =
  (SELECT max(id) FROM line WHERE serial = last.serial AND state = 'written')
LEFT JOIN line AS place ON place.id =
  (SELECT max(id) FROM line WHERE serial = last.serial AND id >= made.id AND county <> '')
WHERE last.id = (SELECT max(id) FROM line WHERE serial = last.serial)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A drive came into a state.

    Attributes:
        serial: the drive's number, without spaces. state: into which it came.
        at: ISO date and minute, local time of the desk. person: who says so.
        note: anything, at most 200 characters.
        county: six digits of the administrative division, library: its name; needed when it is shipped.
        edition, hardware: of what was written, and of the disk; with `written`.
    """

    serial: str
    state: State
    at: str
    person: str
    note: str = ""
    county: str = ""
    library: str = ""
    edition: str = ""
    hardware: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What a batch did. new: lines added; known: lines that were there already."""

    new: int
    known: int


class Ledger:
    """The ledger in one file; used from one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make it."""
        self._db = sqlite_utils.Database(path)
        self._db.execute("PRAGMA busy_timeout=10000")
        self._db.enable_wal()
        self._db.execute("PRAGMA synchronous=FULL")
        if "line" not in self._db.table_names():
            with self._db.atomic():
                lines = self._db.table("line")
                lines.create(_TABLE, pk="id", not_null=set(_TABLE), strict=True, if_not_exists=True)
                lines.create_index(["serial", "state", "at", "person"], unique=True, if_not_exists=True)
                for trigger in _TRIGGERS.strip().splitlines():
                    self._db.execute(trigger)
                self._db.create_view("drive", _VIEW, ignore=True)

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._db.close()

    def enter(self, lines: Iterable[Line]) -> Entered:
        """Add a batch durably: all of it, or nothing.

        A line that is there already (same drive, state, time, person) counts once, so a batch may be entered again.

        Raises:
            LedgerError: lines are not allowed; `problems` names each with its place in the batch.
        """
        new = known = 0
        problems: list[str] = []
        with self._db.atomic():
            self._db.execute("UPDATE line SET id = id WHERE 0")  # takes the writer's lock before anything is read
            for n, line in enumerate(lines, 1):
                if n > MAX_BATCH:
                    raise LedgerError(f"a batch has at most {MAX_BATCH} lines")
                if self._has(line):
                    known += 1
                    continue
                problem = self._problem(line)
                if problem:
                    problems.append(f"第 {n} 行　{spaced(line.serial[:20])}　{problem}")
                elif not problems:
                    self._db.table("line").insert(dict(zip(_names(), astuple(line), strict=True)))
                    new += 1
            if problems:
                raise LedgerError("lines are not allowed", tuple(problems))
        return Entered(new, known)

    def current(self, serial: str) -> Line | None:
        """The last line of a drive, with the edition, hardware and place that hold for it; None when it has none."""
        row = next(self._db.query("SELECT * FROM drive WHERE serial = ?", [serial]), None)
        return None if row is None else _line(row)

    def last_of(self, year: int) -> str:
        """The highest number of a year that was ever entered; empty when there is none."""
        found = next(
            self._db.query("SELECT max(serial) AS last FROM line WHERE serial GLOB ?", [f"SX{year % 100:02}*"])
        )
        return found["last"] or ""

    def history(self, serial: str) -> list[Line]:
        """All lines of a drive, oldest first."""
        return [_line(row) for row in self._db.query("SELECT * FROM line WHERE serial = ? ORDER BY id", [serial])]

    def drives(self) -> Iterator[Line]:
        """Every drive as it is now, by number."""
        yield from (_line(row) for row in self._db.query("SELECT * FROM drive ORDER BY serial"))

    def _has(self, line: Line) -> bool:
        same = "serial = ? AND state = ? AND at = ? AND person = ?"
        values = [line.serial, line.state.value, line.at, line.person]
        return bool(self._db.table("line").count_where(same, values))

    def _problem(self, line: Line) -> str:
        """Why a line is not allowed; empty when it is."""
        return _malformed(line) or self._out_of_order(line)

    def _out_of_order(self, line: Line) -> str:
        now = self.current(line.serial)
        before = now.state if now else None
        if not may_follow(line.state, before):
            where = f"现在是“{before.word}”" if before else "台账里还没有这块盘"
            return f"不能记为“{line.state.word}”：{where}"
        if now and line.at < now.at:
            return f"时间 {line.at} 早于上一条 {now.at}"
        if line.state in NEEDS_PLACE and not line.county:
            return "发出须写明馆代码（六位行政区划代码）"
        if line.state in {State.RECEIVED, State.ENABLED} and now and line.county not in {"", now.county}:
            return f"馆代码 {line.county} 与发往的 {now.county} 不同"
        return ""


def _malformed(line: Line) -> str:
    try:
        parse_serial(line.serial)
    except ValueError:
        return "编号不对，请照标签再核对一遍"
    try:
        datetime.strptime(line.at, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - a desk's local time, as people write it
    except ValueError:
        return f"时间“{line.at[:20]}”不认识，请写成 2026-11-26 09:30"
    if not line.person.strip():
        return "没有写经手人"
    if line.county and not (len(line.county) == 6 and line.county.isascii() and line.county.isdigit()):
        return f"馆代码“{line.county[:20]}”不是六位数字"
    longest = max(len(str(getattr(line, name))) for name in _names())
    return f"有一项超过 {_MAX_TEXT} 个字" if longest > _MAX_TEXT else ""


def _names() -> list[str]:
    return [field.name for field in fields(Line)]


def _line(row: dict[str, Any]) -> Line:
    state = State(row["state"])
    return Line(state=state, **{name: str(row.get(name) or "") for name in _names() if name != "state"})
