"""The planner."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.production.schedule import Campaign, run_hours, schedule

NATIONAL = Campaign(drives=2900, size=4 * 10**12, bays=8, rate=180e6)


def test_a_run_of_four_terabytes_writes_and_reads_back():
    assert run_hours(NATIONAL) == pytest.approx(2 * 4e12 / 180e6 / 3600)
    shared = dataclasses.replace(NATIONAL, source_rate=720e6)
    assert run_hours(shared) == pytest.approx(4e12 / 90e6 / 3600 + 6.17, abs=0.01)


def test_one_station_writes_one_run_a_working_day():
    found = schedule(NATIONAL)
    assert (found.written, found.runs) == (2958, 370)
    assert found.days == 370
    assert found.calendar > 500
    assert found.hours == pytest.approx(147.9)
    assert found.shifts == 19


def test_more_stations_need_fewer_days_until_people_are_the_bound():
    days = [schedule(dataclasses.replace(NATIONAL, stations=n)).days for n in (1, 2, 4, 8, 16, 64)]
    assert days == sorted(days, reverse=True)
    assert days[2] <= 95
    assert days[-1] >= schedule(NATIONAL).hours / 8


def test_small_campaign_by_hand():
    """Two runs of half an hour, five minutes a drive: all in one morning."""
    found = schedule(Campaign(drives=4, size=9 * 10**10, bays=2, rate=1e8, handling=5, spare=0))
    assert (found.runs, found.days, found.calendar) == (2, 1, 1)
    assert found.run == 0.5


def test_work_stops_at_the_end_of_the_shift_and_on_weekends():
    slow = Campaign(drives=3, size=36 * 10**9, bays=1, rate=10**6, handling=0, shift=8, week=1, spare=0)  # 20 h a run
    assert (schedule(slow).days, schedule(slow).calendar) == (3, 15)


@given(
    st.builds(
        Campaign, drives=st.integers(1, 300), size=st.integers(1, 10**13), bays=st.integers(1, 20),
        rate=st.floats(1e6, 1e9), stations=st.integers(1, 9), handling=st.floats(0, 60), shift=st.floats(1, 24),
        people=st.integers(1, 5), week=st.integers(1, 7), spare=st.floats(0, 0.5),
    )
)  # fmt: skip
def test_schedules_are_consistent(campaign):
    found = schedule(campaign)
    assert found.runs * campaign.bays >= found.written >= campaign.drives
    assert 1 <= found.days <= found.calendar
    assert found.calendar >= found.run / 24
    assert found.hours / campaign.people <= found.days * campaign.shift + 1
    one = schedule(dataclasses.replace(campaign, stations=1))
    assert found.calendar <= one.calendar


CHANGES = [{"drives": 0}, {"rate": 0}, {"shift": 25}, {"week": 0}, {"spare": 1}, {"people": 0}]


@pytest.mark.parametrize("change", CHANGES)
def test_impossible_campaigns_are_refused(change):
    with pytest.raises(ValueError, match="needs"):
        dataclasses.replace(NATIONAL, **change)
