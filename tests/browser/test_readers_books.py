"""EPUB in a real Chromium: a named sentence is seen, the last page reached, nothing hostile runs or leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.appliance.web.reading import LAST, SENTENCE, damage
from tests.browser.reading_room import (
    BOOK_VISIBLE,
    address,
    context,
    opened,
    pressed,
    rested,
    settled,
    watched,
    world,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from tests.appliance.web.holding import World

__all__ = ["address", "context", "world"]
pytestmark = pytest.mark.browser


def test_book_shows_its_first_sentence_in_our_font(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.book")
    settled(page, BOOK_VISIBLE, SENTENCE)
    settled(page, "() => document.getElementById('progress').textContent.includes('%')")
    assert any("noto-serif-sc" in u for u in seen.asked)
    assert seen.outside == []
    assert seen.errors == []


def test_book_last_page_is_reached_by_keyboard_and_says_so(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.book")
    pressed(page, "End", BOOK_VISIBLE, LAST)
    rested(page)
    pressed(page, "PageDown", "() => !document.getElementById('note').hidden")
    expect(page.locator("#note-text")).to_contain_text("已是最后一页", use_inner_text=True)
    assert seen.errors == []


def test_book_contents_find_size_and_night(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.book")
    page.click("#toc-button")
    page.click("#toc-list >> text=为政篇")
    settled(page, BOOK_VISIBLE, "为政以德，譬如北辰。")
    page.click("#find-button")
    page.fill("#find-query", "后会有期")
    page.keyboard.press("Enter")
    page.click("#find-list button")
    settled(page, BOOK_VISIBLE, LAST)
    page.fill("#find-query", "查无此语")
    page.keyboard.press("Enter")
    settled(page, "() => document.getElementById('find-status').textContent.includes('没有查到')")
    page.keyboard.press("Escape")
    page.click("#sizes-button")
    before = page.inner_text("#size-now")
    page.click("#larger")
    expect(page.locator("#size-now")).not_to_have_text(before, use_inner_text=True)
    page.click("#night")
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    assert seen.errors == []


@pytest.mark.parametrize(("way", "words"), [("2", "为政以德，譬如北辰。"), ("3%23last", LAST), ("99", SENTENCE)])
def test_book_opens_where_a_line_of_the_contents_leads(
    context: BrowserContext, address: str, way: str, words: str
) -> None:
    page, seen = watched(context, address)
    opened(page, f"/read/r.book?at={way}")
    settled(page, BOOK_VISIBLE, words)
    opened(page, page.url)
    settled(page, BOOK_VISIBLE, words)
    assert seen.errors == []


def test_book_chapter_without_a_root_is_not_laid_out(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.book")
    page.evaluate(
        """() => {
          const { renderer } = document.querySelector("foliate-view");
          renderer.getContents()[0].doc.documentElement.remove();
          renderer.render();
        }"""
    )


def test_book_place_is_kept_within_the_tab(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.book")
    page.keyboard.press("End")
    settled(page, BOOK_VISIBLE, LAST)
    opened(page, "/read/r.book")
    settled(page, BOOK_VISIBLE, LAST)
    expect(page.locator("#note-text")).to_contain_text("上次读到", use_inner_text=True)
    other, _ = watched(context, address)
    opened(other, "/read/r.book")
    settled(other, BOOK_VISIBLE, SENTENCE)


def test_book_upright_turns_to_the_left(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.upright")
    settled(page, BOOK_VISIBLE, "人之初，性本善。")
    assert page.get_attribute("#stage", "data-vertical") is not None
    expect(page.locator("#turn-left-label")).to_have_text("下一页", use_inner_text=True)
    page.click("#turn-left")
    settled(page, "() => Number(document.getElementById('position').value) > 0")
    expect(page.locator("#position")).to_have_attribute("dir", "rtl")


def test_book_fixed_pages_stand_alone_and_end(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.fixed")
    settled(page, "() => document.getElementById('stage').dataset.pages === '3'")
    page.click("#turn-left")
    settled(page, "() => document.getElementById('stage').dataset.page !== '1'")
    rested(page)
    page.click("#turn-left")
    settled(page, "() => document.getElementById('stage').dataset.page === '3'")


def test_book_hostile_runs_nothing_and_asks_nobody(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.hostile")
    settled(page, BOOK_VISIBLE, "可见的一句话。")
    frame = next(f for f in page.frames if f != page.main_frame)
    frame.locator("#victim").dispatch_event("click")
    frame.locator("#way").dispatch_event("click")
    page.wait_for_timeout(500)
    assert page.evaluate("window.PWNED") is None
    assert seen.dialogs == 0
    assert seen.outside == []
    assert not [u for u in seen.asked if "PWNED" in u]
    left = "script, iframe, object, embed, form, input, base, [onclick], [onload], [onerror], set"
    assert frame.locator(left).count() == 0
    # The one rule of a page is the reader's own, not the book's.
    rules = frame.locator("meta[http-equiv]")
    assert [rules.nth(n).get_attribute("http-equiv") for n in range(rules.count())] == ["Content-Security-Policy"]
    assert (rules.first.get_attribute("content") or "").startswith("default-src 'none'")
    assert "203.0.113.9" not in frame.content()
    assert urlsplit(page.url).path == "/read/r.hostile"


def test_book_frame_runs_no_script_even_if_one_slips_in(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.book")
    ran = page.evaluate(
        """async () => {
          const { doc } = document.querySelector("foliate-view").renderer.getContents()[0];
          const inline = doc.createElement("script");
          inline.textContent = "top.PWNED = 1";
          doc.body.append(inline);
          const own = doc.createElement("script");
          own.src = new URL("/static/readers/guard.js", location.href).href;
          own.onload = () => (window.PWNED = 2);
          doc.body.append(own);
          await new Promise((done) => setTimeout(done, 500));
          return window.PWNED ?? null;
        }"""
    )
    assert ran is None


def test_book_large_is_read_by_ranges(context: BrowserContext, address: str, world: World) -> None:
    page = context.new_page()
    lengths: list[int] = []
    page.on(
        "response", lambda r: lengths.append(int(r.headers.get("content-length", 0))) if "/items/" in r.url else None
    )
    opened(page, "/read/r.large")
    settled(page, BOOK_VISIBLE, SENTENCE)
    page.keyboard.press("End")
    settled(page, BOOK_VISIBLE, LAST)
    assert 0 < sum(lengths) < 2_000_000


def test_book_large_damaged_elsewhere_reads_on(context: BrowserContext, address: str, world: World) -> None:
    path = world.item_path("r.large")
    whole = path.read_bytes()
    try:
        damage(world, "r.large", 5 << 20)
        page, _ = watched(context, address)
        opened(page, "/read/r.large")
        settled(page, BOOK_VISIBLE, SENTENCE)
        expect(page.locator("#note")).to_be_hidden()
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_book_broken_says_so(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.broken")
    page.wait_for_selector("#note:not([hidden])")
    expect(page.locator("#note-text")).to_contain_text("有损坏", use_inner_text=True)
