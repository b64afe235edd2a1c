"""A real worker that brings an update and is killed in every stage of it, again and again, until it is done.

    rounds = Kills(folder, editions)
    rounds.kill(500)

After every kill the serving process's own code reads what is there; the server says what was asked for.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from appliance import worker
from appliance.clock import RealClock
from appliance.intake import publisher, run
from appliance.intake.making import Maker
from appliance.intake.rebuild import Task, build
from appliance.library.keeper import LibraryKeeper
from appliance.library.library import Library
from appliance.processes import die_with_parent
from appliance.settings import Settings
from appliance.store.holdings import Holdings, read_holdings
from appliance.store.releases import PARTS, ReleaseStore
from appliance.sync import incoming, updater
from indexer.search import SearchRequest
from packager.format.files import RealFiles
from packager.format.origin import object_path
from tests.appliance.sync.four_editions import TITLES, FourEditions
from tests.faulty_server import Asked, FaultyServer
from tests.looking import looked_again
from tests.powercut.scenes import essence

PIECE = 32 << 10
LATENCY = 0.004
"""Seconds before an answer: a line is not a disk."""
LONGEST = 300.0
OLD, NEW = 3, 4
BOX = 9
"""Kills planned for one box."""

STARTING, LISTS, PACKS, MAKING, STAGED, INDEXING, SWITCH, TIDYING, OVER = STAGES = (
    "the worker starts",
    "lists are asked for",
    "pieces of packs are fetched",
    "lists and items are made",
    "the edition is staged",
    "its catalogue and index are made",
    "readers are given it",
    "what is old goes",
    "all is done",
)


def work(settings: Settings) -> None:
    """In the worker's process; waits are as short as the code allows."""
    updater.TURN_SECONDS, incoming.PIECE, publisher.PROGRESS_SECONDS = 0.02, PIECE, 0.1
    updater.wait_after = lambda _failures, _luck: 0.05
    updater.until_own = lambda _now, _share, _period=0.0: 0.2  # what is old goes after the next look at the lists
    run.Maker = partial(Maker, run=_Builder().run)  # type: ignore[misc]
    start = updater.Updater.start

    def begun(self: updater.Updater) -> None:
        (settings.data_folder.parent / "begun").touch()
        start(self)

    updater.Updater.start = begun  # type: ignore[method-assign]
    worker.run(settings, RealClock(), RealFiles(), threading.Event(), parent=os.getppid())


class _Builder:
    """Builds as the product does, in a process that ends with the worker; it need not load everything anew.

    It is begun before the worker has threads, from which nobody may fork.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        context.Process(target=self._serve, args=(theirs,)).start()
        theirs.close()

    def _serve(self, theirs: Connection) -> None:
        die_with_parent()
        self._ours.close()
        with suppress(EOFError, OSError):
            while True:
                process = multiprocessing.get_context("fork").Process(target=_build, args=(theirs.recv(),))
                process.start()
                process.join()
                theirs.send(process.exitcode == 0)

    def run(self, task: Task, _progress: object, _stop: object) -> bool:
        """See `rebuild.run_task`."""
        self._ours.send(task)
        return bool(self._ours.recv())


def _build(task: Task) -> None:
    die_with_parent()
    build(task, lambda _done, _total: None)


def slowly(asked: Asked) -> None:
    time.sleep(LATENCY)
    asked.right()


class Kills:
    """One publisher, one drive, one server, and boxes that are killed.

    Attributes:
        kills: so far. finished: boxes that came to the end. found: the stage in which each kill found the box.
        lasts: seconds of every stage when nobody disturbs.
        fetched: bytes of objects that the server sent; needed: those of a box that nobody disturbs.
    """

    def __init__(self, folder: Path, editions: FourEditions) -> None:
        self.folder, self._context = folder, multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["indexer.build", "tests.appliance.sync.killing"])
        self.server = FaultyServer(editions.three)
        self.server.fault = slowly
        self._first = self._settings("first", editions)
        self.settings = self._settings("box", editions)
        self._started = 0.0
        self._fetched_before: set[tuple[str, int]] = set()
        self.kills = self.finished = self.fetched = self.needed = 0
        self.found: Counter[str] = Counter()
        self.lasts: dict[str, float] = {}
        self._run_until(self._first, lambda: _live(self._first) == OLD and _is_settled(self._first))
        self.server.folder = editions.four
        self._begin()
        self._time_stages()
        self.needed = self._sent()
        self.end = self._facts()

    def _settings(self, name: str, editions: FourEditions) -> Settings:
        """Of a box that is closed for hours to come: what is staged is applied as soon as it can be searched."""
        hour = (RealClock().now() + timedelta(minutes=480)).hour
        return Settings(
            data_folder=self.folder / name, root_file=editions.root_file, drive_paths=(editions.drive,),
            reserve_bytes=0, update_origins=(self.server.address,), update_apply="closing",
            opening_hours=f"{(hour - 1) % 24}:00-{(hour - 1) % 24}:01", check_after_seconds=86400,
        )  # fmt: skip

    def close(self) -> None:
        self.server.close()

    def _begin(self) -> None:
        """Another box, with the third edition."""
        shutil.rmtree(self.settings.data_folder, ignore_errors=True)
        shutil.copytree(self._first.data_folder, self.settings.data_folder)
        self.server.asked.clear()
        self.server.sent.clear()
        self._fetched_before = set()

    def _start(self, settings: Settings) -> Any:
        (self.folder / "begun").unlink(missing_ok=True)
        process = self._context.Process(target=work, args=(settings,))
        process.start()
        return process

    def _run_until(self, settings: Settings, ready: Callable[[], bool]) -> None:
        """Undisturbed."""
        process = self._start(settings)
        try:
            end = time.monotonic() + LONGEST
            while not ready():
                assert time.monotonic() < end, read_holdings(settings.holdings_file)
                assert process.is_alive(), "the worker ended by itself"
                time.sleep(0.005)
        finally:
            process.kill()
            process.join()

    def _time_stages(self) -> None:
        """Let one box bring it undisturbed, and note how long each stage lasts."""
        began = time.monotonic()
        entered: dict[str, float] = {}

        def over() -> bool:
            entered.setdefault(stage := self._stage(0), time.monotonic())
            return stage == OVER

        self._run_until(self.settings, over)
        moments = [began, *(entered.get(stage, 0.0) for stage in STAGES[1:])]
        for n in reversed(range(1, len(moments))):  # a stage that is over between two looks takes no time
            moments[n] = moments[n] or moments[n + 1]
        self.lasts = {stage: moments[n + 1] - moments[n] for n, stage in enumerate(STAGES[:-1])}

    def kill(self, times: int, *, seed: int = 1, told: Callable[[], object] = lambda: None) -> None:
        """Kill so many workers; each box is killed in stages by chance, in their order, and then comes to its end.

        Args:
            times: how many.
            seed: of the chance.
            told: called when a box has come to its end.
        """
        chance = random.Random(seed)
        while self.kills < times:
            self._begin()
            for stage in sorted(chance.choices(STAGES[:-1], k=min(BOX, times - self.kills)), key=STAGES.index):
                self._kill_in(stage, chance)
            self._close_box()
            told()

    def _kill_in(self, stage: str, chance: random.Random) -> None:
        asked, here = len(self.server.asked), self._here()
        process = self._start(self.settings)
        end = time.monotonic() + LONGEST
        while STAGES.index(self._stage(asked)) < STAGES.index(stage):
            assert time.monotonic() < end, (stage, self._stage(asked))
            assert process.is_alive(), "the worker ended by itself"
            time.sleep(0.0005)
        moment = time.monotonic() + chance.uniform(0, self.lasts[stage])
        while time.monotonic() < moment and self._stage(asked) == stage:  # on a busy machine stages last differently
            time.sleep(0.0005)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "the worker ended by itself"
        self.kills += 1
        self.found[self._stage(asked)] += 1
        self._check_asked(here, self.server.asked[asked:])
        self._check()

    def _stage(self, asked: int) -> str:
        """How far a box is, whose worker may be at work; `asked`: of the server before the worker started."""
        return looked_again(lambda: self._stage_now(asked))

    def _stage_now(self, asked: int) -> str:
        data = self.settings.data_folder
        if not (self.folder / "begun").exists():
            return STARTING
        made = next((path.parent for path in self.settings.releases_folder.glob(f"*/{NEW}-*/READY")), None)
        if made is None:
            if (self.settings.scratch_folder / "update").exists():
                return MAKING
            objects = any(name.startswith("objects/") for name, _ in self.server.asked[asked:])
            return PACKS if objects else LISTS
        if set(json.loads((made / "parts.json").read_bytes())["parts"]) != set(PARTS):
            return INDEXING if any((data / "scratch").glob("make-*")) else STAGED
        if _live(self.settings) != NEW:
            return SWITCH
        return TIDYING if self._is_left() else OVER

    def _is_left(self) -> bool:
        """Whether the second edition, items of its own or packs are still here, or anything is still being made."""
        if (
            not _is_settled(self.settings)
            or any(self.settings.releases_folder.glob("*/2-*"))
            or any(self.settings.incoming_folder.glob("*/[0-9][0-9][0-9][0-9][0-9]"))
        ):
            return True
        named = set()
        for path in self.settings.releases_folder.glob("*/*/meta/items.txt"):
            named |= {line.split(b" ", 1)[0].decode() for line in path.read_bytes().splitlines()}
        return any(path.is_file() and path.name not in named for path in self.settings.carried_folder.rglob("*"))

    def _close_box(self) -> None:
        """Whatever was done to it, it ends as one that was left alone."""
        here, asked = self._here(), len(self.server.asked)
        end = time.monotonic() + LONGEST / 2

        def over() -> bool:
            """What is no longer needed of what was fetched goes with one of the next looks at the lists."""
            if self._stage(asked) != OVER:
                return False
            return time.monotonic() > end or looked_again(self._facts) == self.end

        self._run_until(self.settings, over)
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

    def _here(self) -> set[tuple[str, int]]:
        """What was ever finished of objects in this box, as the server names it."""
        for path in self.settings.incoming_folder.glob("*/*"):
            if path.parent.name == "documents":
                self._fetched_before.add((path.name, 0))
            elif path.name.isdecimal():
                self._fetched_before.add((object_path(path.parent.name), int(path.name) * PIECE))
        return set(self._fetched_before)

    def _check_asked(self, here: set[tuple[str, int]], asked: list[tuple[str, int]]) -> None:
        """Nothing that was finished before, and nothing twice in one run."""
        objects = [(name, at) for name, at in asked if name.startswith(("objects/", "tuf/targets/deltas/"))]
        again = [at for at in objects if at in here or (at[0].rpartition("/")[2], at[1]) in here]
        assert not again, f"finished and fetched again: {again}"
        assert not [at for at, count in Counter(objects).items() if count > 1], "fetched twice in one run"

    def _check(self) -> None:
        """The old edition or the new one, whole; every byte that readers get, proved; no title of the other."""
        seq = _live(self.settings)
        assert seq in {OLD, NEW}
        broken: list[str] = []
        keeper = LibraryKeeper(
            self.settings.holdings_file, self.settings.releases_folder, carried=self.settings.carried_folder,
            broken=lambda _folder, part: broken.append(part),
        )  # fmt: skip
        try:
            keeper.refresh()
            _check_readers(keeper.library, TITLES[seq], TITLES[OLD + NEW - seq])
        finally:
            keeper.close()
        assert not broken
        for stored in ReleaseStore(self.settings.releases_folder, self.folder / "unused", RealFiles()).all():
            for name, digest in stored.release.truth.items():
                assert hashlib.sha256((stored.path / "meta" / name).read_bytes()).hexdigest() == digest.sha256

    def _facts(self) -> dict[str, object]:
        """What a box ends with, as far as it is the same every time."""
        data = self.settings.data_folder
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


def _live(settings: Settings) -> int:
    """Number of the edition that readers have and can search; 0 when there is none."""
    holdings = read_holdings(settings.holdings_file) if settings.holdings_file.exists() else Holdings()
    found = [release for release in holdings.live() if release.search.state == "ready"]
    return found[0].seq if len(found) == 1 else 0


def _is_settled(settings: Settings) -> bool:
    """Whether all derived files of all editions are here, and none is made once more, whole."""
    holdings = read_holdings(settings.holdings_file)
    names = [part.name for release in holdings.releases for part in (release.catalogue, release.search)]
    return all(names) and "meta/catalogue.1" not in names and not any(settings.scratch_folder.glob("make-*"))


def _check_readers(library: Library, titles: dict[str, str], others: dict[str, str]) -> None:
    """That readers find, open and get what one edition holds, and nothing that only another one does."""
    for name, title in titles.items():
        held = library.resource(name)
        assert held is not None, name
        assert held.available, name
        assert held.resource.title == title
        assert name in {hit.held.resource.id for hit in library.search(SearchRequest(q=title)).hits}, title
        for item in held.resource.readable_items:
            assert hashlib.sha256(_content(library, item)).hexdigest() == item.sha256
    for name in others.keys() - titles.keys():
        assert library.resource(name) is None, name
        assert name not in {hit.held.resource.id for hit in library.search(SearchRequest(q=others[name])).hits}, name


def _content(library: Library, item: Any) -> bytes:
    held = library.item(item.id)
    assert held is not None
    descriptor = held.open(held.places[0])
    try:
        return os.pread(descriptor, item.size, 0)
    finally:
        os.close(descriptor)
