"""The serving process and the worker are replaced under readers who ask all the time: none of them sees an error."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from appliance.clock import RealClock
from appliance.settings import Settings, load_settings
from appliance.store import commands
from appliance.store.holdings import read_holdings
from packager.format.files import RealFiles
from tests.appliance.stock import Stock
from tests.box import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Box:
    """A box with one drive."""

    settings: Settings
    process: psutil.Process
    log: Path

    def serving(self) -> set[int]:
        """The processes that have the socket, but for the parent."""
        found = set()
        for child in self.process.children():
            with contextlib.suppress(psutil.Error):
                if any(c.laddr.port == self.settings.listen_port for c in child.net_connections("tcp")):
                    found.add(child.pid)
        return found

    def worker(self) -> int:
        return read_holdings(self.settings.holdings_file).worker.pid


@dataclass
class Readers:
    """Clients that ask without a pause, each connection new or kept as long as the server keeps it."""

    port: int
    answers: int = 0
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def asking(self) -> Iterator[Readers]:
        threads = [threading.Thread(target=self._ask, args=(kept,)) for kept in (False, False, True, True)]
        for thread in threads:
            thread.start()
        yield self
        self._stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def _ask(self, kept: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/health", headers={} if kept else {"Connection": "close"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or b'"resources":4' not in body.replace(b" ", b""):
                    self.errors.append(f"{answer.status} {body[:80]!r}")
                self.answers += 1
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                connection.close()
            time.sleep(0.01)
        connection.close()


def until(ready: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException, psutil.Error):
            if ready():
                return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def resources(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().read().replace(b" ", b"")
    finally:
        connection.close()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder = tmp_path_factory.mktemp("restart")
    stock = Stock(folder)
    stock.drive(stock.work(ready=True))
    file = folder / "settings.toml"
    file.write_text(
        f'data_folder = "data"\nroot_file = "root.json"\ndrive_folders = ["media"]\nreserve_bytes = 0\n'
        f'listen_host = "127.0.0.1"\nlisten_port = {free_port()}\nchunk_cache_bytes = 16777216\nrestart_seconds = 5\n'
    )
    settings = load_settings(file)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(file)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until(lambda: b'"resources":4' in resources(settings.listen_port))
        yield Box(settings, psutil.Process(process.pid), folder / "log")
    finally:
        process.terminate()
        code = process.wait(60)
    assert code == 0, (folder / "log").read_text()


def test_box_is_its_parent_and_two_processes(box: Box) -> None:
    assert {child.pid for child in box.process.children(recursive=True)} == {*box.serving(), box.worker()}


def test_hangup_replaces_both_processes_and_nobody_sees_an_error(box: Box) -> None:
    old, worker = box.serving(), box.worker()
    assert len(old) == 1
    with Readers(box.settings.listen_port).asking() as readers:
        box.process.send_signal(signal.SIGHUP)
        until(lambda: box.serving() - old and not box.serving() & old)
        until(lambda: box.worker() not in {0, worker})
    assert readers.errors == []
    assert readers.answers > 20


@pytest.mark.slow
def test_serving_process_that_is_told_to_leave_is_followed_without_an_error(box: Box) -> None:
    old = box.serving()
    with Readers(box.settings.listen_port).asking() as readers:
        os.kill(min(old), signal.SIGTERM)
        until(lambda: box.serving() - old and not box.serving() & old)
    assert readers.errors == []
    assert readers.answers >= 4  # they waited for the next process, all of them


def test_serving_process_that_is_killed_is_followed_and_no_connection_is_refused(box: Box) -> None:
    old = box.serving()
    with Readers(box.settings.listen_port).asking() as readers:
        os.kill(min(old), signal.SIGKILL)
        until(lambda: box.serving() - old)
        before = readers.answers
        until(lambda: readers.answers > before + 20)
    assert len(readers.errors) <= 8  # answers that were under way, and kept or waiting connections of that process
    assert not any("Refused" in error for error in readers.errors)


def test_command_that_is_given_while_the_worker_is_replaced_is_done(box: Box) -> None:
    worker, drive = box.worker(), read_holdings(box.settings.holdings_file).drives[0].key
    os.kill(worker, signal.SIGTERM)
    until(lambda: not psutil.pid_exists(worker))
    command = {"do": "eject", "drive": drive}
    commands.send(box.settings.commands_folder, command, clock=RealClock(), files=RealFiles())
    until(lambda: box.worker() not in {0, worker})
    until(lambda: read_holdings(box.settings.holdings_file).drives[0].state in {"ejecting", "ejected"})
