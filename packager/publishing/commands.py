"""`packager publish` and `packager stick`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.errors import PublishError
from packager.format.files import RealFiles
from packager.format.withdrawals import NOTICE
from packager.progress import Progress
from packager.publishing.publish import GRACE_DAYS, publish
from packager.publishing.s3 import open_s3
from packager.publishing.sites import FolderSite
from packager.terminal import DONE, say, say_not, today
from packager.withdrawing import known_notice, published
from provisioning.words import Words, numbers

if TYPE_CHECKING:
    import argparse

    from packager.publishing.publish import Brought
    from packager.publishing.sites import Site


def add_publish_commands(commands: Any) -> None:
    """Add `publish` and `stick` to the builder's commands (what `argparse.add_subparsers` gives)."""
    made = commands.add_parser("publish", help="把签发好的一版和更新放到更新站点，各馆联网后取用")
    made.add_argument("work", metavar="工作文件夹", type=Path, help="已签发的工作文件夹")
    made.add_argument(
        "site", metavar="站点", help="由网站服务器提供的文件夹，或 s3+https://主机/桶/前缀（密钥在环境变量里）"
    )
    made.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹；不用私钥")
    made.add_argument("--no-payload", action="store_true", help="只放目录和更新，不放资源文件；各馆便不能联网修复")
    made.add_argument("--grace", metavar="天数", type=_days, default=GRACE_DAYS, help="不再需要的文件保留几天；默认 30")
    made.set_defaults(run=_publish)
    stick = commands.add_parser("stick", help="把更新放进 U盘，供不联网的书箱使用")
    stick.add_argument("work", metavar="工作文件夹", type=Path, help="已签发的工作文件夹")
    stick.add_argument("target", metavar="文件夹", type=Path, help="U盘或文件夹")
    stick.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹；不用私钥")
    stick.set_defaults(run=_stick)


def _days(text: str) -> int:
    if not 0 <= (days := int(text)) <= 3650:
        raise ValueError(text)
    return days


def _publish(arguments: argparse.Namespace) -> int:
    files = RealFiles()
    site: Site = (
        open_s3(arguments.site) if arguments.site.startswith("s3+") else FolderSite(Path(arguments.site), files)
    )
    progress = Progress("已放到站点", unit="个文件")
    try:
        done = publish(
            arguments.work, arguments.keys, site, today(), payload=not arguments.no_payload, grace=arguments.grace,
            progress=lambda count, size: progress.update(count, size=size),
        )  # fmt: skip
    except PublishError as error:
        return say_not("desk.publish.not_done", str(error))
    _tell(done, progress)
    if done.removed or done.waiting:
        print(f"清理：删去过期文件 {done.removed:,} 个；另有 {done.waiting:,} 个不再需要，到期后删去。")
    say("desk.publish.done", edition=Words.raw("edition", done.release.edition), size=done.size)
    return DONE


def _site(address: str) -> Site:
    return open_s3(address) if address.startswith("s3+") else FolderSite(Path(address), RealFiles())


def _stick(arguments: argparse.Namespace) -> int:
    files = RealFiles()
    progress = Progress("已放进 U盘", unit="个文件")
    try:
        done = publish(
            arguments.work, arguments.keys, FolderSite(arguments.target, files), today(), payload=False, lists=False,
            progress=lambda count, size: progress.update(count, size=size),
        )  # fmt: skip
    except PublishError as error:
        return say_not("desk.publish.not_done", str(error))
    notice = known_notice(arguments.keys, published(arguments.keys))
    if notice is not None:
        files.write_atomic(arguments.target / NOTICE, notice.to_bytes())
    _tell(done, progress)
    say("desk.stick.done", edition=Words.raw("edition", done.release.edition), size=done.size)
    return DONE


def _tell(done: Brought, progress: Progress) -> None:
    progress.close(f"新放入 {done.objects:,} 个文件（{numbers.size(done.size)}），原已有 {done.there:,} 个。")
