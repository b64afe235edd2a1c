"""Making a new release out of an old one and a delta; what is made has the digests of the new truth, or is not kept.

Three steps, each of which may be done again after an interruption: the lists (`apply_lists`), the items
(`apply_items`, which leaves out what is there already), and the table of chunks (`apply_chunks`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from packager.format.chunks import ChunkTable, ChunkWriter, chunk_count, first_chunks
from packager.format.deltas import ADD, COPY, PATCH, REMOVE, Delta, Operation, windows
from packager.format.errors import DigestError, FormatError, PatchError
from packager.format.files import Files
from packager.format.items import ItemLine, parse_item, read_items
from packager.format.line_patches import apply_line_patch
from packager.format.patches import apply_frame
from packager.format.release import Digest

_LINE = 512
"""More than any line of items.txt has bytes."""


class PackStream:
    """The packs of a delta as one stream. A context manager; memory: a window. position: bytes behind us."""

    def __init__(self, packs: Sequence[Path]) -> None:
        """Name the packs, in order; each is opened when it is reached."""
        self._packs = list(packs)
        self._file: BinaryIO | None = None
        self.position = 0

    def __enter__(self) -> PackStream:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        self._packs, self._file = [], None

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer only at the end."""
        parts: list[bytes] = []
        while size and (self._file or self._packs):
            if self._file is None:
                self._file = self._packs.pop(0).open("rb")
            block = self._file.read(size)
            if not block:
                self._file.close()
                self._file = None
                continue
            parts.append(block)
            size -= len(block)
            self.position += len(block)
        return b"".join(parts)

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes.

        Raises:
            PatchError: there are fewer.
        """
        found = self.read(size)
        if len(found) != size:
            raise PatchError("ends before its operations do")
        return found

    def skip(self, size: int) -> None:
        """Go on behind the next `size` bytes, without reading them.

        Raises:
            PatchError: there are fewer.
        """
        while size:
            if self._file is None:
                if not self._packs:
                    raise PatchError("ends before its operations do")
                self._file = self._packs.pop(0).open("rb")
            left = os.fstat(self._file.fileno()).st_size - self._file.tell()
            step = min(size, left)
            self._file.seek(step, os.SEEK_CUR)
            size -= step
            self.position += step
            if step == left:
                self._file.close()
                self._file = None


class _Part:
    """So many bytes of a stream, as a file."""

    def __init__(self, stream: PackStream, size: int) -> None:
        self._stream, self.left = stream, size

    def read(self, size: int = -1) -> bytes:
        found = self._stream.exactly(min(size, self.left) if size >= 0 else self.left)
        self.left -= len(found)
        return found


def apply_list(
    stream: PackStream, size: int, old: Path, new: Path, wanted: Digest, files: Files, *, durable: bool = True
) -> None:
    """Make one list of the new release, durably.

    Args:
        stream: where its patch begins.
        size: bytes of the patch.
        old: the old list, verified.
        new: where the new one goes; its folder is there.
        wanted: what it must be.
        files: the writer.
        durable: see `Files.create`.

    Raises:
        PatchError: the patch is malformed, or for another list.
        DigestError: it makes another list; nothing is kept.
        OSError: a disk is full or does not answer.
    """
    part = _Part(stream, size)
    with old.open("rb") as before, files.create(new, expected=wanted.sha256, durable=durable) as out:
        apply_line_patch(before, part, out.write, wanted.size)  # type: ignore[arg-type]
        if part.left:
            raise PatchError("has more bytes than its patch")


@dataclass(frozen=True, slots=True)
class Change:
    """One operation with what it is about.

    Attributes:
        operation: what is to be done.
        new: the item as the new release has it; None when it is removed.
        old: what it takes from, or what is removed; None for what is added.
    """

    operation: Operation
    new: ItemLine | None
    old: ItemLine | None


def changes(operations: Iterable[Operation], old_items: Path, new_items: Path) -> Iterator[Change]:
    """The operations with their items, in order, proved to be all that is between the two lists.

    Args:
        operations: of the delta.
        old_items: items.txt of the old release, verified.
        new_items: of the new one, verified.

    Raises:
        FormatError: an operation is about nothing that changes, or one is lacking. Everything before was right.
        OSError: a file does not answer.
    """
    waiting = iter(operations)
    operation = next(waiting, None)
    for old, new in differences(read_items(old_items), read_items(new_items)):
        path = new.path if new else old.path if old else ""
        if operation is None or operation.path != path or (operation.kind == REMOVE) != (new is None):
            raise FormatError("does not say how an item comes about", path=path)
        if operation.kind in {PATCH, COPY}:
            source = old if old and old.path == operation.source else find_item(old_items, operation.source)
            if source is None or (operation.kind == COPY and new and source.sha256 != new.sha256):
                raise FormatError("takes from an item that there is not", path=path, found=operation.source)
            yield Change(operation, new, source)
        else:
            yield Change(operation, new, old if new is None else None)
        operation = next(waiting, None)
    if operation is not None:
        raise FormatError("is about an item that does not change", path=operation.path)


def differences(old: Iterator[ItemLine], new: Iterator[ItemLine]) -> Iterator[tuple[ItemLine | None, ItemLine | None]]:
    """What two sorted lists of items do not share, by path: (as it was, as it is), None where it was or is not."""
    left, right = next(old, None), next(new, None)
    while left is not None or right is not None:
        if left is not None and right is not None and left.path == right.path:
            if left != right:
                yield left, right
            left, right = next(old, None), next(new, None)
        elif right is None or (left is not None and left.path < right.path):
            yield left, None
            left = next(old, None)
        else:
            yield None, right
            right = next(new, None)


ReadOld = Callable[[ItemLine, int, int], bytes]
"""Reads bytes of an old item: which, from where, how many."""


def made(change: Change, stream: PackStream, read_old: ReadOld) -> Iterator[bytes]:
    """The bytes of an added or patched item, window by window. Memory: two windows and what zstd takes.

    Raises:
        PatchError: a frame is malformed or for other old bytes.
        FormatError: the operation does not fit the item.
        OSError: a file does not answer.
    """
    operation, new, old = change.operation, change.new, change.old
    if new is None or operation.kind not in {ADD, PATCH}:
        raise FormatError("makes nothing", path=operation.path)
    known = old if operation.kind == PATCH else None
    found = windows(operation, new.size, known.size if known else 0)
    for length, (_, size, start, count) in zip(operation.frames, found, strict=True):
        frame = stream.exactly(length)
        if length == size:
            yield frame
            continue
        before = read_old(known, start, count) if known and count else b""
        yield apply_frame(frame, size, before)


def apply_chunks(
    path: Path,
    old_items: Path,
    old_chunks: Path,
    new_items: Path,
    digests: Mapping[str, bytes],
    copies: Mapping[str, str],
    wanted: Digest,
    files: Files,
) -> None:
    """Make chunks.bin of the new release, durably. Memory: what is passed in.

    Args:
        path: where it goes.
        old_items: items.txt of the old release, verified.
        old_chunks: its chunks.bin, verified.
        new_items: of the new one, verified.
        digests: of added and patched items of more than 1 MiB, by path.
        copies: path → path in the old release, of copied items.
        wanted: what it must be.
        files: the writer.

    Raises:
        DigestError: it is another; nothing is kept.
        FormatError: digests of an item are lacking.
        OSError: a disk is full or does not answer.
    """
    wanted_old = set(copies.values())
    places = {line.path: at for line, at in first_chunks(read_items(old_items)) if line.path in wanted_old}
    old = first_chunks(read_items(old_items))
    with ChunkTable(old_chunks) as table:
        before = next(old, None)
        writer = ChunkWriter(path, files)
        with writer:
            for line in read_items(new_items):
                while before is not None and before[0].path < line.path:
                    before = next(old, None)
                count = chunk_count(line.size)
                if not count:
                    writer.add(line, b"")
                elif line.path in digests:
                    writer.add(line, digests[line.path])
                elif line.path in copies:
                    writer.add(line, _copied(table, places[copies[line.path]], count))
                elif before is not None and before[0] == line:
                    writer.add(line, _copied(table, before[1], count))
                else:
                    raise FormatError("has no digests of its chunks", path=line.path)
            if (writer.sha256, writer.size) != (wanted.sha256, wanted.size):
                raise DigestError("has other bytes", path=path.name, expected=wanted.sha256, found=writer.sha256)


def _copied(table: ChunkTable, first: int, count: int) -> bytes:
    return b"".join(table.digest(first + n) for n in range(count))


def find_item(items: Path, path: str) -> ItemLine | None:
    """The item of a path in a verified items.txt, by bisection of the file; None when there is none."""
    wanted = path.encode()
    with items.open("rb", buffering=0) as file:
        low, high = 0, os.fstat(file.fileno()).st_size
        while low < high:
            start, line = _line_at(file.fileno(), (low + high) // 2, low)
            found = line.rsplit(b" ", 1)[-1]
            if found == wanted:
                return parse_item(line, items.name)
            if found < wanted:
                low = start + len(line) + 1
            else:
                high = start
    return None


def _line_at(descriptor: int, place: int, low: int) -> tuple[int, bytes]:
    """Where the line that holds the byte at `place` begins, not before `low`, and the line without its line feed."""
    begin = max(low, place - _LINE)
    block = os.pread(descriptor, place - begin + 2 * _LINE, begin)
    start = block.rfind(b"\n", 0, place - begin) + 1
    end = block.find(b"\n", start)
    return begin + start, block[start:end]


__all__ = [
    "Change",
    "Delta",
    "PackStream",
    "apply_chunks",
    "apply_list",
    "changes",
    "differences",
    "find_item",
    "made",
]
