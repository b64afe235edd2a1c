"""馆员账号 in a real Chromium: accessible on both screens, also while a first password is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import World, make_app
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations
from tests.browser.test_updates_states import sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_colleague_is_added(browser: Browser, world: World, viewport: tuple[int, int], tmp_path: Path) -> None:
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        sign_in(page, world)
        page.get_by_role("link", name="馆员账号").click()
        page.get_by_label("姓名").fill("王秀兰")
        page.get_by_role("button", name="开通账号").click()
        page.get_by_role("status").get_by_text("初始密码只显示这一次").wait_for()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]
        page.screenshot(path=tmp_path / f"people-{viewport[0]}.png", full_page=True)
        page.get_by_role("button", name="停用 王秀兰").click()
        page.get_by_role("button", name="恢复使用 王秀兰").wait_for()
        assert world.accounts.get("王秀兰") is None
