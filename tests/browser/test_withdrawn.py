"""Staff's list of withdrawn resources with and without entries, in a real Chromium on both screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.appliance.web.holding import PASSWORD, World, make_app, make_world
from tests.appliance.web.withdrawals import BACK, GONE, ISSUES, SERIAL, records
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path, records()) as made:
        made.accounts.first_start()
        made.accounts.set_password(made.accounts.all()[0].name, PASSWORD)
        yield made


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_withdrawn_list_is_accessible_with_and_without_entries(
    browser: Browser, world: World, viewport: tuple[int, int], tmp_path: Path
) -> None:
    named = (SERIAL, ISSUES[0], "x.sanguo", "x.unheard-of")
    states = {
        "none": {"withdrawn": (), "withdrawals": (), "lifted": ()},
        "entries": {"withdrawn": named, "withdrawals": GONE, "lifted": ()},
        "lifted": {"withdrawn": (), "withdrawals": (), "lifted": BACK},
        "both": {"withdrawn": named, "withdrawals": GONE, "lifted": BACK},
    }
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        page.goto("/staff/sign-in")
        page.fill("#name", world.accounts.all()[0].name)
        page.fill("#password", PASSWORD)
        page.click("main form button")
        page.wait_for_url("**/staff/")
        for name, state in states.items():
            world.write(**state)
            page.goto("/staff/withdrawn")
            expect(page.get_by_role("heading", name="下架名单")).to_be_visible()
            rows = (3 if state["withdrawn"] else 0) + (2 if state["lifted"] else 0)
            expect(page.locator("#main tbody tr, main tbody tr")).to_have_count(rows)
            expect(page.get_by_text("没有下架的资源")).to_be_visible(visible=not state["withdrawn"])
            assert violations(page) == []
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport[0]
            page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        page.get_by_role("link", name="论语").click()
        page.wait_for_url("**/resources/x.lunyu")
