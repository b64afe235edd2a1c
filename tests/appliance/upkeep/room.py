"""A box with its drives for tests of checks and repairs: a world, the worker's upkeep, the serving process's record."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appliance.clock import FixedClock, RealClock
from appliance.serving.upkeep_view import UpkeepView
from appliance.settings import Settings
from appliance.store.faults import FaultStore
from appliance.store.objects import ObjectStore
from appliance.upkeep.line import Line
from appliance.upkeep.upkeep import Upkeep
from packager.format.layout import CHUNK
from tests.appliance.library.world import World
from tests.appliance.upkeep.line import OpenLine
from tests.simulator import FastFiles

SINCE = "2026-11-22T08:00:00Z"


def wait_for(ready: Callable[[], object], seconds: float = 60, what: str = "it") -> None:
    """Wait until `ready` is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


class Room:
    """One box. Attributes: world, settings, faults, view (of the serving process), upkeep (of the worker)."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.world = World(folder)
        self.settings: Settings = self.world.stock.settings(check_after_seconds=0, **options)
        self.clock = FixedClock()
        self.faults = FaultStore(self.settings.faults_file, self.clock)
        self.view = UpkeepView(self.settings, self.faults)
        self.upkeep: Upkeep | None = None
        self.line: Line | None = None
        self.objects = ObjectStore(self.settings.objects_folder)

    def take(self, work: Path, key: str, **options: object) -> Path:
        """Plug a drive in; its folder."""
        self.world.take(work, key, **options)
        held = self.world.drives[key]
        tagmanifest = hashlib.sha256((Path(held.path) / "bag/tagmanifest-sha256.txt").read_bytes()).hexdigest()
        twin = any(d.tagmanifest == tagmanifest for k, d in self.world.drives.items() if k != key)
        self.world.drives[key] = replace(held, tagmanifest=tagmanifest, since=SINCE, duplicate=twin)
        return Path(held.path)

    def publish(self) -> None:
        """Write the holdings."""
        self.world.trusted = list({r.bundle + str(r.seq): r for r in self.world.trusted}.values())
        self.settings.holdings_file.parent.mkdir(parents=True, exist_ok=True)
        self.world.publish()
        self.settings.holdings_file.write_bytes(self.world.file.read_bytes())

    def start(self) -> Upkeep:
        """Start the worker's part."""
        self.publish()
        line = self.line or OpenLine(*self.settings.repair_origins)
        self.upkeep = Upkeep(self.settings, RealClock(), FastFiles(), line)
        self.upkeep.start()
        return self.upkeep

    def stop(self) -> None:
        """End the worker's part."""
        if self.upkeep is not None:
            self.upkeep.close()
            self.upkeep = None

    def run(self, number: int = 0):
        """The check of a drive as the serving process knows it."""
        self.view.refresh()
        return self.view.state.runs[number] if len(self.view.state.runs) > number else None

    def finished(self) -> bool:
        """Whether all checks have ended."""
        self.view.refresh()
        return bool(self.view.state.runs) and all(r.state == "finished" for r in self.view.state.runs)

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.view.close()
        self.faults.close()


def big(chunks: int, seed: int = 1) -> bytes:
    """Bytes of so many chunks and a little, each chunk another."""
    return b"".join(hashlib.sha256(b"%d/%d" % (seed, n)).digest() * (CHUNK // 32) for n in range(chunks)) + b"end"


def spoil(drive: Path, item: str, *chunks: int) -> Path:
    """Change a byte in chunks of the file of that name's item; the file."""
    path = next(p for p in (drive / "bag/data").rglob("*") if p.stem == item)
    content = bytearray(path.read_bytes())
    for chunk in chunks:
        content[chunk * CHUNK + 1] ^= 0x55
    path.write_bytes(content)
    return path
