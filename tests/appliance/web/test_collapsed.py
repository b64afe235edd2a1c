"""Issues and volumes as one line of the results, with ways to each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from indexer.model import Access, Audience, Creator
from tests.appliance.web.conftest import set_display
from tests.appliance.web.holding import make_app, make_world, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient


def records():
    issues = [
        one(
            f"r.{n}", f"江北日报 第{n}号", "newspaper", parent="r", level="issue", seq=n, designation=f"第{n}号",
            description="水稻丰收" if n % 2 else "", first_release=n,
        )
        for n in range(1, 8)
    ]  # fmt: skip
    volumes = [
        one(f"t.{n}", f"通鉴 卷{n}", parent="t", level="volume", seq=n, designation=f"卷{n}", audience=audience)
        for n, audience in ((1, Audience("children")), (2, Audience("children")))
    ]
    return [
        one("r", "江北日报", "newspaper", files=(), level="serial", access=Access("none")),
        *issues,
        one("t", "通鉴", files=(), creators=(Creator("司馬光", "撰", "宋"),), access=Access("none")),
        *volumes,
        one("w", "水稻种植"),
    ]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    with make_world(tmp_path, records()) as world:
        yield make_app(world).test_client()


def text(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True)


def ways(page: str) -> list[tuple[str, str]]:
    [kids] = re.findall(r'<p class="kids row">(.*?)</p>', page)
    return re.findall(r'<a class="chip" href="([^"]+)">([^<]+)</a>', kids)


def test_issues_are_one_line_that_names_the_best_and_leads_to_all(client):
    page = text(client, "/search?q=江北日报")
    assert page.count('class="hit"') == 1
    assert "检索结果 1 条" in page
    assert "7 期" in page
    *best, (by_date, calendar), (address, all_) = ways(page)
    assert (by_date, calendar) == ("/read/r/issues", "按年月选择")
    assert all_ == "展开这 7 期"
    assert len(best) == 3
    assert all(re.fullmatch("第[1-7]号", name) and client.get(url).status_code == 200 for url, name in best)
    inside = text(client, address.replace("&amp;", "&"))
    assert inside.count('class="hit"') == 7
    assert '<a class="chip chip--on" href="/search?q=' in inside
    assert "江北日报 " in re.findall(r'chip--on" href="[^"]+">([^<]+)<', inside)[0]


def test_some_issues_are_said_to_be_some_of_all(client):
    page = text(client, "/search?q=丰收")
    assert "7 期" in page
    assert "其中 4 期相符" in page
    assert "<mark>丰收</mark>" in page
    assert "可下载" in page
    assert "仅有目录" not in page
    assert ways(page)[-1][1] == "展开这 4 期"


def test_volumes_that_are_all_named_have_no_way_to_all(client):
    assert [name for _, name in ways(text(client, "/search?q=通鉴"))] in (["卷1", "卷2"], ["卷2", "卷1"])


def test_shelves_and_counts_take_the_serial_and_new_arrivals_its_last_issue(client):
    assert re.findall(r"/resources/r[.0-9]*", text(client, "/browse/list?type=newspaper")) == ["/resources/r"] * 1
    assert client.get("/health").get_json()["types"] == {"book": 2, "newspaper": 1}
    assert client.get("/health").get_json()["resources"] == 12
    assert re.findall(r'"/resources/(r[.0-9]*)"', text(client, "/new")) == ["r.7"]


def test_child_sees_the_best_volume_where_the_set_is_not_for_children(client):
    set_display(client, face="child")
    page = text(client, "/search?q=通鉴")
    assert page.count('class="hit"') == 1
    assert "司馬光" not in page
    assert len(ways(page)) == 2


def test_api_tells_what_a_hit_stands_for(client):
    answer = client.get("/api/search", query_string={"q": "丰收"}).get_json()
    assert (answer["total"], answer["resources"]) == (1, 4)
    [hit] = answer["hits"]
    assert hit["id"] == "r"
    assert {k: hit["within"][k] for k in ("parent", "level", "count", "total")} == {
        "parent": "r", "level": "issue", "count": 4, "total": 7,
    }  # fmt: skip
    inside = client.get("/api/search", query_string={"q": "丰收", "within": "r"}).get_json()
    assert {h["id"] for h in inside["hits"]} == {"r.1", "r.3", "r.5", "r.7"}
    assert all("within" not in h for h in inside["hits"])
    assert client.get("/api/search?within=%2e%2e").status_code == 400
