"""`provisioning batch`, `reissue`, `recovery`: box files, cards and recovery sticks for libraries."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.box_members import (
    MAX_NAME,
    MAX_ORIGINS,
    MAX_ROOT,
    WINDOW,
    ReportTo,
    Support,
    Updates,
    is_day,
    is_line,
    is_root,
    is_url,
)
from provisioning.desk_keys import BOX_KEYS, load_secret, load_signer
from provisioning.errors import CommandError
from provisioning.issuing import (
    NEW_RECOVERY,
    REASONS,
    Change,
    Entry,
    Planned,
    Terms,
    enter_made,
    issued,
    plan_again,
    plan_batch,
)
from provisioning.ledger import Ledger
from provisioning.library_list import Defaults, read_list
from provisioning.making import BOXES, CARDS, Made, write_boxes
from provisioning.recovering import write_recoveries
from provisioning.terminal import DONE, passphrases, say, today
from provisioning.writing import read_bounded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from provisioning.derived import Secret
    from provisioning.keys import Key

LEDGER = "ledger.db"
YEARS = 2
"""A box file may be applied the first time for so long, unless told otherwise."""
_MOST_WORKERS, _MOST_NOTE = 64, 200
_NAMED = 40
"""Files of cards that are named; more are counted."""


def add_batch_commands(commands: Any) -> None:
    """Add the three (`commands` is what `argparse.add_subparsers` gives)."""
    batch = commands.add_parser("batch", help="按名单生成各馆的开通文件和开通卡")
    batch.add_argument("list", metavar="名单", type=Path, help="CSV 文件，表头见手册；UTF-8 或 GB18030")
    batch.add_argument("--root", metavar="文件", type=Path, required=True, help="资源签发用的 root.json")
    batch.add_argument("--origin", metavar="网址", type=_url, action="append", default=[], help="更新站点；可写几次")
    batch.add_argument("--window", metavar="时段", type=_window, default="22:00-06:00", help="更新时段，或“全天”")
    batch.add_argument("--support", metavar="单位", type=_name, default="", help="技术支持的单位")
    batch.add_argument("--phone", metavar="电话", type=_name, default="", help="技术支持的电话")
    batch.set_defaults(run=_batch)

    again = commands.add_parser("reissue", help="补发：U盘遗失、更换主机、馆名或网络变动；旧的一份随之作废")
    again.add_argument("libraries", metavar="馆号", nargs="+", help="如 CN-510726")
    whys = {why: told for why, told in REASONS.items() if why != "batch"}
    listed = "；".join(f"{why}：{told}" for why, told in whys.items())
    again.add_argument("--why", metavar="原因", choices=list(whys), required=True, help=listed)
    again.add_argument("--note", metavar="备注", type=_note, default="", help=f"记入台账，至多 {_MOST_NOTE} 字")
    again.add_argument(
        "--list", metavar="名单", type=Path, help="馆名、网络等按这份名单改；更新、技术支持各格空着的照旧"
    )
    again.add_argument("--root", metavar="文件", type=Path, help="换用新的 root.json；默认照旧")
    again.set_defaults(run=_reissue, origin=[], window="22:00-06:00", support="", phone="")

    recovery = commands.add_parser("recovery", help="做恢复 U盘：馆长忘记密码时用")
    recovery.add_argument("libraries", metavar="馆号", nargs="*", help="如 CN-510726")
    recovery.add_argument("--all", action="store_true", help="台账里的每个馆")
    recovery.set_defaults(run=_recovery)
    for command, told in ((batch, "报表报送的网址；没有时只能用 U盘报送"), (again, "报表报送的网址；默认照旧")):
        command.add_argument("--report-url", metavar="网址", type=_url, help=told)
        command.add_argument("--report-key", metavar="公钥", type=_key, help="签发回执的公钥")
        command.add_argument("--issued", metavar="日期", type=dt.date.fromisoformat, help="签发日；默认今天")
        command.add_argument(
            "--expires", metavar="日期", type=dt.date.fromisoformat, help=f"最晚的开通日；默认 {YEARS} 年后"
        )
        command.add_argument(
            "--image-floor", metavar="日期", type=dt.date.fromisoformat, help="主机日期不会早于这一天；默认签发日"
        )
        command.add_argument("--sign-with", metavar="钥匙", choices=BOX_KEYS, default=BOX_KEYS[0], help="默认 box-1")
        command.add_argument(
            "--workers", metavar="个数", type=_workers, default=len(os.sched_getaffinity(0)), help="同时用几个处理器核"
        )
    for command in (batch, again, recovery):
        command.add_argument("--to", metavar="文件夹", type=Path, required=True, help="放到哪里；中断后再执行即接着做")
        command.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
        command.add_argument(
            "--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问"
        )
        command.add_argument("--ledger", metavar="台账", type=Path, help=f"默认在钥匙文件夹里：{LEDGER}")
        command.add_argument("--by", metavar="经手人", default="", help="记入台账")


def _url(text: str) -> str:
    if not is_url(text):
        raise ValueError(text)
    return text


def _name(text: str) -> str:
    if not is_line(MAX_NAME, empty=True)(text):
        raise ValueError(text)
    return text


def _note(text: str) -> str:
    if not is_line(_MOST_NOTE, empty=True)(text):
        raise ValueError(text)
    return text


def _window(text: str) -> str:
    if text == "全天":
        return ""
    if not WINDOW.match(text):
        raise ValueError(text)
    return text


def _key(text: str) -> str:
    if len(bytes.fromhex(text)) != 32 or text != text.lower():
        raise ValueError(text)
    return text


def _workers(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MOST_WORKERS:
        raise ValueError(text)
    return count


def _batch(arguments: argparse.Namespace) -> int:
    updates = Updates(tuple(dict.fromkeys(arguments.origin)), arguments.window)
    if len(updates.origins) > MAX_ORIGINS:
        raise CommandError(f"更新站点最多写 {MAX_ORIGINS} 个")
    listed = read_list(arguments.list, Defaults(Support(arguments.support, arguments.phone), updates))
    root = _root(arguments.root)
    key, secret = _opened(arguments)
    report = ReportTo(arguments.report_url or "", arguments.report_key or "")
    if listed.unused:
        print(f"没有用到的列：{'、'.join(listed.unused)}")
    with Ledger(_ledger(arguments)) as ledger:
        terms = _terms(arguments, root, report, key, secret)
        planned = plan_batch(ledger, listed.rows, terms, _entry(arguments))
        made = _write(arguments, ledger, planned, key, secret)
    _tell(arguments, made)
    without = sum(not row.updates.origins for row in listed.rows)
    if without:
        print(f"{without:,} 个馆没有更新站点（--origin，或名单里“更新站点”一列），只能用硬盘和 U盘更新。")
    say("desk.boxfiles.done", count=len(made.files))
    return DONE


def _reissue(arguments: argparse.Namespace) -> int:
    rows = {}
    if arguments.list:
        listed = read_list(arguments.list, Defaults(), _before(_ledger(arguments)))
        rows = {row.library.id: row for row in listed.rows}
        missing = [library for library in arguments.libraries if library not in rows]
        if missing:
            raise CommandError(f"名单里没有：{'、'.join(missing)}")
    new_root = _root(arguments.root) if arguments.root else None
    key, secret = _opened(arguments)
    with Ledger(_ledger(arguments)) as ledger:
        known = issued(ledger)
        changes = {
            library: Change(arguments.why, arguments.note, rows.get(library), _report(arguments, known, library))
            for library in arguments.libraries
        }
        planned = plan_again(
            ledger,
            changes,
            lambda root: _terms(arguments, new_root or root, ReportTo(), key, secret),
            _entry(arguments),
        )
        made = _write(arguments, ledger, planned, key, secret, apart=True)
    for one in planned:
        print(f"  {one.name}　第 {one.serial} 份（{REASONS[one.line['why']]}）")
    _tell(arguments, made)
    print("已有账号的主机，各人的密码不变；新密码只用于还没有账号的主机。")
    if arguments.why == NEW_RECOVERY:
        print(f"恢复 U盘请再做新的：provisioning recovery {' '.join(arguments.libraries)}")
    say("desk.boxfiles.reissued", count=len(made.files))
    return DONE


def _before(path: Path) -> dict[str, Defaults]:
    """What every library has that the command line of its batch may have said, and no list."""
    if not path.exists():
        return {}
    with Ledger(path) as ledger:
        found = issued(ledger)
    return {
        library: Defaults(
            Support(**one.line["said"]["support"]),
            Updates(**{**one.line["said"]["updates"], "origins": tuple(one.line["said"]["updates"]["origins"])}),
        )
        for library, one in found.items()
    }


def _report(arguments: argparse.Namespace, known: dict[str, Planned], library: str) -> ReportTo | None:
    """Where reports go from now on; None: as before."""
    if (arguments.report_url is None and arguments.report_key is None) or library not in known:
        return None
    before = known[library].line["said"]["report"]
    return ReportTo(
        before["url"] if arguments.report_url is None else arguments.report_url,
        before["key"] if arguments.report_key is None else arguments.report_key,
    )


def _recovery(arguments: argparse.Namespace) -> int:
    if bool(arguments.libraries) == arguments.all:
        raise CommandError("请写馆号，或写 --all")
    secret = load_secret(arguments.keys, passphrases(arguments.passphrases))
    with Ledger(_ledger(arguments)) as ledger:
        names = write_recoveries(ledger, arguments.libraries, arguments.to, secret, _entry(arguments), today())
    for name in names[:20]:
        print(f"  {name}")
    if len(names) > 20:
        print(f"  另有 {len(names) - 20:,} 个")
    say("desk.recovery.done", count=len(names))
    return DONE


def _root(path: Path) -> str:
    content = read_bounded(path, MAX_ROOT)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if not is_root(text):
        raise CommandError(f"{path.name} 不是资源签发用的 root.json，没有生成。请用 packager keys 生成的那一份")
    return text


def _opened(arguments: argparse.Namespace) -> tuple[Key, Secret]:
    ask = passphrases(arguments.passphrases)
    return load_signer(arguments.keys, arguments.sign_with, ask), load_secret(arguments.keys, ask)


def _ledger(arguments: argparse.Namespace) -> Path:
    return arguments.ledger or Path(arguments.keys / LEDGER)


def _entry(arguments: argparse.Namespace) -> Entry:
    # The command line is where the clock is read: everything below is told the time.
    return Entry(f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}", arguments.by[:200])  # noqa: TID251


def _terms(arguments: argparse.Namespace, root: str, report: ReportTo, key: Key, secret: Secret) -> Terms:
    day = arguments.issued or today()
    later = day.replace(year=day.year + YEARS, day=28) if (day.month, day.day) == (2, 29) else None
    expires = arguments.expires or later or day.replace(year=day.year + YEARS)
    floor = arguments.image_floor or day
    if not all(is_day(one.isoformat()) for one in (day, expires, floor)):
        raise CommandError("日期要在 2020 年至 2100 年之间，没有生成。请核对这台电脑的日期")
    if expires <= day:
        raise CommandError(f"最晚的开通日 {expires} 不在签发日 {day} 之后，没有生成。请改 --expires")
    if floor > min(expires, max(day, today())):
        # A box believes no clock below that day: one of the future would call its own file expired.
        raise CommandError(f"--image-floor {floor} 晚于今天或最晚的开通日，没有生成。请改早")
    return Terms(root, day, expires, floor, report, key.id, secret.id)


def _write(
    arguments: argparse.Namespace,
    ledger: Ledger,
    planned: list[Planned],
    key: Key,
    secret: Secret,
    *,
    apart: bool = False,
) -> Made:
    tell = _progress(len(planned))
    made = write_boxes(planned, arguments.to, key, secret, workers=arguments.workers, tell=tell, apart=apart)
    enter_made(ledger, made.files, _entry(arguments))
    return made


def _progress(total: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if sys.stderr.isatty() and (done == total or not done % 10):
            end = "\n" if done == total else ""
            print(f"\r已生成 {done:,} / {total:,}", end=end, file=sys.stderr, flush=True)

    return tell


def _tell(arguments: argparse.Namespace, made: Made) -> None:
    new = len(made.files) - made.kept
    parts = (f"新生成 {new:,} 份", f"原已生成 {made.kept:,} 份")
    print("，".join(words for words, count in zip(parts, (new, made.kept), strict=True) if count) + "，都已记入台账。")
    print(f"开通文件：{arguments.to / BOXES}")
    names = "、".join(path.name for path in made.cards[:_NAMED])
    more = f"等 {len(made.cards):,} 个文件" if len(made.cards) > _NAMED else ""
    where = made.cards[0] if len(made.cards) == 1 else f"{arguments.to / CARDS}：{names}{more}"
    print(f"开通卡：{where}，用浏览器打开即可打印")
