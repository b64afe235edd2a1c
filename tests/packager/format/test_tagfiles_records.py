"""Records (catalogue.jsonl) that are left on a drive until readers use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.format.bag import TagFiles, follow_records, verify_tag_files
from packager.format.errors import HalfCopiedError, ListChangedError
from packager.format.files import RealFiles
from packager.format.layout import DriveLayout
from tests.packager.format.small_drive import admission, small_drive
from tests.simulator import flip

FILES = RealFiles()


@pytest.fixture
def drive(tmp_path: Path) -> DriveLayout:
    return small_drive(tmp_path)


def leaving(drive: DriveLayout) -> TagFiles:
    return verify_tag_files(drive, admission(drive), FILES, drive.root.parent / "copied", leave_records=True)


def test_verify_tag_files_leaves_records_that_follow(drive: DriveLayout) -> None:
    found = leaving(drive)
    assert found.left
    assert not found.catalogue.exists()
    assert found.chunks.exists()
    seen: list[tuple[int, int]] = []
    target = drive.root.parent / "follows"
    records = follow_records(drive, admission(drive), FILES, target, lambda *done: seen.append(done))
    assert records.read_bytes() == drive.catalogue.read_bytes()
    assert all(done <= total for done, total in seen)


def test_verify_tag_files_takes_records_along_when_the_catalogue_must_be_made_of_them(drive: DriveLayout) -> None:
    flip(drive.meta / "catalogue.db", 3)
    found = leaving(drive)
    assert not found.left
    assert found.catalogue.read_bytes() == drive.catalogue.read_bytes()


@pytest.mark.parametrize("fault", ["missing", "short", "long", "link"])
def test_verify_tag_files_records_that_cannot_follow_refuse_at_once(drive: DriveLayout, fault: str) -> None:
    content = drive.catalogue.read_bytes()
    drive.catalogue.unlink()
    if fault == "link":
        drive.catalogue.symlink_to(drive.items)
    elif fault != "missing":
        drive.catalogue.write_bytes(content[:-1] if fault == "short" else content + b"\n")
    with pytest.raises(HalfCopiedError if fault in {"missing", "short"} else ListChangedError):
        leaving(drive)


def test_follow_records_that_were_changed_are_refused(drive: DriveLayout) -> None:
    leaving(drive)
    flip(drive.catalogue, 30)
    with pytest.raises(ListChangedError):
        follow_records(drive, admission(drive), FILES, drive.root.parent / "follows")
    assert not (drive.root.parent / "follows/meta/catalogue.jsonl").exists()
