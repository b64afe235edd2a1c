"""A drive with a few files for tests of taking its lists."""

from __future__ import annotations

from pathlib import Path

from packager.format.files import RealFiles
from packager.format.layout import DriveLayout
from packager.format.release import Admission, Release
from tests.simulator import SMALL, build_work

META = {"catalogue.db": b"a catalogue", "search/MAIN_1.seg": b"a segment"}


def small_drive(tmp_path: Path) -> DriveLayout:
    """The drive below a folder, with its release beside it."""
    layout = DriveLayout(tmp_path / "drive")
    release = build_work(
        layout.root, SMALL, bundle="national", seq=1, issued="2026-11-22", edition="2026.11", requires=("chunks-v1",),
        meta=META, supersedes=None, files=RealFiles(),
    )  # fmt: skip
    (layout.root / "tuf").mkdir()
    (tmp_path / "release.json").write_bytes(release.to_bytes())
    return layout


def admission(drive: DriveLayout) -> Admission:
    """What the trust store would say of it."""
    release = Release.from_bytes((drive.root.parent / "release.json").read_bytes())
    return Admission(release, release.disks[0], newest=True)
