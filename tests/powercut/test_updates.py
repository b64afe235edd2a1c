"""An update is cut at any of its writes: the box has the old edition or the new one, and fetches nothing twice."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.stock import Stock
from tests.powercut.judging import Verdict
from tests.powercut.recording import RecordingFiles
from tests.powercut.scenes import Scene
from tests.powercut.stories import after, at, scene_at
from tests.powercut.updates import (
    ItemsLater,
    PiecesLater,
    UpdateJudge,
    at_hand,
    begun,
    forgetful,
    forgotten_first,
    make_stock,
    updated,
    updated_again,
)

Story = Callable[[Scene], int]
STORIES: dict[str, Story] = {
    "not disturbed": updated,
    "killed when a piece has its name": updated_again(at("rename", "incoming/")),
    "killed when an object is whole": updated_again(lambda op: op[0] == "rename" and str(op[2]).endswith("/WHOLE")),
    "killed when an item has its name": updated_again(at("rename", "carried/")),
    "killed when the release has its place": updated_again(at("rename", "releases/")),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def line(memory: Path) -> Stock:
    """Three editions with deltas, at an origin."""
    return make_stock(memory / "line")


def judged(
    story: Story, stock: Stock, folder: Path, *, files: type[RecordingFiles] = RecordingFiles, cap: int = 2,
    start_every: int = 23, finish_every: int = 69, stop_at: int = 0,
) -> Verdict:  # fmt: skip
    """Record a story and judge its states."""
    with at_hand(stock.folder / "origin") as origin:
        scene = scene_at(folder, stock, files)
        start = story(scene)
        judge = UpdateJudge(scene, folder / "cuts", start_every=start_every, finish_every=finish_every)
        judge.origin = origin
        return judge.all(start=start, cap=cap, stop_at=stop_at)


def check(verdict: Verdict) -> None:
    assert not verdict.faults, (verdict.faults.most_common(), verdict.first and verdict.first[0])
    assert verdict.moments > 50


def test_power_cut_in_an_update_leaves_the_old_edition_or_the_new(line: Stock, scratch: Path) -> None:
    check(judged(updated, line, scratch / "s"))


def test_power_cut_keeps_items_that_a_killed_worker_had_not_made_durable(line: Stock, scratch: Path) -> None:
    """The next worker finds them by name and need not make them; their names are not durable by that alone."""

    def story(scene: Scene) -> int:
        done = STORIES["killed when an item has its name"](scene)
        ops = scene.files.ops[done:]
        return done + next(n for n, op in enumerate(ops) if op[0] == "rename" and str(op[2]).startswith("releases/"))

    verdict = judged(story, line, scratch / "s", cap=2, start_every=9, finish_every=1, stop_at=1)
    assert not verdict.faults, verdict.faults


FAULTS: dict[str, tuple[str, type[RecordingFiles], Callable[[], AbstractContextManager[Any]]]] = {
    "pieces are not durable": ("an object is called whole and is not", PiecesLater, nullcontext),
    "items are not durable": ("an item has other bytes than it is named by", ItemsLater, nullcontext),
    "what was fetched is forgotten": ("is fetched", RecordingFiles, forgetful),
    "packs go before the release is there": ("is fetched twice", RecordingFiles, forgotten_first),
}


@pytest.mark.parametrize("name", FAULTS)
def test_seeded_fault_turns_the_simulator_red(name: str, line: Stock, scratch: Path) -> None:
    says, files, patch = FAULTS[name]
    with patch():
        every, enough = (5, 3) if files is RecordingFiles else (0, 0)
        verdict = judged(
            updated, line, scratch / "s", files=files, start_every=every, finish_every=every, stop_at=enough
        )
    assert any(says in said for said in verdict.faults), verdict.faults


def test_killed_at_moments_apart_an_update_ends_the_same_and_fetches_nothing_twice(line: Stock, scratch: Path) -> None:
    kill_at(range(1, 260, 37), line, scratch / "s")


def kill_at(counts: range, stock: Stock, folder: Path) -> None:
    """Kill after so many operations, without a power cut, and let the next run finish."""
    for count in counts:
        with at_hand(stock.folder / "origin") as origin:
            scene = scene_at(folder, stock)
            begun(scene)
            origin.taken.clear()
            scene.kill(after(count), scene.serving(3))
            scene.start()
            scene.work(scene.serving(3))
            twice = [found for found, times in origin.objects().items() if times > 1]
        # the piece under way, or the document, when the process ended: that one was not finished
        assert len(twice) <= 1, (count, twice)
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_after_any_operation_an_update_ends_the_same(line: Stock, scratch: Path) -> None:
    kill_at(range(1, 420), line, scratch / "s")


@pytest.mark.slow
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_write_of_an_update(
    name: str, line: Stock, scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The box starts from one state in four, of every moment several; one in five of these gets its line again."""
    verdict = judged(STORIES[name], line, scratch / "s", cap=24, start_every=4, finish_every=5)
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {verdict.moments} moments, {verdict.states} states, {len(verdict.disks)} disks\n")
    check(verdict)
