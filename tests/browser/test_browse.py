"""Finding without a query in a real browser: accessible in every face, within its width, by keyboard, silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.appliance.web.holding import make_app, make_world
from tests.appliance.web.shelving import shelves
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGES = (
    "/browse", "/browse/list?clc=I2", "/browse/list?clc=S&page=2&after=m024", "/browse/creators",
    "/browse/creators?letter=W", "/browse/subjects", "/browse/times", "/browse/serials", "/creators/王维",
    "/browse/places", "/browse/places?in=610000",
    "/creators/鲁迅", "/subjects/短篇小说", "/resources/a1", "/search?q=鲁讯的小说", "/search?q=鲁迅",
)  # fmt: skip
CHILDREN = (
    "/browse", "/browse/list?clc=I", "/browse/creators", "/browse/subjects?letter=T", "/browse/times",
    "/creators/方小慧", "/subjects/童话", "/resources/k1", "/search?q=小种籽故事",
)  # fmt: skip


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base address of a box with a holding to browse in."""
    with make_world(tmp_path_factory.mktemp("browsed"), shelves()) as world, serving(make_app(world)) as base:
        yield base


@pytest.mark.parametrize(
    ("size", "display", "paths"),
    [
        pytest.param(DESKTOP, Display(), PAGES, id="desktop"),
        pytest.param(PHONE, Display(), PAGES, id="phone"),
        pytest.param(DESKTOP, Display(face="child"), CHILDREN, id="child"),
        pytest.param(PHONE, Display(face="elder"), PAGES, id="elder-phone"),
    ],
)
def test_pages_are_accessible_fit_and_are_silent(
    browser: Browser, browsed: str, size: tuple[int, int], display: Display, paths: tuple[str, ...]
) -> None:
    said: list[str] = []
    with opened(browser, browsed, size, display=display) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in paths:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
    assert said == []


def test_a_creator_is_reached_by_keyboard_and_the_list_by_its_letters(browser: Browser, browsed: str) -> None:
    with opened(browser, browsed, script=False) as page:
        page.goto("/browse")
        page.get_by_role("link", name="按作者").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/browse/creators")
        page.get_by_role("navigation", name="按拼音首字母").get_by_role("link", name="W", exact=True).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**letter=W")
        expect(page.get_by_role("navigation", name="按拼音首字母").locator("[aria-current]")).to_have_text(
            "W", use_inner_text=True
        )
        page.get_by_role("link", name="王维").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/creators/**")
        page.get_by_role("navigation", name="同名作者").get_by_role("link", name="唐").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**who=**")
        expect(page.get_by_role("heading", level=1)).to_have_text("王维（唐）", use_inner_text=True)
