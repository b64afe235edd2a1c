r"""items.txt: every item of a release, one line each: `<sha256> <size> <path>\n`, sorted by path, each path once.

ASCII. The digest is 64 lower-case hexadecimal digits, the size decimal bytes without leading zeros. It covers the whole
release; a drive of a set carries a part of it (its manifest).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from indexer.model import Resource
from packager.format.errors import FormatError, LayoutError
from packager.format.files import Files
from packager.format.layout import check_payload_path
from packager.format.lines import Row, RowFormat, read_rows

MAX_ITEMS = 20_000_000
"""Most items in a release."""
MAX_ITEM_SIZE = 1 << 43
"""Most bytes in an item (8 TiB)."""

_LINE = re.compile(rb"([0-9a-f]{64}) (0|[1-9][0-9]{0,12}) ([\x21-\x7e]{1,200})\Z")
_ROW = re.compile(rb"([0-9a-f]{64}) (0|[1-9][0-9]{0,12}) (data(?:/[a-z0-9_-][a-z0-9._-]*)+)\n")


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item. sha256: 64 lower-case hexadecimal digits; size: bytes; path: `data/ab/<id>.<ext>`."""

    sha256: str
    size: int
    path: str

    def to_bytes(self) -> bytes:
        """The line, with its line feed."""
        return f"{self.sha256} {self.size} {self.path}\n".encode("ascii")


def item_lines(resources: Iterable[Resource]) -> list[ItemLine]:
    """All items of `resources` as sorted lines. Memory: about 300 bytes an item.

    Raises:
        FormatError: two items have one path.
    """
    lines = sorted((ItemLine(i.sha256, i.size, i.path) for r in resources for i in r.items), key=lambda line: line.path)
    for before, line in pairwise(lines):
        if before.path == line.path:
            raise FormatError("belongs to two items", path=line.path)
    return lines


def write_items(path: Path, lines: Iterable[ItemLine], files: Files) -> tuple[str, int]:
    """Write items.txt durably from lines sorted by path. Memory: constant.

    Returns:
        SHA-256 and size of the file.

    Raises:
        FormatError: a line is malformed, out of order or there twice; nothing is kept.
        OSError: the disk is full or does not answer; nothing is kept.
    """
    return files.write_atomic(path, (line.to_bytes() for line in _in_order(_parsed(lines), path.name)))


def _parsed(lines: Iterable[ItemLine]) -> Iterator[ItemLine]:
    for line in lines:
        yield parse_item(line.to_bytes()[:-1], line.path)


def read_items(path: Path, *, max_count: int = MAX_ITEMS) -> Iterator[ItemLine]:
    """The lines of an items.txt, in order, streaming. Memory: a few MiB.

    Raises:
        FormatError: a line is malformed, out of order or there twice, or the last one is cut short.
        TooLargeError: a line is too long, or there are more than `max_count`.
        OSError: the file is not there or the disk does not answer.
    """
    for rows in read_item_rows(path, max_count=max_count):
        for sha256, size, name in rows:
            yield ItemLine(sha256.decode(), int(size), name.decode())


def read_item_rows(path: Path, *, max_count: int = MAX_ITEMS) -> Iterator[list[Row]]:
    """As `read_items`, in blocks of (digest, size, path) as ASCII bytes: the fast way for a million lines.

    Raises:
        FormatError, TooLargeError, OSError: as `read_items`.
    """
    for rows in read_rows(path, _FORM, max_count=max_count):
        if any(int(size) > MAX_ITEM_SIZE for _, size, _ in rows if len(size) == _LONGEST_SIZE):
            raise FormatError("names an item that is too large", path=path.name)
        yield rows


def _in_order(lines: Iterable[ItemLine], name: str) -> Iterator[ItemLine]:
    before = ""
    for line in lines:
        if line.path <= before:
            raise FormatError("is not sorted, or names a path twice", path=name, found=line.path)
        before = line.path
        yield line


def parse_item(line: bytes, where: str) -> ItemLine:
    """The item of one line without its line feed; `where` goes into errors.

    Raises:
        FormatError: the line is malformed, or the item too large.
        LayoutError: its path is none that a drive may hold.
    """
    match = _LINE.match(line)
    if match is None:
        raise FormatError("is malformed", path=where, expected="<sha256> <size> <path>", found=repr(line[:80]))
    size = int(match[2])
    if size > MAX_ITEM_SIZE:
        raise FormatError("names an item that is too large", path=where, found=str(size))
    try:
        name = check_payload_path(match[3].decode("ascii"))
    except LayoutError as error:
        raise LayoutError(f"{where}: {error.reason}", path=error.path, found=error.found) from error
    return ItemLine(match[1].decode("ascii"), size, name)


def _check_line(line: bytes, where: str) -> str:
    return parse_item(line, where).path


_LONGEST_SIZE = len(str(MAX_ITEM_SIZE))
_FORM = RowFormat(_ROW, separators=3, max_line=64 + 1 + _LONGEST_SIZE + 1 + 200 + 1, check_line=_check_line)
