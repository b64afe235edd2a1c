"""Staged, applied, gone back from and wanted again: which edition readers have, with a real origin and a real drive."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta

import pytest

from appliance.clock import FixedClock, RealClock
from appliance.intake.publisher import kept
from appliance.intake.publishing import held_releases
from appliance.store.changes import ADDED, CHANGED, DROPPED, differing, read_changes
from appliance.store.editions import STAGED, UNDONE, Editions, edition_before, edition_undone
from appliance.store.holdings import Part, read_holdings
from appliance.store.preferences import Preferences, PreferenceStore
from appliance.store.releases import Stored
from appliance.sync.closing import NIGHT, closed_hours, closing_time
from appliance.sync.schedule import Window
from appliance.sync.updater import Updater
from indexer.model import Resource, dump_line
from indexer.search import SearchRequest
from packager.format.files import RealFiles
from packager.signing import REVOKE, change_release, withdraw_resources
from tests.appliance.sync.test_updater import Box, boxes, live_is, origin, tree  # noqa: F401 - fixtures
from tests.midday import minutes_to_noon
from tests.simulator import DAY, passphrase

FILES = RealFiles()


def settled(box: Box) -> None:
    """The editions are looked after as the thread does, until nothing is being made."""
    box.until(lambda h: len(h.releases) == 2 and all(r.search.state == "ready" for r in h.releases))
    box.updater.look()
    box.until(lambda _holdings: True)


def titles(box: Box) -> dict[str, str]:
    found = {name: box.keeper.library.resource(name) for name in ("gone", "new", "renamed", "stays")}
    return {
        name: held.resource.title
        for name, held in found.items()
        if held is not None and not box.keeper.library.is_withdrawn(name)
    }


OLD = {"gone": "下架的书", "renamed": "题名有误", "stays": "没有变的书"}
NEW = {"new": "新书", "renamed": "题名已正", "stays": "没有变的书"}


def open_all_day(box_settings: dict[str, object]) -> dict[str, object]:
    """Opening hours that hold the present moment, which is noon."""
    hours = {"opening_hours": "9:00-15:00", "utc_offset_minutes": minutes_to_noon()}
    return {"update_apply": "closing", **hours, **box_settings}


def test_staged_applied_undone_and_wanted_again(boxes, published, tmp_path, origin):  # noqa: F811
    box = boxes(**open_all_day({}))
    assert box.updater.turn().key == "sync.staged"
    settled(box)
    holdings = box.until(live_is(1))
    assert [(r.seq, r.live, r.held_back) for r in holdings.releases] == [(2, False, STAGED), (1, True, "")]
    assert titles(box) == OLD
    assert box.updater.turn().key == "sync.current"  # nothing is brought twice, and what is staged stays staged
    box.until(live_is(1))

    box.updater.command({"do": "update-apply"})
    holdings = box.until(live_is(2))
    assert titles(box) == NEW
    assert "new" in [held.resource.id for held in box.keeper.library.newest()]
    settled(box)
    box.updater._turning.forget()
    assert {r.seq for r in box.until(live_is(2)).releases} == {1, 2}
    assert edition_before(holdings.releases, "national").seq == 1

    box.updater.command({"do": "update-undo", "bundle": "national"})
    box.updater.look()
    holdings = box.until(live_is(1))
    assert edition_undone(holdings.releases, "national").seq == 2
    assert edition_before(holdings.releases, "national") is None
    without = {name: title for name, title in OLD.items() if name != "gone"}  # what was dropped does not come back
    assert titles(box) == without
    assert not box.keeper.library.search(SearchRequest(q="下架的书")).hits
    origin.asked.clear()
    assert box.updater.turn().key == "sync.current"
    assert not [name for name in origin.asked if name.startswith("objects/")]
    settled(box)
    box.until(live_is(1))

    # A notice counts in whichever edition is here, and neither undo nor an old drive brings anything back.
    publisher, _, work = published
    keys, again = shutil.copytree(publisher.keys, tmp_path / "keys"), shutil.copytree(work, tmp_path / "work")
    withdraw_resources(again, keys, passphrase, "national", ["stays"], DAY, FILES)
    shutil.copytree(origin.folder, tmp_path / "origin")
    shutil.copytree(again / "tuf", tmp_path / "origin/tuf", dirs_exist_ok=True)
    origin.folder = tmp_path / "origin"
    began = time.monotonic()
    assert box.updater.turn().key == "sync.current"
    box.until(lambda holdings: "stays" in holdings.withdrawn)
    assert time.monotonic() - began < 60
    assert set(titles(box)) == {"renamed"}
    drive = box.settings.drive_paths[0]
    away = drive.rename(drive.with_name("away"))
    box.until(lambda holdings: holdings.drives[0].state == "gone")
    away.rename(drive)
    box.until(lambda holdings: holdings.drives[0].state == "ready")
    assert set(titles(box)) == {"renamed"}

    box.updater.command({"do": "update-again", "bundle": "national"})
    box.until(live_is(2))
    assert set(titles(box)) == {"new", "renamed"}


def test_holds_outlive_a_restart_and_closing_time_applies(boxes, published):  # noqa: F811
    box = boxes(**open_all_day({}))
    assert box.updater.turn().key == "sync.staged"
    settled(box)
    box.close()
    again = Box(box.root.parent, published[0], box.settings.drive_paths[0], update_apply="closing",
                update_origins=box.settings.update_origins, opening_hours=box.settings.opening_hours,
                utc_offset_minutes=box.settings.utc_offset_minutes)  # fmt: skip
    try:
        holdings = again.until(lambda h: any(r.search.state == "ready" for r in h.live()))
        assert [(r.seq, r.held_back) for r in holdings.releases] == [(2, STAGED), (1, "")]
        later = FixedClock(RealClock().now() + timedelta(hours=6))  # the hours end in three from now
        Updater(again.settings, later, FILES, again.intake.door(), published[0].root).look()
        again.until(live_is(2))
    finally:
        again.close()


def test_nobody_goes_back_to_what_was_taken_back(boxes, published, tmp_path, origin):  # noqa: F811
    box = boxes()
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    publisher, _, work = published
    keys, again = shutil.copytree(publisher.keys, tmp_path / "keys"), shutil.copytree(work, tmp_path / "work")
    change_release(again, keys, passphrase, REVOKE, "national", 1, DAY, FILES)
    shutil.copytree(again / "tuf", tmp_path / "origin/tuf")
    origin.folder = tmp_path / "origin"
    box.updater.turn()
    box.until(lambda holdings: [r.seq for r in holdings.releases] == [2])
    box.updater.command({"do": "update-undo", "bundle": "national"})
    box.updater.look()
    holdings = box.until(lambda _holdings: True)
    assert [(r.seq, r.live, r.held_back) for r in holdings.releases] == [(2, True, "")]


# Values


def test_live_is_the_newest_that_is_not_held_back(published, tmp_path):
    from tests.appliance.intake.test_wording import release, stored

    editions = [release(seq, truth=str(seq)) for seq in (1, 2, 3)]
    every = [stored(one) for one in editions]
    folders = {one.release.seq: one.folder for one in every}

    def live(held: dict[int, str]) -> list[int]:
        part = lambda _stored, name: Part("ready", name)  # noqa: E731
        marks = {folders[seq]: why for seq, why in held.items()}
        return [r.seq for r in held_releases(every, editions, part, "x", marks) if r.live]

    assert live({}) == [3]
    assert live({3: STAGED}) == [2]
    assert live({3: UNDONE, 2: UNDONE}) == [1]
    assert live({2: UNDONE}) == [3]
    assert live({1: STAGED, 2: STAGED, 3: STAGED}) == [3]  # there is no other


def test_what_is_kept_is_the_live_one_what_is_held_back_and_the_one_before():
    from tests.appliance.intake.test_wording import release, stored

    editions = [release(seq, truth=str(seq)) for seq in range(1, 6)]
    every = [stored(one) for one in editions]
    folders = {one.release.seq: one.folder for one in every}

    def kept_of(held: dict[int, str], making: int = 0) -> list[int]:
        marks = {folders[seq]: why for seq, why in held.items()}

        def part(one: Stored, name: str) -> Part:
            return Part("rebuilding") if one.release.seq == making else Part("ready", name)

        found = held_releases(every, editions, part, "x", marks)
        return [r.seq for r in found if r.folder in kept(found)]

    assert kept_of({}) == [5, 4]
    assert kept_of({5: UNDONE}) == [5, 4, 3]
    assert kept_of({5: STAGED, 4: UNDONE}) == [5, 4, 3, 2]
    assert kept_of({5: STAGED}) == [5, 4, 3]  # and not what is older than the one before
    assert kept_of({5: STAGED, 4: STAGED}) == [5, 3, 2]  # one that waits, and a newer one waits too
    assert kept_of({5: STAGED, 4: STAGED}, making=5) == [5, 4, 3, 2]  # but the older one could be applied now
    assert kept_of({4: UNDONE}) == [5, 3]  # what staff went back from, and something newer came


def test_holds_are_kept_in_two_copies_and_damage_holds_nothing_back(tmp_path):
    editions = Editions(tmp_path / "updates", FILES)
    assert editions.holds() == {}
    editions.stage("national/2-x", "2026-11-27T00:00:00Z")
    editions.undo("national/3-y", ["b", "a"], "2026-11-27T00:00:00Z")
    (tmp_path / "updates/editions.a").write_bytes(b"\0" * 100)
    again = Editions(tmp_path / "updates", FILES)
    assert again.holds() == editions.holds()
    assert again.holds()["national/3-y"].dropped == ("a", "b")
    again.let_go(["national/2-x", "never"])
    assert set(Editions(tmp_path / "updates", FILES).holds()) == {"national/3-y"}
    for name in ("editions.a", "editions.b"):
        (tmp_path / "updates" / name).write_bytes(b"nonsense")
    assert Editions(tmp_path / "updates", FILES).holds() == {}


def test_changes_are_told_by_id(tmp_path):
    def write(name: str, records: dict[str, str]) -> object:
        path = tmp_path / name
        path.write_bytes(b"".join(dump_line(Resource(id=i, title=t, type="book")) for i, t in sorted(records.items())))
        return path

    old = write("old", {"a": "甲", "b": "乙", "d": "丁", "f": "己"})
    new = write("new", {"b": "乙改", "c": "丙", "d": "丁", "g": "庚"})
    found = [(one.kind, one.id, one.title) for one in differing(old, new)]
    assert found == [
        (DROPPED, "a", "甲"), (CHANGED, "b", "乙改"), (ADDED, "c", "丙"), (DROPPED, "f", "己"), (ADDED, "g", "庚"),
    ]  # fmt: skip
    assert list(differing(old, old)) == []
    assert read_changes(tmp_path / "none") is None
    (tmp_path / "spoiled").write_bytes(b"[]\n")
    assert read_changes(tmp_path / "spoiled") is None


@pytest.mark.parametrize(
    ("hours", "window", "closed"),
    [
        ("周二至周日 9:00—17:00", "", "17:00-09:00"),
        ("8：30-12：00，14:00~17:30", "22:00-06:00", "17:30-08:30"),
        ("周一至周五 8:00–20:30 周末 9:00 至 18:00", "", "20:30-08:00"),
        ("9:00-24:00", "", "00:00-09:00"),
        ("全天开放 0:00-24:00", "", "22:00-06:00"),
        ("见门口告示", "23:00-05:00", "23:00-05:00"),
        ("", "", "22:00-06:00"),
        ("17:00-9:00", "", "22:00-06:00"),
        ("99:99-88:88", "", "22:00-06:00"),
    ],
)
def test_closed_hours(hours, window, closed):
    assert closed_hours(hours, Window.parse(window)) == Window.parse(closed)
    assert Window.parse("22:00-06:00") == NIGHT
    assert closing_time(Window.parse("17:00-09:00"), RealClock().now().replace(hour=12)) == "17:00"


def test_preferences_stand_over_settings(tmp_path):
    from appliance.settings import Settings

    settings = Settings(data_folder=tmp_path, root_file=tmp_path / "r", update_window="22:00-06:00", update_cap_bytes=7)
    store = PreferenceStore(settings, FILES)
    assert store.read() == Preferences("22:00-06:00", 7)
    store.write(Preferences("", 0))
    assert PreferenceStore(settings, FILES).read() == Preferences("", 0, chosen=True)
    (settings.updates_folder / "preferences.b").write_bytes(b"x")
    assert store.read().chosen
    for wrong in (("22-06", 0), ("", -1), ("24:00-06:00", 0)):
        with pytest.raises(ValueError, match="is no"):
            Preferences(*wrong)


def test_nothing_is_lost_when_no_document_was_written(tmp_path):
    assert read_holdings(tmp_path / "none").hidden == ()
