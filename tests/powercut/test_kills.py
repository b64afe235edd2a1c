"""kill -9 while the product's own stores write: nothing that was acknowledged is lost, nothing is half there."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.powercut.killing import STORES, Killed, Store

KILLS = 210
SEED = 20261126


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.name)
def test_database_is_durable_at_every_commit(store: Store, tmp_path: Path) -> None:
    assert store.settings(tmp_path / store.name) == ("wal", 2)


def kill(store: Store, folder: Path, times: int) -> Killed:
    """Kill its writer so many times, each one going on with what the last one left."""
    killed = Killed(store, folder)
    chance = random.Random(SEED)
    for _ in range(times):
        killed.kill_once(chance)
    return killed


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.name)
def test_killed_writer_loses_nothing(store: Store, tmp_path: Path) -> None:
    assert kill(store, tmp_path, 3).changes >= 3


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store", STORES, ids=lambda store: store.name)
def test_writer_killed_hundreds_of_times(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed = kill(store, tmp_path, KILLS)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{store.name}: {killed.kills} kills, {killed.begun} in the middle of a change, "
            f"{killed.changes} changes, {killed.torn} torn logs"
        )
    assert killed.changes > KILLS
    assert killed.begun > KILLS // 4


def test_lost_change_is_found(tmp_path: Path) -> None:
    """The check itself: a store that forgets what it acknowledged does not pass."""
    killed = kill(STORES[1], tmp_path, 1)
    killed.done.add("acknowledged and lost")
    with pytest.raises(AssertionError, match=r"acknowledged and lost|a torn log"):
        killed.kill_once(random.Random(1))
