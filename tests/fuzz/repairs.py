"""Targets: what is asked and brought for repairs: lists on a stick, the answers of a server."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Sequence
from unittest.mock import patch

from packager.format import origin
from packager.format.errors import FormatError
from packager.format.layout import CHUNK
from packager.format.origin import OriginError, fetch
from packager.format.repair_list import MAX_PLACES, dump_list, lacking, load_list
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target

_SHA = "0123456789abcdef" * 4
_STRETCHES = ((5, 0, 5), (20, 3, 4), (CHUNK + 9, CHUNK, 9), (300, 0, 299))
"""Size of an object; first byte and length of what is asked of it."""
_FILLER = 160_000
_MORE = (64 << 10) + (16 << 10)
"""Bytes that may be read beyond an answer: a header line without end, and what is read ahead."""


def run_repair_list(data: bytes) -> bool:
    found = outcome(lambda: load_list(data), FormatError)
    if found is None:
        return False
    assert len(found) <= MAX_PLACES
    for place in found:
        numbers = (place.size, place.chunk, place.offset, place.length)
        assert all(type(number) is int for number in numbers)
        assert place.offset == place.chunk * CHUNK
        assert 0 < place.length <= CHUNK
        assert place.offset + place.length <= place.size
    assert load_list(dump_list(found)) == sorted(set(found), key=lambda place: (place.sha256, place.chunk))
    return True


class _Answered(http.client.HTTPConnection):
    """A connection to a server that has sent its answer, and goes on sending when asked for more."""

    def __init__(self, content: bytes) -> None:
        super().__init__("origin.example")
        self._content = content
        self.ours, self.theirs = socket.socketpair()

    def connect(self) -> None:
        self.theirs.sendall(self._content + b"x" * _FILLER)
        self.theirs.shutdown(socket.SHUT_WR)
        self.sock = self.ours.dup()

    def unread(self) -> int:
        """Bytes that were never asked for."""
        left = 0
        while block := self.ours.recv(1 << 20):
            left += len(block)
        self.ours.close()
        self.theirs.close()
        return left


def run_origin(data: bytes) -> bool:
    """Whatever a server answers: exactly the bytes that were asked for, or none, and little more is read of it."""
    size, offset, length = _STRETCHES[data[0] % len(_STRETCHES) if data else 0]
    server = _Answered(data[1:])
    with patch.object(origin, "_connection", lambda *_: server):
        try:
            found = fetch("http://origin.example/", _SHA, size=size, offset=offset, length=length, deadline=5)
        except (OriginError, OSError):
            found = None
    assert found is None or len(found) == length
    read = len(data) - 1 + _FILLER - server.unread()
    assert read <= len(data) + _MORE
    return found is not None


def _list_seeds() -> Sequence[bytes]:
    small, large = lacking("a" * 64, 5, 0, b"\1" * 32), lacking("b" * 64, 3 * CHUNK + 7, 3, b"\2" * 32)
    return [dump_list([]), dump_list([small]), dump_list([small, large])]


def _answer(status: str, headers: Sequence[str], body: bytes) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + body


def _origin_seeds() -> Sequence[bytes]:
    found = [bytes([0]) + _answer("200 OK", ["Content-Length: 5"], b"hello"), b"\0" + _answer("404 Not Found", [], b"")]
    for n, (size, offset, length) in enumerate(_STRETCHES):
        stretch = [f"Content-Range: bytes {offset}-{offset + length - 1}/{size}", f"Content-Length: {length}"]
        found.append(bytes([n]) + _answer("206 Partial Content", stretch, b"x" * length))
    pieces = b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    found.append(b"\1" + _answer("206 x", ["Content-Range: bytes 3-6/20", "Transfer-Encoding: chunked"], pieces))
    found.append(b"\1" + _answer("100 Continue", [], b"") * 3 + found[3][1:])
    found.append(b"\1" + _answer("302 Found", ["Location: http://elsewhere.example/"], b""))
    return found


_HTTP = (
    b"HTTP/1.1 206 x\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/0.9 200\r\n", b"\r\n\r\n",
    b"Content-Range: bytes 3-6/20\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"-5\r\n",
    b"ffffffff\r\n",
    b"Content-Encoding: gzip\r\n", b"a: b\r\n" * 120,
)  # fmt: skip
REPAIRS = (
    Target(
        "repair-list", "packager.format.repair_list.load_list", _list_seeds, run_repair_list,
        (b'"places":2', b'"format":true', b"1.0", b"false", b"[" * 3000),
    ),
    Target("origin", "packager.format.origin.fetch", _origin_seeds, run_origin, _HTTP, 16_384, prefix=1),
)  # fmt: skip
