"""Write the golden bytes of a format version: `python -m tests.vectors.make v1`.

`drive/`, `root.json`, `release.json`
    A drive of the first days, signed with keys that were thrown away. It is never made again: every later version of
    the code must read it. Its payload is not kept; it follows from `SOURCES`.
`known/`
    A drive signed with keys that everybody knows, for this one purpose: every record member, every role, two roots, a
    retired release. The same bytes come out every time. Its one file of more than 1 MiB is not kept (`records.BIG`).
`set/`
    A set of two drives with disks.bin, signed with such keys; its list lets a role withdraw. `notices.jsonl`: what may
    be brought to a box that knows it.
`delta/`
    A delta between two releases and what it needs: `old/` (lists, and the files that it takes from), `new/` (lists) and
    `release.json` of the new one. It is never made again, for another libzstd gives other frames.
`*.jsonl`
    Cases for readers in any language, written down in `tests.vectors.cases`: what is read, what is refused and why.

A new version of the format gets a new folder. What stands in an old one does not change.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from packager.delta.editions import edition_of
from packager.delta.making import make_delta
from packager.format.deltas import read_delta
from packager.format.files import RealFiles
from packager.format.layout import CHUNK
from packager.format.release import canonical_json
from provisioning.keys import Key
from tests.notices import delegate, notice
from tests.simulator import Publisher
from tests.vectors.cases import CASES
from tests.vectors.known import known_key
from tests.vectors.notices import notices
from tests.vectors.records import BIG, RECORDS

SOURCES = {
    "red-chamber": ("红楼梦", {"红楼梦.txt": "满纸荒唐言，一把辛酸泪。\n".encode()}),
    "big-map": ("大地图", {"map.bin": bytes(range(256)) * (CHUNK // 256) + b"the last, short chunk"}),
    "two-parts": ("上下册", {"a.txt": b"first\n", "b.txt": b"second\n"}),
    "entry-only": ("只有目录", {}),
}
"""The payload of the first golden drive."""


@contextmanager
def known_keys() -> Iterator[None]:
    """Make every new key a known one: for vectors only, they protect nothing."""
    number = 0

    def new() -> Key:
        nonlocal number
        number += 1
        return known_key(number)

    with patch.object(Key, "new", new):
        yield


def write_known(folder: Path) -> None:
    """Write `root.json` and `drive/` to `folder`: release 3 of three, under the second root; release 1 is retired."""
    with tempfile.TemporaryDirectory() as scratch, known_keys():
        publisher = Publisher(Path(scratch))
        (folder / "root.json").write_bytes(publisher.root)
        first = publisher.release(1, sources={"red-chamber": SOURCES["red-chamber"]})
        publisher.release(2, sources={"red-chamber": SOURCES["red-chamber"]}, supersedes=1)
        publisher.rotate("online", "targets-1")
        publisher.revoke(first, retire=True)
        meta = {"catalogue.db": b"an accelerator\n", "search/MAIN_1.seg": b"another one\n"}
        work = publisher.release(3, records=RECORDS, edition="2026年11月版", supersedes=2, meta=meta)
        drive = publisher.drive(work, folder / "drive")
        publisher.refresh(drive / "tuf")
        for path in list((drive / "bag/data").rglob("*.bin")):
            if path.read_bytes() == BIG:
                path.unlink()
                path.parent.rmdir()


def write_set(folder: Path) -> None:
    """Write `root.json`, `1/` and `2/` to `folder`: the drives of release 2, after the delegation and a withdrawal."""
    sources = {name: SOURCES[name] for name in ("red-chamber", "two-parts", "entry-only")}
    with tempfile.TemporaryDirectory() as scratch, known_keys():
        publisher = Publisher(Path(scratch) / "publisher")
        (folder / "root.json").write_bytes(publisher.root)
        publisher.release(1, sources=sources, drives=2)
        delegate(publisher)
        before = publisher.fork(Path(scratch) / "before")
        notice(publisher, "two-parts", publish=True)
        work = publisher.release(2, sources=sources, drives=2, edition="2026年11月版", supersedes=1)
        for disk in (1, 2):
            publisher.drive(work, folder / str(disk), disk)
        (folder / "notices.jsonl").write_bytes(b"".join(map(canonical_json, notices(publisher, before))))


def write_delta(folder: Path) -> None:
    """Write a delta with every kind of operation; done once, see above."""
    text = "满纸荒唐言，一把辛酸泪。都云作者痴，谁解其中味？\n".encode()
    stays = {"stays": ("不变", {"s.txt": b"stays\n"}), "entry-only": ("只有目录", {})}
    old = {
        **stays,
        "edited": ("改过", {"e.txt": text * 20}),
        "moved": ("改名", {"a.txt": b"moved\n"}),
        "gone": SOURCES["two-parts"],
    }
    new = {
        **stays, "edited": ("改过", {"e.txt": text * 11 + b"one line more\n" + text * 9}),
        "moved": ("已改名", {"b.txt": b"moved\n"}), "new": ("新书", {"n.txt": b"new\n"}),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch, known_keys():
        publisher = Publisher(Path(scratch))
        works = [publisher.release(1, sources=old), publisher.release(2, sources=new)]
        editions = [edition_of([work]) for work in works]
        make_delta(editions[0], editions[1], folder / "delta", RealFiles())
        for path in list((folder / "delta").iterdir()):
            path.rename(folder / path.name)
        (folder / "delta").rmdir()
        for name, work in zip(("old", "new"), works, strict=True):
            shutil.copytree(work / "bag/meta", folder / name / "meta")
        (folder / "release.json").write_bytes(editions[1].release.to_bytes())
        for operation in read_delta(folder / "delta.jsonl")[1]:
            if operation.source:
                (folder / "old" / operation.source).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(works[0] / "bag" / operation.source, folder / "old" / operation.source)


def write_cases(folder: Path) -> None:
    """Write a file for each kind of case: one canonical JSON object a line."""
    for name, cases in CASES.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(map(canonical_json, cases)))


def write(folder: Path) -> None:
    """Write everything that is made again."""
    shutil.rmtree(folder / "known", ignore_errors=True)
    (folder / "known").mkdir(parents=True)
    write_known(folder / "known")
    shutil.rmtree(folder / "set", ignore_errors=True)
    (folder / "set").mkdir()
    write_set(folder / "set")
    write_cases(folder)


if __name__ == "__main__":
    write(Path(__file__).parent / sys.argv[1])
