"""What all tests share: the collection setting, and the rule that a named collection is really used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import expect, sync_playwright

from tests.browser.chromium109 import chromium109

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser, Playwright

# A busy machine is no fault: time is measured by the benchmarks, not by Hypothesis.
settings.register_profile("shuxiang", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shuxiang")

# Nor is a browser that has to wait for a processor: what a page is expected to show is looked at again until then.
expect.set_options(timeout=30_000)

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
COLLECTION = os.environ.get("SHUXIANG_COLLECTION", "")


@pytest.fixture(scope="session")
def collection() -> Path:
    """The folder of the real collection; the test skips when none is named."""
    if not COLLECTION:
        pytest.skip("SHUXIANG_COLLECTION names no collection")
    return Path(COLLECTION)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver for all tests: a second one in the same process cannot be driven beside it."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The Chromium of this Debian, one for all tests of a module: if it breaks, the others do not."""
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield started
    started.close()


@pytest.fixture(scope="module")
def old_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium 109, likewise; fetched when it is not here yet."""
    started = playwright.chromium.launch(executable_path=chromium109(), args=ARGUMENTS)
    yield started
    started.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what only runs by name, and mark what uses the collection."""
    named = any(mark in os.environ.get("PYTEST_ADDOPTS", "") for mark in ("slow",))
    for item in items:
        if "collection" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.collection)
        if item.get_closest_marker("slow") and not named and not item.config.getoption("-m"):
            item.add_marker(pytest.mark.skip(reason="slow: runs by name (-m slow)"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that needs the collection may not skip while one is named."""
    report = yield
    if COLLECTION and report.skipped and item.get_closest_marker("collection") and not item.get_closest_marker("slow"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped although SHUXIANG_COLLECTION is set: {report.longrepr}"
    return report
