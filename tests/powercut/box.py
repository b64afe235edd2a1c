"""A worker without threads: the real intake, one step after the other, so that every run does the same."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from appliance import worker
from appliance.clock import FixedClock
from appliance.intake import making, place, run
from appliance.intake.making import Maker
from appliance.intake.rebuild import Task, build
from appliance.settings import Settings
from appliance.store.holdings import Holdings, read_holdings
from appliance.store.releases import Stored
from appliance.sync.updater import Updater
from packager.format import repository, trust
from packager.format.files import Files
from packager.format.repository import Read, Verified
from packager.format.trust import TrustStore
from tests.powercut.disk import State

STEP_SECONDS = 2.1
"""More than a document with progress rests."""
MOST_STEPS = 40


class _NoThread:
    """Takes the place of a thread; whoever drives calls `turn`."""

    def __init__(self, **_options: object) -> None:
        pass

    def start(self) -> None:
        pass

    def join(self, _seconds: float | None = None) -> None:
        pass


def _build_here(task: Task, _progress: object, _stop: object) -> bool:
    build(task, lambda _done, _total: None)
    return True


@contextmanager
def without_threads() -> Iterator[None]:
    """While this lasts, new places and makers wait for `turn`."""
    threads = SimpleNamespace(Thread=_NoThread, Event=threading.Event)
    with (
        mock.patch.object(place, "threading", threads),
        mock.patch.object(making, "threading", threads),
        mock.patch.object(run, "Maker", partial(Maker, run=_build_here)),
        mock.patch.object(os, "getpid", return_value=1),  # it stands in the document
    ):
        yield


_PROOFS: dict[object, Verified] = {}


@contextmanager
def remembered_proofs() -> Iterator[None]:
    """While this lasts, metadata in memory that was proved is not proved again: the same bytes, the same answer."""

    def reader(files: Mapping[str, bytes]) -> Read:
        read = repository.reader_of_mapping(files)
        keys[id(read)] = frozenset(files.items())
        kept.append(read)  # or another could get its identity
        return read

    def verify(read: Read, root: bytes, **options: Any) -> Verified:
        if id(read) not in keys:
            return repository.verify(read, root, **options)
        local = frozenset((options.get("local") or {}).items())
        key = keys[id(read)], root, local, options.get("reference_time")
        if key not in _PROOFS:
            _PROOFS[key] = repository.verify(read, root, **options)
        return _PROOFS[key]

    keys: dict[int, object] = {}
    kept: list[Read] = []
    with mock.patch.object(trust, "reader_of_mapping", reader), mock.patch.object(trust, "verify", verify):
        yield


class SteppedBox:
    """A worker from its start, inside `without_threads`."""

    def __init__(self, settings: Settings, files: Files, clock: FixedClock) -> None:
        self.settings, self.clock = settings, clock
        worker.prepare(settings, files)
        self.began_with = worker.last_holdings(settings.holdings_file).generation
        self.intake = worker.begin(settings, clock, files)
        self.updater = Updater(
            settings, clock, files, self.intake.door(), worker.read_root(settings.root_file), luck=random.Random(1)
        )

    @property
    def trust(self) -> TrustStore:
        """Whom it trusts."""
        return self.intake._trust._store

    def stored(self) -> list[Stored]:
        """The releases that are whole on its SSD."""
        return self.intake._store.all()

    def holdings(self) -> Holdings:
        """What it has published."""
        return read_holdings(self.settings.holdings_file)

    def steps(self) -> Iterator[None]:
        """One round of everything, with a stop after each part."""
        self.intake.turn(0)
        yield
        for entry in list(self.intake._entries.values()):
            entry.place.turn(0)
            yield
        if self.settings.update_origins:
            self.updater.turn()
            yield
        maker = self.intake._maker
        while not maker._tasks.empty():
            maker.turn()
            yield
        self.clock.advance(STEP_SECONDS)

    def until(self, ready: Callable[[Holdings], Any], after: Callable[[], None] = lambda: None) -> Holdings:
        """Work until the published document is as wanted, calling `after` after each part of a round."""
        for _ in range(MOST_STEPS):
            for _ in self.steps():
                after()
            holdings = self.holdings()
            if ready(holdings):
                return holdings
        raise AssertionError(f"not ready after {MOST_STEPS} rounds: {self.holdings()}")


def put(state: State, folder: Path) -> None:
    """Make a state real in a folder that does not exist."""
    folder.mkdir()
    made = {folder}
    for name, content in state.items():
        path = folder / name
        parent = path if content is None else path.parent
        if parent not in made:
            parent.mkdir(parents=True, exist_ok=True)
            made.add(parent)
        if content is not None:
            path.write_bytes(content)


def tree(path: Path) -> tuple[tuple[str, bytes], ...]:
    """The bytes of a file, or of all files in a folder."""
    if path.is_file():
        return (("", path.read_bytes()),)
    return tuple((p.relative_to(path).as_posix(), p.read_bytes()) for p in sorted(path.rglob("*")) if p.is_file())
