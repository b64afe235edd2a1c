"""A source of very many films whose bytes are shared, so that terabytes of payload fit on a small disk.

`DISTINCT` MP4 files, each with an index of its own and sparse after it; record number n carries number n modulo
`DISTINCT`. In the bag and on the drive they are further names of the same files. Digests are taken once for each file
and are right for every name; everything else is what a drive of so many real files has: items, chunks, lists, records.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from PIL import Image

from packager import drives, packing
from packager.copying import copy_in
from packager.format.files import Files
from packager.format.layout import DriveLayout
from tests.generated_media import mp4

DISTINCT = 1_000
_NAME = "film-{:03}.mp4"
_LINKS = 60_000
"""Names that ext4 gives one file at most, less a reserve."""


def film(size: int, content: bytes) -> bytes:
    """The start of an MP4 of `size` bytes: index, pictures, then `content` in a box that reaches to its end."""
    start = mp4([Image.new("RGB", (64, 48), "navy"), Image.new("RGB", (64, 48), "teal")])
    room = size - len(start) - 8
    return start + (room + 8).to_bytes(4, "big") + b"free" + content[:room]


def write_source(source: Path, records: Iterable[dict[str, Any]], size: int) -> int:
    """catalogue.jsonl and the films of `size` bytes; returns the number of records."""
    source.mkdir(parents=True)
    for n in range(DISTINCT):
        with (source / _NAME.format(n)).open("wb") as out:
            out.write(film(size, f"film {n}".encode().ljust(4096)))
            out.truncate(size)
    count = 0
    with (source / "catalogue.jsonl").open("w", encoding="utf-8") as out:
        for count, record in enumerate(records, 1):
            out.write(json.dumps({**record, "files": [_NAME.format(count % DISTINCT)]}, ensure_ascii=False) + "\n")
    return count


class Sharing:
    """While it is entered, payload is linked instead of copied: into the bag and onto the drive.

    Attributes:
        hashed: bytes that were really read and hashed.
        named: bytes that they stand for.
    """

    def __init__(self) -> None:
        self.hashed = self.named = 0
        self._known: dict[tuple[int, int], tuple[Path, str, int, bytes]] = {}
        self._patches = ExitStack()

    def __enter__(self) -> Sharing:
        self._patches.enter_context(mock.patch.object(packing, "copy_in", self._bring))
        self._patches.enter_context(mock.patch.object(drives, "_copy", self._link))
        self._patches.enter_context(mock.patch.object(drives, "_make_room", self._begin))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def _bring(self, source: Path, target: Path, files: Files) -> tuple[str, int, bytes]:
        facts = source.stat()
        known = self._known.get((facts.st_dev, facts.st_ino))
        self.named += facts.st_size
        if known is None or known[0].stat().st_nlink > _LINKS:
            taken = copy_in(source, target, files)
            _make_sparse(target, facts.st_size)
            self.hashed += facts.st_size
            self._known[facts.st_dev, facts.st_ino] = (target, *taken)
            return taken
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.link(known[0], target)
        return known[1:]

    @staticmethod
    def _begin(drive: DriveLayout, files: Files, target: Path, _wanted: int) -> None:
        files.make_dir(target)
        files.remove(drive.tagmanifest)

    @staticmethod
    def _link(source: Path, goal: Path, _sha256: str, _files: Files) -> None:
        goal.unlink(missing_ok=True)
        os.link(source, goal)


def _make_sparse(path: Path, size: int) -> None:
    """Give back the room of the zeros at the end."""
    with path.open("r+b") as file:
        kept = file.read(64 << 10).rstrip(b"\0")
        file.truncate(len(kept))
        file.truncate(size)
