"""Writing what a delta's operations need: one stream, cut into packs of one size."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from packager.format.deltas import MAX_PACK
from packager.format.release import Digest

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from packager.format.files import Files, Output


def pack_name(number: int) -> str:
    """The name of a pack below the delta's folder, from 0."""
    return f"pack-{number:05d}.bin"


class PackWriter:
    """Writes packs into a folder, durably; a context manager.

    Attributes:
        packs: digest and size of those that are finished. size: bytes written so far.
    """

    def __init__(self, folder: Path, files: Files) -> None:
        """Name the folder; it is there and holds no packs."""
        self._folder, self._files = folder, files
        self._stack = contextlib.ExitStack()
        self._out: Output | None = None
        self.packs: list[Digest] = []
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        else:
            self._stack.__exit__(kind, error, trace)

    def write(self, block: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: the disk is full or does not answer.
        """
        view = memoryview(block)
        self.size += len(view)
        while view:
            if self._out is None:
                path = self._folder / pack_name(len(self.packs))
                self._out = self._stack.enter_context(self._files.create(path))
            piece = view[: MAX_PACK - self._out.size]
            self._out.write(bytes(piece))
            view = view[len(piece) :]
            if self._out.size == MAX_PACK:
                self._finish()

    def _finish(self) -> None:
        if self._out is None:
            return
        out, self._out = self._out, None
        self._stack.close()
        self.packs.append(Digest(out.sha256, out.size))
