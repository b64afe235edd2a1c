"""Results in words of like meaning, in a real browser: accessible, within the screen, and left by one press."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.appliance.web.holding import make_app, make_world
from tests.appliance.web.test_alike import gardens
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with make_world(tmp_path_factory.mktemp("gardens"), gardens()) as world, serving(make_app(world)) as address:
        yield address


@pytest.mark.parametrize(
    ("size", "display"),
    [
        pytest.param(DESKTOP, Display(), id="desktop"),
        pytest.param(PHONE, Display(), id="phone"),
        pytest.param((360, 640), Display(face="elder", theme="night"), id="elder-night"),
    ],
)
def test_words_of_like_meaning_are_said_and_left_by_one_press(
    browser: Browser, base: str, size: tuple[int, int], display: Display
) -> None:
    with opened(browser, base, size, display=display) as page:
        for path in ("/search?q=养花", "/search?q=孙悟空"):
            page.goto(path)
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.goto("/search?q=养花")
        link = page.get_by_role("link", name="只查“养花”")
        assert link.bounding_box()["height"] >= 24
        link.click()
        expect(page.locator(".hits article")).to_have_count(2)
        expect(page.get_by_text("花卉")).to_have_count(0)
