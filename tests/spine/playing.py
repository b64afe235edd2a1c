"""Plays one recording as a listener would: with the deck where scripts run, with the browser's own player where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.reading_room import INK
from tests.spine.checks import sentence
from tests.spine.terminals import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.spine.terminals import Terminal
    from tests.spine.works import Form

READY = "() => document.getElementById('player').readyState >= 2"
PLAYS = "() => { const p = document.getElementById('player'); return p.currentTime > 0.2 && !p.error; }"
CUES = "() => [...document.getElementById('player').textTracks].some((t) => t.mode !== 'disabled' && t.cues?.length)"
DECODES = """() => {
  const player = document.getElementById("player");
  return [...player.querySelectorAll("source")].some(({ type }) => player.canPlayType(type) !== "");
}"""
LAST = """() => [...document.querySelectorAll("#parts a")].at(-1)?.getAttribute("aria-current") === "true" """
END = "() => { const p = document.getElementById('player'); p.currentTime = Math.max(0, p.duration - 0.4); }"
SAYS = "(said) => document.querySelector('main').innerText.includes(said)"
STARTED = "() => (({ paused, currentTime }) => !paused || currentTime > 0)(document.getElementById('player'))"
PRESSES = 10
ENDED = "() => document.getElementById('player').ended"


def play(page: Page, form: Form, terminal: Terminal, shot: Callable[[], None]) -> tuple[str, ...]:
    """Play the first part, see its captions and its picture, go to the last part and to its end."""
    page.goto(form.address)
    if not page.evaluate(DECODES):
        until(
            page,
            "(said) => document.querySelector('main').innerText.includes(said)",
            sentence("reader.no_sound_format"),
        )
        shot()
        return ("codec",)
    _start(page, terminal)
    until(page, PLAYS)
    if page.locator("#player track[kind=captions]").count():
        until(page, CUES)
    if form.kind == "video":
        until(page, f"() => ({INK})('#player') > 1")
    shot()
    if page.locator("#parts a").count():
        page.locator("#parts a").last.click()
        until(page, LAST)
        if not terminal.script:
            _start(page, terminal)
        until(page, PLAYS)
    page.evaluate(END)
    until(page, ENDED)
    return ()


def _start(page: Page, terminal: Terminal) -> None:
    if not terminal.script:
        until(page, READY)
        page.focus("#player")
        # The browser's own player takes keys some time after its first picture: who hears nothing presses again.
        for _ in range(PRESSES):
            page.keyboard.press("Space")
            page.wait_for_timeout(400)
            if page.evaluate(STARTED):
                return
    elif terminal.phone:
        page.tap("#play")
    else:
        page.click("#play")
