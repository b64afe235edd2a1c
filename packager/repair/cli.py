"""`packager repair-fill`: what it is called with, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.errors import PackagerError
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.repair.fill import fill, read_list
from provisioning.words import numbers

if TYPE_CHECKING:
    import argparse

ALL_DONE, SOME_LEFT = 0, 1
"""Exit codes, as of the other commands."""


def add_repair_fill(commands: Any) -> None:
    """Add the command to a parser's commands."""
    parser = commands.add_parser("repair-fill", help="按各馆的修复清单取数据，装进要寄回的文件夹")
    parser.add_argument("list", metavar="清单", type=Path, help="书箱导出的 list.jsonl")
    parser.add_argument(
        "--from", dest="source", metavar="来源", required=True, help="build 的工作文件夹、资源硬盘，或 http(s) 地址"
    )
    parser.add_argument(
        "--to", dest="target", metavar="文件夹", type=Path, required=True, help="U盘或文件夹；拷回后插入书箱"
    )
    parser.set_defaults(run=_repair_fill)


def _repair_fill(arguments: argparse.Namespace) -> int:
    try:
        places = read_list(arguments.list)
    except FormatError as error:
        raise PackagerError(f"{arguments.list} 不是书箱的修复清单，请用 U盘里 repair 文件夹中的 list.jsonl") from error
    found = fill(places, arguments.source, arguments.target, RealFiles())
    if found.done:
        print(f"清单共 {len(places)} 处，已取到 {found.done} 处（{numbers.size(found.size)}），逐处核对无误。")
    else:
        print(f"清单共 {len(places)} 处，这个来源里一处也没有取到。")
    if found.wrong:
        print(f"其中 {found.wrong} 处来源里的内容与清单不符，没有采用。")
    if found.left:
        print(f"还缺 {found.left} 处，请换一个来源再执行同一命令，已取到的保留。")
    if found.done:
        print(f"下一步：把 {arguments.target} 里的 repair 文件夹放在 U盘根目录，插回书箱。")
    return SOME_LEFT if found.left else ALL_DONE
