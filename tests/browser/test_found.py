"""Lines that say more: a line of the contents, other issues of a serial, what is not there yet for a child."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from indexer.model import item_id
from tests.appliance.web.holding import make_app, make_world, one
from tests.appliance.web.searching import books
from tests.appliance.web.test_contents_found import LINES, records
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PATHS = ("/search?q=贾母", "/search?q=薄命 偏逢", "/search?q=《月刊》2019年第9期", "/search?q=《周刊》2019年第9期")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    serial = [
        one("m", "月刊", "journal", files=(), level="serial"),
        *(
            one(f"m{n}", f"《月刊》2019年第{n}期", "journal", parent="m", level="issue", designation=f"2019年第{n}期")
            for n in (1, 2)
        ),
    ]
    held = [*records(), *books(), *serial]
    with make_world(tmp_path_factory.mktemp("found"), held) as world, serving(make_app(world)) as address:
        yield address


@pytest.mark.parametrize(
    ("size", "display"),
    [
        pytest.param(DESKTOP, Display(), id="desktop"),
        pytest.param(PHONE, Display(), id="phone"),
        pytest.param((320, 640), Display(size="4"), id="narrow-large"),
        pytest.param(DESKTOP, Display(face="elder", theme="night", size="4"), id="elder-night"),
        pytest.param(PHONE, Display(theme="contrast", language="en"), id="contrast-english"),
        pytest.param(PHONE, Display(face="child"), id="child"),
    ],
)
def test_lines_that_say_more_are_accessible_and_fit(
    browser: Browser, base: str, size: tuple[int, int], display: Display
) -> None:
    with opened(browser, base, size, display=display) as page:
        for path in (*PATHS, "/search?q=明月&available=catalogue"):
            page.goto(path)
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_a_line_of_the_contents_opens_its_place_by_keyboard(browser: Browser, base: str) -> None:
    with opened(browser, base, PHONE, script=False) as page:
        page.goto("/search?q=贾母")
        line = page.locator(".hit", has_text="石头记").locator(".why", has_text="目录提到").get_by_role("link")
        assert line.inner_text() == LINES[1]
        assert line.locator("mark").all_inner_texts() == ["賈母"]
        box = line.bounding_box()
        assert box is not None
        assert box["height"] >= 24
        line.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(rf"/read/h\?item={item_id('h', 'part', 'a.epub')}&at=2"))


def test_an_issue_that_is_not_held_leads_to_the_others(browser: Browser, base: str) -> None:
    with opened(browser, base, script=False) as page:
        page.goto("/search?q=《月刊》2019年第9期")
        expect(page.get_by_text("没有查到这一期")).to_be_visible()
        page.get_by_role("link", name="2019年第2期").click()
        page.wait_for_url(re.compile("/resources/m2"))


def test_children_are_told_what_is_not_there_yet(browser: Browser, base: str) -> None:
    with opened(browser, base, PHONE, display=Display(face="child"), script=False) as page:
        page.goto("/search?q=明月")
        expect(page.get_by_text("仅有目录")).to_have_count(0)
        expect(page.locator(".hit .tag", has_text="还没来")).to_have_count(2)
        expect(page.get_by_role("heading", name="下面的书还没来")).to_be_visible()
