"""The four ways of reading that every resource is opened in: a terminal, a phone, no scripts, an old terminal."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.browser.reading_room import DESKTOP, PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

PATIENCE = 25_000
"""Milliseconds for anything to happen: a busy machine is no fault."""


@dataclass(frozen=True)
class Terminal:
    """One way of reading.

    Attributes:
        name: in test ids and names of pictures. title: the column of the table. browser: the fixture that starts it.
        phone: a small screen that is touched. script: whether scripts run.
    """

    name: str
    title: str
    browser: str = "browser"
    phone: bool = False
    script: bool = True

    @contextmanager
    def sitting(self, browser: Browser, base: str) -> Iterator[BrowserContext]:
        """A reader's sitting there; closed at the end."""
        context = browser.new_context(
            base_url=base,
            viewport=PHONE if self.phone else DESKTOP,  # type: ignore[arg-type]
            is_mobile=self.phone,
            has_touch=self.phone,
            java_script_enabled=self.script,
            locale="zh-CN",
        )
        context.set_default_timeout(PATIENCE)
        try:
            yield context
        finally:
            context.close()


TERMINALS = (
    Terminal("desktop", "desktop 1366×768"),
    Terminal("phone", "phone 390×844, touch", phone=True),
    Terminal("plain", "no JavaScript", script=False),
    Terminal("old", "Chromium 109", browser="old_browser"),
)


def until(page: Page, script: str, argument: Any = None) -> None:
    """Wait until a function in the page returns something true.

    Asked from here again and again: where scripts are off, the page's own timers and frames call nothing back.

    Raises:
        AssertionError: it did not within `PATIENCE`.
    """
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(script, argument):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {script} {argument or ''}")
        page.wait_for_timeout(100)
