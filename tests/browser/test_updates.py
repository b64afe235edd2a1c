"""An update from a real origin to readers and back, on a real box with its own processes, in a real Chromium."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from packager.drives import write_drive
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.sync.test_updater import Origin
from tests.box import Box, command, running, wait_for
from tests.browser.conftest import DESKTOP, opened, violations
from tests.midday import minutes_to_noon
from tests.published import published  # noqa: F401 - a fixture
from tests.simulator import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
FILES = RealFiles()
PASSWORD = "山高月小水落石出清溪"
SLOW = 30_000
"""Bytes a second that a browser gets, after 16 MiB that it may take at once."""


@pytest.fixture(scope="module")
def origin(published, tmp_path_factory) -> Iterator[Origin]:  # noqa: F811
    publisher, archive, work = published
    folder = tmp_path_factory.mktemp("tree")
    publish(work, publisher.keys, FolderSite(folder / "origin", FILES), DAY)
    write_drive(archive, folder / "drive", FILES, quiet=True)
    served = Origin(folder / "origin")
    served.drive = folder / "drive"  # type: ignore[attr-defined]
    yield served
    served.close()


@pytest.fixture
def box(published, origin: Origin, tmp_path: Path) -> Iterator[Box]:  # noqa: F811
    root = tmp_path / "root.json"
    root.write_bytes(published[0].root)
    made = Box(tmp_path / "box", root, [origin.drive])  # type: ignore[attr-defined]
    # The hours hold the whole day but a minute: nothing is applied by itself.
    made.extra = (
        f'update_origins = ["{origin.address}"]\nopening_hours = "0:00-24:00"\nupdate_window = ""\n'
        f"download_rate = {SLOW}\nreserve_bytes = 0\nutc_offset_minutes = {minutes_to_noon()}\n"
    )
    with running(made):
        yield made


class Stream(threading.Thread):
    """Reads a file as a browser does that began before: slowly, in one answer."""

    def __init__(self, base: str, path: str) -> None:
        super().__init__(daemon=True)
        self._host, self._path = urlsplit(base), path
        self.digest, self.head, self.ended = hashlib.sha256(), b"", 0.0

    def run(self) -> None:
        with socket.create_connection((str(self._host.hostname), int(self._host.port or 80))) as line:
            line.sendall(
                f"GET {self._path} HTTP/1.1\r\nHost: {self._host.netloc}\r\nConnection: close\r\n\r\n".encode()
            )
            buffer = b""
            while b"\r\n\r\n" not in buffer:
                buffer += line.recv(4096)
            self.head, _, body = buffer.partition(b"\r\n\r\n")
            self.digest.update(body)  # often nothing: the head may come alone
            while body := line.recv(65536):
                self.digest.update(body)
        self.ended = time.monotonic()


def sign_in(page: Page, box: Box) -> None:
    printed = command("appliance.cli", "account", "init", "--settings", box.data / "settings.toml")
    given = re.search(r"初始密码 (\S+)", printed)
    assert given is not None
    page.goto("/staff/sign-in")
    page.fill("#name", "馆长")
    page.fill("#password", given[1])
    page.click("main form button")
    page.wait_for_url("**/staff/password")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/staff/")


def heading(page: Page, text: str) -> None:
    page.get_by_role("heading", name=re.compile(".?".join(text.split("，")))).wait_for(timeout=180_000)


def found(box: Box, title: str) -> list[str]:
    return [hit["id"] for hit in box.search(title)["hits"] if hit["title"] == title]


def test_update_is_staged_applied_and_undone_while_readers_read(
    browser: Browser, box: Box, origin: Origin, tmp_path: Path
) -> None:
    box.wait_resources(7, 120)
    with opened(browser, box.url, DESKTOP) as page:
        sign_in(page, box)
        page.goto("/staff/updates")
        heading(page, "新内容已备好，今天闭馆后启用。")
        page.get_by_text("下架的书").wait_for(timeout=60_000)
        assert violations(page) == []
        page.screenshot(path=tmp_path / "staged.png", full_page=True)
        assert found(box, "新书") == []
        assert found(box, "题名有误") == ["renamed"]
        assert box.get("/resources/new").status == 404

        grown = box.get("/api/resources/grown").json()
        item = next(part for part in grown["items"] if part["size"] > 3_000_000)
        saved = f"/items/{item['id']}/download"
        for _ in range(4):
            assert len(box.get(saved).body) == item["size"]
        stream = Stream(box.url, saved)
        stream.start()
        wait_for(lambda: bool(stream.head), "the first bytes")
        page.get_by_role("button", name="现在启用").click()
        heading(page, "已更新至 2026年11月版，新增 1 种资源。")
        applied = time.monotonic()
        assert "新书" in box.get("/new").text
        assert found(box, "新书") == ["new"]
        assert found(box, "题名已正") == ["renamed"]
        assert box.get("/resources/new").status == 200
        after = box.get("/api/resources/grown").json()
        assert after["items"] != grown["items"]
        stream.join(120)
        assert b" 200 " in stream.head.splitlines()[0]
        assert stream.digest.hexdigest() == item["sha256"]
        assert stream.ended > applied  # it began with the old bytes and ended with them, over the change

        page.get_by_role("link", name="退回上一版").click()
        page.get_by_role("heading", name=re.compile("退回 2026年10月版")).wait_for()
        assert violations(page) == []
        page.screenshot(path=tmp_path / "ask.png", full_page=True)
        page.get_by_role("button", name="退回上一版").click()
        heading(page, "已退回 2026年10月版，读者可以使用。")
        assert found(box, "新书") == []
        assert "新书" not in box.get("/new").text
        assert found(box, "题名有误") == ["renamed"]
        assert box.get("/resources/gone").status != 200  # what was dropped stays away
        assert violations(page) == []
        page.screenshot(path=tmp_path / "undone.png", full_page=True)
        with page.expect_navigation():
            page.get_by_role("button", name="再查一次").first.click()
        time.sleep(3)
        assert found(box, "新书") == []
        page.get_by_role("button", name="重新启用新版").click()
        heading(page, "已更新至 2026年11月版，新增 1 种资源。")
        assert found(box, "新书") == ["new"]


def test_page_works_without_scripts_and_keeps_what_the_director_chose(browser: Browser, box: Box) -> None:
    box.wait_resources(7, 120)
    with opened(browser, box.url, DESKTOP, script=False) as page:
        sign_in(page, box)
        page.goto("/staff/updates")
        page.check("input[value=some]")
        page.select_option("#from", "21:30")
        page.select_option("#to", "05:30")
        page.fill("#cap", "20")
        with page.expect_navigation():
            page.get_by_role("button", name="保存").click()
        for _ in range(80):
            page.goto("/staff/updates")
            if page.get_by_text("每天 21:30 至 05:30").count():
                break
            time.sleep(0.25)
        expect(page.get_by_text("最多 20 GB")).to_be_visible()
        box.stop()
        box.start()
        sign = page.request.get("/staff/updates")
        assert sign.status in {200, 303}
        kept = [path.read_bytes() for path in (box.data / "appliance/updates").glob("preferences.*")]
        assert len(kept) == 2
        assert all(b'"window":"21:30-05:30"' in content for content in kept)
