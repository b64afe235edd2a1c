"""Small things that pages are made of: covers, marks, page numbers, codes, zones, kinds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from appliance.web.context import zone_of
from appliance.web.covers import cover_of, main_title, title_width
from appliance.web.hits import marked
from appliance.web.icons import icon, light_shape
from appliance.web.kinds import KINDS, count_of, kind_of
from appliance.web.paging import pages
from appliance.web.qr import qr
from appliance.web.results import parts_of
from indexer.model import TYPES, Audience, ClassCode, Creator, PublicationDate, RareBook, Resource

BOOK = Resource("b", "论语", "book")


@pytest.mark.parametrize(
    ("title", "main"),
    [
        ("论语", "论语"),
        ("《论语》译注：学而篇", "论语译注"),
        ("三字经（有声读物）", "三字经"),
        ("Hefty Water / by IDPF", "Hefty Water"),
        ("（清）", "（清）"),
        ("一" * 30, "一" * 19 + "…"),
    ],
)
def test_main_title_is_what_a_cover_holds(title: str, main: str) -> None:
    assert main_title(title) == main


@given(st.text(min_size=1, max_size=80))
def test_main_title_never_overflows_and_never_fails(title: str) -> None:
    assert title_width(main_title(title)) <= 20


@pytest.mark.parametrize(
    ("members", "kind", "colour"),
    [
        ({}, "flat", "c-dai"),
        ({"classes": (ClassCode("clc", "I222"),), "rare": RareBook()}, "bound", "c-qing"),
        ({"date": PublicationDate("清光绪间", 1875, 1908)}, "bound", "c-dai"),
        ({"language": ("zh-Hant",), "creators": (Creator("羅貫中", "撰", "明"),)}, "bound", "c-dai"),
        ({"rare": RareBook(), "title": "Analects of Kong"}, "flat", "c-dai"),
        ({"type": "newspaper"}, "news", "c-dai"),
        ({"type": "image"}, "framed", "c-dai"),
        ({"type": "government", "audience": Audience("children")}, "flat", "c-dan"),
        ({"type": "unheard-of", "classes": (ClassCode("clc", "TP3"),)}, "flat", "c-tie"),
    ],
)
def test_cover_kind_and_colour(members: dict[str, object], kind: str, colour: str) -> None:
    cover = cover_of(replace(BOOK, **members), pictured=False)  # type: ignore[arg-type]
    assert (cover.kind, cover.colour, cover.image) == (kind, colour, "")


def test_cover_of_a_journal_shows_its_number() -> None:
    cover = cover_of(replace(BOOK, type="journal", designation="2019年第3期"), pictured=False)
    assert (cover.number, cover.small) == ("3", "2019年第3期")


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("论语译注", [(0, 2)], "<mark>论语</mark>译注"),
        ("a<b", [(1, 2)], "a<mark>&lt;</mark>b"),
        ("论语", [(1, 9), (1, 1), (5, 6)], "论语"),
        ("论语译注", [(0, 3), (2, 4)], "<mark>论语译</mark>注"),
    ],
)
def test_marked_escapes_and_leaves_out_impossible_spans(text: str, spans: list[tuple[int, int]], expected: str) -> None:
    assert str(marked(text, spans)) == expected


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=5))
def test_marked_never_loses_text(text: str, spans: list[tuple[int, int]]) -> None:
    assert marked(text, spans).replace(Markup("<mark>"), "").replace(Markup("</mark>"), "").unescape() == text


def test_pages_have_gaps_and_ends() -> None:
    found = pages(5, 400, 20, lambda n: f"/p{n}")
    assert [n if url else None for n, url in found.links] == [1, None, 3, 4, 5, 6, 7, None, 20]
    assert (found.previous, found.next) == ("/p4", "/p6")
    only = pages(1, 5, 20, str)
    assert (only.count, only.previous, only.next) == (1, "", "")


def test_qr_is_one_path_without_style() -> None:
    drawn = qr("http://library.local/", "本馆<网址>")
    assert drawn.count("<path") == 1
    assert "style" not in drawn
    assert 'aria-label="本馆&lt;网址&gt;"' in drawn


def test_icons_are_hidden_from_screen_readers() -> None:
    for drawn in (icon("book"), *(light_shape(light) for light in ("normal", "working", "attention"))):
        assert 'aria-hidden="true"' in drawn
        assert "xmlns" not in drawn
    with pytest.raises(KeyError):
        icon("unheard-of")


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("127.0.0.1", "premises"), ("::1", "premises"), ("192.168.1.9", "premises"), ("::ffff:10.1.2.3", "premises"),
        ("fe80::1%eth0", "premises"), ("203.0.113.9", "outside"), ("2001:db8::1", "outside"),
        ("::ffff:203.0.113.9", "outside"), ("", "outside"), ("unknown", "outside"),
    ],
)  # fmt: skip
def test_zone_of_addresses(address: str, zone: str) -> None:
    networks = ("127.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "::1/128", "fe80::/10")
    assert zone_of(address, networks) == zone


def test_kinds_gather_every_type_and_add_up() -> None:
    counts = dict.fromkeys(TYPES, 3) | {"unheard-of": 2}
    assert sum(count_of(kind, counts) for kind in KINDS) == 3 * len(TYPES) + 2
    assert all(type_ in kind_of(type_).types for type_ in TYPES)
    assert kind_of("unheard-of").name == "book"


@given(st.text(max_size=200))
def test_parts_of_a_query_are_shorter_and_bounded(query: str) -> None:
    parts = parts_of(query)
    assert len(parts) <= 40
    assert all(len(part) < len(query) for part in parts)


def test_parts_of_an_unbroken_query_come_longest_first() -> None:
    assert parts_of("采茶戏集") == ["采茶戏", "茶戏集", "采茶", "茶戏", "戏集"]
    assert parts_of("红楼 三国演义") == ["三国演义", "红楼"]
