"""A real box under a system that is played by a socket: ready, alive, frozen, replaced, stopped under a download."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from appliance.service.asking import ask
from appliance.settings import Settings, load_settings
from tests.appliance.service.test_notify import Heard
from tests.appliance.stock import Stock
from tests.box import free_port, wait_for
from tests.simulator import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
FILM = os.urandom(1 << 20) * 16
WATCHDOG = 4.0
"""Seconds; under load a check may take one of them."""


@dataclass
class Service:
    """A box that a system started."""

    settings: Settings
    process: psutil.Process
    popen: subprocess.Popen[bytes]
    heard: Heard
    log: Path

    def serving(self) -> psutil.Process:
        """The process that serves."""
        for child in self.process.children():
            if "appliance.serving_process" in child.cmdline():
                return child
        raise AssertionError(self.log.read_text())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    stock = Stock(folder)
    stock.drive(stock.work(sources={**SMALL, "V1": ("长片", {"film.mp4": FILM})}))
    file = folder / "settings.toml"
    file.write_text(
        f'data_folder = "data"\nroot_file = "root.json"\ndrive_folders = ["media"]\nreserve_bytes = 0\n'
        f'listen_host = "127.0.0.1"\nlisten_port = {free_port()}\nchunk_cache_bytes = 16777216\nrestart_seconds = 90\n'
    )
    settings = load_settings(file)
    with Heard(folder / "notify") as heard, (folder / "log").open("wb") as log:
        environment = {**os.environ, "NOTIFY_SOCKET": str(heard.path), "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(file)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
        )  # fmt: skip
        try:
            yield Service(settings, psutil.Process(process.pid), process, heard, folder / "log")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)


def test_ready_is_said_when_readers_are_answered(service: Service) -> None:
    wait_for(lambda: service.heard.count("READY=1") == 1, "READY=1", service.log.read_text)
    health = ask(service.settings)
    assert health is not None
    assert any(word.startswith("STATUS=") and "。" in word for word in service.heard.all())
    wait_for(lambda: service.heard.count("WATCHDOG=1") > 1, "signs of life", service.log.read_text)


def test_serving_process_that_is_frozen_gives_no_sign_of_life(service: Service) -> None:
    serving = service.serving()
    serving.send_signal(signal.SIGSTOP)
    try:
        time.sleep(0.5)  # an answer that was under way
        before = service.heard.count("WATCHDOG=1")
        time.sleep(WATCHDOG)
        assert service.heard.count("WATCHDOG=1") == before
    finally:
        serving.send_signal(signal.SIGCONT)
    wait_for(lambda: service.heard.count("WATCHDOG=1") > before, "signs of life", service.log.read_text)


def test_hangup_is_told_as_reloading_until_the_next_process_serves(service: Service) -> None:
    old = service.serving().pid
    service.process.send_signal(signal.SIGHUP)
    wait_for(lambda: service.heard.count("READY=1") == 2, "READY=1", service.log.read_text)
    said = [w.partition("\n")[0] for w in service.heard.all() if w.startswith(("READY", "RELOADING"))]
    assert said == ["READY=1", "RELOADING=1", "READY=1"]
    wait_for(lambda: not psutil.pid_exists(old), "the old process to leave", service.log.read_text)


def test_box_that_is_stopped_lets_a_slow_download_end_and_accepts_nobody_else(service: Service) -> None:
    port, got = service.settings.listen_port, bytearray()
    wait_for(lambda: bool(film(port)), "the film")
    item, children = film(port), [child.pid for child in service.process.children()]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        link.sendall(b"GET " + item.encode() + b" HTTP/1.0\r\nHost: localhost\r\n\r\n")
        got += link.recv(1000)
        service.process.terminate()
        wait_for(lambda: refuses(port), "the box to accept no more", service.log.read_text)
        ended = threading.Thread(target=service.popen.wait)
        ended.start()
        began = time.monotonic()
        while block := link.recv(1 << 16):
            got += block
            if time.monotonic() - began < 4:  # longer than a stop at once would take
                time.sleep(0.1)
    assert bytes(got).endswith(FILM)
    ended.join(60)
    assert service.popen.returncode == 0, service.log.read_text()
    assert service.heard.all()[-1] == "STOPPING=1"
    assert not any(psutil.pid_exists(child) for child in children)


def film(port: int) -> str:
    """The address of the film; empty while the drive is not served yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/resources/V1", timeout=60) as answer:
            return str(json.load(answer)["items"][0]["url"])
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return ""


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False
