"""Tests of appliance.clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from appliance.clock import FixedClock, RealClock, plausible_day, plausible_now

EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
HORIZON = datetime(2046, 11, 1, tzinfo=UTC)


def test_real_clock_tells_aware_utc_and_never_goes_back():
    clock = RealClock()
    assert clock.now().utcoffset() == timedelta()
    assert clock.monotonic() <= clock.monotonic()


def test_fixed_clock_moves_only_when_told():
    clock = FixedClock()
    before = clock.now(), clock.monotonic()
    clock.advance(90)
    assert clock.now() - before[0] == timedelta(seconds=90)
    assert clock.monotonic() - before[1] == 90


@pytest.mark.parametrize(
    ("at", "believed"),
    [
        (datetime(2001, 1, 1, tzinfo=UTC), False),
        (EARLIEST - timedelta(seconds=1), False),
        (EARLIEST, True),
        (HORIZON, True),
        (HORIZON + timedelta(seconds=1), False),
    ],
)
def test_plausible_now_is_bounded_on_both_sides(at, believed):
    assert plausible_now(FixedClock(at), earliest=EARLIEST, horizon=HORIZON) == (at if believed else None)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), date(2026, 11, 23)),  # midnight in China
        (EARLIEST - timedelta(hours=23), date(2026, 10, 31)),  # a slow clock on the day of signing
        (EARLIEST - timedelta(hours=25), None),
        (datetime(2038, 1, 19, tzinfo=UTC), date(2038, 1, 19)),
        (datetime(2099, 1, 1, tzinfo=UTC), None),
    ],
)
def test_plausible_day_is_the_day_at_the_library(at, day):
    found = plausible_day(FixedClock(at), earliest=EARLIEST, horizon=HORIZON, utc_offset_minutes=480)
    assert found == day
