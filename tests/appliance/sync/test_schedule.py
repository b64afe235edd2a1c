"""Windows over midnight, moments of boxes, waits, caps."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sync.schedule import FIRST_WAIT, LONGEST_WAIT, Window, left_of_cap, month_of, next_month, wait_after

NIGHT = Window.parse("22:00-06:00")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 27, hour, minute)  # noqa: DTZ001 - the library's own time


@pytest.mark.parametrize(
    ("hour", "minute", "open_"),
    [(21, 59, False), (22, 0, True), (23, 59, True), (0, 0, True), (5, 59, True), (6, 0, False)],
)
def test_window_over_midnight(hour, minute, open_):
    assert NIGHT.is_open(at(hour, minute)) is open_


def test_window_of_a_day_and_of_all_day():
    day = Window.parse("09:30-17:00")
    assert [day.is_open(at(h, m)) for h, m in ((9, 29), (9, 30), (16, 59), (17, 0))] == [False, True, True, False]
    assert all(Window.parse("").is_open(at(hour)) for hour in range(24))
    assert Window.parse("").minutes == 1440


@pytest.mark.parametrize("text", ["22-6", "24:00-06:00", "22:00-06:60", "22:00 - 06:00", "x", "22:00-06:00 "])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="no span"):
        Window.parse(text)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_window_opens_at_the_first_open_minute(start, end, minute):
    window, now = Window(start, end), at(minute // 60, minute % 60)
    opens = window.opens(now)
    assert window.is_open(opens)
    assert now <= opens < now + timedelta(days=1)
    assert opens == now or not window.is_open(opens - timedelta(minutes=1))


def test_waits_double_up_to_six_hours_and_differ():
    assert wait_after(1, 0.5) == FIRST_WAIT
    assert [wait_after(n, 0.5) / FIRST_WAIT for n in (2, 3, 4)] == [2, 4, 8]
    assert wait_after(1000, 0.0) == LONGEST_WAIT / 2
    assert wait_after(1000, 0.999) < LONGEST_WAIT * 1.5


def test_cap_counts_by_the_month():
    assert left_of_cap(0, 10**12) is None
    assert left_of_cap(100, 30) == 70
    assert left_of_cap(100, 130) == 0
    assert month_of(next_month(at(12))) == "2026-12"
    assert next_month(datetime(2026, 12, 31, 23)) == datetime(2027, 1, 1)  # noqa: DTZ001
