"""Every recording, film and periodical of the real collection, in a real browser: it plays to its last part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import DESKTOP
from tests.browser.reading_room import watched
from tests.spine.checks import sentence

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.box import Box

pytestmark = [pytest.mark.timeout(300), pytest.mark.browser, pytest.mark.collection]

PLAYED = {"audio", "video", "course"}
SERIALS = {"journal", "newspaper"}
PLAYS = "() => { const p = document.getElementById('player'); return p.currentTime > 0.2 && !p.error; }"
CUES = "() => [...document.getElementById('player').textTracks].some((t) => t.mode !== 'disabled' && t.cues?.length)"
LAST = "() => { const all = [...document.querySelectorAll('#parts a')]; return all.at(-1).ariaCurrent === 'true'; }"
END = "() => { const p = document.getElementById('player'); p.currentTime = Math.max(0, p.duration - 0.4); }"
ENDED = "() => document.getElementById('player').ended"
PICTURES = Path(os.environ["SHUXIANG_PICTURES"]) if "SHUXIANG_PICTURES" in os.environ else None
"""Where to leave a screenshot of each, for people to look at."""


def listen(page: Page, resource: str) -> None:
    """Play the first part, show its captions, go to the last part and to its end."""
    page.goto(f"/read/{resource}")
    page.click("#play")
    page.wait_for_function(PLAYS)
    if page.locator("#player track[kind=captions]").count():
        page.wait_for_function(CUES)
    if page.locator("#parts a").count():
        page.locator("#parts a").last.click()
        page.wait_for_function(LAST)
        page.wait_for_function(PLAYS)
    if PICTURES:
        page.screenshot(path=str(PICTURES / f"{resource}-player.png"))
    page.evaluate(END)
    page.wait_for_function(ENDED)


def leaf_through(page: Page, resource: str) -> None:
    """Open a serial by date and each of its issues; one without pages says so."""
    page.goto(f"/read/{resource}/issues")
    links = [link.get_attribute("href") for link in page.locator(".rissues a, .rcal a").all()]
    for link in links:
        page.goto(link or "")
        page.wait_for_selector("html[data-opened]", state="attached")
    if not links:
        page.goto(f"/read/{resource}")
        assert sentence("reader.no_pages") in page.inner_text("main")


def test_collection_every_recording_film_and_periodical_opens_and_ends(
    real: Box,
    rows: list[dict[str, str]],
    browser: Browser,
) -> None:
    faults: list[str] = []
    tried = 0
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, base_url=real.url)
    context.set_default_timeout(15_000)
    for row in rows:
        if row["type"] not in PLAYED | SERIALS:
            continue
        tried += 1
        page, seen = watched(context, real.url)
        try:
            (listen if row["type"] in PLAYED else leaf_through)(page, row["id"])
            if seen.outside or seen.errors or seen.dialogs:
                faults.append(f"{row['id']}: {seen.outside} {seen.errors} {seen.dialogs}")
        except Exception as error:  # noqa: BLE001 - every resource is tried, the faults are told together
            faults.append(f"{row['id']}: {error}")
        finally:
            page.close()
    context.close()
    assert not faults, "\n".join(faults)
    assert tried
