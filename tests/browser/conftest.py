"""A real Chromium against the real server. Shared by the tests of pages and of readers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from appliance.serving.server import make_server
from appliance.web.display import COOKIE, Display
from tests.appliance.web.holding import PASSWORD, make_app, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

DESKTOP, PHONE = (1366, 768), (390, 844)
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The base address of `app` behind the product's own server, on a free port."""
    server = make_server(app, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.close()
        thread.join(10)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The small holding of the page tests, one a module."""
    with make_world(tmp_path_factory.mktemp("held")) as world:
        yield world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The same holding, one a test, whose first colleague may sign in with `PASSWORD`."""
    with make_world(tmp_path) as made:
        made.accounts.first_start()
        made.accounts.set_password(made.accounts.all()[0].name, PASSWORD)
        yield made


@pytest.fixture(scope="module")
def server(held: World) -> Iterator[str]:
    """Base address of a box with that holding."""
    with serving(make_app(held)) as base:
        yield base


@contextmanager
def opened(
    browser: Browser,
    base: str,
    viewport: tuple[int, int] = DESKTOP,
    *,
    script: bool = True,
    display: Display | None = None,
) -> Iterator[Page]:
    """A page of a terminal (or a phone) with a display of its own; closed at the end."""
    phone = viewport == PHONE
    context = browser.new_context(
        base_url=base,
        viewport={"width": viewport[0], "height": viewport[1]},
        is_mobile=phone,
        has_touch=phone,
        java_script_enabled=script,
        locale="zh-CN",
    )
    if display is not None:
        context.add_cookies([{"name": COOKIE, "value": display.to_cookie(), "url": base}])
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A page on a reading-room terminal."""
    with opened(browser, server) as found:
        yield found


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Page]:
    """A page on a phone."""
    with opened(browser, server, PHONE) as found:
        yield found


def violations(page: Page) -> list[str]:
    """What axe-core holds against the page as it stands, one line each."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARDS}}).response["violations"]
    return [f"{v['id']}: {node['target']} {node.get('failureSummary', '')}" for v in found for node in v["nodes"]]
