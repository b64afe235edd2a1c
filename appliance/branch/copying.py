"""Making the copy: every item proved while it is read, written durably, read back from the disk and compared.

The order is that of any drive: payload first, lists next, signatures, the tagmanifest last, so that a copy that was
broken off is told as half copied wherever it is plugged in. What was compared is noted on the disk itself: a copy that
is broken off by a power cut or a pulled cable goes on there.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.branch.lists import manifest_lines
from appliance.branch.target import BLOCK, Mark, Target
from appliance.errors import BranchError
from packager.format.errors import DigestError, FormatError
from packager.format.layout import CHUNK

if TYPE_CHECKING:
    from appliance.branch.lists import BagLists, Items
    from packager.format.files import Files
    from packager.format.items import ItemLine
    from packager.format.release import Release

_log = logging.getLogger(__name__)

BATCH_BYTES = 256 << 20
BATCH_FILES = 400
"""So much is written before it is made durable, read back and noted; as many files are open."""
ROUND = 3
"""Times that an item is written before its disk counts as bad."""


@dataclass(frozen=True)
class Plan:
    """What is copied.

    Attributes:
        release: from the signed list. disk: number of the drive in its set.
        lists: of its bag, proved. items: that it carries. placed: the same, each with its first digest's index.
        blocks: the proved bytes of an item, by its first digest's index.
        meta: files of `meta/` by their names there; the truth, and accelerators that are at hand.
        beside: what stands outside of the bag, by name.
    """

    release: Release
    disk: int
    lists: BagLists
    items: Items
    placed: Callable[[], Iterator[tuple[ItemLine, int]]]
    blocks: Callable[[ItemLine, int], Iterator[bytes]]
    meta: Mapping[str, Path]
    beside: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Copied:
    """What a run did: files written, files that were there and right, bytes of payload."""

    written: int
    kept: int
    size: int


Progress = Callable[[int, int], None]
"""Called with bytes of payload done and in all; may raise to break off."""


class Copier:
    """Copies a plan to a disk. One run."""

    def __init__(self, plan: Plan, target: Target, files: Files, progress: Progress) -> None:
        """Nothing is written yet."""
        self._plan, self._target, self._files, self._progress = plan, target, files, progress
        self._layout = target.layout
        self._made: set[Path] = set()
        self._written = self._kept = self._size = 0

    def run(self) -> Copied:
        """Make the copy, or go on with it. The disk is a drive when this returns.

        Raises:
            BranchError: the disk holds something else, is too small, or loses what is written; an item cannot be had
                as it was signed. What is compared stays.
            OSError: the disk is full or does not answer.
        """
        with self._target.alone():
            return self._run()

    def _run(self) -> Copied:
        mark = self._target.prepare(self._plan.lists.name)
        self._check_room()
        self._target.note(mark)
        # Until the lists stand, this must not pass for a drive.
        self._files.remove(self._layout.tagmanifest)
        lost = self._payload(mark)
        if lost:
            raise BranchError("branch.items_lost", f"{lost} items cannot be had as they were signed", count=lost)
        self._clear()
        self._lists()
        self._target.finish()
        return Copied(self._written, self._kept, self._size)

    def need(self) -> int:
        """Bytes that the copy is still to write, an estimate that is not too low.

        Raises:
            FormatError, OSError: the items cannot be read.
        """
        need = sum(digest.size for digest in self._plan.release.truth.values()) + (4 << 20)
        need += sum(path.stat().st_size for path in self._plan.meta.values())
        for item in self._plan.items():
            if not self._target.has(self._layout.payload(item.path), item.size):
                need += item.size + BLOCK
        return need

    def _check_room(self) -> None:
        lacking = self.need() - self._target.room()
        if lacking > 0:
            raise BranchError("branch.too_small", f"{lacking} bytes are lacking", size=lacking)

    # Payload

    def _payload(self, mark: Mark) -> int:
        """Copy and compare all items; how many cannot be had."""
        lost = 0
        for batch in _batches(self._plan.placed()):
            todo = [pair for pair in batch if pair[0].path > mark.done or not self._there(pair[0])]
            self._kept += len(batch) - len(todo)
            lost += self._batch(todo)
            if not lost and batch[-1][0].path > mark.done:
                # A note never passes over an item that lacks: it would not be looked for again.
                self._target.note(Mark(mark.drive, batch[-1][0].path))
            self._size += sum(item.size for item, _ in batch)
            self._progress(self._size, self._plan.lists.size)
        return lost

    def _there(self, item: ItemLine) -> bool:
        return self._target.has(self._layout.payload(item.path), item.size)

    def _batch(self, batch: list[tuple[ItemLine, int]]) -> int:
        todo = [pair for pair in batch if not self._is_right(pair[0])]
        self._kept += len(batch) - len(todo)
        lost: set[str] = set()
        for _ in range(ROUND):
            lost |= self._write([pair for pair in todo if pair[0].path not in lost])
            todo = [pair for pair in todo if pair[0].path not in lost and not self._is_right(pair[0])]
            if not todo:
                return len(lost)
            _log.warning("%d items read back otherwise than they were written", len(todo))
        raise BranchError("branch.not_copied", f"{todo[0][0].path} reads back otherwise than it was written")

    def _write(self, batch: list[tuple[ItemLine, int]]) -> set[str]:
        """Write items, all durable together at the end; the paths of those that cannot be had."""
        lost: set[str] = set()
        open_: list[tuple[int, Path]] = []
        try:
            for item, first in batch:
                path = self._layout.payload(item.path)
                self._make_dir(path.parent)
                open_.append((self._files.begin(path), path))
                try:
                    self._fill(open_[-1][0], item, first)
                except FormatError as error:
                    _log.warning("%s is not copied: %s", item.path, error)
                    lost.add(item.path)
                    self._files.drop(*open_.pop())
            finished = []
            while open_:
                handle, path = open_.pop()
                self._files.finish(handle, path)
                finished.append(path)
            self._written += len(finished)
            self._files.keep_names(finished)
        finally:
            for handle, path in open_:
                with suppress(OSError):
                    self._files.drop(handle, path)
        return lost

    def _fill(self, handle: int, item: ItemLine, first: int) -> None:
        digest = hashlib.sha256()
        for block in self._plan.blocks(item, first):
            digest.update(block)
            self._files.append(handle, block)
            self._progress(self._size, self._plan.lists.size)
        if digest.hexdigest() != item.sha256:
            raise DigestError("has other bytes", path=item.path, expected=item.sha256, found=digest.hexdigest())

    def _make_dir(self, folder: Path) -> None:
        if folder not in self._made:
            self._files.make_dir(folder)
            self._made.add(folder)

    def _is_right(self, item: ItemLine) -> bool:
        """Read an item back from the disk, not from memory, and compare."""
        path = self._layout.payload(item.path)
        return self._there(item) and read_back(path) == item.sha256

    def _clear(self) -> None:
        """What an older copy left in our folders goes."""
        wanted = {self._layout.payload(item.path) for item in self._plan.items()}
        for folder, _, names in os.walk(self._layout.bag / "data"):
            for name in names:
                if (path := Path(folder, name)) not in wanted:
                    self._files.remove(path)
        self._files.discard(self._layout.meta)
        self._files.discard(self._layout.tuf)

    # Lists

    def _lists(self) -> None:
        layout, plan = self._layout, self._plan
        for name, source in plan.meta.items():
            path, signed = layout.meta_file(name), plan.release.truth.get(name) or plan.release.accelerators[name]
            self._make_dir(path.parent)
            self._files.make_dir(path.parent)
            self._files.copy_hashed(source, path, max_size=signed.size, expected=signed.sha256)
            self._compare(path, signed.sha256)
        self._put(layout.manifest, manifest_lines(plan.items), plan.lists.manifest)
        self._put(layout.bag_info, (plan.lists.bag_info,))
        self._put(layout.bagit, (plan.lists.bagit,))
        # As everywhere: the timestamp, which makes the signed lists current, comes last of them.
        for name in sorted(plan.beside, key=lambda name: (name.endswith("timestamp.json"), name)):
            self._put(self._target.root / name, (plan.beside[name],))
        self._put(layout.tagmanifest, (plan.lists.tagmanifest,), plan.lists.name)

    def _put(self, path: Path, blocks: Iterable[bytes], expected: str | None = None) -> None:
        self._files.make_dir(path.parent)
        sha256, _ = self._files.write_atomic(path, blocks, expected=expected)
        self._compare(path, sha256)

    def _compare(self, path: Path, sha256: str) -> None:
        if read_back(path) != sha256:
            raise BranchError("branch.not_copied", f"{path.name} reads back otherwise than it was written")


def _batches(placed: Iterator[tuple[ItemLine, int]]) -> Iterator[list[tuple[ItemLine, int]]]:
    batch: list[tuple[ItemLine, int]] = []
    size = 0
    for pair in placed:
        batch.append(pair)
        size += pair[0].size
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_back(path: Path) -> str:
    """SHA-256 of a file of a copy, hexadecimal; read from the disk itself as far as the system lets go of its memory.

    Raises:
        OSError: the disk does not answer.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        digest = hashlib.sha256()
        while block := os.read(descriptor, CHUNK):
            digest.update(block)
        return digest.hexdigest()
    finally:
        os.close(descriptor)
