"""报送: the page of reports and the staff's first page weigh a report that waits by one rule."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.store.outbox import ReportRow
from appliance.web.report_states import OVERDUE_DAYS, report_standing, report_states
from tests.appliance.web.test_diagnosis import STICK, signed_in_to

if TYPE_CHECKING:
    from tests.appliance.web.holding import World

TODAY = dt.date(2026, 11, 22)
NOW = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
LATE = ReportRow("CN-510726", "2026-10", 1, "2026-11-01T02:00:00Z")
WAITS = ReportRow("CN-510726", "2026-11", 1, "2026-11-20T02:00:00Z")
RETURNED = replace(WAITS, reason="report-time")
RECEIVED = replace(WAITS, received="2026-11-21T02:00:00Z")


def said(rows, *, sends=False, today=TODAY):
    """Keys and lights that are said of reports, those that need somebody first."""
    standing = report_standing(rows, sends=sends, now=NOW, today=today)
    found = [*report_states(rows, today=today, reason=str), *([standing] if standing else [])]
    return [(state.message.key, state.message.params.get("month"), state.light) for state in found]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], [("report.none", None, "normal")]),
        ([RECEIVED], [("report.received", "2026-11", "normal")]),
        ([WAITS], [("report.waiting_stick", "2026-11", "normal")]),
        ([LATE], [("report.overdue", "2026-10", "attention")]),
        ([RETURNED], [("report.returned", "2026-11", "attention")]),
        ([WAITS, LATE], [("report.overdue", "2026-10", "attention"), ("report.waiting_stick", "2026-11", "normal")]),
        ([RECEIVED, LATE], [("report.overdue", "2026-10", "attention")]),
        ([RETURNED, LATE], [("report.returned", "2026-11", "attention"), ("report.overdue", "2026-10", "attention")]),
    ],
)
def test_each_report_is_spoken_of_once_and_only_what_needs_somebody_lights_the_triangle(rows, expected):
    assert said(rows) == expected


def test_box_with_a_line_waits_in_peace_too():
    assert said([WAITS], sends=True) == [("report.waiting_network", "2026-11", "normal")]


def test_report_is_late_on_the_same_day_for_all_pages_and_never_by_a_clock_that_is_not_believed():
    last = dt.date(2026, 11, 1) + dt.timedelta(days=OVERDUE_DAYS - 1)
    assert said([LATE], today=last) == [("report.waiting_stick", "2026-10", "normal")]
    assert said([LATE], today=last + dt.timedelta(days=1)) == [("report.overdue", "2026-10", "attention")]
    assert said([LATE], today=None) == [("report.waiting_stick", "2026-10", "normal")]


@pytest.mark.parametrize(("row", "light"), [(WAITS, "正常"), (LATE, "需要处理"), (RETURNED, "需要处理")])
def test_both_pages_show_the_same_light(world: World, row: ReportRow, light: str) -> None:
    world.services = replace(world.services, reports=lambda: (row,))
    client = signed_in_to(world)
    pages = [client.get(address).get_data(as_text=True) for address in ("/staff/", "/staff/reports")]
    assert [re.findall(r'<p class="word">([^<]+)</p>', page)[0] for page in pages] == [light, light]


def test_late_report_can_be_saved_where_it_is_told(world: World) -> None:
    world.services = replace(world.services, reports=lambda: (LATE,))
    client = signed_in_to(world)
    page = client.get("/staff/reports").get_data(as_text=True)
    assert '<a class="btn btn--seal btn--big" href="/staff/reports#by-stick">存到 U盘</a>' in page
    assert 'href="/staff/reports#months">查看报表</a>' in client.get("/staff/").get_data(as_text=True)
    world.write(drives=(*world.holdings.drives[:1], STICK))
    page = client.get("/staff/reports").get_data(as_text=True)
    assert '<button class="btn btn--seal btn--big">存到 U盘</button>' in page
    assert page.count('value="report-export"') == 1
    world.settings = replace(world.settings, report_url="https://reports.example.org/")
    page = signed_in_to(world).get("/staff/reports").get_data(as_text=True)
    assert '<a class="btn btn--seal btn--big" href="/staff/reports#months">查看报表</a>' in page
