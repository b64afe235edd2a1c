"""`packager returns receive`, `take` and `list`."""

from __future__ import annotations

import datetime as dt
import logging
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.errors import PackagerError
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.machine_keys import machine_key
from packager.format.reports import MAX_REPORT
from packager.returns.application import Receiver
from packager.returns.enrolled import Enrolled
from packager.returns.registered import Registered
from packager.returns.store import ReturnStore, alone, kept_in
from packager.terminal import DONE, LEFT_OUT, say
from provisioning.desk_keys import trusted_keys
from provisioning.errors import RegistryError

if TYPE_CHECKING:
    import argparse

RECEIVER_KEY = "receiver.key"
MAX_FILES = 10_000
SILENT_MONTHS = 3
_REASONS = {
    "report-signature": "签名核对不上",
    "report-unknown": "设备没有登记",
    "report-older": "已有较新的一份",
    "report-time": "日期不合常理",
    "too-large": "文件过大",
}
_KINDS = {"edition": "版次", "drive": "硬盘", "damage": "损坏文件", "withdrawn": "下架", "wish": "需求"}
_LISTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\s]+):(?P<port>[0-9]{1,5})\Z")


def add_returns_commands(commands: Any) -> None:
    """Add `returns` to the builder's commands (what `argparse.add_subparsers` gives)."""
    returns = commands.add_parser("returns", help="收各馆报送的报表").add_subparsers(
        required=True, metavar="命令", title="命令"
    )
    received = returns.add_parser("receive", help="接收各馆联网报送的报表，直到停下")
    received.add_argument(
        "--listen",
        metavar="地址:端口",
        type=_listen,
        required=True,
        help="如 127.0.0.1:8090；对外加 HTTPS 由前置服务器做",
    )
    taken = returns.add_parser("take", help="收 U盘或文件夹里带来的报表")
    taken.add_argument("folder", metavar="文件夹", type=Path, help="U盘，或放有 .report 文件的文件夹")
    listed = returns.add_parser("list", help="列出收到的报表")
    for command in (received, taken, listed):
        command.add_argument("--store", metavar="报表文件夹", type=Path, required=True, help="存放收到的报表")
        known = command.add_mutually_exclusive_group(required=command is not listed)
        known.add_argument("--keys", metavar="公钥文件夹", type=Path, help="各馆设备的公钥：馆号.pub")
        known.add_argument("--registry", metavar="设备名单", type=Path, help="provisioning enrol 签出的名单")
        command.add_argument("--trust", metavar="公钥文件夹", type=Path, help="核对设备名单用，含 box-*.pub")
    received.set_defaults(run=_receive)
    taken.set_defaults(run=_take)
    listed.set_defaults(run=_list)


def _listen(text: str) -> tuple[str, int]:
    found = _LISTEN.match(text)
    if found is None or int(found["port"]) > 65535:
        raise ValueError(text)
    return found["host"].strip("[]"), int(found["port"])


def _now() -> dt.datetime:
    # The command line is where the clock is read: everything below is told the time.
    return dt.datetime.now(dt.UTC)  # noqa: TID251


def _store(arguments: argparse.Namespace) -> ReturnStore:
    enrolled = _enrolled(arguments)
    if enrolled is None:
        raise PackagerError("没有写各馆的设备公钥：--keys 或 --registry")
    key = machine_key(arguments.store / RECEIVER_KEY)
    return ReturnStore(arguments.store, enrolled, key, RealFiles(), _now)


def _enrolled(arguments: argparse.Namespace) -> Enrolled | Registered | None:
    """Who may report; None when nothing was said of it."""
    if arguments.registry:
        if not arguments.trust:
            raise PackagerError("用设备名单时还要写 --trust，含 box-*.pub 的文件夹")
        try:
            return Registered(arguments.registry, trusted_keys(arguments.trust))
        except RegistryError as error:
            raise PackagerError(f"设备名单 {arguments.registry.name} 不完整，或不是这些钥匙签的") from error
    if arguments.keys is None:
        return None
    if not arguments.keys.is_dir():
        raise PackagerError(f"没有公钥文件夹：{arguments.keys}")
    return Enrolled(arguments.keys)


def _receive(arguments: argparse.Namespace) -> int:
    from packager.returns.server import server_of

    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with alone(arguments.store) as is_alone:
        if not is_alone:
            raise PackagerError("另一个 packager returns 正在用这个报表文件夹")
        store = _store(arguments)
        server = server_of(Receiver(store, time.monotonic), *arguments.listen)
        public = machine_key(arguments.store / RECEIVER_KEY).public.raw.hex()
        print(f"正在 {arguments.listen[0]}:{server.effective_port} 接收报表。回执的公钥：{public}", flush=True)
        signal.signal(signal.SIGTERM, lambda _number, _frame: (_ for _ in ()).throw(SystemExit(DONE)))
        try:
            server.run()
        finally:
            server.close()
    return DONE


def _take(arguments: argparse.Namespace) -> int:
    refused = 0
    with alone(arguments.store) as is_alone:
        if not is_alone:
            raise PackagerError("正在接收联网报送的报表；请先停下，或把文件交给那一台")
        store = _store(arguments)
        for path in sorted(arguments.folder.rglob("*.report"))[:MAX_FILES]:
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                content = file.read(MAX_REPORT + 1)
            try:
                kept = store.take(content)
            except FormatError as error:
                refused += 1
                print(f"  没有计入　{path.name}：{_REASONS.get(error.code, '不完整，或不是报表')}。")
                continue
            head = kept.report.head
            if kept.again:
                say("desk.returns.duplicate", library=head.library, month=head.month)
            else:
                print(f"  已收下　{head.library} {head.month} 第 {head.number} 份。")
            RealFiles().write_atomic(path.with_suffix(".receipt"), kept.receipt.content)
    return LEFT_OUT if refused else DONE


def _list(arguments: argparse.Namespace) -> int:
    if not arguments.store.is_dir():
        raise PackagerError(f"没有报表文件夹：{arguments.store}")
    enrolled = _enrolled(arguments)
    newest: dict[str, str] = {}
    count = 0
    for kept in kept_in(arguments.store):
        head, facts = kept.report.head, Counter(fact["of"] for fact in kept.report.facts)
        told = "，".join(f"{word} {facts[kind]:,}" for kind, word in _KINDS.items() if facts[kind])
        print(f"{head.month}　{head.library}　第 {head.number} 份，{kept.receipt.at[:10]} 收到：{told or '没有内容'}。")
        newest[head.library] = max(head.month, newest.get(head.library, ""))
        count += 1
    print(f"共 {count:,} 份，{len(newest):,} 个馆。")
    if enrolled is not None:
        now = _now()
        months = now.year * 12 + now.month - 1 - SILENT_MONTHS
        since = f"{months // 12:04d}-{months % 12 + 1:02d}"
        silent = [library for library in enrolled.libraries() if newest.get(library, "") <= since]
        if silent:
            say("desk.returns.none", count=len(silent))
    return DONE
