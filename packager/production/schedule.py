"""How long a campaign of writing drives takes, with which people. Pure functions; nothing is measured here.

A station is one computer with its bays. Someone fills the bays in working hours; the run then goes on by itself, nights
and weekends too; the bays are emptied and filled again in the next working hour.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

_HOUR = 3600
_DAY = 24 * _HOUR
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is to be done, and with what.

    Attributes:
        drives: good ones wanted. size: bytes on each.
        bays: disks that a station writes at a time. stations: how many.
        rate: bytes a second that one disk takes and gives, on its average (its inner tracks have half of the outer).
        source_rate: bytes a second that a station reads its image with, shared by its bays; None: no limit.
        handling: minutes a person needs for a drive: unpack, plug, unplug, label, note, pack.
        shift: working hours of a day. people: at work at a time. week: working days of a week.
        spare: share of drives that turn out unfit and are written again.
    """

    drives: int
    size: int
    bays: int
    rate: float
    stations: int = 1
    source_rate: float | None = None
    handling: float = 3.0
    shift: float = 8.0
    people: int = 1
    week: int = 5
    spare: float = 0.02

    def __post_init__(self) -> None:
        """Check every member.

        Raises:
            ValueError: one is out of bounds.
        """
        counts = (self.drives, self.size, self.bays, self.stations, self.people)
        rates = (self.rate, self.rate if self.source_rate is None else self.source_rate)
        limits = 0 < self.shift <= 24 and 1 <= self.week <= _WEEK and 0 <= self.spare < 1 and self.handling >= 0
        if min(counts) < 1 or min(rates) <= 0 or not limits:
            raise ValueError("a campaign needs drives, bays, people, a rate, and working hours")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a campaign goes.

    Attributes:
        run: hours of one run, writing and reading back. runs: how many. written: drives written, unfit ones included.
        days: working days on which somebody works. calendar: days from the first to the end of the last run.
        hours: of people's work. shifts: the same in shifts of one person.
    """

    run: float
    runs: int
    written: int
    days: int
    calendar: int
    hours: float
    shifts: int


def run_hours(campaign: Campaign) -> float:
    """Hours of one run: every byte is written once and read back once, all bays at a time."""
    write = campaign.rate
    if campaign.source_rate is not None:
        write = min(write, campaign.source_rate / campaign.bays)
    return (campaign.size / write + campaign.size / campaign.rate) / _HOUR


def schedule(campaign: Campaign) -> Schedule:
    """Play the campaign through, run by run.

    Time: proportional to the runs.
    """
    written = math.ceil(campaign.drives * (1 + campaign.spare))
    runs = math.ceil(written / campaign.bays)
    # Whole seconds from here on: a rest that rounding leaves would be worked on for ever.
    run = math.ceil(run_hours(campaign) * _HOUR)
    handling = math.ceil(campaign.bays * campaign.handling * 60 / campaign.people)
    stations = [0] * min(campaign.stations, runs)
    staff = end = 0
    worked: set[int] = set()
    for _ in range(runs):
        staff = _work(campaign, max(heapq.heappop(stations), staff), handling, worked)
        heapq.heappush(stations, staff + run)
        end = max(end, staff + run)
    hours = written * campaign.handling / 60
    return Schedule(
        run=run_hours(campaign),
        runs=runs,
        written=written,
        days=len(worked),
        calendar=math.ceil(end / _DAY),
        hours=hours,
        shifts=math.ceil(hours / campaign.shift),
    )


def _work(campaign: Campaign, begin: int, seconds: int, worked: set[int]) -> int:
    """When work that may begin at `begin` is done, going on in working hours only; notes the days."""
    now, left, shift = begin, seconds, max(1, int(campaign.shift * _HOUR))
    while True:
        day, since = divmod(now, _DAY)
        if day % _WEEK >= campaign.week or since >= shift:
            now = (day + 1) * _DAY
            continue
        worked.add(day)
        today = min(left, shift - since)
        now, left = now + today, left - today
        if left == 0:
            return now
