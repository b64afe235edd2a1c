"""`packager system sign` and `packager system publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.authority import read_published
from packager.errors import PublishError, SystemFolderError
from packager.format.files import RealFiles
from packager.format.systems import MAX_VERSION
from packager.list_commands import pending, sign_in_turn
from packager.publishing.s3 import open_s3
from packager.publishing.sites import FolderSite
from packager.request import SYSTEM, Change, write_request
from packager.signing import SIGNERS, approve, finish
from packager.systems.making import check_newer, contents_of, listed_here, read_system
from packager.systems.publishing import publish_system
from packager.terminal import DONE, passphrases, say, say_not, today
from provisioning.keys import load_key
from provisioning.roles import ONLINE_KEY

if TYPE_CHECKING:
    import argparse
    from datetime import date

    from packager.authority import Passphrases
    from packager.format.files import Files
    from packager.format.systems import System
    from packager.publishing.sites import Site


def add_system_commands(commands: Any) -> None:
    """Add `system` to the builder's commands (what `argparse.add_subparsers` gives)."""
    system = commands.add_parser("system", help="书箱的系统：签发，放到更新站点或 U盘").add_subparsers(
        dest="action", required=True
    )
    sign = system.add_parser("sign", help="两人签发镜像构建出来的系统")
    publish = system.add_parser("publish", help="把签发好的系统放到更新站点、U盘或资源硬盘")
    for command in (sign, publish):
        command.add_argument("work", metavar="系统文件夹", type=Path, help="镜像构建留下的 system 文件夹")
        command.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
    sign.add_argument(
        "--minimum", metavar="版本", type=_version, default=1, help="现有系统低于这个版本的书箱不能直接更新；默认 1"
    )
    sign.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    sign.add_argument("--by", metavar="钥匙", help="两人先后签发时，只以这一位签发人签。默认两把都在本机")
    publish.add_argument("site", metavar="站点", help="文件夹、U盘，或 s3+https://主机/桶/前缀（密钥在环境变量里）")
    sign.set_defaults(run=_sign)
    publish.set_defaults(run=_publish)


def _version(text: str) -> int:
    if not 0 < (version := int(text)) <= MAX_VERSION:
        raise ValueError(text)
    return version


def request_system(work: Path, keys: Path, system: System, day: date, files: Files) -> None:
    """Ask for signatures on the system in a folder.

    Raises:
        SequenceError: one that is not older was published.
        TrustError: what was published before is not what was signed.
        OSError: a disk is full or does not answer.
    """
    before = read_published((keys / "tuf",), (keys / "root.json").read_bytes())
    check_newer((keys / "tuf",), system.version)
    change = Change(SYSTEM, "", system.version, day.isoformat(), contents_of(system))
    write_request(work, before, change, files)


def sign_system(work: Path, keys: Path, ask: Passphrases, day: date, files: Files, *, minimum: int = 1) -> System:
    """Request, approve (by both signers) and finish on one machine. Signing the same system again is harmless.

    Raises:
        SystemFolderError, SigningError, PassphraseError, KeyFileError, TrustError, OSError: as `signing.sign_release`.
    """
    system = read_system(work, minimum=minimum)
    if listed_here(read_published((keys / "tuf",), (keys / "root.json").read_bytes()), system):
        return system
    request_system(work, keys, system, day, files)
    for name in SIGNERS:
        approve(work, keys, load_key(keys / f"{name}.pem", ask(name)), files)
    finish(work, keys, load_key(keys / f"{ONLINE_KEY}.pem", ask(ONLINE_KEY)), files)
    return system


def _sign(arguments: argparse.Namespace) -> int:
    files, ask = RealFiles(), passphrases(arguments.passphrases)
    try:
        if arguments.by is None:
            system = sign_system(arguments.work, arguments.keys, ask, today(), files, minimum=arguments.minimum)
            by: tuple[str, ...] = SIGNERS
        else:
            system = read_system(arguments.work, minimum=arguments.minimum)
            if not pending(arguments.work, arguments.keys, SYSTEM):
                request_system(arguments.work, arguments.keys, system, today(), files)
            by = sign_in_turn(arguments, ask, files)
    except SystemFolderError as error:
        return say_not("desk.system.not_found", str(error))
    if by:
        say("desk.system.signed", n=system.version, name="、".join(by))
    return DONE


def _publish(arguments: argparse.Namespace) -> int:
    site: Site = (
        open_s3(arguments.site) if arguments.site.startswith("s3+") else FolderSite(Path(arguments.site), RealFiles())
    )
    try:
        done = publish_system(arguments.work, arguments.keys, site)
    except SystemFolderError as error:
        return say_not("desk.system.not_found", str(error))
    except PublishError as error:
        return say_not("desk.publish.not_done", str(error))
    say("desk.system.published", n=done.system.version, size=done.size)
    return DONE
