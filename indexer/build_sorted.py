"""Sorted lines on scratch that are read together, with bounded memory and without holding their files open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

TOGETHER = 8 << 20
"""Bytes read ahead of all files together."""

_LEAST = 4096


def read_lines(path: Path, files: int) -> Iterator[bytes]:
    """The lines of a file without their line feeds.

    Args:
        path: the file; it ends with a line feed or is empty.
        files: how many are read at the same time.
    """
    size, at, rest = max(_LEAST, TOGETHER // max(1, files)), 0, b""
    while True:
        with path.open("rb") as file:
            file.seek(at)
            block = file.read(size)
        if not block:
            return
        at += len(block)
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield from lines


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines, each with a line feed after it."""
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
