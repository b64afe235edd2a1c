"""The socket on which the box listens. Made apart from the server, so that one server can hand it to the next."""

from __future__ import annotations

import socket
from typing import Any

BACKLOG = 1024
"""Connections that wait to be accepted, also while there is no server for a moment."""
READY, LEAVING = b"ready", b"leaving"
"""What a server tells whoever keeps the socket: it accepts connections; it accepts no more."""
ENOUGH = b"enough"
"""What a server is told when the box stops: accept no more, let answers go out."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; for `::` (or an empty host) one for IPv6 and IPv4, or IPv4 alone where there is no IPv6.

    Raises:
        OSError: the address cannot be used.
    """
    if host in {"", "*", "::"}:
        try:
            return _bound(socket.AF_INET6, ("::", port), dual=True)
        except OSError:
            host = "0.0.0.0"  # noqa: S104 - the library's terminals reach the box over the LAN
    family, _kind, _proto, _name, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return _bound(family, address, dual=False)


def _bound(family: int, address: tuple[Any, ...], *, dual: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
