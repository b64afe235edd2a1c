"""Systems of the box on the staff's pages: waits, is being written, runs, fell back, was older; in a real Chromium."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.box.system_state import FELL_BACK, OLDER, REFUSED, UPDATED, WRITING, SystemState
from appliance.store.updating import UpdateState
from tests.appliance.web.holding import NOW, PASSWORD, make_app, make_world
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

pytestmark = pytest.mark.browser
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
RUNNING = 202611200600


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        made.accounts.recover("馆长", PASSWORD)
        password = made.accounts.create("小李", "librarian")
        made.accounts.set_password("小李", f"{PASSWORD}{password[:2]}")
        object.__setattr__(made, "other", f"{PASSWORD}{password[:2]}")
        yield made


@pytest.fixture
def base(world: World) -> Iterator[str]:
    with serving(make_app(world)) as address:
        yield address


def tell(world: World, state: str = "", *, ready: int = 0, percent: int = 0) -> None:
    told = SystemState(RUNNING, state, RUNNING + 1 if state else 0, percent, AT if state else "")
    object.__setattr__(world.services, "system", lambda: told)
    object.__setattr__(world.services, "updates", lambda: UpdateState(checked=AT, system=ready))


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/staff/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/staff/")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_director_has_one_button_for_it(browser: Browser, world: World, base: str, size: tuple[int, int]) -> None:
    tell(world, ready=RUNNING + 1)
    with opened(browser, base, size) as page:
        sign_in(page, "馆长", PASSWORD)
        page.goto("/staff/updates")
        expect(page.locator("main h2").first).to_contain_text("书箱系统有新版本", use_inner_text=True)
        expect(page.locator("#system")).to_contain_text(f"版本 {RUNNING}", use_inner_text=True)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        if folder := os.environ.get("SHUXIANG_SCREENSHOTS"):
            page.screenshot(path=str(Path(folder) / f"system-{size[0]}.png"), full_page=True)
        with page.expect_navigation():  # the answer leads back to the same address
            page.get_by_role("button", name="现在更新").click()
    assert world.commands == [{"do": "system-apply"}]


def test_nobody_else_has(browser: Browser, world: World, base: str) -> None:
    tell(world, ready=RUNNING + 1)
    with opened(browser, base) as page:
        sign_in(page, "小李", world.other)  # type: ignore[attr-defined]
        page.goto("/staff/updates")
        expect(page.locator("main")).to_contain_text("书箱系统有新版本", use_inner_text=True)
        expect(page.get_by_role("button", name="现在更新")).to_have_count(0)
    app = make_app(world)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/staff/sign-in", data={"name": "小李", "password": world.other})  # type: ignore[attr-defined]
    assert client.post("/staff/updates/command", data={"do": "system-apply"}).status_code == 403
    assert world.commands == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (WRITING, "正在更新书箱系统"),
        (UPDATED, "书箱系统已更新，一切正常。"),
        (FELL_BACK, "新系统没有启动成功，已用回原来的系统。"),
        (REFUSED, "新系统没有装上，仍用原来的系统。"),
        (OLDER, "这是较旧的系统版本，没有安装。"),
    ],
)
def test_what_became_of_it_is_told(browser: Browser, world: World, base: str, state: str, words: str) -> None:
    tell(world, state)
    with opened(browser, base) as page:
        sign_in(page, "馆长", PASSWORD)
        for path in ("/staff/updates", "/staff/"):
            page.goto(path)
            assert words in page.locator("main").inner_text().replace("\n", "")
            assert violations(page) == []
