"""Copying files to our own disk as a pipeline, all of them durable together at the end.

The caller's thread reads and hashes, a second one writes, a third one flushes what was written, in steps, so that the
last flush finds little to do and the disk that is read never waits for the one that is written. Files go through one
after the other, in the order of the calls: a spinning disk has nothing to seek. Memory: `DEPTH` chunks of 1 MiB.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from packager.format.files import Files, compare
from packager.format.source_file import opened_source, source_blocks

DEPTH = 4
"""Chunks that may wait to be written."""
FLUSH = 16 << 20
"""Bytes of a file after which it is flushed while more of it is written."""
BEHIND = 2
"""Flushes that may wait, so that a slow disk of our own slows the reading down and leaves little to the end."""

_T = TypeVar("_T")
_Step = Callable[[], object]


class Copies:
    """A context in which files are copied. When it ends without an exception those to be kept are durable, with names.

    After an exception what was finished is there, perhaps not durable, and nothing else. Each call may raise the
    OSError of our own disk that a file met that was given before.
    """

    def __init__(self, files: Files) -> None:
        """Begin; `files` is the writer, and says whether it may be used by several threads."""
        self._files = files
        self._unfinished: dict[Path, int] = {}
        self._finished: list[Path] = []
        self._writing = _Lane("copy-write", DEPTH, threads=files.threads)
        self._flushing = _Lane("copy-flush", BEHIND, threads=files.threads)
        self._beside = _Lane("copy-beside", 0, threads=files.threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lanes = (self._writing, self._flushing, self._beside)
        for lane in lanes:
            lane.end(error)
        failed = error or next((lane.error for lane in lanes if lane.error is not None), None)
        for path, handle in self._unfinished.items():
            self._files.drop(handle, path)
        if failed is None:
            self._files.keep_names(self._finished)
        elif error is None:
            raise failed

    def copy(
        self,
        src: Path | int,
        dst: Path,
        *,
        max_size: int,
        expected: str | None = None,
        progress: Callable[[int], None] | None = None,
        each: Callable[[bytes], object] | None = None,
        kept: bool = True,
    ) -> tuple[str, int]:
        """Copy a plain file; when this returns its bytes are read and proved, and on their way.

        Args:
            src: as of `Files.copy_hashed`.
            dst: in a folder that exists.
            max_size: most bytes to take.
            expected: SHA-256 that they must have.
            progress: called after every chunk with the number of bytes just read.
            each: called with every chunk.
            kept: make it durable. False for a file that is read now and thrown away soon.

        Returns:
            SHA-256 (hexadecimal) and size in bytes.

        Raises:
            TooLargeError, LayoutError, SourceReadError, DigestError: as `Files.copy_hashed`; of `dst` nothing is kept.
            OSError: our own disk is full or does not answer.
        """
        file, sha256, size = _File(self._files, dst, self._unfinished, kept), hashlib.sha256(), 0
        with opened_source(src) as descriptor:
            self._write(file.begin)
            try:
                for block in source_blocks(descriptor, max_size, dst.name):
                    size += len(block)
                    sha256.update(block)
                    if each is not None:
                        each(block)
                    self._write(partial(self._append, file, block))
                    if progress is not None:
                        progress(len(block))
                compare(expected, sha256.hexdigest(), dst.name)
            except BaseException:
                self._write(partial(self._flushing.put, file.drop))
                raise
        self._write(partial(self._flushing.put, partial(self._finish, file)))
        return sha256.hexdigest(), size

    def beside(self, work: Callable[[], _T]) -> Future[_T]:
        """Do `work` beside the copying, as soon as every file given so far has its name.

        Its result, or its exception, is there when the context has ended without an exception.
        """
        future: Future[_T] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - the future tells it
                future.set_exception(error)

        self._write(partial(self._flushing.put, partial(self._beside.put, run)))
        return future

    def _write(self, step: _Step) -> None:
        for lane in (self._writing, self._flushing):
            if lane.error is not None:
                raise lane.error
        self._writing.put(step)

    def _append(self, file: _File, block: bytes) -> None:
        if file.append(block) >= FLUSH and file.kept:
            file.unflushed = 0
            self._flushing.put(file.flush)

    def _finish(self, file: _File) -> None:
        file.finish()
        if file.kept:
            self._finished.append(file.path)


class _File:
    """One file on its way; its steps are done in order, though by two threads."""

    def __init__(self, files: Files, path: Path, unfinished: dict[Path, int], kept: bool) -> None:
        self.path, self.kept, self.unflushed = path, kept, 0
        self._files, self._unfinished, self._handle = files, unfinished, -1

    def begin(self) -> None:
        self._handle = self._unfinished[self.path] = self._files.begin(self.path)

    def append(self, block: bytes) -> int:
        self._files.append(self._handle, block)
        self.unflushed += len(block)
        return self.unflushed

    def flush(self) -> None:
        self._files.flush(self._handle)

    def finish(self) -> None:
        del self._unfinished[self.path]
        self._files.finish(self._handle, self.path, durable=self.kept)

    def drop(self) -> None:
        del self._unfinished[self.path]
        self._files.drop(self._handle, self.path)


class _Lane:
    """Takes steps in order, in a thread of its own; after one that fails it takes no more.

    Attributes:
        error: what that step raised.
    """

    def __init__(self, name: str, depth: int, *, threads: bool) -> None:
        """Begin; `depth` steps may wait (0: any number). Without threads a step is taken when it is put."""
        self.error: BaseException | None = None
        self._steps: queue.Queue[_Step | None] = queue.Queue(depth)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True) if threads else None
        if self._thread is not None:
            self._thread.start()

    def put(self, step: _Step) -> None:
        if self._thread is None:
            step()
        else:
            self._steps.put(step)

    def end(self, error: BaseException | None) -> None:
        """Wait until what was put is done; with an error without doing it. Nothing may be put any more."""
        self.error = self.error or error
        if self._thread is not None:
            self._steps.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (step := self._steps.get()) is not None:
            if self.error is None:
                try:
                    step()
                except BaseException as error:  # noqa: BLE001 - told to the caller by its next call
                    self.error = error
