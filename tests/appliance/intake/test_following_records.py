"""Tests of records (catalogue.jsonl) that follow while readers use a drive already: a part is never taken for all."""

from __future__ import annotations

import shutil
import threading

import pytest

from appliance.intake import jobs, taking
from appliance.intake.making import Maker
from appliance.store.releases import ReleaseStore
from packager.format.files import RealFiles
from tests.appliance.intake.driving import all_ready, drive_of_first, driven, work
from tests.simulator import flip


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """All records and every index count as large."""
    monkeypatch.setattr(taking, "ALONG", 0)


@pytest.fixture
def asked(monkeypatch):
    """What the maker was asked to make."""
    found = []
    run = Maker._make

    def make(self: Maker, stored, part):
        found.append(part)
        run(self, stored, part)

    monkeypatch.setattr(Maker, "_make", make)
    return found


@pytest.fixture
def gate(monkeypatch):
    """Holds what follows until it is opened, or until the work is broken off."""
    opened = threading.Event()
    follow = jobs.follow

    def held(root, admission, parcel, **options):
        while not opened.wait(0.01):
            options["progress"](30, 100)
        return follow(root, admission, parcel, **options)

    monkeypatch.setattr(jobs, "follow", held)
    return opened


def whole(box) -> list[bool]:
    """Of every release on the SSD whether it has its records."""
    store = ReleaseStore(box.settings.releases_folder, box.settings.scratch_folder, RealFiles())
    return [stored.whole for stored in store.all()]


def pulled_early(stock, box, drive):
    """Pull a drive that has not brought its records."""
    box.drive("ready")
    drive.rename(stock.folder / "away")
    box.drive("gone")


def test_drive_is_ready_before_its_records(stock, gate, asked):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready", "intake.trusted")
        told = box.until(lambda h: h.live()[0].search.percent == 30)
        assert told.live()[0].search.state == "rebuilding"
        assert told.live()[0].catalogue.state == "ready"
        assert whole(box) == [False]
        gate.set()
        assert box.until(all_ready).notices == ()
        assert whole(box) == [True]
        assert asked == []


def test_drive_pulled_before_its_records_came_is_asked_for_and_then_goes_on(stock, gate, asked):
    drive = drive_of_first(stock)
    with driven(stock.settings()) as box:
        pulled_early(stock, box, drive)
        told = box.until(lambda h: h.live()[0].search.state == "unplugged")
        assert [n.key for n in told.notices] == ["index.unplugged"]
        assert [d.message.key for d in told.drives] == ["intake.unplugged.idle"]
        assert told.live()[0].catalogue.state == "ready"
        assert not list(box.settings.scratch_folder.glob("follow-*"))
        gate.set()
        (stock.folder / "away").rename(drive)
        assert box.until(all_ready).notices == ()
        assert whole(box) == [True]
        assert asked == []


def test_worker_that_ends_before_the_records_came_goes_on_at_its_next_start(stock, gate, asked):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
    assert whole(box) == [False]
    gate.set()
    with driven(stock.settings()) as box:
        box.until(all_ready)
        assert whole(box) == [True]
    assert asked == []


def test_twin_brings_the_records_that_a_pulled_drive_did_not(stock, gate):
    drive = drive_of_first(stock)
    with driven(stock.settings()) as box:
        pulled_early(stock, box, drive)
        gate.set()
        drive_of_first(stock, "media/two")
        holdings = box.until(all_ready)
        assert whole(box) == [True]
        assert [d.state for d in holdings.drives] == ["ready"]


def test_index_that_is_damaged_on_the_drive_is_made_when_the_records_are_here(stock, gate, asked):
    flip(drive_of_first(stock) / "bag/meta/search/toc.json", 2)
    with driven(stock.settings()) as box:
        box.drive("ready")
        box.during(0.2)
        assert asked == []
        gate.set()
        box.until(all_ready)
        assert asked == ["search"]


def test_catalogue_that_is_damaged_on_the_drive_is_made_from_records_that_come_first(stock, asked):
    flip(drive_of_first(stock) / "bag/meta/catalogue.db", 9000)
    with driven(stock.settings()) as box:
        box.until(all_ready)
        assert asked == ["catalogue"]


def test_catalogue_that_cannot_be_opened_meanwhile_is_made_when_the_records_are_here(stock, gate, asked):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        folder = box.until(lambda h: h.live()).live()[0].folder
        box.command(do="rebuild", folder=folder, part="catalogue", why="damaged")
        box.until(lambda h: h.live()[0].catalogue.state == "unplugged")
        gate.set()
        box.until(all_ready)
        assert asked == ["catalogue"]


def test_records_that_were_changed_refuse_the_drive_and_its_release_goes(stock, gate):
    drive = stock.drive(work(stock, 1), "media/one")
    flip(drive / "bag/meta/catalogue.jsonl", 30)
    with driven(stock.settings()) as box:
        box.drive("ready")
        gate.set()
        box.drive("refused", "intake.refused.list_changed")
        assert box.until(lambda h: not h.releases).releases == ()
        assert whole(box) == []


def test_records_that_were_changed_bring_the_older_edition_back(stock, gate):
    shutil.copytree(drive_of_first(stock, "shelf/one"), stock.folder / "media/one")
    gate.set()
    with driven(stock.settings()) as box:
        box.until(all_ready)
        flip(stock.drive(work(stock, 2), "shelf/two") / "bag/meta/catalogue.jsonl", 30)
        (stock.folder / "shelf/two").rename(stock.folder / "media/two")
        box.until(lambda h: any(d.state == "refused" for d in h.drives))
        holdings = box.until(all_ready)
        assert [release.seq for release in holdings.releases] == [1]
        assert [d.state for d in holdings.drives if d.serves] == ["ready"]


def test_drive_let_go_of_before_its_records_came_may_stay_after_all(stock, gate):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        key = box.drive("ready").key
        box.command(do="eject", drive=key)
        box.drive("ejecting")
        assert whole(box) == [False]
        gate.set()
        box.command(do="keep", drive=key)
        box.until(all_ready)
        assert whole(box) == [True]
