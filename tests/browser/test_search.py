"""Results, filters and the advanced form in a real browser: accessible, by keyboard, on a phone, without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.appliance.web.holding import make_app, make_world
from tests.appliance.web.searching import books
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PATHS = (
    "/search?q=明月", "/search?q=明月&page=2", "/search?q=明月&type=book&type=audio&clc=I2&available=yes",
    "/search?q=明月&dynasty=唐&year=1940-1949&place=330000", "/search?q=明月#facets", "/search?q=明月&type=journal",
    "/search/advanced", "/search/advanced?go=1", "/search/advanced?q=title:明月&clc=I2&year=1920-1990",
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with make_world(tmp_path_factory.mktemp("searching"), books()) as world, serving(make_app(world)) as address:
        yield address


def total(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator(".tally h2").inner_text()))


@pytest.mark.parametrize(
    ("size", "display"),
    [
        pytest.param(DESKTOP, Display(), id="desktop"),
        pytest.param(PHONE, Display(), id="phone"),
        pytest.param((320, 640), Display(size="4"), id="narrow-large"),
        pytest.param((320, 640), Display(face="elder", size="4"), id="narrow-elder"),
        pytest.param(DESKTOP, Display(face="elder", theme="night", size="4"), id="elder-night"),
        pytest.param(PHONE, Display(theme="contrast", language="en"), id="contrast-english"),
    ],
)
def test_search_pages_are_accessible_and_fit(
    browser: Browser, base: str, size: tuple[int, int], display: Display
) -> None:
    with opened(browser, base, size, display=display) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        for path in PATHS:
            page.goto(path)
            for closed in page.locator(".facets details:not([open]) > summary").all():
                if closed.is_visible():
                    closed.click()
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
        assert said == []


def test_filters_work_by_keyboard_alone(browser: Browser, base: str) -> None:
    with opened(browser, base, script=False) as page:
        page.goto("/search?q=明月")
        dynasty = page.locator(".facet", has=page.get_by_role("heading", name="朝代")).locator("> summary")
        dynasty.focus()
        tang = page.get_by_role("link", name=re.compile("^唐"))
        expect(tang).to_be_hidden()
        page.keyboard.press("Enter")
        expect(tang).to_be_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").startswith("唐")
        count = int(re.sub(r"\D", "", tang.inner_text()))
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("dynasty="))
        assert total(page) == count < 40
        page.locator(".tally .chip--on").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"q=[^&]*$"))
        assert total(page) == 40


def test_filters_are_a_page_of_their_own_on_a_phone(browser: Browser, base: str) -> None:
    with opened(browser, base, PHONE, script=False) as page:
        page.goto("/search?q=明月")
        expect(page.get_by_role("link", name=re.compile("^图书"))).to_be_hidden()
        page.get_by_role("link", name="筛选").click()
        expect(page.locator(".hits")).to_be_hidden()
        book = page.get_by_role("link", name=re.compile("^图书"))
        count = int(re.sub(r"\D", "", book.inner_text()))
        book.click()
        page.wait_for_url(re.compile("type=book"))
        expect(page.locator(".hits")).to_be_visible()
        assert total(page) == count
        expect(page.get_by_role("link", name="筛选（1）")).to_be_visible()
        page.get_by_role("link", name=re.compile("^图书 ?去掉")).click()
        page.wait_for_url(lambda url: "type=book" not in url)
        assert total(page) == 40


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_advanced_form_by_keyboard_without_scripts(browser: Browser, base: str, size: tuple[int, int]) -> None:
    with opened(browser, base, size, script=False) as page:
        page.goto("/")
        page.get_by_role("link", name="高级检索").click()
        page.wait_for_url("**/search/advanced**")
        page.get_by_label("题名").focus()
        page.keyboard.type("明月")
        page.keyboard.press("Tab")
        page.keyboard.type("苏轼")
        page.get_by_label("图书").focus()
        page.keyboard.press("Space")
        page.get_by_label("从哪一年起").fill("1930")
        page.get_by_label("题名").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/search\?q="))
        assert total(page) > 0
        expect(page.locator(".tally .chip--on").filter(has_text="图书")).to_be_visible()
        page.get_by_role("link", name="高级检索").click()
        expect(page.get_by_label("责任者")).to_have_value("苏轼")
        expect(page.get_by_label("图书")).to_be_checked()
        expect(page.get_by_label("从哪一年起")).to_have_value("1930")
        page.get_by_label("从哪一年起").fill("前年")
        page.get_by_role("button", name="检索").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("^年份请写数字"))
        expect(page.get_by_label("题名")).to_have_value("明月")
