"""Tests of the full check: what it finds, that it yields, that it goes on where it stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from dataclasses import replace

import pytest

from appliance.serving.pools import PoolLimits
from appliance.store.checks import CheckRun, CheckStore, Finding, month_after
from appliance.store.reading import ReadingSign
from appliance.upkeep import check
from appliance.upkeep import upkeep as upkeep_module
from appliance.upkeep.payload import locate, pieces
from appliance.upkeep.upkeep import plugged_drives
from indexer.model import item_id
from packager.format.layout import CHUNK
from tests.appliance.upkeep.room import big, spoil, wait_for
from tests.simulator import FastFiles

BOOKS = {
    "long": ("长卷", {"long.bin": big(6)}),
    "short": ("短文", {"short.txt": b"a short text\n"}),
    "empty": ("空白", {"empty.txt": b""}),
}
LONG, SHORT = item_id("long", "part", "long.bin"), item_id("short", "part", "short.txt")


def plug(room, sources=BOOKS, **options):
    return room.take(room.world.stock.work(1, ready=True, sources=sources), "one", **options)


def plugged(room):
    room.publish()
    return plugged_drives(room.world.publish(), room.settings.releases_folder)[0]


def test_check_finds_every_damaged_and_missing_place_and_nothing_else(room):
    drive = plug(room)
    spoil(drive, LONG, 1, 4)
    next(p for p in (drive / "bag/data").rglob("*") if p.stem == SHORT).unlink()
    room.start()
    wait_for(room.finished)
    found = sorted((f.item_id, f.chunk, f.kind, f.drive) for f in room.faults.standing())
    expected = [(LONG, 1, "damaged", "one"), (LONG, 4, "damaged", "one"), (SHORT, 0, "unreadable", "one")]
    assert found == sorted(expected)
    run = room.run()
    assert (run.found, run.percent, run.done) == (3, 100, run.total)
    assert run.total == sum(len(c) for _, files in BOOKS.values() for c in files.values())


def test_whole_drive_is_found_whole_and_is_not_read_again_before_it_is_due(room):
    plug(room)
    room.start()
    wait_for(room.finished)
    first = room.run()
    assert (first.found, room.faults.count()) == (0, 0)
    room.stop()
    room.start()
    time.sleep(0.3)
    assert room.run().started == first.started


def test_pieces_name_every_chunk_once_and_go_on_from_anywhere(room):
    plug(room)
    drive = plugged(room)
    every = list(pieces(drive))
    assert [(p.item_id, p.index) for p in every if p.item_id == LONG] == [(LONG, n) for n in range(7)]
    assert sum(p.length for p in every) == 6 * CHUNK + 3 + len(b"a short text\n")
    for number, piece in enumerate(every):
        assert list(pieces(drive, piece.path, piece.index)) == every[number:]
        assert list(pieces(drive, piece.path, piece.index + 1)) == every[number + 1 :]
    (found,) = locate(drive.release, [every[0].sha256]).values()
    assert (found.path, found.size) == (every[0].path, every[0].size)


def test_check_goes_on_after_a_restart_where_it_was(room, monkeypatch):
    plug(room)
    drive = plugged(room)
    every = list(pieces(drive))
    read = []
    original = check.DriveCheck._read

    def slow(self, piece):
        read.append((piece.path, piece.index))
        time.sleep(0.1)
        return original(self, piece)

    monkeypatch.setattr(check.DriveCheck, "_read", slow)
    room.start()
    wait_for(lambda: len(read) >= 4)
    room.stop()
    half = len(read)
    assert half < len(every)
    kept = room.run()
    assert kept.state == "running"
    assert kept.done > 0
    room.start()
    wait_for(room.finished)
    assert set(read) == {(p.path, p.index) for p in every}
    assert len(read) <= len(every) + 1  # at most the piece that was being read


def test_check_yields_to_readers_and_goes_on(room, monkeypatch):
    plug(room, {"long": ("长卷", {"long.bin": big(12)})})
    read = []
    original = check.DriveCheck._read

    def slow(self, piece):
        read.append(time.monotonic())
        time.sleep(0.03)
        return original(self, piece)

    monkeypatch.setattr(check.DriveCheck, "_read", slow)
    sign = ReadingSign(room.settings.reading_folder)
    room.start()
    wait_for(lambda: len(read) >= 2)
    stop = threading.Event()

    def patron():
        while not stop.wait(0.05):
            os.utime(room.settings.reading_folder / "one")

    sign.mark("one")
    reader = threading.Thread(target=patron)
    reader.start()
    try:
        time.sleep(0.2)
        count = len(read)
        wait_for(lambda: (run := room.run()) and run.state == "yielding")
        assert len(read) == count
    finally:
        stop.set()
        reader.join()
    wait_for(room.finished)
    assert len(read) == 13


def test_staff_pause_and_resume_also_over_a_restart(room, monkeypatch):
    plug(room)
    original = check.DriveCheck._read
    monkeypatch.setattr(check.DriveCheck, "_read", lambda self, piece: (time.sleep(0.05), original(self, piece))[1])
    upkeep = room.start()
    wait_for(lambda: room.run())
    upkeep.command({"do": "check-pause", "drive": "one"})
    wait_for(lambda: room.run().state == "paused")
    room.stop()
    upkeep = room.start()
    time.sleep(0.2)
    assert room.run().state == "paused"
    upkeep.command({"do": "check-resume", "drive": "one"})
    wait_for(room.finished)


def test_staff_begin_a_check_that_would_never_come_by_itself(tmp_path, room):
    room.settings = replace(room.settings, check_months=0)
    drive = plug(room)
    upkeep = room.start()
    time.sleep(0.2)
    assert room.run() is None
    upkeep.command({"do": "check"})
    wait_for(room.finished)
    assert room.run().asked == 1
    spoil(drive, LONG, 0)
    upkeep.command({"do": "check", "drive": "one"})
    wait_for(lambda: room.finished() and room.faults.count() == 1)


def test_drive_that_is_pulled_is_not_called_damaged(room, monkeypatch):
    drive = plug(room)
    monkeypatch.setattr(check, "SETTLE_SECONDS", 5)
    original = check.DriveCheck._read
    pulled = threading.Event()

    def read(self, piece):
        if pulled.is_set():
            raise OSError(5, "Input/output error")
        if piece.index == 3:
            pulled.set()
        return original(self, piece)

    monkeypatch.setattr(check.DriveCheck, "_read", read)
    room.start()
    wait_for(pulled.is_set)
    room.world.drives["one"] = replace(room.world.drives["one"], state="gone")
    room.publish()
    time.sleep(0.3)
    assert room.faults.count() == 0
    assert room.run().percent < 100
    pulled.clear()
    monkeypatch.setattr(check.DriveCheck, "_read", original)
    room.world.drives["one"] = replace(room.world.drives["one"], state="ready", since="2026-11-22T09:00:00Z")
    room.publish()
    wait_for(room.finished)
    assert (room.faults.count(), room.run().found) == (0, 0)
    assert drive.is_dir()


def test_drive_that_blocks_for_ever_holds_no_other_check(tmp_path, monkeypatch, room):
    room.settings = replace(room.settings, drive_deadline_seconds=1)
    plug(room)
    other = room.world.stock.work(2, ready=True, bundle="children", sources={"sky": ("看天空", {"sky.txt": b"blue\n"})})
    room.take(other, "two")
    original, free = check.DriveCheck._read, threading.Event()

    def read(self, piece):
        if self.plugged.key == "one":
            free.wait(60)
        return original(self, piece)

    monkeypatch.setattr(check.DriveCheck, "_read", read)
    room.start()
    try:
        wait_for(
            lambda: any(r.drive == "two" and r.state == "finished" for r in (room.run(), *room.view.state.runs) if r)
        )
        wait_for(lambda: list(room.settings.commands_folder.glob("*.json")))  # intake is asked to look at the drive
        assert room.upkeep.pools.states()["one"].sick
    finally:
        free.set()


def test_set_of_drives_each_carries_its_part(room):
    work = room.world.stock.work(1, drives=2, sources=BOOKS)
    one, two = room.world.stock.drives(work)
    for disk, (drive, key) in enumerate(((one, "one"), (two, "two")), 1):
        room.take(work, key, drive=drive, disk=disk)
    room.world.trusted = room.world.trusted[:1]
    room.start()
    wait_for(lambda: room.finished() and len(room.view.state.runs) == 2)
    assert room.faults.count() == 0
    read = sum(run.done for run in room.view.state.runs)
    assert read == sum(len(content) for _, files in BOOKS.values() for content in files.values())


def test_findings_and_place_are_kept_together(tmp_path):
    store = CheckStore(tmp_path / "checks.db")
    run = CheckRun("a" * 64, "d1", "国家版", "national/1-abc", total=10)
    store.save(run, [Finding("b" * 64, 3, "d1", "item")])
    with pytest.raises(Exception, match="constraint"):
        store.save(replace(run, state="unheard", done=5), [Finding("c" * 64, 4, "d1", "item")])
    assert store.run("a" * 64) == run
    assert store.set_state("a" * 64, "paused") == replace(run, state="paused")
    store.close()


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [("2026-11-22T08:00:00Z", 3, "2027-02"), ("2026-12-01T00:00:00Z", 1, "2027-01"),
     ("2026-01-31T00:00:00Z", 12, "2027-01"), ("", 3, "")],
)  # fmt: skip
def test_month_of_the_next_check(moment, months, expected):
    assert month_after(moment, months) == expected


def test_read_that_never_comes_back_is_a_finding_and_is_not_tried_again(tmp_path, monkeypatch, room):
    room.settings = replace(room.settings, drive_deadline_seconds=1)
    plug(room)
    original, free, asked = check.DriveCheck._read, threading.Event(), []

    def read(self, piece):
        if piece.item_id == LONG and piece.index == 2:
            asked.append(piece.index)
            free.wait(60)
        return original(self, piece)

    monkeypatch.setattr(check.DriveCheck, "_read", read)
    monkeypatch.setattr(upkeep_module, "PoolLimits", lambda **given: PoolLimits(**given, retry=0.2))
    upkeep = room.start()
    try:
        wait_for(lambda: (room.view.refresh(), room.faults.count())[1] == 1)
        # intake looks at the drive, finds it well, and it serves again
        room.world.drives["one"] = replace(room.world.drives["one"], since="2026-11-22T09:00:00Z")
        room.publish()
        wait_for(room.finished)
        assert asked == [2]
        (fault,) = room.faults.standing()
        assert (fault.chunk, fault.kind) == (2, "unreadable")
        room.objects.add(
            original_chunk := big(6)[2 * CHUNK : 3 * CHUNK], hashlib.sha256(original_chunk).digest(), FastFiles()
        )
        upkeep.command({"do": "check"})
        wait_for(lambda: room.finished() and room.run().found == 0)
        assert asked == [2]  # repaired: the drive is never asked for it again
    finally:
        free.set()


def test_check_follows_a_drive_to_another_place_and_twins_have_two(room):
    drive = plug(room)
    room.start()
    wait_for(room.finished)
    room.stop()
    held = room.world.drives.pop("one")
    room.world.drives["elsewhere"] = replace(held, key="elsewhere", path=str(drive))
    room.start()
    time.sleep(0.3)
    assert len(room.view.state.runs) == 1  # it was checked, whatever the place
    room.stop()
    room.take(room.world.stock.publisher.folder / "work-national-1", "two")
    room.start()
    wait_for(lambda: room.finished() and len(room.view.state.runs) == 2)
    assert {r.drive for r in room.view.state.runs} == {"elsewhere", "two"}


def test_a_copy_in_the_place_of_a_checked_drive_is_checked_for_itself(room):
    drive = plug(room)
    room.start()
    wait_for(room.finished)
    assert room.run().found == 0
    room.stop()
    copy = drive.with_name("copy")
    shutil.copytree(drive, copy)
    spoil(copy, LONG, 2)
    drive.rename(drive.with_name("first"))
    copy.rename(drive)
    room.start()
    wait_for(lambda: room.finished() and len(room.view.state.runs) == 2)
    assert {(r.found, r.drive) for r in room.view.state.runs} == {(1, "one"), (0, "")}
    room.stop()
    drive.rename(drive.with_name("damaged"))
    drive.with_name("first").rename(drive)
    room.start()
    wait_for(lambda: room.finished() and {(r.found, r.drive) for r in room.view.state.runs} == {(0, "one"), (1, "")})


def test_two_drives_that_tell_one_serial_number_have_two_checks(room, monkeypatch):
    monkeypatch.setattr(upkeep_module, "medium_of", lambda _root: "m1")
    plug(room)
    room.take(room.world.stock.publisher.folder / "work-national-1", "two")
    room.start()
    wait_for(lambda: room.finished() and len(room.view.state.runs) == 2)
    assert {r.drive for r in room.view.state.runs} == {"one", "two"}


def test_check_from_before_media_were_told_apart_goes_on_with_the_drive_in_its_place(tmp_path):
    store = CheckStore(tmp_path / "checks.db")
    store.save(CheckRun("a" * 64, "d1", "国家版", "national/1-abc", state="finished", total=10))
    store.rekey("a" * 64, "a" * 64 + "+m1")
    store.place({"a" * 64 + "+m2": "d1"})
    assert [(r.identity[64:], r.drive) for r in store.runs()] == [("+m1", "")]
    store.place({"a" * 64 + "+m1": "d2"})
    assert [(r.identity[64:], r.drive) for r in store.runs()] == [("+m1", "d2")]
    store.close()
