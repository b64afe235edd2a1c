"""`packager factory` and `packager plan`: for a duplicating house, and for the one who plans the campaign."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import PackagerError
from packager.format.files import RealFiles
from packager.production.factory import Lot, make_package
from packager.production.image import ImageOptions
from packager.production.options import add_image_options, parse_size, sender_of
from packager.production.sampling import AQLS, LEVELS, chance_of_acceptance, sampling_plan
from packager.production.schedule import Campaign, schedule
from packager.production.serials import meant, wrong_serial
from packager.production.speaking import DONE, words
from provisioning.words import numbers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_STATIONS = (1, 2, 4, 8, 16)
"""Numbers of stations that a plan compares."""


def add_factory(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add `factory`."""
    parser = commands.add_parser("factory", help="为代制厂准备一套：映像、校验值、编号、标签、抽检方案、制作说明")
    parser.add_argument("work", metavar="工作文件夹", type=Path, help="build 的工作文件夹")
    parser.add_argument("out", metavar="文件夹", type=Path, help="交给代制厂的文件夹")
    parser.add_argument("--lot", metavar="块数", type=_positive, required=True, help="这一批的块数")
    parser.add_argument("--serial", metavar="编号", required=True, help="第一块的编号，其余依次往后")
    parser.add_argument(
        "--aql", metavar="限", choices=AQLS, default="0.65", help=f"接收质量限（%%）：{'、'.join(AQLS)}"
    )
    parser.add_argument("--level", metavar="水平", choices=LEVELS, default="II", help=f"检验水平：{'、'.join(LEVELS)}")
    parser.add_argument("--sample", metavar="文件", type=Path, help="另抽出要检的编号，写到这个文件；不要交给代制厂")
    add_image_options(parser)
    parser.set_defaults(run=_factory)


def _factory(arguments: argparse.Namespace) -> int:
    if arguments.sample and arguments.sample.resolve().is_relative_to(arguments.out.resolve()):
        raise PackagerError("抽出的编号不要放进交给代制厂的文件夹，请换一个位置")
    plan = sampling_plan(arguments.lot, arguments.aql, arguments.level)
    lot = Lot(arguments.serial, plan, arguments.aql, arguments.level, arguments.sample)
    options = ImageOptions(capacity=arguments.size, disk=arguments.disk, sender=sender_of(arguments))
    try:
        facts = make_package(arguments.work, arguments.out, options, lot, RealFiles())
    except ValueError as error:
        if meant(arguments.serial) == "".join(arguments.serial.split()).upper():
            raise PackagerError(f"从编号 {arguments.serial} 起，一年的编号不够用") from error
        raise PackagerError(wrong_serial(arguments.serial)) from error
    done = words().sentence("desk.image.done", count=facts.release.count, size=facts.size, item=facts.release.number)
    print(f"{done.text}\n{done.second}\n交给代制厂：{arguments.out}")
    print(f"抽检方案（ISO 2859-1，正常检验一次抽样，水平 {lot.level}，接收质量限 {lot.aql}%）：")
    if plan.size == plan.lot:
        print(f"  {plan.lot:,} 块全部检查。")
        return DONE
    print(f"  {plan.lot:,} 块中检 {plan.size} 块；不符 {plan.accept} 块及以下接收，{plan.reject} 块及以上退回。")
    for percent in (1, 3, 5):
        chance = chance_of_acceptance(plan, round(plan.lot * percent / 100))
        print(f"  若整批有 {percent}% 不符，被接收的可能是 {100 * chance:.1f}%。")
    return DONE


def add_plan(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add `plan`."""
    parser = commands.add_parser("plan", help="算一算：写这么多硬盘要几小时、几天、几个班")
    parser.add_argument("--drives", metavar="块数", type=_positive, required=True, help="要多少块好盘")
    parser.add_argument("--bytes", metavar="大小", type=parse_size, required=True, help="每块写多少，如 4TB")
    parser.add_argument("--bays", metavar="盘位", type=_positive, required=True, help="一个工位同时写几块")
    parser.add_argument("--rate", metavar="速度", type=_decimal, required=True, help="一块盘每秒多少 MB，取全盘平均")
    parser.add_argument("--source-rate", metavar="速度", type=_decimal, help="一个工位读映像每秒多少 MB，各盘位分用")
    parser.add_argument("--stations", metavar="工位", type=_positive, default=1, help="几个工位；默认 1 个")
    parser.add_argument("--handling", metavar="分钟", type=_decimal, default=3.0, help="每块盘要动手几分钟；默认 3")
    parser.add_argument("--shift", metavar="小时", type=_decimal, default=8.0, help="每天上班几小时；默认 8")
    parser.add_argument("--people", metavar="人数", type=_positive, default=1, help="同时在岗几人；默认 1")
    parser.add_argument("--week", metavar="天数", type=_positive, default=5, help="每周上班几天；默认 5")
    parser.add_argument("--spare", metavar="百分数", type=_percent, default=2.0, help="估计多少要重写；默认 2")
    parser.set_defaults(run=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    megabyte = 1_000_000
    try:
        campaign = Campaign(
            drives=arguments.drives, size=arguments.bytes, bays=arguments.bays, rate=arguments.rate * megabyte,
            stations=arguments.stations,
            source_rate=arguments.source_rate * megabyte if arguments.source_rate else None,
            handling=arguments.handling, shift=arguments.shift, people=arguments.people, week=arguments.week,
            spare=arguments.spare / 100,
        )  # fmt: skip
    except ValueError as error:
        raise PackagerError("请核对：每天不超过 24 小时，每周不超过 7 天，其余都大于 0") from error
    found = schedule(campaign)
    print(f"{campaign.drives:,} 块好盘，每块 {numbers.size(campaign.size)}，连重写共写 {found.written:,} 块。")
    print(f"一轮 {campaign.bays} 块，写入并读回复检 {found.run:.1f} 小时；共 {found.runs:,} 轮。")
    print(f"{campaign.stations} 个工位：上班 {found.days:,} 天，前后 {found.calendar:,} 天。")
    print(f"动手 {found.hours:,.1f} 小时，合 {found.shifts:,} 个班（每班 {campaign.shift:g} 小时）。")
    others = [n for n in _STATIONS if n != campaign.stations]
    for stations in others:
        other = schedule(dataclasses.replace(campaign, stations=stations))
        print(f"  若 {stations} 个工位：上班 {other.days:,} 天，前后 {other.calendar:,} 天")
    return DONE


def _bounded(kind: Callable[[str], float], text: str, least: float, most: float) -> float:
    value = kind(text)
    if not least <= value <= most:
        raise ValueError(text)
    return value


def _positive(text: str) -> int:
    return int(_bounded(int, text, 1, 10_000_000))


def _decimal(text: str) -> float:
    return _bounded(float, text, 0.01, 1_000_000)


def _percent(text: str) -> float:
    return _bounded(float, text, 0, 90)
