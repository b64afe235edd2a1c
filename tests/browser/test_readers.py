"""The readers in a real Chromium: a named sentence is seen, the last page reached, nothing hostile runs or leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.appliance.web.holding import World, make_app
from tests.appliance.web.reading import LAST, SENTENCE, damage, reading_world
from tests.browser.conftest import serving

pytestmark = pytest.mark.browser

DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
VENDOR = Path(__file__).parents[2] / "appliance/web/static/vendor/stamp.json"

BOOK_TEXT = """() => {
  const view = document.querySelector("foliate-view");
  return view?.renderer?.getContents?.().map(({ doc }) => doc?.body?.textContent ?? "").join("") ?? "";
}"""
BOOK_VISIBLE = """(sentence) => {
  const stage = document.getElementById("stage").getBoundingClientRect();
  for (const { doc } of document.querySelector("foliate-view").renderer.getContents()) {
    const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.data.indexOf(sentence);
      if (at < 0) continue;
      const range = doc.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + sentence.length);
      const frame = doc.defaultView.frameElement.getBoundingClientRect();
      const box = range.getClientRects()[0];
      if (!box) continue;
      const [x, y] = [frame.left + box.left + box.width / 2, frame.top + box.top + box.height / 2];
      if (x > stage.left && x < stage.right && y > stage.top && y < stage.bottom) return true;
    }
  }
  return false;
}"""
INK = """(selector) => {
  const canvas = document.querySelector(selector);
  if (!canvas?.width) return 0;
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [200, 200];
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0, 200, 200);
  const seen = new Set();
  const { data } = context.getImageData(0, 0, 200, 200);
  for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return seen.size;
}"""


@dataclass
class Seen:
    """What a page did: addresses asked for, errors of its scripts, dialogs."""

    base: str
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: int = 0

    @property
    def outside(self) -> list[str]:
        """Addresses of other hosts, and of ours that no reader asks for."""
        own = urlsplit(self.base).netloc
        return [u for u in self.asked if urlsplit(u.removeprefix("blob:")).netloc != own and not u.startswith("data:")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    with reading_world(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serving(make_app(world)) as base:
        yield base


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=DESKTOP, base_url=address)  # type: ignore[arg-type]
    made.set_default_timeout(15_000)
    yield made
    made.close()


def watched(context: BrowserContext, address: str) -> tuple[Page, Seen]:
    """A new page and what it does."""
    page, seen = context.new_page(), Seen(address)
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))

    def dismiss(dialog: Any) -> None:
        seen.dialogs += 1
        dialog.dismiss()

    page.on("dialog", dismiss)
    return page, seen


def opened(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("html[data-opened]", state="attached")


def settled(page: Page, script: str, argument: Any = None) -> None:
    page.wait_for_function(script, arg=argument)


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
    page.keyboard.press("End")
    settled(page, BOOK_VISIBLE, LAST)
    page.wait_for_timeout(200)
    page.keyboard.press("PageDown")
    page.wait_for_selector("#note:not([hidden])")
    assert "已是最后一页" in page.inner_text("#note-text")
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
    assert page.inner_text("#size-now") != before
    page.click("#night")
    assert page.get_attribute("html", "data-theme") == "night"
    assert seen.errors == []


def test_book_place_is_kept_within_the_tab(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.book")
    page.keyboard.press("End")
    settled(page, BOOK_VISIBLE, LAST)
    opened(page, "/read/r.book")
    settled(page, BOOK_VISIBLE, LAST)
    assert "上次读到" in page.inner_text("#note-text")
    other, _ = watched(context, address)
    opened(other, "/read/r.book")
    settled(other, BOOK_VISIBLE, SENTENCE)


def test_book_upright_turns_to_the_left(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.upright")
    settled(page, BOOK_VISIBLE, "人之初，性本善。")
    assert page.get_attribute("#stage", "data-vertical") is not None
    assert page.inner_text("#turn-left-label") == "下一页"
    page.click("#turn-left")
    settled(page, "() => Number(document.getElementById('position').value) > 0")
    assert page.get_attribute("#position", "dir") == "rtl"


def test_book_fixed_pages_stand_alone_and_end(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.fixed")
    settled(page, "() => document.getElementById('stage').dataset.pages === '3'")
    page.click("#turn-left")
    page.wait_for_timeout(300)
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
    left = "script, iframe, object, embed, form, input, base, meta[http-equiv], [onclick], [onload], [onerror], set"
    assert frame.locator(left).count() == 0
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
        assert page.is_hidden("#note")
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_book_broken_says_so(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    opened(page, "/read/r.broken")
    page.wait_for_selector("#note:not([hidden])")
    assert "有损坏" in page.inner_text("#note-text")


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
    assert page.evaluate("document.querySelector('.page').getBoundingClientRect().width") > width
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
    assert "已换用简易阅读方式" in page.inner_text(".rnote")


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
    assert any("/tiles/" in u and u.endswith(".webp") for u in seen.asked)
    page.click("#next")
    settled(page, "() => document.getElementById('stage').dataset.shown === '2'")
    page.keyboard.press("End")
    settled(page, "() => document.getElementById('stage').dataset.shown === '3'")
    page.click("#zoom-in")
    page.click("#rotate")
    page.click("#whole")
    page.keyboard.press("PageDown")
    assert "已是最后一页" in page.inner_text("#note-text")
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
        assert words in page.locator("body").inner_text()
        for image in page.locator("article img, .rpage img").all():
            assert image.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 0
        page.locator("a[rel=next]").first.click()
        assert page.url.endswith("/2")
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
        page.wait_for_timeout(300)
        page.touchscreen.tap(30, 400)
        settled(page, "(before) => document.getElementById('progress').textContent === before", before)
    finally:
        context.close()
