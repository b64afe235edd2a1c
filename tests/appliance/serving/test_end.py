"""How a server ends: answers go out, kept connections are told, the next one has the socket already."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from appliance.serving.listening import listen
from appliance.serving.server import make_server
from appliance.serving.verified import VerifiedFile
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import read_answer, send_request
from tests.appliance.serving.test_pools import until


def test_close_lets_a_running_answer_end(bench_of, files):
    bench = bench_of()
    files(bench, "a", 12 * CHUNK)
    with bench.connect() as sock, bench.connect() as idle:
        send_request(sock, "/items/a")
        first = sock.recv(100)
        closing = threading.Thread(target=bench.server.close, args=(10,))
        closing.start()
        rest = bytearray(first)
        while block := sock.recv(1 << 20):
            rest += block
        assert bytes(rest[-len(bench.content["a"]) :]) == bench.content["a"]
        assert idle.recv(1) == b""
        closing.join(60)
        assert not closing.is_alive()
    with pytest.raises(ConnectionRefusedError):
        bench.connect()


def test_leaving_server_ends_its_answers_while_the_next_one_serves(bench_of, files):
    """Both have the same socket: who is being answered is answered, who is kept is told to connect anew."""
    with listen("127.0.0.1", 0) as listener:
        leaving = bench_of(listener=listener.dup())
        files(leaving, "a", 24 * CHUNK)
        with leaving.connect(receive_buffer=4096) as stream, leaving.connect() as kept, leaving.connect() as idle:
            send_request(stream, "/items/a")
            first = read_answer(stream, most=100)
            assert "connection" not in leaving.get("/page", sock=kept).headers
            following = bench_of(listener=listener.dup())
            closing = threading.Thread(target=leaving.server.close, args=(20,), kwargs={"idle": 15.0})
            closing.start()
            until(lambda: leaving.server.leaving)
            last = leaving.get("/page", sock=kept)
            assert (last.status, last.headers["connection"]) == (200, "close")
            assert kept.recv(1) == b""
            assert leaving.get("/page", sock=idle).status == 200
            for _ in range(20):
                assert following.get("/page").status == 200
            rest = bytearray(first.body)
            while block := stream.recv(1 << 20):
                rest += block
            assert rest == leaving.content["a"]
            closing.join(60)
            assert not closing.is_alive()


def test_signal_between_sending_and_counting_repeats_no_byte(bench_of, files, monkeypatch):
    """SIGTERM's SystemExit may strike anywhere in the loop: that connection is cut, the others end well."""
    bench = bench_of()
    files(bench, "a", 12 * CHUNK)
    files(bench, "b", 12 * CHUNK)
    struck, seek = [], VerifiedFile.seek

    def strike(file, offset, whence=os.SEEK_SET):
        late = file.item is bench.items["a"] and file.tell() > 3 * CHUNK and whence == os.SEEK_CUR and offset > 1000
        if late and not struck and threading.get_ident() == bench.server._loop:
            struck.append(file.tell())
            raise SystemExit(0)
        return seek(file, offset, whence)

    monkeypatch.setattr(VerifiedFile, "seek", strike)
    with bench.connect() as broken, bench.connect(receive_buffer=65536) as other:
        send_request(other, "/items/b")
        other_answer = read_answer(other, most=100)
        send_request(broken, "/items/a")
        answer = read_answer(broken)
        rest = bytearray(other_answer.body)
        while block := other.recv(1 << 20):
            rest += block
    assert struck
    assert len(answer.body) < answer.length
    assert answer.body == bench.content["a"][: len(answer.body)]
    assert rest == bench.content["b"]


def test_close_does_not_wait_for_a_stalled_reader(bench_of, files):
    bench = bench_of()
    files(bench, "a", 24 * CHUNK)
    with bench.connect(receive_buffer=4096) as sock:
        send_request(sock, "/items/a")
        time.sleep(0.2)
        began = time.monotonic()
        bench.server.close(grace=0.3)
        assert time.monotonic() - began < 30


def test_close_before_run_frees_the_port_and_wake_after_it_is_harmless():
    server = make_server(lambda _environ, _start: [], host="127.0.0.1", port=0)
    port = server.port
    server.close()
    server.close()
    server.wake()
    server.alarm(0.1)
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_wake_many_times_is_one_byte_in_the_pipe(bench_of):
    server = make_server(lambda _environ, _start: [], host="127.0.0.1", port=0)
    for _ in range(100_000):  # more than the pipe holds: must not block
        server.wake()
    server.close()
