"""Commands that change the signed list: a release is taken back, retired or listed again, resources are withdrawn."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.build import last_signed
from packager.catalogue_lookup import near, parents_of, titles_of
from packager.errors import PackagerError
from packager.format.files import RealFiles
from packager.format.layout import DriveLayout
from packager.format.release import Release
from packager.format.withdrawals import NOTICE, Withdrawal, is_text
from packager.request import RESTORE, RETIRE, REVOKE
from packager.signing import (
    SIGNERS,
    approve,
    change_release,
    finish,
    request_change,
    request_delegation,
    request_withdrawal,
    withdraw_resources,
)
from packager.terminal import DONE, passphrases, say, say_not, today
from packager.turns import is_overtaken, signer_names
from packager.withdrawing import (
    check_key,
    giving_back,
    known_notice,
    make_keys,
    publish_notice,
    published,
    sign_notice,
    withdrawing,
)
from packager.withdrawn_list import LIFT, WITHDRAW, with_parts, withdrawn_above, withdrawn_now
from provisioning.keys import load_key
from provisioning.roles import ONLINE_KEY, withdrawal_key_names
from provisioning.words import CHINESE, Words, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packager.authority import Passphrases
    from packager.withdrawing import Change

_NEAR = 5
"""Names that are told beside one that is not known."""
_DONE = {REVOKE: "desk.revoke.done", RETIRE: "desk.retire.done", RESTORE: "desk.restore.done"}


def add_commands(commands: Any) -> None:
    """Add `revoke` and `withdraw` to the builder's commands (what `argparse.add_subparsers` gives)."""
    revoke = commands.add_parser("revoke", help="两人签发：收回一版，或停止提供一版；收回的可以重新列出")
    revoke.add_argument("edition", metavar="版次", help="如 2026.11；同名的有几版时写序号")
    revoke.add_argument("--bundle", metavar="代号", default="national", help="资源包的代号")
    revoke.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
    revoke.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    revoke.add_argument(
        "--work", metavar="工作文件夹", type=Path, help="放申请的文件夹，供两人先后签发；默认用钥匙文件夹"
    )
    revoke.add_argument("--by", metavar="钥匙", help="只以这一位签发人签；两人到齐即生效。默认两把都在本机")
    kind = revoke.add_mutually_exclusive_group()
    kind.add_argument("--retire", action="store_true", help="版次太旧，停止提供")
    kind.add_argument("--undo", action="store_true", help="收回或停止提供的，重新列出")
    revoke.set_defaults(run=_revoke)

    withdraw = commands.add_parser("withdraw", help="签发下架通知：各版、各包、各块硬盘上的同一资源都不再提供")
    withdraw.add_argument(
        "work", metavar="工作文件夹", type=Path, help="已签发的工作文件夹；记录号和题名以其中的目录为准"
    )
    withdraw.add_argument("ids", metavar="记录号", nargs="+", help="要下架的资源")
    withdraw.add_argument("--bundle", metavar="代号", default="national", help="由哪个资源包发出通知")
    withdraw.add_argument("--keys", metavar="钥匙文件夹", type=Path, required=True, help="放钥匙的文件夹")
    withdraw.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    withdraw.add_argument("--by", metavar="钥匙", help="两人先后签发时，只以这一位签发人签。默认两把都在本机")
    withdraw.add_argument("--key", metavar="钥匙", help="只用下架专用的一把钥匙，如 withdrawals-1；一人即可办理")
    withdraw.add_argument("--reason", metavar="缘由", default="", help="下架缘由，馆员可以看到；与 --key 同用")
    withdraw.add_argument("--undo", action="store_true", help="恢复这些资源；一人只能恢复一人下架的，两人都能恢复")
    withdraw.add_argument("--offline", action="store_true", help="只做通知文件，不发布；与 --key 同用")
    withdraw.set_defaults(run=_withdraw)


def add_key_commands(keys: Any) -> None:
    """Add `withdrawals` to the commands below `keys`."""
    made = keys.add_parser("withdrawals", help="生成下架专用的两把钥匙，由两人授权；以后下架一人即可办理")
    made.add_argument("keys", metavar="钥匙文件夹", type=Path, help="放钥匙的文件夹")
    made.add_argument("--passphrases", metavar="密码文件", type=Path, help="每行“名字=密码”的文件；没有时逐把询问")
    made.add_argument("--replace", action="store_true", help="钥匙遗失或泄露时：换成新的，旧钥匙不再有效")
    made.set_defaults(run=_keys_withdrawals)


def _keys_withdrawals(arguments: argparse.Namespace) -> int:
    files, keys, ask = RealFiles(), arguments.keys, passphrases(arguments.passphrases)
    make_keys(keys, passphrases(arguments.passphrases, new=True), files, replace=arguments.replace)
    name = withdrawal_key_names()[0]
    sign_notice(keys, withdrawing(()), load_key(keys / f"{name}.pem", ask(name)), today(), files)
    request_delegation(keys, keys, today(), files)
    for signer in SIGNERS:
        approve(keys, keys, load_key(keys / f"{signer}.pem", ask(signer)), files)
    finish(keys, keys, load_key(keys / f"{ONLINE_KEY}.pem", ask(ONLINE_KEY)), files)
    print(f"下架专用的钥匙已放在 {keys}：{'、'.join(withdrawal_key_names())}，两人已授权。")
    print("各馆更新后生效。这两把钥匙只能办理下架和恢复，请交给两位同事分开保管。")
    return DONE


def _revoke(arguments: argparse.Namespace) -> int:
    files, ask = RealFiles(), passphrases(arguments.passphrases)
    kind = RESTORE if arguments.undo else RETIRE if arguments.retire else REVOKE
    release = _published(arguments.keys, arguments.bundle, arguments.edition)
    if isinstance(release, str):
        return say_not("desk.revoke.unknown", release, edition=Words.raw("edition", arguments.edition))
    told = {"edition": Words.raw("edition", release.edition), "count": len(release.disks)}
    arguments.work = arguments.work or arguments.keys
    if arguments.by is None:
        if kind == REVOKE and arguments.passphrases is None:
            say("desk.revoke.ask", **told)  # the passphrases that are asked for now are the two people's consent
        change_release(arguments.work, arguments.keys, ask, kind, release.bundle, release.seq, today(), files)
    else:
        if not pending(arguments.work, arguments.keys, kind):
            request_change(arguments.work, arguments.keys, kind, release.bundle, release.seq, today(), files)
        if not sign_in_turn(arguments, ask, files):
            return DONE
    say(_DONE[kind], **told)
    return DONE


def _published(keys: Path, bundle: str, wanted: str) -> Release | str:
    """The release of that edition or number in the register; when there is not exactly one, those that there are."""
    found: dict[int, Release] = {}
    for path in (keys / "tuf/targets/releases" / bundle).glob("*.json"):
        release = Release.from_bytes(path.read_bytes())
        found[release.seq] = release
    hits = [release for seq, release in found.items() if wanted in {release.edition, str(seq)}]
    if len(hits) == 1:
        return hits[0]
    return "、".join(f"{release.edition}（{seq}）" for seq, release in sorted(found.items())) or "还没有发行过"


def pending(work: Path, keys: Path, kind: str) -> bool:
    """Whether a request of that kind waits for signatures; nobody signs another kind than they were asked to.

    One that another list has overtaken can never be published: that is said, and it counts as none.
    """
    try:
        found = json.loads((work / "request" / "change.json").read_bytes())["kind"]
    except FileNotFoundError:
        return False
    if found != kind:
        raise PackagerError("这个工作文件夹里还有另一份申请没有签完，请先办完那一份")
    if not (work / "request" / "targets.json").exists():
        return False
    if is_overtaken(work, keys):
        say("desk.sign.stale")
        return False
    return True


def sign_in_turn(arguments: argparse.Namespace, ask: Passphrases, files: RealFiles) -> tuple[str, ...]:
    """Add one person's signature to the request of a work folder.

    Returns:
        The names of all signers once it is published; none while somebody is still to sign.
    """
    key = load_key(arguments.keys / f"{arguments.by}.pem", ask(arguments.by))
    request = approve(arguments.work, arguments.keys, key, files)
    if not request.ready:
        say("desk.sign.one", name=arguments.by)
        return ()
    finish(arguments.work, arguments.keys, load_key(arguments.keys / f"{ONLINE_KEY}.pem", ask(ONLINE_KEY)), files)
    return signer_names(arguments.keys, request.signed) or (arguments.by,)


def _withdraw(arguments: argparse.Namespace) -> int:
    files, ask, wanted = RealFiles(), passphrases(arguments.passphrases), list(dict.fromkeys(arguments.ids))
    layout = DriveLayout(arguments.work)
    known, parents = parents_of(layout, frozenset(wanted))
    before = published(arguments.keys)
    held = withdrawn_now(before, known_notice(arguments.keys, before))
    for name in (name for name in wanted if name not in known and not (arguments.undo and name in held)):
        return say_not("desk.withdraw.unknown", "、".join(near(layout, name)) or "没有相近的", id=name)
    if arguments.key is None and last_signed(layout, arguments.bundle) is None:
        return say_not(
            "desk.drive.not_signed", f"这个工作文件夹里没有签发过{Words.load(CHINESE).bundle(arguments.bundle)}"
        )
    found = with_parts(wanted, parents)
    if arguments.undo:
        return _give_back(arguments, found, parents, held, ask, files)
    if arguments.key is not None:
        return _withdraw_alone(arguments, titles_of(layout, frozenset(found)), ask, files)
    if arguments.reason or arguments.offline:
        raise PackagerError("--reason、--offline 须与 --key 同用")
    if _sign_list(arguments, WITHDRAW, found, ask, files):
        say("desk.withdraw.done", count=len(found))
    return DONE


def _sign_list(
    arguments: argparse.Namespace, kind: str, found: Sequence[str], ask: Passphrases, files: RealFiles
) -> bool:
    """Two people withdraw or lift, both at once or in turn; whether it is published."""
    work, keys, bundle, lift = arguments.work, arguments.keys, arguments.bundle, kind == LIFT
    if arguments.by is None:
        withdraw_resources(work, keys, ask, bundle, found, today(), files, lift=lift)
        return True
    if not pending(work, keys, kind):
        request_withdrawal(work, keys, bundle, found, today(), files, lift=lift)
    return bool(sign_in_turn(arguments, ask, files))


def _withdraw_alone(
    arguments: argparse.Namespace, titles: Mapping[str, str], ask: Passphrases, files: RealFiles
) -> int:
    """One person withdraws resources (title by id), with everything that belongs to them."""
    day, why = today().isoformat(), arguments.reason
    listed = [Withdrawal(name, title if is_text(title) else "", why, day) for name, title in titles.items()]
    _sign_alone(arguments, withdrawing(listed), ask, files)
    say("desk.withdraw.done", count=len(listed))
    return DONE


def _sign_alone(arguments: argparse.Namespace, change: Change, ask: Passphrases, files: RealFiles) -> None:
    """One person signs the next notice; it is published unless that is not wanted."""
    keys = arguments.keys
    key = load_key(keys / f"{arguments.key}.pem", ask(arguments.key))
    check_key(keys, key)
    notice = sign_notice(keys, change, key, today(), files)
    if not arguments.offline:
        publish_notice(keys, load_key(keys / f"{ONLINE_KEY}.pem", ask(ONLINE_KEY)), today(), files)
    print(f"通知文件：{keys / NOTICE}（{numbers.size(len(notice.to_bytes()))}），共下架 {len(notice.withdrawn):,} 种。")


def _give_back(
    arguments: argparse.Namespace,
    found: Sequence[str],
    parents: Mapping[str, str],
    held: Mapping[str, frozenset[str]],
    ask: Passphrases,
    files: RealFiles,
) -> int:
    """Resources are given back: by one person what the notice withdraws, by two what the desk's list does as well.

    Args:
        arguments: as given.
        found: what is to be given back, with everything below it.
        parents: whose part each resource of the catalogue is.
        held: who withdraws each resource now (`withdrawn_now`).
        ask: for passphrases.
        files: the writer.
    """
    mine = {""} if arguments.key is not None else {"", arguments.bundle}
    back = [name for name in found if held.get(name, frozenset()) & mine]
    if not back:
        return say_not("desk.withdraw.not_withdrawn", "、".join(arguments.ids[:_NEAR]), id=arguments.ids[0])
    left = {name: held[name] - (mine if name in back else set()) for name in held}
    still = {name: who for name, who in left.items() if who}
    for name in back:
        if above := withdrawn_above(name, parents, still):
            return say_not("desk.withdraw.above", above, id=name)
    if arguments.key is not None:
        _sign_alone(arguments, giving_back(back), ask, files)
    elif not _sign_list(arguments, LIFT, back, ask, files):
        return DONE
    say("desk.withdraw.undone" if arguments.key else "desk.withdraw.lifted", count=len(back))
    for name in (name for name in back if name in still):
        who = "、".join(sorted(f"--bundle {bundle}" for bundle in still[name]))
        print(f"{name} 还在两人签发的名单里，仍然下架；要恢复，请由两人办理（{who}）。")
    return DONE
