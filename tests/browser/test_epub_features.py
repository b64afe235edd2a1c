"""What books ask of the EPUB reader beside running text, and what is done in them: marks, jumps, notes, scrolling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import make_app, one
from tests.appliance.web.odd_books import odd_book, scrolled_book, upright_scrolled_book
from tests.appliance.web.reading import EPUB, document, fixed_book, plain_book, reading_world, upright_book
from tests.browser.conftest import serving, violations
from tests.browser.reading_room import BOOK_VISIBLE, PHONE, VENDOR, context, opened, settled, watched

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
    page.wait_for_timeout(150)


def test_package_names_direction_fallbacks_and_places(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.odd")
    assert page.inner_text("#turn-left-label") == "下一页"
    order = ["Left to right.", "In place of data.", "Needs none.", "Twice.", "مكتبة", "Twice.", "Badly set.",
             "The note", "这一章有损坏"]  # fmt: skip
    for index, text in enumerate(order):
        reads(page, index, text)
        if text == "Badly set.":
            assert "排版有误" in page.inner_text("#note-text")
        if index == 4:
            assert page.evaluate(f"() => [{SHOWN}.doc.documentElement.dir, {SHOWN}.doc.documentElement.lang]") == [
                "rtl",
                "und",
            ]
        if index < len(order) - 1:
            page.keyboard.press("ArrowLeft")
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
    for _ in range(3):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(300)
    reads(page, 3, "Twice.")
    page.click("#bookmark")
    assert "加书签" in page.inner_text("#note-text")
    assert page.get_attribute("#bookmark", "aria-pressed") == "true"
    for _ in range(2):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(300)
    reads(page, 5, "Twice.")
    assert page.get_attribute("#bookmark", "aria-pressed") == "false"
    page.keyboard.press("b")
    opened(page, "/read/r.odd")
    ways = page.locator("#marks-list li > button:first-child")
    for number, index in ((0, 3), (1, 5)):
        page.click("#toc-button")
        ways.nth(number).click()
        reads(page, index, "Twice.")
        assert page.get_attribute("#bookmark", "aria-pressed") == "true"
    page.click("#toc-button")
    page.locator(".rmark__remove").nth(1).click()
    page.click("#marks-add")
    assert page.inner_text("#marks-add-label") == "去掉书签"
    page.click("#marks-add")
    assert page.inner_text("#marks-add-label") == "加书签"
    assert ways.count() == 1
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
    assert page.get_attribute("#bookmark", "aria-pressed") == "false"
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
        page.wait_for_timeout(400)
        shown = int(page.evaluate("document.getElementById('stage').dataset.page"))
        assert abs(shown - number) <= 2
    assert shown == 1
    page.fill("#jump-page", str(total + 9))
    page.evaluate("document.getElementById('jump').noValidate = true")
    page.keyboard.press("Enter")
    assert f"本书共 {total} 页" in page.inner_text("#note-text")
    opened(page, "/read/r.fixed")
    page.fill("#jump-page", "3")
    page.keyboard.press("Enter")
    settled(page, "() => document.getElementById('stage').dataset.page === '3'")


def test_scrolled_book_scrolls_and_goes_on_sideways(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.scrolled")
    page.keyboard.press("ArrowDown")
    settled(page, f"() => {VIEW}.start > 30")
    page.wait_for_timeout(200)
    page.keyboard.press("PageDown")
    settled(page, f"() => {VIEW}.start > 300")
    page.wait_for_timeout(200)
    page.keyboard.press("ArrowRight")
    reads(page, 1, "其二")
    assert page.evaluate(f"{VIEW}.start") == 0
    page.keyboard.press("End")
    settled(page, f"() => {VIEW}.viewSize - {VIEW}.end < 3")
    page.wait_for_timeout(300)
    page.keyboard.press("PageDown")
    settled(page, "() => document.getElementById('note-text').textContent.includes('已是最后一页')")
    page.keyboard.press("ArrowLeft")
    reads(page, 0, "其一")
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
    page.wait_for_timeout(300)
    swipe(page, *onward)
    settled(page, f"(before) => {place} !== before", before)
    page.wait_for_timeout(400)
    swipe(page, *reversed(onward))
    settled(page, f"(before) => {place} === before", before)


def test_phone_bookmarks_stand_in_the_drawer(phone: BrowserContext) -> None:
    page = phone.new_page()
    opened(page, "/read/r.book")
    assert page.is_hidden("#bookmark")
    page.tap("#toc-button")
    page.tap("#marks-add")
    assert page.inner_text("#marks-list").startswith("第 1 页")
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
