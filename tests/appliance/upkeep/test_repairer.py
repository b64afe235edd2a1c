"""Tests of repairs: whose bytes are taken, what is refused, what is kept and for how long."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace

import pytest

from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.pools import DrivePools
from appliance.store.holdings import HeldDrive, Message
from appliance.store.repairs import RepairReader
from appliance.upkeep import sources, upkeep
from indexer.model import item_id
from packager.format.files import TEMPORARY_SUFFIX
from packager.format.layout import CHUNK
from packager.format.origin import object_path
from packager.format.repair_list import LIST_NAME, dump_list, lacking, load_list
from packager.repair.fill import fill
from tests.appliance.upkeep.room import SINCE, big, spoil, wait_for
from tests.image.drive.lending import Machine
from tests.simulator import FastFiles

BOOKS = {"long": ("长卷", {"long.bin": big(5)}), "short": ("短文", {"short.txt": b"a short text\n"})}
CONTENT = BOOKS["long"][1]["long.bin"]
SHA = hashlib.sha256(CONTENT).hexdigest()
LONG = item_id("long", "part", "long.bin")


def chunk(n: int) -> bytes:
    return CONTENT[n * CHUNK : (n + 1) * CHUNK]


def plug(room, *damaged, key="one"):
    room.world.stock.folder.joinpath("media").mkdir(exist_ok=True)
    work = room.world.stock.publisher.folder / "work-national-1"
    if not work.exists():
        room.world.stock.work(1, ready=True, sources=BOOKS)
    drive = room.take(work, key)
    spoil(drive, LONG, *damaged)
    for n in damaged:
        room.faults.record(SHA, n, item_id=LONG, drive=key)
    return drive


def stick(room, key="stick", **objects):
    """A plugged stick that intake has refused, with files by their names."""
    folder = room.world.stock.folder / "media" / key
    for name, content in objects.items():
        path = folder / "repair/objects" / name[1:3] / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    message = Message("intake.refused.not_ours")
    room.world.drives[key] = HeldDrive(key, str(folder), "", "refused", message, since=SINCE)
    return folder


def named(content: bytes) -> str:
    return "x" + hashlib.sha256(content).hexdigest()


def told(room):
    """What is said of sticks when their reading has ended."""
    room.view.refresh()
    return [r for r in room.view.state.reports if r.key != "repair.stick.reading"]


def mended(room):
    room.view.refresh()
    return not room.faults.count()


def test_twin_drive_mends_and_the_serving_process_reads_the_mended_chunk(room):
    drive = plug(room, 1, 3)
    plug(room, key="two")
    room.start()
    wait_for(lambda: mended(room))
    assert {(r.chunk, r.source) for r in room.view.state.repaired} == {(1, "drive"), (3, "drive")}
    path = next(p for p in (drive / "bag/data").rglob("*") if p.stem == LONG)
    digests = [hashlib.sha256(chunk(n)).digest() for n in range(6)]
    item = ServedItem(SHA, len(CONTENT), digests.__getitem__, lambda: __import__("os").open(path, 0), "one")
    bad, pools = [], DrivePools()
    store = ChunkStore(16 << 20, on_damage=lambda _item, n: bad.append(n), repaired=room.objects.read)
    assert b"".join(store.load(item, n) for n in range(6)) == CONTENT
    assert bad == []
    pools.close()


def test_same_bytes_in_another_bundle_under_another_name_mend_too(room):
    plug(room, 2)
    other = {"other": ("别本", {"other-name.bin": CONTENT})}
    room.take(room.world.stock.work(4, ready=True, bundle="children", sources=other), "two")
    room.start()
    wait_for(lambda: mended(room))
    assert room.view.state.repaired[0].source == "drive"


def test_stick_with_chunks_and_whole_objects_mends(room):
    plug(room, 0, 4)
    stick(room, **{named(chunk(0)): chunk(0), "x" + SHA: CONTENT})
    room.start()
    wait_for(lambda: mended(room))
    wait_for(lambda: told(room))
    (report,) = told(room)
    assert (report.about, report.key, dict(report.params)) == ("stick", "repair.done.stick", {"done": 2})


def test_stick_with_other_bytes_is_refused_and_told(room):
    plug(room, 0)
    stick(room, **{named(chunk(0)): b"x" * CHUNK})
    room.start()
    wait_for(lambda: told(room))
    assert told(room)[0].key == "repair.stick.not_matching"
    assert room.faults.count() == 1
    assert list(room.objects.all()) == []
    assert room.view.state.attempts == {(SHA, 0)}


def test_stick_that_has_some_mends_some(room):
    plug(room, 0, 1)
    stick(room, **{named(chunk(1)): chunk(1)})
    room.start()
    wait_for(lambda: told(room))
    assert (told(room)[0].key, dict(told(room)[0].params)) == (
        "repair.partial",
        {"done": 1, "left": 1},
    )
    wait_for(lambda: (room.view.refresh(), room.faults.count())[1] == 1)


def test_stick_that_did_not_answer_in_time_is_asked_again(room, monkeypatch):
    room.settings = replace(room.settings, drive_deadline_seconds=1)
    monkeypatch.setattr(upkeep, "SILENT_SECONDS", 0.5)
    asked, read = [], sources.read_exactly

    def slow(*args):
        asked.append(args)
        if len(asked) == 1:
            time.sleep(4)
        return read(*args)

    monkeypatch.setattr(sources, "read_exactly", slow)
    plug(room, 1)
    stick(room, **{named(chunk(1)): chunk(1)})
    room.start()
    wait_for(lambda: mended(room))
    wait_for(lambda: told(room))
    assert told(room)[0].key == "repair.done.stick"
    assert len(asked) > 1


def test_what_a_stick_mended_is_still_said_when_the_places_are_looked_at_again(room):
    plug(room, 0, 1)
    stick(room, **{named(chunk(1)): chunk(1)})
    room.start()
    said = RepairReader(room.settings.repairs_file)
    # The serving process has not heard of it: both places still stand.
    wait_for(lambda: [r.key for r in said.reports()] == ["repair.partial"])
    room.faults.record(SHA, 2, item_id=LONG, drive="one")
    wait_for(lambda: (SHA, 2) in said.attempts())
    time.sleep(2 * upkeep.TURN_SECONDS)
    assert [r.key for r in said.reports()] == ["repair.partial"]
    said.close()


def test_links_on_a_stick_lead_nowhere(room, tmp_path):
    plug(room, 0)
    folder = stick(room)
    secret = tmp_path / "secret"
    secret.write_bytes(chunk(0))
    path = folder / "objects" / named(chunk(0))[1:3] / named(chunk(0))[1:]
    path.parent.mkdir(parents=True)
    path.symlink_to(secret)
    room.start()
    wait_for(lambda: (room.view.refresh(), room.view.state.attempts)[1])
    assert room.faults.count() == 1


def test_whole_item_that_is_missing_is_mended_chunk_by_chunk(room):
    drive = plug(room)
    next(p for p in (drive / "bag/data").rglob("*") if p.stem == LONG).unlink()
    room.faults.record(SHA, -1, item_id=LONG, drive="one", kind="unreadable")
    plug(room, key="two")
    room.start()
    wait_for(lambda: mended(room))
    assert {r.chunk for r in room.view.state.repaired} == {-1, 0, 1, 2, 3, 4, 5}


def test_room_for_repairs_is_bounded(room):
    room.settings = replace(room.settings, repair_bytes=2 * CHUNK)
    plug(room, 0, 1, 2, 3)
    plug(room, key="two")
    room.start()
    wait_for(lambda: (room.view.refresh(), len(room.view.state.attempts))[1] == 2)
    assert sum(size for _, size in room.objects.all()) == 2 * CHUNK


def test_damage_on_both_twins_is_left_and_told(room):
    plug(room, 1)
    plug(room, 1, key="two")
    room.start()
    wait_for(lambda: (room.view.refresh(), room.view.state.attempts)[1] == {(SHA, 1)})
    assert room.faults.count() == 2
    assert list(room.objects.all()) == []


def test_repaired_chunks_go_with_their_release(room):
    plug(room, 1)
    plug(room, key="two")
    room.start()
    wait_for(lambda: mended(room))
    stray = room.settings.objects_folder / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"nobody's")
    stray.with_name(stray.name + ".tmp~").write_bytes(b"half")
    room.stop()
    room.start()
    wait_for(lambda: not stray.exists())
    assert len(list(room.objects.all())) == 1
    room.stop()
    newer = {"short": ("短文", {"short.txt": b"another text\n"})}
    for key in ("one", "two"):
        del room.world.drives[key]
    for stored in room.world.store.all():
        room.world.store.drop(stored)
    room.world.trusted.clear()
    room.take(room.world.stock.work(2, ready=True, sources=newer), "three")
    room.start()
    wait_for(lambda: list(room.objects.all()) == [])
    wait_for(lambda: (room.view.refresh(), room.view.state.repaired)[1] == ())


def test_spoiled_repair_on_the_ssd_is_noticed_and_made_again(room):
    plug(room, 1)
    plug(room, key="two")
    room.start()
    wait_for(lambda: mended(room))
    digest = hashlib.sha256(chunk(1)).digest()
    path = room.settings.objects_folder / digest.hex()[:2] / digest.hex()
    path.write_bytes(b"z" * CHUNK)
    assert room.objects.read(digest) is None
    room.faults.record(SHA, 1, item_id=LONG, drive="one")
    wait_for(lambda: room.objects.read(digest) is not None)
    wait_for(lambda: mended(room))


@pytest.mark.parametrize("asked", [False, True])
def test_sources_are_asked_once_an_occasion_and_again_when_staff_ask(room, asked):
    plug(room, 0)
    folder = stick(room, **{named(chunk(0)): b"x" * CHUNK})
    running = room.start()
    wait_for(lambda: (room.view.refresh(), room.view.state.attempts)[1])
    path = folder / "repair/objects" / named(chunk(0))[1:3] / named(chunk(0))[1:]
    path.write_bytes(chunk(0))
    room.faults.record("cd" * 32, 0, item_id="nobody", drive="one")
    if asked:
        running.command({"do": "repair"})
        wait_for(lambda: (room.view.refresh(), room.faults.count())[1] == 1)
    else:
        time.sleep(0.3)
        room.view.refresh()
        assert room.faults.count() == 2


def test_list_is_carried_to_a_stick_and_the_stick_mends(room):
    plug(room, 1)
    folder = room.settings.repair_list_folder
    folder.mkdir(parents=True)
    place = lacking(SHA, len(CONTENT), 1, hashlib.sha256(chunk(1)).digest())
    (folder / LIST_NAME).write_bytes(dump_list([place]))
    (folder / "修复清单.txt").write_text("长卷")
    stick(room, "u").mkdir(parents=True)
    running = room.start()
    wait_for(lambda: running._holdings.drives)
    running.command({"do": "repair-export", "drive": "u"})
    wait_for(lambda: told(room))
    (report,) = told(room)
    assert (report.key, dict(report.params)) == ("repair.list.saved", {"count": 1, "size": CHUNK})
    carried = room.world.stock.folder / "media/u"
    assert (carried / "repair/修复清单.txt").read_text() == "长卷"
    origin = room.world.stock.folder / "origin" / object_path(SHA)
    origin.parent.mkdir(parents=True)
    origin.write_bytes(CONTENT)
    places = load_list((carried / "repair/list.jsonl").read_bytes())
    assert fill(places, str(room.world.stock.folder / "origin"), carried, FastFiles()).done == 1
    room.world.drives["u"] = replace(room.world.drives["u"], since="2026-11-22T09:00:00Z")  # plugged in again
    room.publish()
    wait_for(lambda: mended(room))


@pytest.mark.parametrize("in_the_way", [False, True])
def test_diagnosis_is_carried_to_the_root_of_a_stick(room, in_the_way):
    plug(room, 1)
    name = "书箱诊断 CN-510726 2026-11-22.json"
    room.settings.diagnosis_folder.mkdir(parents=True)
    (room.settings.diagnosis_folder / name).write_text("{}")
    folder = stick(room, "u")
    folder.mkdir(parents=True)
    if in_the_way:
        (folder / name / "a folder").mkdir(parents=True)
    running = room.start()
    wait_for(lambda: running._holdings.drives)
    running.command({"do": "diagnosis-export", "drive": "u"})
    wait_for(lambda: told(room))
    assert told(room)[0].key == ("box.diagnosis.not_saved" if in_the_way else "box.diagnosis.ready")
    assert in_the_way or (folder / name).read_text() == "{}"


def test_diagnosis_for_a_stick_that_went_is_said_not_to_be_saved(room):
    plug(room, 1)
    running = room.start()
    wait_for(lambda: running._holdings.drives)
    running.command({"do": "diagnosis-export", "drive": "gone"})
    wait_for(lambda: told(room))
    assert told(room)[0].key == "box.diagnosis.not_saved"


def test_stick_that_cannot_be_written_is_told(room):
    plug(room, 1)
    room.settings.repair_list_folder.mkdir(parents=True)
    (room.settings.repair_list_folder / LIST_NAME).write_bytes(dump_list([]))
    folder = stick(room, "u")
    folder.mkdir(parents=True)
    (folder / "repair").write_bytes(b"a file in the way")
    running = room.start()
    wait_for(lambda: running._holdings.drives)
    running.command({"do": "repair-export", "drive": "u"})
    wait_for(lambda: told(room))
    assert told(room)[0].key == "repair.list.not_saved"


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_nothing_is_put_through_a_link_or_a_pipe_on_a_stick(room, tmp_path, what):
    plug(room, 1)
    room.settings.repair_list_folder.mkdir(parents=True)
    (room.settings.repair_list_folder / LIST_NAME).write_bytes(dump_list([]))
    folder, own = stick(room, "u"), tmp_path / "the box's own"
    own.mkdir()
    folder.mkdir(parents=True)
    if what == "link":
        (folder / "repair").symlink_to(own)
    else:
        (folder / "repair").mkdir()
        os.mkfifo(folder / "repair" / f"{LIST_NAME}{TEMPORARY_SUFFIX}")
    running = room.start()
    wait_for(lambda: running._holdings.drives)
    running.command({"do": "repair-export", "drive": "u"})
    wait_for(lambda: told(room))
    assert told(room)[0].key == "repair.list.not_saved"
    assert not list(own.iterdir())
    assert not any(state.sick for state in running.pools.states().values())  # nothing waits for the pipe for ever


@pytest.mark.parametrize("given", [True, False])
def test_list_asks_for_a_stick_that_is_mounted_for_reading_only(room, tmp_path, monkeypatch, given):
    plug(room, 1)
    room.settings.repair_list_folder.mkdir(parents=True)
    (room.settings.repair_list_folder / LIST_NAME).write_bytes(dump_list([]))
    top = stick(room, "usb")
    root = Machine(tmp_path / "root", monkeypatch, media=top.parent)
    root.plug("usb")
    root.fails |= set() if given else {"rw"}
    room.settings = replace(room.settings, box_folder=root.base, event_spool=root.spool)
    running = room.start()
    wait_for(lambda: running._holdings.drives)
    with root.following():
        running.command({"do": "repair-export", "drive": "usb"})
        wait_for(lambda: told(room))
    assert told(room)[0].key == ("repair.list.saved" if given else "repair.list.not_saved")
    assert root.asked[-1] == "mount ro usb"
