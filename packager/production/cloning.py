"""Writing one drive: clone, compare, and last what is its own. Interrupted anywhere, the same call goes on.

1. A new run in the journal; zeros where the partition table stands; the mark. Until the end the disk has no table.
2. Every segment that the file system uses: read from the image, compared with its digest, written, made durable, noted.
3. Every segment read back from the disk, compared, noted. What an earlier process wrote and lost in a power cut is
   written once more; what this process wrote and does not get back makes the disk unfit.
4. The drive's own FAT32 partition, then both copies of the partition table, each read back and compared.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from packager.production.errors import ImageError, WriteError
from packager.production.geometry import FAT_AT, MARK_AT, MIB, table_of
from packager.production.mark import MARK_SIZE, Mark, read_mark
from packager.production.run_journal import Subject
from provisioning.disks.errors import TableError
from provisioning.disks.gpt import TAIL, read_table, table_bytes
from provisioning.disks.medium import BLOCK, Medium, aligned_buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from packager.production.facts import ImageFacts, Segment
    from packager.production.run_journal import RunJournal

WRITING, COMPARING, FINISHING = "writing", "comparing", "finishing"
"""What a clone is about at a moment."""


class Listener(Protocol):
    """Hears of every step, and may raise to stop."""

    def __call__(self, phase: str, count: int) -> None:
        """`count` bytes more of a phase are done."""


@dataclass(frozen=True, slots=True)
class Cloned:
    """What was done to a drive.

    Attributes:
        written, compared: bytes, in this call.
        skipped: bytes that earlier calls had written and compared.
        rewritten: segments that a power cut had taken and that were written once more.
    """

    written: int
    compared: int
    skipped: int
    rewritten: int


class Clone:
    """One drive being written from one image."""

    def __init__(
        self, facts: ImageFacts, image: int, medium: Medium, journal: RunJournal, serial: str, listen: Listener,
        *, whole: bool = False,
    ) -> None:  # fmt: skip
        """Name what takes part.

        Args:
            facts: of the image.
            image: a descriptor of the image file, read at offsets.
            medium: the target.
            journal: of this drive.
            serial: the number that the drive gets.
            listen: hears of every step, at most `medium.BLOCK` bytes apart.
            whole: write also what nothing uses.
        """
        self._facts, self._image, self._medium, self._journal, self._serial = facts, image, medium, journal, serial
        self._listen = listen
        self._buffer = aligned_buffer()
        self._segments = [s for s in facts.segments() if whole or s.sha256 is not None]
        self._written = self._compared = self._skipped = self._rewritten = 0

    def run(self, own_part: Callable[[Cloned], Path]) -> Cloned:
        """Do what is left to do.

        Args:
            own_part: makes the drive's FAT32 partition when everything is compared; a file with all its bytes.

        Raises:
            WriteError: the disk gives back other bytes than it was given.
            ImageError: the image is not what its facts say.
            OSError: the disk does not take or give bytes.
        """
        before = self._take_up()
        if self._journal.finished and self._has_table():
            return self._done()
        written, compared = self._journal.segments()
        for segment in self._segments:
            if segment.number not in written:
                self._write(segment)
                self._written += segment.size
        for segment in self._segments:
            if segment.number in compared:
                self._skipped += segment.size
            else:
                self._compare(segment, before)
        self._finish(own_part(self._done()))
        return self._done()

    def check(self) -> Cloned:
        """Only read the cloned part back and compare it, writing nothing.

        Raises:
            WriteError: it is not what the image's facts say.
            OSError: the disk does not give its bytes.
        """
        for segment in self._segments:
            if segment.sha256 is not None:
                if self._digest(segment) != segment.sha256:
                    raise _differs(segment)
                self._compared += segment.size
        if self._places() != [(p.first, p.size) for p in table_of(self._facts.geometry, "").partitions]:
            raise WriteError("desk.drive.one_bad", "the partition table is damaged, or names other places")
        return self._done()

    def _done(self) -> Cloned:
        return Cloned(self._written, self._compared, self._skipped, self._rewritten)

    def _take_up(self) -> Collection[int]:
        """Begin, or go on where the disk's own mark says so; returns the segments that an earlier process wrote."""
        subject = Subject(self._facts.sha256, self._medium.size, self._serial)
        mark = self._journal.mark(subject)
        if mark is not None and read_mark(self._read(MARK_AT, MARK_SIZE)) == mark:
            return self._journal.segments()[0]
        self._clear(self._journal.begin(subject))
        return ()

    def _clear(self, mark: Mark) -> None:
        """Take away both partition tables and what else stands before the first partition; leave the mark."""
        self._fill(max(0, self._medium.size - MIB), min(MIB, self._medium.size))
        self._fill(0, MIB)
        self._medium.sync()
        self._put(MARK_AT, mark.to_bytes())
        self._medium.sync()

    def _fill(self, at: int, length: int) -> None:
        block = self._buffer[:length]
        block[:] = bytes(length)
        self._medium.write(at, block)

    def _write(self, segment: Segment) -> None:
        digest = hashlib.sha256()
        for at in range(segment.at, segment.at + segment.size, BLOCK):
            block = self._buffer[: min(BLOCK, segment.at + segment.size - at)]
            if os.preadv(self._image, [block], at) != len(block):
                raise ImageError("desk.image.damaged", "the image ends too early")
            digest.update(block)
            self._medium.write(at, block)
            self._listen(WRITING, len(block))
        if segment.sha256 is not None and digest.hexdigest() != segment.sha256:
            raise ImageError("desk.image.damaged", f"the image has other bytes at {segment.at} than its facts say")
        self._medium.sync()
        self._journal.note(segment.number, compared=False)

    def _compare(self, segment: Segment, before: Collection[int]) -> None:
        right = self._is_right(segment)
        if not right and segment.number in before:
            self._write(segment)
            self._rewritten += 1
            right = self._is_right(segment)
        if not right:
            raise _differs(segment)
        self._journal.note(segment.number, compared=True)
        self._compared += segment.size

    def _is_right(self, segment: Segment) -> bool:
        return self._digest(segment) == (segment.sha256 or _digest_of_zeros(segment.size))

    def _digest(self, segment: Segment) -> str:
        digest = hashlib.sha256()
        for at in range(segment.at, segment.at + segment.size, BLOCK):
            block = self._buffer[: min(BLOCK, segment.at + segment.size - at)]
            self._medium.read(at, block)
            digest.update(block)
            self._listen(COMPARING, len(block))
        return digest.hexdigest()

    def _finish(self, own: Path) -> None:
        with own.open("rb") as file:
            at = FAT_AT
            while content := file.read(BLOCK):
                self._put(at, content)
                self._listen(FINISHING, len(content))
                at += len(content)
            self._medium.sync()
            file.seek(0)
            at = FAT_AT
            while content := file.read(BLOCK):
                if self._read(at, len(content)) != content:
                    raise WriteError("desk.drive.one_bad", "the small partition was read back with other bytes")
                self._listen(FINISHING, 0)
                at += len(content)
        head, tail = table_bytes(table_of(self._facts.geometry, self._serial), self._medium.size)
        self._put(self._medium.size - TAIL, tail)
        self._medium.sync()
        self._put(0, head)
        self._medium.sync()
        self._listen(FINISHING, 0)
        if not self._has_table():
            raise WriteError("desk.drive.one_bad", "the partition table was read back with other bytes")
        self._journal.finish()
        self._medium.tell_kernel()

    def _has_table(self) -> bool:
        try:
            return read_table(self._read, self._medium.size) == table_of(self._facts.geometry, self._serial)
        except TableError:
            return False

    def _places(self) -> list[tuple[int, int]]:
        """Where the partitions are. A house that copies the image to larger disks leaves the second table inside."""
        for size in (self._medium.size, self._facts.size):
            try:
                return [(p.first, p.size) for p in read_table(self._read, size).partitions]
            except TableError:
                continue
        return []

    def _put(self, at: int, content: bytes) -> None:
        block = self._buffer[: len(content)]
        block[:] = content
        self._medium.write(at, block)

    def _read(self, at: int, length: int) -> bytes:
        """Bytes at any place, by whole sectors."""
        first = at // 512 * 512
        block = self._buffer[: -(-(at + length - first) // 512) * 512]
        self._medium.read(first, block)
        return bytes(block[at - first : at - first + length])


def _digest_of_zeros(size: int) -> str:
    digest = hashlib.sha256()
    block = bytes(min(BLOCK, size))
    for at in range(0, size, BLOCK):
        digest.update(block[: size - at])
    return digest.hexdigest()


def _differs(segment: Segment) -> WriteError:
    return WriteError(
        "desk.drive.one_bad", f"bytes {segment.at} to {segment.at + segment.size} were read back otherwise"
    )
