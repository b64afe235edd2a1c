"""`packager ledger`: entering, importing, showing, reporting."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import PackagerError
from packager.production.errors import LedgerError
from packager.production.ledger import Ledger, Line
from packager.production.ledger_files import moment, read_batch
from packager.production.ledger_report import GROUPS, report_rows, report_table
from packager.production.serials import MAX_COUNT, count_of, parse_serial, serial, spaced
from packager.production.speaking import DONE, NOT_DONE, three_lines
from packager.production.states import State, parse_state

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_STATES = "、".join(state.word for state in State)
_FIRST_YEAR = 2000
_MOST_NUMBERS = 10_000
"""Numbers that are told at a time."""
_SHOWN = 40
"""Problems shown on the terminal."""


def now() -> str:
    """Date and minute on this machine's calendar, as the ledger keeps them."""
    # The command line is where the clock is read: everything below is told the time.
    return dt.datetime.now(dt.UTC).astimezone().strftime("%Y-%m-%dT%H:%M")  # noqa: TID251


def add_ledger_commands(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add `ledger` with its own commands."""
    parser = commands.add_parser("ledger", help="硬盘台账：写入、复检、装箱、发出、签收、启用、退换")
    below = parser.add_subparsers(required=True, metavar="命令", title="命令")

    enter = _command(below, "enter", _enter, "记入一块或几块硬盘的新状态")
    enter.add_argument("serials", metavar="编号", nargs="+", help="硬盘编号，如 SX2600000011，可写多个")
    enter.add_argument(
        "--state", metavar="状态", type=parse_state, required=True, help="、".join(s.word for s in State)
    )
    enter.add_argument("--by", metavar="姓名", required=True, help="经手人")
    enter.add_argument("--at", metavar="时间", type=moment, help="如 2026-11-26T09:30；默认现在")
    enter.add_argument("--county", metavar="馆代码", default="", help="六位行政区划代码；发出时必写")
    enter.add_argument("--library", metavar="馆名", default="", help="馆名")
    enter.add_argument("--note", metavar="备注", default="", help="备注")

    imported = _command(below, "import", _import, "从表格（CSV）整批记入；有一行不对，整批都不记")
    imported.add_argument(
        "file", metavar="表格", type=Path, help="列：编号、状态、时间、经手人，可有备注、馆代码、馆名、版次"
    )

    show = _command(below, "show", _show, "看一块硬盘的全部经过")
    show.add_argument("serial", metavar="编号", help="硬盘编号")

    following = _command(below, "next", _next, "看接下来可用的编号")
    following.add_argument("--count", metavar="块数", type=_count, default=1, help="要几个编号；默认一个")
    following.add_argument("--year", metavar="年份", type=_year, help="哪一年的编号，如 2026；默认今年")

    report = _command(below, "report", _report, "看各状态、各省、各馆有多少块")
    report.add_argument("--by", metavar="分组", choices=list(GROUPS), default="状态", help="、".join(GROUPS))
    report.add_argument("--json", action="store_true", help="输出 JSON，供其他程序用")


def _command(
    below: argparse._SubParsersAction,  # type: ignore[type-arg]
    name: str,
    run: Callable[[argparse.Namespace], int],
    words: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = below.add_parser(name, help=words)
    parser.add_argument("ledger", metavar="台账", type=Path, help="台账文件；没有时新建")
    parser.set_defaults(run=run)
    return parser


def _enter(arguments: argparse.Namespace) -> int:
    at = arguments.at or now()
    return _entered(
        arguments.ledger,
        [
            Line(
                "".join(one.split()).upper(), arguments.state, at, arguments.by, arguments.note, arguments.county,
                arguments.library,
            )
            for one in arguments.serials
        ],
    )  # fmt: skip


def _import(arguments: argparse.Namespace) -> int:
    try:
        lines = read_batch(arguments.file)
    except LedgerError as error:
        return refused(error)
    return _entered(arguments.ledger, lines)


def _entered(path: Path, lines: list[Line]) -> int:
    try:
        with Ledger(path) as ledger:
            done = ledger.enter(lines)
    except LedgerError as error:
        return refused(error)
    print(three_lines("desk.ledger.entered", count=done.new, left=done.known))
    return DONE


def refused(error: LedgerError) -> int:
    """Tell every problem of a batch; the exit code."""
    if not error.problems:
        raise error
    for problem in error.problems[:_SHOWN]:
        print(f"  {problem}", file=sys.stderr)
    if len(error.problems) > _SHOWN:
        print(f"  另有 {len(error.problems) - _SHOWN:,} 行", file=sys.stderr)
    print(three_lines("desk.ledger.refused", count=len(error.problems)), file=sys.stderr)
    return NOT_DONE


def _show(arguments: argparse.Namespace) -> int:
    try:
        number = parse_serial(arguments.serial)
    except ValueError as error:
        raise PackagerError(f"编号 {arguments.serial} 不对，请照标签再核对一遍") from error
    with _open_existing(arguments.ledger) as ledger:
        history = ledger.history(number)
    if not history:
        raise PackagerError(f"台账里没有 {spaced(number)}")
    print(f"编号 {spaced(number)}")
    for line in history:
        more = "　".join(text for text in (line.edition, line.county, line.library, line.hardware, line.note) if text)
        print(f"{line.at.replace('T', ' ')}　{line.state.word}　{line.person}　{more}".rstrip())
    return DONE


def _next(arguments: argparse.Namespace) -> int:
    """Numbers that no drive has, from the one after the highest of the year; a number that was left out stays out."""
    year = arguments.year or int(now()[:4])
    last = ""
    if arguments.ledger.is_file():
        with Ledger(arguments.ledger) as ledger:
            last = ledger.last_of(year)
    used = count_of(last) if last else 0
    if used + arguments.count > MAX_COUNT:
        raise PackagerError(f"{year} 年的编号只剩 {MAX_COUNT - used:,} 个")
    for number in range(used + 1, used + arguments.count + 1):
        print(spaced(serial(year, number)))
    print(f"{year} 年已记到 {spaced(last)}。" if last else f"台账里还没有 {year} 年的编号。")
    return DONE


def _count(text: str) -> int:
    if not 1 <= (count := int(text)) <= _MOST_NUMBERS:
        raise ValueError(text)
    return count


def _year(text: str) -> int:
    if not _FIRST_YEAR <= (year := int(text)) < _FIRST_YEAR + 100:
        raise ValueError(text)
    return year


def _report(arguments: argparse.Namespace) -> int:
    group = GROUPS[arguments.by]
    with _open_existing(arguments.ledger) as ledger:
        rows = report_rows(ledger.drives(), group)
    if arguments.json:
        document = [
            {"key": row.key, "name": row.name, "states": {state.value: n for state, n in row.counts.items()}}
            for row in rows
        ]
        print(json.dumps({"by": group, "rows": document}, ensure_ascii=False))
    else:
        print(report_table(rows, group))
    return DONE


def _open_existing(path: Path) -> Ledger:
    if not path.is_file():
        raise PackagerError(f"没有找到台账 {path}")
    return Ledger(path)
