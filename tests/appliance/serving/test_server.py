"""Whole answers over real sockets: bytes, damage, drives that block, bounds of requests, the end."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from dataclasses import replace

import pytest

from appliance.serving.listening import listen
from appliance.serving.pools import PoolLimits
from appliance.serving.server import raise_descriptor_limit
from appliance.serving.throttle import DownloadLimiter
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import flip, read_answer, read_to_the_end, send_request
from tests.appliance.serving.test_pools import until


def test_item_whole_is_the_same_bytes(bench_of, files):
    bench = bench_of()
    files(bench, "a", 5 * CHUNK + 77)
    answer = bench.get("/items/a")
    assert answer.status == 200
    assert answer.body == bench.content["a"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_item_of_any_size_is_the_same_bytes(bench_of, files, size):
    bench = bench_of()
    files(bench, "a", size)
    with bench.connect() as sock:
        for _ in range(2):
            answer = bench.get("/items/a", sock=sock)
            assert (answer.status, answer.length, answer.body) == (200, size, bench.content["a"])


def test_item_random_ranges_are_the_same_bytes(bench_of, files):
    bench = bench_of(store_bytes=8 * CHUNK)
    files(bench, "a", 24 * CHUNK + 4321)
    content = bench.content["a"]
    rng = random.Random(7)
    with bench.connect() as sock:
        for _ in range(400):
            start = rng.randrange(len(content))
            stop = min(len(content), start + rng.choice([1, 2, 500, 65536, CHUNK, 3 * CHUNK]))
            answer = bench.get("/items/a", f"Range: bytes={start}-{stop - 1}", sock=sock)
            assert answer.status == 206
            assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"
            assert answer.body == content[start:stop]


def test_head_and_not_modified_keep_the_connection(bench_of, files):
    bench = bench_of()
    files(bench, "a", 3 * CHUNK)
    with bench.connect() as sock:
        answer = bench.get("/items/a", method="HEAD", sock=sock)
        assert (answer.status, answer.length, answer.body) == (200, 3 * CHUNK, b"")
        tag = answer.headers["etag"]
        assert bench.get("/items/a", f"If-None-Match: {tag}", sock=sock).status == 304
        assert bench.get("/items/a", "Range: bytes=0-4", f"If-Range: {tag}", sock=sock).body == bench.content["a"][:5]
        assert bench.get("/items/a", f"Range: bytes={3 * CHUNK}-", sock=sock).status == 416
        assert bench.get("/page", sock=sock).body == b"ok"
    assert bench.store.loads == 1


def test_item_many_clients_at_once_get_the_same_bytes(bench_of, files):
    bench = bench_of(store_bytes=8 * CHUNK)
    files(bench, "a", 6 * CHUNK + 3)
    got = []
    threads = [threading.Thread(target=lambda: got.append(bench.get("/items/a").body)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 12
    assert all(body == bench.content["a"] for body in got)


def test_damage_in_the_first_chunk_is_a_clean_error(bench_of, files):
    bench = bench_of()
    flip(files(bench, "a", 3 * CHUNK), 99)
    with bench.connect() as sock:
        answer = bench.get("/items/a", sock=sock)
        assert answer.status == 502
        assert answer.body.startswith(b"DamagedChunkError")
        assert bench.get("/page", sock=sock).body == b"ok"  # the connection lives on
    assert bench.damaged == [(bench.items["a"].key, 0)]


def test_damage_in_a_small_file_is_a_clean_error(bench_of, files):
    bench = bench_of()
    flip(files(bench, "a", 5000), 4999)
    assert bench.get("/items/a").status == 502


@pytest.mark.parametrize(("start", "expected"), [(0, 3 * CHUNK), (CHUNK - 9, 2 * CHUNK + 9), (3 * CHUNK - 1, 1)])
def test_damage_later_cuts_the_answer_and_no_wrong_byte_leaves(bench_of, files, start, expected):
    bench = bench_of()
    flip(files(bench, "a", 6 * CHUNK), 3 * CHUNK + 500)
    answer = bench.get("/items/a", f"Range: bytes={start}-")
    assert answer.status == 206
    assert answer.length == 6 * CHUNK - start
    assert len(answer.body) == expected
    assert answer.body == bench.content["a"][start : start + expected]
    assert bench.get("/items/a", f"Range: bytes={4 * CHUNK}-").body == bench.content["a"][4 * CHUNK :]
    until(lambda: bench.open_connections() == 0)


def test_damage_many_times_leaks_nothing(bench_of, files):
    bench = bench_of()
    flip(files(bench, "a", 4 * CHUNK), 2 * CHUNK)
    bench.get("/items/a")
    until(lambda: bench.open_connections() == 0)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(30):
        assert len(bench.get("/items/a").body) == 2 * CHUNK
    until(lambda: bench.open_connections() == 0)
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208
    assert bench.store._streams == 0


def test_vanished_file_is_a_clean_error_and_a_cut_in_mid_stream(bench_of, files):
    bench = bench_of(store_bytes=8 * CHUNK)
    path = files(bench, "a", 40 * CHUNK)
    with bench.connect(receive_buffer=4096) as sock:
        send_request(sock, "/items/a")
        read_answer(sock, most=1000)
        path.unlink()
        assert read_to_the_end(sock) < 39 * CHUNK
    assert bench.get("/items/a", f"Range: bytes={39 * CHUNK}-").status == 410
    assert bench.gone
    assert bench.get("/page").status == 200


def test_truncated_file_is_cut_at_the_last_whole_chunk(bench_of, files):
    bench = bench_of()
    path = files(bench, "a", 6 * CHUNK)
    os.truncate(path, 4 * CHUNK + 100)
    answer = bench.get("/items/a")
    assert answer.body == bench.content["a"][: 4 * CHUNK]


def test_blocked_drive_holds_no_thread_and_no_other_drive(bench_of, files, tmp_path):
    """Twelve readers of a disk that blocks in the kernel, four threads: everybody else is served meanwhile."""
    bench = bench_of(threads=4, limits=PoolLimits(deadline=4, retry=0.5))
    files(bench, "good", 3 * CHUNK, drive="good")
    files(bench, "bad", 3 * CHUNK, drive="bad")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    healthy = bench.items["bad"]
    bench.items["bad"] = replace(healthy, open=lambda: os.open(pipe, os.O_RDONLY))
    waiting = [bench.connect() for _ in range(12)]
    began = time.monotonic()
    for sock in waiting:
        send_request(sock, "/items/bad")
    time.sleep(0.3)
    for _ in range(5):
        asked = time.monotonic()
        assert bench.get("/page").body == b"ok"
        assert bench.get("/items/good").body == bench.content["good"]
        assert time.monotonic() - asked < 3  # else it waits until the other drive is given up
    for sock in waiting:
        answer = read_answer(sock)
        assert answer.status == 503
        assert answer.body.startswith(b"SickDriveError")
        sock.close()
    assert 3.5 < time.monotonic() - began < 30
    assert bench.pools.states()["bad"].sick
    bench.items["bad"] = healthy
    until(lambda: bench.get("/items/bad").status == 200)  # a probe lets it come back
    assert not bench.pools.states()["bad"].sick
    writer = os.open(pipe, os.O_RDWR)  # let the blocked thread go
    until(lambda: bench.pools.states()["bad"].stuck == 0)
    os.close(writer)


def test_slow_first_chunk_runs_the_view_again_and_is_served(bench_of, files):
    bench = bench_of(threads=1)
    files(bench, "a", 100)
    quick = bench.items["a"]

    def slow():
        time.sleep(0.3)
        return quick.open()

    bench.items["a"] = replace(quick, open=slow)
    with bench.connect() as sock:
        send_request(sock, "/items/a")
        time.sleep(0.1)
        assert bench.get("/page").body == b"ok"  # by the only thread
        assert bench.runs == 1
        assert read_answer(sock).body == bench.content["a"]
        assert bench.runs == 2
        assert bench.get("/items/a", sock=sock).status == 200


def test_slow_first_chunk_that_is_damaged_is_told_once(bench_of, files):
    bench = bench_of()
    path = files(bench, "a", 100)
    flip(path, 5)
    quick = bench.items["a"]

    def slow():
        time.sleep(0.1)
        return quick.open()

    bench.items["a"] = replace(quick, open=slow)
    assert bench.get("/items/a").status == 502
    assert len(bench.damaged) == 1


def test_slow_damaged_copy_is_read_once_and_the_other_drive_serves(bench_of, files, tmp_path):
    bench = bench_of(threads=1)
    path = files(bench, "b", 100, drive="second")
    good = bench.items["b"]
    bad_path = tmp_path / "copy"
    bad_path.write_bytes(path.read_bytes())
    flip(bad_path, 7)
    reads = {"first": 0, "second": 0}

    def slow(drive, file):
        reads[drive] += 1
        time.sleep(0.1)
        return os.open(file, os.O_RDONLY)

    bench.items["a"] = replace(good, drive="first", open=lambda: slow("first", bad_path))
    bench.items["b"] = replace(good, open=lambda: slow("second", path))
    answer = bench.get("/any-of/a/b")
    assert (answer.status, answer.body) == (200, bench.content["b"])
    assert reads == {"first": 1, "second": 1}
    assert bench.runs == 3


def test_throttled_client_gets_its_rate_and_others_are_not_slowed(bench_of, files):
    bench = bench_of()
    files(bench, "a", 3 * CHUNK)
    bench.limiter = DownloadLimiter(2 * CHUNK, CHUNK // 2)
    with bench.connect() as sock:
        send_request(sock, "/items/a?download")
        began = time.monotonic()
        assert bench.get("/page").body == b"ok"
        paged = time.monotonic() - began
        answer = read_answer(sock)
    took = time.monotonic() - began
    assert answer.body == bench.content["a"]
    assert 0.7 < took < 30
    assert paged < 0.8 * took


def test_request_header_too_large_is_refused(bench_of):
    bench = bench_of()
    assert bench.get("/page", "X-Long: " + "a" * 15000).status == 200
    assert bench.get("/page", "X-Long: " + "a" * 17000).status == 431


def test_request_body_too_large_is_refused_but_for_uploads(bench_of):
    bench = bench_of(max_body=1000, uploads={"/upload/": 50000})
    for path, size, status in (
        ("/form", 900, 200),
        ("/form", 1000, 413),
        ("/upload/x", 40000, 200),
        ("/upload/x", 50000, 413),
    ):
        with bench.connect() as sock:
            sock.sendall(f"POST {path} HTTP/1.1\r\nHost: b\r\nContent-Length: {size}\r\n\r\n".encode())
            if status == 200:
                sock.sendall(b"x" * size)
            assert read_answer(sock).status == status


def test_request_chunked_body_too_large_is_refused(bench_of):
    bench = bench_of(max_body=1000)
    with bench.connect() as sock:
        sock.sendall(b"POST /form HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n" + b"800\r\n" + b"x" * 2048)
        assert read_answer(sock).status == 413


def test_answer_does_not_name_the_server(bench_of):
    assert "server" not in bench_of().get("/page").headers


def test_forwarded_headers_of_a_client_are_ignored(bench_of, files):
    bench = bench_of()
    files(bench, "a", 2 * CHUNK)
    bench.limiter = DownloadLimiter(1e9, 1e9)
    bench.get("/items/a", "X-Forwarded-For: 10.9.8.7")
    assert list(bench.limiter._buckets) == ["127.0.0.1"]


def test_listen_any_address_serves_both_families():
    if not socket.has_ipv6:
        pytest.skip("this system has no IPv6")
    with listen("::", 0) as listener:
        listener.listen()
        port = listener.getsockname()[1]
        for address in ("127.0.0.1", "::1"):
            try:
                with socket.create_connection((address, port), 2):
                    pass
            except OSError:
                if address == "::1":
                    pytest.skip("this system has no IPv6 loopback")
                raise


def test_listen_taken_address_is_an_error():
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_dual_stack_client_shows_its_ipv4_address(bench_of):
    server = bench_of().server
    assert server.fix_addr(("::ffff:192.168.1.9", 5, 0, 0))[:2] == ("192.168.1.9", 5)
    assert server.fix_addr(("fe80::1", 5, 0, 2))[0] == "fe80::1"


def test_descriptor_limit_is_never_lowered():
    assert raise_descriptor_limit() == raise_descriptor_limit(8) >= 8
