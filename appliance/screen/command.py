"""`appliance screen`: shows the box's state on the attached screen until it is told to stop; it never gives up.

Whatever goes wrong (no font, no framebuffer yet, a driver that changed its mind), the next turn tries again; in between
the light alone is shown, by its shape.
"""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.clock import Clock, RealClock
from appliance.screen.drawing import draw_plain, draw_screen
from appliance.screen.fonts import Faces, find_faces
from appliance.screen.framebuffer import Framebuffer
from appliance.screen.view import View, is_linked, own_number, view_of
from appliance.service.asking import Health, ask
from appliance.service.journal import set_up_logging

if TYPE_CHECKING:
    from PIL import Image

    from appliance.settings import Settings

_log = logging.getLogger(__name__)

TURN_SECONDS = 2.0
REDRAW_SECONDS = 60.0
"""Drawn anew at least so often: the system may have written over it."""
_PATIENCE = (2.0, 5.0, 10.0, 30.0)


class Looker:
    """Finds out what is to be shown."""

    def __init__(self, settings: Settings, clock: Clock, asked: Callable[[], Health | None] | None = None) -> None:
        """The box has not answered yet."""
        self._settings, self._clock = settings, clock
        self._ask = asked or (lambda: ask(settings))
        self._answered = clock.monotonic()

    def view(self) -> View:
        """What is to be shown now."""
        health = self._ask()
        moment = self._clock.monotonic()
        if health is not None:
            self._answered = moment
        zone = dt.timezone(dt.timedelta(minutes=self._settings.utc_offset_minutes))
        return view_of(
            self._settings, health, self._clock.now().astimezone(zone),
            silent=moment - self._answered, linked=is_linked(), number=own_number(),
        )  # fmt: skip


class Screen:
    """What was shown last, and showing the next."""

    def __init__(self, framebuffer: Framebuffer, look: Callable[[], View], faces: Callable[[], Faces]) -> None:
        """Nothing is shown yet."""
        self._framebuffer, self._look, self._faces = framebuffer, look, faces
        self._shown: tuple[View, tuple[int, int]] | None = None
        self._drawn = -REDRAW_SECONDS

    def turn(self) -> bool:
        """Look, and draw when something is new. Whether the screen shows what it should.

        Raises:
            OSError: there is no screen to draw on.
        """
        there = self._framebuffer.geometry()
        size = there.width, there.height
        light, fine = "attention", True
        try:
            view = self._look()
            light = view.light
            if self._shown == (view, size) and time.monotonic() - self._drawn < REDRAW_SECONDS:
                return True
            image, self._shown = draw_screen(view, size, self._faces()), (view, size)
        except Exception:  # noqa: BLE001 - whatever it was, people see the light
            _log.exception("the screen cannot be drawn")
            image, self._shown, fine = draw_plain(light, size), None, False
        self._framebuffer.show(image)
        self._drawn = time.monotonic()
        return fine


def run(settings: Settings, device: Path, stop: threading.Event) -> None:
    """Show the state of the box until told to stop."""
    screen = Screen(Framebuffer(device), Looker(settings, RealClock()).view, lambda: find_faces(settings.screen_font))
    failures = 0
    while not stop.is_set():
        try:
            failures = 0 if screen.turn() else failures + 1
        except OSError as error:
            _log.log(logging.WARNING if not failures else logging.DEBUG, "no screen to draw on: %s", error)
            failures += 1
        stop.wait(_PATIENCE[min(failures, len(_PATIENCE)) - 1] if failures else TURN_SECONDS)


def show(settings: Settings, device: Path) -> None:
    """Show the state of the box until SIGTERM or Ctrl-C."""
    set_up_logging(settings.log_level, "screen")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    run(settings, device, stop)


def picture(settings: Settings, size: tuple[int, int]) -> Image.Image:
    """What the screen would show now, in that size.

    Raises:
        OSError: there is no font.
    """
    return draw_screen(Looker(settings, RealClock()).view(), size, find_faces(settings.screen_font))
