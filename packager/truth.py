"""From the build journal to the files of a bag's `meta/`: truth first, then what is derived from it."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.build import build_index_of
from indexer.catalogue import build_catalogue
from indexer.class_names import CLASSES_FORMAT, CLASSES_NAME, dump_classes
from indexer.formats import CATALOGUE_FORMAT, INDEX_FORMAT
from indexer.model import load_line
from packager.format.chunks import ChunkWriter
from packager.format.items import ItemLine, write_items
from packager.format.layout import TRUTH_NAMES
from packager.format.release import Accelerator, Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from indexer.class_names import ClassName
    from indexer.model import Resource
    from packager.format.files import Files
    from packager.format.layout import DriveLayout
    from packager.journal import BuildJournal

CATALOGUE_NAME = "catalogue.db"
SEARCH_NAME = "search"


def write_truth(layout: DriveLayout, journal: BuildJournal, files: Files) -> dict[str, Digest]:
    """Write catalogue.jsonl, items.txt and chunks.bin: the same bytes for the same journal. Memory: constant."""
    files.make_dir(layout.meta)
    truth = {
        layout.catalogue.name: files.write_atomic(layout.catalogue, journal.lines()),
        layout.items.name: write_items(layout.items, _lines(journal), files),
    }
    with ChunkWriter(layout.chunks, files) as chunks:
        for sha256, size, path, digests in journal.items():
            chunks.add(ItemLine(sha256, size, path), digests)
    truth[layout.chunks.name] = chunks.sha256, chunks.size
    return {name: Digest(*truth[name]) for name in TRUTH_NAMES}


def _lines(journal: BuildJournal) -> Iterator[ItemLine]:
    for sha256, size, path, _ in journal.items():
        yield ItemLine(sha256, size, path)


def read_catalogue(layout: DriveLayout) -> Iterator[Resource]:
    """The resources of catalogue.jsonl, in its order."""
    with layout.catalogue.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            yield load_line(line, number)


def make_search(layout: DriveLayout, progress: Callable[[int, int | None], None] | None, workers: int = 1) -> None:
    """Make the search index from catalogue.jsonl, replacing an older one.

    Args:
        layout: of the work folder.
        progress: called with (done, total) records.
        workers: processes that read records.
    """
    search = layout.meta / SEARCH_NAME
    shutil.rmtree(search, ignore_errors=True)
    build_index_of(layout.catalogue, search, workers=workers, progress=progress)


def make_catalogue(layout: DriveLayout) -> None:
    """Make the catalogue database from catalogue.jsonl and items.txt, replacing an older one."""
    (layout.meta / CATALOGUE_NAME).unlink(missing_ok=True)
    build_catalogue(layout.catalogue, layout.items, layout.meta / CATALOGUE_NAME)


def accelerators_of(layout: DriveLayout, files: Files) -> dict[str, Accelerator]:
    """Make the catalogue database and the search index durable and describe them."""
    files.sync_all()
    found = {CATALOGUE_NAME: _described(layout.meta / CATALOGUE_NAME, str(CATALOGUE_FORMAT))}
    for path in sorted(p for p in (layout.meta / SEARCH_NAME).rglob("*") if p.is_file()):
        found[path.relative_to(layout.meta).as_posix()] = _described(path, INDEX_FORMAT)
    return found


def write_classes(layout: DriveLayout, classes: Iterable[ClassName], files: Files) -> dict[str, Accelerator]:
    """Write what a catalogue's classifications call their places; nothing when it says nothing of them."""
    lines = list(dump_classes(classes))
    if not lines:
        return {}
    sha256, size = files.write_atomic(layout.meta / CLASSES_NAME, lines)
    return {CLASSES_NAME: Accelerator(sha256, size, f"shuxiang {__version__}", CLASSES_FORMAT)}


def _described(path: Path, version: str) -> Accelerator:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Accelerator(digest, path.stat().st_size, f"shuxiang {__version__}", version)
