"""What the tests of the readers share: a served holding, a watched page, and what is looked at in a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import TimeoutError as TooLateError

from tests.appliance.web.holding import World, make_app
from tests.appliance.web.reading import reading_world
from tests.browser.conftest import serving

DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
VENDOR = Path(__file__).parents[2] / "appliance/web/static/vendor/stamp.json"

BOOK_TEXT = """() => {
  const view = document.querySelector("foliate-view");
  return view?.renderer?.getContents?.().map(({ doc }) => doc?.body?.textContent ?? "").join("") ?? "";
}"""
BOOK_VISIBLE = """(sentence) => {
  const stage = document.getElementById("stage").getBoundingClientRect();
  for (const { doc } of document.querySelector("foliate-view").renderer.getContents()) {
    const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.data.indexOf(sentence);
      if (at < 0) continue;
      const range = doc.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + sentence.length);
      const frame = doc.defaultView.frameElement.getBoundingClientRect();
      const box = range.getClientRects()[0];
      if (!box) continue;
      const [x, y] = [frame.left + box.left + box.width / 2, frame.top + box.top + box.height / 2];
      if (x > stage.left && x < stage.right && y > stage.top && y < stage.bottom) return true;
    }
  }
  return false;
}"""
INK = """(selector) => {
  const canvas = document.querySelector(selector);
  if (!(canvas?.naturalWidth ?? canvas?.videoWidth ?? canvas?.width)) return 0;
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [200, 200];
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0, 200, 200);
  const seen = new Set();
  const { data } = context.getImageData(0, 0, 200, 200);
  for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return seen.size;
}"""


@dataclass
class Seen:
    """What a page did: addresses asked for, errors of its scripts, dialogs."""

    base: str
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: int = 0

    @property
    def outside(self) -> list[str]:
        """Addresses of other hosts, and of ours that no reader asks for."""
        own = urlsplit(self.base).netloc
        return [u for u in self.asked if urlsplit(u.removeprefix("blob:")).netloc != own and not u.startswith("data:")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    with reading_world(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serving(make_app(world)) as base:
        yield base


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=DESKTOP, base_url=address)  # type: ignore[arg-type]
    made.set_default_timeout(30_000)
    yield made
    made.close()


def watched(context: BrowserContext, address: str) -> tuple[Page, Seen]:
    """A new page and what it does."""
    page, seen = context.new_page(), Seen(address)
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))

    def dismiss(dialog: Any) -> None:
        seen.dialogs += 1
        dialog.dismiss()

    page.on("dialog", dismiss)
    return page, seen


def opened(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("html[data-opened]", state="attached")


def settled(page: Page, script: str, argument: Any = None) -> None:
    page.wait_for_function(script, arg=argument)


def pressed(page: Page, key: str, script: str, argument: Any = None) -> None:
    """Press a key and see it followed; once more if it was not.

    An order that comes while a page is being turned is not taken, and on a busy machine a turn lasts long.
    """
    for patience in (5_000, 10_000):
        page.keyboard.press(key)
        with suppress(TooLateError):
            page.wait_for_function(script, arg=argument, timeout=patience)
            return
    page.keyboard.press(key)
    settled(page, script, argument)


def rested(page: Page, milliseconds: int = 300) -> None:
    """Let so much time pass for the page itself, however little of it a busy machine gives it."""
    page.evaluate("(ms) => new Promise((done) => setTimeout(() => requestAnimationFrame(done), ms))", milliseconds)
