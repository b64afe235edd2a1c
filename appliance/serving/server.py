"""The HTTP server: waitress with our channel, a loop that knows alarms, a reaper, and one dual-stack socket."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import heapq
import logging
import resource
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from appliance.serving.channel import VerifyingChannel
from appliance.serving.listening import BACKLOG, listen
from appliance.serving.reaper import Patience, reason_to_end
from appliance.serving.throttle import client_of
from appliance.serving.unread import Unread, UnreadLimits, connections_to_end
from appliance.serving.watch import Watch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)

DESCRIPTORS = 8192
MAX_HEADER_BYTES = 16 << 10
MAX_BODY_BYTES = 1 << 20
_UNSENT = 512 << 10  # bytes that the system keeps for one client that does not read


class Limits(Adjustments):
    """waitress' settings, and larger bounds on bodies for some paths."""

    uploads: Mapping[str, int] = {}
    per_client = 256
    unread = UnreadLimits()


class VerifyingServer(TcpWSGIServer):
    """Serves one application on one socket. Made by `make_server`."""

    channel_class = VerifyingChannel  # type: ignore[assignment]
    active_channels: dict[int, VerifyingChannel]

    def __init__(self, application: WSGIApplication, adj: Limits, listener: socket.socket) -> None:
        self.patience = Patience()
        self._alarms: list[float] = []
        self._lock = threading.Lock()
        self._awake = True
        self._pulled = False
        self._clients: dict[str, int] = {}
        self._per_client = adj.per_client
        self._next_maintenance = 0.0
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._loop: int | None = None
        self._grace, self._idle = 3.0, 0.0
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(adj.threads)
        self._watch = Watch()
        super().__init__(
            application,
            self._watch,
            _sock=listener,
            dispatcher=dispatcher,
            adj=adj,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )

    @property
    def port(self) -> int:
        """The TCP port, also when 0 was asked for."""
        return int(self.effective_port)

    def fix_addr(self, addr: tuple[Any, ...]) -> tuple[Any, ...]:
        """IPv4 clients of the dual-stack socket show their IPv4 address."""
        if addr and isinstance(addr[0], str) and addr[0].startswith("::ffff:"):
            return (client_of(addr[0]), *addr[1:])
        return addr

    def pull_trigger(self) -> None:
        """Have the loop look at all connections again. From any thread, also after the end."""
        with self._lock:
            if self._awake and not self._pulled:  # the pipe's number may belong to another file after the end
                self._pulled = True
                super().pull_trigger()

    wake = pull_trigger

    def count_client(self, client: str, step: int) -> bool:
        """Count a connection of a client on or off. Returns whether the client may have so many."""
        count = self._clients.pop(client, 0) + step
        if count:
            self._clients[client] = count
        return count <= self._per_client

    def alarm(self, seconds: float) -> None:
        """Have the loop look again after `seconds`. From any thread."""
        with self._lock:
            heapq.heappush(self._alarms, time.monotonic() + seconds)

    def readable(self) -> bool:
        """Whether to accept; waitress' own maintenance, by the wall clock, is left out."""
        self.next_channel_cleanup = sys.maxsize
        return bool(super().readable())

    def maintain(self) -> None:
        """End connections that make no progress."""
        channels = list(self.active_channels.values())
        crowded = len(channels) >= self.adj.connection_limit * self.patience.crowded
        self._watch.look_at_all()
        self.bound_unread()
        for channel in channels:
            why = reason_to_end(channel.facts(), self.patience, crowded=crowded)
            if why:
                logger.info("connection ended: %s", why)
                channel.end()

    def bound_unread(self) -> None:
        """End connections whose clients leave too much unread, those that stand still the longest first."""
        now = time.monotonic()
        channels = {id(c): c for c in list(self.active_channels.values()) if not c.will_close}
        found = [Unread(name, c.client, c.held_bytes, now - c.last_activity) for name, c in channels.items()]
        for name in connections_to_end(found, self.adj.unread):
            logger.warning("connection ended: too much unread")
            channels[name].end()
            self.wake()

    def run(self) -> None:
        """Serve until `close` is called, or until SystemExit or KeyboardInterrupt reaches this thread."""
        self._loop = threading.get_ident()
        try:
            while not self._stopping.is_set():
                self._turn()
            self._finish_answers()
        except (SystemExit, KeyboardInterrupt):
            if isinstance(self._watch.handled, VerifyingChannel):
                self._watch.handled.end()  # bytes may have left that are not counted yet: going on would repeat them
            self._finish_answers()
        finally:
            self._shut()

    @property
    def leaving(self) -> bool:
        """Whether it was told to stop: answers tell their clients to connect anew."""
        return self._stopping.is_set()

    def close(self, grace: float = 3.0, *, idle: float = 0.0) -> None:
        """Stop: accept nothing new, let answers go out for `grace` seconds, then end all. Returns when it is done.

        From any thread but a view's; a second call can only shorten the time.

        Args:
            grace: seconds.
            idle: seconds for which a connection without a request may still ask for something. A client that asks
                at the very moment at which its connection is closed would see an error.
        """
        first = not self.leaving
        self._grace = grace if first else min(grace, self._grace)
        self._idle = idle if first else min(idle, self._idle)
        self._stopping.set()
        if self._loop is None:
            self._shut()
        elif self._loop != threading.get_ident():
            self.wake()
            self._stopped.wait()

    def _turn(self, longest: float = 1.0) -> None:
        with self._lock:
            self._pulled = False
        self._watch.turn(self._until_alarm(longest))
        now = time.monotonic()
        if now >= self._next_maintenance:
            self._next_maintenance = now + self.adj.cleanup_interval
            self.maintain()

    def _until_alarm(self, longest: float) -> float:
        """Seconds until the next alarm, at most `longest`."""
        now = time.monotonic()
        with self._lock:
            while self._alarms and self._alarms[0] <= now:
                heapq.heappop(self._alarms)
                longest = 0.0  # its file is ready: look now
            if self._alarms:
                longest = min(longest, max(0.005, self._alarms[0] - now))
        return longest

    def _finish_answers(self) -> None:
        """Let answers that are under way go out, for at most the grace."""
        self.accepting = False
        self.del_channel()
        self._close_listener()
        began = time.monotonic()
        while (now := time.monotonic()) < began + self._grace:
            busy = False
            for channel in list(self.active_channels.values()):
                if channel.requests or channel.total_outbufs_len or now - channel.last_activity < self._idle:
                    busy = True
                else:
                    channel.will_close = True
            self._watch.look_at_all()
            if not busy:
                return
            self._turn(0.05)

    def _close_listener(self) -> None:
        if self.socket is not None:
            self.socket.close()

    def _shut(self) -> None:
        if self._stopped.is_set():
            return
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self.task_dispatcher.shutdown(timeout=1)
        with self._lock:
            self._awake = False
        self.trigger.close()
        self._close_listener()
        self._watch.close()
        self._stopped.set()


def make_server(
    app: WSGIApplication,
    *,
    host: str = "::",
    port: int = 8080,
    listener: socket.socket | None = None,
    threads: int = 16,
    connections: int = 2000,
    per_client: int = 256,
    patience: Patience | None = None,
    maintenance_seconds: int = 5,
    max_body: int = MAX_BODY_BYTES,
    uploads: Mapping[str, int] | None = None,
    unread: UnreadLimits | None = None,
) -> VerifyingServer:
    """A server that listens already; `run` serves until `close`.

    Raises the process' soft limit of descriptors to 8,192 where the hard limit allows.

    Args:
        app: the WSGI application. Its environment holds a `Link` under `shuxiang.link`.
        host: address to listen on; `::` is one socket for IPv6 and IPv4.
        listener: a bound socket instead of `host` and `port`; closed by the server.
        port: TCP port; 0 takes a free one (`server.port`).
        threads: threads that run views. None of them waits for a client or, in `send_item`, for a disk.
        connections: most connections at a time; more wait to be accepted.
        per_client: most connections of one address; more are closed at once.
        patience: when connections without progress are ended.
        maintenance_seconds: how often that is looked at.
        max_body: bytes of a request's body.
        uploads: larger bounds for POST below some paths: path prefix to bytes. Bodies lie in temporary files.
        unread: most bytes that lie here for clients that do not take them.

    Raises:
        OSError: the address cannot be used.
    """
    raise_descriptor_limit()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is normal: many pages are asked for at once
    adj = Limits(
        threads=threads,
        connection_limit=connections,
        backlog=BACKLOG,
        cleanup_interval=maintenance_seconds,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=max_body,
        channel_request_lookahead=0,
        log_socket_errors=False,
        ident=None,
        clear_untrusted_proxy_headers=True,
    )
    adj.uploads = dict(uploads or {})
    adj.per_client = per_client
    adj.unread = unread or UnreadLimits()
    adj.socket_options = [*adj.socket_options, (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)]
    server = VerifyingServer(app, adj, listener or listen(host, port))
    if patience is not None:
        server.patience = patience
    return server


def raise_descriptor_limit(wanted: int = DESCRIPTORS) -> int:
    """Raise the soft limit of open descriptors to `wanted` if it is lower; returns the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        return limit
    return soft
