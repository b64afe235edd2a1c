"""The messages between the process that asks for a rendition and the child that makes it.

Both ends of one stream socket a job. The parent first sends the job (a JSON object); then the child leads:

    R  offset u64, count u32    wants bytes of the source   → the parent answers count u32 and that many bytes,
                                                              or the count FAILED
    W  length u32, bytes        a piece of the body; pieces in order make the whole
    J  length u32, JSON         the result's values; the job is done
    E  length u32, JSON         {"kind": "rendition" | "limit", "reason": text}; the job is done

All numbers are big-endian. Everything that a child says is hostile: lengths are checked before anything is read.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

READ, PIECE, RESULT, ERROR = b"R", b"W", b"J", b"E"
FAILED = 0xFFFF_FFFF
MAX_READ = 1 << 20
MAX_PIECE = 1 << 20
MAX_JSON = 1 << 20
MAX_RESULT = 4 << 20  # a table of contents of 5,000 long lines
MAX_JOB = 64 << 10

_READ = struct.Struct(">QI")
_LENGTH = struct.Struct(">I")


class WireError(Exception):
    """The other end is gone or does not keep to the messages."""


def receive(sock: socket.socket, count: int) -> bytes:
    """Exactly `count` bytes.

    Raises:
        WireError: the stream ends before.
        TimeoutError: the socket's timeout passed.
    """
    parts = bytearray(count)
    view, done = memoryview(parts), 0
    while done < count:
        try:
            got = sock.recv_into(view[done:])
        except TimeoutError:
            raise
        except OSError as error:
            raise WireError(str(error)) from error
        if not got:
            raise WireError("the other end is gone")
        done += got
    return bytes(parts)


def receive_length(sock: socket.socket, limit: int) -> int:
    """A length of at most `limit`.

    Raises:
        WireError: it is larger, or the stream ends.
    """
    (length,) = _LENGTH.unpack(receive(sock, _LENGTH.size))
    if length > limit:
        raise WireError(f"a message of {length} bytes, more than {limit}")
    return int(length)


def receive_json(sock: socket.socket, limit: int = MAX_JSON) -> Any:
    """A JSON value of at most `limit` bytes.

    Raises:
        WireError: it is too large or not JSON, or the stream ends.
    """
    body = receive(sock, receive_length(sock, limit))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError("a message that is not JSON") from error


def send_json(sock: socket.socket, value: object, kind: bytes = b"") -> None:
    """Send a JSON value, after the letter of its kind if one is given."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    sock.sendall(kind + _LENGTH.pack(len(body)) + body)


def send_piece(sock: socket.socket, body: bytes) -> None:
    """Send bytes of the body, in as many pieces as it takes."""
    view = memoryview(body)
    for start in range(0, len(view), MAX_PIECE):
        piece = view[start : start + MAX_PIECE]
        sock.sendall(PIECE + _LENGTH.pack(len(piece)))
        sock.sendall(piece)


def receive_read(sock: socket.socket) -> tuple[int, int]:
    """The offset and count of a read request.

    Raises:
        WireError: the count is too large, or the stream ends.
    """
    offset, count = _READ.unpack(receive(sock, _READ.size))
    if count > MAX_READ:
        raise WireError(f"a read of {count} bytes, more than {MAX_READ}")
    return int(offset), int(count)


def send_answer(sock: socket.socket, body: bytes | None) -> None:
    """Answer a read request; None means that the source failed."""
    if body is None:
        sock.sendall(_LENGTH.pack(FAILED))
        return
    sock.sendall(_LENGTH.pack(len(body)))
    sock.sendall(body)


def ask_read(sock: socket.socket, offset: int, count: int) -> bytes:
    """The child's side of a read: at most `count` bytes of the source.

    Raises:
        WireError: the source failed or the parent is gone.
    """
    sock.sendall(READ + _READ.pack(offset, count))
    (length,) = _LENGTH.unpack(receive(sock, _LENGTH.size))
    if length == FAILED:
        raise WireError("the source failed")
    return receive(sock, length)
