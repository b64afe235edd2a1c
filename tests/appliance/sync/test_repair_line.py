"""Repairs by the line keep to the hours, the traffic, the cost and the rate of updates."""

from __future__ import annotations

import hashlib
import random
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance.clock import FixedClock
from appliance.settings import Settings
from appliance.store.preferences import Preferences, PreferenceStore
from appliance.sync.allowance import Allowance, WaitError
from appliance.sync.board import StateBoard
from appliance.sync.meter import REPAIRS, UPDATES, Meter
from appliance.sync.mirrors import Mirrors
from appliance.sync.repair_line import RepairLine
from appliance.upkeep.line import Fetching
from appliance.upkeep.origin import OriginSource
from appliance.upkeep.payload import Piece
from packager.format.layout import CHUNK
from packager.format.origin import object_path
from tests.faulty_server import FaultyServer
from tests.simulator import FastFiles

NOON, NIGHT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC), datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
"""At the library, eight hours on: 12:00 and 23:00."""
CONTENT = random.Random(5).randbytes(6 * CHUNK)
SHA = hashlib.sha256(CONTENT).hexdigest()


def piece(index):
    content = CONTENT[index * CHUNK : (index + 1) * CHUNK]
    return Piece("data/ab/x.bin", SHA, len(CONTENT), index, hashlib.sha256(content).digest())


class Box:
    """A box beside a server that has the object. Attributes: metered, rests: what waits were asked for."""

    def __init__(self, folder, **options):
        origin = folder / "origin"
        (origin / object_path(SHA)).parent.mkdir(parents=True)
        (origin / object_path(SHA)).write_bytes(CONTENT)
        self.server = FaultyServer(origin)
        given = {"update_origins": (self.server.address,), "update_window": "22:00-06:00", **options}
        self.settings = Settings(data_folder=folder, root_file=folder / "root.json", **given)
        self.clock, self.files, self.metered, self.rests = FixedClock(NIGHT), FastFiles(), False, []
        self.board = StateBoard(self.settings.updates_folder, self.files)
        self.preferences = PreferenceStore(self.settings, self.files)
        self.allowance = Allowance(
            self.settings, self.clock, self.preferences, self.board,
            check=lambda: None, wait=self.rests.append, metered=lambda: self.metered,
        )  # fmt: skip
        mirrors = Mirrors(self.settings.update_origins, b"", folder)
        self.line = RepairLine(self.settings, self.allowance, mirrors)
        self.fetching = Fetching(self.line, threading.Event())
        self.sources = [OriginSource(address, self.fetching) for address in self.line.origins()]

    def round(self, *indexes, urgent=False):
        """Ask for chunks; which came, and why no more."""
        self.fetching.begin(urgent=urgent, news=lambda: False)
        came = [index for index in indexes if self.sources[0].fetch(piece(index)).chunk is not None]
        why = self.fetching.refused
        return came, why and (why.key, dict(why.params))

    def asked(self):
        """Stretches that the server gave."""
        return len([one for taken in self.server.taken.values() for one in taken])


@pytest.fixture
def make(tmp_path):
    boxes = []

    def box(**options):
        boxes.append(Box(tmp_path / str(len(boxes)), **options))
        return boxes[-1]

    yield box
    for one in boxes:
        one.server.close()


def test_nothing_is_asked_outside_the_hours_and_all_within_them(make):
    box = make()
    box.clock.at = NOON
    assert box.round(0, 1) == ([], ("repair.waiting.window", {"time": "22:00"}))
    assert box.asked() == 0
    box.clock.at = NIGHT
    assert box.round(0, 1) == ([0, 1], None)
    assert (box.asked(), box.allowance.meter.used()) == (2, 2 * CHUNK)


def test_staff_who_ask_for_it_get_it_at_any_hour_and_on_any_line_for_one_round(make):
    box = make()
    box.clock.at, box.metered = NOON, True
    assert box.round(0, urgent=True) == ([0], None)
    assert box.round(1) == ([], ("repair.waiting.window", {"time": "22:00"}))
    assert box.asked() == 1


def test_metered_line_is_not_used_and_what_staff_paused_rests(make):
    box = make()
    box.metered = True
    assert box.round(0) == ([], ("repair.waiting.metered", {}))
    box.metered, box.allowance.paused = False, True
    assert box.round(0, urgent=True) == ([], ("repair.waiting.paused", {}))
    assert box.asked() == 0


@pytest.mark.parametrize("urgent", [False, True])
def test_traffic_of_the_month_is_one_with_that_of_updates_and_ends_both(make, urgent):
    box = make(update_cap_bytes=3 * CHUNK + 9)
    box.allowance.allow(CHUNK)
    box.allowance.took(CHUNK)
    assert box.round(0, 1, 2, 3, urgent=urgent) == ([0, 1], ("repair.waiting.cap", {"date": "2026-12-01"}))
    assert (box.asked(), box.board.state.used) == (2, 3 * CHUNK)
    with pytest.raises(WaitError):
        box.allowance.allow(CHUNK)
    box.allowance.allow(9)
    box.allowance.took(0)
    box.preferences.write(Preferences("", 4 * CHUNK, chosen=True))  # as staff do
    assert box.round(2, 3)[0] == [2]
    box.clock.advance(10 * 86400)  # December
    assert box.round(3)[0] == [3]


def test_what_is_under_way_counts_before_it_is_here(make):
    box = make(update_cap_bytes=2 * CHUNK)
    box.allowance.allow(CHUNK + 1)
    assert box.round(0)[1] == ("repair.waiting.cap", {"date": "2026-12-01"})
    box.allowance.meter.took(0)  # it was broken off
    assert box.line.refusal(2 * CHUNK, urgent=False) is None
    with pytest.raises(WaitError):
        box.allowance.allow(1)


def test_bytes_that_are_wrong_count_and_such_as_never_came_do_not(make):
    box = make()
    path = next((box.settings.data_folder / "origin/objects").rglob(SHA))
    path.write_bytes(b"x" * len(CONTENT))
    assert box.round(0)[0] == []
    assert box.board.state.used == CHUNK
    path.unlink()
    assert box.round(0) == ([], None)
    assert box.board.state.used == CHUNK
    assert box.line.refusal(1, urgent=False) is None


def test_rate_is_shared_with_updates(make):
    box = make(update_rate=CHUNK)
    assert [box.line.delay(CHUNK), box.allowance.delay(UPDATES, 2 * CHUNK), box.line.delay(CHUNK)] == [1, 3, 4]
    box.clock.advance(60)
    assert box.line.delay(CHUNK) == 1
    assert make().line.delay(CHUNK) == 0


def test_own_origins_come_before_those_of_updates(make):
    assert make(repair_origins=("https://mending.example",)).line.origins() == ("https://mending.example",)
    box = make(update_origins=("https://a.example", "https://b.example"))
    assert box.line.origins() == ("https://a.example", "https://b.example")
    assert make(update_origins=()).line.origins() == ()


def test_two_threads_lose_no_byte_and_never_pass_the_cap(tmp_path):
    clock, files = FixedClock(NIGHT), FastFiles()
    given = replace(Settings(data_folder=tmp_path, root_file=tmp_path / "root.json"), update_cap_bytes=0)
    board = StateBoard(tmp_path, files)
    meter, cap, taken = Meter(given, clock, board), 10_007, {UPDATES: 0, REPAIRS: 0}

    def fetch(who, size):
        while meter.hold(who, size, cap):
            assert meter.used() <= cap
            meter.took(size, who)
            taken[who] += size

    threads = [threading.Thread(target=fetch, args=pair) for pair in ((UPDATES, 13), (REPAIRS, 7))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert cap - 20 <= sum(taken.values()) == board.state.used <= cap
    clock.advance(timedelta(days=10).total_seconds())
    assert meter.used() == 0
