"""Asking a box how it is: whatever answers there, the answer is a `Health` or none, and in time."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.service.asking import Health, ask
from appliance.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WELL = {"ok": True, "light": "normal", "sentence": "一切正常。", "also": ["a", "b"], "edition": "2026.11"}


def http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n\r\n" + body


@contextlib.contextmanager
def answering(*pieces: bytes, pause: float = 0.0) -> Iterator[Callable[..., Health | None]]:
    """A server that gives everybody these pieces; yields what asks it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    link, _ = server.accept()
                    with link, contextlib.suppress(OSError):
                        link.recv(1000)
                        for piece in pieces:
                            link.sendall(piece)
                            time.sleep(pause)

        threading.Thread(target=serve, daemon=True).start()

        def asked(host: str = "127.0.0.1", seconds: float = 30.0) -> Health | None:
            made = Settings(data_folder=Path("d"), root_file=Path("r"), listen_host=host, listen_port=0)
            return ask(made, port=server.getsockname()[1], seconds=seconds)

        yield asked
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("host", ["127.0.0.1", "::", "", "0.0.0.0"])  # noqa: S104
def test_answer_is_taken_wherever_the_box_listens(host: str) -> None:
    with answering(http(json.dumps(WELL).encode())) as asked:
        found = asked(host)
    assert found == Health("normal", "一切正常。", ("a", "b"), "2026.11")
    assert found.line == "● 一切正常。"


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense", http(b"{"), http(b"[]"), http(b'{"ok": false}'), http(b'"ok"'), http(b"\xff"),
     http(b"[" * 99999), http(json.dumps(WELL).encode(), b"503 Busy"),
     http(b'{"ok": true, "x": "' + b"x" * (1 << 20) + b'"}')],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_answer_of_a_box_is_none(answer: bytes) -> None:
    with answering(answer) as asked:
        assert asked() is None


def test_answer_that_drips_ends_in_time() -> None:
    with answering(*[b"x"] * 100, pause=0.1) as asked:
        began = time.monotonic()
        assert asked(seconds=1.0) is None
        assert time.monotonic() - began < 8  # all of it takes ten


def test_where_nobody_listens_there_is_no_answer() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        made = Settings(data_folder=Path("d"), root_file=Path("r"), listen_port=bound.getsockname()[1])
        assert ask(made) is None
