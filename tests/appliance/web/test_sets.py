"""A set of drives of which some are not plugged in: what staff and patrons read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import Part
from tests.appliance.web.conftest import set_display
from tests.appliance.web.sets import LECTURES, spread

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def said(page: str) -> list[str]:
    """The lines of the list of bundles and drives, without markup."""
    section = page.partition('aria-labelledby="sets"')[2].partition("</section>")[0]
    rows = re.findall(r"<li>(.*?)</li>", section, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def test_staff_see_every_drive_of_the_set(staff: FlaskClient, world: World) -> None:
    spread(world, 1, 3)
    page = text(staff, "/staff/drives")
    assert said(page) == ["第 1 块 已接上 9 种", "第 2 块 没有接上 3 种目前只能查目录", "第 3 块 已接上 1 种"]
    assert "2026年11月版" in page
    home = text(staff, "/staff/")
    assert "国家版共 3 块硬盘，<wbr>第 2 块还没有接上。" in home
    assert "第 2 块上的 3 种资源目前只能查目录" in home
    spread(world, 1)
    assert "国家版共 3 块硬盘，<wbr>还有 2 块没有接上。" in text(staff, "/staff/")


def test_staff_see_spares_and_drives_of_another_edition(staff: FlaskClient, world: World) -> None:
    spread(world, 1, 1, older=(2,))
    assert said(text(staff, "/staff/drives")) == [
        "第 1 块 已接上 9 种、另有 1 块备用",
        "第 2 块 没有接上 只有这一版才有的资源目前只能查目录",
        "第 3 块 没有接上 只有这一版才有的资源目前只能查目录",
        "第 2 块 2026年10月版 另一版 可信，可以接着用",
    ]
    home = text(staff, "/staff/")
    assert "接上的国家版硬盘不是同一版，" in home
    assert 'href="/staff/drives"' in home


@pytest.mark.parametrize(
    ("state", "words"), [("sick", "暂停读取"), ("reading", "正在识别"), ("ejected", "正在拔出"), ("gone", "没有接上")]
)
def test_staff_see_what_a_drive_is_doing(staff: FlaskClient, world: World, state: str, words: str) -> None:
    spread(world, 1, 2, 3)
    second = replace(world.holdings.drives[1], state=state)
    world.write(drives=(world.holdings.drives[0], second, world.holdings.drives[2]))
    assert said(text(staff, "/staff/drives"))[1].startswith(f"第 2 块 {words}")


def test_one_drive_of_one_bundle_needs_no_list(staff: FlaskClient, world: World) -> None:
    assert said(text(staff, "/staff/drives")) == []
    children = replace(
        world.holdings.releases[0], bundle="children", name="少儿版", folder="children/1-0", seq=1, count=5,
        catalogue=Part("waiting", percent=0), search=Part("waiting", percent=0),
    )  # fmt: skip
    world.write(releases=(*world.holdings.releases, children))
    assert said(text(staff, "/staff/drives")) == ["硬盘 已接上 13 种", "硬盘 没有接上 5 种目前只能查目录"]


def test_patrons_read_which_drive_is_missing(client: FlaskClient, world: World) -> None:
    spread(world, 1)
    page = text(client, "/resources/x.sanguo")
    assert "这份资源在硬盘“国家版第 2 块”上，这块硬盘没有接上。" in page
    assert "btn--seal" not in page
    assert "硬盘未接" in text(client, "/search?q=三國")
    assert "硬盘未接" in text(client, "/browse/list?kind=book")
    found = client.get("/api/resources/x.sanguo").get_json()
    assert (found["available"], found["drive"]) == (False, "国家版第 2 块")
    (hit,) = client.get("/api/search?q=三國").get_json()["hits"]
    assert hit["available"] is False
    assert client.get(found["items"][0]["url"]).status_code == 503
    spread(world, 1, 2)
    assert "btn--seal" in text(client, "/resources/x.sanguo")
    assert "硬盘未接" not in text(client, "/search?q=三國")
    assert client.get(found["items"][0]["url"]).status_code == 200


def test_page_of_a_missing_drive_offers_only_what_can_be_opened(client: FlaskClient, world: World) -> None:
    spread(world, 1)
    page = text(client, "/read/x.sanguo", 503)
    offered = re.findall(r'href="/resources/([^"?]+)"', page.partition("也许可以看看")[2])
    assert offered
    assert not {"x.sanguo", "x.kao", "x.sanzijing"} & set(offered)


def waiting(client: FlaskClient) -> list[bool]:
    """Of each card of the first page's shelf whether it waits for its drive, in order."""
    cards = re.findall(r'class="shelf__cap">.*?class="meta">([^<]*)', text(client, "/"), re.DOTALL)
    return [meta.startswith(("硬盘未接", "现在看不了")) for meta in cards]


def test_a_childs_face_says_nothing_of_drives_and_shows_what_opens_first(client: FlaskClient, world: World) -> None:
    set_display(client, face="child")
    spread(world, 1, 2)
    home, waits = text(client, "/"), waiting(client)
    assert waits == sorted(waits)
    assert "硬盘" not in home
    assert "需要处理" not in home
    assert "馆员登录" in home
    page = text(client, "/resources/x.sanzijing")
    assert "这本书现在不能看，换一本吧。" in page
    offered = re.findall(r'href="/resources/([^"?]+)"', page.partition("看看这些</h2>")[2].partition("</section>")[0])
    assert offered
    assert all(client.get(f"/api/resources/{name}").get_json()["available"] for name in offered)


@pytest.mark.parametrize("plugged", [(1,), (2,), (3,)])
def test_first_page_shows_what_opens_before_what_waits_for_its_drive(
    client: FlaskClient, world: World, plugged: tuple[int, ...]
) -> None:
    spread(world, *plugged)
    waits = waiting(client)
    assert waits == sorted(waits)
    assert not all(waits)


def test_page_of_what_waits_for_its_drive_offers_what_opens(client: FlaskClient, world: World) -> None:
    spread(world, 1)
    assert 'id="instead"' in text(client, "/resources/x.sanguo")
    spread(world, 1, 2, 3)
    assert 'id="instead"' not in text(client, "/resources/x.sanguo")


def test_patrons_read_what_is_here_of_a_work_on_two_drives(client: FlaskClient, world: World) -> None:
    spread(world, 1, 3)
    page = text(client, f"/resources/{LECTURES}")
    assert "其中 2 个文件在硬盘“国家版第 2 块”上，这块没有接上。" in page
    assert "btn--seal" in page
    assert page.count("硬盘未接") == 2
    assert "部分硬盘未接" in text(client, "/search?q=唐诗")
    items = client.get(f"/api/resources/{LECTURES}").get_json()["items"]
    assert [client.get(item["url"]).status_code for item in items] == [200, 200, 200, 503, 503]
    spread(world, 2)
    page = text(client, f"/resources/{LECTURES}")
    assert "其中 3 个文件在硬盘“国家版第 1 块”上" in page
    (first,) = re.findall(r'btn--big" href="([^"]+)"', page)
    assert items[3]["id"] in first


def counted(client: FlaskClient, query: str = "") -> dict[str, int]:
    found = client.get(f"/api/search?{query}").get_json()["facets"]["available"]
    return {entry["value"]: entry["count"] for entry in found}


def hits(client: FlaskClient, query: str) -> dict[str, dict]:
    return {hit["id"]: hit for hit in client.get(f"/api/search?{query}").get_json()["hits"]}


@pytest.mark.parametrize("plugged", [(), (1,), (2,), (2, 3), (1, 2, 3)])
def test_available_counts_and_filters_what_the_plugged_drives_hold(
    client: FlaskClient, world: World, plugged: tuple[int, ...]
) -> None:
    spread(world, 1, 2, 3)
    readable = set(hits(client, "available=yes"))
    assert {"x.sanguo", "x.sanzijing", LECTURES} < readable
    spread(world, *plugged)
    here, away = hits(client, "available=yes"), hits(client, "available=no")
    assert {"x.sanguo" in here, "x.kao" in here} == {2 in plugged}
    assert ("x.sanzijing" in here, "x.lunyu" in here) == (3 in plugged, 1 in plugged)
    assert (LECTURES in here) is bool({1, 2} & {*plugged})
    whole = {name for name in readable if client.get(f"/api/resources/{name}").get_json()["available"]}
    assert set(here) == whole | ({LECTURES} if {1, 2} & {*plugged} else set())
    assert ('class="btn btn--seal' in text(client, f"/resources/{LECTURES}")) is (LECTURES in here)
    assert not set(here) & set(away)
    bare = {name for name in away if name == "x.mulu"}
    every = (("yes", len(here)), ("no", len(away)), ("catalogue", len(bare)))
    assert counted(client) == {k: v for k, v in every if v}
    assert counted(client, "available=yes&") == counted(client)
    books = {name for name, hit in here.items() if hit["type"] == "book"}
    assert counted(client, "type=book&").get("yes", 0) == len(books) == len(hits(client, "type=book&available=yes"))
    if books:
        page = text(client, "/search?type=book&available=yes")
        assert "硬盘未接" not in page.replace("部分硬盘未接", "")
        facets = " ".join(re.sub(r"<[^>]+>", " ", text(client, "/search?type=book")).split())
        assert f"本馆可读 {len(books)} " in facets


def test_withdrawn_resource_is_shown_nowhere_whatever_holds_it(client: FlaskClient, world: World) -> None:
    item = client.get("/api/resources/x.lunyu").get_json()["items"][0]["url"]
    before = client.get("/health").get_json()["resources"]
    world.write(withdrawn=("x.lunyu", "x.unheard-of"))
    assert "本资源已下架，" in text(client, "/resources/x.lunyu", 410)
    assert client.get("/api/resources/x.lunyu").status_code == 410
    assert client.get(item).status_code == 410
    assert client.get("/covers/x.lunyu").status_code == 404
    assert client.get("/read/x.lunyu").status_code == 410
    assert client.get("/api/search?q=论语").get_json()["total"] == 0
    assert "论语" not in text(client, "/browse/list?kind=book") + text(client, "/new") + text(client, "/")
    assert client.get("/health").get_json()["resources"] == before - 1
    world.write(withdrawn=())
    assert client.get(item).status_code == 200
