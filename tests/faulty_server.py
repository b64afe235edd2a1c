"""A server of static files that does everything a server on the way to a county can do wrong.

    server = FaultyServer(folder)
    server.fault = first(2, FAULTS["cut"])       # the first two requests of every name
    server.taken                                 # what left whole and right: name → [(offset, bytes)]

It speaks HTTP/1.1 over a plain socket, one request a connection, so that it can also not speak it.
"""

from __future__ import annotations

import random
import re
import socket
import socketserver
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_RANGE = re.compile(rb"range: bytes=(\d+)-(\d+)", re.I)
MBIT = 125_000
"""Bytes a second of a line of 1 Mbit/s."""
ENDLESS = 64 << 20
"""An endless body ends when the reader has taken so many bytes: then it is a fault of the reader."""


@dataclass
class Asked:
    """A request and what would be right.

    Attributes:
        name: below the root. number: how many times the name was asked for, from 1.
        content: of the file; None when there is none. start, end: of the stretch. ranged: whether one was asked for.
        out: where the answer goes. luck: of this server.
    """

    name: str
    number: int
    content: bytes | None
    start: int
    end: int
    ranged: bool
    out: socket.socket
    luck: random.Random
    server: FaultyServer

    @property
    def body(self) -> bytes:
        return (self.content or b"")[self.start : self.end]

    def head(self, status: str, *fields: str, length: int | None = None) -> bytes:
        size = [] if length is None else [f"Content-Length: {length}"]
        return "\r\n".join([f"HTTP/1.1 {status}", *size, *fields, "Connection: close", "", ""]).encode()

    def right_head(self, *fields: str, length: int | None = None) -> bytes:
        """The head of the right answer."""
        told = len(self.body) if length is None else length
        if not self.ranged:
            return self.head("200 OK", *fields, length=told)
        place = f"Content-Range: bytes {self.start}-{self.end - 1}/{len(self.content or b'')}"
        return self.head("206 Partial Content", place, *fields, length=told)

    def send(self, *blocks: bytes) -> None:
        for block in blocks:
            self.out.sendall(block)
            self.server.sent[self.name] += len(block)

    def right(self) -> None:
        """Answer as a good server does."""
        if self.content is None:
            self.send(self.head("404 Not Found", length=0))
            return
        self.send(self.right_head(), self.body)
        self.server.taken[self.name].append((self.start, self.end - self.start))


Answer = Callable[[Asked], None]


class FaultyServer:
    """Serves a folder. `fault` answers instead of it; it is as it should be to begin with.

    Attributes:
        asked: names with the first byte of the stretch, in order. sent: bytes by name.
        taken: stretches that were sent whole and right, by name.
    """

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", port: int = 0, seed: int = 1) -> None:
        self.folder, self.fault = folder, Asked.right
        self.asked: list[tuple[str, int]] = []
        self.sent: Counter[str] = Counter()
        self.taken: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._luck, self._counts, self._lock = random.Random(seed), Counter[str](), threading.Lock()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 64

            def handle_error(self, _request: object, _address: object) -> None:
                """The reader went away; that is its right."""

        self._server = Server((host, port), Handler)
        self.port = self._server.server_address[1]
        self.address = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, out: socket.socket) -> None:
        out.settimeout(30)
        head = b""
        while b"\r\n\r\n" not in head:
            block = out.recv(4096)
            if not block:
                return
            head += block
        name = head.split(b" ", 2)[1].decode().lstrip("/")
        path = self.folder / name
        content = path.read_bytes() if path.is_file() and ".." not in name else None
        size = len(content or b"")
        found = _RANGE.search(head)
        start, end = (int(found[1]), min(size, int(found[2]) + 1)) if found else (0, size)
        with self._lock:
            self._counts[name] += 1
            self.asked.append((name, start))
            number = self._counts[name]
        answer = self.fault if content is not None else Asked.right  # faults are about what there is
        answer(Asked(name, number, content, start, end, bool(found), out, self._luck, self))


def first(count: int, fault: Answer, *, below: str = "") -> Answer:
    """The fault for the first requests of every name that begins so; then what is right."""
    return lambda asked: (fault if asked.number <= count and asked.name.startswith(below) else Asked.right)(asked)


def cut(asked: Asked) -> None:
    """The line is cut after a random number of bytes."""
    whole = asked.right_head() + asked.body
    asked.send(whole[: asked.luck.randrange(len(whole))])
    asked.out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not an end


def other_bytes(asked: Asked) -> None:
    """As many bytes as wanted, and others."""
    body = bytearray(asked.body or b"x")
    body[asked.luck.randrange(len(body))] ^= 1
    asked.send(asked.right_head(), bytes(body))


def truncated(asked: Asked) -> None:
    """Half, and it says so."""
    asked.send(asked.right_head(length=len(asked.body) // 2), asked.body[: len(asked.body) // 2])


def ends_early(asked: Asked) -> None:
    """Half, and it said more."""
    asked.send(asked.right_head(), asked.body[: len(asked.body) // 2])


def says_less(asked: Asked) -> None:
    """All of it, and it said less."""
    asked.send(asked.right_head(length=max(0, len(asked.body) - 7)), asked.body)


def says_more(asked: Asked) -> None:
    """All of it, and it said more."""
    asked.send(asked.right_head(length=len(asked.body) + 1000), asked.body)


def whole_for_range(asked: Asked) -> None:
    """A server that knows no ranges."""
    asked.send(asked.head("200 OK", length=len(asked.content or b"")), asked.content or b"")


def other_range(asked: Asked) -> None:
    """A stretch beside the one that was asked for."""
    size = len(asked.content or b"")
    place = f"Content-Range: bytes {asked.start + 1}-{asked.end}/{size}"
    asked.send(asked.head("206 Partial Content", place, length=len(asked.body)), asked.body)


def slow(asked: Asked) -> None:
    """1 Mbit/s for a moment, then as fast as it goes."""
    asked.send(asked.right_head())
    body, at = asked.body, 0
    while at < len(body) and at < MBIT // 8:
        asked.send(body[at : at + MBIT // 50])
        at += MBIT // 50
        time.sleep(0.02)
    asked.send(body[at:])
    asked.server.taken[asked.name].append((asked.start, len(body)))


def missing(asked: Asked) -> None:
    """A mirror that has not got it yet."""
    asked.send(asked.head("404 Not Found", length=0))


def busy(asked: Asked) -> None:
    """Too many libraries at a time."""
    asked.send(asked.head("503 Service Unavailable", "Retry-After: 1200", length=0))


def redirect(asked: Asked) -> None:
    """Round and round."""
    asked.send(asked.head("302 Found", f"Location: /{asked.name}", length=0))


def endless(asked: Asked) -> None:
    """More and more."""
    asked.send(asked.head("206 Partial Content" if asked.ranged else "200 OK"))
    for _ in range(ENDLESS >> 16):
        asked.send(bytes(1 << 16))


def gzipped(asked: Asked) -> None:
    """Compressed, though nobody asked for it."""
    import gzip

    body = gzip.compress(asked.body)
    asked.send(asked.right_head("Content-Encoding: gzip", length=len(body)), body)


def chunked(asked: Asked) -> None:
    """In pieces that say their own size."""
    body = asked.body
    asked.send(asked.head("200 OK", "Transfer-Encoding: chunked"), b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


def page(asked: Asked) -> None:
    """The sign-in page of a network, whatever was asked for."""
    body = "<html><title>请先登录网络</title></html>".encode()
    asked.send(asked.head("200 OK", "Content-Type: text/html", length=len(body)), body)


def garbage(asked: Asked) -> None:
    """No HTTP at all."""
    asked.send(b"\x16\x03\x01\x02\x00" * 40)


def hangs_up(asked: Asked) -> None:
    """Not a word."""


FAULTS: dict[str, Answer] = {
    fault.__name__: fault
    for fault in (
        cut, other_bytes, truncated, ends_early, says_less, says_more, whole_for_range, other_range, slow, missing,
        busy, redirect, endless, gzipped, chunked, page, garbage, hangs_up,
    )
}  # fmt: skip
