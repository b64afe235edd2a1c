"""Cutting large pictures into tile packs: pages side by side, and a page that several packs share once.

Every page is a job of its own in a confined child process. Its tiles wait in a file without a name in the work folder
until their turn in the pack comes, so a book of many pages keeps all workers busy and a pack is the same bytes
however many there are. The tiles cut last are kept for the packs that follow: parts that share a page stand near each
other in a catalogue. A kill leaves nothing behind.

Temporary space is bounded by `_KEPT` and by the pages in work, `workers` + 1 for each pack that is written.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections import OrderedDict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Self

from indexer.renditions.source import FileSource
from indexer.renditions.tilepack import write_tilepack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from indexer.renditions.api import Renditions

_KEPT, _KEPT_PAGES = 1 << 30, 256
"""Bytes and pages of tiles that are kept for the packs that follow; every page is an open file."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to cut: SHA-256 of the picture file in hexadecimal, page from 1, where the file lies."""

    sha256: str
    page: int
    path: Path


class _Tiles:
    """The tiles of a page in a file without a name, which is gone with the last pack that reads it."""

    def __init__(self, fd: int) -> None:
        """Own the descriptor."""
        self._fd = fd
        weakref.finalize(self, os.close, fd)

    def pieces(self) -> Iterator[bytes]:
        """Its bytes; several packs may read it at the same time."""
        at = 0
        while piece := os.pread(self._fd, _BLOCK, at):
            at += len(piece)
            yield piece


class Cutter:
    """Writes tile packs, from any thread. Close it, or use it as a context manager."""

    def __init__(self, renditions: Renditions, folder: Path, workers: int, *, kept: int = _KEPT) -> None:
        """Cut `workers` pages at a time; tiles wait in `folder`, `kept` bytes of them for packs that follow."""
        self._renditions, self._folder = renditions, folder
        self._pool = ThreadPoolExecutor(workers, "cut")
        self._ahead = workers + 1
        self._lock = threading.Lock()
        self._cuts: OrderedDict[tuple[str, int], Future[_Tiles]] = OrderedDict()
        self._sizes: dict[tuple[str, int], int] = {}
        self._room = kept

    def __enter__(self) -> Self:
        """The cutter itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Stop after the pages in work; packs that are being written end with an error. A second call does nothing."""
        self._pool.shutdown(cancel_futures=True)
        with self._lock:
            self._cuts.clear()
            self._sizes.clear()

    def write(self, sheets: Iterable[Sheet], out: BinaryIO) -> None:
        """Write one pack of all sheets, in their order, to `out`; after an error its content is void.

        Raises:
            RenditionError: a picture is damaged or a limit was reached.
            OSError: the work disk is full or does not answer.
        """
        write_tilepack(out, self._in_turn(iter(sheets)))

    def _in_turn(self, sheets: Iterator[Sheet]) -> Iterator[Iterator[bytes]]:
        """The tiles of each sheet in order; a few sheets after it are in work meanwhile."""
        waiting = deque(self._cut(sheet) for sheet in islice(sheets, self._ahead))
        while waiting:
            tiles = waiting.popleft().result()
            waiting.extend(self._cut(sheet) for sheet in islice(sheets, 1))
            yield tiles.pieces()

    def _cut(self, sheet: Sheet) -> Future[_Tiles]:
        """The tiles of a sheet as records: those cut before, or a new job."""
        key = (sheet.sha256, sheet.page)
        with self._lock:
            future = self._cuts.pop(key, None) or self._pool.submit(self._make, sheet, key)
            self._cuts[key] = future
            return future

    def _make(self, sheet: Sheet, key: tuple[str, int]) -> _Tiles:
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file, FileSource(sheet.path) as source:
                self._renditions.tiles(source, file.write, sheet.page)
                file.flush()
                tiles = _Tiles(os.dup(file.fileno()))
                self._keep(key, file.tell())
                return tiles
        except BaseException:
            with self._lock:
                self._cuts.pop(key, None)
            raise

    def _keep(self, key: tuple[str, int], size: int) -> None:
        """Remember the tiles of a sheet and let go of the oldest; a file is gone when no pack reads it any more."""
        with self._lock:
            self._sizes[key] = size
            for oldest in list(self._cuts):
                if len(self._sizes) <= _KEPT_PAGES and sum(self._sizes.values()) <= self._room:
                    break
                if self._sizes.pop(oldest, None) is not None:
                    del self._cuts[oldest]
