"""The builder's command line: keys, build, sign, revoke, withdraw, drive, inspect, verify, repair-fill, training.

Every command ends with what happened, what was kept and what comes next, in the words of the reviewed sentences.
Exit codes: 0 done; 1 done, but rows or files were left out (named in `problems.jsonl`); 2 wrong arguments; 3 not done;
130 stopped by the user. `inspect` and `verify` have their own (`packager.audit.cli`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packager import list_commands
from packager.audit.cli import add_commands
from packager.authority import init_keys
from packager.build import BuildOptions, BuildResult, build
from packager.capacity import parse_sizes
from packager.delta.commands import add_delta_command, sign_new_deltas
from packager.drives import is_signed, signed_release, write_drive
from packager.errors import (
    BuildSpaceError,
    DeltaError,
    DriveError,
    DrivesTooSmallError,
    ItemTooLargeError,
    PackagerError,
    SigningError,
    SourceChangedError,
)
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.release import BUNDLE, MAX_SEQ, Release, is_label
from packager.list_commands import pending, sign_in_turn
from packager.production.commands import add_commands as add_production_commands
from packager.publishing.commands import add_publish_commands
from packager.repair.cli import add_repair_fill
from packager.request import RELEASE
from packager.returns.commands import add_returns_commands
from packager.signing import request_release, sign_release
from packager.systems.commands import add_system_commands
from packager.terminal import (
    DONE,
    INTERRUPTED,
    LEFT_OUT,
    NOT_DONE,
    Parser,
    failure,
    passphrases,
    say,
    say_not,
    today,
    words,
)
from provisioning.errors import PassphraseError, ProvisioningError
from provisioning.keys import check_passphrase
from provisioning.roles import key_names
from provisioning.words import Words, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioning.words.filling import Value

DEMONSTRATION = "demonstration-passphrases.txt"
_MOST_WORKERS = 64
_SHOWN = 20
"""Problems shown on the terminal; the rest stand in the file."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.run(arguments))
    except SourceChangedError as error:
        return say_not("desk.source.changed", str(error), id=error.name)
    except BuildSpaceError as error:
        return say_not("desk.build.space", str(error), size=error.missing)
    except DrivesTooSmallError as error:
        return say_not("desk.build.drives_small", str(error), size=error.missing)
    except ItemTooLargeError as error:
        return say_not("desk.build.item_large", str(error), id=error.id, size=error.size)
    except (DriveError, SigningError, DeltaError) as error:
        return say_not(error.sentence, str(error), **error.params)
    except PassphraseError as error:
        return say_not(error.sentence, str(error))
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
    list_commands.add_key_commands(keys)

    made = commands.add_parser("build", help="把一个资源文件夹封装成一版")
    made.add_argument("source", metavar="资源文件夹", type=Path, help="含 catalogue.csv 或 catalogue.jsonl 的文件夹")
    made.add_argument(
        "--work", metavar="工作文件夹", type=Path, required=True, help="工作文件夹；中断后再执行同一命令即接着做"
    )
    made.add_argument("--bundle", metavar="代号", type=_bundle, default="national", help="资源包的代号，如 sichuan")
    made.add_argument("--seq", metavar="序号", type=_seq, help="版次序号；默认接着上一版")
    made.add_argument("--edition", metavar="版次", type=_label, help="版次名称，如 2026.11；默认取签发日的年月")
    made.add_argument("--name", metavar="名称", type=_label, help="资源包的名称，如 四川版；默认按代号")
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

    list_commands.add_commands(commands)

    drive = commands.add_parser("drive", help="把签发的一版写到硬盘（文件夹）")
    drive.add_argument("work", metavar="工作文件夹", type=Path, help="build 的工作文件夹")
    drive.add_argument("target", metavar="硬盘文件夹", type=Path, help="硬盘的文件夹；中断后再执行同一命令即接着做")
    drive.add_argument("--disk", metavar="第几块", type=int, default=0, help="一套有几块硬盘时，写第几块")
    drive.add_argument("--replace", action="store_true", help="盘上是另一块硬盘，或文件夹里另有内容，也照写")
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
    add_delta_command(commands)
    add_publish_commands(commands)
    add_system_commands(commands)
    add_returns_commands(commands)
    return parser


def _bundle(text: str) -> str:
    if not BUNDLE.match(text):
        raise ValueError(text)
    return text


def _label(text: str) -> str:
    if not is_label(text):
        raise ValueError(text)
    return text


def _seq(text: str) -> int:
    if not 1 <= (seq := int(text)) <= MAX_SEQ:
        raise ValueError(text)
    return seq


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
    if any((arguments.keys / f"{name}.pem").exists() for name in key_names()):
        raise PackagerError(f"{arguments.keys} 里已有钥匙，没有改动。钥匙从不覆盖，请换一个文件夹")
    if arguments.demonstration:
        path = arguments.keys / DEMONSTRATION
        files.make_dir(arguments.keys)
        lines = "".join(f"{name}={secrets.token_urlsafe(18)}\n" for name in key_names())
        # Readable by nobody else from the first byte on.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(lines)
        arguments.passphrases = path
    ask = passphrases(arguments.passphrases, new=True)
    # All of them first: a set of keys that ends in the middle could neither be used nor finished.
    chosen = {name: _strong(name, ask(name)) for name in key_names()}
    init_keys(arguments.keys, chosen.__getitem__, today(), files)
    print(f"钥匙已放在 {arguments.keys}。\n每把钥匙请交给不同的人，分开保管；root.json 随开通文件交给各馆。")
    print("下一步：packager build 资源文件夹 --work 工作文件夹")
    return DONE


def _strong(name: str, passphrase: str) -> str:
    try:
        return check_passphrase(passphrase)
    except PassphraseError as error:
        raise PackagerError(f"钥匙 {name} 的密码太弱，没有生成任何钥匙。密码至少 8 个字，其中至少 4 个不同") from error


def _build(arguments: argparse.Namespace) -> int:
    issued = arguments.issued or today()
    options = BuildOptions(
        bundle=arguments.bundle,
        seq=arguments.seq,
        issued=issued.isoformat(),
        edition=arguments.edition or f"{issued:%Y.%m}",
        workers=arguments.workers,
        fonts=tuple(arguments.fonts),
        drive_sizes=arguments.drive_size,
        name=arguments.name or "",
    )
    result = build(arguments.source, arguments.work, options, RealFiles())
    _print_problems(result, arguments.work / "problems.jsonl")
    _print_disks(result)
    item = result.release.number
    say("desk.build.done", count=result.resources, size=result.size, item=item)
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
        say("desk.source.rejects", done=result.resources, left=dropped)
    print(f"{'退回清单' if dropped else '核对清单'}：{path}")


def _print_disks(result: BuildResult) -> None:
    disks = result.release.disks
    for split in result.splits:
        _say_only("desk.build.split", title=split.title, item="、".join(map(str, split.disks)))
    if len(disks) > 1:
        for disk in disks:
            print(f"  第 {disk.n} 块　{numbers.size(disk.bytes)}　{disk.count:,} 种")
        print(f"分成 {len(disks)} 块硬盘；目录和检索文件每块都有。")


def _sign(arguments: argparse.Namespace) -> int:
    files, ask = RealFiles(), passphrases(arguments.passphrases)
    if is_signed(arguments.work) and sign_new_deltas(arguments, ask, files):
        return DONE
    if arguments.by is None:
        signed = sign_release(arguments.work, arguments.keys, ask, files)
        names, edition = "、".join(signed.signers), signed.release.edition
        _say_signed(names, edition)
        return DONE
    if not pending(arguments.work, arguments.keys, RELEASE):
        if is_signed(arguments.work):
            edition = signed_release(arguments.work).edition
            say("desk.sign.already", edition=Words.raw("edition", edition))
            return DONE
        request_release(arguments.work, arguments.keys, files)
    by = sign_in_turn(arguments, ask, files)
    if not by:
        return DONE
    edition = Release.from_bytes((arguments.work / "release.json").read_bytes()).edition
    _say_signed("、".join(by), edition)
    return DONE


def _drive(arguments: argparse.Namespace) -> int:
    written = write_drive(arguments.work, arguments.target, RealFiles(), disk=arguments.disk, replace=arguments.replace)
    parts = (f"新写入 {written.copied:,} 个文件", f"原已在盘上 {written.kept:,} 个")
    told = "，".join(words for words, count in zip(parts, (written.copied, written.kept), strict=True) if count)
    print(f"{told}（{numbers.size(written.size)}），都已核对。")
    print(f"{words().sentence('desk.drive.done', count=1).text}\n下一步：接到书箱主机上")
    return DONE


def _training(arguments: argparse.Namespace) -> int:
    from packager.training import write_training

    folder = write_training(arguments.folder, arguments.fonts)
    print(f"培训资源已放在 {folder.name} 文件夹。\n下一步：packager build {folder} --work 工作文件夹")
    return DONE


def _say_signed(names: str, edition: str) -> None:
    sentence = words().sentence("desk.sign.done", edition=Words.raw("edition", edition), name=names)
    print(f"{sentence.text}\n签发人：{names}。\n下一步：{sentence.button}")


def _say_only(key: str, **params: Value) -> None:
    """The first line alone, as one of several."""
    print(f"  {words().sentence(key, **params).text}")


if __name__ == "__main__":
    sys.exit(main())
