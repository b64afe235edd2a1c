"""The page of results in words of like meaning: what stands where, what is said, the way to the words alone."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from indexer.model import Access
from tests.appliance.web.conftest import set_display
from tests.appliance.web.holding import make_app, make_world, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from indexer.model import Resource


def gardens() -> list[tuple[Resource, dict[str, bytes]]]:
    """Two books that hold 养花, one of them an entry only; thirty of 花卉, and 西游记."""
    found = [
        one("g.a", "阳台养花"),
        one("g.b", "养花十日谈", files=(), access=Access("none")),
        one("g.x", "西游记"),
        one("g.y", "糖尿病人的饮食"),
    ]
    return [*found, *(one(f"g.{number:02d}", f"花卉图谱 {number}") for number in range(30))]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    with make_world(tmp_path_factory.mktemp("gardens"), gardens()) as world:
        yield make_app(world).test_client()


def page(client: FlaskClient, **parameters: str) -> str:
    answer = client.get("/search", query_string=parameters)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def titles(shown: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", title) for title in re.findall(r'<h3 dir="auto"[^>]*><a [^>]*>(.*?)</a>', shown)]


def test_what_holds_the_words_is_counted_and_comes_first(client: FlaskClient) -> None:
    shown = page(client, q="养花")
    assert "检索结果 2 条" in shown
    assert re.search(r"也按“花卉[^”]*”查找，另有 30 条排在后面。", shown)
    assert titles(shown)[:2] == ["阳台养花", "养花十日谈"]
    assert all(title.startswith("花卉图谱") for title in titles(shown)[2:])
    first = shown.index("花卉</mark>")
    assert shown.index("养花十日谈") < shown.index("以下按意思相近的词查到") < first
    assert "按“花卉”查到" in shown
    assert "另有 1 条仅有目录" in shown
    second = page(client, q="养花", page="2")
    assert len(titles(shown)) + len(titles(second)) == 32
    assert "以下按意思相近的词查到" in second


def test_one_link_leads_to_the_words_alone(client: FlaskClient) -> None:
    found = re.search(r'<a href="(/search[^"]*literal=1)">只查“养花”</a>', page(client, q="养花"))
    assert found is not None
    alone = client.get(html.unescape(found[1])).get_data(as_text=True)
    assert titles(alone) == ["阳台养花", "养花十日谈"]
    assert "花卉" not in alone


def test_where_nothing_holds_the_words_it_is_said(client: FlaskClient) -> None:
    shown = page(client, q="孙悟空")
    assert titles(shown) == ["西游记"]
    assert "检索结果 1 条" in shown
    assert re.search(r"已按“西游记[^”]*”查找。", shown)
    assert "以下按意思相近的词查到" not in shown
    assert titles(page(client, q="糖尿病人吃什么好")) == ["糖尿病人的饮食"]
    assert re.search(r"已按“养花、花卉[^”]*”查找。", page(client, q="养花的书"))


def test_english_pages_say_the_same(client: FlaskClient) -> None:
    set_display(client, language="en")
    try:
        shown = page(client, q="养花")
        assert "30 more" in shown
        assert "Only “养花”" in shown
        assert "Found by words of like meaning" in shown
    finally:
        set_display(client, language="zh-Hans")


@pytest.mark.parametrize("typed", ["“养花”", "题名:养花", "养花 -兰花"])
def test_quoted_words_and_fields_are_never_widened(client: FlaskClient, typed: str) -> None:
    shown = page(client, q=typed)
    assert titles(shown) == ["阳台养花", "养花十日谈"]
    assert "也按" not in shown


def test_programs_find_the_words_only(client: FlaskClient) -> None:
    assert client.get("/api/search", query_string={"q": "养花"}).get_json()["total"] == 2
    assert client.get("/api/search", query_string={"q": "孙悟空"}).get_json()["total"] == 0
