"""Target: a whole drive, one file of it replaced. The strictest reader says what is wrong, a box is never stricter."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from packager.audit.verify import Options, inspect_drive, verify_drive
from packager.format.bag import verify_tag_files
from packager.format.errors import TrustError
from packager.format.layout import DriveLayout
from packager.format.release import Admission, Release
from tests.fuzz.lists import V1, outcome
from tests.fuzz.target import Target, scratch
from tests.simulator import FastFiles
from tests.vectors.records import BIG, RECORDS

_NOW = datetime(2026, 11, 22, tzinfo=UTC)


@functools.cache
def _drive() -> Path:
    drive = scratch() / "drive"
    shutil.copytree(V1 / "known/drive", drive)
    for path, content in ((p, c) for _, payload in RECORDS for p, c in payload.items() if c == BIG):
        (drive / "bag" / path).parent.mkdir(parents=True)
        (drive / "bag" / path).write_bytes(content)
    return drive


@functools.cache
def _files() -> dict[Path, bytes]:
    found = (p for p in sorted(_drive().rglob("*")) if p.is_file() and p.stat().st_size < 100_000)
    return {p: p.read_bytes() for p in found if "data" not in p.parts or p.suffix == ".txt"}


@functools.cache
def _admission() -> Admission:
    documents = (_drive() / "tuf/targets/releases").rglob("*.3.json")
    release = Release.from_bytes(next(documents).read_bytes())
    return Admission(release, release.disks[0], newest=True)


def run_drive(data: bytes) -> bool:
    path = list(_files())[data[0] % len(_files()) if data else 0]
    path.write_bytes(data[1:])
    try:
        inspect_drive(_drive())
        report = verify_drive(_drive(), Options((V1 / "known/root.json").read_bytes(), quick=True), _NOW)
        layout, dest = DriveLayout(_drive()), scratch() / "dest"
        taken = outcome(lambda: verify_tag_files(layout, _admission(), FastFiles(), dest), TrustError)
        assert taken is not None or report.verdict == "faults"
        report.to_bytes().decode("ascii")
    finally:
        path.write_bytes(_files()[path])
    return report.verdict == "sound"


def _seeds() -> Sequence[bytes]:
    return [bytes([n]) + content for n, content in enumerate(_files().values())]


_TOKENS = (b"data/", b"\n", b"0" * 64, b'"type":"book"', b'"seq":')
DRIVES = (Target("drive", "packager.audit.verify", _seeds, run_drive, _TOKENS, 20_000, seconds=3, prefix=1),)
