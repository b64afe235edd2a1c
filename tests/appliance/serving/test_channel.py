"""Clients that do not read, do not write, or come in crowds. What waitress does of itself, these tests fail on."""

from __future__ import annotations

import os
import resource
import selectors
import threading
import time
from dataclasses import replace

import pytest

from appliance.serving.reaper import Patience
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import read_answer, send_request
from tests.appliance.serving.test_pools import until

STALLED = {
    "plain": "GET /items/a HTTP/1.1\r\nHost: b\r\n\r\n",
    "range": "GET /items/a HTTP/1.1\r\nHost: b\r\nRange: bytes=0-\r\n\r\n",
    "pipelined": "GET /items/a HTTP/1.1\r\nHost: b\r\n\r\n" * 2,
    "pipelined pages": "GET /big-page HTTP/1.1\r\nHost: b\r\n\r\n" * 6,
}


def stall(bench, kind):
    sock = bench.connect(receive_buffer=4096)
    sock.sendall(STALLED[kind].encode())
    return sock


@pytest.mark.parametrize("kind", STALLED)
def test_starvation_four_stalled_readers_and_a_page_is_answered(bench_of, files, kind):
    bench = bench_of(threads=4)
    files(bench, "a", 32 * CHUNK)
    clients = [stall(bench, kind) for _ in range(4)]
    time.sleep(0.5)
    began = time.monotonic()
    assert bench.get("/page").body == b"ok"
    assert time.monotonic() - began < 60  # else it waits for the reaper
    for client in clients:
        client.close()


def test_pipelined_request_behind_a_file_closes_after_the_file(bench_of, files):
    """Two GETs in one packet: the first answer comes whole, then the connection ends; no thread is held."""
    bench = bench_of(threads=1)
    files(bench, "a", 32 * CHUNK)
    with bench.connect(receive_buffer=4096) as sock:
        sock.sendall((STALLED["plain"] + "GET /page HTTP/1.1\r\nHost: b\r\n\r\n").encode())
        time.sleep(0.3)
        assert bench.get("/page").body == b"ok"
        assert read_answer(sock).body == bench.content["a"]
        assert sock.recv(100) == b""


def test_pipelined_pages_are_all_answered(bench_of):
    bench = bench_of()
    with bench.connect() as sock:
        sock.sendall(b"GET /page HTTP/1.1\r\nHost: b\r\n\r\n" * 5)
        got = b""
        while got.count(b"\r\n\r\nok") < 5:
            got += sock.recv(65536)


def test_stalled_reader_resumes_where_it_was(bench_of, files):
    bench = bench_of(store_bytes=8 * CHUNK)
    files(bench, "a", 24 * CHUNK)
    with bench.connect(receive_buffer=4096) as sock:
        send_request(sock, "/items/a")
        time.sleep(0.3)
        for _ in range(3):
            bench.get("/items/a")  # the store forgets what the stalled one had read
        assert read_answer(sock).body == bench.content["a"]


def test_stalled_readers_are_ended_after_their_patience(bench_of, files):
    bench = bench_of(patience=Patience(stalled=3))
    files(bench, "a", 32 * CHUNK)
    clients = [stall(bench, kind) for kind in STALLED for _ in range(2)]
    until(lambda: bench.open_connections() == 8)
    until(lambda: bench.open_connections() == 0)
    assert bench.store._streams == 0
    assert bench.get("/page").status == 200
    for client in clients:
        client.close()


def test_waiting_for_the_drive_is_not_the_readers_fault(bench_of, files):
    bench = bench_of(patience=Patience(stalled=0.5, idle=0.5))
    files(bench, "a", 3 * CHUNK)
    quick, opened = bench.items["a"], []

    def slow():
        opened.append(1)
        if len(opened) == 2:
            time.sleep(2.5)
        return quick.open()

    bench.items["a"] = replace(quick, open=slow)
    assert bench.get("/items/a").body == bench.content["a"]


def test_waiting_for_a_chunk_does_not_spin(bench_of, files, monkeypatch):
    bench = bench_of()
    files(bench, "a", 3 * CHUNK)
    quick = bench.items["a"]

    def slow():
        time.sleep(0.7)
        return quick.open()

    bench.items["a"] = replace(quick, open=slow)
    turns, turn = [], bench.server._turn
    monkeypatch.setattr(bench.server, "_turn", lambda *seconds: turns.append(1) or turn(*seconds))
    assert bench.get("/items/a").body == bench.content["a"]
    assert len(turns) < 200


def test_slowloris_trickled_headers_are_ended_and_pages_go_on(bench_of):
    bench = bench_of(patience=Patience(header=1.5))
    clients = [bench.connect() for _ in range(120)]
    for client in clients:
        client.sendall(b"GET /page HTTP/1.1\r\nX-A: ")
    end = time.monotonic() + 60
    while bench.open_connections() and time.monotonic() < end:
        assert bench.get("/page").status == 200
        for client in clients:
            try:
                client.sendall(b"a")
            except OSError:
                continue
        time.sleep(0.3)
    assert bench.open_connections() == 0
    for client in clients:
        client.close()


def test_slow_body_is_ended(bench_of):
    bench = bench_of(patience=Patience(header=0.5, body_grace=0.5))
    with bench.connect() as sock:
        sock.sendall(b"POST /form HTTP/1.1\r\nHost: b\r\nContent-Length: 1000\r\n\r\nabc")
        assert sock.recv(10) == b""


def test_idle_connections_are_ended(bench_of):
    bench = bench_of(patience=Patience(idle=3))
    with bench.connect() as silent, bench.connect() as kept:
        assert bench.get("/page", sock=kept).status == 200
        assert kept.recv(1) == b""
        assert silent.recv(1) == b""


def test_crowd_idle_connections_make_room_for_new_ones(bench_of):
    bench = bench_of(connections=40, patience=Patience(hurry=0.5, idle=60))
    clients = [bench.connect() for _ in range(60)]
    began = time.monotonic()
    assert bench.get("/page").status == 200
    assert time.monotonic() - began < 40
    for client in clients:
        client.close()


def test_one_client_cannot_take_all_connections(bench_of):
    bench = bench_of(per_client=20)
    clients = [bench.connect() for _ in range(50)]
    until(lambda: bench.open_connections() == 20)
    assert bench.get("/page", sock=clients[0]).status == 200
    assert clients[-1].recv(1) == b""
    for client in clients:
        client.close()
    until(lambda: bench.open_connections() == 0)
    assert not bench.server._clients
    assert bench.get("/page").status == 200


def test_1100_idle_connections_and_a_page_is_answered(bench_of):
    """select() ends at descriptor 1,024; the loop must not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 3000:
        pytest.skip(f"the hard limit of descriptors here is {hard}; both ends of 1,100 connections need 3,000")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3000), hard))
    bench = bench_of()
    clients = [bench.connect() for _ in range(1100)]
    until(lambda: bench.open_connections() == 1100)
    assert bench.get("/page", sock=clients[-1]).body == b"ok"
    began = time.monotonic()
    assert bench.get("/page").body == b"ok"
    assert time.monotonic() - began < 60  # else it waits for the reaper
    assert bench.get("/page", sock=clients[0]).body == b"ok"
    for client in clients:
        client.close()


def test_page_under_fifty_streams_from_a_slow_disk_is_quick(bench_of, files):
    """A loose bound, on a machine that runs other things; benchmarks/serving.py measures."""
    bench = bench_of(threads=8, store_bytes=128 * CHUNK)
    path = files(bench, "a", 64 * CHUNK)
    quick, arm = bench.items["a"], threading.Lock()

    def seek():
        with arm:
            time.sleep(0.012)
        return os.open(path, os.O_RDONLY)

    bench.items["a"] = replace(quick, open=seek)
    stop, taken = threading.Event(), [0]
    with selectors.DefaultSelector() as ready:
        streams = []
        for i in range(50):
            sock = bench.connect(receive_buffer=65536)
            send_request(sock, "/items/a", f"Range: bytes={(i * 64 * CHUNK) // 50}-")
            ready.register(sock, selectors.EVENT_READ)
            streams.append(sock)

        def drink():
            while not stop.is_set():
                for key, _ in ready.select(0.05):
                    taken[0] += len(key.fileobj.recv(32768))
                time.sleep(0.02)

        drinker = threading.Thread(target=drink)
        drinker.start()
        times = []
        with bench.connect() as sock:
            for _ in range(150):
                began = time.monotonic()
                assert bench.get("/page", sock=sock).body == b"ok"
                times.append(time.monotonic() - began)
                time.sleep(0.01)
        stop.set()
        drinker.join()
        for sock in streams:
            sock.close()
    assert taken[0] > 20 * CHUNK
    assert sorted(times)[len(times) // 2] < 0.5
    assert sorted(times)[-2] < 5.0
