"""Scans under fingers: one page, swipes, pinches, the magnifier above the finger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.appliance.web.holding import World
from tests.browser.reading_room import INK, settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

from tests.browser.scanning_room import ZOOM, address, at_page, pages_open, phone, read, swipe, touch, world

__all__ = ["address", "phone", "world"]
pytestmark = pytest.mark.browser


def test_phone_has_one_page_and_fingers_turn_it(phone: Page, world: World) -> None:
    read(phone, "s.ltr")
    assert pages_open(phone, world, "s.ltr") == [1]
    swipe(phone, 330, 60)
    at_page(phone, 2)
    assert pages_open(phone, world, "s.ltr") == [2]
    swipe(phone, 60, 330)
    at_page(phone, 1)
    read(phone, "s.rtl")
    swipe(phone, 60, 330)
    at_page(phone, 2)
    phone.tap("#sheets-button")
    phone.fill("#sheet-jump-page", "5")
    phone.tap("#sheet-jump button")
    at_page(phone, 5)


def test_phone_pinches_taps_twice_and_swipes_only_at_the_edge(phone: Page) -> None:
    read(phone, "s.ltr?page=3", 3)
    whole = phone.evaluate(ZOOM)
    touch(phone, *[[(195 - n, 400), (195 + n, 400)] for n in range(20, 120, 10)])
    settled(phone, f"(whole) => {ZOOM} > 1.8 * whole", whole)
    swipe(phone, 60, 330)
    phone.wait_for_timeout(400)
    expect(phone.locator("#stage")).to_have_attribute("data-page", "3")
    for _ in range(2):
        phone.touchscreen.tap(195, 400)
    settled(phone, f"(whole) => {ZOOM} < 1.05 * whole", whole)


def test_phone_magnifier_stands_above_the_finger(phone: Page) -> None:
    read(phone, "s.ltr?page=3", 3)
    phone.tap("#view-button")
    phone.tap("#view-tools [data-do=lens]")
    touch(phone, [(195, 500)], [(200, 520)], [(205, 540)])
    settled(phone, f"() => ({INK})('#lens-view canvas') > 4")
    box = phone.locator("#lens").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 540
    expect(phone.locator("#stage")).to_have_attribute("data-page", "3")
    phone.tap("#lens-off")
    expect(phone.locator("#lens")).to_be_hidden()
    expect(phone.locator("#lens-off")).to_be_hidden()
    swipe(phone, 330, 60)
    at_page(phone, 4)


def test_phone_begins_a_wide_leaf_at_its_right_and_reads_on_to_the_left(phone: Page) -> None:
    read(phone, "s.leaf")
    edges = "(() => { const b = OpenSeadragon.getViewer('view').viewport.getBounds(); return [b.x, b.x + b.width]; })()"
    left, right = phone.evaluate(edges)
    assert right == pytest.approx(0.75, abs=0.02)
    assert left > 0
    swipe(phone, 60, 330)
    settled(phone, f"(left) => {edges}[0] < left - 0.2", left)
    expect(phone.locator("#stage")).to_have_attribute("data-page", "1")
    phone.focus("#stage")
    for _ in range(3):
        phone.keyboard.press("Space")
        phone.wait_for_timeout(500)
    at_page(phone, 2)
    swipe(phone, 330, 60)
    at_page(phone, 1)
    # Turned back to, it is seen where its reading ended.
    assert phone.evaluate(edges)[0] == pytest.approx(-0.75, abs=0.02)
