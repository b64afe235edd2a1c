"""Whether a box comes up from a state that a power cut left, judged by the code that it really comes up with."""

from __future__ import annotations

import hashlib
import shutil
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from appliance.clock import FixedClock
from appliance.errors import HoldingsError
from appliance.intake.journal import Journal
from appliance.library.keeper import LibraryKeeper
from appliance.store.holdings import Holdings
from appliance.store.releases import ReleaseStore
from packager.format.bag import RECORDS
from packager.format.floors import TwoCopies
from tests.powercut.box import SteppedBox, put, remembered_proofs, tree, without_threads
from tests.powercut.disk import State
from tests.powercut.recording import states
from tests.powercut.scenes import Essence, Scene, Snapshot, essence, floors_at
from tests.simulator import FastFiles

NOT_THERE = "the document names a release that is not there"
REPEATED = 10
"""Of states that differ in the scratch folder only, the box is started from one in so many after the first."""


def without_scratch(state: State) -> frozenset[tuple[str, bytes | None]]:
    """What is on the disk outside the scratch folder."""
    return frozenset(item for item in state.items() if not item[0].startswith("scratch"))


def _is_ready(name: str) -> bool:
    return name.startswith("releases/") and name.endswith("/READY")


@dataclass
class Verdict:
    """What was seen of a scene.

    Attributes:
        moments: between two operations. states: judged, distinct by what is on the disk and what was done by then.
        disks: digests of the distinct contents of the disk. kept: the same without the scratch folder.
        faults: what was wrong, with how often.
        first: the first faulty state, with the number of operations before it.
    """

    moments: int = 0
    states: int = 0
    disks: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    first: tuple[int, State] | None = None


class Judge:
    """Judges the states of one scene, each distinct one once."""

    def __init__(self, scene: Scene, scratch: Path, *, start_every: int = 1, finish_every: int = 1) -> None:
        """Begin.

        Args:
            scene: recorded.
            scratch: a folder for states, made when missing.
            start_every: the box is started from one in so many states; the others are looked at as they lie. 0: none.
            finish_every: one in so many of these is also read as it lies, given its drives, and must end as the
                scene did, with readers who see all of it. 0: none.
        """
        scratch.mkdir(exist_ok=True)
        self._scene, self._scratch = scene, scratch
        self._start_every, self._finish_every = start_every, finish_every
        self._releases = scene.releases
        self._marks = [(at, mark) for at, mark in scene.files.marks if isinstance(mark, Snapshot)]
        assert scene.box is not None
        self._end: Essence = essence(scene.box.holdings())
        self._looked_at: dict[frozenset[tuple[str, bytes | None]], list[str]] = {}
        self._started_from: set[tuple[int, int]] = set()
        self._number = 0
        self.promised: Mapping[str, bytes] = {}
        self.passed: frozenset[str] = frozenset()  # releases on the way, which a cut may leave beside the others

    def all(self, *, start: int = 0, cap: int = 64, seed: int = 1, stop_at: int = 0) -> Verdict:
        """Judge every state from `start` on; `stop_at`: so many faulty states are enough (0: all)."""
        verdict = Verdict()
        seen: set[tuple[frozenset[tuple[str, bytes | None]], int]] = set()
        moments: set[int] = set()
        faulty = 0
        for done, replay, state in states(self._scene.files.ops, start=start, cap=cap, seed=seed):
            moments.add(done)
            disk = frozenset(state.items())
            verdict.disks.add(hash(disk))
            verdict.kept.add(hash(without_scratch(state)))
            found = replay.broken_promises(state)
            place = bisect_right(self._marks, done, key=lambda mark: mark[0]) - 1
            if (disk, place) not in seen:
                seen.add((disk, place))
                self.promised = replay.promised
                found += self.judge(state, place)
            if found:
                faulty += 1
                verdict.faults.update(found)
                verdict.first = verdict.first or (done, state)
                if faulty == stop_at:
                    break
        verdict.moments, verdict.states = len(moments), len(seen)
        return verdict

    def judge(self, state: State, place: int) -> list[str]:
        """What is wrong with a state that a cut left after the mark `place` and before the next."""
        self._number += 1
        before = self._marks[place][1]
        after = self._marks[min(place + 1, len(self._marks) - 1)][1]
        found = [*self._document(state, before, after), *self._releases_as_they_lie(state), *self._more(state)]
        if self._is_due(self._start_every) and self._is_worth_it(state, place):
            with self._real(state) as folder:
                found += self._started(folder, before, after)
        return found

    def _more(self, _state: State) -> Iterator[str]:
        """What else is wrong with a state as it lies; for scenes of their own."""
        yield from ()

    def _at_the_end(self, _folder: Path) -> Iterator[str]:
        """What else is wrong when the next run is over."""
        yield from ()

    @contextmanager
    def _real(self, state: State) -> Iterator[Path]:
        folder = self._scratch / f"cut-{self._number}"
        put(state, folder)
        yield folder
        shutil.rmtree(folder)

    def _releases_as_they_lie(self, state: State) -> list[str]:
        """What is wrong with releases that have a READY, before anything is put in order; equal ones are read once."""
        ready = [name.removesuffix("READY") for name in state if _is_ready(name)]
        found = []
        for at in ready:
            release = {name: content for name, content in state.items() if name.startswith(at)}
            key = frozenset(release.items())
            if key not in self._looked_at:
                with self._real(release) as folder:
                    self._looked_at[key] = list(self._as_it_lies(folder, release, at))
            found += self._looked_at[key]
        return found

    def _is_worth_it(self, state: State, place: int) -> bool:
        """Whether more than the scratch folder, which every start empties, is new; else one in `REPEATED` is."""
        key = place, hash(without_scratch(state))
        new = key not in self._started_from
        self._started_from.add(key)
        return new or self._number % REPEATED == 0

    def _is_due(self, every: int) -> bool:
        return every > 0 and self._number % every == 0

    def _as_it_lies(self, folder: Path, state: State, at: str) -> Iterator[str]:
        """READY stands on whole releases only, or on some that lack their records and can be browsed."""
        store = ReleaseStore(folder / "releases", folder / "scratch", FastFiles())
        stored = store.get(at.removeprefix("releases/").removesuffix("/"))
        if stored is None:
            yield "READY stands on a release that is not whole"
            return
        yield from self._release_is_whole(stored.folder, stored.path, state)
        if not stored.whole and "catalogue" not in stored.parts:
            yield "READY stands on a release without records and without a catalogue"
        for part, named in stored.parts.items():
            digest = hashlib.sha256(repr(tree(stored.path / named)).encode()).digest()
            if digest not in self._scene.parts[stored.folder, part]:
                yield f"READY stands on a release with half a {part}"

    def _release_is_whole(self, name: str, path: Path, state: State) -> Iterator[str]:
        release = self._releases[name]
        at = f"releases/{name}"
        if state[f"{at}/release.json"] != release.to_bytes():
            yield "a release has another document"
        for truth, digest in release.truth.items():
            if truth == RECORDS and name in self._scene.lacked and f"{at}/meta/{truth}" not in state:
                continue
            if hashlib.sha256(state.get(f"{at}/meta/{truth}") or b"").hexdigest() != digest.sha256:
                yield f"READY stands on a release with other bytes in {truth}"
        store = ReleaseStore(path.parent.parent, path, FastFiles())
        stored = store.get(name)
        for disk in stored.samples if stored else ():
            if not store.sample(stored, disk):
                yield "a drive's sample is torn"

    def _started(self, folder: Path, before: Snapshot, after: Snapshot) -> Iterator[str]:
        """What the box has when it starts again, without a drive and then with those of the scene."""
        lines = len(list(Journal(folder / "intake.jsonl", FastFiles(), FixedClock()).read()))
        if not before.lines <= lines <= after.lines:
            yield f"the journal has {lines} lines"
        if self._is_due(self._finish_every):
            yield from _served(folder)
        with without_threads(), remembered_proofs():
            try:
                box = SteppedBox(self._scene.settings(folder, plugged=False), FastFiles(), FixedClock())
            except Exception as error:  # noqa: BLE001 - the box must come up, whatever stops it
                yield f"the box does not start: {error!r}"
                return
            yield from self._kept(folder, box, before, after)
            yield from self._published(folder, before, box.until(lambda h: h.generation > box.began_with))
            if not self._is_due(self._finish_every):
                return
            box = SteppedBox(self._scene.settings(folder), FastFiles(), FixedClock())
            try:
                end = essence(box.until(self._scene.ready))
            except AssertionError:
                yield "the next run does not finish"
                return
            if self._without_passed(end) != self._without_passed(self._end):
                yield f"the next run ends with {end}, not {self._end}"
            yield from _served(folder)
            yield from self._at_the_end(folder)
            left = [path.name for path in (folder / "scratch").iterdir()]
            if left:
                yield f"the next run leaves {left} in the scratch folder"

    def _without_passed(self, end: Essence) -> Essence:
        """What readers have; a release on the way that they do not get aside."""
        releases, *others = end
        assert isinstance(releases, tuple)
        return tuple(one for one in releases if one[1] or one[0] not in self.passed), *others

    def _document(self, state: State, before: Snapshot, after: Snapshot) -> Iterator[str]:
        """The document is one that was written, and names what is there."""
        content = state.get("holdings.json") or b""
        if content not in {before.holdings, after.holdings}:
            yield "the document is neither the old nor the new one"
        try:
            holdings = Holdings.from_bytes(content) if content else Holdings()
        except HoldingsError:
            yield "the document is torn"
            return
        for release in holdings.releases:
            if state.get(f"releases/{release.folder}/READY") is None:
                yield NOT_THERE
            for part in (release.catalogue, release.search):
                at = f"releases/{release.folder}/{part.name}"
                if part.name and not any(name == at or name.startswith(f"{at}/") for name in state):
                    yield "the document names a derived file that is not there"

    def _kept(self, folder: Path, box: SteppedBox, before: Snapshot, after: Snapshot) -> Iterator[str]:
        versions = box.trust.current().versions
        for role, version in before.versions.items():
            if not version <= versions.get(role, 0) <= max(version, after.versions.get(role, 0)):
                yield f"trusted {role} is {versions.get(role)}, it was {version}"
        floors = floors_at(folder / "tuf")
        for role, version in {**before.floors, **versions}.items():
            if floors.get(role, 0) < version:
                yield f"the floor of {role} is below what was trusted"
        for name in ("trusted", "floor") if versions else ():
            if len(set(copies := TwoCopies(folder / "tuf", name, FastFiles()).newest_first())) != 1 or len(copies) != 2:
                yield f"the two copies of {name} are not made equal"
        folders = {stored.folder for stored in box.stored()}
        if not before.folders & after.folders <= folders <= before.folders | after.folders | self.passed:
            yield f"there are the releases {folders}, there were {before.folders}"
        whole = {stored.folder for stored in box.stored() if stored.whole}
        if not before.whole & after.whole <= whole:
            yield f"records are lost of {before.whole - whole}"
        left = {f"{p.parent.name}/{p.name}" for p in (folder / "releases").glob("*/*")} - folders
        if left:
            yield f"half a release is left: {left}"

    def _published(self, folder: Path, before: Snapshot, holdings: Holdings) -> Iterator[str]:
        """Old or new wholly: what is told without a drive can be browsed and searched, or is being made."""
        if not before.withdrawn <= set(holdings.withdrawn):
            yield "what was withdrawn is there again"
        for release in holdings.releases:
            for part in (release.catalogue, release.search):
                if part.state == "failed":
                    yield "a derived file cannot be made"
                elif part.name and not (folder / "releases" / release.folder / part.name).exists():
                    yield "the new document names a derived file that is not there"


def _served(folder: Path) -> Iterator[str]:
    """What readers get of the document as it stands: the serving process does not wait for the worker."""
    broken: list[str] = []
    keeper = LibraryKeeper(folder / "holdings.json", folder / "releases", broken=lambda _at, part: broken.append(part))
    holdings = keeper.library.holdings
    if broken:
        yield f"the serving process finds a broken {broken[0]}"
    told = sum(r.count for r in holdings.live() if r.catalogue.state == "ready")
    told -= len(holdings.withdrawn) if told else 0  # a story withdraws what all its releases hold
    found = keeper.library.stats().resources
    if found != told:
        yield f"readers see {found} resources of {told}"
