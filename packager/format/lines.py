"""Reading text files of a drive line by line, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packager.format.errors import FormatError, TooLargeError


def read_lines(path: Path, *, max_line: int, max_count: int) -> Iterator[bytes]:
    """The lines of a file without their line feeds. Memory: constant.

    Args:
        path: a file of our own (already copied from the drive).
        max_line: most bytes in a line, with its line feed.
        max_count: most lines.

    Raises:
        TooLargeError: a line or the number of lines is over its bound.
        FormatError: the last line has no line feed (the file is cut short).
        OSError: the file is not there or the disk does not answer.
    """
    count = 0
    with path.open("rb", buffering=1 << 18) as file:
        while line := file.readline(max_line + 1):
            count += 1
            if len(line) > max_line:
                raise TooLargeError("holds a line that is too long", path=path.name, expected=f"{max_line} bytes")
            if count > max_count:
                raise TooLargeError("holds too many lines", path=path.name, expected=f"at most {max_count}")
            if not line.endswith(b"\n"):
                raise FormatError("is cut short: its last line has no line feed", path=path.name)
            yield line[:-1]
