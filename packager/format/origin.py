"""Where the publisher's objects lie, and asking a server for a stretch of one.

An origin is static files: `<address>/objects/ab/<SHA-256>`, `ab` being the first two digits. A server is hostile: it
may be slow for ever, send more than was asked for, another range, a page instead of bytes, or lead elsewhere. So: one
connection a stretch, no redirects, no compression, no chunked coding, an end to everything at a deadline, and no byte
more is read than was asked for. What comes proves nothing until its digest is compared; that is the caller's part.
"""

from __future__ import annotations

import http.client
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urlsplit

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
_BLOCK = 64 << 10
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})\Z")


class OriginError(Exception):
    """A server did not give what was asked for."""


class BusyError(OriginError):
    """A server asks to be left alone. seconds: for so long, at most a day."""

    def __init__(self, reason: str, seconds: int) -> None:
        """Keep the time."""
        self.seconds = seconds
        super().__init__(reason)


class BrokenOffError(OriginError):
    """A server began to give what was asked for, and did not end. got: what came, from the first byte on."""

    def __init__(self, reason: str, got: bytes) -> None:
        """Keep the bytes."""
        self.got = got
        super().__init__(reason)


def object_path(sha256: str) -> str:
    """Where an object stands below an origin, a stick or a folder."""
    return f"objects/{sha256[:2]}/{sha256}"


def delta_document(target: str, sha256: str) -> str:
    """Where the document of a delta stands below an origin: its digest before its file name, as TUF has it."""
    folder, _, last = target.rpartition("/")
    return f"tuf/targets/{folder}/{sha256}.{last}"


def fetch(
    address: str, sha256: str, *, size: int, offset: int, length: int, deadline: float, name: str = ""
) -> bytes | None:
    """The bytes that a server gives for a stretch of an object, None when it says that it has no such object.

    Args:
        address: of the origin, http or https.
        sha256: of the object, hexadecimal.
        size: bytes in the object.
        offset: first byte of the stretch.
        length: bytes in the stretch, at least 1.
        deadline: seconds for everything.
        name: below the origin, where it is not among the objects.

    Raises:
        BrokenOffError: it gives a part of it.
        OriginError: it sends something else, or takes longer.
        OSError: it cannot be reached, or breaks off before.
    """
    wanted = {"Range": f"bytes={offset}-{offset + length - 1}"}
    return _asked(
        address, name or object_path(sha256), wanted, deadline, lambda answer: _stretch(answer, size, offset, length)
    )


def send(address: str, body: bytes, most: int, deadline: float) -> tuple[int, bytes]:
    """Hand a small document to a server (POST); its status and what it answers.

    Args:
        address: http or https.
        body: the document.
        most: bytes that the answer may have.
        deadline: seconds for everything.

    Raises:
        BusyError: it asks to be left alone.
        OriginError: it leads elsewhere, breaks down or answers with more, or in another way than a plain one.
        OSError: it cannot be reached, or breaks off.
    """
    told: list[int] = []

    def take(answer: http.client.HTTPResponse) -> bytes:
        told.append(answer.status)
        if not HTTPStatus.OK <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or 300 <= answer.status < 400:
            raise _refusal(answer)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise _refusal(answer)
        return _whole(answer, most)

    answered = _asked(address, "", {"Content-Type": "application/octet-stream"}, deadline, take, body=body)
    return told[0], answered or b""


def _asked(
    address: str,
    name: str,
    headers: dict[str, str],
    deadline: float,
    take: Callable[[http.client.HTTPResponse], bytes | None],
    *,
    body: bytes | None = None,
) -> bytes | None:
    """Ask a server once, or hand it a body; one connection, closed at the end, broken off at the deadline."""
    parts = urlsplit(address)
    path = f"{quote(parts.path.rstrip('/'), safe='/%')}/{name}"
    connection = _connection(parts, min(CONNECT_SECONDS, deadline))
    connection.connect()
    ended = threading.Event()
    # The connection forgets its socket while an answer is read, so the socket itself is what is ended.
    clock = threading.Timer(deadline, _end, (connection.sock, ended))
    clock.daemon = True
    clock.start()
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, path, body=body, headers={**headers, "Accept-Encoding": "identity"})
        with connection.getresponse() as answer:
            found = take(answer)
    except (http.client.HTTPException, ValueError) as error:
        raise OriginError(f"does not speak HTTP: {error!r}") from error
    finally:
        clock.cancel()
        connection.close()
    if ended.is_set():
        raise OriginError(f"took longer than {deadline:g} s")
    return found


def get(address: str, name: str, most: int, deadline: float) -> bytes | None:
    """A small file below an address, None when the server says that it has none.

    Args:
        address: of the origin, http or https.
        name: `tuf/metadata/timestamp.json`.
        most: bytes that it may have.
        deadline: seconds for everything.

    Raises:
        OriginError: it sends something else or more, or takes longer.
        OSError: it cannot be reached, or breaks off.
    """
    return _asked(address, name, {}, deadline, lambda answer: _small(answer, most))


def _small(answer: http.client.HTTPResponse, most: int) -> bytes | None:
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return None
    if answer.status != HTTPStatus.OK:
        raise _refusal(answer)
    return _whole(answer, most)


def _whole(answer: http.client.HTTPResponse, most: int) -> bytes:
    """All of a small answer that says how much it is."""
    _check_plain(answer)
    size = answer.getheader("Content-Length", "")
    if not size.isascii() or not size.isdecimal() or len(size) > _DIGITS:
        raise OriginError("does not say how much it sends")
    if int(size) > most:
        raise OriginError(f"sends {size} bytes, at most {most} are taken")
    body = _read(answer, int(size))
    if len(body) != int(size):
        raise OriginError("sends fewer bytes than it said")
    return body


_DIGITS = 15
_SECONDS = re.compile(r"[0-9]{1,9}\Z")
_LONGEST_REST = 86_400
_LAYERS = 8


def _connection(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout)


def _stretch(answer: http.client.HTTPResponse, size: int, offset: int, length: int) -> bytes | None:
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return None
    if answer.status == HTTPStatus.OK and (offset or length != size):
        raise OriginError("sends the whole object instead of a range")
    if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        raise _refusal(answer)
    _check_plain(answer)
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.match(answer.getheader("Content-Range", ""))
        if found is None or tuple(map(int, found.groups())) != (offset, offset + length - 1, size):
            raise OriginError("sends another range")
    body = _read(answer, length)
    if len(body) > length:
        raise OriginError("sends more bytes than it was asked for")
    if len(body) < length:
        raise BrokenOffError("sends fewer bytes than it was asked for", body)
    return body


def _refusal(answer: http.client.HTTPResponse) -> OriginError:
    """What another status means; a date in Retry-After is passed over, for the clocks of both sides may be wrong."""
    rest = answer.getheader("Retry-After", "")
    if answer.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE} and _SECONDS.match(rest):
        return BusyError(f"answers {answer.status} for {rest} s", min(int(rest), _LONGEST_REST))
    return OriginError(f"answers {answer.status}")


def rest_of(error: BaseException | None) -> float:
    """For how many seconds the server behind an error asked to be left alone; 0 when it did not."""
    for _ in range(_LAYERS):  # what was raised from itself has no first cause
        if error is None or isinstance(error, BusyError):
            break
        error = error.__cause__
    return float(error.seconds) if isinstance(error, BusyError) else 0.0


def _check_plain(answer: http.client.HTTPResponse) -> None:
    if answer.chunked:
        # Pieces say their own sizes: the standard library reads one of -1 to the end, however far that is.
        raise OriginError("sends an answer in pieces of its own size")
    if answer.getheader("Content-Encoding", "identity") != "identity":
        raise OriginError("sends a compressed answer")


def _read(answer: http.client.HTTPResponse, length: int) -> bytes:
    """At most one byte more than wanted, which tells that there are more; what came before the line was cut."""
    parts, got = [], 0
    try:
        while got <= length and (block := answer.read(min(_BLOCK, length + 1 - got))):
            parts.append(block)
            got += len(block)
    except (OSError, http.client.HTTPException) as error:
        if not parts:
            raise
        _log.debug("broken off after %d bytes: %s", got, error)
    return b"".join(parts)


def _end(sock: socket.socket, ended: threading.Event) -> None:
    """Break off whatever waits for the socket."""
    ended.set()
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        _log.debug("the connection had ended by itself")
