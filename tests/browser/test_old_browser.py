"""Chromium 109, the last on Windows 7: pages look right, staff sign in, every reader opens, finds and ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.appliance.web.holding import PASSWORD
from tests.appliance.web.reading import LAST, SENTENCE
from tests.browser.conftest import DESKTOP, PHONE, opened, violations
from tests.browser.reading_room import BOOK_VISIBLE, INK, address, settled, watched, world
from tests.browser.reading_room import opened as reader_opened
from tests.browser.test_pages import FEW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

    from tests.appliance.web.holding import World

__all__ = ["address", "world"]
pytestmark = pytest.mark.browser


@pytest.fixture
def context(old_browser: Browser, address: str) -> Iterator[BrowserContext]:
    made = old_browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, base_url=address)
    made.set_default_timeout(30_000)
    yield made
    made.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_are_accessible_fit_and_are_silent(old_browser: Browser, server: str, size: tuple[int, int]) -> None:
    said: list[str] = []
    with opened(old_browser, server, size) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in (*FEW, "/staff/sign-in"):
            page.goto(path)
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
    assert [text for text in said if not re.match(r"Failed to load resource: .* 40[34] ", text)] == []


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_staff_sign_in(old_browser: Browser, server: str, held: World, script: bool) -> None:
    held.accounts.first_start()
    name = held.accounts.all()[0].name
    password = f"{PASSWORD} {script}"
    held.accounts.set_password(name, password)
    with opened(old_browser, server, script=script) as page:
        page.goto("/staff/sign-in")
        page.get_by_label("账号").fill(name)
        page.get_by_label("密码").fill(password)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/staff/")
        for path in ("/staff/", "/staff/drives", "/staff/health"):
            page.goto(path)
            expect(page.get_by_text(name).first).to_be_visible()


def test_document_is_drawn_found_in_and_zoomed(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    reader_opened(page, "/read/r.pdf")
    settled(page, f"() => ({INK})('.page[data-page-number=\"1\"] canvas') > 8")
    box = page.locator(".page").first.bounding_box()
    assert box is not None
    assert abs(box["width"] / box["height"] - 420 / 595) < 0.02
    page.click("#find-button")
    page.fill("#find-query", LAST[:6])
    page.keyboard.press("Enter")
    page.click("#find-list button")
    settled(page, "() => document.querySelector('.textLayer .highlight.selected')")
    expect(page.locator("#stage")).to_have_attribute("data-page", "8")
    page.click("#two")
    page.keyboard.press("Escape")
    page.keyboard.press("PageDown")
    settled(page, "() => document.getElementById('note-text').textContent.includes('已是最后一页')")
    assert seen.errors == []
    assert seen.outside == []


def test_book_is_read_to_its_end(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    reader_opened(page, "/read/r.book")
    settled(page, BOOK_VISIBLE, SENTENCE)
    page.keyboard.press("End")
    settled(page, BOOK_VISIBLE, LAST)
    page.click("#toc-button")
    page.click("#toc-list >> text=为政篇")
    settled(page, BOOK_VISIBLE, "为政以德，譬如北辰。")
    assert seen.errors == []


def test_upright_book_turn_buttons_stand_upright(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    reader_opened(page, "/read/r.upright")
    label = page.locator("#turn-left-label").bounding_box()
    assert label is not None
    assert label["height"] > 2 * label["width"]
    assert seen.errors == []


def test_pictures_and_sound(context: BrowserContext, address: str) -> None:
    page, seen = watched(context, address)
    reader_opened(page, "/read/r.painting")
    settled(page, f"() => ({INK})('#view canvas') > 1")
    page.keyboard.press("End")
    settled(page, "() => document.getElementById('stage').dataset.shown === '3'")
    page.goto("/read/r.sound")
    page.click("#play")
    settled(page, "() => document.getElementById('player').currentTime > 0.2")
    assert seen.errors == []


def test_document_where_a_part_is_lacking_comes_as_pictures(context: BrowserContext, address: str) -> None:
    page, _ = watched(context, address)
    page.route("**/reader/pdf.worker.js", lambda route: route.fulfill(body="nothing()", content_type="text/javascript"))
    page.goto("/read/r.pdf?page=3")
    page.wait_for_url("**/read/r.pdf/pages/3?old=1")
    settled(page, f"() => ({INK})('.rpage img') > 1")
    expect(page.locator(".rnote")).to_contain_text("已换用简易阅读方式", use_inner_text=True)
