"""The commands about real drives: image, write, factory, plan, ledger. `add_commands` hangs them into the parser."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import PackagerError
from packager.format.files import RealFiles
from packager.production.bench import BenchOptions, Outcome
from packager.production.board import Board
from packager.production.errors import LedgerError
from packager.production.factory_commands import add_factory, add_plan
from packager.production.facts import ImageFacts, read_facts
from packager.production.image import ImageOptions, make_image
from packager.production.label import Label, label_page
from packager.production.ledger_commands import add_ledger_commands, now, refused
from packager.production.ledger_writing import check_numbers, enter_written
from packager.production.options import add_image_options, add_sender, sender_of
from packager.production.serials import spaced, wrong_serial
from packager.production.speaking import DONE, LEFT_OUT, NOT_DONE, three_lines, words
from packager.production.targets import Permission
from packager.production.writing import RefusedError, check_jobs, plan_jobs, report, write_all
from provisioning.disks.machine import Machine

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from packager.production.bench import Job


def add_commands(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add the commands to the parser's subcommands."""
    _add_image(commands)
    _add_write(commands)
    add_factory(commands)
    add_plan(commands)
    add_ledger_commands(commands)


def _add_image(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    parser = commands.add_parser("image", help="把签发的一版做成一个硬盘映像，不用挂载，不用管理员身份")
    parser.add_argument("work", metavar="工作文件夹", type=Path, help="build 的工作文件夹")
    parser.add_argument("image", metavar="映像", type=Path, help="要生成的映像文件；旁边另有一个 .json")
    add_image_options(parser)
    parser.set_defaults(run=_image)


def _image(arguments: argparse.Namespace) -> int:
    options = ImageOptions(capacity=arguments.size, disk=arguments.disk, sender=sender_of(arguments))
    facts = make_image(arguments.work, arguments.image, options, RealFiles())
    print(three_lines("desk.image.done", count=facts.release.count, size=facts.size, item=facts.release.number))
    return DONE


def _add_write(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    parser = commands.add_parser("write", help="把映像写到一块或几块硬盘，读回复检；中断后再执行同一命令即接着写")
    parser.add_argument("image", metavar="映像", type=Path, help="image 做出的映像，旁边要有它的 .json")
    parser.add_argument("targets", metavar="目标盘", type=Path, nargs="+", help="整块硬盘，如 /dev/sdb；也可以是文件")
    parser.add_argument("--serial", metavar="编号", help="第一块硬盘的编号，如 SX2600000011，其余依次往后")
    parser.add_argument("--records", metavar="文件夹", type=Path, help="放进度、证书和标签；默认在映像旁边")
    parser.add_argument(
        "--replace", metavar="盘号", action="append", default=[],
        help="允许清空这块盘，写硬件的序列号（文件写文件名）；可写多次",
    )  # fmt: skip
    parser.add_argument("--fixed", action="store_true", help="允许写内置的硬盘（如硬盘柜里的）；系统盘总不能写")
    parser.add_argument("--whole", action="store_true", help="没有用到的部分也写（清零），时间较长")
    parser.add_argument("--check", action="store_true", help="只读回复检，不写入")
    parser.add_argument("--deadline", metavar="秒", type=_seconds, default=120.0, help="多久没有反应就停写这一块")
    parser.add_argument("--date", metavar="日期", type=dt.date.fromisoformat, help="证书上的日期；默认今天")
    parser.add_argument("--by", metavar="姓名", default="", help="经手人，记入证书")
    parser.add_argument("--ledger", metavar="台账", type=Path, help="写好的记入这个台账；台账里用过的编号不再用")
    parser.add_argument("--report", metavar="文件", type=Path, help="另把结果写成 JSON")
    add_sender(parser)
    parser.set_defaults(run=_write)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 86_400:
        raise ValueError(text)
    return seconds


def today() -> dt.date:
    """The day on this machine's calendar."""
    # The command line is where the clock is read: everything below is told the day.
    return dt.datetime.now(dt.UTC).astimezone().date()  # noqa: TID251


def _write(arguments: argparse.Namespace) -> int:
    facts = read_facts(arguments.image)
    records = arguments.records or arguments.image.with_name(arguments.image.name + ".records")
    options = BenchOptions(
        records, (arguments.date or today()).isoformat(), arguments.by, sender_of(arguments), arguments.deadline,
        arguments.whole, arguments.check,
    )  # fmt: skip
    files, machine = RealFiles(), Machine()
    try:
        jobs = _jobs(arguments, facts, records, machine)
        if arguments.ledger and not options.check:
            check_numbers(arguments.ledger, jobs)
    except LedgerError as error:
        return refused(error)
    except RefusedError as refusals:
        for refusal in refusals.refusals:
            why = refusal.error
            where = f"第 {refusal.n} 个目标 {refusal.path}：" if refusal.n else ""
            print(f"{where}{three_lines(why.sentence, **why.params)}\n（{why.reason}）", file=sys.stderr)
        return NOT_DONE
    board = Board(facts.used, check=options.check)
    outcomes = write_all(facts, arguments.image, jobs, options, files, board.show)
    board.close()
    if arguments.report:
        files.write_atomic(arguments.report, report(facts, outcomes, options))
    done = [outcome.job for outcome in outcomes if outcome.done]
    if done and not options.check:
        labels = [Label(facts.release, facts.disk.n, job.serial, options.sender) for job in done]
        files.write_atomic(records / "labels.html", label_page(labels))
        if arguments.ledger:
            enter_written(arguments.ledger, done, facts.release.edition, now(), arguments.by or "—")
    return _tell(outcomes, options, noted=bool(arguments.ledger))


def _jobs(arguments: argparse.Namespace, facts: ImageFacts, records: Path, machine: Machine) -> list[Job]:
    if arguments.check:
        return check_jobs(arguments.targets, machine)
    if not arguments.serial:
        raise PackagerError("请用 --serial 给出第一块硬盘的编号，如 SX2600000011")
    permission = Permission(frozenset(arguments.replace), arguments.fixed)
    try:
        return plan_jobs(facts, arguments.targets, arguments.serial, records, machine, permission)
    except ValueError as error:
        raise PackagerError(wrong_serial(arguments.serial)) from error


def _tell(outcomes: Sequence[Outcome], options: BenchOptions, *, noted: bool) -> int:
    done = [outcome for outcome in outcomes if outcome.done]
    for outcome in done:
        job, verb = outcome.job, "复检相符" if options.check else f"编号 {spaced(outcome.job.serial)}"
        print(f"{job.n} 号　{job.target.path}　{verb}")
    failed = [outcome for outcome in outcomes if not outcome.done]
    if options.check:
        return _tell_check(done, failed)
    for outcome in failed:
        said = three_lines(outcome.sentence, **{"n": outcome.job.n, "left": len(done), **outcome.params})
        print(f"{said}\n（{outcome.job.target.path}：{outcome.reason}）", file=sys.stderr)
    if not failed:
        print(_all_done(len(done), options, noted=noted))
        return DONE
    print(three_lines("desk.drive.partly", done=len(done), left=len(failed)), file=sys.stderr)
    return LEFT_OUT if done else NOT_DONE


def _tell_check(done: Sequence[Outcome], failed: Sequence[Outcome]) -> int:
    for outcome in failed:
        print(f"{outcome.job.n} 号　{outcome.job.target.path}　复检不符（{outcome.reason}）", file=sys.stderr)
    print(f"复检 {len(done) + len(failed)} 块：{len(done)} 块相符，{len(failed)} 块不符。")
    if not failed:
        return DONE
    return LEFT_OUT if done else NOT_DONE


def _all_done(count: int, options: BenchOptions, *, noted: bool) -> str:
    sentence = words().sentence("desk.drive.done", count=count)
    second = f"{sentence.second}\n" if noted else ""
    return f"{sentence.text}\n{second}下一步：{sentence.button}\n标签：{options.records / 'labels.html'}"
