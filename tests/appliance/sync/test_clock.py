"""A clock that is wrong by ten years, before, during and between tries: nothing stops, comes twice, or is too much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clock import FixedClock
from appliance.settings import Settings
from appliance.store.editions import STAGED
from appliance.store.updating import UpdateState, read_state
from appliance.sync import incoming
from appliance.sync.board import StateBoard
from appliance.sync.meter import Meter
from appliance.sync.schedule import FIRST_WAIT, HOUR
from appliance.sync.turning import Turning
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.sync.updating import UpdatedBox, taken_twice
from tests.faulty_server import FAULTS, FaultyServer, first
from tests.simulator import DAY

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DECADE = timedelta(days=3653)
JUMPS = (DECADE, -DECADE, timedelta(0))


@pytest.fixture
def served(published, tmp_path):
    """The origin with both editions behind a server."""
    publish(published[2], published[0].keys, FolderSite(tmp_path / "origin", RealFiles()), DAY)
    server = FaultyServer(tmp_path / "origin")
    yield server
    server.close()


@pytest.fixture
def box(published, tmp_path, served, monkeypatch):
    """A box beside it, with small pieces."""
    monkeypatch.setattr(incoming, "PIECE", 128 << 10)
    return UpdatedBox(tmp_path / "data", published[0].root, published[1], (served.address,))


def pieces(served):
    return sum(length for name, taken in served.taken.items() if name.startswith("objects/") for _, length in taken)


def test_clock_that_jumps_at_every_piece_brings_all_of_it_once(box, served, published):
    allow, seen = box.updater._allowance.allow, []

    def jumping(size):
        box.clock.at = NOW + JUMPS[len(seen) % 3]
        seen.append(size)
        allow(size)

    box.updater._allowance.allow = jumping
    assert box.updater.turn().key == "sync.applied"
    assert len(seen) > 6
    assert box.has(published[2])
    assert not taken_twice(served.taken)
    assert box.updater.fetched("2026-11") < pieces(served) <= sum(box.updater._board.state.months.values())


@pytest.mark.parametrize("jump", JUMPS)
def test_cap_of_a_month_holds_whatever_month_the_clock_says(box, served, jump):
    cap = 600_000
    box.updater.command({"do": "update-set", "window": "", "cap": f"{cap}"})
    assert box.updater.turn().key == "sync.paused.cap"
    before = pieces(served)
    assert 0 < before <= cap
    for years in (0, 1, 4, 9):
        box.clock.at = NOW + jump + timedelta(days=400 * years)
        assert box.updater.turn().key == "sync.paused.cap", years
        box.clock.at = NOW
        assert box.updater.turn().key == "sync.paused.cap", years
    assert pieces(served) == before
    box.clock.advance(10 * 86400)  # December has come by itself
    assert box.updater.turn().key == "sync.applied"
    assert before < pieces(served) <= 2 * cap
    assert not taken_twice(served.taken)


@settings(max_examples=15, deadline=None)
@given(jumps=st.lists(st.integers(-21, 3653), min_size=1, max_size=30))
def test_no_jumping_about_among_months_that_could_be_gives_more_than_the_cap(tmp_path_factory, jumps):
    folder, clock = tmp_path_factory.mktemp("meter"), FixedClock(NOW)
    board = StateBoard(folder, RealFiles())
    meter = Meter(Settings(data_folder=folder, root_file=folder / "root.json"), clock, board)
    taken, cap = 0, 1000
    for days in jumps:
        clock.at = NOW + timedelta(days=days)
        while meter.used() + 300 <= cap:
            meter.took(300)
            taken += 300
    assert taken <= cap
    assert read_state(folder).months == board.state.months


def test_month_that_comes_with_time_begins_anew_and_a_dead_battery_counts_to_the_month_before(tmp_path):
    clock, board = FixedClock(NOW), StateBoard(tmp_path, RealFiles())
    given = Settings(data_folder=tmp_path, root_file=tmp_path / "root.json")
    meter = Meter(given, clock, board)
    meter.took(700)
    clock.at = datetime(2000, 1, 1, tzinfo=UTC)
    again = Meter(given, clock, StateBoard(tmp_path, RealFiles()))  # and the box was started again
    assert again.used() == 700
    again.took(50)
    clock.at = NOW
    assert again.used() == 750
    clock.advance(9 * 86400)
    assert again.used() == 0
    (tmp_path / "state.json").write_text('{"month":"2026-11","used":9}')  # as an older version left it
    assert read_state(tmp_path) == UpdateState(month="2026-11", used=9, months={"2026-11": 9})


@pytest.mark.parametrize("jump", JUMPS)
def test_wait_after_a_failure_and_the_next_moment_are_of_time_and_not_of_the_clock(box, served, jump):
    served.fault = first(10**9, FAULTS["hangs_up"])
    asked = box.clock.monotonic()
    assert box.updater.turn().key in {"sync.unreachable", "sync.no_network"}
    wait = box.updater._next - asked
    assert FIRST_WAIT / 2 <= wait <= FIRST_WAIT * 1.5
    box.clock.at = NOW + jump
    assert box.updater._next - box.clock.monotonic() == wait
    assert box.updater.turn().key in {"sync.unreachable", "sync.no_network"}
    assert FIRST_WAIT <= box.updater._next - box.clock.monotonic() <= FIRST_WAIT * 3
    served.fault = first(0, FAULTS["hangs_up"])
    assert box.updater.turn().key == "sync.applied"
    assert 1 <= box.updater._next - box.clock.monotonic() <= HOUR + 1


@pytest.mark.parametrize("jump", JUMPS)
def test_hours_for_fetching_are_those_of_the_day_that_the_clock_says(box, served, jump):
    box.updater.command({"do": "update-set", "window": "22:00-06:00", "cap": "0"})  # it is 16:00 at the library
    assert box.updater.turn().key == "sync.waiting_window"
    box.clock.at = NOW + jump
    assert box.updater.turn().key == "sync.waiting_window"
    assert not pieces(served)
    box.clock.at = NOW + jump + timedelta(hours=10)
    assert box.updater.turn().key == "sync.applied"
    assert not taken_twice(served.taken)


@pytest.mark.parametrize("jump", [DECADE, -DECADE])
def test_closing_time_comes_once_whatever_year_it_is(tmp_path, jump):
    clock, applied = FixedClock(NOW), []
    given = Settings(data_folder=tmp_path, root_file=tmp_path / "r", opening_hours="9:00-17:00")
    ready = SimpleNamespace(state="ready")
    staged = SimpleNamespace(folder="national/2-x", bundle="national", held_back=STAGED, live=False, seq=2,
                             catalogue=ready, search=ready)  # fmt: skip
    board = SimpleNamespace(releases=lambda: (staged,) if not applied else (), editions=SimpleNamespace())
    files = RealFiles()
    preferences = SimpleNamespace(read=lambda: SimpleNamespace(window=""))
    turning = Turning(given, clock, files, SimpleNamespace(board=board), preferences, StateBoard(tmp_path, files))
    turning.apply = lambda: applied.append(clock.at)
    turning.look()
    clock.at = NOW + jump
    turning.look()
    assert not applied  # it is 16:00 there, too
    clock.at = NOW + jump + timedelta(hours=1)
    turning.look()
    clock.at = NOW
    turning.look()
    assert applied == [NOW + jump + timedelta(hours=1)]
    assert read_state(tmp_path) == replace(UpdateState(), closing="17:00")
