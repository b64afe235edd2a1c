"""`provisioning flash IMAGE DEVICE`: judge, show, ask for the number, write, read back, say what came of it."""

from __future__ import annotations

import errno
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.disks.machine import Machine
from provisioning.disks.medium import DiskMedium
from provisioning.flash.boot_partition import with_box_file
from provisioning.flash.errors import FlashError
from provisioning.flash.source import Source, check_digest, expected_digest
from provisioning.flash.target import Target, confirm, judge
from provisioning.flash.writing import WRITING, Flashed, flash
from provisioning.words import Words, numbers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from provisioning.words.filling import Value

DONE, NOT_DONE, INTERRUPTED = 0, 3, 130


def add_flash_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add `flash` to the parser's subcommands."""
    parser = commands.add_parser("flash", help="把书箱系统的映像写到一块硬盘，读回复检")
    parser.add_argument("image", metavar="映像", type=Path, help="系统映像；旁边有 .sha256 时先核对")
    parser.add_argument("device", metavar="目标盘", type=Path, help="整块硬盘，如 /dev/sdb；也可以是文件")
    parser.add_argument("--serial", metavar="盘号", help="目标盘的序列号，用来确认；不写时当面询问")
    parser.add_argument("--box", metavar="开通文件", type=Path, help="一并放入这一馆的开通文件（county-….box）")
    parser.add_argument("--fixed", action="store_true", help="允许写内置的硬盘；系统盘总不能写")
    parser.add_argument("--sha256", metavar="校验值", help="映像的 SHA-256；默认取旁边的 .sha256 文件")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, machine: Machine | None = None, ask: Callable[[str], str] | None = None) -> int:
    """Write one disk; returns the exit code.

    Args:
        arguments: as `add_flash_command` has them parsed.
        machine: whose disk it is; this one by default.
        ask: asks the one at the desk; by default on the terminal, and nobody where there is none.
    """
    try:
        with Source(arguments.image) as source, tempfile.TemporaryDirectory(prefix="shuxiang-flash-") as scratch:
            target = judge(arguments.device, machine or Machine(), source.size, fixed=arguments.fixed)
            _show(arguments.image, source.size, target)
            confirm(target, _number(arguments.serial, ask or _on_terminal))
            wanted = arguments.sha256 or expected_digest(arguments.image)
            if wanted:
                check_digest(source, wanted)
            else:
                print("校验　旁边没有 .sha256 或 manifest.json，映像没有先核对")
            if arguments.box:
                with_box_file(source, arguments.box, Path(scratch))
            flashed = _write(source, target)
    except FlashError as error:
        return _refuse(error.sentence, error.reason, **error.params)
    except OSError as error:
        key = "desk.drive.in_use" if error.errno == errno.EBUSY else "desk.flash.faulty"
        return _refuse(key, f"{error.filename or arguments.device}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("\n已停下。没有写完的盘不能启动，再执行同一命令即从头写。", file=sys.stderr)
        return INTERRUPTED
    item = f"{target.model} {target.number}".strip()
    print(_three_lines("desk.flash.done", item=item, size=flashed.size))
    print(f"SHA-256：{flashed.sha256}")
    return DONE


def _show(image: Path, size: int, target: Target) -> None:
    model = target.model or ("—" if target.device else "文件")
    room = numbers.size(target.size) if target.size else "—"
    print(f"映像　{image.name}　{numbers.size(size)}\n目标　{target.path}")
    print(f"型号　{model}\n盘号　{target.number}\n容量　{room}")


def _number(given: str | None, ask: Callable[[str], str]) -> str:
    return given if given is not None else ask("盘上现有内容会全部清空。确定要写，请输入上面的盘号：")


def _on_terminal(question: str) -> str:
    if not sys.stdin.isatty():
        raise FlashError("desk.flash.unconfirmed", "nobody is there to ask; give --serial")
    try:
        return input(question)
    except EOFError:
        return ""


def _write(source: Source, target: Target) -> Flashed:
    if not target.device and not target.size:
        with target.path.open("xb") as out:
            out.truncate(source.size)
    medium = DiskMedium(target.path)
    try:
        if medium.size < source.size:
            raise FlashError("desk.drive.small", "another disk is there now", size=source.size - medium.size)
        progress = _Progress(source.size)
        flashed = flash(source, medium, progress)
        progress.end()
        return flashed
    finally:
        medium.close()


class _Progress:
    """One line that counts up on a terminal; elsewhere a line for every quarter."""

    def __init__(self, size: int) -> None:
        self._size, self._done = size, dict[str, int]()
        self._shown = ("", 0)
        self._live = sys.stderr.isatty()

    def __call__(self, phase: str, count: int) -> None:
        # The first MiB follows last, of both: it counts to what was done before.
        self._done[phase] = self._done.get(phase, 0) + count
        percent = min(99, 100 * self._done[phase] // self._size)
        step = percent if self._live else percent // 25 * 25
        if (phase, step) != self._shown:
            self._shown = (phase, step)
            word = "写入" if phase == WRITING else "读回复检"
            print(f"{word} {step}%", end="\r" if self._live else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._live:
            print(file=sys.stderr)


def _refuse(key: str, reason: str, **params: Value) -> int:
    print(f"{_three_lines(key, **params)}\n（{reason}）", file=sys.stderr)
    return NOT_DONE


def _three_lines(key: str, **params: Value) -> str:
    said = Words.load("zh-Hans").sentence(key, **params)
    next_step = f"下一步：{said.button}" if said.button else ""
    return "\n".join(line for line in (said.text, said.second, next_step) if line)
