"""The receiver behind waitress, which bounds connections, heads, bodies and silence; how long one lasts is bounded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, create_server

from packager.format.reports import MAX_REPORT

if TYPE_CHECKING:
    from packager.returns.application import Receiver

THREADS = 8
CONNECTIONS = 500
SECONDS = 60
LONGEST = 180.0
"""Seconds after which a connection that still sends is ended: waitress counts silence only, a byte a minute is none."""
MAX_HEAD = 16 << 10


class _Channel(HTTPChannel):
    """A connection that ends."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._until = time.monotonic() + LONGEST
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]

    def handle_read(self) -> None:
        """Read no more when its time is over; what was asked for before is still answered."""
        if time.monotonic() > self._until:
            self.will_close = True
        else:
            super().handle_read()  # type: ignore[no-untyped-call]


def server_of(receiver: Receiver, host: str, port: int) -> Any:
    """A waitress server; `run` serves until `close`."""
    found: dict[int, Any] = {}
    server = create_server(  # type: ignore[no-untyped-call]
        receiver, host=host, port=port, threads=THREADS, connection_limit=CONNECTIONS, channel_timeout=SECONDS,
        max_request_body_size=MAX_REPORT + 1, max_request_header_size=MAX_HEAD, clear_untrusted_proxy_headers=True,
        ident="shuxiang", asyncore_use_poll=True, map=found,
    )  # fmt: skip
    for one in found.values():
        if isinstance(one, TcpWSGIServer):
            one.channel_class = _Channel
    return server
