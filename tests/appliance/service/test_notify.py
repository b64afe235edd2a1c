"""Datagrams for systemd, with a socket in its place."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.service.asking import Health
from appliance.service.notify import MAX_STATUS, Notifier
from appliance.service.watchdog import Watchdog
from tests.box import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

WELL = Health("normal", "一切正常，读者可以使用。")


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    with Heard(tmp_path / "notify") as listening:
        yield listening


class Heard:
    """Stands where systemd listens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words: list[str] = []

    def __enter__(self) -> Heard:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def all(self) -> list[str]:
        """Everything said up to now."""
        try:
            while True:
                self.words.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return self.words

    def count(self, word: str) -> int:
        return self.all().count(word)

    def notifier(self, **more: str) -> Notifier:
        return Notifier({"NOTIFY_SOCKET": str(self.path), **more})


def test_every_word_is_one_datagram_as_the_manual_says(heard: Heard) -> None:
    notifier = heard.notifier()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    for say in (notifier.ready, notifier.alive, notifier.reloading, notifier.stopping):
        say()
    notifier.takes_longer(60)
    ready, alive, reloading, stopping, longer = heard.all()
    assert (ready, alive, stopping) == ("READY=1", "WATCHDOG=1", "STOPPING=1")
    assert longer == "EXTEND_TIMEOUT_USEC=60000000"
    word, _, moment = reloading.partition("\nMONOTONIC_USEC=")
    assert word == "RELOADING=1"
    assert before <= int(moment) <= before + 10_000_000


def test_status_is_one_line_and_said_once(heard: Heard) -> None:
    notifier = heard.notifier()
    for sentence in ("● 一切正常，\n读者可以使用。", "● 一切正常， 读者可以使用。", "题" * 1000):
        notifier.status(sentence)
    assert heard.all() == ["STATUS=● 一切正常， 读者可以使用。", "STATUS=" + "题" * MAX_STATUS]


def test_abstract_address_is_used(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{tmp_path}")
        Notifier({"NOTIFY_SOCKET": f"@{tmp_path}"}).ready()
        listening.settimeout(5)
        assert listening.recv(100) == b"READY=1"


def test_without_a_system_nothing_is_said_and_nothing_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier({}).ready()
    assert not caplog.records
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    assert "READY=1" in caplog.text


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({}, 0),
    ],
)
def test_patience_of_the_system_is_taken_when_it_is_meant_for_us(environment: dict[str, str], seconds: int) -> None:
    assert Notifier(environment).watchdog_seconds == seconds


class Asked:
    """Answers as it is told."""

    def __init__(self) -> None:
        self.health: Health | None = None
        self.worker, self.starting = True, True

    def watchdog(self, heard: Heard) -> Watchdog:
        notifier = heard.notifier(WATCHDOG_USEC="400000")
        return Watchdog(notifier, lambda _seconds: self.health, lambda: self.worker, lambda: self.starting)


def test_ready_follows_an_answer_and_every_answer_is_a_sign_of_life(heard: Heard) -> None:
    asked = Asked()
    watchdog = asked.watchdog(heard)
    watchdog.start()
    wait_for(lambda: heard.count("EXTEND_TIMEOUT_USEC=60000000") > 1, "more time")
    assert set(heard.all()) == {"EXTEND_TIMEOUT_USEC=60000000"}
    asked.health = WELL
    wait_for(lambda: heard.count("WATCHDOG=1") > 3, "signs of life")
    said = [word for word in heard.all() if not word.startswith("EXTEND")]
    assert said[:3] == ["STATUS=● 一切正常，读者可以使用。", "READY=1", "WATCHDOG=1"]
    assert heard.count("READY=1") == 1
    watchdog.close()
    assert heard.all()[-1] == "STOPPING=1"


@pytest.mark.parametrize("what", ["answer", "worker"])
def test_no_sign_of_life_without_an_answer_or_a_worker(heard: Heard, what: str) -> None:
    asked = Asked()
    asked.health = WELL
    watchdog = asked.watchdog(heard)
    watchdog.start()
    wait_for(lambda: heard.count("WATCHDOG=1") > 1, "signs of life")
    if what == "answer":
        asked.health = None
    else:
        asked.worker = False
    time.sleep(1)  # one that was under way
    before = heard.count("WATCHDOG=1")
    time.sleep(0.6)
    assert heard.count("WATCHDOG=1") == before
    asked.health, asked.worker = WELL, True
    wait_for(lambda: heard.count("WATCHDOG=1") > before, "signs of life")
    watchdog.close()


def test_replacing_is_said_and_ended_only_after_the_start(heard: Heard) -> None:
    asked = Asked()
    watchdog = asked.watchdog(heard)
    watchdog.replacing()
    watchdog.replaced()
    assert heard.all() == []
    asked.health = WELL
    watchdog.start()
    wait_for(lambda: heard.count("READY=1") == 1, "ready")
    watchdog.replacing()
    watchdog.replaced()
    said = [word.partition("\n")[0] for word in heard.all() if not word.startswith("WATCHDOG")]
    assert said[-3:] == ["READY=1", "RELOADING=1", "READY=1"]
    watchdog.close()
