"""`provisioning verify` and `provisioning ledger`: whose box files these are, whether they hold, what was done.

`verify` is read by programs too (`--json`): one document, the same facts as the lines.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.batch_commands import LEDGER
from provisioning.box_errors import BoxFileError
from provisioning.box_file import MAX_BOX, BoxFile, box_file_name, open_box
from provisioning.desk_keys import trusted_keys
from provisioning.errors import CommandError
from provisioning.issuing import ISSUED, MADE, REASONS
from provisioning.ledger import Ledger
from provisioning.terminal import DONE, LEFT_OUT, printable, today, words
from provisioning.writing import read_bounded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from provisioning.keys import PublicKey

MAX_FILES = 50_000
_VALID, _EXPIRED = "valid", "expired"
_STATES = {
    _VALID: "有效", _EXPIRED: "已过有效期，不能再用来开通", "older": "已有更新的一份", "unknown": "台账里没有这一份",
    "box.tampered": "与签发时不一致，或不是这些钥匙签的", "box.schema": "要较新的系统才能使用",
    "box.size": "太大，不是开通文件", "misnamed": "文件名是另一个馆的，请勿分发",
}  # fmt: skip
_KINDS = {"root": "换用 root.json", "issued": "签发", "made": "写成", "recovery": "恢复文件", "device": "登记设备",
          "retired": "停用设备", "registry": "设备名单"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file is. state: a key of the words above; box: None when it cannot be read."""

    name: str
    state: str
    box: BoxFile | None


def add_verify_commands(commands: Any) -> None:
    """Add `verify` and `ledger`."""
    verify = commands.add_parser("verify", help="核对开通文件：是哪个馆的、是否有效、到哪天")
    verify.add_argument("path", metavar="文件或文件夹", type=Path, help="一个 .box 文件，或含有它们的文件夹、U盘")
    verify.add_argument("--trust", metavar="公钥文件夹", type=Path, required=True, help="含 box-*.pub 的文件夹")
    verify.add_argument("--ledger", metavar="台账", type=Path, help="给出时还核对是不是最新的一份")
    verify.add_argument("--today", metavar="日期", type=dt.date.fromisoformat, help="按哪一天算有效期；默认今天")
    verify.add_argument("--json", action="store_true", help="给程序读的形式")
    verify.set_defaults(run=_verify)
    ledger = commands.add_parser("ledger", help="核对台账；写明 --library 时列出这个馆的记录")
    ledger.add_argument("keys", metavar="钥匙文件夹", type=Path, help=f"台账 {LEDGER} 所在的文件夹，或台账文件")
    ledger.add_argument("--library", metavar="馆号", default="", help="列出这个馆的记录，如 CN-510726")
    ledger.set_defaults(run=_ledger)


def verify_files(
    paths: Sequence[Path], keys: Sequence[PublicKey], day: dt.date, ledger: Ledger | None
) -> Iterator[Verified]:
    """What each file is, in the order given.

    Args:
        paths: of the files.
        keys: whose signature counts.
        day: on which they would be applied.
        ledger: when given, files that it does not know, or knows newer ones of, are told apart.

    Raises:
        CommandError: the ledger cannot be read.
        OSError: a file cannot be read.
    """
    made = {line["sha256"] for line in ledger.lines(MADE)} if ledger else set()
    newest = {library: line["serial"] for library, line in ledger.last_by_library(ISSUED).items()} if ledger else {}
    for path in paths:
        try:
            box = open_box(read_bounded(path, MAX_BOX), keys)
        except BoxFileError as error:
            yield Verified(path.name, error.code, None)
            continue
        state = _EXPIRED if day > box.expires else _VALID
        if not _named(path.name, box):
            state = "misnamed"
        if ledger:
            known = hashlib.sha256(box.content).hexdigest() in made
            state = "unknown" if not known else "older" if box.serial < newest[box.library.id] else state
        yield Verified(path.name, state, box)


def _named(name: str, box: BoxFile) -> bool:
    """Whether a file's name is not another library's: copies, as `county-510726 (1).box`, keep their own."""
    own = re.escape(box_file_name(box.library.id).removesuffix(".box"))
    return not name.startswith("county-") or bool(re.match(own + "[^A-Za-z0-9-]", name))


def _verify(arguments: argparse.Namespace) -> int:
    paths = [arguments.path] if not arguments.path.is_dir() else sorted(arguments.path.rglob("*.box"))[:MAX_FILES]
    paths = [path for path in paths if path == arguments.path or (path.is_file() and not path.is_symlink())]
    if not paths:
        raise CommandError(f"{arguments.path} 里没有开通文件（.box）")
    keys, day = trusted_keys(arguments.trust), arguments.today or today()
    if arguments.ledger:
        arguments.ledger.stat()
        with Ledger(arguments.ledger) as ledger:
            found = list(verify_files(paths, keys, day, ledger))
    else:
        found = list(verify_files(paths, keys, day, None))
    right = sum(one.state == _VALID for one in found)
    if arguments.json:
        print(json.dumps({"files": [_document(one) for one in found], "valid": right}, ensure_ascii=False, indent=1))
    else:
        for one in found:
            print(_line(one))
        print(f"共 {len(found):,} 份，有效 {right:,} 份。")
    return DONE if right == len(found) else LEFT_OUT


def _line(one: Verified) -> str:
    name = printable(one.name)
    if one.box is None:
        return f"  ✗ {name}　{_STATES[one.state]}"
    box, mark = one.box, "✓" if one.state == _VALID else "✗"
    said = f"{box.library.name}（{box.library.id}）第 {box.serial} 份，{box.issued} 签发，可用来开通到 {box.expires}"
    return f"  {mark} {name}　{said}；{_STATES[one.state]}。钥匙 {box.keyid[:12]}"


def _document(one: Verified) -> dict[str, Any]:
    box = one.box
    if box is None:
        return {"file": one.name, "state": one.state}
    return {
        "file": one.name, "state": one.state, "library": box.library.id, "name": box.library.name,
        "place": box.library.place, "serial": box.serial, "issued": box.issued.isoformat(),
        "expires": box.expires.isoformat(), "key": box.keyid, "sha256": box.sha256,
    }  # fmt: skip


def _ledger(arguments: argparse.Namespace) -> int:
    path = arguments.keys / LEDGER if arguments.keys.is_dir() else arguments.keys
    path.stat()
    with Ledger(path) as ledger:
        count, digest = ledger.check()
        lines = ledger.lines(library=arguments.library) if arguments.library else []
        libraries = ledger.last_by_library(ISSUED)
    if arguments.library and not lines:
        raise CommandError(f"台账里没有这个馆：{printable(arguments.library)}")
    for line in lines:
        print(f"  {line['at'][:10]}　{_told(line)}")
    sentence = words().sentence("desk.ledger.whole", count=count)
    print(f"{sentence.text}\n{sentence.second}\n末行校验值：{digest}\n记有 {len(libraries):,} 个馆的开通文件。")
    return DONE


def _told(line: Any) -> str:
    said = _KINDS.get(line["what"], line["what"])
    if line["what"] == ISSUED:
        note = f"，{line['note']}" if line["note"] else ""
        said = f"签发第 {line['serial']} 份：{REASONS[line['why']]}{note}"
    elif line["what"] == MADE:
        said = f"第 {line['serial']} 份写成，{line['sha256'][:12]}…"
    elif "key" in line:
        said = f"{said} {line['key'][:12]}…"
    return f"{said}　{line['by']}".rstrip()
