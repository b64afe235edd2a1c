"""Withdrawn resources as staff see them: the first page for some days, the list with titles for good."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import Holdings, Message
from appliance.web.status import TOLD, choose
from tests.appliance.web.holding import World, make_world
from tests.appliance.web.withdrawals import BACK, GONE, ISSUES, SERIAL, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path, records()) as made:
        yield made


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


def test_withdrawn_serial_stands_once_with_the_number_of_its_parts(staff: FlaskClient, world: World) -> None:
    item = staff.get(f"/api/resources/{ISSUES[2]}").get_json()["items"][0]["url"]
    assert staff.get(item).status_code == 200
    world.write(withdrawn=(SERIAL, ISSUES[0]))
    page = text(staff, "/staff/withdrawn")
    assert "共 1 种" in page
    assert "其下各期、各卷共 3 种，一并下架" in page
    assert "第1期" not in page
    assert staff.get(item).status_code == 410
    for name in ISSUES:
        assert "本资源已下架，" in text(staff, f"/resources/{name}", 410)
        assert staff.get(f"/api/resources/{name}").status_code == 410
        assert staff.get(f"/read/{name}").status_code == 410
    assert staff.get("/api/search?q=江北月刊").get_json()["total"] == 0
    assert "江北月刊" not in text(staff, "/browse/list?type=journal") + text(staff, "/new")
    world.write(withdrawn=())
    assert staff.get(item).status_code == 200


def test_withdrawn_list_shows_what_was_given_back(staff: FlaskClient, world: World) -> None:
    world.write(lifted=BACK)
    page = text(staff, "/staff/withdrawn")
    for part in ("没有下架的资源", "已恢复提供", "论语", "旧版地方志选编", "11月26日", 'href="/resources/x.lunyu"'):
        assert part in page
    assert 'href="/resources/x.given-back"' not in page
    world.write(withdrawn=("x.lunyu",), lifted=BACK)
    assert 'href="/resources/x.lunyu"' not in text(staff, "/staff/withdrawn")


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


def test_withdrawn_list_of_thousands_has_pages(staff: FlaskClient, world: World) -> None:
    world.write(withdrawn=tuple(f"x.gone-{n:04}" for n in range(2_050)))
    first, last = text(staff, "/staff/withdrawn"), text(staff, "/staff/withdrawn?page=99")
    assert "共 2,050 种" in first
    assert "x.gone-0199" in first
    assert "x.gone-0200" not in first
    assert "x.gone-2049" in last
    assert last.count('<th scope="row">') == 50
    assert "/staff/withdrawn?page=11" in first


def test_withdrawn_ring_of_parents_stands_in_the_list(staff: FlaskClient, world: World) -> None:
    world.write(withdrawn=("x.ring-a", "x.ring-b"))
    page = text(staff, "/staff/withdrawn")
    assert "环甲" in page
    assert "环乙" in page
