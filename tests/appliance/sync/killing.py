"""A real worker that brings an update and is killed at moments by chance, again and again, until it is done.

    rounds = Kills(folder, publisher, archive, work, origin)
    rounds.kill(500)

After every kill the serving process's own code reads what is there; the server says what was asked for.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from appliance import worker
from appliance.clock import RealClock
from appliance.intake import run
from appliance.intake.making import Maker
from appliance.intake.rebuild import Task, build
from appliance.library.keeper import LibraryKeeper
from appliance.settings import Settings
from appliance.store.holdings import Holdings, read_holdings
from appliance.store.releases import ReleaseStore
from appliance.sync import incoming, updater
from packager.format.files import RealFiles
from packager.format.origin import object_path
from tests.faulty_server import Asked, FaultyServer
from tests.powercut.scenes import essence

PIECE = 32 << 10
LATENCY = 0.004
"""Seconds before an answer: a line is not a disk."""
LONGEST = 60.0


def work(settings: Settings) -> None:
    """In the worker's process; waits are as short as the code allows."""
    updater.TURN_SECONDS, incoming.PIECE = 0.02, PIECE
    updater.wait_after = lambda _failures, _luck: 0.05
    run.Maker = partial(Maker, run=_build)  # type: ignore[misc]
    worker.run(settings, RealClock(), RealFiles(), threading.Event(), parent=os.getppid())


def _build(task: Task, _progress: object, _stop: object) -> bool:
    """As the product does, in a process that outlives the killed worker; it need not load everything anew."""
    process = multiprocessing.get_context("fork").Process(target=build, args=(task, lambda _done, _total: None))
    process.start()
    process.join()
    return process.exitcode == 0


def slowly(asked: Asked) -> None:
    time.sleep(LATENCY)
    asked.right()


class Kills:
    """One publisher, one drive, one server, and boxes that are killed.

    Attributes:
        kills: so far. finished: boxes that came to the end. seen: what the kill found going on.
        seconds: an undisturbed update; making: from the first object to the new release.
        fetched: bytes of objects that the server sent; needed: those of a box that nobody disturbs.
    """

    def __init__(self, folder: Path, root_file: Path, drive: Path, origin: Path) -> None:
        self.folder, self._context = folder, multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["indexer.build", "tests.appliance.sync.killing"])
        self.server = FaultyServer(origin)
        self.server.fault = slowly
        options: dict[str, Any] = {
            "root_file": root_file, "drive_paths": (drive,), "reserve_bytes": 0, "update_apply": "at-once",
        }  # fmt: skip
        self._first = Settings(data_folder=folder / "first", check_after_seconds=86400, **options)
        self.settings = Settings(
            data_folder=folder / "box", update_origins=(self.server.address,), check_after_seconds=86400, **options
        )
        self.kills = self.finished = self.fetched = self.needed = 0
        self.seen: Counter[str] = Counter()
        self._run_until(self._first, lambda h: _live(h) == (1, "ready"))
        self._begin()
        started = time.monotonic()
        moments: dict[str, float] = {}

        def whole(holdings: Holdings) -> bool:
            """Note when the first object was asked for, and when the release had its place."""
            if self._is_fetching(0):
                moments.setdefault("asked", time.monotonic())
            if len(list(self.settings.releases_folder.glob("*/*/READY"))) > 1:
                moments.setdefault("made", time.monotonic())
            return _live(holdings) == (2, "ready")

        self._run_until(self.settings, whole)
        self.seconds = time.monotonic() - started
        self.making = max(0.2, 1.2 * (moments["made"] - moments["asked"]))
        self.needed = self._sent()
        self.end = self._facts()

    def close(self) -> None:
        self.server.close()

    def _begin(self) -> None:
        """Another box, with the first edition."""
        shutil.rmtree(self.settings.data_folder, ignore_errors=True)
        shutil.copytree(self._first.data_folder, self.settings.data_folder)
        self.server.asked.clear()
        self.server.sent.clear()

    def _start(self, settings: Settings) -> Any:
        process = self._context.Process(target=work, args=(settings,))
        process.start()
        return process

    def _run_until(self, settings: Settings, ready: Callable[[Holdings], bool]) -> None:
        """Undisturbed, until the published document is as wanted and staff would be told that all is there."""
        process = self._start(settings)
        try:
            end = time.monotonic() + LONGEST
            while not (settings.holdings_file.exists() and ready(read_holdings(settings.holdings_file))):
                assert time.monotonic() < end, read_holdings(settings.holdings_file)
                assert process.is_alive(), "the worker ended by itself"
                time.sleep(0.01)
        finally:
            process.kill()
            process.join()

    def kill(self, times: int, *, seed: int = 1) -> None:
        """Kill so many workers; boxes that have the new edition are followed by new ones, the last one ends."""
        chance = random.Random(seed)
        self._begin()
        for _ in range(times):
            if self._live() == (2, "ready"):
                self._close_box()
                self._begin()
            here = self._here()
            asked = len(self.server.asked)
            process = self._start(self.settings)
            self._wait(chance)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL, "the worker ended by itself"
            self.kills += 1
            self._check_asked(here, self.server.asked[asked:])
            self._check()
        self._close_box()

    def _wait(self, chance: random.Random) -> None:
        """Until a moment by chance: of the whole, or, for half of them, of what follows the first object."""
        asked, end = len(self.server.asked), time.monotonic() + chance.uniform(0, self.seconds * 1.1)
        if chance.random() < 0.5:
            while time.monotonic() < end and not self._is_fetching(asked):
                time.sleep(0.002)
            if self._is_fetching(asked):
                end = time.monotonic() + chance.uniform(0, self.making)
        time.sleep(max(0.0, end - time.monotonic()))

    def _is_fetching(self, since: int) -> bool:
        return any(name.startswith("objects/") for name, _ in self.server.asked[since:])

    def _close_box(self) -> None:
        """Whatever was done to it, it ends as one that was left alone."""
        here, asked = self._here(), len(self.server.asked)
        self._run_until(self.settings, lambda h: _live(h) == (2, "ready"))
        self._check_asked(here, self.server.asked[asked:])
        found = self._facts()
        assert found == self.end, {
            name: (found[name], self.end[name]) for name in found if found[name] != self.end[name]
        }
        self._check()
        self.fetched += self._sent()
        self.finished += 1

    def _sent(self) -> int:
        return sum(size for name, size in self.server.sent.items() if name.startswith("objects/"))

    def _live(self) -> tuple[int, str]:
        return _live(read_holdings(self.settings.holdings_file))

    def _here(self) -> set[tuple[str, int]]:
        """What is finished of objects, as the server names it."""
        found = set()
        for path in self.settings.incoming_folder.glob("*/*"):
            if path.parent.name == "documents":
                found.add((path.name, 0))
            elif path.name.isdecimal():
                found.add((object_path(path.parent.name), int(path.name) * PIECE))
        return found

    def _check_asked(self, here: set[tuple[str, int]], asked: list[tuple[str, int]]) -> None:
        """Nothing that was finished before, and nothing twice in one run."""
        objects = [(name, at) for name, at in asked if name.startswith(("objects/", "tuf/targets/deltas/"))]
        again = [at for at in objects if at in here or (at[0].rpartition("/")[2], at[1]) in here]
        assert not again, f"finished and fetched again: {again}"
        assert not [at for at, count in Counter(objects).items() if count > 1], "fetched twice in one run"

    def _check(self) -> None:
        """The old edition or the new one, whole; every byte that readers get, proved."""
        holdings = read_holdings(self.settings.holdings_file)
        seq = _live(holdings)[0]
        assert seq in {1, 2}
        broken: list[str] = []
        keeper = LibraryKeeper(
            self.settings.holdings_file, self.settings.releases_folder, carried=self.settings.carried_folder,
            broken=lambda _folder, part: broken.append(part),
        )  # fmt: skip
        try:
            keeper.refresh()
            library = keeper.library
            names = NAMES[seq]
            for name in names:
                held = library.resource(name)
                assert held is not None, (seq, name)
                assert held.available, (seq, name)
                for item in held.resource.readable_items:
                    assert hashlib.sha256(_content(library, item)).hexdigest() == item.sha256
            for name in NAMES[3 - seq] - names:
                assert library.resource(name) is None, (seq, name)
        finally:
            keeper.close()
        assert not broken
        for stored in ReleaseStore(self.settings.releases_folder, self.folder / "unused", RealFiles()).all():
            for name, digest in stored.release.truth.items():
                assert hashlib.sha256((stored.path / "meta" / name).read_bytes()).hexdigest() == digest.sha256
        self.seen[self._moment(seq)] += 1

    def _moment(self, seq: int) -> str:
        folder = self.settings.incoming_folder
        if seq == 2:
            return "the new edition is live"
        if (self.settings.scratch_folder / "update").exists():
            return "it was being made"
        if len(list(self.settings.releases_folder.glob("*/*/READY"))) > 1:
            return "it was being indexed"
        return "fetching" if any(folder.glob("*/0*")) else "before the first piece"

    def _facts(self) -> dict[str, object]:
        """What a box ends with, as far as it is the same every time."""
        data = self.settings.data_folder
        end = time.monotonic() + 10
        while any(path.name != "documents" for path in self.settings.incoming_folder.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.05)
        truth = {
            path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for name in ("catalogue.jsonl", "items.txt", "chunks.bin")
            for path in sorted(self.settings.releases_folder.rglob(f"meta/{name}"))
        }
        carried = sorted(path.name for path in self.settings.carried_folder.rglob("*") if path.is_file())
        left = sorted(path.name for path in self.settings.incoming_folder.glob("*/*"))
        top = sorted(path.name for path in data.iterdir() if "." not in path.name and path.name != "outbox")
        return {
            "truth": truth, "carried": carried, "left": left, "folders": top,
            "readers": essence(read_holdings(self.settings.holdings_file)),
        }  # fmt: skip


NAMES: dict[int, set[str]] = {
    1: {"edited", "grown", "moved", "gone", "stays", "renamed", "empty"},
    2: {"edited", "grown", "moved", "stays", "renamed", "empty", "new"},
}


def _live(holdings: Holdings) -> tuple[int, str]:
    """Number of the live edition, and the state of its search."""
    found = [(r.seq, r.search.state) for r in holdings.live()]
    return found[0] if len(found) == 1 else (0, "")


def _content(library: Any, item: Any) -> bytes:
    held = library.item(item.id)
    descriptor = held.open(held.places[0])
    try:
        return os.pread(descriptor, item.size, 0)
    finally:
        os.close(descriptor)
