"""What the views of readers take while they are made and sent, whatever is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.web import readers_simple
from appliance.web.readers_text import is_blank
from indexer.errors import RenditionLimitError
from indexer.model import item_id
from indexer.renditions import BytesSource, Renditions
from indexer.renditions.chapter import MAX_CLEANED, MAX_LINKED, addressed, checked, clean
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.reading import EPUB, document, epub, plain_book, reading_world, xhtml
from tests.hostile_amounts import long_contents, many_links
from tests.hostile_books import SHOWN, deep_book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    works = [
        one("b.pdf", "文件", files=(("part", "a.pdf", "application/pdf", document()),)),
        one("b.book", "论语", files=(("part", "a.epub", EPUB, plain_book()),)),
        one("b.deep", "深书", files=(("part", "a.epub", EPUB, deep_book()),)),
        one("b.blank", "空页", files=(("part", "a.epub", EPUB, epub([("一", xhtml("一", "<p> </p>"))])),)),
        one("b.web", "深网页", files=(("part", "a.html", "text/html", b"<div>" * 100_000 + SHOWN.encode()),)),
        one("b.bare", "空网页", files=(("part", "a.html", "text/html", b"<div><p></p>" * 100),)),
    ]
    with reading_world(tmp_path_factory.mktemp("bounds"), works) as made:
        yield make_app(made).test_client()


def test_page_image_beyond_the_last_page_is_not_found_and_not_tried(client: FlaskClient) -> None:
    item = item_id("b.pdf", "part", "a.pdf")
    assert client.get(f"/read/b.pdf/pages/{item}/8?w=160", buffered=True).status_code == 200
    for number in ("9", "999999999", "9" * 5000):
        assert client.get(f"/read/b.pdf/pages/{item}/{number}?w=160").status_code == 404


def test_views_are_sent_whole_and_files_of_works_in_pieces(client: FlaskClient) -> None:
    item = item_id("b.pdf", "part", "a.pdf")
    asked = {"Range": "bytes=0-9"}
    for address in (f"/read/b.pdf/pages/{item}/1?w=160", "/static/app.css", "/reader/pdf.worker.js"):
        assert client.get(address, headers=asked, buffered=True).status_code != 206
    assert client.get(f"/items/{item}", headers=asked, buffered=True).status_code == 206


def test_chapter_of_very_many_links_has_addresses_for_the_first() -> None:
    cleaned = checked('<a href="epub-chapter:1">x</a>' * (MAX_LINKED + 5))
    found = addressed(cleaned, lambda name: name, lambda number, _fragment: f"/c/{number}")
    assert found.count('href="/c/1"') == MAX_LINKED


def test_chapter_larger_than_a_page_may_be_is_refused() -> None:
    with pytest.raises(RenditionLimitError):
        clean(f"<p>{'长' * (MAX_CLEANED // 3 + 1)}</p>")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/read/b.deep/chapters/1", "这一章有损坏"),
        ("/read/b.blank/chapters/1", "这里没有可以显示的文字和图片"),
        ("/read/b.bare/text/1", "这里没有可以显示的文字和图片"),
        ("/read/b.web/text/1", SHOWN),
    ],
)
def test_page_is_never_empty_without_a_sentence(client: FlaskClient, address: str, sentence: str) -> None:
    page = client.get(address).get_data(as_text=True).partition("<main")[2]
    assert sentence in page
    assert ("没有可以显示" in page) == ("没有可以显示" in sentence)


@pytest.mark.parametrize(
    ("content", "blank"),
    [
        ("", True),
        ("<div>" * 300_000, True),
        ("<p> \u3000</p><hr>", True),
        ("<p>字</p>", False),
        ('<p><img src="/x" alt=""></p>', False),
        ("<p>" * 300_000 + "字", False),
    ],
)
def test_blank_is_what_shows_neither_words_nor_pictures(content: str, blank: bool) -> None:
    assert is_blank(content) is blank


def test_chapters_that_are_long_are_put_together_few_at_a_time(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers_simple, "_LONG", 10)
    monkeypatch.setattr(readers_simple, "_LONG_WAIT", 0.01)
    assert client.get("/read/b.book/chapters/1").status_code == 200
    with readers_simple._long_pages, readers_simple._long_pages:
        assert client.get("/read/b.book/chapters/1").status_code == 503
    assert client.get("/read/b.book/chapters/1").status_code == 200


def test_chapter_of_links_behind_thousands_of_chapters_is_found_at_once() -> None:
    with Renditions() as made:
        assert made.epub_chapter(BytesSource(many_links(20_000)), 5000).html.count('href="epub-chapter:5000') == 20_000
        assert len(made.epub_contents(BytesSource(long_contents())).toc) == 5000
