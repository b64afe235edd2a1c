"""The parent of the serving process, with processes that say and die as they are told."""

from __future__ import annotations

import itertools
import logging
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from appliance import keeping
from appliance.keeping import ServingKeeper
from tests.box import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SCRIPT = """
import os, signal, socket, sys, time
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
link = socket.socket(fileno=int(sys.argv[1]))
def leave(*_):
    link.send(b"leaving")
    time.sleep(1.5)
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
for word in sys.argv[2:]:
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "stay":
        time.sleep(60)
    link.send(word.encode())
"""
READY, LEAVING, DIE, STAY = "ready", "leaving", "die", "stay"


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Kept]]:
    """Makes a keeper whose processes do what the lists say, one after the other."""
    monkeypatch.setattr(keeping, "RESTART_SECONDS", (0.2, 0.3, 0.4))
    made: list[Kept] = []

    def make(*plans: Sequence[str]) -> Kept:
        made.append(Kept(plans, monkeypatch))
        return made[-1]

    yield make
    for kept in made:
        kept.close()


class Kept:
    """A keeper that runs."""

    def __init__(self, plans: Sequence[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = 0
        self.failed = threading.Event()
        following = itertools.chain(plans, itertools.repeat([READY, STAY]))

        def start(_module: str, *arguments: str, keep: Sequence[int]) -> subprocess.Popen[bytes]:
            self.begun += 1
            words = [sys.executable, "-S", "-c", _SCRIPT, arguments[-1], *next(following)]
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, pass_fds=tuple(keep))

        monkeypatch.setattr(keeping, "start", start)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.keeper = ServingKeeper(Path("settings.toml"), self._listener, 1.0, self.failed.set)
        self.keeper.start()

    def close(self) -> None:
        self.keeper.close()
        self._listener.close()


def test_first_process_that_does_not_come_to_serve_ends_the_box(keeper: Callable[..., Kept]) -> None:
    kept = keeper([DIE])
    assert kept.failed.wait(60)
    assert kept.begun == 1


def test_process_that_dies_while_it_follows_one_that_died_is_followed_too(
    keeper: Callable[..., Kept], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    kept = keeper([READY, DIE], [DIE], [DIE])
    wait_for(lambda: kept.begun == 4, "the fourth process")
    assert not kept.failed.wait(0.5)
    assert kept.begun == 4
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"serving ended with -9; it starts again in {wait} s" for wait in ("0.2", "0.3", "0.4")]


def test_storm_of_restarts_never_leaves_more_than_two_processes(keeper: Callable[..., Kept]) -> None:
    kept = keeper()
    most = 0

    def stormed() -> bool:
        nonlocal most
        most = max(most, len([child for child in psutil.Process().children() if child.status() != "zombie"]))
        kept.keeper.restart()
        return kept.begun == 4

    before = len(psutil.Process().children())
    wait_for(stormed, "the fourth process")
    assert most - before <= 2


def test_process_that_served_is_followed_soon_however_often_it_dies(
    keeper: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeping, "SERVED_SECONDS", 0.25)
    kept = keeper(*[[READY, DIE]] * 3)
    wait_for(lambda: kept.begun == 4, "the fourth process")
    assert [record.getMessage().rpartition(" in ")[2] for record in caplog.records] == ["0.2 s", "0.2 s", "0.2 s"]


def test_process_that_says_that_it_leaves_is_followed_at_once(
    keeper: Callable[..., Kept], caplog: pytest.LogCaptureFixture
) -> None:
    kept = keeper([READY, LEAVING, STAY])
    wait_for(lambda: kept.begun == 2, "the second process")
    assert not caplog.records
