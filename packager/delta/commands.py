"""`packager delta`, and what `packager sign` does for deltas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import DOCUMENT, make_delta
from packager.delta.signing import request_deltas, sign_deltas
from packager.drives import signed_release
from packager.format.files import RealFiles
from packager.list_commands import pending, sign_in_turn
from packager.progress import Progress
from packager.request import DELTAS
from packager.signing import SIGNERS
from packager.terminal import DONE, say, today, words
from provisioning.words import Words, numbers

if TYPE_CHECKING:
    import argparse

    from packager.authority import Passphrases

_MOST_WORKERS = 4
_KINDS = {"added": "新增", "changed": "更新", "removed": "下架"}


def add_delta_command(commands: Any) -> None:
    """Add `delta` to the builder's commands (what `argparse.add_subparsers` gives)."""
    made = commands.add_parser("delta", help="生成由一版到另一版的更新，供联网或用 U盘更新的书箱使用")
    made.add_argument(
        "old", metavar="旧版", nargs="+", type=Path, help="作为起点的一版：归档的工作文件夹，或其全部硬盘的文件夹"
    )
    made.add_argument("--work", metavar="工作文件夹", type=Path, required=True, help="新的一版的工作文件夹")
    made.set_defaults(run=_delta)


def _delta(arguments: argparse.Namespace) -> int:
    old, new = edition_of(arguments.old), edition_of([arguments.work])
    bundle = new.release.bundle
    folder = delta_folder(arguments.work, bundle, old.release.seq, new.release.seq)
    progress = Progress("已比较", unit="个文件")
    head, counts = make_delta(
        old, new, folder, RealFiles(), workers=min(_MOST_WORKERS, os.cpu_count() or 1), progress=progress.update
    )
    progress.close(f"已比较并核对 {head.operations:,} 个文件。")
    for kind, word in _KINDS.items():
        titles, total = counts.titles[kind], getattr(counts, kind)
        for title in titles:
            print(f"  {word}　{title}")
        if total > len(titles):
            print(f"  {word}　其余 {total - len(titles):,} 种")
    size = head.size + (folder / DOCUMENT).stat().st_size
    whole = sum(disk.bytes for disk in new.release.disks)
    if whole:
        print(f"  相当于整版（{numbers.size(whole)}）的 {100 * size / whole:.1f}%。")
    say(
        "desk.delta.done",
        item=words().edition(old.release.edition),
        edition=Words.raw("edition", new.release.edition),
        size=size,
        added=head.added,
        changed=head.changed,
        withdrawn=head.removed,
    )
    return DONE


def sign_new_deltas(arguments: argparse.Namespace, ask: Passphrases, files: RealFiles) -> bool:
    """Sign the deltas that stand in a work folder whose release is published; whether there was anything to do.

    Args:
        arguments: `work`, `keys`, and `by` for people who sign one after the other.
        ask: for passphrases.
        files: the writer.
    """
    release = signed_release(arguments.work)
    if arguments.by is None:
        count = sign_deltas(arguments.work, arguments.keys, ask, release, today(), files)
        if count:
            say("desk.delta.signed", count=count, name="、".join(SIGNERS))
        return bool(count)
    if not pending(arguments.work, arguments.keys, DELTAS):
        request = request_deltas(arguments.work, arguments.keys, release, today(), files)
        if request is None:
            return False
        count = len(request.change.deltas)
    else:
        count = 0
    by = sign_in_turn(arguments, ask, files)
    if by:
        say("desk.delta.signed", count=count or _listed(arguments.work, release.bundle), name="、".join(by))
    return True


def _listed(work: Path, bundle: str) -> int:
    return len(list((work / "deltas" / bundle).glob(f"*/{DOCUMENT}")))
