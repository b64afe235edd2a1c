from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from appliance.serving.unread import Unread, UnreadLimits, connections_to_end
from tests.appliance.serving.conftest import send_request
from tests.appliance.serving.test_pools import until

MIB = 1 << 20
LIMITS = UnreadLimits(per_client=100, all_clients=150)


@contextlib.contextmanager
def crowd(bench, count: int, **options: int) -> Iterator[list[socket.socket]]:
    """Connections of one client."""
    with contextlib.ExitStack() as kept:
        yield [kept.enter_context(bench.connect(**options)) for _ in range(count)]


@pytest.mark.parametrize(
    ("found", "ended"),
    [
        ([], []),
        ([Unread(1, "a", 100, 9)], []),
        ([Unread(1, "a", 101, 9)], [1]),
        ([Unread(1, "a", 60, 1), Unread(2, "a", 60, 5), Unread(3, "a", 0, 99)], [2]),
        ([Unread(1, "a", 60, 1), Unread(2, "b", 60, 5)], []),
        ([Unread(1, "a", 60, 1), Unread(2, "b", 60, 5), Unread(3, "c", 60, 3)], [2]),
        ([Unread(n, "a", 60, n) for n in range(4)], [3, 2, 1]),
    ],
)
def test_connections_to_end_table(found, ended):
    assert connections_to_end(found, LIMITS) == ended


def test_unread_answers_of_one_client_stay_bounded_and_others_are_served(bench_of):
    """Forty answers of 6 MiB that nobody reads: they would be 240 MiB in temporary files."""
    bench = bench_of(unread=UnreadLimits(20 * MIB, 60 * MIB))
    with crowd(bench, 40, receive_buffer=4096) as clients:
        for client in clients:
            send_request(client, "/big-page")
        until(lambda: bench.runs == 40 and not any(channel.requests for channel in channels(bench)))
        until(lambda: bench.open_connections() <= 3)
        assert 6 * MIB < held(bench) <= 20 * MIB
        began = time.monotonic()
        assert bench.get("/page").body == b"ok"
        assert len(bench.get("/big-page").body) == 6 * MIB
        assert time.monotonic() - began < 60


def test_unread_bodies_of_one_client_stay_bounded(bench_of):
    bench = bench_of(unread=UnreadLimits(8 * MIB, 60 * MIB), max_body=2 * MIB)
    with crowd(bench, 12) as clients:
        for client in clients:
            client.sendall(b"POST /form HTTP/1.1\r\nHost: b\r\nContent-Length: 1900000\r\n\r\n" + b"x" * 1800000)
        until(lambda: 3 <= bench.open_connections() < 8 and held(bench) <= 8 * MIB)


def channels(bench):
    return list(bench.server.active_channels.values())


def held(bench):
    return sum(channel.held_bytes for channel in channels(bench))
