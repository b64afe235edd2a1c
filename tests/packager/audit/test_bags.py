"""`packager verify` is never laxer than bagit and sha256sum: bags spoiled by hand and by chance."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packager.audit.document import Report
from packager.audit.verify import Options, verify_drive
from packager.format.bag import write_bag
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from tests.notices import delegate, notice
from tests.packager.audit.bags import BAD, MANIFEST, TAGMANIFEST, bagit_refuses, pipe, relist, sha256sum_refuses
from tests.simulator import FastFiles, Publisher, newest

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TRUST = {"list-changed", "unproved"}
"""What the signature says; the lists must not need it to find a bad bag."""


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    return Publisher(tmp_path_factory.mktemp("national"))


@pytest.fixture(scope="module")
def good(national: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = national.release(1, meta={"catalogue.db": b"an accelerator"})
    return national.drive(work, tmp_path_factory.mktemp("good"))


@pytest.fixture
def drive(good: Path, tmp_path: Path) -> Path:
    shutil.copytree(good, tmp_path / "drive")
    return tmp_path / "drive"


def verify(drive: Path, national: Publisher, **options: bool) -> Report:
    return verify_drive(drive, Options(national.root, **options), NOW)


def test_good_bag_is_sound_by_all_three(drive: Path, national: Publisher) -> None:
    assert not bagit_refuses(drive / "bag")
    assert not sha256sum_refuses(drive / "bag")
    report = verify(drive, national, strict=True)
    assert (report.findings.kept, report.verdict, report.proof) == ([], "sound", "root")
    size = sum(p.stat().st_size for p in (drive / "bag").rglob("*") if p.is_file())
    assert report.read == size - (drive / "bag" / TAGMANIFEST).stat().st_size


def test_good_bag_without_payload_is_sound(national: Publisher, tmp_path: Path) -> None:
    work = national.release(1, bundle="entries", sources={"entry-only": ("只有目录", {})})
    drive = national.drive(work, tmp_path / "drive")
    assert not bagit_refuses(drive / "bag")
    assert verify(drive, national, strict=True).verdict == "sound"


def test_good_bags_of_a_set_of_two_hold_each_their_part(drive: Path, tmp_path: Path) -> None:
    shutil.copytree(drive, tmp_path / "second")
    items = list(read_items(DriveLayout(drive).items))
    parts = (items[:1], items[1:])
    for n, (folder, part) in enumerate(zip((drive, tmp_path / "second"), parts, strict=True), 1):
        for item in items:
            if item not in part:
                (folder / "bag" / item.path).unlink()
        info = {"bundle": "national", "seq": 1, "issued": "2026-11-22", "disk": n, "disks": 2}
        write_bag(DriveLayout(folder), part, files=FastFiles(), **info)  # type: ignore[arg-type]
        assert not bagit_refuses(folder / "bag")
        assert not sha256sum_refuses(folder / "bag")
        report = verify_drive(folder, Options(), NOW)
        assert report.files == len(part)
        # The signed release knows one drive only; the lists agree with each other.
        details = {f.detail for f in report.findings.kept if f.code not in TRUST}
        assert all("by the release" in detail for detail in details), details


@pytest.mark.parametrize("name", BAD)
def test_bad_bag_is_refused(name: str, drive: Path, national: Publisher) -> None:
    code, spoil = BAD[name]
    spoil(drive / "bag")
    report = verify(drive, national)
    assert report.verdict == "faults"
    assert code in report.findings.counts, report.findings.kept
    # Without a root, and without reading the payload, the lists still do not agree.
    quick = verify_drive(drive, Options(quick=code not in {"digest", "chunk"}), NOW)
    assert set(quick.findings.counts) - TRUST


def test_bad_bags_are_enough_and_bagit_and_sha256sum_know_many(good: Path, tmp_path: Path) -> None:
    """The oracles do refuse: else the tests above would compare with nothing."""
    assert len(BAD) >= 40
    by_bagit = by_sha256sum = 0
    for n, (_, spoil) in enumerate(BAD.values()):
        bag = tmp_path / str(n) / "bag"
        shutil.copytree(good / "bag", bag)
        spoil(bag)
        by_bagit += bagit_refuses(bag)
        by_sha256sum += sha256sum_refuses(bag)
        shutil.rmtree(bag.parent)
    assert by_bagit >= 40
    assert by_sha256sum >= 35


def test_bag_with_a_pipe_does_not_hold_up(drive: Path, national: Publisher) -> None:
    pipe(drive / "bag")
    assert set(verify(drive, national).findings.counts) >= {"link", "missing"}


@pytest.mark.parametrize("seed", range(4))
def test_bag_changed_by_chance_is_never_sound_when_another_tool_refuses(
    seed: int, good: Path, tmp_path: Path, national: Publisher
) -> None:
    chance = random.Random(seed)
    for n in range(10):
        drive = tmp_path / str(n)
        shutil.copytree(good, drive)
        said = _spoil_by_chance(drive / "bag", chance)
        refused = bagit_refuses(drive / "bag") or sha256sum_refuses(drive / "bag")
        report = verify_drive(drive, Options(), NOW)
        assert set(report.findings.counts) - TRUST or not refused, said
        shutil.rmtree(drive)


def _spoil_by_chance(bag: Path, chance: random.Random) -> str:
    path = chance.choice(sorted(p for p in bag.rglob("*") if p.is_file() and p.name != "sx6qczrszomptrpnr6zh.bin"))
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content) + 1)
    kind = chance.choice(("flip", "insert", "delete", "repeat", "newline"))
    if kind == "flip" and content:
        content[at % len(content)] ^= 1 << chance.randrange(8)
    elif kind == "insert":
        content[at:at] = bytes([chance.randrange(256)])
    elif kind == "delete":
        del content[at : at + chance.randrange(1, 80)]
    elif kind == "repeat":
        content[at:at] = content[at : at + 80]
    else:
        content[at:at] = chance.choice((b"\n", b"\r", b" ", b"\t", b"\0", b"%0A", b"*", b"\\"))
    path.write_bytes(bytes(content))
    if chance.random() < 0.5 and path.name not in {TAGMANIFEST, MANIFEST}:
        relist(bag)
    return f"{kind} at {at} in {path.name}"


def test_drive_whose_list_lets_somebody_withdraw_is_sound(national: Publisher, tmp_path: Path) -> None:
    made = national.fork(tmp_path / "national")
    made.release(1, bundle="children")
    delegate(made)
    content = notice(made, "red-chamber", publish=True)
    drive = made.drive(made.release(2, bundle="children", supersedes=1), tmp_path / "drive")
    (drive / "tuf/withdrawals.json").write_bytes(content)
    report = verify(drive, made, strict=True)
    assert (report.findings.kept, report.verdict, report.proof) == ([], "sound", "root")
    path = newest(drive / "tuf/metadata", "withdrawals")
    path.write_bytes(path.read_bytes().replace(b"2036", b"2046"))
    assert verify(drive, made).verdict == "faults"
