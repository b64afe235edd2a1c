"""The page of results of a query that means something else: what was searched, and the way back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from appliance.web.results import parts_of
from tests.appliance.web.conftest import set_display

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def page(client: FlaskClient, **parameters: str) -> str:
    answer = client.get("/search", query_string=parameters)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_nearest_is_searched_and_said_with_the_way_back(client: FlaskClient) -> None:
    shown = page(client, q="轮语")
    assert "已按“论语”查找。" in shown
    assert 'href="/resources/x.lunyu"' in shown
    back = re.search(r'href="(/search[^"]*literal=1)"', shown)
    assert back is not None
    literal = client.get(back[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "没有查到“轮语”" in literal
    assert "您是不是要找：论语" in literal
    assert 'href="/search?q=%E8%AE%BA%E8%AF%AD"' in literal


def test_pinyin_is_said_and_every_line_tells_why(client: FlaskClient) -> None:
    shown = page(client, q="lun yu")
    assert "已按拼音“lun yu”查找" in shown
    assert "拼音相符" in shown
    assert 'href="/resources/x.lunyu"' in shown


def test_children_are_not_led_to_what_is_not_theirs(client: FlaskClient) -> None:
    set_display(client, face="child")
    assert "论语" not in page(client, q="轮语").replace("轮语", "")


@pytest.mark.parametrize("typed", ["<b>轮语</b>", '轮语"><script>alert(1)</script>'])
def test_what_was_typed_is_text(client: FlaskClient, typed: str) -> None:
    assert "<b>轮语" not in page(client, q=typed)
    assert "<script>alert" not in page(client, q=typed)


def test_programs_are_told_and_not_led_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/api/search", query_string={"q": "轮语"}).get_json()
    assert (answer["total"], answer["suggestion"]) == (0, "论语")
    assert client.get("/api/search", query_string={"q": "论语"}).get_json()["suggestion"] == ""


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("唐诗赏", ["唐诗", "诗赏"]),
        ("hlm", []),
        ("9787020002207", []),
        ("民国二十六年", ["民国"]),
        ("Python入门", ["Python入", "Python", "入门"]),
        ("唐诗 赏读", ["唐诗", "赏读"]),
    ],
)
def test_a_query_is_taken_apart_only_where_its_pieces_are_words(query: str, parts: list[str]) -> None:
    assert parts_of(query) == parts


@pytest.mark.parametrize(
    ("face", "way"), [("std", "/wish?q="), ("child", 'name="q" value="轮语"'), ("elder", "/wish?q=")]
)
def test_what_was_typed_may_be_asked_for_where_something_else_was_searched(
    client: FlaskClient, face: str, way: str
) -> None:
    set_display(client, face=face)
    shown = page(client, q="轮语")
    if "没找到" not in shown:  # children are shown theirs only
        assert "没有" in shown
    assert way in shown
    assert "/wish?q=" not in page(client, q="论语")
