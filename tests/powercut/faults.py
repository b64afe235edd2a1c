"""Faults put into the writer or into a call, never into the product's text: the simulator must find each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from appliance.intake import making
from appliance.intake.publisher import Publisher
from appliance.intake.publishing import Standing
from appliance.store.releases import Stored
from packager.format.copies import Copies
from packager.format.files import Files, Output
from packager.format.floors import TwoCopies
from packager.format.trust import TrustStore
from tests.powercut.judging import NOT_THERE
from tests.powercut.recording import Op, RecordingFiles
from tests.powercut.stories import STORIES, Story, at, killed, tampered


class NoFileSync(RecordingFiles):
    """Bytes of files are never made durable."""

    def _sync(self, handle: int) -> None:
        pass


class NoFolderSync(RecordingFiles):
    """Names are never made durable."""

    def fsync_dir(self, folder: Path) -> None:
        pass


class NoSyncAll(RecordingFiles):
    """What the builders wrote is not made durable before it gets its name."""

    def sync_all(self) -> None:
        pass


class InPlace(RecordingFiles):
    """Files are written under their own names."""

    @contextmanager
    def create(
        self, path: Path, *, expected: str | None = None, durable: bool = True, named: bool = True
    ) -> Iterator[Output]:
        handle = self._open_new(path)
        try:
            yield (out := Output(lambda block: self._append(handle, block)))
            assert expected in {None, out.sha256}
            self._sync(handle)
        finally:
            self._close(handle)
        self.fsync_dir(path.parent)
        self._note("promise", self.name(path), path.read_bytes())


class ObjectsLater(RecordingFiles):
    """The tag files of a release are not durable when its READY is written."""

    def _sync(self, handle: int) -> None:
        if Path(self._open[handle]).parent.name != "meta":
            super()._sync(handle)

    def keep_names(self, paths: Collection[Path]) -> None:
        pass


class IndexLater(RecordingFiles):
    """An index that followed is not durable when it gets its place."""

    def _sync(self, handle: int) -> None:
        if Path(self._open[handle]).parent.name != "search":
            super()._sync(handle)

    def keep_names(self, paths: Collection[Path]) -> None:
        Files.keep_names(self, paths)


class RecordsLater(RecordingFiles):
    """Records that followed are not durable when they get their place."""

    def _sync(self, handle: int) -> None:
        if not self._open[handle].endswith("meta/catalogue.jsonl.tmp~"):
            super()._sync(handle)

    def keep_names(self, paths: Collection[Path]) -> None:
        Files.keep_names(self, paths)


class PointerFirst(RecordingFiles):
    """The release gets its place only after the document that names it was written."""

    _held: tuple[int, int] | None = None

    def replace(self, old: Path, new: Path) -> None:
        begun = len(self.ops)
        super().replace(old, new)
        if new.parent.parent.name == "releases":
            self._held = begun, len(self.ops)

    def fsync_dir(self, folder: Path) -> None:
        super().fsync_dir(folder)
        written = self.ops[-2] if len(self.ops) > 1 else ("", "", "")
        if self._held and written[0] == "rename" and written[2] == "holdings.json" and self._names_it():
            begun, end = self._held
            self._held = None
            self.ops[begun:] = [*self.ops[end:], *self.ops[begun:end]]

    def _names_it(self) -> bool:
        assert self._held is not None
        named = next(str(more) for what, _, more in self.ops[slice(*self._held)] if what == "rename")
        return named.removeprefix("releases/").encode() in (self.root / "holdings.json").read_bytes()


class ReadyStays(RecordingFiles):
    """A release is thrown away with its READY in it."""

    def remove(self, path: Path) -> None:
        if path.name != "READY":
            super().remove(path)


class HastyStart(RecordingFiles):
    """A new run does not make durable what a killed one left, until it writes a file of its own."""

    _starting = False

    def revive(self) -> None:
        super().revive()
        self._starting = True

    def fsync_dir(self, folder: Path) -> None:
        if not self._starting:
            super().fsync_dir(folder)

    def _open_new(self, path: Path) -> int:
        self._starting = False
        return super()._open_new(path)


@contextmanager
def no_digest() -> Iterator[None]:
    """What is copied is not compared with its digest."""
    copy = Copies.copy

    def trusting(self: Copies, *where: Any, expected: str | None = None, **more: Any) -> tuple[str, int]:
        del expected
        return copy(self, *where, **more)

    with mock.patch.object(Copies, "copy", trusting):
        yield


@contextmanager
def floors_first() -> Iterator[None]:
    """Floors are written before the metadata that they are about."""
    write, waiting = TwoCopies.write, []

    def later(self: TwoCopies, content: bytes) -> None:
        if self._name == "trusted":
            waiting.append((self, content))
            return
        write(self, content)
        while waiting:
            write(*waiting.pop())

    with mock.patch.object(TwoCopies, "write", later):
        yield


@contextmanager
def unsettled_trust() -> Iterator[None]:
    """A cut between metadata and floors is not made good at the next start."""
    with mock.patch.object(TrustStore, "_settle"):
        yield


@contextmanager
def dropped_first() -> Iterator[None]:
    """Releases are dropped before the document that no longer names them."""
    write = Publisher._write

    def publish(self: Publisher, places: Sequence[Standing]) -> None:
        held = self.releases()
        leaving = self._unneeded(held, places, gently=self._gently) if self._crowded else set()
        for folder in sorted(leaving):
            self._store.drop(self.stored.pop(folder))
        self._crowded = False
        write(self, self.releases(), places)

    with mock.patch.object(Publisher, "_publish", publish):
        yield


@contextmanager
def part_for_the_whole() -> Iterator[None]:
    """Derived files are made of a release although its records are lacking."""
    wanted = making.wanted

    def hasty(stored: Sequence[Stored], failed: set[making.Key]) -> list[making.Key]:
        return wanted([replace(one, whole=True) for one in stored], failed)

    with mock.patch.object(making, "wanted", hasty):
        yield


@dataclass(frozen=True)
class Fault:
    """A fault and where to look for it.

    Attributes:
        story: what is cut. says: part of what must be said of it.
        files: the writer. patch: around recording and judging.
        start_box: whether it shows only when the box starts.
        near: the first operation that matters, as for `at`; none: the first of the story.
    """

    story: Story
    says: str
    files: type[RecordingFiles] = RecordingFiles
    patch: Callable[[], AbstractContextManager[Any]] = nullcontext
    start_box: bool = False
    near: tuple[str, str] = ("", "")

    def begin(self, ops: list[Op], start: int) -> int:
        """The first moment to look at."""
        near = (n for n, op in enumerate(ops) if n >= start and at(*self.near)(op))
        return next(near) if self.near[0] else start


HALF = "READY stands on a release"
PLACED = ("rename", "releases/")
_SECOND = STORIES["second"]

FAULTS = {
    "the fsync of files is dropped": Fault(STORIES["first"], "was written durably", NoFileSync),
    "the fsync of folders is dropped": Fault(STORIES["first"], "was written durably", NoFolderSync),
    "the sync of what builders wrote is dropped": Fault(STORIES["derived"], f"{HALF} with half a catalogue", NoSyncAll),
    "files are written in place": Fault(_SECOND, "the document is neither the old nor the new one", InPlace),
    "READY before the objects": Fault(STORIES["first"], HALF, ObjectsLater, near=PLACED),
    "the index's name before its bytes": Fault(
        STORIES["index_follows"], f"{HALF} with half a search", IndexLater, near=("rename", "releases/")
    ),
    "the records' name before their bytes": Fault(
        STORIES["records_follow"], HALF, RecordsLater, near=("rename", "releases/")
    ),
    "a release without its records taken for the whole": Fault(
        STORIES["records_of_another"], "a derived file cannot be made", patch=part_for_the_whole, start_box=True
    ),
    "the pointer before READY": Fault(_SECOND, NOT_THERE, PointerFirst, near=("rename", "verified.json")),
    "floors before the metadata": Fault(_SECOND, "trusted root is None", patch=floors_first, start_box=True),
    "the digest is not compared": Fault(
        tampered, f"{HALF} with other bytes in catalogue", patch=no_digest, near=PLACED
    ),
    "dropped with its READY": Fault(STORIES["third"], HALF, ReadyStays, near=("unlink", "releases/")),
    "dropped before the document": Fault(
        STORIES["third"], NOT_THERE, patch=dropped_first, near=("unlink", "releases/")
    ),
    "names of a killed run are believed": Fault(killed(at(*PLACED)), NOT_THERE, HastyStart),
    "floors are not made good": Fault(_SECOND, "the floor of targets is below", patch=unsettled_trust, start_box=True),
}
