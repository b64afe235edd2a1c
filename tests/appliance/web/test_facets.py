"""Filters beside a result: what is offered, what choosing and taking away lead to, what is in the catalogue only."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import make_app, make_world, one
from tests.appliance.web.searching import books, classes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    with make_world(tmp_path_factory.mktemp("searching"), books()) as world:
        yield make_app(world).test_client()


def text(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def options(page: str) -> dict[str, tuple[str, int, bool]]:
    """Words of every option → its address, count, and whether it is on."""
    pattern = r'<a class="opt[^"]*" href="([^"]+)"( aria-current="true")?><span>([^<]+)</span><small>(\d+)<'
    found = re.findall(pattern, page)
    return {words: (html.unescape(url), int(count), bool(on)) for url, on, words, count in found}


def chips(page: str) -> dict[str, str]:
    found = re.findall(r'<a class="chip chip--on" href="([^"]+)">([^<]+?) <svg', page)
    return {words: html.unescape(url) for url, words in found}


def total(page: str) -> int:
    return int(re.findall(r"检索结果 ([\d,]+) 条", page)[0])


def test_every_option_leads_to_what_it_counts(client: FlaskClient) -> None:
    page = text(client, "/search?q=明月")
    offered = options(page)
    wanted = "图书 听书 本馆可读 可下载带走 只供阅览 仅有目录 少儿 7—9岁 繁体中文 文言 文学 唐 浙江 1940—1949年"
    assert set(wanted.split()) <= {words.replace(" ", "") for words in offered}
    assert total(page) == 40
    for words, (url, count, on) in offered.items():
        assert not on
        assert total(text(client, url)) == count, words


def test_several_values_of_one_filter_are_alternatives_and_each_has_a_chip(client: FlaskClient) -> None:
    page = text(client, options(text(client, "/search?q=明月"))["图书"][0])
    page = text(client, options(page)["听书"][0])
    counts = options(page)
    assert [counts[words][2] for words in ("图书", "听书", "图片")] == [True, True, False]
    assert total(page) == counts["图书"][1] + counts["听书"][1]
    page = text(client, counts["本馆可读"][0])
    assert set(chips(page)) == {"图书", "听书", "本馆可读"}
    page = text(client, chips(page)["图书"])
    assert set(chips(page)) == {"听书", "本馆可读"}
    assert total(page) == options(page)["听书"][1]


def test_classes_open_level_by_level_and_close_again(client: FlaskClient) -> None:
    page = text(client, options(text(client, "/search?q=明月"))["文学"][0])
    assert "I2" in options(page)
    page = text(client, options(page)["I2"][0])
    assert set(chips(page)) == {"I2（文学类）"}
    assert {"I22", "I24", "文学", "艺术"} <= set(options(page))
    page = text(client, options(page)["I22"][0])
    assert set(chips(page)) == {"I22（文学类）"}
    page = text(client, options(page)["文学"][0])
    assert set(chips(page)) == {"文学"}


def test_what_is_only_in_the_catalogue_comes_last_and_the_page_leads_to_it(client: FlaskClient) -> None:
    first, second = text(client, "/search?q=明月"), text(client, "/search?q=明月&page=2")
    said = "另有 8 条仅有目录，可登记需求"
    assert (first.count(said), second.count(said)) == (1, 1)
    assert first.index(said) > first.rindex('class="hit"')  # below what can be read
    assert second.index(said) < second.index('"tag">仅有目录</span>')  # between the two
    [url] = re.findall(r'<b><a href="([^"]+)">另有', first)
    page = text(client, html.unescape(url))
    assert (total(page), page.count('"tag">仅有目录</span>')) == (8, 8)
    assert "另有" not in page
    assert "另有" not in text(client, "/search?q=明月&available=yes")


def test_children_read_in_their_own_words_what_is_not_there_yet(client: FlaskClient) -> None:
    client.set_cookie("display", "child.paper.2.zh-Hans")
    try:
        page = text(client, "/search?q=明月")
    finally:
        client.delete_cookie("display")
    assert "仅有目录" not in page
    assert page.count('"tag">还没来</span>') == 2
    assert page.index("下面的书还没来") < page.index('"tag">还没来</span>')
    assert "还没来" in options(page)


def test_other_forms_of_the_characters_are_explained_when_they_were_found(tmp_path: Path) -> None:
    with make_world(tmp_path, [one("a", "紅樓夢"), one("b", "红楼梦 研究")]) as world:
        client = make_app(world).test_client()
        assert "例如“紅樓”" in text(client, "/search?q=红楼")
        assert "例如“红楼”" in text(client, "/search?q=紅樓")
        assert "写法也一并查到" not in text(client, "/search?q=研究")
        assert "写法也一并查到" not in text(client, "/search?q=红楼梦研究")


def test_an_imported_classification_is_called_as_its_bundle_calls_it(tmp_path: Path) -> None:
    with make_world(tmp_path, books(), classes()) as world:
        client = make_app(world).test_client()
        page = text(client, "/search?q=明月")
        assert "<h3>四部分类法</h3>" in page
        assert options(page)["古籍"][1] == 40
        page = text(client, options(page)["古籍"][0])
        assert {"集部", "史部"} <= set(options(page))
        page = text(client, options(page)["集部"][0])
        assert set(chips(page)) == {"集部"}
        assert total(page) == 20
        page = text(client, "/search?q=明月&clc=I2")
        assert {"I2 中国文学", "I22 诗歌、韵文", "I24"} <= set(options(page))
        assert set(chips(page)) == {"I2 中国文学"}


def test_codes_are_shown_where_no_bundle_names_them(client: FlaskClient) -> None:
    page = text(client, "/search?q=明月")
    assert "<h3>四部</h3>" in page
    assert options(page)["集部"][1] == options(page)["史部"][1] == 20


@pytest.mark.parametrize("given", ["dynasty=大明", "place=11"])
def test_a_filter_that_is_not_offered_is_left_out_and_the_others_stay(client: FlaskClient, given: str) -> None:
    answer = client.get(f"/search?q=明月&{given}&type=book&type=audio")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("type=book&type=audio")


def test_api_names_the_filter_that_it_refuses_and_counts_the_others(client: FlaskClient) -> None:
    refused = ["dynasty=大明", "place=11", "age=9-3", "download=x", "tree=集部", "sort=issue", "audience=all"]
    for name, value in (pair.split("=") for pair in refused):
        answer = client.get(f"/api/search?{name}={value}")
        assert (answer.status_code, answer.json["error"]["field"]) == (400, name)
    found = client.get("/api/search?q=明月&dynasty=唐&dynasty=宋&place=330000&tree=sibu:集部").json
    assert found["total"] == len(found["hits"]) > 0
    assert {f["value"] for f in found["facets"]["tree"]} == {"sibu:集部"}
    assert {f["value"] for f in found["facets"]["place"]} >= {"330000", "330100", "330500"}
    assert found["entries"] == sum(hit["url"] != "" and not hit["available"] for hit in found["hits"])
