"""`provisioning kiosk` and `provisioning staff-card`: what stands in the reading room and hangs beside the box."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.box_members import is_host
from provisioning.cards import ADDRESS
from provisioning.kiosk import IDLE, README, Terminal, terminal_files
from provisioning.staff_card import staff_card
from provisioning.terminal import DONE
from provisioning.writing import make_folder, write_file

if TYPE_CHECKING:
    import argparse

_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")

_MOST_IDLE = 1440
"""Minutes; what the browsers take."""


def add_print_commands(commands: Any) -> None:
    """Add both."""
    kiosk = commands.add_parser("kiosk", help="阅览室终端的浏览器策略：只开本馆网页，不留读者痕迹")
    kiosk.add_argument(
        "--address", metavar="网址", type=_host, default=ADDRESS, help=f"主机的名字或 IP；默认 {ADDRESS}"
    )
    kiosk.add_argument("--also", metavar="网址", type=_host, action="append", default=[], help="主机的另一个名字或 IP")
    kiosk.add_argument("--downloads", action="store_true", help="允许读者把文件存到 U盘")
    kiosk.add_argument("--printing", action="store_true", help="允许读者打印")
    kiosk.add_argument(
        "--idle",
        metavar="分钟",
        type=_minutes,
        default=IDLE,
        help=f"无人操作多久后从首页重新开始；默认 {IDLE}，0 为从不",
    )
    kiosk.add_argument("--to", metavar="文件夹", type=Path, required=True, help="放到哪里")
    kiosk.set_defaults(run=_kiosk)
    card = commands.add_parser("staff-card", help="馆员卡：贴在主机旁的一页，A5")
    card.add_argument("--support", metavar="单位", default="", help="技术支持的单位；不写则留空待填")
    card.add_argument("--phone", metavar="电话", default="", help="技术支持的电话")
    card.add_argument("--address", metavar="网址", type=_host, default=ADDRESS, help=f"默认 {ADDRESS}")
    card.add_argument("--to", metavar="文件", type=Path, required=True, help="如 staff-card.html，用浏览器打开即可打印")
    card.set_defaults(run=_card)


def _host(text: str) -> str:
    if not (is_host(text) or (len(text) <= 253 and _NAME.match(text))):
        raise ValueError(text)
    return text


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_IDLE):
        raise ValueError(text)
    return int(text)


def _kiosk(arguments: argparse.Namespace) -> int:
    also = tuple(dict.fromkeys(host for host in arguments.also if host != arguments.address))
    files = terminal_files(Terminal(arguments.address, also, arguments.downloads, arguments.printing, arguments.idle))
    make_folder(arguments.to)
    for name, content in files.items():
        write_file(arguments.to / name, content)
    print(f"终端用的文件已放在 {arguments.to}：{'、'.join(files)}。\n下一步：照 {README} 装到阅览室的电脑上")
    return DONE


def _card(arguments: argparse.Namespace) -> int:
    write_file(arguments.to, staff_card(arguments.support, arguments.phone, arguments.address))
    print(f"馆员卡已放在 {arguments.to}。\n下一步：用浏览器打开，按 A5 打印，贴在主机旁")
    return DONE
