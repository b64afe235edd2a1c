"""Withdrawn resources as staff see them: the first page for some days, the list with titles for good."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import Holdings, Message, Withdrawn
from appliance.web.status import TOLD, choose

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)
GONE = (Withdrawn("x.unheard-of", "没有见过的书", "授权到期", "2026-11-22"),)


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_withdrawn_list_names_titles_reasons_and_days(staff: FlaskClient, world: World) -> None:
    assert "没有下架的资源" in text(staff, "/staff/withdrawn")
    world.write(withdrawn=("x.lunyu", "x.nobody", "x.unheard-of"), withdrawals=GONE)
    page = text(staff, "/staff/withdrawn")
    for part in ("下架名单", "共 3 种", "论语", "没有见过的书", "授权到期", "11月22日", "通知没有写明", "x.nobody"):
        assert part in page
    assert "/staff/withdrawn" in text(staff, "/staff/health")


def test_withdrawn_list_is_for_staff_only(client: FlaskClient) -> None:
    assert client.get("/staff/withdrawn").status_code in {302, 303}


@pytest.mark.parametrize(
    ("after", "told"),
    [(dt.timedelta(minutes=1), True), (TOLD, True), (TOLD + dt.timedelta(seconds=1), False),
     (dt.timedelta(days=-1), False)],
)  # fmt: skip
def test_choose_tells_of_withdrawals_for_some_days(after: dt.timedelta, told: bool) -> None:
    holdings = Holdings(generation=1, withdrawn=("a", "b"), withdrawn_at=NOW.isoformat())
    found = [state.message for state in choose(holdings, 0, NOW + after).all]
    assert (Message("sync.withdrawn", {"count": 2}) in found) is told


def test_home_says_that_resources_were_withdrawn_and_leads_to_the_list(staff: FlaskClient, world: World) -> None:
    world.write(withdrawn=("x.lunyu",), withdrawn_at=world.clock.now().isoformat())
    page = text(staff, "/staff/")
    assert "已按通知下架 1 种资源。" in page
    assert 'href="/staff/withdrawn"' in page


@pytest.mark.parametrize("year", [1970, 2099])
def test_trap_clock_at_1970_and_2099_never_stops_serving_and_holds_dated_resources(
    client: FlaskClient, world: World, year: int
) -> None:
    """2099 is after the first day of the dated one: it would open if that clock were believed."""
    world.clock.at = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    item = client.get("/api/resources/x.lunyu").get_json()["items"][0]["url"]
    assert client.get(item).status_code == 200
    assert "论语" in text(client, "/search?q=论语")
    assert client.get("/api/resources/x.later").get_json()["use"]["reason"] == "rights.date_unknown"
    world.clock.at = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
    assert client.get("/api/resources/x.later").get_json()["use"]["reason"] != "rights.date_unknown"


def test_trap_expired_metadata_shows_how_old_the_content_is(client: FlaskClient, world: World) -> None:
    world.clock.at = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
    assert "2026年11月" in text(client, "/")
    assert client.get("/health").get_json()["edition"] == "2026.11"
