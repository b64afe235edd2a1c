"""Asking the publisher's server for a chunk: `GET <origin>/objects/ab/<SHA-256>` with a Range.

The server is hostile: it may be slow for ever, send more than was asked for, another range, a page instead of bytes,
or lead elsewhere. One connection a chunk, no redirects, no compression, an end to everything after a deadline, and at
most the chunk's length is read. What comes counts only when its digest is the signed one.
"""

from __future__ import annotations

import http.client
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from appliance.upkeep.payload import Piece
from appliance.upkeep.sources import Got, proved
from packager.format.layout import CHUNK

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
DEADLINE_SECONDS = 60.0
MOST_FAILURES = 3
"""After so many failures in a row the server is left alone for a while."""
REST_SECONDS = 900.0
_BLOCK = 64 << 10
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})\Z")


class OriginError(Exception):
    """The server did not give what was asked for."""


class OriginSource:
    """One server."""

    kind = "network"

    def __init__(
        self,
        address: str,
        *,
        deadline: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the server; `deadline` is for one chunk, in seconds."""
        parts = urlsplit(address)
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        self._base = quote(parts.path.rstrip("/"), safe="/%")
        self._deadline, self._monotonic = deadline, monotonic
        self._failures, self._rests_until = 0, -1.0
        self.name, self.drive, self.mark = self._host, "", f"origin {address}"

    @property
    def rests(self) -> bool:
        """Whether it failed so often that it is left alone."""
        return self._monotonic() < self._rests_until

    def fetch(self, piece: Piece) -> Got:
        """See `sources.Source`."""
        if self.rests:
            return Got(away=True)
        try:
            chunk = self._get(f"{self._base}/objects/{piece.sha256[:2]}/{piece.sha256}", piece)
        except (OriginError, OSError, http.client.HTTPException, ValueError) as error:
            _log.info("%s did not give item %s, MiB %d: %s", self._host, piece.item_id, piece.index, error)
            self._failed()
            return Got(away=True)
        self._failures = 0
        return proved(chunk, piece) if chunk is not None else Got()

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            self._failures, self._rests_until = 0, self._monotonic() + REST_SECONDS

    def _get(self, path: str, piece: Piece) -> bytes | None:
        """The bytes that came under the right range, None when the server says that it has no such object.

        Raises:
            OriginError, OSError, HTTPException, ValueError: anything else.
        """
        timeout = min(CONNECT_SECONDS, self._deadline)
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=ssl.create_default_context())
            if self._secure
            else http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        )
        connection.connect()
        ended = threading.Event()
        # The connection forgets its socket while an answer is read, so the socket itself is what is ended.
        clock = threading.Timer(self._deadline, _end, (connection.sock, ended))
        clock.daemon = True
        clock.start()
        try:
            last = piece.offset + piece.length - 1
            connection.request(
                "GET", path, headers={"Range": f"bytes={piece.offset}-{last}", "Accept-Encoding": "identity"}
            )
            body = self._body(connection.getresponse(), piece)
        finally:
            clock.cancel()
            connection.close()
        if ended.is_set():
            raise OriginError(f"took longer than {self._deadline:g} s")
        return body

    def _body(self, answer: http.client.HTTPResponse, piece: Piece) -> bytes | None:
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None
        if answer.status == HTTPStatus.OK and piece.size > CHUNK:
            raise OriginError("sends the whole item instead of a range")
        if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise OriginError(f"answers {answer.status}")
        if answer.getheader("Content-Encoding", "identity") != "identity":
            raise OriginError("sends a compressed answer")
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            found = _RANGE.match(answer.getheader("Content-Range", ""))
            expected = (piece.offset, piece.offset + piece.length - 1, piece.size)
            if found is None or tuple(map(int, found.groups())) != expected:
                raise OriginError("sends another range")
        parts, got = [], 0
        while got <= piece.length and (block := answer.read(min(_BLOCK, piece.length + 1 - got))):
            parts.append(block)
            got += len(block)
        if got != piece.length:
            raise OriginError(f"sends {'more' if got > piece.length else 'fewer'} bytes than it was asked for")
        return b"".join(parts)


def _end(sock: socket.socket, ended: threading.Event) -> None:
    """Break off whatever waits for the socket."""
    ended.set()
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        _log.debug("the connection had ended by itself")
