"""Make a rendition in a process that can be killed, that sees one file and nothing else.

What parses a hostile file (PDFium, image decoders, XML) never runs in the process that serves readers. `Sandbox.run`
hands the job to a child of a waiting process (see `indexer.renditions.child`), serves the child's reads from the
caller's source, takes its result within bounds, and kills it when its time is over.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import wire
from indexer.renditions.source import ByteSource, BytesSource

_ROOT = Path(__file__).parents[2]
_START = """
import sys
sys.path.insert(0, sys.argv[1])
from indexer.renditions.child import serve
serve(int(sys.argv[2]), tuple(sys.argv[3:]))
"""
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "VIPS_CONCURRENCY": "1",
    "VIPS_DISC_THRESHOLD": "4g",  # a child can write no file, so pictures wait in memory
    "VIPS_BLOCK_UNTRUSTED": "1",
    "OMP_NUM_THREADS": "1",
}
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Limits:
    """What one job may use.

    Attributes:
        memory: bytes of address space.
        cpu: seconds of processor time.
        wall: seconds from the start to the last byte, waiting for the source included.
        output: bytes of the result's body.
    """

    memory: int = 1 << 30
    cpu: int = 15
    wall: float = 20.0
    output: int = 32 << 20


@dataclass(frozen=True)
class Made:
    """A result: its values (small JSON) and its body; the body is empty when it went to a sink."""

    values: dict[str, Any]
    body: bytes = field(repr=False, default=b"")


class Sandbox:
    """Runs jobs, a bounded number at a time, from any thread. Close it, or use it as a context manager."""

    def __init__(self, *, jobs: int = 2, queue_seconds: float = 20.0, fonts: Sequence[Path] = ()) -> None:
        """Start nothing yet; the first job starts the waiting process.

        Args:
            jobs: how many run at a time; memory is bounded by `jobs` times `Limits.memory`.
            queue_seconds: how long a job waits for its turn.
            fonts: folders of TrueType or OpenType fonts, besides the system's, for documents that do not hold their
                own. Without a Chinese font in either, the Chinese text of such a PDF stays blank.
        """
        self._fonts = tuple(str(folder.resolve()) for folder in fonts)
        self._turns = threading.BoundedSemaphore(jobs)
        self._queue_seconds = queue_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def run(
        self,
        task: str,
        source: ByteSource,
        arguments: Mapping[str, Any] | None = None,
        *,
        limits: Limits | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> Made:
        """Run one task on one source.

        Args:
            task: a name in `indexer.renditions.tasks`.
            source: read from the calling thread only.
            arguments: the task's keyword arguments, JSON.
            limits: `Limits()` when not given.
            sink: takes the body piece by piece instead of the result; it may have had pieces when this raises.

        Raises:
            RenditionError: the file is damaged, of another kind, or holds no such part.
            RenditionLimitError: time or memory ran out, the child died, or too many jobs wait.
            Exception: what `source.read_at` or `sink` raised.
        """
        limits = limits or Limits()
        if not self._turns.acquire(timeout=self._queue_seconds):
            raise RenditionLimitError("too many renditions are being made")
        try:
            with _Job(self._start_job, limits) as job:
                return job.run(task, source, dict(arguments or {}), sink)
        finally:
            self._turns.release()

    def warm(self) -> None:
        """Start the waiting process now, so that the first reader does not wait for it.

        Raises:
            RenditionLimitError: it does not start.
        """
        with self._lock:
            self._started()

    def layers(self) -> tuple[str, ...]:
        """Which layers of confinement hold on this machine (see `indexer.renditions.confine`), for logs and tests."""
        held = self.run("layers", BytesSource(b"")).values.get("layers")
        return tuple(str(name) for name in held) if isinstance(held, list) else ()

    def close(self) -> None:
        """End the waiting process and with it all jobs. A second call does nothing."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start_job(self, sock: socket.socket) -> int:
        """Hand `sock` to a new child and return its pidfd; a dead waiting process is started anew, once."""
        with self._lock:
            for last in (False, True):
                control = self._started()
                try:
                    socket.send_fds(control, [b"j"], [sock.fileno()])
                    answer, fds, _, _ = socket.recv_fds(control, 1, 1)
                except OSError:
                    answer, fds = b"", []
                if answer and fds:
                    return fds[0]
                self._stop()
                if last:
                    break
        raise RenditionLimitError("the child process did not start")

    def _started(self) -> socket.socket:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(_ROOT), str(theirs.fileno()), *self._fonts],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._control = ours
        ours.settimeout(_START_SECONDS)
        try:
            ready = ours.recv(1)
        except OSError:
            ready = b""
        if ready != b"+":
            self._stop()
            raise RenditionLimitError("the process that makes renditions did not start")
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


class _OutsideError(Exception):
    """What the caller's source or sink raised, carried past our own handlers."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class _Job:
    """One child from its start to its death; leaving the context kills it whatever happened."""

    def __init__(self, start: Callable[[socket.socket], int], limits: Limits) -> None:
        self._limits = limits
        self._deadline = time.monotonic() + limits.wall
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._pidfd = start(theirs)
        except BaseException:
            self._sock.close()
            raise
        finally:
            theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
        finally:
            os.close(self._pidfd)
            self._sock.close()

    def run(
        self, task: str, source: ByteSource, arguments: dict[str, Any], sink: Callable[[bytes], object] | None
    ) -> Made:
        size = source.size
        body = bytearray()
        take = body.extend if sink is None else sink
        try:
            self._wait()
            job = {"memory": self._limits.memory, "cpu": self._limits.cpu, "size": size}
            wire.send_json(self._sock, {**job, "task": task, "arguments": arguments})
            values = self._follow(source, size, take)
        except _OutsideError as outside:
            raise outside.error from None
        except TimeoutError:
            raise RenditionLimitError(f"took longer than {self._limits.wall:g} s") from None
        except (wire.WireError, OSError) as error:
            raise RenditionLimitError(f"the child process died or broke off: {error}") from None
        return Made(values, bytes(body))

    def _wait(self) -> None:
        """Give the next call on the socket the time that is left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)

    def _follow(self, source: ByteSource, size: int, take: Callable[[bytes], object]) -> dict[str, Any]:
        made = 0
        while True:
            self._wait()
            kind = wire.receive(self._sock, 1)
            if kind == wire.READ:
                self._serve_read(source, size)
            elif kind == wire.PIECE:
                length = wire.receive_length(self._sock, wire.MAX_PIECE)
                made += length
                if made > self._limits.output:
                    raise RenditionLimitError(f"a result of more than {self._limits.output} bytes")
                self._give(wire.receive(self._sock, length), take)
            elif kind == wire.RESULT:
                return _object(wire.receive_json(self._sock, wire.MAX_RESULT))
            elif kind == wire.ERROR:
                raise _error(_object(wire.receive_json(self._sock)))
            else:
                raise wire.WireError("a message of no known kind")

    def _give(self, piece: bytes, take: Callable[[bytes], object]) -> None:
        try:
            take(piece)
        except Exception as error:
            raise _OutsideError(error) from error

    def _serve_read(self, source: ByteSource, size: int) -> None:
        offset, count = wire.receive_read(self._sock)
        if offset >= size:
            wire.send_answer(self._sock, b"")
            return
        try:
            body = source.read_at(offset, min(count, size - offset))
        except Exception as error:
            raise _OutsideError(error) from error
        self._wait()
        wire.send_answer(self._sock, body)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wire.WireError("a message that is not an object")
    return value


def _error(values: dict[str, Any]) -> RenditionError:
    reason = str(values.get("reason", ""))[:500]
    return RenditionLimitError(reason) if values.get("kind") == "limit" else RenditionError(reason)
