"""The readers as people meet them: large letters, a phone in the hand, a name in Arabic letters, no scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.odd_books import spoken_book
from tests.appliance.web.reading import EPUB, document, epub, picture, plain_book, reading_world, sound, xhtml
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations
from tests.browser.reading_room import VENDOR, rested

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ELDER = Display(face="elder", size="4")
CAPTION = b"WEBVTT\n\n00:00.500 --> 00:01.000\nhello\n"
OUTSIDE_THE_WINDOW = """() => [...document.querySelectorAll('a, button')].filter((e) => e.checkVisibility())
  .map((e) => [e.id || e.textContent, e.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.left < 0 || box.right > innerWidth)).map(([name]) => name)"""
HIGH = "(selector) => document.querySelector(selector).getBoundingClientRect().height"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    arabic = epub([("بىرىنچى باب", xhtml("بىرىنچى باب", "<p>كىتاب بىلىمنىڭ بۇلىقى.</p>"))], language="ug")
    tall, zh = picture("#205080", (600, 900)), ("zh-Hans",)
    mp3 = ("part", "1.wav", "audio/wav", sound())
    works = [
        one("s.book", "论语", files=(("part", "a.epub", EPUB, plain_book()),), language=zh),
        one("s.ug", "بىلىم بۇلىقى", files=(("part", "a.epub", EPUB, arabic),), language=("ug",)),
        one(
            "s.picture", "塔", "image", files=(("part", "a.jpg", "image/jpeg", tall),), language=zh, rights="须保留署名"
        ),
        one("s.sound", "听书", "audio", files=(mp3, ("caption", "1.vtt", "text/vtt", CAPTION)), language=zh),
    ]
    works += [
        one("s.spoken", "三字經", files=(("part", "a.epub", EPUB, spoken_book()),), language=("zh-Hant",)),
        one("s.volumes", "演义", files=two("application/pdf", document(2)), labels=("上册", "下册"), language=zh),
        one("s.books", "演义", files=two(EPUB, plain_book()), labels=("上册", "下册"), language=zh),
        one("s.scan", "书影", files=two("image/jpeg", tall, "page"), labels=("1", "2"), language=zh),
    ]
    with reading_world(tmp_path_factory.mktemp("seen"), works) as made, serving(make_app(made)) as base:
        yield base


def two(media_type: str, content: bytes, role: str = "part") -> list[tuple[str, str, str, bytes]]:
    """Two files that differ in their last byte."""
    ending = {EPUB: "epub", "application/pdf": "pdf"}.get(media_type, "jpg")
    return [(role, f"{n}.{ending}", media_type, content + b"\n" * n) for n in range(2)]


def _opened(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("html[data-opened]", state="attached")


def test_elder_sizes_fit_on_a_phone(browser: Browser, address: str) -> None:
    with opened(browser, address, PHONE, display=ELDER) as page:
        _opened(page, "/read/s.book")
        page.click("#sizes-button")
        assert page.evaluate(OUTSIDE_THE_WINDOW) == []
        # One line each: no word is broken into a column of its letters.
        assert page.evaluate(HIGH, "#larger") < 2.2 * page.evaluate(
            "parseFloat(getComputedStyle(document.body).fontSize)"
        )
        before = page.inner_text("#size-now")
        page.click("#smaller")
        expect(page.locator("#size-now")).not_to_have_text(before, use_inner_text=True)


def test_elder_turns_chapters_on_a_phone(browser: Browser, address: str) -> None:
    with opened(browser, address, PHONE, script=False, display=ELDER) as page:
        page.goto("/read/s.book/chapters/2")
        for way in page.locator(".rways a").all():
            box: Any = way.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]
            assert box["height"] < 1.5 * box["width"]


def test_elder_tools_of_a_terminal_are_named(browser: Browser, address: str) -> None:
    with opened(browser, address, DESKTOP, display=ELDER) as page:
        _opened(page, "/read/s.book")
        for tool in ("#toc-button", "#find-button", "#sizes-button"):
            label: Any = page.locator(f"{tool} .lbl").bounding_box()
            assert label["width"] > 20, tool
        assert page.evaluate(OUTSIDE_THE_WINDOW) == []


def test_phone_tools_of_a_picture_stand_beside_it(browser: Browser, address: str) -> None:
    with opened(browser, address, PHONE) as page:
        _opened(page, "/read/s.picture")
        tools: Any = page.locator(".zkit").bounding_box()
        stage: Any = page.locator("#stage").bounding_box()
        assert tools["y"] + tools["height"] <= stage["y"] + 0.5
        assert all(b.bounding_box()["height"] >= 43.5 for b in page.locator(".zkit button").all())  # type: ignore[index]
        page.click("#info")
        expect(page.locator("#about")).to_be_hidden()
        assert violations(page) == []


def test_name_in_arabic_letters_begins_at_the_right(browser: Browser, address: str) -> None:
    with opened(browser, address, PHONE) as page:
        _opened(page, "/read/s.ug")
        for name in (".rbar__title", "#toc-list button"):
            assert page.locator(name).first.evaluate("e => getComputedStyle(e).direction") == "rtl", name
        page.goto("/read/s.ug/chapters/1")
        assert page.locator("h1").first.evaluate("e => getComputedStyle(e).direction") == "rtl"
        way: Any = page.locator(".back a").bounding_box()
        assert way["height"] >= 43.5


def test_child_has_the_deck_in_one_row_on_a_phone(browser: Browser, address: str) -> None:
    with opened(browser, address, PHONE, display=Display(size="4")) as page:
        page.goto("/read/s.sound")
        page.wait_for_selector("html[data-script]", state="attached")
        tops = [b.bounding_box()["y"] for b in page.locator(".deck .btn").all() if b.is_visible()]  # type: ignore[index]
        assert len(tops) == 3
        assert max(tops) - min(tops) < 60
        shown = page.locator("#cue").evaluate("e => getComputedStyle(e).backgroundColor")
        assert shown == "rgba(0, 0, 0, 0)"


def test_picture_without_scripts_says_whose_it_is(browser: Browser, address: str) -> None:
    with opened(browser, address, DESKTOP, script=False) as page:
        page.goto("/read/s.picture/pages/1")
        expect(page.locator(".rpage")).to_contain_text("须保留署名", use_inner_text=True)
        expect(page.locator(".rjump")).to_have_count(0)


def test_open_volume_is_named_and_numbers_are_no_contents(browser: Browser, address: str) -> None:
    with opened(browser, address, DESKTOP) as page:
        for path in ("/read/s.volumes", "/read/s.books"):
            _opened(page, path)
            expect(page.locator(".rbar__title")).to_contain_text("上册", use_inner_text=True)
        _opened(page, "/read/s.scan")
        expect(page.locator("#toc-list")).to_have_count(0)
        expect(page.locator("#chapter")).to_have_text("", use_inner_text=True)


def test_book_is_heard_chapter_by_chapter_without_scripts(browser: Browser, address: str) -> None:
    with opened(browser, address, DESKTOP, script=False) as page:
        page.goto("/read/s.spoken/chapters/1")
        expect(page.locator("audio")).to_have_count(0)
        page.goto("/read/s.spoken/chapters/2")
        expect(page.locator("main")).to_contain_text("听这一章", use_inner_text=True)
        sound = page.locator("audio").get_attribute("src")
        page.click("audio", position={"x": 25, "y": 27})
        # Playwright's own waiting needs the page's scripts.
        for _ in range(50):
            if page.locator("audio").evaluate("e => e.currentTime") > 0.1:
                break
            page.wait_for_timeout(200)
        assert page.locator("audio").evaluate("e => e.currentTime") > 0.1
        part = page.request.get(f"{address}{sound}", headers={"Range": "bytes=0-99"})
        assert (part.status, part.headers["content-type"], len(part.body())) == (206, "audio/wav", 100)
        assert page.request.get(f"{address}{sound}".replace("a1.wav", "c1.xhtml")).status == 404


def test_end_of_a_volume_leads_to_the_next(browser: Browser, address: str) -> None:
    with opened(browser, address, DESKTOP) as page:
        for path in ("/read/s.volumes", "/read/s.books"):
            _opened(page, path)
            page.click("#stage")
            page.keyboard.press("End")
            rested(page, 500)
            on = page.locator("#note-action", has_text="接着看下一册")
            for _ in range(30):
                page.keyboard.press("ArrowRight")
                rested(page, 200)
                if on.is_visible():
                    break
            on.click()
            page.wait_for_url("**item=**")
            page.wait_for_selector("html[data-opened]", state="attached")
            expect(page.locator(".rbar__title")).to_contain_text("下册", use_inner_text=True)
        page.goto("/read/s.books/chapters/3")
        page.locator("[rel=next]").first.click()
        page.wait_for_url("**/read/s.books?item=**")
