"""What books ask of the EPUB reader beside running text, and what is done in them: marks, jumps, notes, scrolling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.appliance.web.holding import make_app, one
from tests.appliance.web.odd_books import odd_book, scrolled_book, upright_scrolled_book
from tests.appliance.web.reading import EPUB, document, fixed_book, plain_book, reading_world, upright_book
from tests.browser.conftest import serving, violations
from tests.browser.reading_room import BOOK_VISIBLE, PHONE, VENDOR, context, opened, pressed, rested, settled, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["context"]
pytestmark = pytest.mark.browser

BOOKS = {
    "r.odd": odd_book(),
    "r.scrolled": scrolled_book(),
    "r.upright-scrolled": upright_scrolled_book(),
    "r.book": plain_book(),
    "r.fixed": fixed_book(),
    "r.upright": upright_book(),
}
SHOWN = "document.querySelector('foliate-view').renderer.getContents()[0]"
VIEW = "document.querySelector('foliate-view').renderer"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    made = [one(name, name, files=(("part", "a.epub", EPUB, content),), language=("zh-Hans",))
            for name, content in BOOKS.items()]  # fmt: skip
    made.append(one("r.pdf", "文件", files=(("part", "a.pdf", "application/pdf", document()),), language=("zh-Hans",)))
    with reading_world(tmp_path_factory.mktemp("features"), made) as world, serving(make_app(world)) as base:
        yield base


def reads(page: Page, index: int, text: str) -> None:
    """Wait until the chapter at this place of the reading order is shown and holds the text."""
    found = f"([index, text]) => {SHOWN}.index === index && {SHOWN}.doc.body?.textContent.includes(text)"
    settled(page, found, [index, text])
    rested(page, 150)


def turned(page: Page, key: str, index: int, text: str) -> None:
    """Turn to that chapter with a key, and wait until it is shown and holds the text."""
    pressed(page, key, f"(index) => {SHOWN}.index === index", index)
    reads(page, index, text)


def test_package_names_direction_fallbacks_and_places(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.odd")
    expect(page.locator("#turn-left-label")).to_have_text("下一页", use_inner_text=True)
    order = ["Left to right.", "In place of data.", "Needs none.", "Twice.", "مكتبة", "Twice.", "Badly set.",
             "The note", "这一章有损坏"]  # fmt: skip
    for index, text in enumerate(order):
        if index:
            turned(page, "ArrowLeft", index, text)
        else:
            reads(page, index, text)
        if text == "Badly set.":
            expect(page.locator("#note-text")).to_contain_text("排版有误", use_inner_text=True)
        if index == 4:
            assert page.evaluate(f"() => [{SHOWN}.doc.documentElement.dir, {SHOWN}.doc.documentElement.lang]") == [
                "rtl",
                "und",
            ]
    assert seen.errors == []


def test_styles_of_the_standard_and_of_western_pages_hold(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.odd")
    computed = f"(selector) => getComputedStyle({SHOWN}.doc.querySelector(selector))"
    assert page.evaluate(f"() => ({computed})('.turned').textCombineUpright") == "all"
    assert page.evaluate(f"() => ({computed})('.wide').lineBreak") == "strict"
    root = page.evaluate(f"() => [{SHOWN}.doc.documentElement.dir, {SHOWN}.doc.documentElement.lang]")
    assert root == ["ltr", "und"]
    family = page.evaluate(f"() => ({computed})('.wide').fontFamily")
    assert family.index("Times New Roman") < family.index("Noto Serif SC")
    opened(page, "/read/r.book")
    assert page.evaluate(f"() => ({computed})('p').fontFamily").startswith('"Noto Serif SC"')


def test_note_is_read_in_place_and_leads_to_itself(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.odd")
    next(f for f in page.frames if f != page.main_frame).locator("#ref").click()
    settled(page, "() => document.getElementById('note-text').textContent === 'The note itself.'")
    reads(page, 0, "Left to right.")
    page.click("#note-action")
    reads(page, 7, "The note itself.")


def test_bookmarks_are_kept_listed_and_taken_away(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.odd")
    for index, text in ((1, "In place of data."), (2, "Needs none."), (3, "Twice.")):
        turned(page, "PageDown", index, text)
    page.click("#bookmark")
    expect(page.locator("#note-text")).to_contain_text("加书签", use_inner_text=True)
    expect(page.locator("#bookmark")).to_have_attribute("aria-pressed", "true")
    for index, text in ((4, "مكتبة"), (5, "Twice.")):
        turned(page, "PageDown", index, text)
    expect(page.locator("#bookmark")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("b")
    opened(page, "/read/r.odd")
    ways = page.locator("#marks-list li > button:first-child")
    for number, index in ((0, 3), (1, 5)):
        page.click("#toc-button")
        ways.nth(number).click()
        reads(page, index, "Twice.")
        expect(page.locator("#bookmark")).to_have_attribute("aria-pressed", "true")
    page.click("#toc-button")
    page.locator(".rmark__remove").nth(1).click()
    page.click("#marks-add")
    expect(page.locator("#marks-add-label")).to_have_text("去掉书签", use_inner_text=True)
    page.click("#marks-add")
    expect(page.locator("#marks-add-label")).to_have_text("加书签", use_inner_text=True)
    expect(ways).to_have_count(1)
    assert seen.errors == []


def test_bookmarks_of_a_document_are_the_same(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.pdf")
    page.fill("#jump-page", "5")
    page.keyboard.press("Enter")
    settled(page, "() => document.getElementById('stage').dataset.page === '5'")
    page.click("#bookmark")
    page.keyboard.press("Home")
    settled(page, "() => document.getElementById('stage').dataset.page === '1'")
    expect(page.locator("#bookmark")).to_have_attribute("aria-pressed", "false")
    page.click("#toc-button")
    page.click("#marks-list >> text=第 5 页")
    settled(page, "() => document.getElementById('stage').dataset.page === '5'")


def test_jump_leads_to_the_page_that_is_shown(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.book")
    total = int(page.evaluate("document.getElementById('stage').dataset.pages"))
    assert total > 6
    for number in (total // 2, total, 1):
        page.fill("#jump-page", str(number))
        page.keyboard.press("Enter")
        settled(page, "(n) => Math.abs(document.getElementById('stage').dataset.page - n) <= 2", number)
        rested(page)
    expect(page.locator("#stage")).to_have_attribute("data-page", "1")
    page.fill("#jump-page", str(total + 9))
    page.evaluate("document.getElementById('jump').noValidate = true")
    page.keyboard.press("Enter")
    expect(page.locator("#note-text")).to_contain_text(f"本书共 {total} 页", use_inner_text=True)
    opened(page, "/read/r.fixed")
    page.fill("#jump-page", "3")
    page.keyboard.press("Enter")
    settled(page, "() => document.getElementById('stage').dataset.page === '3'")


def test_scrolled_book_scrolls_and_goes_on_sideways(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.scrolled")
    pressed(page, "ArrowDown", f"() => {VIEW}.start > 30")
    rested(page)
    pressed(page, "PageDown", f"() => {VIEW}.start > 300")
    rested(page)
    turned(page, "ArrowRight", 1, "其二")
    settled(page, f"() => {VIEW}.start === 0")
    pressed(page, "End", f"() => {VIEW}.viewSize - {VIEW}.end < 3")
    rested(page)
    pressed(page, "PageDown", "() => document.getElementById('note-text').textContent.includes('已是最后一页')")
    turned(page, "ArrowLeft", 0, "其一")
    assert seen.errors == []


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, base_url=address, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.mark.parametrize("resource", ["r.scrolled", "r.upright-scrolled"])
def test_scrolled_book_shows_the_whole_line_that_was_found(phone: BrowserContext, address: str, resource: str) -> None:
    page, seen = watched(phone, address)
    opened(page, f"/read/{resource}")
    page.click("#find-button")
    page.fill("#find-query", "第 37 段")
    page.keyboard.press("Enter")
    page.locator("#find-list button").first.click()
    page.wait_for_timeout(600)
    settled(page, BOOK_VISIBLE, "第 37 段")
    assert seen.errors == []


def swipe(page: Page, start: int, end: int) -> None:
    """A finger drawn sideways across the middle of the screen."""
    touch = page.context.new_cdp_session(page)
    steps = [start + (end - start) * n // 8 for n in range(9)]
    for kind, x in (("touchStart", steps[0]), *(("touchMove", x) for x in steps[1:])):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": 400}]})
        page.wait_for_timeout(16)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize(("name", "onward"), [("r.book", (340, 60)), ("r.fixed", (340, 60)), ("r.upright", (60, 340))])
def test_phone_swipe_turns_the_page(phone: BrowserContext, name: str, onward: tuple[int, int]) -> None:
    page = phone.new_page()
    opened(page, f"/read/{name}")
    place = "document.getElementById('position').value"
    before = page.evaluate(place)
    rested(page)
    swipe(page, *onward)
    settled(page, f"(before) => {place} !== before", before)
    rested(page, 500)
    swipe(page, *reversed(onward))
    settled(page, f"(before) => {place} === before", before)


def test_phone_bookmarks_stand_in_the_drawer(phone: BrowserContext) -> None:
    page = phone.new_page()
    opened(page, "/read/r.book")
    expect(page.locator("#bookmark")).to_be_hidden()
    page.tap("#toc-button")
    page.tap("#marks-add")
    expect(page.locator("#marks-list")).to_contain_text(re.compile("^第 1 页"), use_inner_text=True)
    assert violations(page) == []


def test_fixed_pages_say_where_they_end(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.fixed")
    page.keyboard.press("PageUp")
    settled(page, "() => document.getElementById('note-text').textContent.includes('已是第一页')")
    page.keyboard.press("End")
    settled(page, "() => document.getElementById('stage').dataset.page === '3'")
    page.keyboard.press("PageDown")
    settled(page, "() => document.getElementById('note-text').textContent.includes('已是最后一页')")
