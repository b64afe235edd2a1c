"""Texts cut into pages: at headings, by length, cleaned; and nothing but cleaned pages is let through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import RenditionError
from indexer.renditions import BytesSource, Renditions, TextPages
from indexer.renditions.chapter import checked
from indexer.renditions.chapter import clean as clean_chapter
from indexer.renditions.grammar import ANY, Grammar
from indexer.renditions.reading import PAGE_BLOCKS, PAGE_LETTERS, PAGE_MARKUP, addressed, cleaned, cut
from tests import hostile_amounts as amounts
from tests.hostile_books import SHOWN
from tests.hostile_files import Target, formatting_bomb, web_page

MARKUP = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "<script>",
                "</p>",
                "<p ",
                "title='",
                "<b>",
                "<table><td>",
                "<svg><title>",
                "<math>",
                "<!--",
                "&lt;",
                "<a href=x>",
                "<img src=x onerror=y>",
                "<h1 id=x>",
                "\0",
                "<![CDATA[",
                "</plaintext>",
                "<template>",
            ]
        ),
    ),
    max_size=20,
).map("".join)


def shown(text: str, media_type: str = "text/plain") -> tuple[list[str], tuple[tuple[str, int, str], ...]]:
    found = TextPages.of(cut(text, media_type))
    return [found.page(n) for n in range(1, found.count + 1)], found.contents


def body(head: object, pages: bytes) -> bytes:
    return json.dumps(head).encode() + b"\n" + pages


def test_text_is_cut_at_chapters_and_has_contents():
    chapter = "正文一行，平平无奇。\n" * 400
    text = f"前言\n短短几句。\n第一章 出发 & 别\n{chapter}\n　　第二回 归来\n{chapter}第三章里说的不是标题。"
    pages, contents = shown(text)
    assert [title for title, _, _ in contents] == ["前言", "第一章 出发 & 别", "第二回 归来"]
    first, second = (page for _, page, _ in contents[1:])
    assert first == 1
    assert 'id="s3"' in pages[second - 1]
    assert "第三章里说的不是标题" in pages[-1]
    assert all(len(page) < 3 * PAGE_LETTERS for page in pages)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("a.png", "a.png"),
        ("./b/../图 1.png", "图 1.png"),
        ("%E5%9B%BE.png?x#y", "图.png"),
        ("../up.png", "../up.png"),
        ("http://x/a.png", ""),
        ("//x/a.png", ""),
        ("data:image/png;base64,AA", ""),
        ("javascript:x", ""),
        ("", ""),
        ("http://[", ""),
    ],
)
def test_pictures_of_a_web_page_are_asked_for_by_their_place(address: str, place: str):
    [page], _ = shown(f'<p>图<img alt="山" src="{address}" onerror="x">文</p>', "text/html")
    asked: list[str] = []
    found = addressed(page, lambda name: (asked.append(name), '/items/x?v="1"')[1])
    assert asked == ([place] if place else [])
    img = '<img alt="山" src="/items/x?v=&quot;1&quot;">' if place else ""
    assert found == f"<p>图{img}文</p>"
    assert addressed(page, lambda _: "") == "<p>图文</p>"


def test_text_keeps_every_letter_of_a_long_line_and_of_long_paragraphs():
    pages, _ = shown("长" * 50_000)
    assert sum(page.count("长") for page in pages) == 50_000
    pages, _ = shown("一行字。\n" * 9_000)
    assert sum(page.count("一行字。") for page in pages) == 9_000
    assert all(len(page) < 3 * PAGE_LETTERS for page in pages)


def test_text_of_many_short_paragraphs_has_bounded_pages():
    pages, _ = shown("甲\n\n" * 20_000)
    assert max(page.count("<p>") for page in pages) <= PAGE_BLOCKS
    assert sum(page.count("甲") for page in pages) == 20_000


def test_markup_is_cut_between_blocks_and_cleaned():
    inner = "".join(f"<h2>节 {n} &amp; 后</h2><p onclick=x>{'字' * 3000}</p><script>1</script>" for n in range(6))
    pages, contents = shown(f"<html><body><div><section>{inner}</section></div></body></html>", "text/html")
    assert len(pages) > 2
    assert [title for title, _, _ in contents] == [f"节 {n} & 后" for n in range(6)]
    assert not any("onclick" in page or "script" in page for page in pages)
    assert sum(page.count("字") for page in pages) == 18_000
    assert 'id="s6"' in pages[contents[-1][1] - 1]


def test_markup_that_nests_without_end_is_read_as_words():
    pages, _ = shown("<div>" * 200_000 + "正文", "text/html")
    assert "正文" in pages[-1]


def test_markup_of_a_hostile_page_is_its_words():
    pages, contents = shown(web_page(Target()).decode(), "text/html")
    assert contents == ((SHOWN, 1, "s1"),)
    assert pages == [f'<h1 id="s1">{SHOWN}</h1>\n去\n'.replace("\n", "")] or SHOWN in pages[0]
    assert "203.0.113.9" not in "".join(pages)
    assert "__pwned" not in "".join(pages)


def test_markup_that_swells_is_read_as_words_within_bounds():
    with Renditions() as made:
        found = TextPages.of(made.text_pages(BytesSource(formatting_bomb()), "text/html"))
    assert "x x x" in found.page(found.count).replace("  ", " ")


@given(st.text(max_size=300), st.sampled_from(["text/plain", "text/html"]))
def test_text_of_anything_has_a_page(text, media_type):
    pages, _ = shown(text, media_type)
    assert pages
    assert "<script" not in "".join(pages).lower()


@given(MARKUP)
def test_markup_of_anything_passes_the_check_after_it_was_cleaned(text):
    shown(text, "text/html")
    checked(clean_chapter(text))
    assert cleaned(cleaned(text)) == cleaned(text)


@pytest.mark.parametrize(
    "page",
    [
        "<script>x</script>",
        "<p onclick='x'>",
        '<p onclick="x">',
        '<a href="x">',
        '<img src="http://x/y.png">',
        '<img src="/items/x">',
        '<img onerror="x">',
        "<p",
        "<",
        "<!-- x -->",
        "<P>",
        '<p style="x">',
        '<h1 id="main">',
        '<p title="x"onclick="y">',
        "</body>",
        "<p/>",
        '<p title="<">',
        "<p\n>",
        '<td colspan="1" >',
        "<pre><svg>",
    ],
)
def test_page_that_was_not_cleaned_is_refused(page):
    made = TextPages.of(body({"ends": [len(page)], "contents": []}, page.encode()))
    with pytest.raises(RenditionError):
        made.page(1)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\n",
        b"x\n",
        b"[]\n",
        b'{"ends":[]}\n',
        body({"ends": [], "contents": []}, b""),
        body({"ends": [2], "contents": []}, b"x"),
        body({"ends": [5, 1], "contents": []}, b"x"),
        body({"ends": [True], "contents": []}, b"x"),
        body({"ends": ["1"], "contents": []}, b"x"),
        body({"ends": [1], "contents": [["x", -1, "s"]]}, b"x"),
        body({"ends": [1], "contents": [1]}, b"x"),
        b"[" * 100_000,
    ],
)
def test_pages_that_do_not_fit_together_are_refused(bad):
    with pytest.raises(RenditionError):
        TextPages.of(bad)


@given(st.text(alphabet='<>/="ab ih', max_size=40))
def test_grammar_lets_nothing_but_its_tags_through(text):
    grammar = Grammar({"a": {"h": "b*"}, "b": {}}, {"i": ANY})
    try:
        grammar.check(text)
    except RenditionError:
        return
    rest = text
    for tag in ("<a>", "</a>", "<b>", "</b>"):
        rest = rest.replace(tag, "")
    import re

    rest = re.sub(r'<[ab](?: i="[^"<>]*"| h="b*")+>', "", rest)
    assert "<" not in rest


def test_block_that_no_terminal_would_show_becomes_words():
    pages, _ = shown(amounts.one_block().decode(), "text/html")
    assert max(map(len, pages)) <= PAGE_MARKUP
    assert len(pages) > 10
    assert SHOWN in pages[0]
    assert not any("<b>" in page for page in pages)


def test_page_of_empty_blocks_is_bounded():
    pages, _ = shown(("<div>" + "<i></i>" * 20_000 + "</div>") * 20, "text/html")
    assert max(map(len, pages)) <= PAGE_MARKUP


def test_pages_read_no_more_than_is_asked_for():
    made = cut(amounts.full_text().decode(), "text/plain")
    read: list[int] = []

    def read_at(offset: int, n: int) -> bytes:
        read.append(n)
        return made[offset : offset + n]

    found = TextPages(read_at, len(made))
    found.page(found.count)
    assert len(made) > 1 << 20
    assert sum(read) < 256 << 10
