"""From words typed in the search field to the place in the text, in a real browser: the words are there and marked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.appliance.web.holding import World, make_app
from tests.appliance.web.inside import BOOK, LAST, PAGE, TEXT, inside_world
from tests.browser.conftest import serving, violations
from tests.browser.reading_room import BOOK_VISIBLE, DESKTOP, PHONE, VENDOR, settled

BOOK_MARKS = """() => [...document.querySelector("foliate-view").renderer.getContents()]
  .flatMap(({ overlayer }) => [...(overlayer?.element?.querySelectorAll("rect, path") ?? [])]).length"""
IN_VIEW = """(selector) => {
  const mark = document.querySelector(selector)?.getBoundingClientRect();
  return Boolean(mark) && mark.height > 0 && mark.top >= 0 && mark.bottom <= innerHeight;
}"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    with inside_world(tmp_path_factory.mktemp("inside")) as made:
        yield made


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serving(make_app(world)) as base:
        yield base


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def context(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=request.param, base_url=address)
    made.set_default_timeout(30_000)
    yield made
    made.close()


def followed(page: Page, query: str) -> None:
    """Search for the words and follow the only place found."""
    page.goto("/")
    page.fill("#q", query)
    page.press("#q", "Enter")
    page.wait_for_url("**/search?**")
    assert not violations(page)
    page.click("article.hit .kids a")


def test_a_book_opens_at_the_words(context: BrowserContext) -> None:
    page = context.new_page()
    followed(page, BOOK)
    page.wait_for_selector("html[data-opened]", state="attached")
    settled(page, BOOK_VISIBLE, BOOK)
    settled(page, f"() => ({BOOK_MARKS})() > 0")
    assert page.input_value("#find-query") in BOOK
    assert not violations(page)


def test_a_document_opens_at_the_words(context: BrowserContext) -> None:
    page = context.new_page()
    followed(page, LAST)
    page.wait_for_selector(".textLayer .highlight.selected", state="attached")
    assert page.text_content(".textLayer .highlight.selected") in LAST
    settled(page, IN_VIEW, ".textLayer .highlight.selected")
    expect(page.locator("#stage")).to_have_attribute("data-page", "8")


@pytest.mark.parametrize("query", [PAGE, TEXT])
def test_a_text_and_a_web_page_open_at_the_words(context: BrowserContext, query: str) -> None:
    page = context.new_page()
    followed(page, query)
    page.wait_for_selector("mark#found")
    assert page.text_content("mark#found") in query
    settled(page, IN_VIEW, "mark#found")
    assert not violations(page)


def test_finding_within_a_document_from_its_page(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/resources/i.pdf")
    assert not violations(page)
    page.fill("#inside-q", "学而时习")
    page.press("#inside-q", "Enter")
    page.wait_for_selector("#results")
    expect(page.locator("article.hit")).to_have_count(7)
    assert not violations(page)
    page.click("article.hit:nth-of-type(1) >> nth=4")
    page.wait_for_selector(".textLayer .highlight.selected", state="attached")
    expect(page.locator("#stage")).to_have_attribute("data-page", "5")


def test_a_find_that_the_reader_begins_goes_over_the_whole_work(context: BrowserContext) -> None:
    """What came with the address is forgotten at the next find: that one begins at the beginning."""
    page = context.new_page()
    followed(page, LAST)
    page.wait_for_selector(".textLayer .highlight.selected", state="attached")
    page.click("#find-button")
    page.fill("#find-query", "学而时习")
    page.press("#find-query", "Enter")
    page.wait_for_selector("#find-list li button >> nth=6")
    assert page.text_content("#find-list .rfind__head >> nth=0").replace("\u2009", "").replace(" ", "") == "第1页"
