"""Connections of the receiver end: also those that send a byte now and then and never all of it."""

from __future__ import annotations

import http.client
import resource
import socket
import threading
import time

import pytest

from packager.returns import server as module
from packager.returns.application import Receiver
from packager.returns.server import server_of

HEADS = (b"PO", b"POST /returns HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nx")
"""What slow ones begin with: a request line, and a body."""


class _Nothing:
    def take(self, content):
        raise AssertionError(content)


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 2.0, raising=False)
    monkeypatch.setattr(module, "CONNECTIONS", 20)
    server = server_of(Receiver(_Nothing(), time.monotonic), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield "127.0.0.1", server.effective_port
    server.close()
    thread.join(60)


def drip(slow, until):
    """Send a byte on each now and then; how many are still open at the end."""
    open_, end = list(slow), time.monotonic() + 60
    while open_ and time.monotonic() < end and not until():
        for one in list(open_):
            try:
                one.sendall(b"x")
                one.settimeout(0.001)
                if one.recv(1000) == b"":
                    open_.remove(one)
            except TimeoutError:
                pass
            except OSError:
                open_.remove(one)
        time.sleep(0.1)
    return len(open_)


def test_clients_that_drip_are_ended_and_others_are_answered(address):
    slow = [socket.create_connection(address) for _ in range(40)]
    try:
        for number, one in enumerate(slow):
            one.sendall(HEADS[number % 2])
        assert drip(slow, lambda: False) == 0
        client = http.client.HTTPConnection(*address, timeout=60)
        client.request("GET", "/returns")
        assert client.getresponse().status == 405
        client.close()
    finally:
        for one in slow:
            one.close()


def test_descriptors_above_a_thousand_are_served_too(address):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1500:
        if hard < 1500:
            pytest.skip("this machine allows too few open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (1500, hard))
    held = [open("/dev/null", "rb") for _ in range(1100)]  # noqa: SIM115, PTH123 - many, closed below
    try:
        client = http.client.HTTPConnection(*address, timeout=60)
        client.request("GET", "/returns")
        assert client.getresponse().status == 405
        client.close()
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
