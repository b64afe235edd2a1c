"""Suggestions under the search box: by keys, by pointer, while an input method composes, and without any of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.browser.conftest import DESKTOP, PHONE, opened, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

FACES = [
    pytest.param(DESKTOP, Display(), id="desktop"),
    pytest.param(PHONE, Display(), id="phone"),
    pytest.param(PHONE, Display(face="elder", size="4"), id="elder-phone"),
    pytest.param(DESKTOP, Display(face="elder", theme="contrast"), id="elder-contrast"),
    pytest.param(DESKTOP, Display(face="child"), id="child"),
    pytest.param(PHONE, Display(face="child"), id="child-phone"),
    pytest.param((320, 640), Display(theme="night", size="4"), id="narrow-night"),
]


def box(page: Page) -> Locator:
    return page.get_by_role("combobox")


def options(page: Page) -> Locator:
    return page.get_by_role("option")


@pytest.mark.parametrize(("size", "display"), FACES)
def test_list_is_accessible_fits_and_moves_nothing(
    browser: Browser, server: str, size: tuple[int, int], display: Display
) -> None:
    said: list[str] = []
    with opened(browser, server, size, display=display) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("/")
        height = page.evaluate("document.documentElement.scrollHeight")
        place = box(page).bounding_box()
        box(page).fill("san")
        expect(options(page).first).to_be_visible()
        page.keyboard.press("ArrowDown")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert box(page).bounding_box() == place
        assert page.evaluate("document.documentElement.scrollHeight") <= height + 400
        assert all(option.bounding_box()["height"] >= 44 for option in options(page).all())
    assert said == []


def test_keys_choose_and_leave(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        field = box(page)
        expect(field).to_have_attribute("aria-expanded", "false")
        field.press_sequentially("ly")
        expect(options(page).first).to_contain_text("论语")
        expect(field).to_have_attribute("aria-expanded", "true")
        expect(page.get_by_role("status")).to_contain_text(re.compile(r"1\s?条建议"))
        page.keyboard.press("ArrowUp")
        last = options(page).last
        expect(last).to_have_attribute("aria-selected", "true")
        assert field.get_attribute("aria-activedescendant") == last.get_attribute("id")
        page.keyboard.press("ArrowDown")
        assert field.get_attribute("aria-activedescendant") is None
        page.keyboard.press("Escape")
        expect(page.get_by_role("listbox")).to_have_count(0)
        expect(field).to_have_value("ly")
        page.keyboard.press("ArrowDown")
        expect(options(page).first).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/search\?q=%E8%AE%BA%E8%AF%AD"))


def test_enter_without_a_choice_searches_what_is_written(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        box(page).press_sequentially("论语")
        expect(options(page).first).to_be_visible()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/search\?q=%E8%AE%BA%E8%AF%AD"))


def test_pointer_chooses(browser: Browser, server: str) -> None:
    with opened(browser, server, PHONE) as page:
        page.goto("/")
        box(page).fill("三国")
        options(page).first.click()
        page.wait_for_url(re.compile("/search"))
        expect(box(page)).to_have_value("三國演義")


def test_leaving_the_box_closes_the_list(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        box(page).fill("san")
        expect(options(page).first).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("listbox")).to_have_count(0)


def test_letters_of_an_input_method_are_asked_for_and_its_keys_left_alone(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        box(page).focus()
        session = page.context.new_cdp_session(page)
        session.send("Input.imeSetComposition", {"text": "lun'y", "selectionStart": 5, "selectionEnd": 5})
        expect(options(page).first).to_contain_text("论语")
        box(page).dispatch_event("keydown", {"key": "ArrowDown", "isComposing": True})
        box(page).dispatch_event("keydown", {"key": "Enter", "isComposing": True})
        assert box(page).get_attribute("aria-activedescendant") is None
        session.send("Input.insertText", {"text": "论语"})
        expect(box(page)).to_have_value("论语")
        expect(options(page).first).to_contain_text("论语")


def test_children_are_offered_what_is_theirs(browser: Browser, server: str) -> None:
    with opened(browser, server, display=Display(face="child")) as page:
        page.goto("/")
        box(page).fill("san")
        expect(options(page)).to_have_count(1)
        expect(options(page).first).to_contain_text("三字经")


def test_titles_are_text_and_nothing_else(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        page.route(
            "**/api/suggest?*",
            lambda route: route.fulfill(json={"suggestions": [{"kind": "x", "text": "<img src=x onerror=alert(1)>"}]}),
        )
        box(page).fill("img")
        expect(options(page).first).to_contain_text("<img src=x")
        expect(page.locator(".suggest img")).to_have_count(0)


def test_box_that_does_not_answer_leaves_the_form_as_it_was(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        page.route("**/api/suggest?*", lambda route: route.abort())
        box(page).press_sequentially("论语")
        page.wait_for_timeout(300)
        expect(options(page)).to_have_count(0)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/search"))


def test_without_scripts_the_box_is_a_plain_form(browser: Browser, server: str) -> None:
    with opened(browser, server, script=False) as page:
        page.goto("/")
        page.get_by_role("searchbox").fill("论语")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/search"))
        expect(page.get_by_role("combobox")).to_have_count(0)
