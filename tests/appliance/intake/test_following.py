"""Tests of what follows while readers use a drive already: the index, and the close look at the payload.

Records that follow: `test_following_records`.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from appliance.intake import jobs, taking
from appliance.intake.making import Maker
from tests.appliance.intake.driving import all_ready, drive_of_first, driven


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """Every index counts as large, no records do."""
    monkeypatch.setattr(taking, "ALONG", 3000)


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


def search(holdings):
    return holdings.live()[0].search


def test_drive_is_ready_before_its_index_which_is_not_made(stock, gate, asked):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready", "intake.trusted")
        told = box.until(lambda h: search(h).percent == 30)
        assert search(told).state == "rebuilding"
        assert [n.key for n in told.notices] == ["index.rebuilding"]
        assert told.live()[0].catalogue.state == "ready"
        gate.set()
        holdings = box.until(all_ready)
        assert search(holdings).name == "meta/search.1"
        assert holdings.notices == ()
        assert asked == []


def test_index_that_does_not_come_whole_is_made_here(stock, asked):
    next((drive_of_first(stock) / "bag/meta/search").iterdir()).unlink()
    with driven(stock.settings()) as box:
        box.drive("ready")
        box.until(all_ready)
        assert asked == ["search"]


@pytest.mark.parametrize("how", ["pulled", "ejected"])
def test_drive_that_leaves_meanwhile_stops_it_and_the_index_is_made_here(stock, gate, asked, how):
    drive = drive_of_first(stock)
    with driven(stock.settings()) as box:
        key = box.drive("ready").key
        box.during(0.1)
        if how == "pulled":
            drive.rename(stock.folder / "away")
            box.drive("gone")
        else:
            box.command(do="eject", drive=key)
            box.drive("ejecting")
        box.until(all_ready)
        assert asked == ["search"]
        assert not list(box.settings.scratch_folder.glob("follow-*"))


def test_index_follows_after_a_restart(stock, gate):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        assert search(box.until(lambda h: h.live())).state != "ready"
    gate.set()
    with driven(stock.settings()) as box:
        assert search(box.until(all_ready)).state == "ready"


def test_close_look_that_finds_much_missing_refuses_a_drive_that_was_ready(stock, gate, monkeypatch):
    monkeypatch.setattr(taking, "FIRST_LOOKS", 1)
    drive = drive_of_first(stock)
    lost = [p for p in sorted((drive / "bag/data").rglob("*")) if p.is_file()][1:]
    kept = {path: path.read_bytes() for path in lost}
    for path in lost:
        path.unlink()
    with driven(stock.settings()) as box:
        box.drive("ready")
        gate.set()
        box.drive("refused", "intake.refused.half_copied")
        for path, content in kept.items():
            Path(path).write_bytes(content)
        box.drive("ready")
        box.until(all_ready)
