"""What the tests of scans share: a served holding of scanned works, which pages lie open, and fingers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import World, make_app
from tests.appliance.web.reading import reading_world
from tests.appliance.web.scanning import long_work, scanned_works
from tests.browser.conftest import serving
from tests.browser.reading_room import PHONE, VENDOR, opened, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

LONG = 400
OPEN = """() => {
  const { world } = OpenSeadragon.getViewer("view");
  return [...Array(world.getItemCount()).keys()].map((at) => world.getItemAt(at))
    .filter((item) => item.getOpacity() > 0)
    .map((item) => [item.source.getTileUrl(0, 0, 0), item.getBounds(true)])
    .sort(([, a], [, b]) => a.x - b.x)
    .map(([url, { x, y, width, height }]) => ({ url, x, y, width, height }));
}"""
"""The pictures that lie open, from left to right in OpenSeadragon's world."""
ZOOM = "OpenSeadragon.getViewer('view').viewport.getZoom()"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    with reading_world(tmp_path_factory.mktemp("scans"), [*scanned_works(), long_work(LONG)]) as made:
        yield made


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serving(make_app(world)) as base:
        yield base


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    made = browser.new_context(viewport=PHONE, base_url=address, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    made.set_default_timeout(30_000)
    yield made.new_page()
    made.close()


def at_page(page: Page, number: int) -> None:
    settled(page, "(n) => document.getElementById('stage').dataset.shown === String(n)", number)


def read(page: Page, path: str, number: int = 1) -> None:
    opened(page, f"/read/{path}")
    at_page(page, number)


def pages_open(page: Page, world: World, resource_id: str) -> list[int]:
    """The numbers of the pages that lie open, from left to right."""
    ids = [item.id for item in world.records[resource_id].readable_items]
    return [next(n for n, own in enumerate(ids, 1) if own in one["url"]) for one in page.evaluate(OPEN)]


def touch(page: Page, *moves: list[tuple[int, int]]) -> None:
    """Fingers that go down at the first of `moves`, along them, and up."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, points: list[tuple[int, int]]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]},
        )

    send("touchStart", moves[0])
    for points in moves[1:]:
        send("touchMove", points)
        page.wait_for_timeout(16)
    # A finger that rests before it is lifted throws nothing: a throw would swallow the next tap.
    page.wait_for_timeout(150)
    send("touchMove", moves[-1])
    send("touchEnd", [])
    session.detach()


def swipe(page: Page, start: int, end: int, y: int = 400) -> None:
    steps = 8
    touch(page, *[[(start + (end - start) * n // steps, y)] for n in range(steps + 1)])


def levels_of(asked: list[str]) -> set[int]:
    """The levels of the tiles among these addresses."""
    return {int(found[1]) for url in asked if (found := re.search(r"_files/(\d+)/", url))}
