"""Damage, a check, a repair and a drive that does not answer on the staff's pages, in a real Chromium."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.errors import ServingError
from appliance.serving.pools import DrivePools, PoolLimits
from appliance.serving.upkeep_view import UpkeepState
from appliance.store.checks import CheckRun
from appliance.store.holdings import HeldDrive, Message
from appliance.store.repairs import Repaired
from tests.appliance.web.holding import NOW, PASSWORD, World, make_app, make_world
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
TAG, AT = "ab" * 32, f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
RUN = CheckRun(TAG, "d1", "国家版", "national/7", done=37, total=100, resources=13, seconds_left=9000, started=AT,
               changed=AT)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        made.accounts.first_start()
        made.accounts.set_password(made.accounts.all()[0].name, PASSWORD)
        made.write(drives=(replace(made.holdings.drives[0], tagmanifest=TAG, since="2026-11-22T01:00:00Z"),))
        yield made


@pytest.fixture
def base(world: World) -> Iterator[str]:
    with serving(make_app(world)) as address:
        yield address


def tell(world: World, version: int = 1, **parts: object) -> None:
    state = UpkeepState(version=version, **parts)  # type: ignore[arg-type]
    object.__setattr__(world.services, "upkeep", lambda: state)


def hurt(world: World, resource: str, role: str, chunk: int) -> tuple[str, int]:
    found = next(i for i in world.records[resource].items if i.role == role)
    world.faults.record(found.sha256, chunk, item_id=found.id, drive="d1")
    return found.sha256, chunk


def signed_in(page: Page, world: World) -> None:
    page.goto("/staff/sign-in")
    page.fill("#name", world.accounts.all()[0].name)
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/staff/")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_damage_check_and_repair_are_followed_without_reloading(
    browser: Browser, base: str, world: World, viewport: tuple[int, int], tmp_path: Path
) -> None:
    lost, mended = hurt(world, "x.zhanguo", "page", 0), hurt(world, "x.lunyu", "alternate", 1)
    tell(world, runs=(RUN,), attempts=frozenset({lost}))
    with opened(browser, base, viewport) as page:
        signed_in(page, world)
        page.goto("/staff/health")
        row = page.get_by_role("row").filter(has_text="戰國策校注")
        expect(row).to_contain_text("第 1 页打不开，其余可看", use_inner_text=True)
        expect(row).to_contain_text("要另取数据", use_inner_text=True)
        expect(page.get_by_role("row").filter(has_text="论语")).to_contain_text("正在修复")
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "37")
        expect(page.get_by_role("button", name="暂停检查")).to_be_visible()
        stick = HeldDrive("u1", "/nowhere", "", "refused", Message("intake.refused.blank"), since=AT)
        world.write(drives=(*world.holdings.drives, stick))
        page.get_by_role("button", name="存到 U盘").wait_for()
        expect(page.get_by_role("link", name="下载清单")).to_be_visible()
        assert violations(page) == []
        page.screenshot(path=tmp_path / "health.png", full_page=True)
        world.faults.clear(mended[0])
        found = world.records["x.lunyu"].items[1]
        row = Repaired(*mended, "cd" * 32, 9, found.id, "drive", "少儿版", AT)
        done = replace(RUN, done=80, state="yielding")
        tell(world, 2, runs=(done,), attempts=frozenset({lost}), repaired=(row,))
        page.get_by_text("读者正在使用，后台检查先让路。").wait_for()
        expect(page.get_by_role("row").filter(has_text="论语")).to_have_count(0)
        with page.expect_navigation():
            page.get_by_role("button", name="暂停检查").click()
        assert world.commands == [{"do": "check-pause", "drive": "d1"}]
        tell(world, 3, runs=(replace(RUN, done=100, state="finished"),), attempts=frozenset({lost}), repaired=(row,))
        page.get_by_text("已检查完，有 1 处损坏。").wait_for()
        expect(page.locator(".states .light").first).to_have_class(re.compile("k-todo"))
        page.goto("/staff/withdrawn")
        menu = page.locator(".side").bounding_box()
        assert menu is not None
        assert viewport == DESKTOP or menu["height"] < 260  # on a short page too it does not stretch
        world.write(drives=world.holdings.drives[:1])
        page.goto("/staff/")
        expect(page.locator("#state")).to_contain_text("《论语》已修复，数据取自“少儿版”。", use_inner_text=True)
        expect(page.locator("#state")).to_contain_text("已修复 1 处，还有 1 处没有数据。", use_inner_text=True)
        assert violations(page) == []
        page.screenshot(path=tmp_path / "home.png", full_page=True)


def test_drive_that_does_not_answer_is_told_and_others_go_on(
    browser: Browser, base: str, world: World, tmp_path: Path
) -> None:
    object.__setattr__(world.services, "pools", DrivePools(PoolLimits(threads=1, deadline=0.2, retry=60)))
    tell(world)
    blocked = threading.Event()
    pools = world.services.pools

    def never() -> bytes:
        blocked.wait(30)
        return b""

    try:
        with pytest.raises(ServingError):
            pools.wait(pools.submit("d1", "never", never))
        with opened(browser, base) as page:
            signed_in(page, world)
            page.goto("/staff/drives")
            expect(page.locator("#drives")).to_contain_text("硬盘“国家版”反应很慢，已暂停读取。", use_inner_text=True)
            assert violations(page) == []
            page.screenshot(path=tmp_path / "sick.png", full_page=True)
            with page.expect_navigation():
                page.get_by_role("button", name="重新识别").click()
            assert {"do": "look-again", "drive": "d1"} in world.commands
            answer = page.request.get(f"/items/{world.records['x.odd'].items[0].id}")
            assert answer.status == 503
            assert page.request.get("/").status == 200
        assert pools.wait(pools.submit("d2", "quick", lambda: b"well")) == b"well"
    finally:
        blocked.set()
        pools.close()
