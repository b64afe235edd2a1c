"""Targets: whole drives, one file of them replaced. The strictest reader says what is wrong, a box is no stricter."""

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


class _Golden:
    """A golden drive in memory's file system, its files of metadata and lists, and what admits it."""

    def __init__(self, name: str, root: Path, document: str, disk: int) -> None:
        self.folder, self.root = scratch() / name.replace("/", "-"), root.read_bytes()
        shutil.copytree(V1 / name, self.folder)
        found = (p for p in sorted(self.folder.rglob("*")) if p.is_file())
        self.files = {p: p.read_bytes() for p in found if "data" not in p.parts or p.suffix == ".txt"}
        release = Release.from_bytes(next((self.folder / "tuf/targets/releases").rglob(document)).read_bytes())
        self.admission = Admission(release, release.disks[disk - 1], newest=True)

    def run(self, data: bytes) -> bool:
        """Replace the file that the first byte names by the rest, look at the drive, put it back."""
        path = list(self.files)[data[0] % len(self.files) if data else 0]
        path.write_bytes(data[1:])
        try:
            inspect_drive(self.folder)
            report = verify_drive(self.folder, Options(self.root, quick=True), _NOW)
            layout, dest = DriveLayout(self.folder), scratch() / "dest"
            taken = outcome(lambda: verify_tag_files(layout, self.admission, FastFiles(), dest), TrustError)
            assert taken is not None or report.verdict == "faults"
            report.to_bytes().decode("ascii")
        finally:
            path.write_bytes(self.files[path])
        return report.verdict == "sound"

    def seeds(self) -> Sequence[bytes]:
        return [bytes([n]) + content for n, content in enumerate(self.files.values())]


@functools.cache
def _known() -> _Golden:
    golden = _Golden("known/drive", V1 / "known/root.json", "*.3.json", 1)
    for path, content in ((p, c) for _, payload in RECORDS for p, c in payload.items() if c == BIG):
        (golden.folder / "bag" / path).parent.mkdir(parents=True, exist_ok=True)
        (golden.folder / "bag" / path).write_bytes(content)
    return golden


@functools.cache
def _of_set() -> _Golden:
    return _Golden("set/1", V1 / "set/root.json", "*.2.json", 1)


_TOKENS = (b"data/", b"\n", b"0" * 64, b'"type":"book"', b'"seq":', b"\0\1", b"\0\2")
DRIVES = (
    Target(
        "drive", "packager.audit.verify", lambda: _known().seeds(), lambda data: _known().run(data), _TOKENS, 20_000,
        seconds=3, prefix=1,
    ),
    Target(
        "drive-of-set", "packager.audit.verify", lambda: _of_set().seeds(), lambda data: _of_set().run(data), _TOKENS,
        20_000, seconds=3, prefix=1,
    ),
)  # fmt: skip
