"""Overlays are cut at any write: readers find the old edition or the new one, never something of both."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.appliance.stock import Stock
from tests.powercut.faults import NoSyncAll
from tests.powercut.judging import Verdict
from tests.powercut.overlays import (
    OverlayJudge,
    forms,
    found_by_readers,
    gets_its_place,
    is_made,
    laid,
    light,
    replaced,
    replaced_again,
)
from tests.powercut.recording import RecordingFiles
from tests.powercut.scenes import Scene
from tests.powercut.stories import after, scene_at
from tests.powercut.updates import at_hand, begun, make_stock, updated_again

LAID, WHOLE = {"catalogue": True, "search": True}, {"catalogue": False, "search": False}
STORIES: dict[str, tuple[bool, Callable[[Scene], int]]] = {
    "laid": (True, laid),
    "laid and then made whole": (False, replaced),
    "killed when the catalogue is laid": (True, updated_again(gets_its_place("catalogue"))),
    "killed when the index is laid": (True, updated_again(gets_its_place("search"))),
    "killed when the whole index has its place": (False, replaced_again),
}
"""Name → whether overlays are to stay, and what happens."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def line(memory: Path) -> Stock:
    """Three editions with deltas, at an origin."""
    return make_stock(memory / "overlaid")


def judged(
    name: str, stock: Stock, folder: Path, *, files: type[RecordingFiles] = RecordingFiles, cap: int = 2,
    start_every: int = 11, finish_every: int = 33, stop_at: int = 0,
) -> Verdict:  # fmt: skip
    """Record a story and judge its states."""
    stay, story = STORIES[name]
    with at_hand(stock.folder / "origin") as origin, light() if stay else nullcontext():
        scene = scene_at(folder, stock, files)
        start = story(scene)
        assert forms(scene) == (LAID if stay else WHOLE)
        judge = OverlayJudge(scene, folder / "cuts", start_every=start_every, finish_every=finish_every)
        judge.origin = origin
        return judge.all(start=start, cap=cap, stop_at=stop_at)


def check(verdict: Verdict, least: int = 15) -> None:
    assert not verdict.faults, (verdict.faults.most_common(), verdict.first and verdict.first[0])
    assert verdict.moments > least


def test_power_cut_while_an_edition_is_laid_over_another(line: Stock, scratch: Path) -> None:
    check(judged("laid", line, scratch / "s"))


def test_power_cut_before_it_is_told_what_was_made_whole(line: Stock, scratch: Path) -> None:
    check(judged("killed when the whole index has its place", line, scratch / "s", start_every=41, finish_every=246))


def test_overlay_that_is_not_durable_when_it_has_its_name_is_seen(line: Stock, scratch: Path) -> None:
    verdict = judged("laid", line, scratch / "s", files=NoSyncAll, cap=4, start_every=0, stop_at=1)
    assert any("READY stands on a release with half a" in said for said in verdict.faults), verdict.faults


def test_killed_while_it_is_laid_the_next_run_ends_the_same(line: Stock, scratch: Path) -> None:
    kill_at(range(1, 60, 40), line, scratch / "s")


def kill_at(counts: range, stock: Stock, folder: Path) -> None:
    """Kill after so many operations from the first thing that is made, and let the next run finish."""
    for count in counts:
        with at_hand(stock.folder / "origin"), light():
            scene = scene_at(folder, stock)
            begun(scene)
            scene.kill(is_made, scene.serving(3))
            scene.start()
            scene.kill(after(count), scene.serving(3))
            scene.start()
            scene.work(scene.serving(3))
            assert forms(scene) == LAID
            assert not list(found_by_readers(scene.files.root))
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_after_any_operation_while_it_is_laid(line: Stock, scratch: Path) -> None:
    kill_at(range(1, 120), line, scratch / "s")


@pytest.mark.slow
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_write_of_overlays(
    name: str, line: Stock, scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The box starts from one state in four, of every moment several; one in five of these gets its line again."""
    verdict = judged(name, line, scratch / "s", cap=24, start_every=4, finish_every=5)
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {verdict.moments} moments, {verdict.states} states, {len(verdict.disks)} disks\n")
    check(verdict)
