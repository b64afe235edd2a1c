"""报送: every state of the page of reports, and saving on a stick, on both screens, in a real Chromium."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.store.holdings import HeldDrive, Message
from appliance.store.outbox import Outbox, OutboxReader
from packager.format.files import RealFiles
from packager.format.reports import Head, make_receipt, make_report, moment_text
from provisioning.keys import Key
from tests.appliance.web.holding import NOW, PASSWORD, World, make_app, make_world
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations
from tests.browser.test_updates_states import plain, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from packager.format.reports import Report

pytestmark = pytest.mark.browser
FILES = RealFiles()
FACTS = [
    {"of": "edition", "bundle": "national", "live": True, "seq": 7, "truth": "ab" * 32},
    {"of": "drive", "bundle": "national", "disk": 1, "seq": 7, "state": "ready", "tagmanifest": "cd" * 32},
    *({"of": "wish", "kind": "words", "resource": "", "words": f"想看的书 {n}", "count": n} for n in range(1, 13)),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        made.accounts.first_start()
        made.accounts.set_password(made.accounts.all()[0].name, PASSWORD)
        made.services = replace(made.services, reports=OutboxReader(made.settings.outbox_folder).rows)
        yield made


@pytest.fixture
def outbox(world: World) -> Outbox:
    return Outbox(world.settings.outbox_folder, FILES)


def add(outbox: Outbox, month: str, made: str, *, received: str = "", number: int = 1) -> Report:
    report = make_report(Head("SC-511702", month, number, made, "1"), FACTS, Key.new())
    outbox.add(report)
    if received:
        outbox.received(report, make_receipt(report, datetime.fromisoformat(received), Key.new()))
    return report


def stick(world: World, key: str = "intake.refused.not_ours") -> None:
    drive = HeldDrive("u1", "/nowhere", "", "refused", Message(key), since=moment_text(NOW))
    world.write(drives=(*world.holdings.drives[:1], drive))


def look(page: Page, name: str, viewport: tuple[int, int], folder: Path) -> str:
    page.goto("/staff/reports")
    assert violations(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0], name
    page.screenshot(path=folder / f"reports-{name}.png", full_page=True)
    return plain(page.locator("#state .say h2").first.inner_text())


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_state_is_said_accessibly_and_a_stick_is_one_button(
    browser: Browser, world: World, outbox: Outbox, viewport: tuple[int, int], tmp_path: Path
) -> None:
    fresh = moment_text(NOW.astimezone(UTC))
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        sign_in(page, world)
        assert look(page, "none", viewport, tmp_path) == "本馆还没有报表。"
        expect(page.get_by_role("button", name="存到 U盘")).to_have_count(0)
        add(outbox, "2026-10", "2026-11-01T02:00:00Z", received="2026-11-03T02:00:00+00:00")
        assert look(page, "received", viewport, tmp_path) == "国家图书馆已收到 2026年10月报表。"
        report = add(outbox, "2026-11", fresh)
        assert look(page, "stick", viewport, tmp_path) == "2026年11月报表已备好，请用 U盘报送。"
        expect(page.locator("main")).to_contain_text("把 U盘插到书箱上，这里会出现", use_inner_text=True)
        stick(world)
        page.get_by_role("button", name="存到 U盘").wait_for()  # the page follows by itself
        with page.expect_navigation():
            page.get_by_role("button", name="存到 U盘").click()
        assert world.commands == [{"do": "report-export", "drive": "u1"}]
        world.write(notices=(Message("report.saved", {"month": "2026-11"}),))
        assert look(page, "saved", viewport, tmp_path) == "2026年11月报表已存到 U盘，可以拔出。"
        with page.expect_navigation():
            page.get_by_role("button", name="完成").click()
        assert look(page, "put-away", viewport, tmp_path) == "2026年11月报表已备好，请用 U盘报送。"
        outbox.refused(report, "report-unknown")
        assert look(page, "returned", viewport, tmp_path) == "2026年11月报表未被接收，请重新报送。"
        expect(page.locator("main")).to_contain_text("这台书箱还没有登记", use_inner_text=True)
        outbox.received(report, make_receipt(report, NOW, Key.new()))
        assert look(page, "all", viewport, tmp_path) == "国家图书馆已收到 2026年11月报表。"
        page.goto("/staff/updates")
        page.get_by_role("link", name="查看报表").click()
        page.wait_for_url("**/staff/reports")


def test_box_with_a_line_says_what_waits_and_sends_when_asked(
    browser: Browser, world: World, outbox: Outbox, tmp_path: Path
) -> None:
    world.settings = replace(world.settings, report_url="https://reports.example.org/")
    with serving(make_app(world)) as base, opened(browser, base, PHONE) as page:
        sign_in(page, world)
        add(outbox, "2026-11", moment_text(NOW))
        assert look(page, "sending", PHONE, tmp_path) == "正在报送 2026年11月报表。"
        add(outbox, "2026-11", "2026-11-10T02:00:00Z", number=2)
        assert look(page, "waiting", PHONE, tmp_path) == "2026年11月报表等待报送，目前没有联网。"
        with page.expect_navigation():
            page.get_by_role("button", name="现在报送").click()
        assert world.commands == [{"do": "report-send"}]
        add(outbox, "2026-09", "2026-10-01T02:00:00Z")
        assert look(page, "overdue", PHONE, tmp_path) == "2026年9月报表还没有报送。"
        page.goto("/staff/")
        expect(page.locator("main")).to_contain_text("2026年9月报表还没有报送。", use_inner_text=True)
