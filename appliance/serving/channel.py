"""One connection: waitress' channel, taught to wait for verified chunks instead of spinning or blocking a thread.

This leans on the insides of waitress 3.0.2 (the version is pinned; tests/appliance/serving holds an upgrade to it).
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import contextlib
import copy
import logging
import socket
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from appliance.errors import ServingError
from appliance.serving.pools import Job
from appliance.serving.reaper import ConnectionFacts
from appliance.serving.throttle import client_of
from appliance.serving.unread import MUCH
from appliance.serving.verified import VerifiedFile

logger = logging.getLogger(__name__)

LINK = "shuxiang.link"
"""Key of the WSGI environment under which a view finds its `Link`; absent under any other server."""

MAX_PARKS = 8  # a request that has waited so often is answered while a thread waits


class Parked(BaseException):
    """Not an error: leaves a view that needs a chunk which is not here yet.

    When it is here, the view runs again from its start, so that no thread waits for a disk. A view counts what it
    counts only after `send_item` returned.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__("waits for a chunk")


class Link:
    """What a view may ask of the server for the request that it answers.

    Attributes:
        wake: call it from any thread when a file that gave nothing can give something.
        alarm: call it with seconds after which a throttled file can give something.
    """

    def __init__(self, channel: VerifyingChannel) -> None:
        self._channel = channel
        self.wake: Callable[[], None] = channel.server.wake
        self.alarm: Callable[[float], None] = channel.server.alarm

    def settled(self, name: Hashable) -> Job | None:
        """The done job of that name, if this request was parked for it: its error is not met a second time."""
        return self._channel.settled(name)

    def park(self, job: Job) -> None:
        """Leave the view until `job` is done. Returns when the request has waited too often: then wait here.

        Raises:
            Parked: always but then; let it pass.
        """
        if self._channel.may_park():
            raise Parked(job)


class LinkedTask(WSGITask):
    """Hands the link to the application, and keeps the connection after answers that have no body."""

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment, with our link in it."""
        environ: dict[str, Any] = super().get_environment()
        environ[LINK] = Link(self.channel)
        return environ

    def build_response_header(self) -> bytes:
        """The header; of a server that leaves, it tells the client to connect anew."""
        if self.channel.server.leaving:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header

    def set_close_on_finish(self) -> None:
        """Keep the connection: waitress would end it after every 304, for want of a length that it may not have."""
        asked = self.request.headers.get("CONNECTION", "").lower() == "close" or self.channel.server.leaving
        if asked or self.has_body or self.version != "1.1":
            super().set_close_on_finish()


class BoundedParser(HTTPRequestParser):
    """Allows larger bodies below some paths only (staff's uploads)."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse, then choose the bound on the body by the path."""
        super().parse_header(header_plus)
        for prefix, limit in self.adj.uploads.items():
            if self.command == "POST" and self.path.startswith(prefix):
                self.adj = copy.copy(self.adj)
                self.adj.max_request_body_size = limit


class ChannelServer(Protocol):
    """What a connection asks of the server that it belongs to."""

    @property
    def leaving(self) -> bool:
        """Whether it was told to stop."""
        ...

    def wake(self) -> None:
        """Have the loop look again at once. From any thread."""
        ...

    def alarm(self, seconds: float) -> None:
        """Have the loop look again after `seconds`. From any thread."""
        ...

    def count_client(self, client: str, step: int) -> bool:
        """Count a connection of a client on or off. Returns whether the client may have so many."""
        ...

    def bound_unread(self) -> None:
        """End connections whose clients leave too much unread. From any thread."""
        ...

    def add_task(self, task: Any) -> None:
        """Give a channel to the threads."""
        ...


class VerifyingChannel(HTTPChannel):
    """A connection that knows files which are not ready yet."""

    task_class = LinkedTask
    parser_class = BoundedParser
    server: ChannelServer
    _active = 0.0
    _request_started = 0.0
    _counted = False
    _settled: Mapping[Hashable, Job] = {}

    def __init__(self, server: Any, sock: socket.socket, address: Any, *args: Any, **options: Any) -> None:
        super().__init__(server, sock, address, *args, **options)
        self.client = client_of(str(address[0]))
        self._counted = True
        if not server.count_client(self.client, 1):
            self.will_close = True

    @property  # type: ignore[override]
    def last_activity(self) -> float:
        """When bytes last came or went, by a clock that nobody sets (a county box's clock is set by hand)."""
        return self._active

    @last_activity.setter
    def last_activity(self, _wall_clock: float) -> None:
        self._active = time.monotonic()

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress' name
        """Count the connection off its client."""
        if self._counted:
            self._counted = False
            self.server.count_client(self.client, -1)
        super().del_channel(map)

    def handle_close(self) -> None:
        """Close, and let go of a body that will never be whole."""
        super().handle_close()
        request, self.request = self.request, None
        if request is not None:
            request.close()

    @property
    def quiet(self) -> bool:
        """Whether nothing but bytes from the client can change what this connection waits for."""
        return not (self.requests or self.total_outbufs_len or self.will_close or self.close_when_flushed)

    @property
    def held_bytes(self) -> int:
        """Bytes that lie in memory or temporary files for this client: answers not taken, a request's body."""
        answers = sum(len(b) for b in tuple(self.outbufs) if not isinstance(b, ReadOnlyFileBasedBuffer))
        bodies = [request.body_bytes_received for request in (self.request, *self.requests) if request is not None]
        return int(answers + sum(bodies))

    def front_file(self) -> VerifiedFile | None:
        """The verified file whose bytes go out next, if no other bytes go before."""
        for buffer in tuple(self.outbufs[:3]):
            if isinstance(buffer, ReadOnlyFileBasedBuffer):
                return buffer.file if isinstance(buffer.file, VerifiedFile) else None
            if len(buffer):
                return None
        return None

    def writable(self) -> bool:
        """Not while the next bytes are on their way: the loop would spin."""
        if not self.will_close:
            front = self.front_file()
            if front is not None and front.pending:
                return False
        return bool(super().writable())

    def received(self, data: bytes) -> bool:
        """Note when a request began, for the reaper."""
        if self.request is None:
            self._request_started = time.monotonic()
        return bool(super().received(data))

    def write_soon(self, data: Any) -> int:
        """Queue bytes or a file; a request that was pipelined behind a file ends the connection after the file.

        Two pipelined GETs whose first answer is not read would otherwise block a thread for ever.
        """
        count: int = super().write_soon(data)
        if isinstance(data, ReadOnlyFileBasedBuffer):
            self._refuse_pipelined()
        elif self.total_outbufs_len > MUCH and self.held_bytes > MUCH:
            self.server.bound_unread()
        return count

    def _flush_outbufs_below_high_watermark(self) -> None:
        """A client that pipelines and does not read is not waited for."""
        if self.total_outbufs_len > self.adj.outbuf_high_watermark and self._refuse_pipelined():
            return
        super()._flush_outbufs_below_high_watermark()

    def _refuse_pipelined(self) -> bool:
        """Drop requests that wait behind an answer still going out, and close after it; whether there were any."""
        with self.requests_lock:
            behind = self.requests[1:]
            if not behind or not self.total_outbufs_len:
                return False
            self.requests = self.requests[:1]
            self.close_when_flushed = True
        for request in behind:
            request.close()
        return True

    def service(self) -> None:
        """Answer one request, or park it until the chunk that it needs is here."""
        try:
            super().service()
        except Parked as parked:
            self._settled = {**self._settled, parked.job.name: parked.job}
            parked.job.when_done(lambda: self.server.add_task(self))
        else:
            self._settled = {}

    def settled(self, name: Hashable) -> Job | None:
        """The done job of that name, if the request that is answered now was parked for it."""
        return self._settled.get(name)

    def may_park(self) -> bool:
        """Whether this request may wait outside of a thread once more."""
        return len(self._settled) < MAX_PARKS

    def _flush_exception(self, flush: Callable[..., bool] | None, do_close: bool = True) -> tuple[bool, bool] | None:
        """Send what can be sent; an item that cannot be verified ends the connection short of its length."""
        if flush is None:
            return None
        try:
            return (flush(do_close=do_close), False)
        except ServingError as error:
            logger.warning("answer cut short: %s", error)
        except OSError as error:
            logger.debug("connection lost: %s", error)
        except Exception:
            logger.exception("answer cut short")
        self.will_close = True
        return (False, True)

    def facts(self) -> ConnectionFacts:
        """What the reaper needs to know."""
        now = time.monotonic()
        request, front = self.request, self.front_file()
        if self.requests:
            request = None  # nothing is read while an answer is made
        return ConnectionFacts(
            quiet=now - self._active,
            answering=bool(self.requests),
            unsent=self.total_outbufs_len,
            waits_for_us=front is not None and front.pending,
            request_age=None if request is None else now - self._request_started,
            in_body=request is not None and request.headers_finished,
            body_bytes=0 if request is None else request.body_bytes_received,
        )

    def end(self) -> None:
        """End the connection now, whether or not its client reads."""
        self.will_close = True
        sock = self.socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
