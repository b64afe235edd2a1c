"""Scans as books and pictures in a real Chromium: openings, turning, jumping, the magnifier, keys and fingers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.appliance.web.holding import World
from tests.appliance.web.reading import damage
from tests.browser.conftest import violations
from tests.browser.reading_room import DESKTOP, INK, PHONE, context, opened, settled, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

from tests.browser.scanning_room import OPEN, ZOOM, address, at_page, levels_of, pages_open, phone, read, world

__all__ = ["address", "context", "phone", "world"]
pytestmark = pytest.mark.browser


def test_openings_of_a_book_lie_side_by_side(context: BrowserContext, address: str, world: World) -> None:
    page, seen = watched(context, address)
    read(page, "s.ltr")
    assert pages_open(page, world, "s.ltr") == [1]
    page.keyboard.press("ArrowRight")
    at_page(page, 2)
    assert pages_open(page, world, "s.ltr") == [2, 3]
    left, right = page.evaluate(OPEN)
    assert left["x"] + left["width"] == pytest.approx(right["x"], abs=0.02)
    assert left["height"] == right["height"] == pytest.approx(1)
    assert left["x"] == pytest.approx(-right["x"] - right["width"])
    expect(page.locator("#progress")).to_contain_text("2–3", use_inner_text=True)
    page.keyboard.press("End")
    at_page(page, 8)
    assert pages_open(page, world, "s.ltr") == [8, 9]
    page.keyboard.press("ArrowRight")
    settled(page, "() => document.getElementById('note-text').textContent.includes('已是最后一页')")
    assert seen.outside == []
    assert seen.errors == []


def test_openings_of_an_old_book_are_mirrored_and_turn_to_the_left(
    context: BrowserContext, address: str, world: World
) -> None:
    page, _ = watched(context, address)
    read(page, "s.rtl")
    page.keyboard.press("ArrowLeft")
    at_page(page, 2)
    assert pages_open(page, world, "s.rtl") == [3, 2]
    page.click("#next")
    at_page(page, 4)
    assert pages_open(page, world, "s.rtl") == [5, 4]
    page.click("#next")
    at_page(page, 6)
    assert pages_open(page, world, "s.rtl") == [6]
    boxes = [page.locator(f"#{name}").bounding_box() for name in ("next", "previous")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] < boxes[1]["x"]
    page.keyboard.press("ArrowRight")
    at_page(page, 4)


@pytest.mark.parametrize("resource_id", ["s.folded", "s.unsized"])
def test_openings_leave_a_fold_out_alone(context: BrowserContext, address: str, world: World, resource_id: str) -> None:
    page, _ = watched(context, address)
    read(page, resource_id)
    found = [pages_open(page, world, resource_id)]
    for number in (2, 4, 5, 7):
        page.keyboard.press("PageDown")
        at_page(page, number)
        found.append(pages_open(page, world, resource_id))
    assert found == [[1], [2, 3], [4], [5, 6], [7]]


def test_openings_can_be_shifted_and_closed_and_stay_so(context: BrowserContext, address: str, world: World) -> None:
    page, _ = watched(context, address)
    read(page, "s.ltr")
    page.click("#view-button")
    page.click("#view-tools [data-do=shift]")
    settled(page, f"() => ({OPEN})().length === 2")
    assert pages_open(page, world, "s.ltr") == [1, 2]
    page.keyboard.press("Escape")
    page.focus("#stage")
    page.keyboard.press("2")
    settled(page, f"() => ({OPEN})().length === 1")
    expect(page.locator("header [data-do=two]")).to_have_attribute("aria-pressed", "false")
    read(page, "s.folded?page=2", 2)
    assert pages_open(page, world, "s.folded") == [2]
    page.click("header [data-do=two]")
    settled(page, f"() => ({OPEN})().length === 2")


def test_leaves_that_hold_two_pages_already_have_no_openings(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    read(page, "s.leaf")
    assert len(page.evaluate(OPEN)) == 1
    expect(page.locator("header [data-do=two]")).to_be_hidden()


def test_jump_contents_slider_and_sheets_lead_to_pages(context: BrowserContext, address: str, world: World) -> None:
    page, _ = watched(context, address)
    read(page, "s.ltr")
    page.fill("#jump-page", "7")
    page.click("#jump button")
    at_page(page, 6)
    assert pages_open(page, world, "s.ltr") == [6, 7]
    page.fill("#jump-page", "99")
    page.keyboard.press("Enter")
    settled(page, "() => document.getElementById('note-text').textContent.includes('共 9 页')")
    page.click("#toc-button")
    for name in ("#toc-list [aria-current]", "#chapter"):
        expect(page.locator(name)).to_have_text("第2章", use_inner_text=True)
    page.click("#toc-list >> text=第1章")
    at_page(page, 2)
    page.evaluate("""() => {
      const slider = document.getElementById("position");
      slider.value = "8";
      slider.dispatchEvent(new Event("change"));
    }""")
    at_page(page, 8)
    page.click("#sheets-button")
    expect(page.locator("#sheet [aria-current]")).to_have_text(["8", "9"], use_inner_text=True)
    expect(page.locator("#sheet-next")).to_be_hidden()
    page.click("#sheet a[data-number='1']")
    at_page(page, 1)


def test_bookmarks_are_listed_and_forgotten(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    read(page, "s.ltr?page=4", 4)
    page.click("#bookmark")
    expect(page.locator("#note-text")).to_contain_text("已在第 4 页加书签", use_inner_text=True)
    read(page, "s.ltr?page=1")
    expect(page.locator("#bookmark")).to_have_attribute("aria-pressed", "false")
    page.click("#toc-button")
    page.click("#marks-list li > button:first-child")
    at_page(page, 4)
    expect(page.locator("#bookmark")).to_have_attribute("aria-pressed", "true")
    page.click("#bookmark")
    page.click("#toc-button")
    expect(page.locator("#marks-list li")).to_have_count(0)


def test_address_follows_the_page_and_opens_it(context: BrowserContext, address: str, world: World) -> None:
    page, _ = watched(context, address)
    read(page, "s.ltr")
    page.keyboard.press("PageDown")
    at_page(page, 2)
    page.wait_for_url("**/read/s.ltr?page=2")
    page.reload()
    at_page(page, 2)
    item = world.records["s.tiff"].readable_items[0].id
    read(page, f"s.tiff?item={item}&page=4", 4)
    read(page, f"s.ltr?item={world.records['s.ltr'].readable_items[5].id}&page=1", 6)
    page.goto("/read/s.ltr")
    at_page(page, 6)
    expect(page.locator("#note-text")).to_contain_text("上次读到第 6 页", use_inner_text=True)
    page.click("#note-action")
    at_page(page, 1)


def test_keys_zoom_move_and_fit(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    read(page, "s.ltr?page=4", 4)
    whole = page.evaluate(ZOOM)
    page.keyboard.press("+")
    page.keyboard.press("+")
    settled(page, f"(whole) => {ZOOM} > 2 * whole", whole)
    # A page that is larger than the stage is moved by the arrows, and not turned.
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    expect(page.locator("#progress")).to_contain_text("4–5", use_inner_text=True)
    page.keyboard.press("0")
    settled(page, f"(whole) => Math.abs({ZOOM} / whole - 1) <= 0.01", whole)
    page.click("#view-button")
    page.click("#view-tools [data-do=width]")
    settled(page, f"(whole) => {ZOOM} > whole", whole)
    expect(page.locator("#view-tools [data-do=width]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.focus("#stage")
    # The space bar reads on: to the foot of the opening, then to the next one.
    page.keyboard.press("Space")
    page.wait_for_timeout(500)
    expect(page.locator("#progress")).to_contain_text("4–5", use_inner_text=True)
    page.keyboard.press("Space")
    at_page(page, 6)
    page.click("#view-button")
    page.click("#view-tools [data-do=rotate]")
    settled(page, "() => OpenSeadragon.getViewer('view').viewport.getRotation() === 90")


def test_magnifier_shows_the_page_larger_and_follows(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    read(page, "s.tiled?page=2", 2)
    before = levels_of(seen.asked)
    page.keyboard.press("m")
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    page.mouse.move(stage["x"] + stage["width"] / 2 + 100, stage["y"] + 150)
    settled(page, f"() => ({INK})('#lens-view canvas') > 8")
    lens, main = (
        page.evaluate(f"OpenSeadragon.getViewer('{name}').viewport.getZoom() * {width}")
        for name, width in (("lens-view", "document.getElementById('lens').offsetWidth"), ("view", stage["width"]))
    )
    assert lens / main == pytest.approx(2.5, rel=0.02)
    # Under the glass lie finer tiles than on the stage.
    page.wait_for_timeout(300)
    assert max(levels_of(seen.asked)) > max(before)
    spot = page.locator("#lens").bounding_box()
    page.keyboard.press("ArrowLeft")
    moved = page.locator("#lens").bounding_box()
    assert spot is not None
    assert moved is not None
    assert moved["x"] == pytest.approx(spot["x"] - 32, abs=1)
    expect(page.locator("header [data-do=lens]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#lens")).to_be_hidden()
    expect(page.locator("header [data-do=lens]")).to_have_attribute("aria-pressed", "false")
    assert seen.errors == []


def test_tiles_that_do_not_come_give_way_to_the_picture(context: BrowserContext, address: str, world: World) -> None:
    page, _ = watched(context, address)
    read(page, "s.other-tiles")
    assert pages_open(page, world, "s.other-tiles") == [1]
    page.route("**/*_files/**", lambda route: route.fulfill(status=500))
    opened(page, "/read/s.tiled")
    settled(page, f"() => ({OPEN})()[0]?.url.includes('/items/')")
    settled(page, f"() => ({INK})('#view canvas') > 8")


def test_damaged_page_of_an_opening_is_named_beside_the_other(
    context: BrowserContext, address: str, world: World
) -> None:
    path = world.item_path("s.ltr", "page", 2)
    whole = path.read_bytes()
    try:
        damage(world, "s.ltr", 100, "page", 2)
        page, _ = watched(context, address)
        read(page, "s.ltr?page=2", 2)
        assert pages_open(page, world, "s.ltr") == [2]
        expect(page.locator("#note-text")).to_contain_text("第 3 页有损坏", use_inner_text=True)
        page.click("#note-action")
        at_page(page, 4)
        assert pages_open(page, world, "s.ltr") == [4, 5]
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_long_book_asks_for_few_pages_and_stays_small(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    read(page, "s.long?page=200", 200)
    settled(page, "() => Number(document.getElementById('stage').dataset.prepared) >= 0")
    assert len({u for u in seen.asked if "/items/" in u}) == 6
    page.click("#sheets-button")
    settled(page, "() => document.querySelectorAll('#sheet img').length === 24")
    page.click("#sheet-next")
    expect(page.locator("#sheet-range")).to_have_text(re.compile("^217–240"))
    assert page.evaluate("document.querySelectorAll('*').length") < 400
    page.keyboard.press("Escape")
    for number in range(202, 222, 2):
        page.keyboard.press("PageDown")
        at_page(page, number)
    viewer = "OpenSeadragon.getViewer('view')"
    assert page.evaluate(f"{viewer}.world.getItemCount()") == 2
    assert page.evaluate(f"{viewer}.tileCache.numTilesLoaded()") <= 4


def test_pictures_lead_on_into_their_collection(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    read(page, "s.hall1")
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator("#previous")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/read/s.hall2")
    at_page(page, 1)
    page.click("#next")
    page.wait_for_url("**/read/s.hall4")
    at_page(page, 1)
    expect(page.locator("#about a")).to_have_text("图片专题", use_inner_text=True)
    assert seen.errors == []


def test_pictures_have_a_magnifier_too(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    read(page, "s.odd?page=4", 4)
    page.click("#lens-button")
    page.mouse.move(683, 300)
    settled(page, f"() => ({INK})('#lens-view canvas') > 4")
    page.keyboard.press("PageDown")
    at_page(page, 5)
    settled(page, f"() => ({INK})('#lens-view canvas') > 4")


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("s.rtl?page=2", ""),
        ("s.ltr?page=2", "#toc-button"),
        ("s.ltr?page=2", "#sheets-button"),
        ("s.ltr?page=2", "#view-button"),
        ("s.odd", "#lens-button"),
        ("s.hall2", ""),
    ],
)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everyone_can_use_it(browser: Browser, address: str, path: str, button: str, size: dict[str, int]) -> None:
    narrow = size is PHONE
    made: Any = browser.new_context(viewport=size, base_url=address, has_touch=narrow, is_mobile=narrow)  # type: ignore[arg-type]
    try:
        page = made.new_page()
        opened(page, f"/read/{path}")
        page.wait_for_selector("#stage[data-shown]")
        if button:
            page.click(button)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        small = page.evaluate(
            """() => [...document.querySelectorAll('.reader button, .reader a')]
              .filter((e) => e.checkVisibility() && e.getClientRects().length && !e.closest('p'))
              .map((e) => [e.id || e.textContent, e.getBoundingClientRect()])
              .filter(([, box]) => box.width && (box.width < 43.5 || box.height < 43.5)).map(([name]) => name)"""
        )
        assert not narrow or small == []
    finally:
        made.close()


def test_old_browser_reads_scans_and_magnifies(old_browser: Browser, address: str, world: World) -> None:
    made = old_browser.new_context(viewport=DESKTOP, base_url=address)  # type: ignore[arg-type]
    try:
        page, seen = watched(made, address)
        read(page, "s.rtl?page=2", 2)
        assert pages_open(page, world, "s.rtl") == [3, 2]
        page.keyboard.press("m")
        page.mouse.move(683, 300)
        settled(page, f"() => ({INK})('#lens-view canvas') > 8")
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowLeft")
        at_page(page, 4)
        read(page, "s.odd?page=3", 3)
        assert seen.errors == []
    finally:
        made.close()


def test_without_scripts_the_named_page_comes_by_itself(browser: Browser, address: str) -> None:
    made = browser.new_context(viewport=DESKTOP, base_url=address, java_script_enabled=False)  # type: ignore[arg-type]
    try:
        page = made.new_page()
        page.goto("/read/s.tiff?page=3")
        page.wait_for_url("**/read/s.tiff/pages/3")
        assert page.locator(".rpage img").evaluate("(i) => i.decode().then(() => i.naturalWidth)") == 600
        expect(page.locator(".rjump")).to_contain_text("/ 5", use_inner_text=True)
        page.locator("a.turn[rel=next]").click()
        page.wait_for_url("**/read/s.tiff/pages/4")
        page.fill("#page", "5")
        page.keyboard.press("Enter")
        page.wait_for_url("**/read/s.tiff/pages/5")
        expect(page.locator("a[rel=next]")).to_have_count(0)
        for number in range(1, 10):
            page.goto(f"/read/s.odd/pages/{number}")
            assert page.locator(".rpage img").evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 0
    finally:
        made.close()
