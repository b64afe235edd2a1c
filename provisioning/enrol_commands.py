"""`provisioning enrol`: devices that came home are checked, entered, and put into a signed registry."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.batch_commands import LEDGER
from provisioning.desk_keys import BOX_KEYS, load_signer
from provisioning.device_file import ENDING, MAX_DEVICE, DeviceFile, read_device
from provisioning.enrolling import enrol, sign_registry
from provisioning.errors import CommandError, DeviceFileError, ListError
from provisioning.issuing import Entry
from provisioning.ledger import Ledger
from provisioning.terminal import DONE, passphrases, say, today
from provisioning.writing import read_bounded, write_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

MAX_FILES = 20_000
_FINGERPRINT = 16


def add_enrol_commands(commands: Any) -> None:
    """Add `enrol`."""
    enrolled = commands.add_parser("enrol", help="登记各馆主机的设备公钥，签出设备名单")
    enrolled.add_argument(
        "files",
        metavar="设备文件",
        nargs="*",
        type=Path,
        help=f"{ENDING} 文件，或含有它们的文件夹；不写时只重签名单",
    )
    enrolled.add_argument("--text", metavar="文字", action="append", default=[], help="二维码里的文字；可写几次")
    enrolled.add_argument("--replace", action="store_true", help="换了主机：旧的一台停用")
    enrolled.add_argument("--to", metavar="文件", type=Path, required=True, help="签好的设备名单，交给收报表的一台")
    enrolled.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
    enrolled.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”；没有时逐把询问")
    enrolled.add_argument("--ledger", metavar="台账", type=Path, help=f"默认在钥匙文件夹里：{LEDGER}")
    enrolled.add_argument("--by", metavar="经手人", default="", help="记入台账")
    enrolled.add_argument("--sign-with", metavar="钥匙", choices=BOX_KEYS, default=BOX_KEYS[0], help="默认 box-1")
    enrolled.set_defaults(run=_enrol)


def _enrol(arguments: argparse.Namespace) -> int:
    devices = _devices(arguments.files, arguments.text)
    if (arguments.files or arguments.text) and not devices:
        raise CommandError(f"没有找到设备文件（{ENDING}）")
    key = load_signer(arguments.keys, arguments.sign_with, passphrases(arguments.passphrases))
    # The command line is where the clock is read: everything below is told the time.
    entry = Entry(f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}", arguments.by[:200])  # noqa: TID251
    with Ledger(arguments.ledger or arguments.keys / LEDGER) as ledger:
        done = enrol(ledger, devices, entry, replace=arguments.replace)
        registry = sign_registry(ledger, key, entry, today())
    write_file(arguments.to, registry.content)
    for device in done.new:
        print(f"  {device.library}　设备 {device.key.raw.hex()[:_FINGERPRINT]}…")
    parts = (("新登记 {:,} 台", len(done.new)), ("原已登记 {:,} 台", done.known), ("停用 {:,} 台", done.retired))
    told = "，".join(words.format(count) for words, count in parts if count)
    if told:
        print(f"{told}。")
    say("desk.devices.signed", count=len(registry.devices), n=registry.number)
    return DONE


def _devices(paths: Sequence[Path], texts: Sequence[str]) -> dict[str, DeviceFile]:
    found: dict[str, DeviceFile] = {}
    problems = []
    for name, content in [*_files(paths), *((f"第 {n} 段文字", text.encode()) for n, text in enumerate(texts, 1))]:
        try:
            found[name] = read_device(content)
        except DeviceFileError:
            problems.append(f"{name}　不完整，或签名核对不上")
    if problems:
        raise ListError("有几个设备文件不能登记，这一批都没有登记。请这几个馆重新导出，再执行同一命令", tuple(problems))
    return found


def _files(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        named = sorted(path.rglob(f"*{ENDING}"))[:MAX_FILES] if path.is_dir() else [path]
        for one in named:
            if one == path or (one.is_file() and not one.is_symlink()):
                yield str(one), read_bounded(one, MAX_DEVICE)
