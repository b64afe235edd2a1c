"""Making one delta: the cheapest operation for every item that changed, proved by applying it.

Nothing is guessed: what an operation makes is compared with the new item's bytes before it is written, and the lists
that the patches make are compared with the new release's. The same two releases give the same bytes with one version
of libzstd, however many threads work.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packager.delta.packs import PackWriter, pack_name
from packager.errors import DeltaBaseError, DeltaPairError
from packager.format.delta_apply import PackStream, apply_list, differences
from packager.format.deltas import ADD, COPY, PATCH, REMOVE, Delta, Operation
from packager.format.items import ItemLine, read_items
from packager.format.line_patches import differing, make_line_patch
from packager.format.patches import apply_frame, make_frame, quick_frame, windows_of

if TYPE_CHECKING:
    from packager.delta.editions import Edition
    from packager.format.files import Files

Progress = Callable[[int], None]
"""Called with how many items are done."""

DOCUMENT = "delta.jsonl"
_PROBE = 1 << 20
_WORTH = 50
"""Packing an item without an old one must save one part in so many of its beginning; films and pictures never do."""


@dataclass
class Counts:
    """What changed, for people, with the titles of the first `MOST` of each kind."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    titles: dict[str, list[str]] = field(default_factory=lambda: {"added": [], "changed": [], "removed": []})

    def note(self, kind: str, line: bytes) -> None:
        """Count one record by its line."""
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.titles[kind]) < MOST:
            self.titles[kind].append(str(json.loads(line).get("title", "")))


MOST = 20


def make_delta(
    old: Edition, new: Edition, folder: Path, files: Files, *, workers: int = 1, progress: Progress | None = None
) -> tuple[Delta, Counts]:
    """Write the delta from `old` to `new` into a folder: `delta.jsonl` and packs. What stood there goes.

    Args:
        old: the release that libraries have.
        new: the one that they are to get; of the same bundle.
        folder: of this delta alone.
        files: the writer.
        workers: threads that make frames.
        progress: called with how many items are done.

    Returns:
        Its head, and what changed.

    Raises:
        DeltaPairError: they are of two bundles, or one and the same.
        DeltaBaseError: an item of `old` or `new` is not at hand, or not what its list says.
        OSError: a disk is full or does not answer.
    """
    if old.release.bundle != new.release.bundle or old.release.seq == new.release.seq:
        raise DeltaPairError("the two are not two releases of one bundle")
    files.discard(folder)
    files.make_dir(folder)
    counts = Counts()
    operations: list[Operation] = []
    with PackWriter(folder, files) as packs:
        catalogue = _write_patch(packs, _catalogue_patch(old, new, counts))
        items = _write_patch(packs, _items_patch(old, new))
        for operation, frames in _operations(old, new, workers):
            operations.append(operation)
            for frame in frames:
                packs.write(frame)
            if progress is not None:
                progress(len(operations))
    head = Delta(
        bundle=new.release.bundle, old=old.release.seq, old_number=old.release.number, new=new.release.seq,
        new_number=new.release.number, operations=len(operations), packs=tuple(packs.packs), catalogue=catalogue,
        items=items, added=counts.added, changed=counts.changed, removed=counts.removed,
    )  # fmt: skip
    _prove_lists(head, old, new, folder, files)
    files.write_atomic(folder / DOCUMENT, _lines(head, operations))
    return head, counts


def _lines(head: Delta, operations: Iterable[Operation]) -> Iterator[bytes]:
    yield head.to_bytes()
    for operation in operations:
        yield operation.to_bytes()


def _write_patch(packs: PackWriter, blocks: Iterable[bytes]) -> int:
    before = packs.size
    for block in blocks:
        packs.write(block)
    return packs.size - before


def _catalogue_patch(old: Edition, new: Edition, counts: Counts) -> Iterator[bytes]:
    with old.layout.catalogue.open("rb") as before, new.layout.catalogue.open("rb") as after:
        for _, left, right in differing(before, after, identity):
            counts.note("changed" if left and right else "added" if right else "removed", right or left or b"")
        before.seek(0)
        after.seek(0)
        yield from make_line_patch(before, after, identity)


def _items_patch(old: Edition, new: Edition) -> Iterator[bytes]:
    with old.layout.items.open("rb") as before, new.layout.items.open("rb") as after:
        yield from make_line_patch(before, after, path_of)


def identity(line: bytes) -> bytes:
    """What catalogue.jsonl is sorted by."""
    return str(json.loads(line)["id"]).encode()


def path_of(line: bytes) -> bytes:
    """What items.txt is sorted by."""
    return line.rsplit(b" ", 1)[-1].rstrip(b"\n")


def _operations(old: Edition, new: Edition, workers: int) -> Iterator[tuple[Operation, list[bytes]]]:
    """The operations in order, each with its frames; several threads make them, a few at a time."""
    elsewhere = _moved(old, new)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[tuple[Operation, list[bytes]]]] = deque()
        for left, right in _changed(old, new):
            waiting.append(pool.submit(_operation, old, new, left, right, elsewhere))
            while len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _changed(old: Edition, new: Edition) -> Iterator[tuple[ItemLine | None, ItemLine | None]]:
    return differences(read_items(old.layout.items), read_items(new.layout.items))


def _moved(old: Edition, new: Edition) -> dict[str, ItemLine]:
    """SHA-256 → the first old item with these bytes, of those that the new release has under another path."""
    wanted = {right.sha256 for left, right in _changed(old, new) if right is not None}
    found: dict[str, ItemLine] = {}
    for line in read_items(old.layout.items) if wanted else ():
        if line.sha256 in wanted:
            found.setdefault(line.sha256, line)
    return found


def _operation(
    old: Edition, new: Edition, left: ItemLine | None, right: ItemLine | None, elsewhere: dict[str, ItemLine]
) -> tuple[Operation, list[bytes]]:
    if right is None:
        return Operation(REMOVE, left.path if left else ""), []
    if right.sha256 in elsewhere:
        return Operation(COPY, right.path, elsewhere[right.sha256].path), []
    if left is not None:
        _check(old, left)
    frames, helped = _frames(old, new, left, right)
    lengths = tuple(map(len, frames))
    return Operation(PATCH, right.path, left.path, lengths) if left and helped else Operation(
        ADD, right.path, "", lengths
    ), frames


def _frames(old: Edition, new: Edition, left: ItemLine | None, right: ItemLine) -> tuple[list[bytes], bool]:
    """The frames of an item, each proved, and whether its old form was of use."""
    whole, frames, helped = hashlib.sha256(), [], False
    for first, size, start, count in windows_of(right.size, left.size if left else 0):
        wanted = new.read(right, first, size)
        whole.update(wanted)
        before = old.read(left, start, count) if left else b""
        frame = _frame(wanted, before)
        if len(frame) < size and apply_frame(frame, size, before) != wanted:
            raise RuntimeError(f"zstd gave other bytes for {right.path}")  # never seen; it would reach every county
        helped = helped or (bool(before) and len(frame) < size)
        frames.append(frame)
    if whole.hexdigest() != right.sha256:
        raise DeltaBaseError(f"{right.path} has other bytes than its list says", new.release.edition)
    if left is not None and not helped and left.size > 0:
        return _frames(old, new, None, right)  # windows of an item alone are others
    return frames, helped


def _frame(wanted: bytes, before: bytes) -> bytes:
    """The shortest form of a window; these bytes as they are when nothing is gained."""
    if not before and not _packs_well(wanted):
        return wanted
    frame = make_frame(wanted, before)
    return frame if len(frame) < len(wanted) else wanted


def _packs_well(content: bytes) -> bool:
    """Whether the middle of it packs by more than one part in `_WORTH`."""
    middle = len(content) // 2
    probe = content[max(0, middle - _PROBE // 2) : middle + _PROBE // 2]
    return len(quick_frame(probe)) < len(probe) - len(probe) // _WORTH


def _check(edition: Edition, item: ItemLine) -> None:
    """Compare the bytes of an old item with its list: what a damaged archive makes would fit no library's drive."""
    found, at = hashlib.sha256(), 0
    while at < item.size:
        block = edition.read(item, at, min(_PROBE, item.size - at))
        found.update(block)
        at += len(block)
    if found.hexdigest() != item.sha256:
        raise DeltaBaseError(f"{item.path} of edition {edition.release.edition} is damaged", edition.release.edition)


def _prove_lists(head: Delta, old: Edition, new: Edition, folder: Path, files: Files) -> None:
    """Make the new lists out of the old ones and the packs once, as a library will."""
    with PackStream([folder / pack_name(n) for n in range(len(head.packs))]) as stream:
        for name, size in ((new.layout.catalogue.name, head.catalogue), (new.layout.items.name, head.items)):
            trial = folder / f"{name}.trial"
            apply_list(stream, size, old.layout.meta_file(name), trial, new.release.truth[name], files, durable=False)
            files.discard(trial)
