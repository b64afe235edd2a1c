"""`packager inspect` and `packager verify`: arguments, what they print, how they end.

Exit codes: 0 sound; 1 faults were found; 2 wrong arguments; 3 the drive cannot be read, or no temporary file can be
kept; 4 it is no drive of ours; 130 stopped by the user.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packager.audit.document import EXITS, NOT_OURS, SOUND, UNREADABLE, Report
from packager.audit.findings import Finding, printable
from packager.audit.verify import Options, inspect_drive, verify_drive
from packager.format.errors import FormatError
from packager.format.repository import MAX_SIZE, root_version
from packager.progress import Progress
from packager.terminal import failure
from provisioning.words import Words, numbers

WRONG = 2
"""Exit code of a wrong command line, as argparse has it."""
_MEGABYTE = 10**6
_SHOWN = 40
"""Findings shown on the terminal; the rest stand in the document."""


def add_commands(commands: Any) -> None:
    """Add the two commands to the builder's command line."""
    inspect = commands.add_parser("inspect", help="看一块硬盘（文件夹）是什么：资源包、版次、内容、签发，不读内容文件")
    inspect.add_argument("drive", metavar="硬盘文件夹", type=Path, help="硬盘的文件夹")
    inspect.add_argument("--json", action="store_true", help="输出 JSON 文档")
    inspect.set_defaults(run=_inspect)

    verify = commands.add_parser("verify", help="逐字节检查一块硬盘（文件夹），列出所有问题")
    verify.add_argument("drive", metavar="硬盘文件夹", type=Path, help="硬盘的文件夹")
    verify.add_argument("--root", metavar="文件", type=Path, help="root.json：核验由谁签发")
    verify.add_argument("--strict", action="store_true", help="书箱主机能将就的地方也算问题")
    verify.add_argument("--quick", action="store_true", help="内容文件只看有无和长短，不读")
    verify.add_argument("--json", action="store_true", help="输出 JSON 文档")
    verify.set_defaults(run=_verify)


def _inspect(arguments: argparse.Namespace) -> int:
    report = inspect_drive(arguments.drive)
    return _tell(report, arguments.drive, as_json=arguments.json)


def _verify(arguments: argparse.Namespace) -> int:
    root = None
    if arguments.root is not None:
        try:
            root = _read_root(arguments.root)
        except FormatError:
            print(
                f"--root 不能用：{arguments.root} 不是签发单位的根目录文件，请用钥匙文件夹里的 root.json",
                file=sys.stderr,
            )
            return WRONG
        except OSError as error:
            print(f"--root 不能用：{failure(error)}", file=sys.stderr)
            return WRONG
    progress = Progress("已检查", unit="MB", quiet=arguments.json and not sys.stderr.isatty())
    # The command line is where the clock is read: everything below is told the moment.
    now = dt.datetime.now(dt.UTC)  # noqa: TID251
    options = Options(root, arguments.strict, arguments.quick)
    try:
        report = verify_drive(arguments.drive, options, now, lambda done, total: _step(progress, done, total))
    except sqlite3.Error as error:
        print(f"没有办成：放临时文件的盘（{tempfile.gettempdir()}）写不了：{error}", file=sys.stderr)
        return EXITS[UNREADABLE]
    return _tell(report, arguments.drive, as_json=arguments.json)


def _read_root(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_SIZE["root"] + 1)
    root_version(content)
    return content


def _step(progress: Progress, done: int, total: int) -> None:
    if total >= _MEGABYTE:
        progress.update(done // _MEGABYTE, total // _MEGABYTE, part=done / total)


def _tell(report: Report, drive: Path, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(report.to_bytes().decode("ascii"))
        return report.exit_code
    words = Words.load("zh-Hans")
    if report.refused == UNREADABLE and not drive.is_dir():
        print(f"没有办成：{drive}：{'不是文件夹' if drive.exists() else '没有找到'}", file=sys.stderr)
        return report.exit_code
    if report.refused:
        key = {NOT_OURS: "intake.refused.not_ours", UNREADABLE: "intake.refused.unreadable"}[report.refused]
        print(words.sentence(key).text, file=sys.stderr)
        return report.exit_code
    for line in describe(report, words):
        print(line)
    for finding in sorted(report.findings.kept, key=lambda f: (not f.fault, f.path, f.line))[:_SHOWN]:
        if finding.fault or finding.code != "unproved":  # that was said above
            print(_finding(finding, words))
    hidden = sum(report.findings.counts.values()) - min(len(report.findings.kept), _SHOWN)
    if hidden > 0:
        print(f"  其余 {hidden:,} 处没有列出；--json 列得更多")
    _conclude(report, words)
    return report.exit_code


def describe(report: Report, words: Words) -> list[str]:
    """What a drive is, line by line, in Chinese."""
    lines = [*_release_lines(report), *_content_lines(report, words)]
    for role, facts in report.metadata.items():
        of = f"，须 {facts['threshold']} 人" if "threshold" in facts else ""
        name, signed, until = words.label(f"signed.{role}"), len(facts["signatures"]), printable(facts["expires"][:10])
        lines.append(f"签发　{name}：第 {facts['version']} 版，{signed} 个签名{of}，至 {until}")
    if report.command == "verify":
        lines.append(
            {"root": "签发　已按给定的根目录核验", "itself": "签发　没有给根目录，只核对了签发目录自身是否完好"}.get(
                report.proof, "签发　没有通过核验"
            )
        )
    return lines


def _release_lines(report: Report) -> list[str]:
    found = report.release
    if not found:
        return ["版次　盘上的目录里没有这块盘"]
    show: Callable[[str], str] = lambda name: printable(str(found.get(name, "")))[:80]  # noqa: E731
    name = printable(Words.load("zh-Hans").bundle(str(found.get("bundle", "")), str(found.get("name") or "")))[:80]
    disks = found.get("disks")
    total = len(disks) if isinstance(disks, list) else 0
    number = report.admission.disk.n if report.admission else report.bag.get("disk", "？")
    lines = [
        f"版次　{name}　第 {show('seq')} 版　{show('edition')}　签发日 {show('issued')}　第 {number} 块，共 {total} 块"
    ]
    if report.admission is not None:
        lines.append(f"核对码　{report.admission.release.number}")
    needed = found.get("requires")
    names = "、".join(printable(str(f)) for f in needed[:8]) if isinstance(needed, list) else ""
    unknown = f"（不认识：{'、'.join(map(printable, report.unknown_features[:8]))}）" if report.unknown_features else ""
    lines.append(f"须具备　{names}{unknown}")
    return lines


def _content_lines(report: Report, words: Words) -> list[str]:
    lines = [f"本盘　{report.files:,} 个文件，{numbers.size(report.size)}"]
    if report.contents is not None:
        types = "、".join(f"{words.label(f'type.{t}')} {n:,}" for t, n in report.contents.types.most_common())
        roles = "、".join(
            f"{words.label(f'role.{r}') if r != 'other' else words.label('type.other')} {n:,}"
            for r, n in report.contents.items.most_common()
        )
        size = numbers.size(sum(report.contents.bytes.values()))
        lines.append(f"全版　{report.contents.records:,} 种（{types or '无'}）")
        lines.append(f"　　　{sum(report.contents.items.values()):,} 个文件（{roles or '无'}），{size}")
    lines += _accelerator_lines(report)
    return lines


def _accelerator_lines(report: Report) -> list[str]:
    """A line for each prebuilt file, or for each folder of them."""
    groups: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for name, there in report.accelerators.items():
        top, below, _ = name.partition("/")
        found = report.admission.release.accelerators.get(name) if report.admission else None
        made = f"，{found.tool}，格式 {found.format}" if found else ""
        groups.setdefault((printable(top + below), made), []).append((found.size if found else 0, there))
    lines = []
    for (name, made), files in groups.items():
        size, absent = sum(size for size, _ in files), sum(not there for _, there in files)
        many = f"（{len(files):,} 个文件）" if name.endswith("/") else ""
        told = f"，{numbers.size(size)}" if made else ""
        lines.append(f"预制　{name}{many}{made}{told}" + (f"，{absent:,} 个不在盘上" if absent else ""))
    return lines


def _finding(finding: Finding, words: Words) -> str:
    where = f"　第 {finding.line} 行" if finding.line else ""
    detail = f"　（{finding.detail}）" if finding.detail else ""
    mark = "▲" if finding.fault else "—"
    return f"  {mark} {words.label(f'finding.{finding.code}')}　{finding.path}{where}{detail}"


def _conclude(report: Report, words: Words) -> None:
    if report.command == "inspect" and report.verdict == SOUND:
        return
    if report.verdict == SOUND:
        key = "desk.check.quick" if report.quick else "desk.check.sound"
        sentence = words.sentence(key, count=report.files, size=report.size)
    else:
        sentence = words.sentence("desk.check.faults", count=report.findings.faults)
    print(f"{sentence.text}\n{sentence.second}\n下一步：{sentence.button}" if sentence.second else sentence.text)
