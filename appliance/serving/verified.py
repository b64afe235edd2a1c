"""Files whose every byte was verified: one for the server's event loop, one for everybody else in the process."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

from appliance.errors import ServingError
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.pools import DrivePools, Job, Urgency
from appliance.serving.throttle import TokenBucket
from packager.format.layout import CHUNK

SLICE = 256 << 10  # most bytes of one read: one socket buffer's worth
TURN = 1 << 20  # most bytes that one stream sends before the others get their turn


class VerifiedFile:
    """A seekable read-only file over the bytes `start` to `stop` of an item, for the server's event loop.

    Positions are those of the item; the end is `stop`. `read` never waits: it returns b"" when the chunk is still on
    its way, when this turn's share went out, or when the client's bucket is empty, and `pending` tells the loop
    whether asking again makes sense. Every byte lies in memory that was hashed and matched.

    Holds no chunk and no descriptor of its own (see `ChunkStore`). Used by one thread at a time.

    Args:
        item: what to read.
        store: where verified chunks are.
        pools: who reads them.
        start: first byte.
        stop: one past the last byte; None for the whole item.
        wake: called from another thread when a chunk arrives; None makes `read` wait instead (no event loop here).
        alarm: called with seconds when the client's bucket is empty: ask again after them.
        bucket: the client's bucket; None sends as fast as the client takes it.
        on_sent: called at every read that gives bytes.
    """

    def __init__(
        self,
        item: ServedItem,
        store: ChunkStore,
        pools: DrivePools,
        *,
        start: int = 0,
        stop: int | None = None,
        wake: Callable[[], None] | None = None,
        alarm: Callable[[float], None] | None = None,
        bucket: TokenBucket | None = None,
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        self.item = item
        self.stop = item.size if stop is None else min(stop, item.size)
        self._store, self._pools = store, pools
        self._wake, self._alarm, self._bucket = wake, alarm, bucket
        self._on_sent = on_sent or (lambda: None)
        self._position = self._charged = start
        self._turn = 0
        self._coming: _Expected | None = None
        self._ahead: _Expected | None = None
        self._closed = False
        store.stream_opened()

    def seekable(self) -> bool:
        """Yes: the server measures and rewinds."""
        return True

    def tell(self) -> int:
        """Position within the item."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to `offset` from the item's start, from here, or from this file's end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.stop}[whence]
        self._position = max(0, base + offset)
        return self._position

    @property
    def pending(self) -> bool:
        """Whether `read` would give nothing now although the end is not reached."""
        if self._bucket is not None and self._bucket.delay() > 0:
            return True
        return self._coming is not None and not self._coming.done

    def read(self, size: int = -1) -> bytes | memoryview:
        """Up to `size` verified bytes; b"" at the end and while `pending`.

        Raises:
            ServingError: the next chunk is damaged or its drive does not answer. No byte of it was returned.
        """
        left = self.stop - self._position
        count = min(left, SLICE) if size < 0 else min(left, SLICE, size)
        if count <= 0 or self._closed or not self._may_send():
            return b""
        index, begin = divmod(self._position, CHUNK)
        chunk = self._chunk(index)
        if chunk is None:
            return b""
        part = memoryview(chunk)[begin : begin + count]
        self._position += len(part)
        self._on_sent()
        return part if self._wake is not None else bytes(part)

    def close(self) -> None:
        """Give up what is still on its way."""
        if self._closed:
            return
        self._closed = True
        self._store.stream_closed()
        for expected in (self._coming, self._ahead):
            if expected is not None:
                expected.give_up(self._pools)
        self._coming = self._ahead = None

    def __del__(self) -> None:
        """An answer that failed on its way out is never closed: count it off all the same."""
        if not getattr(self, "_closed", True):
            self._store.stream_closed()

    def _may_send(self) -> bool:
        """Charge what went out since the last read; whether more may go out in this turn.

        The server reads, offers the bytes to the socket, and moves on by what the socket took: the position at the
        time of the next read says what really left.
        """
        gone = max(0, self._position - self._charged)
        self._charged = self._position
        if self._bucket is not None:
            self._bucket.take(gone)
            if (delay := self._bucket.delay()) > 0:
                return self._pause(delay)
        self._turn += gone
        if self._turn >= TURN and self._wake is not None:
            self._turn = 0
            return False
        return True

    def _pause(self, delay: float) -> bool:
        """Wait for the bucket here, or say when to ask again; whether bytes may go out now."""
        if self._wake is None:
            time.sleep(delay)
            return True
        if self._alarm is not None:
            self._alarm(delay)
        return False

    def _chunk(self, index: int) -> bytes | None:
        chunk = self._store.cached(self.item.key, index)
        if chunk is None:
            chunk = self._arrived(index) if self._wake is not None else self._waited(index)
        if chunk is not None:
            self._read_ahead(index + 1)
        return chunk

    def _waited(self, index: int) -> bytes:
        return self._pools.wait(self._store.fetch(self.item, index, self._pools, Urgency.STREAM))

    def _arrived(self, index: int) -> bytes | None:
        """The chunk if it is here; else None, and it is on its way."""
        expected = self._coming
        if expected is None or expected.index != index:
            if expected is not None:
                expected.give_up(self._pools)
            job = self._store.fetch(self.item, index, self._pools, Urgency.STREAM)
            if job.done():
                self._coming = None
                return job.result()
            expected = self._coming = _Expected(index, job)
            job.when_done(self._wake or (lambda: None))
        if not expected.done:
            return None
        self._coming = None
        if expected.error is not None:
            raise expected.error
        return self._store.cached(self.item.key, index)  # None when thrown out already: the next read asks again

    def _read_ahead(self, index: int) -> None:
        expected = self._ahead
        if index * CHUNK >= self.stop or (expected is not None and expected.index == index):
            return
        if expected is not None:
            expected.give_up(self._pools)
        self._ahead = None
        if not self._store.may_read_ahead:
            return
        with contextlib.suppress(ServingError):  # whoever wants that chunk will hear of it
            self._ahead = _Expected(index, self._store.fetch(self.item, index, self._pools, Urgency.AHEAD))


class _Expected:
    """A chunk on its way. Lets go of the job, and so of its bytes, once it is done: they are in the store."""

    __slots__ = ("_job", "error", "index")

    def __init__(self, index: int, job: Job) -> None:
        self.index = index
        self.error: BaseException | None = None
        self._job: Job | None = job
        job.when_done(self._settled)

    def _settled(self) -> None:
        if self._job is not None:
            self.error = self._job.error()
            self._job = None

    @property
    def done(self) -> bool:
        return self._job is None

    def give_up(self, pools: DrivePools) -> None:
        job = self._job
        if job is not None:
            pools.leave(job)


class VerifiedReader:
    """Verified bytes for anybody else in the process who may wait: page images, tiles, covers. Thread-safe.

    A child process that renders a hostile file gets its bytes through this, never a path.

    Args:
        item: what to read.
        store: where verified chunks are.
        pools: who reads them.
    """

    def __init__(self, item: ServedItem, store: ChunkStore, pools: DrivePools) -> None:
        self.item = item
        self._store, self._pools = store, pools

    @property
    def size(self) -> int:
        """Length of the item in bytes."""
        return self.item.size

    def read_at(self, offset: int, size: int) -> bytes:
        """`size` verified bytes from `offset`, fewer only where the item ends. Waits for the drive.

        Memory: `size` and the chunk store. The wait ends with the drive's deadline for each chunk.

        Raises:
            ServingError: a chunk is damaged or the drive does not answer; nothing of it is returned.
            ValueError: a negative offset or size.
        """
        if offset < 0 or size < 0:
            raise ValueError("offset and size count from 0")
        stop = min(offset + size, self.item.size)
        parts: list[memoryview] = []
        while offset < stop:
            index, begin = divmod(offset, CHUNK)
            chunk = self._pools.wait(self._store.fetch(self.item, index, self._pools, Urgency.FIRST))
            part = memoryview(chunk)[begin : begin + stop - offset]
            parts.append(part)
            offset += len(part)
        return b"".join(parts)
