r"""Patches of sorted lists (catalogue.jsonl, items.txt): which lines stay, which go, which come.

Form: `SXLP0001`, then stretches. A stretch is four numbers, then its steps, then a zstd frame:

    steps    bytes of the steps; 0 ends the patch
    gone     bytes of the lines that it drops
    come     bytes of the lines that it brings
    frame    bytes of the frame, which makes the lines that come out of those that go

A step is three numbers: lines that stay, lines that go, lines that come, in this order. Lines of the old list behind
the last step stay. Numbers are unsigned LEB128 of at most five bytes. Every line ends with a line feed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from packager.format.errors import PatchError
from packager.format.patches import apply_frame, longest_frame, make_frame

MAGIC = b"SXLP0001"
STRETCH = 8 << 20
"""A stretch ends when the lines that go and come have more bytes."""
MAX_LINE = 1 << 22
"""Most bytes in a line."""
MAX_STRETCH = 2 * (STRETCH + MAX_LINE)
"""Most bytes of lines that go, and of those that come, in a stretch."""
MAX_STEPS = 4 << 20
"""Most bytes of the steps of a stretch."""
_BLOCK = 1 << 20
_NUMBER = 5

Key = Callable[[bytes], bytes]
"""What the lines of a list are sorted by."""


@dataclass
class _Stretch:
    """What a stretch will hold."""

    steps: bytearray = field(default_factory=bytearray)
    gone: bytearray = field(default_factory=bytearray)
    come: bytearray = field(default_factory=bytearray)

    @property
    def full(self) -> bool:
        return len(self.gone) + len(self.come) >= STRETCH or len(self.steps) + 3 * _NUMBER > MAX_STEPS

    def to_bytes(self) -> bytes:
        frame = make_frame(bytes(self.come), bytes(self.gone))
        counts = (len(self.steps), len(self.gone), len(self.come), len(frame))
        return b"".join(map(number, counts)) + bytes(self.steps) + frame


def make_line_patch(old: Iterable[bytes], new: Iterable[bytes], key: Key) -> Iterator[bytes]:
    """The patch that makes the list `new` out of `old`, in blocks. Memory: a stretch.

    Args:
        old: its lines, each with its line feed, sorted by `key`, each key once.
        new: likewise.
        key: asked only of lines that are not the same in both.
    """
    yield MAGIC
    stretch = _Stretch()
    for stay, gone, come in _steps(old, new, key):
        stretch.steps += number(stay) + number(len(gone)) + number(len(come))
        stretch.gone += b"".join(gone)
        stretch.come += b"".join(come)
        if stretch.full:
            yield stretch.to_bytes()
            stretch = _Stretch()
    if stretch.steps:
        yield stretch.to_bytes()
    yield number(0)


def differing(old: Iterable[bytes], new: Iterable[bytes], key: Key) -> Iterator[tuple[int, bytes | None, bytes | None]]:
    """What two sorted lists do not share: (lines that are the same before it, the old line, the new line).

    A line with the same key in both is one change; None where there was or is none.
    """
    left_lines, right_lines = iter(old), iter(new)
    left, right = next(left_lines, None), next(right_lines, None)
    same = 0
    while left is not None or right is not None:
        if left == right:
            same += 1
            left, right = next(left_lines, None), next(right_lines, None)
            continue
        goes = right is None or (left is not None and key(left) <= key(right))
        comes = left is None or (right is not None and key(right) <= key(left))
        yield same, left if goes else None, right if comes else None
        same = 0
        left = next(left_lines, None) if goes else left
        right = next(right_lines, None) if comes else right


def _steps(old: Iterable[bytes], new: Iterable[bytes], key: Key) -> Iterator[tuple[int, list[bytes], list[bytes]]]:
    """Lines that stay, go and come; changes with nothing between them are one step while they are short."""
    stay, gone, come = 0, list[bytes](), list[bytes]()
    weight = 0
    for same, left, right in differing(old, new, key):
        if (gone or come) and (same or weight >= STRETCH):
            yield stay, gone, come
            stay, gone, come, weight = 0, [], [], 0
        stay += same
        weight += len(left or b"") + len(right or b"")
        gone += [left] if left is not None else []
        come += [right] if right is not None else []
    if gone or come:
        yield stay, gone, come


def apply_line_patch(old: BinaryIO, patch: BinaryIO, write: Callable[[bytes], object], max_size: int) -> None:
    """Write the new list. Memory: a stretch.

    Args:
        old: the old list; must be able to seek.
        patch: from `make_line_patch`; read to its end.
        write: takes the new list in blocks.
        max_size: most bytes that it may have.

    Raises:
        PatchError: the patch is malformed, does not fit the old list, or makes too much.
        OSError: a file does not answer.
    """
    if patch.read(len(MAGIC)) != MAGIC:
        raise PatchError("is no patch of a list")
    out = _Bounded(write, max_size)
    lines = _Lines(old)
    while steps := _read_number(patch):
        gone, come, frame = (_read_number(patch) for _ in range(3))
        if steps > MAX_STEPS or max(gone, come) > MAX_STRETCH or frame > longest_frame(come):
            raise PatchError("has a stretch that is too long")
        _apply_stretch(lines, list(_triples(_exactly(patch, steps))), (gone, come), _exactly(patch, frame), out)
    lines.rest(out.write)
    if patch.read(1):
        raise PatchError("goes on behind its end")


def _apply_stretch(
    lines: _Lines, steps: list[tuple[int, int, int]], sizes: tuple[int, int], frame: bytes, out: _Bounded
) -> None:
    """The lines that go are needed before the first one that comes is known, so the old list is walked twice."""
    start, dropped = lines.tell(), io.BytesIO()
    for stay, gone, _ in steps:
        lines.take(stay, _nowhere)
        lines.take(gone, _up_to(dropped, sizes[0]))
    if dropped.tell() != sizes[0]:
        raise PatchError("does not fit the old list")
    brought = _Lines(io.BytesIO(apply_frame(frame, sizes[1], dropped.getvalue())))
    lines.seek(start)
    for stay, gone, come in steps:
        lines.take(stay, out.write)
        lines.take(gone, _nowhere)
        brought.take(come, out.write)
    if brought.tell() != sizes[1]:
        raise PatchError("brings lines that no step takes")


def _nowhere(_block: bytes) -> None:
    """Take nothing."""


def _up_to(out: io.BytesIO, most: int) -> Callable[[bytes], None]:
    def write(block: bytes) -> None:
        if out.tell() + len(block) > most:
            raise PatchError("does not fit the old list")
        out.write(block)

    return write


class _Bounded:
    """Writes at most so many bytes."""

    def __init__(self, write: Callable[[bytes], object], most: int) -> None:
        self._write, self._left = write, most

    def write(self, block: bytes) -> None:
        self._left -= len(block)
        if self._left < 0:
            raise PatchError("makes more bytes than it promised")
        self._write(block)


class _Lines:
    """Takes lines of a file in blocks."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._block, self._at = b"", 0
        self._end = file.tell()

    def tell(self) -> int:
        return self._end - len(self._block) + self._at

    def seek(self, place: int) -> None:
        self._file.seek(place)
        self._block, self._at, self._end = b"", 0, place

    def take(self, count: int, write: Callable[[bytes], None]) -> None:
        """Pass on the next `count` lines.

        Raises:
            PatchError: there are fewer.
        """
        while count:
            if self._at == len(self._block) and not self._fill():
                raise PatchError("does not fit the list: it has fewer lines")
            there = self._block.count(b"\n", self._at)
            if there < count:
                write(self._block[self._at :])
                self._at = len(self._block)
                count -= there
                continue
            end = self._behind(count)
            write(self._block[self._at : end])
            self._at, count = end, 0

    def rest(self, write: Callable[[bytes], None]) -> None:
        """Pass on everything that is left."""
        while self._at < len(self._block) or self._fill():
            write(self._block[self._at :])
            self._at = len(self._block)

    def _behind(self, count: int) -> int:
        """Where the line `count` lines from here ends; the block has so many. By halves, for `count` is fast."""
        low, high = self._at, len(self._block)
        while count > _FEW and high - low > _FEW:
            middle = (low + high) // 2
            there = self._block.count(b"\n", low, middle)
            low, high, count = (low, middle, count) if there >= count else (middle, high, count - there)
        for _ in range(count):
            low = self._block.index(b"\n", low) + 1
        return low

    def _fill(self) -> bool:
        self._block, self._at = self._file.read(_BLOCK), 0
        self._end += len(self._block)
        return bool(self._block)


_FEW = 64


def number(value: int) -> bytes:
    """A number as unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_number(file: BinaryIO) -> int:
    value = 0
    for place in range(_NUMBER):
        byte = file.read(1)
        if not byte:
            raise PatchError("is cut short")
        value |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            if place and not byte[0]:
                raise PatchError("has a number that is longer than it need be")
            return value
    raise PatchError("has a number that is too large")


def _triples(steps: bytes) -> Iterator[tuple[int, int, int]]:
    file = io.BytesIO(steps)
    while file.tell() < len(steps):
        yield _read_number(file), _read_number(file), _read_number(file)


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) != size:
        raise PatchError("is cut short")
    return found
