"""What staff see of sticks with updates, and of copies for branches, on both screens, in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import HeldDrive, Message
from tests.appliance.web.holding import NOW, World, make_app
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations
from tests.browser.test_updates_states import plain, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
COUNTS = {"edition": "2026.12", "added": 60, "changed": 3, "withdrawn": 1}
STATES = {
    "sync.stick.reading": ({"duration": 340, "percent": 40}, "正在从 U盘读取更新，请勿拔出。"),
    "sync.stick.ready": (COUNTS, "U盘里的更新已读完，可以拔出 U盘。"),
    "sync.stick.gap": ({"edition": "2026.11"}, "这份更新与本馆现有版次接不上，没有采用。"),
    "sync.stick.older": ({}, "U盘里的更新本馆已有，不用再装。"),
    "sync.stick.incomplete": ({}, "U盘里的更新不完整，没有采用。"),
    "sync.stick.drive_away": ({}, "U盘里的更新已读完，接上原来的硬盘后启用。"),
    "space.update_waits": ({"size": 2_400_000_000}, "空间不够，更新先等着"),
}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_stick_says_what_becomes_of_it(
    browser: Browser, world: World, viewport: tuple[int, int], tmp_path: Path
) -> None:
    drives = world.holdings.drives
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        sign_in(page, world)
        for key, (params, says) in STATES.items():
            stick = HeldDrive("u1", "/media/usb", "", "told", Message(key, params), since=AT)
            world.write(drives=(*drives, stick))
            page.goto("/staff/drives")
            assert says in plain(page.inner_text("main")), key
            assert violations(page) == [], key
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0], key
            page.screenshot(path=tmp_path / f"{key}.png", full_page=True)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_empty_disk_offers_a_copy_and_the_copy_can_be_stopped(
    browser: Browser, world: World, viewport: tuple[int, int], tmp_path: Path
) -> None:
    blank = HeldDrive("u1", "/media/blank", "", "refused", Message("intake.refused.blank"), since=AT)
    world.write(drives=(*world.holdings.drives, blank))
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        sign_in(page, world)
        page.goto("/staff/drives")
        assert page.get_by_label("给分馆做一份").input_value().startswith("bundle:")
        assert violations(page) == []
        page.screenshot(path=tmp_path / "blank.png", full_page=True)
        page.get_by_role("button", name="开始复制").click()
        page.wait_for_url("**/staff/")
        world.write(notices=(Message("branch.copying", {"duration": 5400, "percent": 12}),))
        page.goto("/staff/")
        assert "正在为分馆复制" in plain(page.inner_text("main"))
        assert violations(page) == []
        page.screenshot(path=tmp_path / "copying.png", full_page=True)
        with page.expect_navigation():  # the answer leads back to the same address
            page.get_by_role("button", name="停止复制").click()
    assert [command["do"] for command in world.commands] == ["branch-copy", "branch-stop"]
