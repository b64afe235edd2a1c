"""更新: what its page says and asks for, who may press what, and the states behind it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.store.editions import UNDONE
from appliance.store.holdings import Message, Part
from appliance.store.preferences import Preferences
from appliance.store.updating import UpdateState
from appliance.web.update_states import months_between, update_states
from tests.appliance.web.conftest import post
from tests.appliance.web.holding import NOW, PASSWORD
from tests.appliance.web.updating import before, list_changes, staged, tell, undone

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

TODAY = NOW.date()


def page_of(client: FlaskClient, path: str = "/staff/updates") -> str:
    return client.get(path).get_data(as_text=True)


def signed_in_as(client: FlaskClient, world: World, role: str) -> None:
    world.accounts.create("小李", role)
    world.accounts.set_password("小李", PASSWORD)
    post(client, "/staff/sign-in", "/staff/sign-in", name="小李", password=PASSWORD)


def said(world: World, state: UpdateState, *, today: dt.date | None = TODAY, origins: bool = True) -> list[Message]:
    return [s.message for s in update_states(world.holdings, state, now=NOW, today=today, origins=origins)]


def test_page_needs_sign_in(client: FlaskClient) -> None:
    assert client.get("/staff/updates").headers["Location"] == "/staff/sign-in?next=/staff/updates"


def test_what_waits_is_shown_with_its_titles_page_by_page(staff: FlaskClient, world: World) -> None:
    new = staged(world)
    list_changes(world, world.holdings.releases[0], new)
    world.write(releases=(new, world.holdings.releases[0]))
    tell(world, counts={new.folder: (60, 1, 1)})
    page = page_of(staff)
    assert "新内容已备好，<wbr>今天闭馆后启用。" in page
    assert "新添的书之7" in page
    assert "新添的书之8" not in page
    path = "/staff/updates/titles?bundle=national&of=staged"
    first, last = page_of(staff, path), page_of(staff, f"{path}&page=2")
    assert (first.count("新添的书之"), last.count("新添的书之")) == (50, 10)
    assert '<a href="/resources/x.sanguo">三國演義</a>' in last
    assert "新添的书之0" in first
    for wrong in ("&page=3", "&page=999999", "&of=live", "&of=nothing"):
        assert staff.get(path.replace("&of=staged", "") + wrong).status_code == 404
    assert staff.get(path.replace("national", "x")).status_code == 404


@pytest.mark.parametrize("wanted", ["check", "now", "pause", "resume", "apply"])
def test_buttons_reach_the_worker(staff: FlaskClient, world: World, wanted: str) -> None:
    assert post(staff, "/staff/updates/command", "/staff/updates", do=f"update-{wanted}").status_code == 303
    assert world.commands == [{"do": f"update-{wanted}"}]


def test_unknown_wishes_do_not(staff: FlaskClient, world: World) -> None:
    for wrong in ("update-undo", "update-set", "eject", "", "update-again"):
        assert post(staff, "/staff/updates/command", "/staff/updates", do=wrong).status_code == 400
    assert world.commands == []


def test_going_back_is_asked_first_and_is_for_the_director(staff: FlaskClient, world: World) -> None:
    live, old = world.holdings.releases[0], before(world)
    world.write(releases=(live, old))
    list_changes(world, old, live)
    assert 'href="/staff/updates/undo?bundle=national"' in page_of(staff)
    asked = page_of(staff, "/staff/updates/undo?bundle=national")
    assert "退回 2026年10月版，<wbr>新增的 60 种将不再显示。" in asked
    assert "已下架的不会因此恢复" in asked
    assert world.commands == []
    assert post(staff, "/staff/updates/undo", "/staff/updates", bundle="national").status_code == 303
    assert world.commands == [{"do": "update-undo", "bundle": "national"}]
    world.write(releases=(live,))
    assert "没有可以退回的上一版" in page_of(staff, "/staff/updates/undo?bundle=national")
    assert post(staff, "/staff/updates/undo", "/staff/updates", bundle="national").status_code == 409
    assert len(world.commands) == 1


@pytest.mark.parametrize("spoiled", [{"held_back": UNDONE}, {"search": Part("failed")}, {"seq": 9}])
def test_nobody_goes_back_to_what_was_undone_or_cannot_be_used(
    staff: FlaskClient, world: World, spoiled: dict[str, object]
) -> None:
    old = replace(before(world), **spoiled)  # type: ignore[arg-type]
    world.write(releases=(world.holdings.releases[0], old))
    assert "/staff/updates/undo" not in page_of(staff)


def test_going_forward_again_is_offered(staff: FlaskClient, world: World) -> None:
    new = undone(world)
    world.write(releases=(new, world.holdings.releases[0]))
    tell(world, lives={world.holdings.releases[1].folder: f"{NOW:%Y-%m-%dT%H:%M:%SZ}"})
    page = page_of(staff)
    assert "已退回 2026年11月版" in page
    assert "重新启用新版" in page
    post(staff, "/staff/updates/command", "/staff/updates", do="update-again", bundle="national")
    assert world.commands == [{"do": "update-again", "bundle": "national"}]


def test_roles(client: FlaskClient, world: World) -> None:
    live, old = world.holdings.releases[0], before(world)
    world.write(releases=(live, old))
    world.accounts.first_start()
    signed_in_as(client, world, "librarian")
    page = page_of(client)
    assert "/staff/updates/undo" not in page
    refused = client.get("/staff/updates/undo?bundle=national")
    assert refused.status_code == 403
    assert "这件事由馆长办理" in refused.get_data(as_text=True)
    assert post(client, "/staff/updates/settings", "/staff/updates", hours="any", cap="0").status_code == 403
    assert post(client, "/staff/updates/command", "/staff/updates", do="update-check").status_code == 303
    world.accounts.set_role("小李", "volunteer")
    post(client, "/staff/sign-in", "/staff/sign-in", name="小李", password=PASSWORD)
    assert "再查一次" not in page_of(client)
    assert post(client, "/staff/updates/command", "/staff/updates", do="update-check").status_code == 403
    assert world.commands == [{"do": "update-check"}]


def test_hours_and_traffic_are_chosen_by_the_director(staff: FlaskClient, world: World) -> None:
    settings = "/staff/updates/settings"
    chosen = {"hours": "some", "from": "21:30", "to": "05:00", "cap": "12"}
    assert post(staff, settings, "/staff/updates", **chosen).status_code == 303
    assert world.commands.pop() == {"do": "update-set", "window": "21:30-05:00", "cap": "12000000000"}
    assert post(staff, settings, "/staff/updates", **(chosen | {"hours": "any", "cap": ""})).status_code == 303
    assert world.commands.pop() == {"do": "update-set", "window": "", "cap": "0"}
    for wrong in ({"from": "25:00"}, {"to": ""}, {"cap": "-1"}, {"cap": "1e9"}, {"cap": "100001"}, {"cap": "３"}):
        assert post(staff, settings, "/staff/updates", **(chosen | wrong)).status_code == 400
    assert world.commands == []


def test_chosen_hours_and_traffic_are_shown(world: World) -> None:
    from tests.appliance.web.holding import make_app

    tell(world, used=1_500_000_000, chosen=Preferences("21:30-05:00", 12_000_000_000))
    client = make_app(world).test_client()
    world.accounts.first_start()
    signed_in_as(client, world, "director")
    page = page_of(client)
    for text in ("每天 21:30 至 05:00", "最多 12 GB", "1.5 GB", "<option selected>21:30</option>", 'value="12"'):
        assert text in page, text
    tell(world, month="2026-10", used=1_500_000_000)
    assert "还没有用" in page_of(client)


def test_page_is_asked_again_without_news(staff: FlaskClient) -> None:
    import re

    found = re.search(r'hx-get="/staff/updates\?seen=([0-9a-f]+)"', page_of(staff))
    assert found
    assert staff.get(f"/staff/updates?seen={found[1]}").status_code == 204


def test_home_tells_what_waits_and_leads_to_the_page(staff: FlaskClient, world: World) -> None:
    new = staged(world)
    world.write(releases=(new, world.holdings.releases[0]))
    page = page_of(staff, "/staff/")
    assert "新内容已备好" in page
    assert 'action="/staff/updates/command"' in page


# States


def test_nothing_is_said_without_news(world: World) -> None:
    assert said(world, UpdateState()) == []


def test_applied_is_told_for_three_days_once_readers_have_it(world: World) -> None:
    live = world.holdings.releases[0]
    counts = {live.folder: (12, 3, 1)}
    for hours, told in ((1, True), (71, True), (73, False), (-1, False)):
        at = f"{NOW - dt.timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        state = UpdateState(applied=live.folder, applied_at=at, lives={live.folder: at}, counts=counts)
        assert ("sync.applied" in [message.key for message in said(world, state)]) == told
    nothing_new = UpdateState(applied=live.folder, applied_at=f"{NOW:%Y-%m-%dT%H:%M:%SZ}")
    assert [message.key for message in said(world, nothing_new)] == ["sync.applied.none"]


@pytest.mark.parametrize(
    ("issued", "today", "key"),
    [
        ("2026-11-20", dt.date(2027, 2, 19), ""),
        ("2026-11-20", dt.date(2027, 2, 20), "sync.stale.notice"),
        ("2026-11-20", dt.date(2027, 5, 19), "sync.stale.notice"),
        ("2026-11-20", dt.date(2027, 5, 20), "sync.stale.attention"),
        ("2026-11-30", dt.date(2027, 2, 28), ""),
        ("2026-11-20", dt.date(2040, 1, 1), "sync.stale.attention"),
        ("2026-11-20", None, ""),
        ("2026-11-20", dt.date(2020, 1, 1), ""),
        ("soon", dt.date(2040, 1, 1), ""),
    ],
)
def test_content_of_three_and_six_months_is_told(world: World, issued: str, today: dt.date | None, key: str) -> None:
    world.write(releases=(replace(world.holdings.releases[0], issued=issued),))
    assert [message.key for message in said(world, UpdateState(), today=today)] == ([key] if key else [])


@pytest.mark.parametrize("issued", ["2019-01-01", "2026-05-20", "2046-01-01"])
def test_old_content_stops_nothing(client: FlaskClient, world: World, issued: str) -> None:
    world.write(releases=(replace(world.holdings.releases[0], issued=issued),))
    identity = next(iter(world.records))
    for address in ("/", "/new", f"/resources/{identity}", f"/api/resources/{identity}"):
        assert client.get(address).status_code == 200, address


def test_months_between() -> None:
    assert months_between(dt.date(2026, 1, 31), dt.date(2026, 2, 28)) == 0
    assert months_between(dt.date(2026, 1, 28), dt.date(2026, 2, 28)) == 1
    assert months_between(dt.date(2026, 12, 1), dt.date(2026, 1, 1)) == 0


@pytest.mark.parametrize(("days", "told"), [(6, False), (7, True), (40, True), (4000, False), (-3, False)])
def test_a_week_without_an_origin_asks_for_somebody(world: World, days: int, told: bool) -> None:
    state = UpdateState(failing=f"{NOW - dt.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}")
    expected = [Message("sync.unreachable.days", {"days": days})] if told else []
    assert said(world, state) == expected
    assert said(world, state, today=None) == []
    assert said(world, state, origins=False) == []
