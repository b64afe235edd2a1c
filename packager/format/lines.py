"""Reading the sorted lists of a drive, bounded and in blocks.

A list of a million lines is read several times a minute after a drive is plugged in, so the usual way checks whole
blocks with one regular expression. A block that does not pass is read once more line by line, only to say what is
wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter, lt
from pathlib import Path

from packager.format.errors import FormatError, TooLargeError
from packager.format.layout import MAX_PATH

Row = tuple[bytes, ...]

_BLOCK = 1 << 14
"""Bytes that are taken apart at once: so few that their rows stay in the processor's cache, which saves a third."""


@dataclass(frozen=True)
class RowFormat:
    """The form of a list.

    Attributes:
        pattern: one line with its line feed; a group for every field, the path last.
        separators: bytes of a line that are in no group.
        max_line: most bytes in a line, with its line feed.
        check_line: proves one line without its line feed and returns its path; raises FormatError. It is asked only
            about blocks that do not pass, and may be stricter than the pattern.
    """

    pattern: re.Pattern[bytes]
    separators: int
    max_line: int
    check_line: Callable[[bytes, str], str]


def read_rows(path: Path, form: RowFormat, *, max_count: int) -> Iterator[list[Row]]:
    """The rows of a list in blocks, in order. Memory: a few MiB.

    Args:
        path: a file of our own (already copied from the drive).
        form: what a line is.
        max_count: most lines.

    Raises:
        TooLargeError: a line or the number of lines is over its bound.
        FormatError: a line is malformed, out of order or there twice, or the last one has no line feed.
        OSError: the file is not there or the disk does not answer.
    """
    count, before, tail = 0, b"", b""
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            content = tail + block
            cut = content.rfind(b"\n") + 1
            tail = content[cut:]
            if len(tail) >= form.max_line:
                raise TooLargeError("holds a line that is too long", path=path.name, expected=f"{form.max_line} bytes")
            if not cut:
                continue
            rows = form.pattern.findall(content, 0, cut)
            if not _is_whole(rows, cut, before, form):
                _explain(content[:cut], count, before, form, path.name)
            count += len(rows)
            if count > max_count:
                raise TooLargeError("holds too many lines", path=path.name, expected=f"at most {max_count}")
            before = rows[-1][-1]
            yield rows
    if tail:
        raise FormatError("is cut short: its last line has no line feed", path=path.name)


def _is_whole(rows: list[Row], size: int, before: bytes, form: RowFormat) -> bool:
    """Whether the rows cover the block without a gap, and are sorted by path, each path once and not too long."""
    if sum(map(len, chain.from_iterable(rows))) + form.separators * len(rows) != size:
        return False
    paths = list(map(itemgetter(-1), rows))
    return before < paths[0] and all(map(lt, paths, islice(paths, 1, None))) and max(map(len, paths)) <= MAX_PATH


def _explain(content: bytes, count: int, before: bytes, form: RowFormat, name: str) -> None:
    """Raise what is wrong with a block that did not pass."""
    last = before.decode("ascii")
    for n, line in enumerate(content[:-1].split(b"\n"), count + 1):
        if len(line) >= form.max_line:
            raise TooLargeError("holds a line that is too long", path=name, expected=f"{form.max_line} bytes")
        path = form.check_line(line, f"{name}, line {n}")
        if path <= last:
            raise FormatError("is not sorted, or names a path twice", path=name, found=path)
        last = path
    raise FormatError("is malformed", path=name)
