"""Files of an index that stays on its drive, read by offset: every byte out of a chunk that was hashed and matched.

A search touches a few bytes here and there, a chunk is 1 MiB: what was asked for is kept in blocks of 64 KiB, so that
sixteen times as many places stay at hand as the same memory would hold chunks. Where the index brings digests of its
blocks, itself proved by chunks, a block is read and proved alone; when it does not match, its chunk is read, which is
told as damage, or taken as it was repaired.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.errors import TextsLateError
from appliance.serving.chunks import ChunkStore, ServedItem, read_exactly
from appliance.serving.pools import DrivePools, Job, Urgency
from indexer.codec_files import BLOCK
from indexer.errors import IndexFormatError
from packager.format.errors import FormatError
from packager.format.layout import CHUNK

MAX_BYTES = 64 << 20
"""Of blocks that are kept, of all indexes together."""
_DIGEST = 32
_BLOCKS_A_CHUNK = CHUNK // BLOCK
_turn = threading.local()


@contextmanager
def until(ends: float) -> Iterator[None]:
    """Let no read of verified blocks in this thread wait beyond `ends` (`time.monotonic()`)."""
    _turn.ends = ends
    try:
        yield
    finally:
        _turn.ends = None


class BlockCache:
    """The blocks that were used last, at most `max_bytes`. Thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Begin empty."""
        self.max_bytes = max_bytes
        self.bytes = 0
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, number: int) -> bytes | None:
        """A block of the file with that digest, if it is here."""
        with self._lock:
            block = self._kept.get((key, number))
            if block is not None:
                self._kept.move_to_end((key, number))
            return block

    def put(self, key: str, number: int, block: bytes) -> None:
        """Keep a block; the oldest go."""
        with self._lock:
            if (key, number) not in self._kept:
                self._kept[key, number] = block
                self.bytes += len(block)
            while self.bytes > self.max_bytes:
                self.bytes -= len(self._kept.popitem(last=False)[1])


class VerifiedBlocks:
    """One file as `indexer.codec_files.BlockReader` has it. Any thread may read.

    Args:
        name: of the file, for errors.
        item: the file on its drive.
        store: where verified chunks are.
        pools: who reads them.
        cache: blocks of all such files.
    """

    def __init__(self, name: str, item: ServedItem, store: ChunkStore, pools: DrivePools, cache: BlockCache) -> None:
        self.name, self.size = name, item.size
        self._item, self._store, self._pools, self._cache = item, store, pools, cache
        self._digests = b""

    def read(self, offset: int, length: int) -> bytes:
        """See `BlockReader.read`; waits for the drive, within `until`.

        Raises:
            IndexFormatError: the bytes reach over the end of the file.
            TextsLateError: the drive takes too long.
            ServingError: a chunk is damaged, or the drive does not answer.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise IndexFormatError(self.name, f"{length} bytes at {offset} reach over its {self.size} bytes")
        if not length:
            return b""
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        begin = offset - first * BLOCK
        if first == last:
            return self._block(first)[begin : begin + length]
        blocks = b"".join(map(self._block, range(first, last + 1)))
        return blocks[begin : begin + length]

    def take_digests(self, digests: bytes) -> None:
        """See `indexer.codec_files.ProvedByBlock`."""
        self._digests = digests

    def close(self) -> None:
        """Nothing is open between reads."""

    def _block(self, number: int) -> bytes:
        block = self._cache.get(self._item.key, number)
        if block is None:
            block = self._alone(number)
            if block is None:
                chunk = self._chunk(number // _BLOCKS_A_CHUNK)
                start = number % _BLOCKS_A_CHUNK * BLOCK
                block = chunk[start : start + BLOCK]
            self._cache.put(self._item.key, number, block)
        return block

    def _alone(self, number: int) -> bytes | None:
        """A block that its own digest proves; None when it has none, or does not match, or its chunk is here anyway."""
        known = self._digests[_DIGEST * number : _DIGEST * (number + 1)]
        if not known or self._store.cached(self._item.key, number // _BLOCKS_A_CHUNK) is not None:
            return None

        def read() -> bytes:
            descriptor = self._item.open()
            try:
                return read_exactly(descriptor, min(BLOCK, self.size - number * BLOCK), number * BLOCK)
            finally:
                os.close(descriptor)

        if self._store.on_asked is not None:
            self._store.on_asked(self._item.drive)
        name = ("block", self._item.drive, self._item.key, number)
        try:
            block = self._waited(self._pools.submit(self._item.drive, name, read))
        except (OSError, FormatError):
            return None  # reading the chunk tells what is wrong
        return block if hashlib.sha256(block).digest() == known else None

    def _chunk(self, index: int) -> bytes:
        return self._waited(self._store.fetch(self._item, index, self._pools, Urgency.FIRST))

    def _waited(self, job: Job) -> bytes:
        ends: float | None = getattr(_turn, "ends", None)
        if ends is not None and not job.done() and not job.wait(max(0.0, ends - time.monotonic())):
            self._pools.leave(job)  # a read that has begun goes on, and the next search finds its chunk
            raise TextsLateError(self._item.drive)
        return self._pools.wait(job)
