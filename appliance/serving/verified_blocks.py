"""Files of an index that stays on its drive, read by offset: every byte out of a chunk that was hashed and matched.

A search touches a few bytes here and there, a chunk is 1 MiB. For files that are read so the index brings digests of
blocks of 16 KiB, themselves proved by chunks: a block is read and proved alone, and kept. What is needed together is
read in the order of the file. A block that does not match is taken out of its chunk, which is told as damage or taken
as it was repaired.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from appliance.serving.chunks import ChunkStore, ServedItem, read_exactly
from appliance.serving.pools import DrivePools, Urgency
from appliance.serving.texts_errors import TextsLateError
from indexer.codec_files import BLOCK, Range, pages_of
from indexer.errors import IndexFormatError
from packager.format.errors import FormatError
from packager.format.layout import CHUNK

MAX_BYTES = 64 << 20
"""Of blocks that are kept, of all indexes together."""
_DIGEST = 32
_BLOCKS_A_CHUNK = CHUNK // BLOCK
_READERS = 2
"""Jobs that what is asked for together is shared among: as many as a drive has threads."""
_SHARED = 4
"""Blocks from which sharing is worth while."""
_TOGETHER = 64
"""Neighbouring blocks of one read, between which the time is looked at."""
_GOES_ON = 0.5
"""Seconds for which a job that was not waited for goes on: the next search finds what it brings."""
_ENDLESS = 3600.0
"""Seconds, where nobody counts them; every read has a deadline of its own."""
_turn = threading.local()


@contextmanager
def until(ends: float) -> Iterator[None]:
    """Let no read of verified blocks in this thread wait beyond `ends` (`time.monotonic()`)."""
    _turn.ends = ends
    try:
        yield
    finally:
        _turn.ends = None


def _ends() -> float:
    ends: float | None = getattr(_turn, "ends", None)
    return time.monotonic() + _ENDLESS if ends is None else ends


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
        if not self._digests:
            return self._of_chunks(offset, length)
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        begin = offset - first * BLOCK
        if first == last:
            block = self._cache.get(self._item.key, first)
            return (block or self._blocks([first])[first])[begin : begin + length]
        blocks = self._blocks(range(first, last + 1))
        return b"".join(blocks[number] for number in range(first, last + 1))[begin : begin + length]

    def bring(self, ranges: Iterable[Range]) -> None:
        """See `BlockReader.bring`.

        Raises:
            SickDriveError: the drive does not answer at all.
        """
        if self._digests:
            spans = pages_of(ranges, self.size, BLOCK)
            self._brought([n for first, last in spans for n in range(first, last) if not self._has(n)])

    def take_digests(self, digests: bytes) -> None:
        """See `indexer.codec_files.ProvedByBlock`."""
        self._digests = digests

    def close(self) -> None:
        """Nothing is open between reads."""

    def _has(self, number: int) -> bool:
        return self._cache.get(self._item.key, number) is not None

    def _blocks(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Blocks by their numbers: at hand, proved by their own digests, or out of their chunks."""
        found = {n: block for n in numbers if (block := self._cache.get(self._item.key, n)) is not None}
        found |= self._brought([n for n in numbers if n not in found])
        for number in numbers:
            if number not in found:
                self._in_time()
                chunk = self._chunk(number // _BLOCKS_A_CHUNK)
                start = number % _BLOCKS_A_CHUNK * BLOCK
                found[number] = chunk[start : start + BLOCK]
                self._cache.put(self._item.key, number, found[number])
        return found

    def _brought(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Blocks that are not at hand, read in order by as many threads as a drive has; those that come in time."""
        found: dict[int, bytes] = {}
        if not numbers:
            return found
        ends = _ends()
        if self._store.on_asked is not None:
            self._store.on_asked(self._item.drive)
        jobs = []
        for part in _shared(list(_stretches(numbers))):
            work = partial(self._read, part, found, ends + _GOES_ON)
            jobs.append(self._pools.submit(self._item.drive, ("blocks", self._item.key, object()), work))
        for job in jobs:
            if job.wait(max(0.0, ends - time.monotonic())):
                self._pools.wait(job)
            else:
                self._pools.leave(job)  # what has begun goes on for a while, and the next search finds it
        return dict(found)

    def _read(self, stretches: Sequence[Range], found: dict[int, bytes], ends: float) -> bytes:
        """Read and prove blocks, neighbours in one read, until the time is up; in a thread of the drive.

        What cannot be read or is not what it should be is left out: reading its chunk tells what is wrong.
        """
        try:
            descriptor = self._item.open()
        except (OSError, FormatError):
            return b""
        try:
            for first, last in stretches:
                if time.monotonic() >= ends:
                    break
                size = min(last * BLOCK, self.size) - first * BLOCK
                content = memoryview(read_exactly(descriptor, size, first * BLOCK))
                for number in range(first, last):
                    block = bytes(content[(number - first) * BLOCK : (number - first + 1) * BLOCK])
                    known = self._digests[_DIGEST * number : _DIGEST * (number + 1)]
                    if hashlib.sha256(block).digest() == known:
                        found[number] = block
                        self._cache.put(self._item.key, number, block)
        except OSError:
            pass
        finally:
            os.close(descriptor)
        return b""

    def _of_chunks(self, offset: int, length: int) -> bytes:
        parts = []
        while length:
            index, begin = divmod(offset, CHUNK)
            part = self._chunk(index)[begin : begin + length]
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def _in_time(self) -> None:
        if time.monotonic() >= _ends():
            raise TextsLateError(self._item.drive)

    def _chunk(self, index: int) -> bytes:
        job = self._store.fetch(self._item, index, self._pools, Urgency.FIRST)
        if not job.done() and not job.wait(max(0.0, _ends() - time.monotonic())):
            self._pools.leave(job)  # a read that has begun goes on, and the next search finds its chunk
            raise TextsLateError(self._item.drive)
        return self._pools.wait(job)


def _shared(stretches: list[Range]) -> Iterator[list[Range]]:
    """The same in as many parts as a drive has threads, none of them cut."""
    total, part, taken = sum(last - first for first, last in stretches), list[Range](), 0
    for first, last in stretches:
        part.append((first, last))
        taken += last - first
        if taken * _READERS >= total and total >= _SHARED:
            yield part
            part, taken = [], 0
    if part:
        yield part


def _stretches(numbers: Sequence[int]) -> Iterator[Range]:
    """Rising numbers as (first, one past the last) of neighbours, at most `_TOGETHER` of them."""
    first = last = -1
    for number in numbers:
        if number != last or last - first >= _TOGETHER:
            if last > first:
                yield first, last
            first = number
        last = number + 1
    if last > first:
        yield first, last
