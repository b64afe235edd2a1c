"""The receiver behind waitress, which bounds connections, heads, bodies and the time that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from waitress.server import create_server

from packager.format.reports import MAX_REPORT

if TYPE_CHECKING:
    from packager.returns.application import Receiver

THREADS = 8
CONNECTIONS = 500
SECONDS = 60
MAX_HEAD = 16 << 10


def server_of(receiver: Receiver, host: str, port: int) -> Any:
    """A waitress server; `run` serves until `close`."""
    return create_server(  # type: ignore[no-untyped-call]
        receiver, host=host, port=port, threads=THREADS, connection_limit=CONNECTIONS, channel_timeout=SECONDS,
        max_request_body_size=MAX_REPORT + 1, max_request_header_size=MAX_HEAD, clear_untrusted_proxy_headers=True,
        ident="shuxiang",
    )  # fmt: skip
