"""Tests of asking a server: what it must send, and every way in which it may be hostile."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from appliance.upkeep import origin
from appliance.upkeep.origin import OriginSource
from appliance.upkeep.payload import Piece
from packager.format.layout import CHUNK
from tests.appliance.upkeep.line import fetching
from tests.appliance.upkeep.room import big, wait_for

CONTENT = big(3)
SHA = hashlib.sha256(CONTENT).hexdigest()
PIECE = Piece("data/ab/x.bin", SHA, len(CONTENT), 1, hashlib.sha256(CONTENT[CHUNK : 2 * CHUNK]).digest())
SMALL = Piece("data/ab/y.txt", hashlib.sha256(b"small").hexdigest(), 5, 0, hashlib.sha256(b"small").digest())


@contextmanager
def server(answer):
    """A server that hands every request's head and its socket to `answer`; gives its address and the heads."""
    heads: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += connection.recv(4096)
                    heads.append(head.decode())
                    answer(connection, head.decode())
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/books", heads
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # or who accepts is not woken
        listener.close()
        thread.join(60)
        assert not thread.is_alive()


def says(status: str, body: bytes = b"", **headers: str):
    lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return lambda connection, _head: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


RANGE = f"bytes {CHUNK}-{2 * CHUNK - 1}/{len(CONTENT)}"
GOOD = CONTENT[CHUNK : 2 * CHUNK]


def test_range_of_the_object_is_asked_for_and_proved():
    with server(says("206 Partial Content", GOOD, Content_Range=RANGE)) as (address, heads):
        assert OriginSource(address, fetching()).fetch(PIECE).chunk == GOOD
    assert heads[0].startswith(f"GET /books/objects/{SHA[:2]}/{SHA} HTTP/1.1\r\n")
    assert f"Range: bytes={CHUNK}-{2 * CHUNK - 1}\r\n" in heads[0]


def test_small_object_may_come_whole():
    with server(says("200 OK", b"small")) as (address, _):
        assert OriginSource(address, fetching()).fetch(SMALL).chunk == b"small"


@pytest.mark.parametrize(
    "answer",
    [
        says("200 OK", CONTENT),
        says("206 Partial Content", GOOD, Content_Range=f"bytes 0-{CHUNK - 1}/{len(CONTENT)}"),
        says("206 Partial Content", GOOD, Content_Range=f"bytes {CHUNK}-{2 * CHUNK - 1}/*"),
        says("206 Partial Content", GOOD),
        says("206 Partial Content", GOOD + b"and more", Content_Range=RANGE),
        says("206 Partial Content", GOOD[:-1], Content_Range=RANGE),
        says("206 Partial Content", GOOD, Content_Range=RANGE, Content_Encoding="gzip"),
        says("302 Found", Location="http://127.0.0.1:1/other"),
        says("500 Oh"),
        says("206 Partial Content", GOOD, Content_Range=RANGE, **{"X_" + "a" * 70_000: "b"}),
        lambda connection, _head: connection.sendall(b"no http at all\r\n\r\n"),
        lambda connection, _head: connection.sendall(b""),
        lambda connection, _head: connection.sendall(b"HTTP/1.1 206 Partial Content\r\n" + b"A: b\r\n" * 1000),
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_may_be_asked_again_later(answer):
    with server(answer) as (address, heads):
        got = OriginSource(address, fetching()).fetch(PIECE)
    assert (got.chunk, got.wrong, got.away) == (None, False, True)
    assert len(heads) == 1  # no redirect is followed


def test_other_bytes_under_the_right_range_are_wrong():
    with server(says("206 Partial Content", b"x" * CHUNK, Content_Range=RANGE)) as (address, _):
        got = OriginSource(address, fetching()).fetch(PIECE)
    assert (got.chunk, got.wrong, got.away) == (None, True, False)


def test_object_that_is_not_there_is_no_failure():
    with server(says("404 Not Found")) as (address, _):
        got = OriginSource(address, fetching()).fetch(PIECE)
    assert (got.chunk, got.wrong, got.away) == (None, False, False)


def endless(connection, _head):
    connection.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Range: " + RANGE.encode() + b"\r\n\r\n")
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.05)


def test_answer_in_pieces_of_its_own_size_is_refused_unread():
    """The standard library reads a piece of size -1 to the end of the answer, and keeps it all in memory."""
    sent = 0

    def answer(connection, _head):
        nonlocal sent
        head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: {RANGE}\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
        connection.sendall(head.encode())
        for _ in range(300):
            sent += connection.send(b"x" * CHUNK)

    with server(answer) as (address, _):
        got = OriginSource(address, fetching(), deadline=20).fetch(PIECE)
    assert (got.chunk, got.wrong, got.away) == (None, False, True)
    assert sent < 100 * CHUNK


def silent(connection, _head):
    connection.settimeout(20)
    connection.recv(1)  # nothing, once the other side has left


def slow_head(connection, _head):
    for letter in b"HTTP/1.1 206 Partial Content\r\n" * 9:
        connection.sendall(bytes([letter]))
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [endless, silent, slow_head])
def test_server_that_takes_for_ever_is_left_at_the_deadline(answer):
    with server(answer) as (address, _):
        began = time.monotonic()
        got = OriginSource(address, fetching(), deadline=0.4).fetch(PIECE)
        assert time.monotonic() - began < 8
    assert (got.chunk, got.away) == (None, True)


def test_server_that_is_away_rests_after_some_failures():
    now = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    source = OriginSource(f"http://127.0.0.1:{port}", fetching(), monotonic=lambda: now[0])
    for _ in range(origin.MOST_FAILURES):
        assert not source.rests
        assert source.fetch(PIECE).away
    assert source.rests
    now[0] += origin.REST_SECONDS + 1
    assert not source.rests


def test_box_mends_from_the_server(tmp_path):
    from tests.appliance.upkeep.room import Room
    from tests.appliance.upkeep.test_repairer import CONTENT as BOOK
    from tests.appliance.upkeep.test_repairer import SHA as BOOK_SHA
    from tests.appliance.upkeep.test_repairer import mended, plug

    def answer(connection, head):
        first, last = map(int, head.split("bytes=")[1].split("\r\n")[0].split("-"))
        ok = f"/objects/{BOOK_SHA[:2]}/{BOOK_SHA} " in head
        says("206 Partial Content" if ok else "404 No", BOOK[first : last + 1] if ok else b"",
             Content_Range=f"bytes {first}-{last}/{len(BOOK)}")(connection, head)  # fmt: skip

    with server(answer) as (address, _):
        room = Room(tmp_path, repair_origins=(address,))
        try:
            plug(room, 0, 2, 5)
            room.start()
            wait_for(lambda: mended(room))
            assert {(r.source, r.name) for r in room.view.state.repaired} == {("network", "127.0.0.1")}
        finally:
            room.close()
