"""Making a newer release out of one that is here and a delta: staged beside it, whole or not at all.

Items go to the carried store one by one and are never made twice; lists are made in the scratch folder and get their
place in one step. What cannot be made, because the old bytes are away or damaged, is asked for whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.sync.room import check_room, room_of
from packager.format.chunks import ChunkHasher
from packager.format.delta_apply import Change, PackStream, apply_chunks, apply_list, changes, made
from packager.format.deltas import ADD, COPY, PATCH, read_delta
from packager.format.errors import FormatError
from packager.format.layout import CHUNK

if TYPE_CHECKING:
    from appliance.store.carried import CarriedStore
    from appliance.store.releases import ReleaseStore, Stored
    from packager.format.files import Files
    from packager.format.items import ItemLine
    from packager.format.release import Release

_log = logging.getLogger(__name__)

STAGE = "update"
ReadOld = Callable[["ItemLine", int, int], bytes]
"""Reads bytes of an item of the release that is here. Raises `OldAwayError`."""
Whole = Callable[["ItemLine"], Iterator[bytes] | None]
"""The blocks of a new item from elsewhere, None when nobody has it."""


class OldAwayError(Exception):
    """Bytes of an old item are not at hand: its drive is not plugged in, or they are damaged."""


@dataclass(frozen=True)
class Update:
    """One step from release to release.

    Attributes:
        old: the release that is here. new: the one that is wanted, from the signed list.
        document: its delta.jsonl, proved. packs: files that are its packs one after the other, proved.
    """

    old: Stored
    new: Release
    document: Path
    packs: Sequence[Path]

    def apply(
        self,
        store: ReleaseStore,
        carried: CarriedStore,
        files: Files,
        *,
        read_old: ReadOld,
        whole: Whole = lambda _item: None,
        reserve: int = 0,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Stored:
        """Make the new release and give it its place. Durable on return; doing it again after a cut goes on.

        Args:
            store: the releases on the SSD.
            carried: gets the items.
            files: the writer.
            read_old: gives old bytes.
            whole: gives new items that cannot be made.
            reserve: bytes on the SSD that must stay free.
            progress: called with operations done and in all; may raise to break off.

        Raises:
            OldAwayError: old bytes are away, and nobody has the new item; what was made stays.
            IntakeError: there is no room (`space.update_waits` with the bytes lacking).
            FormatError: the delta is for another release, or malformed; nothing of the new release is kept.
            OSError: the SSD is full or does not answer.
        """
        head, operations = read_delta(self.document)
        if (head.old_number, head.new_number) != (self.old.release.number, self.new.number):
            raise FormatError("leads between other releases", path=head.target)
        check_room(store, reserve, room_of(self.new) + head.size)  # at least what the packs hold
        stage = store.stage(STAGE)
        meta = stage / "meta"
        files.make_dir(meta)
        work = _Work(carried, files, read_old, whole)
        try:
            with PackStream(self.packs) as stream:
                for name, size in (("catalogue.jsonl", head.catalogue), ("items.txt", head.items)):
                    old = self.old.path / "meta" / name
                    apply_list(stream, size, old, meta / name, self.new.truth[name], files)
                for done, change in enumerate(changes(operations, self.old.items_txt, meta / "items.txt"), 1):
                    work.do(change, stream)
                    progress(done, head.operations)
            apply_chunks(
                meta / "chunks.bin", self.old.items_txt, self.old.path / "meta" / "chunks.bin", meta / "items.txt",
                work.digests, work.copies, self.new.truth["chunks.bin"], files,
            )  # fmt: skip
            if work.found:
                files.sync_all()  # whoever wrote them may have ended before their names were durable
            return store.add_made(stage, self.new)
        finally:
            store.unstage(STAGE)


class _Work:
    """Doing the operations. digests, copies: what chunks.bin is made of. found: whether an item was here already."""

    def __init__(self, carried: CarriedStore, files: Files, read_old: ReadOld, whole: Whole) -> None:
        self._carried, self._files, self._read_old, self._whole = carried, files, read_old, whole
        self.digests: dict[str, bytes] = {}
        self.copies: dict[str, str] = {}
        self.found = False

    def do(self, change: Change, stream: PackStream) -> None:
        operation, new = change.operation, change.new
        if new is None:
            return
        end = stream.position + operation.size
        if operation.kind == COPY and change.old is not None:
            self.copies[new.path] = change.old.path
        if self._carried.holds(new.sha256, new.size):
            self.found = True
            self._known(change, new)
        else:
            self._make(change, new, stream)
        stream.skip(end - stream.position)

    def _known(self, change: Change, new: ItemLine) -> None:
        """It is here, from before a cut or another update; its chunks are hashed again."""
        if change.operation.kind == COPY or new.size <= CHUNK:
            if change.operation.kind != COPY:
                self.digests[new.path] = b""
            return
        hasher = ChunkHasher()
        for at in range(0, new.size, CHUNK):
            hasher.update(self._carried.read(new.sha256, at, min(CHUNK, new.size - at)) or b"")
        self.digests[new.path] = hasher.digests()

    def _make(self, change: Change, new: ItemLine, stream: PackStream) -> None:
        hasher = ChunkHasher()
        try:
            self._keep(new, self._blocks(change, stream), hasher)
        except (OldAwayError, FormatError) as error:
            _log.info("item %s is asked for whole: %s", new.path, error)
            hasher = ChunkHasher()
            if not self._fetch_whole(new, hasher):
                # Its chunks are told by nobody but its bytes; without them the new list cannot be proved.
                raise
        if change.operation.kind != COPY:
            self.digests[new.path] = hasher.digests()

    def _fetch_whole(self, new: ItemLine, hasher: ChunkHasher) -> bool:
        blocks = self._whole(new)
        if blocks is None:
            return False
        self._keep(new, blocks, hasher)
        return True

    def _keep(self, new: ItemLine, blocks: Iterator[bytes], hasher: ChunkHasher) -> None:
        def passing() -> Iterator[bytes]:
            for block in blocks:
                hasher.update(block)
                yield block

        self._carried.add(new.sha256, passing(), self._files)

    def _blocks(self, change: Change, stream: PackStream) -> Iterator[bytes]:
        if change.operation.kind in {ADD, PATCH}:
            yield from made(change, stream, self._read_old)
        elif change.old is not None:
            for at in range(0, change.old.size, CHUNK):
                yield self._read_old(change.old, at, min(CHUNK, change.old.size - at))
