"""Books: contents, sanitised chapters, pictures, covers."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import BytesSource, Renditions
from indexer.renditions.chapter import addressed, checked
from indexer.renditions.chapter import clean as cleaned
from indexer.renditions.epub_archive import Archive, as_text, parse_markup
from tests.indexer.rendition_files import book, epub_of, package, page, png

RUNS = re.compile(
    r"<script|javascript:|\son\w+\s*=|<iframe|<object|<style|https?://|<form|<svg|<base|style=", re.IGNORECASE
)


@pytest.fixture(scope="module")
def renditions():
    with Renditions() as made:
        yield made


def chapter_of(renditions, body: bytes, number: int = 1):
    return renditions.epub_chapter(BytesSource(body), number).addressed(
        lambda name: f"/picture/{name}", lambda n, fragment: f"/chapter/{n}#{fragment}"
    )


# — contents —


def test_contents_from_the_navigation_document(renditions):
    nav = page(
        '<nav epub:type="landmarks"><ol><li><a href="c2.xhtml">不是目录</a></li></ol></nav>'
        '<nav epub:type="toc"><ol><li><a href="c1.xhtml">第一章</a><ol><li><a href="c1.xhtml#s%201">第\n 一节</a></li>'
        '</ol></li><li><span>卷二</span></li><li><a href="c2.xhtml">第二章</a></li></ol></nav>'
    )
    manifest = '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    contents = renditions.epub_contents(BytesSource(book("一", "二", more={"OPS/nav.xhtml": nav}, manifest=manifest)))
    assert [(t.title, t.level, t.chapter, t.fragment) for t in contents.toc] == [
        ("第一章", 0, 1, ""),
        ("第 一节", 1, 1, "b-s 1"),
        ("卷二", 0, None, ""),
        ("第二章", 0, 2, ""),
    ]
    assert contents.titles == ("第一章", "第二章")
    assert (contents.title, contents.language, contents.direction) == ("书", "zh", "ltr")


def test_contents_from_an_ncx(renditions):
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>甲</text></navLabel>'
        '<content src="c1.xhtml"/><navPoint><navLabel><text>乙</text></navLabel><content src="c2.xhtml#x"/></navPoint>'
        "</navPoint></navMap></ncx>"
    ).encode()
    manifest = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    spine = '<spine toc="ncx" page-progression-direction="rtl"><itemref idref="c1"/><itemref idref="c2"/></spine>'
    made = book("一", "二", more={"OPS/toc.ncx": ncx}, manifest=manifest, spine=spine)
    contents = renditions.epub_contents(BytesSource(made))
    assert [(t.title, t.level, t.chapter) for t in contents.toc] == [("甲", 0, 1), ("乙", 1, 2)]
    assert contents.direction == "rtl"


def test_contents_broken_navigation_leaves_the_spine(renditions):
    manifest = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    contents = renditions.epub_contents(BytesSource(book("一", more={"OPS/toc.ncx": b"<ncx"}, manifest=manifest)))
    assert (contents.toc, contents.titles) == ((), ("",))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\x03\x04" + b"\0" * 100,
        epub_of({}),
        epub_of({"OPS/package.opf": b"<package>"}),
        epub_of({"OPS/package.opf": package("", "<spine/>")}),
    ],
)
def test_contents_of_no_book_is_an_error(renditions, body):
    with pytest.raises(RenditionError):
        renditions.epub_contents(BytesSource(body))


def test_contents_entities_are_not_expanded(renditions):
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    opf = laughs + package("", "<spine/>", "<dc:title>&b;</dc:title>").partition(b"?>")[2]
    with pytest.raises(RenditionError):
        renditions.epub_contents(BytesSource(epub_of({"OPS/package.opf": opf})))


# — chapters —


def test_chapter_keeps_the_text_and_drops_what_runs(renditions):
    body = (
        '<h1 onclick="x()">题</h1><p style="color:red" class="seal">正文<script>alert(1)</script>后</p>'
        '<iframe src="http://a.example/">x</iframe><form action="/leave"><button>按</button></form>'
        '<p><a href="javascript:alert(1)">甲</a><a href="http://a.example/">乙</a><a href="//a.example">丙</a></p>'
        '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><text>图字</text></svg><style>p{}</style>'
        "<ruby>漢<rt>hàn</rt></ruby><table><tr><td colspan='2'>格</td></tr></table>"
    )
    chapter = chapter_of(renditions, book(body))
    assert not RUNS.search(chapter.html), chapter.html
    for kept in ("题", "正文后", "甲", "乙", "丙", "<ruby>漢<rt>hàn</rt></ruby>", '<td colspan="2">格</td>'):
        assert kept in chapter.html
    assert "alert" not in chapter.html
    assert "class" not in chapter.html
    assert chapter.title == "题"


def test_chapter_pictures_and_links_of_the_book_are_addressed(renditions):
    body = (
        '<p id="x">甲</p><img src="../pics/a%20b.png" alt="图" onerror="x"/><img src="http://a.example/t.png"/>'
        '<img src="../../etc/passwd"/><img src="data:image/png;base64,AA=="/><img src="missing.png"/>'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<image xlink:href="../pics/a%20b.png"/></svg>'
        '<a href="c2.xhtml#y">下一章</a><a href="#x">上面</a><a href="nowhere.xhtml">无</a>'
    )
    html = chapter_of(renditions, book(body, "二", more={"pics/a b.png": png()})).html
    assert html.count('src="/picture/pics/a b.png"') == 2
    assert html.count("<img") == 2
    assert 'href="/chapter/2#b-y"' in html
    assert 'href="/chapter/1#b-x"' in html
    assert 'id="b-x"' in html
    assert html.count("href=") == 2


def test_chapter_not_well_formed_is_read_as_a_browser_would(renditions):
    html = chapter_of(renditions, book("<p>一<br>二&nbsp;三 & 四<p>五<img src=x onerror=alert(1)>")).html
    assert "一<br>二" in html
    assert "五" in html
    assert not RUNS.search(html)


def test_chapter_xml_traps_give_nothing_away(renditions):
    trap = (
        b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>before&x;after</p></body></html>'
    )
    html = chapter_of(renditions, book("x", more={"OPS/c1.xhtml": trap})).html
    assert "root:" not in html
    assert "before" in html


def test_chapter_vertical_by_its_style_sheet(renditions):
    head = '<link rel="stylesheet" href="v.css"/>'
    files = {"OPS/c1.xhtml": page("字", head), "OPS/v.css": b"html{writing-mode: vertical-rl}"}
    made = book("一", "二", more=files)
    assert chapter_of(renditions, made).vertical
    assert not chapter_of(renditions, made, 2).vertical


def test_chapter_picture_in_the_spine_is_shown(renditions):
    manifest = '<item id="p" href="p.png" media-type="image/png"/>'
    made = book("一", more={"OPS/p.png": png()}, manifest=manifest, spine='<spine><itemref idref="p"/></spine>')
    assert chapter_of(renditions, made).html == '<img src="/picture/OPS/p.png">'


@pytest.mark.parametrize("number", [0, 2, -1])
def test_chapter_that_is_not_there_is_an_error(renditions, number):
    with pytest.raises(RenditionError, match="no chapter"):
        chapter_of(renditions, book("一"), number)


def test_chapter_packed_too_well_is_a_limit(renditions):
    bomb = page("<p>" + " " * (30 << 20) + "</p>")
    with pytest.raises(RenditionLimitError):
        chapter_of(renditions, book("x", more={"OPS/c1.xhtml": bomb}))


def test_chapter_in_another_encoding_is_read(renditions):
    gbk = '<?xml version="1.0" encoding="GB18030"?><html><body><p>汉字</p></body></html>'.encode("gb18030")
    assert "汉字" in chapter_of(renditions, book("x", more={"OPS/c1.xhtml": gbk})).html


# — pictures and covers —


def test_resource_gives_pictures_only(renditions):
    made = BytesSource(book("一", more={"OPS/a.png": png(), "OPS/b.png": b"<svg onload='x()'/>", "OPS/c.js": b"1"}))
    assert renditions.epub_resource(made, "OPS/a.png").media_type == "image/png"
    for name in ("OPS/b.png", "OPS/c.js", "OPS/package.opf", "missing", "../../etc/passwd", "/etc/passwd"):
        with pytest.raises(RenditionError):
            renditions.epub_resource(made, name)


@pytest.mark.parametrize(
    "manifest",
    [
        '<item id="x" href="a.png" media-type="image/png" properties="cover-image"/>',
        '<item id="cover" href="a.png" media-type="image/png"/>',
    ],
)
def test_cover_that_the_book_names(renditions, manifest):
    made = book("一", more={"OPS/a.png": png(600, 800)}, manifest=manifest)
    cover = renditions.cover(BytesSource(made), "application/epub+zip")
    assert (cover.width, cover.height) == (480, 640)


def test_cover_is_the_first_page_when_that_is_a_picture(renditions):
    made = book('<img src="a.png"/>', "二" * 100, more={"OPS/a.png": png(60, 80)})
    assert renditions.cover(BytesSource(made), "application/epub+zip").width == 60


def test_cover_of_a_book_without_one_is_none(renditions):
    made = book("字" * 100 + '<img src="a.png"/>', more={"OPS/a.png": png()})
    assert renditions.cover(BytesSource(made), "application/epub+zip") is None
    assert renditions.cover(BytesSource(b"ID3"), "audio/mpeg") is None


# — the parts —


@given(st.text(max_size=60), st.text(max_size=60))
def test_resolve_never_leaves_the_archive(base, reference):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a/b.xhtml", b"")
    archive = Archive(out)
    name, _ = archive.resolve("a/b.xhtml", reference)
    assert name in {"", "a/b.xhtml"}
    name, _ = archive.resolve(base, reference)
    assert name in {"", "a/b.xhtml", base}


HOSTILE = st.sampled_from(
    [
        "<script>",
        "</p>",
        "<img src='javascript:x'>",
        "<a href='//e'>",
        "<svg/onload=x>",
        "<math>",
        "<![CDATA[",
        "&#x6A;",
        "\0",
        "<p id='top'>",
        "<a href='epub-chapter:1#\"onx='>",
        "<img src='epub-resource:x'>",
        "<template>",
        "<noscript>",
        "<!--",
        "style=x",
        "字",
    ]
)


@given(st.lists(HOSTILE, max_size=12).map("".join))
def test_sanitise_lets_nothing_run(html):
    clean = addressed(checked(cleaned(html)), lambda _name: "/picture", lambda _number, _fragment: "/chapter")
    assert not re.search(r"<script|<svg|<math|<template|<noscript", clean, re.IGNORECASE)
    for tag in re.findall(r"<[a-z][^>]*>", clean):
        assert not re.search(r"\son\w+\s*=\s*[^\"]|javascript:|id=\"top\"", tag)
        for target in re.findall(r"(?:src|href)=\"([^\"]*)\"", tag):
            assert target in {"/picture", "/chapter"}


@given(st.binary(max_size=200))
def test_as_text_and_parse_markup_take_any_bytes(body):
    as_text(body)
    with contextlib.suppress(RenditionError):
        parse_markup(body)
