"""The parent of the worker, with workers that live, hang and die as they are told."""

from __future__ import annotations

import itertools
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance import keeping, worker_keeping
from appliance.worker_keeping import WorkerKeeper
from tests.box import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SCRIPT = """
import os, signal, socket, sys, time
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
link = socket.socket(fileno=int(sys.argv[1]))
link.setblocking(False)
while sys.argv[2] != "hang":
    link.send(b"alive")
    if sys.argv[2] == "die":
        os._exit(3)
    time.sleep(0.05)
time.sleep(60)
"""


class Kept:
    """A keeper that runs."""

    def __init__(self, plans: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = self.looked = 0
        following = itertools.chain(plans, itertools.repeat("live"))

        def start(_module: str, *arguments: str, keep: Sequence[int]) -> subprocess.Popen[bytes]:
            self.begun += 1
            words = [sys.executable, "-S", "-c", _SCRIPT, arguments[-1], next(following)]
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, pass_fds=tuple(keep))

        def before() -> None:
            self.looked += 1

        monkeypatch.setattr(worker_keeping, "start", start)
        self.keeper = WorkerKeeper(Path("settings.toml"))
        self.keeper.before_start = before
        self.keeper.start()


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Kept]]:
    """Makes a keeper whose workers do what the list says, one after the other."""
    monkeypatch.setattr(keeping, "RESTART_SECONDS", (0.1, 0.2))
    monkeypatch.setattr(worker_keeping, "HUNG_SECONDS", 4.0)
    monkeypatch.setattr(worker_keeping, "BEGIN_SECONDS", 4.0)
    made: list[Kept] = []

    def make(*plans: str) -> Kept:
        made.append(Kept(plans, monkeypatch))
        return made[-1]

    yield make
    for kept in made:
        kept.keeper.close()


def test_worker_that_hangs_is_killed_and_followed(
    keeper: Callable[..., Kept], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    kept = keeper("hang")
    wait_for(lambda: kept.begun == 2, "the second worker")
    assert [record.getMessage() for record in caplog.records] == ["the worker hangs and is killed"]
    assert kept.keeper.lives()
    assert kept.looked == 1  # the disk may be why


def test_worker_that_gives_signs_of_life_goes_on(keeper: Callable[..., Kept]) -> None:
    kept = keeper()
    with pytest.raises(AssertionError):
        wait_for(lambda: kept.begun == 2, "a second worker", seconds=5)
    assert kept.keeper.lives()


def test_worker_that_dies_is_followed_and_that_is_no_reason_to_end_the_box(keeper: Callable[..., Kept]) -> None:
    kept = keeper("die", "die", "die")
    wait_for(lambda: kept.begun == 4, "the fourth worker")
    assert kept.keeper.lives()
    assert kept.looked == 3


def test_where_no_worker_can_be_had_none_lives(keeper: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_keeping, "LOST_SECONDS", -1.0)
    kept = keeper("hang")
    wait_for(lambda: not kept.keeper.lives(), "a worker that is lost")


def test_worker_that_is_to_leave_ends_and_none_follows(keeper: Callable[..., Kept]) -> None:
    kept = keeper()
    wait_for(lambda: kept.begun == 1, "the worker")
    kept.keeper.leave()
    kept.keeper.close()
    assert kept.begun == 1
    assert not kept.keeper.lives()
