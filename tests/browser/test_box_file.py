"""What a new box, a refused box file and a recovery stick look like: pages in a real Chromium."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.box.state import OTHER_LIBRARY, USABLE, BoxState, RecoveryStick, Refusal
from appliance.people.recoveries import RecoveryLog
from packager.format.files import RealFiles
from tests.appliance.web.holding import NOW, PASSWORD, make_app, make_world
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

pytestmark = pytest.mark.browser
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
NEW = BoxState(known=True)
SET_UP = BoxState(
    known=True, configured=True, library="清溪县图书馆", library_id="CN-510726", serial=1, staff="馆长", applied=AT
)
OTHER = Refusal("sdb1-x.box", "box.other_library", "box.file.other_library", "东城区图书馆", AT)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        object.__setattr__(made.services, "recoveries", RecoveryLog(tmp_path, made.clock, RealFiles()))
        yield made


@pytest.fixture
def base(world: World) -> Iterator[str]:
    with serving(make_app(world)) as address:
        yield address


def tell(world: World, state: BoxState) -> None:
    object.__setattr__(world.services, "box", lambda: state)


def fits(page: Page, size: tuple[int, int], name: str) -> None:
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0], page.url
    if folder := os.environ.get("SHUXIANG_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{size[0]}.png"), full_page=True)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_new_box_asks_for_its_stick_and_then_for_its_director(
    browser: Browser, world: World, base: str, size: tuple[int, int]
) -> None:
    with opened(browser, base, size) as page:
        tell(world, NEW)
        page.goto("/staff/")
        assert "书箱还没有开通" in page.get_by_role("heading", level=1).inner_text()
        fits(page, size, "missing")
        page.get_by_role("link", name="看开通步骤").click()
        expect(page.locator("#box-file-missing")).to_be_visible()
        fits(page, size, "how")
        tell(world, SET_UP)
        page.goto("/staff/")
        assert "已为清溪县图书馆开通" in page.get_by_role("heading", level=1).inner_text()
        fits(page, size, "applied")
        page.get_by_role("link", name="设置账号").click()
        page.wait_for_url("**/staff/sign-in")


def test_a_file_that_was_not_taken_is_told_by_whose_it_is(browser: Browser, world: World, base: str) -> None:
    world.accounts.recover("馆长", PASSWORD)
    tell(world, replace(SET_UP, refused=(OTHER,)))
    with opened(browser, base) as page:
        page.goto("/staff/")
        assert "这份开通文件是东城区图书馆的" in page.get_by_role("heading", level=1).inner_text()
        page.goto("/staff/how")
        expect(page.locator("#box-file-other_library")).to_be_visible()


def stick(state: str = USABLE, token: str = "a" * 32, at: str = AT) -> BoxState:
    return replace(SET_UP, recovery=(RecoveryStick(state, token, 1, at),))


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_director_gets_a_new_password_by_the_stick_once_a_plugging_in(
    browser: Browser, world: World, base: str, size: tuple[int, int], script: bool
) -> None:
    world.accounts.recover("馆长", PASSWORD)
    tell(world, SET_UP)
    with opened(browser, base, size, script=script) as page:
        page.goto("/staff/sign-in")
        page.get_by_role("link", name="忘记密码").click()
        expect(page.get_by_text("插入恢复 U盘，或请馆长重设密码。")).to_be_visible()
        expect(page.locator("#password")).to_have_count(0)
        if script:
            fits(page, size, "recovery-how")
        tell(world, stick())
        page.get_by_role("link", name="再看一次").click()
        page.fill("#password", "人间四月芳菲尽 2026")
        page.fill("#again", "人间四月芳菲尽 2027")
        page.get_by_role("button", name="重设密码").click()
        expect(page.get_by_role("alert")).to_be_visible()
        if script:
            fits(page, size, "recovery-form")
        page.fill("#password", "人间四月芳菲尽 2026")
        page.fill("#again", "人间四月芳菲尽 2026")
        page.get_by_role("button", name="重设密码").click()
        expect(page.get_by_text("馆长密码已重设，其他资料没有改动。")).to_be_visible()
        if script:
            fits(page, size, "recovery-done")
        page.goto("/staff/recovery")
        expect(page.get_by_text("这次插入的恢复 U盘已经用过一次。")).to_be_visible()
        tell(world, stick(token="b" * 32))
        page.goto("/staff/recovery")
        expect(page.locator("#password")).to_be_visible()
    assert world.accounts.sign_in("馆长", "人间四月芳菲尽 2026").role == "director"
    assert world.services.recoveries is not None
    assert len(world.services.recoveries.all()) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (stick(OTHER_LIBRARY), "这个恢复 U盘不是本馆的"),
        (stick(at="2026-11-01T00:00:00Z"), "插入恢复 U盘"),
        (SET_UP, "插入恢复 U盘"),
    ],
    ids=["other", "long-ago", "none"],
)
def test_no_other_stick_resets_anything(world: World, state: BoxState, words: str) -> None:
    tell(world, state)
    app = make_app(world)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    chosen = {"password": "人间四月芳菲尽 2026", "again": "人间四月芳菲尽 2026"}
    answer = client.post("/staff/recovery", data=chosen)
    assert answer.status_code == 409
    assert words in answer.get_data(as_text=True)
    tell(world, stick())
    outside = {"REMOTE_ADDR": "203.0.113.7"}
    assert client.post("/staff/recovery", data=chosen, environ_overrides=outside).status_code == 409
    assert world.accounts.all() == []
