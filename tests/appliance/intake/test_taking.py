"""Tests of appliance.intake.taking."""

from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from unittest.mock import Mock

import pytest

from appliance.errors import IntakeError
from appliance.intake import following
from appliance.intake import taking as module
from appliance.intake.following import follow
from appliance.intake.taking import PayloadMissingError, bytes_needed, copy, usable
from appliance.intake.trusting import Stopped
from appliance.store.verified import VerifiedDrives
from indexer.formats import CATALOGUE_FORMAT, INDEX_FORMAT
from packager.format.errors import HalfCopiedError, ListChangedError, UnreadableError
from packager.format.files import RealFiles
from packager.format.release import Accelerator
from tests.appliance.stock import Stock, store_at
from tests.simulator import flip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    stock = Stock(tmp_path_factory.mktemp("made"))
    work = stock.work(ready=True)
    return stock.drive(work), stock.admission(work)


@pytest.fixture
def drive(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "drive")


@pytest.fixture
def box(made, tmp_path):
    """Everything `copy` needs beside the drive."""
    return {
        "store": store_at(tmp_path / "box"),
        "verified": VerifiedDrives(tmp_path / "box/verified.json", RealFiles()),
        "files": RealFiles(),
        "stage": "copy-a-1",
        "reserve": 0,
        "progress": lambda _done, _total: None,
    }


def test_copy_new_release_comes_with_its_derived_files(made, drive, box):
    seen = []
    parcel = copy(drive, made[1], **{**box, "progress": lambda done, total: seen.append((done, total))})
    assert dict(parcel.stored.parts) == {"catalogue": "meta/catalogue.db", "search": "meta/search"}
    assert parcel.missing == ()
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert all(done <= total for done, total in seen)


def test_copy_known_drive_reads_nothing(made, drive, box, monkeypatch):
    first = copy(drive, made[1], **box)
    monkeypatch.setattr(module, "verify_tag_files", None)
    assert copy(drive, made[1], **box) == first


def test_copy_known_release_on_a_changed_drive_is_verified_again(made, drive, box):
    copy(drive, made[1], **box)
    flip(drive / "bag/bag-info.txt", 2)
    with pytest.raises(ListChangedError):
        copy(drive, made[1], **box)
    assert len(box["store"].all()) == 1


def test_copy_second_drive_brings_what_the_first_lacked(made, drive, box, tmp_path):
    other = shutil.copytree(drive, tmp_path / "other")
    shutil.rmtree(drive / "bag/meta/search")
    assert "search" not in copy(drive, made[1], **box).stored.parts
    assert copy(other, made[1], **box).stored.parts["search"] == "meta/search.1"


def test_copy_derived_files_of_another_version_stay_on_the_drive(made, drive, box, monkeypatch):
    monkeypatch.setattr(module, "INDEX_FORMAT", "another")
    stored = copy(drive, made[1], **box).stored
    assert dict(stored.parts) == {"catalogue": "meta/catalogue.db"}
    assert not (stored.path / "meta/search").exists()


def test_usable_compares_the_version_of_each_kind():
    made = Accelerator("ab" * 32, 1, "tool", str(CATALOGUE_FORMAT))
    assert usable("catalogue.db", made)
    assert not usable("search/toc.json", made)
    assert usable("search/toc.json", replace(made, format=INDEX_FORMAT))
    assert not usable("catalogue.db", replace(made, format="0"))


def payload(drive):
    return sorted(p for p in (drive / "bag/data").rglob("*") if p.is_file())


def test_copy_one_missing_payload_file_is_tolerated_and_told(made, drive, box, caplog):
    payload(drive)[0].unlink()
    parcel = copy(drive, made[1], **box)
    assert len(parcel.missing) == 1
    assert "1 of 4 sampled" in caplog.text


@pytest.mark.parametrize("short", [True, False])
def test_copy_half_the_payload_missing_or_cut_short_is_refused(made, drive, box, short):
    for path in payload(drive)[:2]:
        if short:
            path.write_bytes(b"")
        else:
            path.unlink()
    with pytest.raises(PayloadMissingError) as caught:
        copy(drive, made[1], **box)
    assert len(caught.value.missing) == 2
    assert caught.value.sentence == "intake.refused.half_copied"


def test_copy_without_room_tells_how_much_is_lacking(made, drive, box):
    free = box["store"].free_space()
    with pytest.raises(IntakeError) as caught:
        copy(drive, made[1], **{**box, "reserve": free})
    assert caught.value.sentence == "space.intake_waits"
    assert 0 < int(caught.value.params["size"]) <= bytes_needed(made[1].release, held=False) + (1 << 20)
    assert not (drive.parent / "box/scratch/copy-a-1").exists()


def test_copy_disk_that_fills_up_on_the_way_waits_too(made, drive, box):
    class Filling(RealFiles):
        def _append(self, handle: int, block: bytes) -> None:
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(IntakeError):
        copy(drive, made[1], **{**box, "files": Filling()})


def test_copy_own_disk_that_fails_is_not_the_drives_fault(made, drive, box):
    class Failing(RealFiles):
        def _sync(self, handle: int) -> None:
            raise OSError(errno.EROFS, "read-only")

    with pytest.raises(OSError, match="read-only"):
        copy(drive, made[1], **{**box, "files": Failing()})


def test_bytes_needed_counts_what_has_to_be_made_here(made):
    release = made[1].release
    poor = replace(release, accelerators={})
    rebuilt = module.REBUILT * release.truth["catalogue.jsonl"].size
    assert bytes_needed(poor, held=False) == bytes_needed(poor, held=True) + rebuilt
    assert bytes_needed(release, held=False) == bytes_needed(release, held=True)


def test_copy_disk_that_stops_answering_is_unreadable(made, drive, box, monkeypatch):
    def broken(_root):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "tag_facts", broken)
    with pytest.raises(UnreadableError):
        copy(drive, made[1], **box)
    monkeypatch.undo()
    monkeypatch.setattr(module.DriveLayout, "payload", lambda *_: broken(None))
    with pytest.raises(UnreadableError):
        copy(drive, made[1], **box)


def follow_all(drive, made, box, parcel, **options):
    known = {k: v for k, v in box.items() if k not in {"stage", "progress"}}
    wanted = {"stage": "follow-a-1", "alive": lambda: None, "progress": lambda _done, _total: None, **options}
    return follow(drive, made[1], parcel, **known, **wanted)


@pytest.fixture
def large(monkeypatch):
    """Every index counts as large, no records do."""
    monkeypatch.setattr(module, "ALONG", 3000)


@pytest.fixture
def all_large(monkeypatch):
    """Records and every index count as large."""
    monkeypatch.setattr(module, "ALONG", 0)


def test_large_index_follows(made, drive, box, large):
    parcel = copy(drive, made[1], **box)
    assert dict(parcel.stored.parts) == {"catalogue": "meta/catalogue.db"}
    assert parcel.follows
    seen = []
    rest = follow_all(drive, made, box, parcel, progress=lambda done, total: seen.append((done, total)))
    assert rest.missing == ()
    assert rest.stored.parts["search"] == "meta/search.1"
    assert box["store"].all()[0].parts == rest.stored.parts
    found = {p.name: p.read_bytes() for p in (rest.stored.path / "meta/search.1").iterdir()}
    assert found == {p.name: p.read_bytes() for p in (drive / "bag/meta/search").iterdir()}
    assert seen
    assert all(done <= total for done, total in seen)
    assert not copy(drive, made[1], **box).follows
    assert not list((drive.parent / "box/scratch").iterdir())


def test_large_records_follow_and_only_then_the_drive_is_remembered(made, drive, box, all_large):
    parcel = copy(drive, made[1], **box)
    assert (parcel.left, parcel.stored.whole, parcel.comes) == (True, False, True)
    assert not box["verified"].has(made[1].disk.tagmanifest, parcel.facts)
    seen = []
    rest = follow_all(drive, made, box, parcel, progress=lambda done, total: seen.append((done, total)))
    assert (rest.left, rest.stored.whole) == (False, True)
    assert rest.stored.catalogue_jsonl.read_bytes() == (drive / "bag/meta/catalogue.jsonl").read_bytes()
    assert rest.stored.parts["search"] == "meta/search.1"
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(done <= total for done, total in seen)
    assert box["verified"].has(made[1].disk.tagmanifest, parcel.facts)
    again = copy(drive, made[1], **box)
    assert (again.left, again.comes) == (False, False)
    assert not list((drive.parent / "box/scratch").iterdir())


def test_release_that_lacks_its_records_is_read_again_and_completed(made, drive, box, all_large, monkeypatch):
    copy(drive, made[1], **box)
    monkeypatch.setattr(module, "ALONG", 8 << 20)
    parcel = copy(drive, made[1], **box)
    assert (parcel.left, parcel.stored.whole, parcel.comes) == (False, True, False)
    assert box["verified"].has(made[1].disk.tagmanifest, parcel.facts)


def test_records_that_left_the_ssd_are_brought_again(made, drive, box, all_large):
    stored = follow_all(drive, made, box, copy(drive, made[1], **box)).stored
    stored.catalogue_jsonl.unlink()
    parcel = copy(drive, made[1], **box)
    assert parcel.left
    assert follow_all(drive, made, box, parcel).stored.whole


@pytest.mark.parametrize("fault", ["changed", "missing", "short"])
def test_large_records_that_are_not_what_was_signed_refuse_the_drive(made, drive, box, all_large, fault):
    records = drive / "bag/meta/catalogue.jsonl"
    content = records.read_bytes()
    if fault == "changed":
        flip(records, 30)
    parcel = copy(drive, made[1], **box)
    if fault == "missing":
        records.unlink()
    elif fault == "short":
        records.write_bytes(content[:-40])
    parcel = replace(parcel, facts=module.facts_of(drive))  # it was so all the time
    with pytest.raises(HalfCopiedError if fault != "changed" else ListChangedError):
        follow_all(drive, made, box, parcel)
    assert not box["store"].all()[0].whole
    assert not box["verified"].has(made[1].disk.tagmanifest, parcel.facts)
    assert not list((drive.parent / "box/scratch").iterdir())


@pytest.mark.parametrize("fault", ["gone", "full", "unreadable", "dropped"])
def test_large_records_that_do_not_come_are_lacking_and_nobody_is_to_blame(
    made, drive, box, all_large, fault, monkeypatch
):
    parcel = copy(drive, made[1], **box)
    options = {}
    if fault == "gone":
        drive.rename(drive.parent / "away")
    elif fault == "full":
        options = {"reserve": 1 << 60}
    elif fault == "unreadable":
        monkeypatch.setattr(following, "follow_records", Mock(side_effect=UnreadableError("cannot be read")))
    else:
        box["store"].drop(parcel.stored)
    rest = follow_all(drive, made, {**box, **options}, parcel)
    assert rest.left
    assert not rest.stored.whole
    assert [stored.whole for stored in box["store"].all()] == [False] * (fault != "dropped")
    assert not list((drive.parent / "box/scratch").iterdir())


def test_records_are_broken_off_when_nobody_waits(made, drive, box, all_large):
    parcel = copy(drive, made[1], **box)
    with pytest.raises(Stopped):
        follow_all(drive, made, box, parcel, progress=Mock(side_effect=Stopped))
    assert not list((drive.parent / "box/scratch").iterdir())
    assert [stored.whole for stored in box["store"].all()] == [False]


@pytest.mark.parametrize("fault", ["missing", "changed", "list", "full", "gone"])
def test_large_index_that_does_not_come_is_none(made, drive, box, large, fault):
    parcel = copy(drive, made[1], **box)
    options = {}
    if fault == "missing":
        next((drive / "bag/meta/search").iterdir()).unlink()
    elif fault == "changed":
        flip(drive / "bag/meta/search/toc.json", 2)
    elif fault == "list":
        flip(drive / "bag/tagmanifest-sha256.txt", 2)
    elif fault == "full":
        options = {"reserve": 1 << 60}
    else:
        drive.rename(drive.parent / "away")
    rest = follow_all(drive, made, {**box, **options}, parcel)
    assert "search" not in rest.stored.parts
    assert not list((drive.parent / "box/scratch").iterdir())


def test_follow_looks_at_the_whole_sample_and_tells_what_is_missing(made, drive, box, monkeypatch):
    monkeypatch.setattr(module, "FIRST_LOOKS", 1)
    for path in payload(drive)[1:]:
        path.unlink()
    parcel = copy(drive, made[1], **box)
    assert parcel.missing == ()
    looks = []
    with pytest.raises(PayloadMissingError) as caught:
        follow_all(drive, made, box, parcel, alive=lambda: looks.append(1))
    assert len(caught.value.missing) == len(looks) - 1 == 3


def test_follow_drive_that_is_pulled_meanwhile_lacks_nothing(made, drive, box, monkeypatch):
    parcel = copy(drive, made[1], **box)
    shutil.rmtree(drive)
    assert follow_all(drive, made, box, parcel).missing == ()


def test_follow_disk_that_stops_answering_is_not_refused(made, drive, box, monkeypatch):
    parcel = copy(drive, made[1], **box)
    monkeypatch.setattr(module, "_is_whole", Mock(side_effect=UnreadableError("does not answer")))
    assert follow_all(drive, made, box, parcel).missing == ()


def test_follow_is_broken_off_when_nobody_waits(made, drive, box, large):
    parcel = copy(drive, made[1], **box)
    with pytest.raises(Stopped):
        follow_all(drive, made, box, parcel, progress=Mock(side_effect=Stopped))
    assert not list((drive.parent / "box/scratch").iterdir())
    assert "search" not in box["store"].all()[0].parts
