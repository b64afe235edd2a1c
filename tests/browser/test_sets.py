"""A drive of a set that is missing, in words, on the staff's pages and the patrons', on desktop and phone."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.store.holdings import HeldRelease, Part
from tests.appliance.web.holding import PASSWORD, make_app, make_world
from tests.appliance.web.sets import LECTURES, spread
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

SHOTS = os.environ.get("SHUXIANG_SHOTS", "")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with make_world(tmp_path_factory.mktemp("sets")) as made:
        made.accounts.first_start()
        made.accounts.set_password(made.accounts.all()[0].name, PASSWORD)
        yield made


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[str]:
    with serving(make_app(world)) as base:
        yield base


def children(world: World) -> HeldRelease:
    """A bundle that was here, none of whose two drives is plugged in."""
    waiting = Part("waiting", percent=0)
    return replace(
        world.holdings.releases[0], bundle="children", name="少儿版", edition="2026.9", seq=3, count=40, disks=2,
        shares=(22, 18), folder="children/3-0", live=True, catalogue=waiting, search=waiting,
    )  # fmt: skip


def looked_at(page: Page, name: str, width: int) -> None:
    """Accessible, as wide as the screen; pictured when somebody wants to see it."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_staff_read_which_drive_is_missing_and_see_it_come(
    browser: Browser, server: str, world: World, size: tuple[int, int]
) -> None:
    spread(world, 1, older=(2,))
    with opened(browser, server, size) as page:
        page.goto("/staff/")
        expect(page.get_by_text("接上的国家版硬盘不是同一版")).to_be_visible()
        looked_at(page, "staff-public", size[0])
        page.goto("/staff/sign-in")
        page.get_by_label("账号").fill(world.accounts.all()[0].name)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/staff/")
        looked_at(page, "staff-home", size[0])
        page.get_by_role("link", name="看是哪一块").click()
        page.wait_for_url("**/staff/drives")
        rows = page.get_by_role("region", name="资源包和硬盘").get_by_role("listitem")
        expect(rows).to_have_count(4)
        assert "第 2 块 没有接上 只有这一版才有的资源目前只能查目录" in " ".join(rows.nth(1).inner_text().split())
        assert "第 2 块 2026年10月版" in rows.nth(3).inner_text()
        looked_at(page, "staff-mixed", size[0])
        spread(world, 1, 3)
        page.get_by_text("另一版").wait_for(state="detached")
        expect(rows.locator(".light")).to_have_text(["已接上", "没有接上", "已接上"], use_inner_text=True)
        looked_at(page, "staff-missing", size[0])
        spread(world, 1, 2, 3)
        rows.filter(has_text="没有接上").wait_for(state="detached")
        expect(rows).to_have_count(3)
        looked_at(page, "staff-complete", size[0])
        spread(world, 1, 2, 3, others=(children(world),))
        page.get_by_role("heading", name="少儿版").wait_for()
        expect(rows.filter(has_text="没有接上")).to_have_count(2)
        looked_at(page, "staff-bundles", size[0])


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_patrons_read_which_drive_is_missing_and_open_what_is_here(
    browser: Browser, server: str, world: World, size: tuple[int, int]
) -> None:
    spread(world, 1, 3)
    with opened(browser, server, size) as page:
        page.goto("/search?q=三國")
        expect(page.get_by_text("硬盘未接")).to_be_visible()
        looked_at(page, "patron-results", size[0])
        page.goto("/resources/x.sanguo")
        expect(page.get_by_text("这份资源在硬盘“国家版第 2 块”上")).to_be_visible()
        looked_at(page, "patron-missing", size[0])
        page.goto(f"/resources/{LECTURES}")
        expect(page.get_by_text("其中 2 个文件在硬盘“国家版第 2 块”上")).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text="第5讲").get_by_text("硬盘未接")).to_be_visible()
        looked_at(page, "patron-partly", size[0])
        page.goto("/new")
        looked_at(page, "patron-new", size[0])
        spread(world, 1, 2, 3)
        page.goto("/resources/x.sanguo")
        expect(page.locator(".btn--seal")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_child_reads_what_opens_now_and_nothing_of_drives(
    browser: Browser, server: str, world: World, size: tuple[int, int]
) -> None:
    spread(world, 1, 2)
    with opened(browser, server, size) as page:
        page.goto("/#display")
        page.locator("footer").get_by_role("button", name="少儿", exact=False).first.click()
        expect(page.locator('html[data-face="child"]')).to_be_visible()
        expect(page.get_by_text("硬盘")).to_have_count(0)
        expect(page.get_by_text("需要处理")).to_have_count(0)
        looked_at(page, "child-home", size[0])
        page.goto("/resources/x.sanzijing")
        assert page.locator("#instead").get_by_role("link").count() > 0
        looked_at(page, "child-missing", size[0])
        page.goto("/search?q=三字经")
        tag = page.get_by_text("现在看不了").first
        assert tag.evaluate("e => e.scrollWidth <= e.clientWidth")
        looked_at(page, "child-results", size[0])
