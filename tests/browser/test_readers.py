"""PDF, pictures and sound in a real Chromium, the plain pages without scripts, and the readers on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.appliance.web.reading import LAST, SENTENCE, damage
from tests.browser.reading_room import (
    DESKTOP,
    INK,
    PHONE,
    address,
    context,
    opened,
    rested,
    settled,
    watched,
    world,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.appliance.web.holding import World

__all__ = ["address", "context", "world"]
pytestmark = pytest.mark.browser


def test_pdf_draws_chinese_without_embedded_fonts(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.pdf")
    settled(page, f"() => ({INK})('.page[data-page-number=\"1\"] canvas') > 8")
    assert SENTENCE in page.inner_text(".page[data-page-number='1'] .textLayer").replace("\n", "")
    settled(page, "() => [...document.fonts].some((f) => f.family.includes('Noto Serif SC') && f.status === 'loaded')")
    assert seen.outside == []
    assert seen.errors == []


def test_pdf_jumps_finds_zooms_and_ends(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.pdf")
    page.fill("#jump-page", "5")
    page.keyboard.press("Enter")
    settled(page, "() => document.getElementById('stage').dataset.page === '5'")
    page.click("#find-button")
    page.fill("#find-query", LAST[:6])
    page.keyboard.press("Enter")
    page.click("#find-list button")
    settled(page, "() => document.getElementById('stage').dataset.page === '8'")
    page.keyboard.press("Escape")
    page.click("#view-button")
    width = page.evaluate("document.querySelector('.page').getBoundingClientRect().width")
    page.click("#zoom-in")
    page.click("#zoom-in")
    settled(page, "(width) => document.querySelector('.page').getBoundingClientRect().width > width", width)
    page.click("#rotate")
    page.keyboard.press("Escape")
    page.click("#toc-button")
    page.click("#toc-list >> text=第3节")
    settled(page, "() => document.getElementById('stage').dataset.page === '3'")
    page.click("#stage")
    page.keyboard.press("End")
    settled(page, "() => document.getElementById('stage').dataset.page === '8'")
    page.keyboard.press("PageDown")
    settled(page, "() => document.getElementById('note-text').textContent.includes('已是最后一页')")
    assert seen.errors == []


def test_pdf_large_is_read_by_ranges(context: BrowserContext, address: str, world: World) -> None:
    page = context.new_page()
    lengths: list[int] = []
    page.on(
        "response", lambda r: lengths.append(int(r.headers.get("content-length", 0))) if "/items/" in r.url else None
    )
    opened(page, "/read/r.scan")
    settled(page, f"() => ({INK})('.page[data-page-number=\"1\"] canvas') > 8")
    assert 0 < sum(lengths) < world.item_path("r.scan").stat().st_size


def test_pdf_damaged_page_is_named_and_the_others_open(context: BrowserContext, address: str, world: World) -> None:
    path = world.item_path("r.orderly")
    whole = path.read_bytes()
    try:
        damage(world, "r.orderly", len(whole) // 2)
        page, _ = watched(context, address)
        opened(page, "/read/r.orderly")
        settled(page, f"() => ({INK})('.page[data-page-number=\"1\"] canvas') > 8")
        named = set()
        for n in range(2, 9):
            page.fill("#jump-page", str(n))
            page.keyboard.press("Enter")
            settled(
                page,
                """(n) => document.getElementById('note-text').textContent.includes(`第 ${n} 页有损坏`)
                  || document.querySelector(`.page[data-page-number="${n}"][data-loaded="true"] canvas`)""",
                n,
            )
            if f"第 {n} 页有损坏" in page.inner_text("#note-text"):
                named.add(n)
        assert named
        assert len(named) < 7
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_pdf_whose_drive_is_pulled_out_is_not_called_damaged(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.scan")
    settled(page, f"() => ({INK})('.page[data-page-number=\"1\"] canvas') > 8")
    page.route("**/items/**", lambda route: route.fulfill(status=503, body="{}"))
    page.click("#stage")
    page.keyboard.press("End")
    settled(page, "() => document.getElementById('note-text').textContent.includes('资源硬盘暂时断开')")
    page.wait_for_timeout(2500)  # by then a page whose bytes were refused is called damaged
    page.keyboard.press("PageUp")
    page.wait_for_timeout(2500)
    expect(page.locator("#note-text")).to_contain_text("资源硬盘暂时断开", use_inner_text=True)
    expect(page.locator("#note-text")).not_to_contain_text("有损坏", use_inner_text=True)


def test_pdf_damaged_structure_leads_to_page_pictures(context: BrowserContext, address: str, world: World) -> None:
    path = world.item_path("r.scan")
    whole = path.read_bytes()
    try:
        damage(world, "r.scan", len(whole) // 2)
        page, _ = watched(context, address)
        page.goto("/read/r.scan")
        page.wait_for_url("**/read/r.scan/pages/1")
        assert page.locator(".rpage img").evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 1000
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_pdf_where_it_cannot_run_page_pictures_come_instead(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    page.route(
        "**/vendor/pdf.js", lambda route: route.fulfill(body="this is not = script", content_type="text/javascript")
    )
    page.goto("/read/r.pdf")
    page.wait_for_url("**/read/r.pdf/pages/1?old=1")
    assert page.locator(".rpage img").evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 1000
    expect(page.locator(".rnote")).to_contain_text("已换用简易阅读方式", use_inner_text=True)


def test_pdf_shows_as_printed_on_demand(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.pdf")
    page.click("#view-button")
    page.click("#printed")
    page.wait_for_url("**/read/r.pdf/pages/1")


def test_pictures_show_tiles_turn_and_zoom(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.painting")
    settled(page, f"() => ({INK})('#view canvas') > 1")
    assert any("/tiles/" in u and u.endswith(".webp") for u in seen.asked), "as older packs have it"
    strip = page.locator("#strip").bounding_box()
    assert strip is not None
    assert strip["height"] < 120, "small pictures are small whatever the size of the picture"
    page.click("#next")
    settled(page, "() => document.getElementById('stage').dataset.shown === '2'")
    settled(page, f"() => ({INK})('#view canvas') > 1")
    assert any("/tiles/" in u and u.endswith(".jpeg") for u in seen.asked)
    page.keyboard.press("End")
    settled(page, "() => document.getElementById('stage').dataset.shown === '3'")
    page.click("#zoom-in")
    page.click("#rotate")
    page.click("#whole")
    page.keyboard.press("PageDown")
    expect(page.locator("#note-text")).to_contain_text("已是最后一页", use_inner_text=True)
    assert seen.outside == []
    assert seen.errors == []


def test_pictures_of_old_books_run_to_the_left(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.scans")
    page.keyboard.press("ArrowLeft")
    settled(page, "() => document.getElementById('stage').dataset.shown === '2'")
    boxes = [page.locator(f"#{name}").bounding_box() for name in ("next", "previous")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] < boxes[1]["x"]


def test_pictures_tiff_pages_are_rendered_by_the_box(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    opened(page, "/read/r.tiff")
    page.keyboard.press("PageDown")
    settled(page, "() => document.getElementById('stage').dataset.shown === '2'")
    assert any("/read/r.tiff/pages/" in u for u in seen.asked)


def test_sound_plays_in_the_browsers_player(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    page.goto("/read/r.sound")
    settled(page, "() => document.getElementById('player').readyState >= 1")
    assert page.evaluate("document.getElementById('player').duration") == pytest.approx(1.0, abs=0.1)
    assert seen.errors == []


@pytest.mark.parametrize(
    ("path", "ending", "words"),
    [
        ("/read/r.book", "/read/r.book/chapters/1", SENTENCE),
        ("/read/r.pdf", "/read/r.pdf/pages/1", "前往"),
        ("/read/r.painting", "/read/r.painting/pages/1", "前往"),
        ("/read/r.text", "/read/r.text/text/1", SENTENCE),
    ],
)
def test_without_scripts_the_plain_pages_come_by_themselves(
    browser: Browser, address: str, path: str, ending: str, words: str
) -> None:
    context = browser.new_context(viewport=DESKTOP, base_url=address, java_script_enabled=False)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(path)
        page.wait_for_url(f"**{ending}")
        expect(page.locator("body")).to_contain_text(words, use_inner_text=True)
        for image in page.locator("article img, .rpage img").all():
            assert image.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 0
        page.locator("a[rel=next]").first.click()
        page.wait_for_url("**/2")
    finally:
        context.close()


@pytest.mark.parametrize(
    "path", ["/read/r.book", "/read/r.upright", "/read/r.pdf", "/read/r.painting", "/read/r.scans"]
)
def test_phone_has_no_sideways_scroll_and_large_targets(browser: Browser, address: str, path: str) -> None:
    context = browser.new_context(viewport=PHONE, base_url=address, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        opened(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        small = page.evaluate(
            """() => [...document.querySelectorAll('.reader button, .reader a')]
              .filter((e) => e.checkVisibility() && e.getClientRects().length)
              .map((e) => [e.id || e.textContent, e.getBoundingClientRect()])
              .filter(([, box]) => box.width && (box.width < 43.5 || box.height < 43.5)).map(([name]) => name)"""
        )
        assert small == []
    finally:
        context.close()


def test_phone_tap_and_swipe_turn_the_page(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=PHONE, base_url=address, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        opened(page, "/read/r.book")
        before = page.inner_text("#progress")
        page.touchscreen.tap(360, 400)
        settled(page, "(before) => document.getElementById('progress').textContent !== before", before)
        rested(page)
        page.touchscreen.tap(30, 400)
        settled(page, "(before) => document.getElementById('progress').textContent === before", before)
    finally:
        context.close()
