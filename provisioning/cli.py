"""The command line of the provisioning desk: keys, batch, reissue, recovery, flash, verify, ledger, enrol, kiosk.

Every command ends with what happened, what was kept and what comes next, in the words of the reviewed sentences.
Exit codes: 0 done; 1 done, but something was refused; 2 wrong arguments; 3 not done; 130 stopped by the user.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from provisioning import terminal
from provisioning.batch_commands import add_batch_commands
from provisioning.desk_keys import NAMES, make_desk_keys
from provisioning.enrol_commands import add_enrol_commands
from provisioning.errors import CommandError, ListError, PassphraseError, ProvisioningError
from provisioning.flash.commands import add_flash_command
from provisioning.print_commands import add_print_commands
from provisioning.terminal import DONE, INTERRUPTED, NOT_DONE, failure, passphrases, printable, words
from provisioning.verify_commands import add_verify_commands
from provisioning.writing import make_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from provisioning.words.filling import Value

DEMONSTRATION = "demonstration-passphrases.txt"
_SHOWN = 40
"""Problems shown on the terminal; the rest are counted."""


class Parser(terminal.Parser):
    """The parser of the desk's commands."""

    forms: ClassVar[Mapping[str, str]] = {
        "--issued": "请写成 2026-11-27",
        "--expires": "请写成 2028-11-27",
        "--today": "请写成 2026-11-27",
        "--image-floor": "请写成 2026-11-01",
        "--origin": "请写成 https://…",
        "--report-url": "请写成 https://…",
        "--report-key": "请写 64 位十六进制数字，packager returns receive 启动时会显示",
        "--window": "请写成 22:00-06:00，或“全天”",
        "--workers": "请写 1 至 64",
        "--address": "请写成 library.local 或 192.168.1.10",
        "--also": "请写成 library.local 或 192.168.1.10",
        "--support": "至多 64 字，写在一行里",
        "--phone": "至多 64 字，写在一行里",
        "--note": "至多 200 字，写在一行里",
        "--idle": "请写 0 至 1440 的分钟数",
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.run(arguments))
    except ListError as error:
        for problem in error.problems[:_SHOWN]:
            print(f"  {printable(problem)}", file=sys.stderr)
        if len(error.problems) > _SHOWN:
            print(f"  另有 {len(error.problems) - _SHOWN:,} 处", file=sys.stderr)
        if error.sentence:
            return _say_not(error.sentence, **error.params)
        print(f"没有办成：{error}。", file=sys.stderr)
        return NOT_DONE
    except PassphraseError as error:
        return _say_not(error.sentence)
    except (ProvisioningError, OSError) as error:
        print(f"没有办成：{printable(failure(error))}", file=sys.stderr)
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            print("做完的都保留。下一步：腾出空间，或换一块盘，再执行同一命令，即接着做。", file=sys.stderr)
        return NOT_DONE
    except KeyboardInterrupt:
        print("\n已停下。做完的都保留，再执行同一命令即接着做。", file=sys.stderr)
        return INTERRUPTED


def _say_not(key: str, **params: Value) -> int:
    sentence = words().sentence(key, **params)
    print(f"{sentence.text}\n{sentence.second}\n下一步：{sentence.button}", file=sys.stderr)
    return NOT_DONE


def _parser() -> Parser:
    parser = Parser(prog="provisioning", description="书箱：为各馆开通主机。")
    commands = parser.add_subparsers(required=True, metavar="命令", title="命令")
    keys = commands.add_parser("keys", help="生成开通用的钥匙：box-1、box-2 签发，secret 派生密码")
    keys.add_argument("keys", metavar="钥匙文件夹", type=Path, help="放钥匙的文件夹")
    keys.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    keys.add_argument("--demonstration", action="store_true", help="演示用：密码随机生成并存在同一文件夹，不可用于发行")
    keys.set_defaults(run=_keys)
    add_batch_commands(commands)
    add_verify_commands(commands)
    add_enrol_commands(commands)
    add_print_commands(commands)
    add_flash_command(commands)
    return parser


def _keys(arguments: argparse.Namespace) -> int:
    if arguments.demonstration:
        if any((arguments.keys / f"{name}.pem").exists() for name in NAMES):
            raise CommandError(f"{arguments.keys} 里已有开通用的钥匙，没有改动。钥匙从不覆盖，请换一个文件夹")
        arguments.passphrases = _demonstration(arguments.keys)
    make_desk_keys(arguments.keys, passphrases(arguments.passphrases, new=True))
    print(f"钥匙已放在 {arguments.keys}。")
    print("box-1、box-2 请分开保管；secret 丢了，密码和恢复 U盘都不能再做，请另存一份。")
    print("box-1.pem.pub、box-2.pem.pub 与 root.json 一起放进系统镜像（make image TRUST=文件夹）。")
    print(f"下一步：provisioning batch 名单.csv --to 文件夹 --root root.json --keys {arguments.keys}")
    return DONE


def _demonstration(folder: Path) -> Path:
    make_folder(folder, private=True)
    path = folder / DEMONSTRATION
    lines = "".join(f"{name}={secrets.token_urlsafe(18)}\n" for name in NAMES)
    # Readable by nobody else from the first byte on.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(lines)
    return path


if __name__ == "__main__":
    sys.exit(main())
