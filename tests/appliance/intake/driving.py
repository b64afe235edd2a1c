"""An intake driven by hand in a test: real folders, real threads, real time; the test says when to wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from appliance.clock import RealClock
from appliance.intake.run import Intake
from appliance.settings import Settings
from appliance.store import commands
from appliance.store.holdings import HeldDrive, Holdings, read_holdings
from appliance.worker import last_holdings, read_root
from packager.format.files import Files, RealFiles
from packager.format.trust import TrustStore


class Driven:
    """A box's intake and what it publishes."""

    def __init__(self, settings: Settings, files: Files | None = None) -> None:
        self.settings, self.files = settings, files or RealFiles()
        self.files.make_dir(settings.data_folder)
        root = read_root(settings.root_file)
        self.trust = TrustStore(settings.trust_folder, root, self.files, earliest=settings.earliest)
        before = last_holdings(settings.holdings_file)
        self.intake = Intake(settings, RealClock(), self.files, self.trust, 1, before)

    def until(self, ready: Callable[[Holdings], Any], seconds: float = 150) -> Holdings:
        """Let it work until the published holdings are as wanted."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.intake.turn(0.05)
            holdings = read_holdings(self.settings.holdings_file)
            if ready(holdings):
                return holdings
        raise AssertionError(read_holdings(self.settings.holdings_file))

    def drive(self, state: str, key: str = "", seconds: float = 150) -> HeldDrive:
        """Let it work until its one drive is in a state (and says a sentence)."""

        def found(holdings: Holdings) -> list[HeldDrive]:
            return [d for d in holdings.drives if d.state == state and key in d.message.key]

        return found(self.until(found, seconds))[0]

    def during(self, seconds: float) -> list[Holdings]:
        """Everything published in a while."""
        seen = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.intake.turn(0.02)
            seen.append(read_holdings(self.settings.holdings_file))
        return seen

    def command(self, **command: str) -> None:
        """What the serving process would ask."""
        commands.send(self.settings.commands_folder, command, clock=RealClock(), files=RealFiles())


@contextmanager
def driven(settings: Settings, files: Files | None = None) -> Iterator[Driven]:
    """An intake that is closed at the end."""
    found = Driven(settings, files)
    try:
        yield found
    finally:
        found.intake.close()


def all_ready(holdings: Holdings) -> bool:
    """Whether there are releases and every derived file of them is made."""
    parts = [p for r in holdings.releases for p in (r.catalogue, r.search)]
    return bool(parts) and all(p.state == "ready" for p in parts)


def work(stock, seq=1):
    """The publisher's work folder of a release."""
    return stock.publisher.folder / f"work-national-{seq}"


def drive_of_first(stock, name="media/one"):
    """A drive of release 1 as it was before release 2 was signed: its own metadata is older."""
    return stock.drive(work(stock, 1), name)
