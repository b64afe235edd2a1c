"""What readers and staff see, as pictures: a real browser at the forwarded port, desktop and phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image.smoke.errors import CheckError

if TYPE_CHECKING:
    from pathlib import Path

    from image.smoke.box import VirtualBox

_SIZES = {"desktop": (1366, 768), "phone": (390, 844)}
_PATIENCE = 240_000
"""Milliseconds: an emulated box draws a page in seconds, not in tenths."""


def take(box: VirtualBox, folder: Path, name: str, path: str) -> str:
    """Pictures of one page at both sizes, with the cookies of the box's client.

    Raises:
        CheckError: Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise CheckError("Playwright is not installed") from error
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            for size, (width, height) in _SIZES.items():
                context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
                context.set_default_timeout(_PATIENCE)
                context.add_cookies(
                    [{"name": c.name, "value": c.value or "", "url": box.client.base} for c in box.client.cookies]
                )
                page = context.new_page()
                page.goto(box.client.base + path, wait_until="load")
                page.screenshot(path=str(folder / f"{name}-{size}.png"))
                made.append(f"{name}-{size}.png")
                context.close()
        finally:
            browser.close()
    return ", ".join(made)
