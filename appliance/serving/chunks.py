"""Chunks of 1 MiB: read once, hashed, compared with the signed digest, and only then given to anybody.

The bytes that were hashed are the bytes that are sent: nothing is read from a drive a second time after it was
verified, so a drive that changes its answers gains nothing.

A descriptor belongs to the one read that opened it and is closed by it. No descriptor is shared, none can be closed
under a running read and given to another file, and a reader who pauses for an hour keeps no drive from being ejected.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import cast

from appliance.errors import DamagedChunkError, DriveGoneError
from appliance.serving.pools import DrivePools, Job, Urgency
from packager.format.errors import FormatError
from packager.format.layout import CHUNK

logger = logging.getLogger(__name__)

MIN_STORE_BYTES = 8 * CHUNK

ChunkName = tuple[str, int]


def _find_trim() -> Callable[[int], int] | None:
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library than glibc
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return cast("Callable[[int], int]", trim)


_malloc_trim = _find_trim()


@dataclass(frozen=True, slots=True)
class ServedItem:
    """One file of a resource on one drive, as the serving process sees it.

    Attributes:
        key: SHA-256 of the whole file, 64 lower-case hex digits. It names the chunks in the store.
        size: length in bytes.
        digest: gives the 32-byte SHA-256 of chunk `i` (0-based): the file's own digest when `size` is at most 1 MiB,
            else the entry of the signed chunk table. Called in a thread of the drive's pool.
        open: opens the file for reading and returns a descriptor that the caller closes; called in a thread of the
            drive's pool, because even `open` blocks on a dying disk. Raises OSError or FormatError (a link or a pipe
            stands where a file should be).
        drive: name of the drive's pool.
        item_id: the item's id in the catalogue, for records of damage; serving does not need it.
    """

    key: str
    size: int
    digest: Callable[[int], bytes]
    open: Callable[[], int]
    drive: str
    item_id: str = ""

    @property
    def chunks(self) -> int:
        """Number of chunks; an empty file has none."""
        return -(-self.size // CHUNK)


def read_exactly(descriptor: int, size: int, offset: int) -> bytes:
    """Read `size` bytes at `offset`; fewer only at the end of the file."""
    block = os.pread(descriptor, size, offset)
    if len(block) == size or not block:
        return block
    parts = [block]
    missing = size - len(block)
    while missing and (block := os.pread(descriptor, missing, offset + size - missing)):
        parts.append(block)
        missing -= len(block)
    return b"".join(parts)


class ChunkStore:
    """Verified chunks in memory, the most recently used ones, at most `max_bytes`.

    Thread-safe. Entries are keyed by the item's digest and the chunk's number, so the same file on two drives is kept
    once. This is the only memory that streams use: a stalled reader holds no chunk of its own. Room between chunks that
    the allocator would keep is given back to the system from time to time (it came to twice the chunks' size).

    Args:
        max_bytes: bound in bytes; two chunks for each stream that shall run without reading twice.
        on_damage: called with the item and the chunk's number when bytes differ (in the drive's thread).
        on_gone: called with the item, the chunk's number and the error when the system refuses a read (in the drive's
            thread): the drive was unplugged, the file is missing, or a sector cannot be read.
        on_late: called with the item and the chunk's number when a read did not come back before the deadline.
        on_asked: called with the drive's name when a chunk is asked of it; it must be quick.
        repaired: asked for a chunk by its digest before the drive is (in the drive's thread); gives it proved or not
            at all. A place that was repaired is never read from its drive again.
    """

    def __init__(
        self,
        max_bytes: int = 256 * CHUNK,
        *,
        on_damage: Callable[[ServedItem, int], None] | None = None,
        on_gone: Callable[[ServedItem, int, DriveGoneError], None] | None = None,
        on_late: Callable[[ServedItem, int], None] | None = None,
        on_asked: Callable[[str], None] | None = None,
        repaired: Callable[[bytes], bytes | None] | None = None,
    ) -> None:
        if max_bytes < MIN_STORE_BYTES:
            raise ValueError(f"a chunk store needs at least {MIN_STORE_BYTES} bytes, not {max_bytes}")
        self.max_bytes = max_bytes
        self.on_damage, self.on_gone = on_damage, on_gone
        self.on_late, self.on_asked, self.repaired = on_late, on_asked, repaired
        self.loads = self.hits = 0
        self._kept: OrderedDict[ChunkName, bytes] = OrderedDict()
        self._bytes = self._since_trim = 0
        self._streams = 0
        self._lock = threading.RLock()  # a forgotten file counts itself off whenever it is collected

    def cached(self, key: str, index: int) -> bytes | None:
        """The verified chunk if it is in memory."""
        with self._lock:
            chunk = self._kept.get((key, index))
            if chunk is not None:
                self._kept.move_to_end((key, index))
                self.hits += 1
            return chunk

    def fetch(self, item: ServedItem, index: int, pools: DrivePools, urgency: Urgency = Urgency.FIRST) -> Job:
        """The chunk, or the job that brings it; never waits. Readers of one chunk share one read.

        Raises:
            SickDriveError: the drive does not answer and it is not yet time to try it again.
        """
        chunk = self.cached(item.key, index)
        if chunk is not None:
            return Job.of(chunk)
        if self.on_asked is not None:
            self.on_asked(item.drive)
        job = pools.submit(item.drive, self.name(item, index), partial(self.load, item, index), urgency)
        if self.on_late is not None:
            job.when_late(partial(self.on_late, item, index))
        return job

    def name(self, item: ServedItem, index: int) -> Hashable:
        """The name of the job that brings a chunk to this store."""
        return (id(self), item.drive, item.key, index)

    def load(self, item: ServedItem, index: int) -> bytes:
        """Read a chunk whole, verify it, keep it, return it. Blocks as long as the drive does.

        Raises:
            DamagedChunkError: fewer bytes than signed, or other bytes.
            DriveGoneError: the system could not open or read the file.
        """
        chunk = self.cached(item.key, index)
        if chunk is not None:
            return chunk
        chunk = self._read(item, index)
        if self._keep(item, index, chunk) and _malloc_trim is not None:
            _malloc_trim(0)
        return chunk

    def _keep(self, item: ServedItem, index: int, chunk: bytes) -> bool:
        """Put a chunk in, throw the oldest out. Returns whether it is time to give memory back."""
        with self._lock:
            self.loads += 1
            self._since_trim += len(chunk)
            if (item.key, index) not in self._kept:
                self._kept[item.key, index] = chunk
                self._bytes += len(chunk)
            while self._bytes > self.max_bytes:
                self._drop_oldest()
            if self._since_trim < self.max_bytes // 2:
                return False
            self._since_trim = 0
            return True

    def _read(self, item: ServedItem, index: int) -> bytes:
        offset = index * CHUNK
        wanted = min(CHUNK, item.size - offset)
        if index < 0 or wanted <= 0:
            raise ValueError(f"item {item.key} has no chunk {index}")
        expected = item.digest(index)
        mended = self.repaired(expected) if self.repaired is not None else None
        if mended is not None and len(mended) == wanted:
            return mended
        try:
            descriptor = item.open()
            try:
                chunk = read_exactly(descriptor, wanted, offset)
            finally:
                os.close(descriptor)
        except (OSError, FormatError) as error:
            # waitress takes an OSError for a broken socket and drops it: it must not leave here as one
            gone = DriveGoneError(item.drive, str(error), errno=getattr(error, "errno", None) or 0)
            if self.on_gone is not None:
                self.on_gone(item, index, gone)
            raise gone from error
        if len(chunk) < wanted:
            raise self._damage(item, index, f"{wanted} bytes expected, {len(chunk)} found")
        found = hashlib.sha256(chunk).digest()
        if found != expected:
            raise self._damage(item, index, f"SHA-256 {expected.hex()} expected, {found.hex()} found")
        return chunk

    def _damage(self, item: ServedItem, index: int, reason: str) -> DamagedChunkError:
        if self.on_damage is not None:
            self.on_damage(item, index)
        return DamagedChunkError(item.key, index, drive=item.drive, reason=reason)

    def shrink(self) -> None:
        """Keep only what the streams that are open now need: nobody else will come. Not for a signal's handler."""
        with self._lock:
            self.max_bytes = min(self.max_bytes, max(MIN_STORE_BYTES, 2 * CHUNK * self._streams))
            while self._bytes > self.max_bytes:
                self._drop_oldest()
        if _malloc_trim is not None:
            _malloc_trim(0)

    def _drop_oldest(self) -> None:
        _name, oldest = self._kept.popitem(last=False)
        self._bytes -= len(oldest)

    def stream_opened(self) -> None:
        """Count a stream, so that reading ahead stops before the store is too small for all of them."""
        with self._lock:
            self._streams += 1

    def stream_closed(self) -> None:
        """Count a stream off."""
        with self._lock:
            self._streams -= 1

    @property
    def may_read_ahead(self) -> bool:
        """Whether every open stream has room for two chunks."""
        return self._streams * 2 * CHUNK <= self.max_bytes

    @property
    def held_bytes(self) -> int:
        """Bytes of chunks in memory now."""
        return self._bytes
