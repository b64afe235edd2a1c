"""The real intake is recorded, and every state that a power cut could leave is judged by the code that starts next."""

from __future__ import annotations

import errno
import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance.stock import Stock
from tests.powercut.faults import FAULTS
from tests.powercut.judging import Judge, Verdict
from tests.powercut.recording import RecordingFiles
from tests.powercut.scenes import essence
from tests.powercut.stories import STORIES, Story, after, at, killed, scene_at, second

KILLS = {
    "killed when the metadata has its name": at("rename", "tuf/trusted.a"),
    "killed when a floor has its name": at("rename", "tuf/floor.a"),
    "killed when the release has its place": at("rename", "releases/"),
    "killed when the document has its name": at("rename", "holdings.json"),
}

DROPPING = ("third", "taken_back")
"""Stories that throw a release away file by file: their states are many, and each is started from."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Torn files are told in the log, thousands of times."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def judged(story: Story, stock: Stock, folder: Path, *, cap: int, start_every: int, finish_every: int) -> Verdict:
    """Record a story and judge its states."""
    scene = scene_at(folder, stock)
    start = story(scene)
    judge = Judge(scene, folder / "cuts", start_every=start_every, finish_every=finish_every)
    verdict = judge.all(start=start, cap=cap)
    done, state = verdict.first or (0, {})
    assert not verdict.faults, (verdict.faults.most_common(), done, scene.files.ops[done - 1][:2], sorted(state))
    return verdict


@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_any_moment_leaves_the_old_or_the_new(name: str, stock: Stock, scratch: Path) -> None:
    verdict = judged(STORIES[name], stock, scratch / "s", cap=2, start_every=23, finish_every=69)
    assert verdict.moments > 50
    assert len(verdict.disks) > 30


@pytest.mark.parametrize("name", KILLS)
def test_power_cut_after_a_kill_takes_nothing_that_was_told(name: str, stock: Stock, scratch: Path) -> None:
    verdict = judged(killed(KILLS[name]), stock, scratch / "s", cap=2, start_every=23, finish_every=69)
    assert verdict.moments > 30


@pytest.mark.parametrize("name", FAULTS)
def test_seeded_fault_turns_the_simulator_red(name: str, stock: Stock, scratch: Path) -> None:
    fault = FAULTS[name]
    with fault.patch():
        scene = scene_at(scratch / "s", stock, fault.files)
        start = fault.begin(scene.files.ops, fault.story(scene))
        judge = Judge(scene, scratch / "cuts", start_every=int(fault.start_box), finish_every=0)
        verdict = judge.all(start=start, cap=4, stop_at=1)
    assert any(fault.says in said for said in verdict.faults), verdict.faults
    assert verdict.first is not None


def test_killed_at_moments_apart_the_next_run_ends_the_same(stock: Stock, scratch: Path) -> None:
    kill_at(range(1, 400, 80), stock, scratch)


def kill_at(counts: range, stock: Stock, folder: Path) -> None:
    """Kill after so many operations, without a power cut, and let the next run finish."""
    ends = set()
    for count in counts:
        scene = scene_at(folder / "s", stock)
        killed(after(count))(scene)
        assert scene.box is not None
        ends.add(essence(scene.box.holdings()))
        shutil.rmtree(folder / "s")
    assert len(ends) == 1


class NoRoomForTheDocument(RecordingFiles):
    """A full SSD, where even the document cannot be written."""

    full = False

    def _append(self, handle: int, block: bytes) -> None:
        if self.full and self._open[handle].startswith("holdings.json"):
            raise OSError(errno.ENOSPC, "full")
        super()._append(handle, block)


def test_full_disk_that_takes_no_document_is_made_room_on_all_the_same(stock: Stock, scratch: Path) -> None:
    scene = scene_at(scratch / "s", stock, NoRoomForTheDocument)
    second(scene)
    scene.unplug("two")
    assert isinstance(scene.files, NoRoomForTheDocument)
    scene.files.full = True
    scene.plug(3, "three")
    with pytest.raises(AssertionError, match="not ready"):
        scene.work(scene.serving(3))
    assert {stored.release.seq for stored in scene.box.stored()} == {2, 3}
    scene.files.full = False
    scene.work(scene.serving(3, held=(3, 2)))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_after_any_operation_the_next_run_ends_the_same(stock: Stock, scratch: Path) -> None:
    kill_at(range(1, 420), stock, scratch)


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_twenty_thousand_power_cuts(stock: Stock, scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The box starts from every state, one in twenty gets its drives again. Figures: docs/measurements.md."""
    stories = {
        **STORIES,
        **{name: killed(dies) for name, dies in KILLS.items()},
        **{f"killed after {count} operations": killed(after(count)) for count in range(40, 400, 40)},
    }
    disks: set[int] = set()
    kept: set[int] = set()
    states = moments = 0
    for name, story in stories.items():
        cap = 96 if name in DROPPING else 192
        verdict = judged(story, stock, scratch / "s", cap=cap, start_every=1, finish_every=20)
        shutil.rmtree(scratch / "s")  # all stories happen in the same place, so that equal states count once
        disks |= verdict.disks
        kept |= verdict.kept
        states, moments = states + verdict.states, moments + verdict.moments
        with capsys.disabled():
            sys.stdout.write(f"\n{name}: {verdict.moments} moments, {verdict.states} states; distinct so far: ")
            sys.stdout.write(
                f"{len(disks)}, {len(kept)} without the scratch folder; {moments} moments, {states} states"
            )
            sys.stdout.flush()
    assert len(disks) >= 20_000
