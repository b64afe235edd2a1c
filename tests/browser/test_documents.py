"""The PDF reader whole: find with marks, pairs of pages, sizes, places in addresses, fingers, missing fonts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.appliance.web.documents import BROKEN, documents
from tests.appliance.web.reading import reading_world
from tests.browser.conftest import violations
from tests.browser.reading_room import INK, PHONE, VENDOR, address, context, opened, settled, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.appliance.web.holding import World

__all__ = ["address", "context"]
pytestmark = pytest.mark.browser

BOX = "(n) => document.querySelector(`.page[data-page-number='${n}']`)?.getBoundingClientRect().toJSON() ?? {}"
MARKED = """() => [...document.querySelectorAll(".textLayer .highlight")].map((e) => e.textContent).join("")"""
CHOSEN = """() => {
  const stage = document.getElementById("stage").getBoundingClientRect();
  const parts = [...document.querySelectorAll(".textLayer .highlight.selected")];
  const [first] = parts.map((part) => part.getBoundingClientRect());
  if (!first || first.top < stage.top || first.bottom > stage.bottom) return "";
  const leaf = parts[0].closest(".page");
  const at = [...leaf.querySelectorAll(".highlight")].indexOf(parts[0]);
  return `${leaf.dataset.pageNumber}.${at} ${parts.map((part) => part.textContent).join("")}`;
}"""

HASTE = (
    "const wait = setTimeout; window.setTimeout = (run, ms, ...rest) => wait(run, ms === 30000 ? 1500 : ms, ...rest)"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    with reading_world(tmp_path_factory.mktemp("documents"), documents()) as made:
        yield made


def on_page(page: Page, n: int) -> None:
    settled(page, "(n) => document.getElementById('stage').dataset.page === String(n)", n)


def box(page: Page, n: int) -> dict[str, float]:
    found: dict[str, float] = page.evaluate(BOX, n)
    return found


def find(page: Page, words: str) -> None:
    if not page.locator("#find").is_visible():
        page.click("#find-button")
    page.fill("#find-query", words)
    page.keyboard.press("Enter")


def test_find_marks_places_across_line_ends_and_goes_from_one_to_the_next(
    context: BrowserContext, address: str
) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/d.plain")
    find(page, BROKEN)
    settled(page, "() => document.getElementById('find-status').textContent.includes('查到 3 处')")
    page.keyboard.press("Enter")
    settled(page, f"(wanted) => ({CHOSEN})() === wanted", "3.0 " + BROKEN)
    expect(page.locator("#hit-now")).to_have_text("第 1 处，共 3 处", use_inner_text=True)
    for place in ("6.0 ", "6.1 ", "3.0 "):
        page.click("#hit-next")
        settled(page, f"(wanted) => ({CHOSEN})() === wanted", place + BROKEN)
    page.focus("#stage")
    page.keyboard.press("Shift+F3")
    settled(page, f"(wanted) => ({CHOSEN})() === wanted", "6.1 " + BROKEN)
    page.click("#hit-close")
    settled(page, f"() => ({MARKED})() === ''")
    expect(page.locator("#hits")).to_be_hidden()
    assert seen.errors == []
    assert seen.outside == []


@pytest.mark.parametrize(
    ("words", "count"),
    [("quick  BROWN fox", 8), ("Ｑｕｉｃｋ", 8), ("foxon", 0), ("远方 来不亦", 3), ("leaf 5", 1), ("没有的话", 0)],
)
def test_find_folds_case_width_and_spaces(context: BrowserContext, address: str, words: str, count: int) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/d.plain")
    find(page, words)
    expected = f"查到 {count} 处" if count else "没有查到"
    settled(page, "(words) => document.getElementById('find-status').textContent.includes(words)", expected)
    expect(page.locator("#find-list button")).to_have_count(count)


def test_find_opens_with_the_browsers_own_keys(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/d.plain")
    page.keyboard.press("Control+f")
    expect(page.locator("#find-query")).to_be_focused()


def test_two_pages_pair_with_the_cover_alone_or_not(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/d.plain")
    page.click("#two")
    settled(page, f"() => {{ const [a, b] = [2, 3].map({BOX}); return a.y === b.y && a.x < b.x; }}")
    assert box(page, 1)["y"] < box(page, 2)["y"]
    page.click("#view-button")
    page.click("#shift")
    settled(page, f"() => {{ const [a, b] = [1, 2].map({BOX}); return a.y === b.y && a.x < b.x; }}")
    page.keyboard.press("Escape")
    page.keyboard.press("PageDown")
    on_page(page, 3)
    page.reload()
    settled(page, f"() => {{ const [a, b] = [1, 2].map({BOX}); return a.y === b.y && a.x < b.x; }}")


@pytest.mark.parametrize(("resource", "pair"), [("d.old", (2, 3)), ("d.says", (1, 2))])
def test_two_pages_of_the_old_manner_run_to_the_left(
    context: BrowserContext, address: str, resource: str, pair: tuple[int, int]
) -> None:
    page, _ = watched(context, address)
    opened(page, f"/read/{resource}")
    page.click("#two")
    settled(page, f"([m, n]) => {{ const [a, b] = [m, n].map({BOX}); return a.y === b.y && a.x > b.x; }}", list(pair))
    page.keyboard.press("ArrowLeft")
    settled(page, "() => Number(document.getElementById('stage').dataset.page) > 1")
    page.keyboard.press("ArrowRight")
    on_page(page, 1)
    expect(page.locator("#turn-left-label")).to_have_text("下一页", use_inner_text=True)
    page.click("#turn-left")
    settled(page, "() => Number(document.getElementById('stage').dataset.page) > 1")


def test_page_of_another_size_is_fitted_too_and_is_read_on_before_it_is_turned(
    context: BrowserContext, address: str
) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/d.unequal")
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    page.keyboard.press("ArrowRight")
    on_page(page, 2)
    settled(page, f"(height) => ({BOX})(2).height <= height", stage["height"])
    page.click("#view-button")
    page.click("#width")
    page.keyboard.press("Escape")
    settled(page, f"(height) => ({BOX})(2).height > height", stage["height"])
    top = box(page, 2)["y"]
    page.keyboard.press("PageDown")
    settled(page, f"(top) => ({BOX})(2).y < top", top)
    on_page(page, 2)
    for _ in range(6):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(50)
    settled(page, "() => Number(document.getElementById('stage').dataset.page) > 2")


def test_document_whose_page_cannot_be_found_does_not_open_for_ever(context: BrowserContext, address: str) -> None:
    """pdf.js finds no page; the box does, or says that the work is damaged: the reader is not left waiting."""
    page, seen = watched(context, address)
    page.goto("/read/d.lost")
    page.wait_for_url("**/read/d.lost/pages/1*")
    expect(page.locator(".rpage")).to_contain_text("有损坏", use_inner_text=True)
    assert seen.errors == []


def test_document_that_is_never_drawn_goes_on_to_the_page_that_the_box_draws(
    context: BrowserContext, address: str
) -> None:
    """A page of 12^9 rectangles: pdf.js would draw it for ever."""
    page, _ = watched(context, address)
    page.add_init_script(HASTE)
    page.route("**/read/d.endless/pages/1*", lambda route: route.fulfill(body="drawn by the box"))
    page.goto("/read/d.endless")
    page.wait_for_url("**/read/d.endless/pages/1*")
    expect(page.locator("body")).to_have_text("drawn by the box", use_inner_text=True)


@pytest.mark.parametrize("way", ["?page=5", "?at=5", "#page=5"])
def test_address_names_the_page(context: BrowserContext, address: str, way: str) -> None:
    page, _ = watched(context, address)
    opened(page, f"/read/d.plain{way}")
    on_page(page, 5)
    page.keyboard.press("ArrowRight")
    on_page(page, 6)
    page.wait_for_url("**/read/d.plain?page=6")
    page.evaluate("location.hash = '#page=2'")
    on_page(page, 2)


def test_address_names_the_page_without_scripts_too(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto("/read/d.plain?page=5")
        page.wait_for_url("**/read/d.plain/pages/5")
    finally:
        context.close()


def test_place_night_and_size_are_kept_within_the_tab(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/d.plain")
    page.keyboard.press("End")
    on_page(page, 8)
    page.click("#night")
    page.click("#view-button")
    page.click("#height")
    expect(page.locator("#height")).to_have_attribute("aria-pressed", "true")
    opened(page, "/read/d.plain")
    on_page(page, 8)
    expect(page.locator("#note-text")).to_contain_text("第 8 页", use_inner_text=True)
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    expect(page.locator("#height")).to_have_attribute("aria-pressed", "true")
    page.click("#note-action")
    on_page(page, 1)


def test_missing_fonts_are_told_once_and_the_page_as_printed_leads_back(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/d.fontless?page=4")
    settled(page, f"() => ({INK})('.page[data-page-number=\"4\"] canvas') > 8")
    settled(page, "() => document.getElementById('note-text').textContent.includes('原书缺少字体')")
    page.click("#note-action")
    page.wait_for_url("**/read/d.fontless/pages/4")
    settled(page, f"() => ({INK})('.rpage img') > 8")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/read/d.fontless/pages/5")
    page.click("text=换回阅读器")
    page.wait_for_url("**/read/d.fontless?**")
    opened(page, page.url)
    on_page(page, 5)
    expect(page.locator("#note")).to_be_hidden()
    assert seen.errors == []


def test_phone_swipes_pinches_and_jumps(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=PHONE, base_url=address, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    try:
        page, seen = watched(context, address)
        opened(page, "/read/d.plain")
        settled(page, f"() => ({INK})('.page[data-page-number=\"1\"] canvas') > 1")
        touch(page, [[(320, 400)], [(200, 402)], [(60, 404)]])
        on_page(page, 2)
        touch(page, [[(60, 400)], [(200, 402)], [(320, 404)]])
        on_page(page, 1)
        width = box(page, 1)["width"]
        touch(page, [[(180, 400), (210, 400)], [(140, 400), (250, 400)], [(100, 400), (290, 400)]])
        settled(page, f"(width) => ({BOX})(1).width > 2 * width", width)
        touch(page, [[(320, 400)], [(200, 402)], [(60, 404)]])
        page.wait_for_timeout(200)
        expect(page.locator("#stage")).to_have_attribute("data-page", "1")
        page.tap("#view-button")
        page.fill("#jump-page-too", "7")
        page.locator("#jump-too button").tap()
        on_page(page, 7)
        page.tap("#view-button")
        page.tap("#width")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert seen.errors == []
    finally:
        context.close()


def touch(page: Page, steps: list[list[tuple[int, int]]]) -> None:
    """Fingers that go down at the first places, over the next ones, and up from the last."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, places: list[tuple[int, int]]) -> None:
        points: list[Any] = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", steps[0])
    for places in steps[1:]:
        send("touchMove", places)
        page.wait_for_timeout(40)
    send("touchEnd", [])


@pytest.mark.parametrize("drawer", ["", "toc", "find", "view"])
def test_reader_is_accessible_with_every_drawer(context: BrowserContext, address: str, drawer: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/d.plain")
    if drawer == "find":
        find(page, BROKEN)
        page.click("#find-list button")
    elif drawer:
        page.click(f"#{drawer}-button")
    settled(page, f"() => ({INK})('.page canvas') > 1")
    assert violations(page) == []
