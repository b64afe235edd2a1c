"""The builder's command line: keys, build, sign, withdraw, drive, inspect, verify, repair-fill, training.

Every command ends with what happened, what was kept and what comes next, in the words of the reviewed sentences.
Exit codes: 0 done; 1 done, but rows or files were left out (named in `problems.jsonl`); 2 wrong arguments; 3 not done;
130 stopped by the user. `inspect` and `verify` have their own (`packager.audit.cli`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import difflib
import getpass
import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packager.audit.cli import add_commands
from packager.authority import init_keys
from packager.build import BuildOptions, BuildResult, build, last_signed
from packager.capacity import parse_sizes
from packager.drives import write_drive
from packager.errors import (
    BuildSpaceError,
    DriveError,
    DrivesTooSmallError,
    ItemTooLargeError,
    PackagerError,
    SigningError,
    SourceChangedError,
)
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.layout import DriveLayout
from packager.format.release import Release
from packager.production.commands import add_commands as add_production_commands
from packager.repair.cli import add_repair_fill
from packager.request import RELEASE, WITHDRAW
from packager.signing import (
    approve,
    finish,
    request_release,
    request_withdrawal,
    sign_release,
    withdraw_resources,
)
from packager.terminal import Parser, failure
from packager.truth import read_catalogue
from provisioning.errors import PassphraseError, ProvisioningError
from provisioning.keys import load_key
from provisioning.roles import ONLINE_KEY, key_names
from provisioning.words import Words, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packager.authority import Passphrases
    from provisioning.words.filling import Value

DEMONSTRATION = "demonstration-passphrases.txt"
DONE, LEFT_OUT, NOT_DONE, INTERRUPTED = 0, 1, 3, 130
_MOST_WORKERS = 64
_NEAR = 5
"""Ids that are named beside one that is not known."""
_SHOWN = 20
"""Problems shown on the terminal; the rest stand in the file."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except SourceChangedError as error:
        return _say_not("desk.source.changed", str(error), id=error.name)
    except BuildSpaceError as error:
        return _say_not("desk.build.space", str(error), size=error.missing)
    except DrivesTooSmallError as error:
        return _say_not("desk.build.drives_small", str(error), size=error.missing)
    except ItemTooLargeError as error:
        return _say_not("desk.build.item_large", str(error), id=error.id, size=error.size)
    except (DriveError, SigningError) as error:
        return _say_not(error.sentence, str(error), **error.params)
    except PassphraseError as error:
        return _say_not(error.sentence, str(error))
    except (PackagerError, ProvisioningError, FormatError, OSError) as error:
        print(f"没有办成：{failure(error)}", file=sys.stderr)
        return NOT_DONE
    except KeyboardInterrupt:
        print("\n已停下。做完的都保留，再执行同一命令即接着做。", file=sys.stderr)
        return INTERRUPTED


def _parser() -> Parser:
    parser = Parser(prog="packager", description="书箱：封装、签发、制作资源硬盘。")
    commands = parser.add_subparsers(required=True, metavar="命令", title="命令")
    keys = commands.add_parser("keys", help="签发用的钥匙").add_subparsers(required=True, metavar="命令", title="命令")
    init = keys.add_parser("init", help="生成一套钥匙：root、targets 各三把，snapshot 与 timestamp 合用一把")
    init.add_argument("keys", metavar="钥匙文件夹", type=Path, help="放钥匙的文件夹")
    init.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    init.add_argument("--demonstration", action="store_true", help="演示用：密码随机生成并存在同一文件夹，不可用于发行")
    init.set_defaults(run=_keys_init)

    made = commands.add_parser("build", help="把一个资源文件夹封装成一版")
    made.add_argument("source", metavar="资源文件夹", type=Path, help="含 catalogue.csv 或 catalogue.jsonl 的文件夹")
    made.add_argument(
        "--work", metavar="工作文件夹", type=Path, required=True, help="工作文件夹；中断后再执行同一命令即接着做"
    )
    made.add_argument("--bundle", metavar="代号", default="national", help="资源包的代号")
    made.add_argument("--seq", metavar="序号", type=int, help="版次序号；默认接着上一版")
    made.add_argument("--edition", metavar="版次", help="版次名称，如 2026.11；默认取签发日的年月")
    made.add_argument("--name", metavar="名称", default="", help="资源包的名称，如 四川版；默认按代号")
    made.add_argument(
        "--drive-size",
        metavar="容量",
        type=parse_sizes,
        default=(),
        help="每块硬盘的容量，如 4TB，按需分成几块；写 4TB,4TB,2TB 即分成这三块；不写即一块",
    )
    made.add_argument("--issued", metavar="日期", type=dt.date.fromisoformat, help="签发日，如 2026-11-22；默认今天")
    made.add_argument(
        "--fonts",
        metavar="字体文件夹",
        type=Path,
        action="append",
        default=[],
        help="中文字体的文件夹，供未嵌入字体的 PDF 做封面",
    )
    made.add_argument(
        "--workers",
        metavar="个数",
        type=_workers,
        default=_default_workers(),
        help="同时用几个处理器核；默认全用，最多 4 个",
    )
    made.set_defaults(run=_build)

    sign = commands.add_parser("sign", help="两人签发封装好的一版")
    sign.add_argument("work", metavar="工作文件夹", type=Path, help="build 的工作文件夹")
    sign.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
    sign.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    sign.add_argument("--by", metavar="钥匙", help="只以这一位签发人签，如 targets-1；两人到齐即发行。默认两把都在本机")
    sign.set_defaults(run=_sign)

    withdraw = commands.add_parser("withdraw", help="两人签发下架通知：各版、各包、各块硬盘上的同一资源都不再提供")
    withdraw.add_argument("work", metavar="工作文件夹", type=Path, help="已签发的工作文件夹；下架通知随它写到硬盘")
    withdraw.add_argument("ids", metavar="记录号", nargs="+", help="要下架的资源")
    withdraw.add_argument("--bundle", metavar="代号", default="national", help="由哪个资源包发出通知")
    withdraw.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
    withdraw.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    withdraw.add_argument("--by", metavar="钥匙", help="只以这一位签发人签；两人到齐即生效。默认两把都在本机")
    withdraw.set_defaults(run=_withdraw)

    drive = commands.add_parser("drive", help="把签发的一版写到硬盘（文件夹）")
    drive.add_argument("work", metavar="工作文件夹", type=Path, help="build 的工作文件夹")
    drive.add_argument("target", metavar="硬盘文件夹", type=Path, help="硬盘的文件夹；中断后再执行同一命令即接着做")
    drive.add_argument("--disk", metavar="第几块", type=int, default=0, help="一套有几块硬盘时，写第几块")
    drive.set_defaults(run=_drive)

    add_commands(commands)
    add_repair_fill(commands)

    training = commands.add_parser("training", help="生成培训资源（馆员手册、读者指南）的文件夹，供 build 使用")
    training.add_argument("folder", metavar="文件夹", type=Path, help="放培训资源的文件夹")
    training.add_argument(
        "--fonts", metavar="字体文件夹", type=Path, required=True, help="含 Noto 中文字体分片的文件夹"
    )
    training.set_defaults(run=_training)
    add_production_commands(commands)
    return parser


def _workers(text: str) -> int:
    count = int(text)
    if not 1 <= count <= _MOST_WORKERS:
        raise ValueError(text)
    return count


def _default_workers() -> int:
    """Every core that this process may use, up to four: each may need gigabytes for a moment."""
    return min(4, len(os.sched_getaffinity(0)))


def _keys_init(arguments: argparse.Namespace) -> int:
    files = RealFiles()
    if arguments.demonstration:
        path = arguments.keys / DEMONSTRATION
        files.make_dir(arguments.keys)
        lines = "".join(f"{name}={secrets.token_urlsafe(18)}\n" for name in key_names())
        # Readable by nobody else from the first byte on.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(lines)
        arguments.passphrases = path
    init_keys(arguments.keys, _passphrases(arguments.passphrases, new=True), _today(), files)
    print(f"钥匙已放在 {arguments.keys}。\n每把钥匙请交给不同的人，分开保管；root.json 随开通文件交给各馆。")
    print("下一步：packager build 资源文件夹 --work 工作文件夹")
    return DONE


def _passphrases(path: Path | None, *, new: bool = False) -> Passphrases:
    """Passphrases from a file of `name=passphrase` lines, or asked for one by one."""
    if path is None:

        def ask(name: str) -> str:
            if not sys.stdin.isatty():
                raise PackagerError("这里不能输入密码，请在终端执行，或用 --passphrases 给出密码文件")
            first = getpass.getpass(f"钥匙 {name} 的密码：")
            if new and getpass.getpass("再输入一次：") != first:
                raise PackagerError("两次输入的密码不同")
            return first

        return ask
    known = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)

    def look_up(name: str) -> str:
        if name not in known:
            raise PackagerError(f"{path.name} 里没有钥匙 {name} 的密码")
        return known[name]

    return look_up


def _today() -> dt.date:
    # The command line is where the clock is read: everything below is told the day.
    return dt.datetime.now(dt.UTC).astimezone().date()  # noqa: TID251


def _build(arguments: argparse.Namespace) -> int:
    issued = arguments.issued or _today()
    options = BuildOptions(
        bundle=arguments.bundle,
        seq=arguments.seq,
        issued=issued.isoformat(),
        edition=arguments.edition or f"{issued:%Y.%m}",
        workers=arguments.workers,
        fonts=tuple(arguments.fonts),
        drive_sizes=arguments.drive_size,
        name=arguments.name,
    )
    result = build(arguments.source, arguments.work, options, RealFiles())
    _print_problems(result, arguments.work / "problems.jsonl")
    _print_disks(result)
    item = result.release.number
    _say("desk.build.done", count=result.resources, size=result.size, item=item)
    return LEFT_OUT if result.problems else DONE


def _print_problems(result: BuildResult, path: Path) -> None:
    if not result.problems:
        return
    dropped = sum(not problem.kept for problem in result.problems)
    for problem in result.problems[:_SHOWN]:
        where = f"第 {problem.line} 行" if problem.line else "目录"
        kept = "已收入，请核对" if problem.kept else "没有收入"
        print(f"  {where}　{problem.id or '（无记录号）'}　{problem.reason}　——{kept}")
    if len(result.problems) > _SHOWN:
        print(f"  其余 {len(result.problems) - _SHOWN:,} 处见 {path.name}")
    if dropped:
        _say("desk.source.rejects", done=result.resources, left=dropped)
    print(f"退回清单：{path}")


def _print_disks(result: BuildResult) -> None:
    disks = result.release.disks
    for split in result.splits:
        _say_only("desk.build.split", title=split.title, item="、".join(map(str, split.disks)))
    if len(disks) > 1:
        for disk in disks:
            print(f"  第 {disk.n} 块　{numbers.size(disk.bytes)}　{disk.count:,} 种")
        print(f"分成 {len(disks)} 块硬盘；目录和检索文件每块都有。")


def _sign(arguments: argparse.Namespace) -> int:
    files, ask = RealFiles(), _passphrases(arguments.passphrases)
    if arguments.by is None:
        signed = sign_release(arguments.work, arguments.keys, ask, files)
        names, edition = "、".join(signed.signers), signed.release.edition
        _say_signed(names, edition)
        return DONE
    if not _pending(arguments.work, RELEASE):
        request_release(arguments.work, arguments.keys, files)
    if not _sign_in_turn(arguments, ask, files):
        return DONE
    edition = Release.from_bytes((arguments.work / "release.json").read_bytes()).edition
    _say_signed(arguments.by, edition)
    return DONE


def _pending(work: Path, kind: str) -> bool:
    """Whether a request of that kind waits for signatures; nobody signs another kind than they were asked to."""
    try:
        found = json.loads((work / "request" / "change.json").read_bytes())["kind"]
    except FileNotFoundError:
        return False
    if found != kind:
        raise PackagerError("这个工作文件夹里还有另一份申请没有签完，请先办完那一份")
    return (work / "request" / "targets.json").exists()


def _sign_in_turn(arguments: argparse.Namespace, ask: Passphrases, files: RealFiles) -> bool:
    """Add one person's signature to the request of a work folder; whether that was the last one and it is published."""
    key = load_key(arguments.keys / f"{arguments.by}.pem", ask(arguments.by))
    request = approve(arguments.work, arguments.keys, key, files)
    if not request.ready:
        _say("desk.sign.one", name=arguments.by)
        return False
    finish(arguments.work, arguments.keys, load_key(arguments.keys / f"{ONLINE_KEY}.pem", ask(ONLINE_KEY)), files)
    return True


def _withdraw(arguments: argparse.Namespace) -> int:
    files, ask, wanted = RealFiles(), _passphrases(arguments.passphrases), list(dict.fromkeys(arguments.ids))
    known = {resource.id for resource in read_catalogue(DriveLayout(arguments.work))}
    for name in (name for name in wanted if name not in known):
        near = "、".join(difflib.get_close_matches(name, sorted(known), _NEAR)) or "没有相近的"
        return _say_not("desk.withdraw.unknown", near, id=name)
    last = last_signed(DriveLayout(arguments.work), arguments.bundle)
    if last is None:
        return _say_not("desk.drive.not_signed", f"no release of {arguments.bundle} was signed in this work folder")
    if arguments.by is None:
        withdraw_resources(arguments.work, arguments.keys, ask, arguments.bundle, wanted, _today(), files)
    else:
        if not _pending(arguments.work, WITHDRAW):
            request_withdrawal(arguments.work, arguments.keys, arguments.bundle, wanted, _today(), files)
        if not _sign_in_turn(arguments, ask, files):
            return DONE
    _say("desk.withdraw.done", count=len(wanted))
    return DONE


def _drive(arguments: argparse.Namespace) -> int:
    written = write_drive(arguments.work, arguments.target, RealFiles(), disk=arguments.disk)
    parts = (f"新写入 {written.copied:,} 个文件", f"原已在盘上 {written.kept:,} 个")
    told = "，".join(words for words, count in zip(parts, (written.copied, written.kept), strict=True) if count)
    print(f"{told}（{numbers.size(written.size)}），都已核对。")
    print(f"{_words().sentence('desk.drive.done', count=1).text}\n下一步：接到书箱主机上")
    return DONE


def _training(arguments: argparse.Namespace) -> int:
    from packager.training import write_training

    folder = write_training(arguments.folder, arguments.fonts)
    print(f"培训资源已放在 {folder.name} 文件夹。\n下一步：packager build {folder} --work 工作文件夹")
    return DONE


def _say_signed(names: str, edition: str) -> None:
    sentence = _words().sentence("desk.sign.done", edition=Words.raw("edition", edition), name=names)
    print(f"{sentence.text}\n签发人：{names}。\n下一步：{sentence.button}")


def _words() -> Words:
    return Words.load("zh-Hans")


def _say(key: str, **params: Value) -> None:
    """Three lines: what happened; what was kept; what comes next."""
    sentence = _words().sentence(key, **params)
    print(sentence.text)
    if sentence.second:
        print(sentence.second)
    if sentence.button:
        print(f"下一步：{sentence.button}")


def _say_only(key: str, **params: Value) -> None:
    """The first line alone, as one of several."""
    print(f"  {_words().sentence(key, **params).text}")


def _say_not(key: str, detail: str, **params: Value) -> int:
    sentence = _words().sentence(key, **params)
    print(f"{sentence.text}\n{sentence.second}\n下一步：{sentence.button}\n（{detail}）", file=sys.stderr)
    return NOT_DONE


if __name__ == "__main__":
    sys.exit(main())
