"""Every state of the page of updates, on both screens, in a real Chromium."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.store.holdings import Message, Part
from appliance.store.preferences import Preferences
from tests.appliance.web.holding import NOW, PASSWORD, World, make_app
from tests.appliance.web.updating import before, list_changes, staged, tell, undone
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
READY = "新内容已备好，今天闭馆后启用。"


def current(world: World) -> str:
    tell(world, used=1_300_000_000, lives={world.holdings.releases[0].folder: "2026-11-20T10:00:00Z"})
    world.write(releases=(world.holdings.releases[0], before(world)))
    return "已是最新，内容更新至 2026年11月。"


def no_origins(world: World) -> str:
    tell(world, origins=False)
    return "现有内容更新至 2026年11月。"


def checking(world: World) -> str:
    tell(world, checked="")
    return "正在查询有没有新内容。"


def waits(world: World) -> str:
    new, live = staged(world), world.holdings.releases[0]
    list_changes(world, live, new)
    tell(world, used=41_000_000, counts={new.folder: (60, 1, 1)}, chosen=Preferences("22:00-06:00", 5_000_000_000))
    world.write(releases=(new, live, before(world)))
    return READY


def waits_for_search(world: World) -> str:
    new = staged(world, search=Part("rebuilding", percent=43, seconds_left=300))
    tell(world, counts={new.folder: (60, 1, 1)})
    world.write(releases=(new, world.holdings.releases[0]))
    return READY


def applying(world: World) -> str:
    new = replace(staged(world, search=Part("rebuilding", percent=43, seconds_left=170)), held_back="")
    tell(world, applied=new.folder, applied_at=AT, counts={new.folder: (60, 1, 1)})
    world.write(releases=(new, world.holdings.releases[0]))
    return "正在启用新内容，约需 3 分钟。"


def applied(world: World) -> str:
    live, old = world.holdings.releases[0], before(world)
    tell(world, applied=live.folder, applied_at=AT, lives={live.folder: AT}, counts={live.folder: (12, 3, 1)})
    world.write(releases=(live, old))
    list_changes(world, old, live)
    return "已更新至 2026年11月版，新增 12 种资源。"


def went_back(world: World) -> str:
    new, live = undone(world), world.holdings.releases[0]
    list_changes(world, live, new)
    tell(world, lives={live.folder: AT})
    world.write(releases=(new, live))
    return "已退回 2026年11月版，读者可以使用。"


def downloading(world: World) -> str:
    tell(world, fetching=True, size=820_000_000, done=340_000_000, rate=1_200_000, left=400, used=340_000_000)
    return "正在下载新内容，每秒 1.2 MB，还需约 7 分钟。"


def slow(world: World) -> str:
    tell(world, fetching=True, size=820_000_000, done=340_000_000)
    return "网络较慢，正在继续下载，已完成 41%。"


def unreachable_days(world: World) -> str:
    tell(world, failing="2026-11-13T02:00:00Z")
    world.write(notices=(Message("sync.unreachable"),))
    return "已有 9 天连不上更新站点。"


def stale(world: World) -> str:
    tell(world)
    world.write(releases=(replace(world.holdings.releases[0], issued="2026-08-20"),))
    return "内容更新至 2026年8月，已 3 个月没有新内容。"


def very_stale(world: World) -> str:
    tell(world)
    world.write(releases=(replace(world.holdings.releases[0], issued="2026-05-20"),))
    return "自 2026年5月起没有更新过，仍可照常使用。"


def noticed(message: Message) -> Callable[[World], str]:
    def state(world: World) -> str:
        tell(world, size=820_000_000, done=340_000_000, metered=message.key.endswith("metered"))
        world.write(notices=(message,))
        return ""

    state.__name__ = message.key.replace(".", "_")
    return state


NOTICES = [
    Message("sync.waiting_window", {"time": "22:00", "size": 820_000_000, "duration": 820}),
    Message("sync.paused.window", {"time": "22:00", "percent": 41}),
    Message("sync.paused.cap", {"date": "2026-12-01", "percent": 41}),
    Message("sync.paused.metered", {"size": 480_000_000}),
    Message("sync.paused.staff", {"percent": 41}),
    Message("sync.needs_drive", {"drive": "国家版"}),
    Message("sync.no_network", {"date": "2026-11-20"}),
    Message("sync.unreachable"),
    Message("sync.mirror.bad_data", {"mirror": "mirror.example.org"}),
    Message("sync.refused.untrusted"),
    Message("sync.refused.one_signer"),
    Message("sync.not_applied"),
    Message("space.update_waits", {"size": 3_000_000_000}),
    Message("power.recovered.kept_old"),
]
STATES = [
    current, checking, waits, waits_for_search, applying, applied, went_back, downloading, slow,
    unreachable_days, stale, very_stale, *map(noticed, NOTICES),
]  # fmt: skip


def sign_in(page: Page, world: World) -> None:
    page.goto("/staff/sign-in")
    page.fill("#name", world.accounts.all()[0].name)
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/staff/")


def plain(text: str) -> str:
    return text.replace("\u200b", "")


def look(page: Page, world: World, state: Callable[[World], str], viewport: tuple[int, int], folder: Path) -> None:
    said = state(world)
    page.goto("/staff/updates")
    heading = plain(page.locator("#state .say h2").first.inner_text())
    assert heading, state.__name__
    assert not said or heading == said, state.__name__
    assert violations(page) == [], state.__name__
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0], state.__name__
    page.screenshot(path=folder / f"{state.__name__}.png", full_page=True)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("half", [0, 1])
def test_every_state_is_said_accessibly(
    browser: Browser, world: World, viewport: tuple[int, int], half: int, tmp_path: Path
) -> None:
    releases = world.holdings.releases
    tell(world)
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        sign_in(page, world)
        for state in STATES[half::2]:
            world.write(releases=releases, notices=())
            look(page, world, state, viewport, tmp_path)


def test_box_without_a_line_speaks_of_sticks_only(browser: Browser, world: World, tmp_path: Path) -> None:
    tell(world, origins=False)
    with serving(make_app(world)) as base, opened(browser, base, PHONE) as page:
        sign_in(page, world)
        look(page, world, no_origins, PHONE, tmp_path)
        expect(page.get_by_role("heading", name="用 U盘更新")).to_be_visible()
        for word in ("网络", "下载", "流量", "上次查询"):
            expect(page.locator("main")).not_to_contain_text(word, use_inner_text=True)
