"""What is made of a resource's files at build time: cover and tile pack, each an item of its own with its tool.

A derivative that cannot be made (a damaged or hostile file, a limit reached) is a problem of that resource, never of
the build: the original is packed all the same and says at reading time what is wrong with it.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.errors import RenditionError
from indexer.model import READABLE_ROLES, Item, Resource, item_id
from indexer.renditions.source import FileSource
from packager.format.chunks import ChunkHasher
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import item_path
from packager.journal import Facts, PackedItem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from indexer.renditions.api import Renditions
    from packager.format.files import Files

COVERABLE = ("application/epub+zip", "application/pdf", "image/")
DEEP_ZOOM_FROM = 2048
"""Pixels of the longer side from which a picture is worth tiles; smaller ones are sent whole."""
_COVER_TOOL = f"shuxiang {__version__} cover 2"
_TILEPACK_TOOL = f"shuxiang {__version__} tilepack 1"
"""Raise the number when what is made changes, so that the next build makes it anew."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """One derivative, or why there is none.

    Attributes:
        role: its role. of: id of the item it was made from. source: the name of that item's file.
        item: as it lies in the bag, None when it could not be made. reason: why, then.
    """

    role: str
    of: str
    source: str
    item: PackedItem | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where derivatives are made: the bag, the writer, the confined child processes."""

    bag: Path
    files: Files
    renditions: Renditions


def derive(
    resource: Resource,
    items: Sequence[tuple[Item, PackedItem]],
    known: Mapping[str, PackedItem],
    workshop: Workshop,
) -> Iterator[Derivative]:
    """Make the derivatives of a packed resource.

    Args:
        resource: the record.
        items: its originals, in order, as items and as packed.
        known: derivatives of an earlier run by source name; what still fits is taken over.
        workshop: where they are made.
    """
    readable = [(item, packed) for item, packed in items if item.role in READABLE_ROLES]
    if not any(item.role == "cover" for item, _ in items):
        coverable = (packed for item, packed in readable if item.media_type.startswith(COVERABLE))
        first = next(coverable, None)
        if first is not None:
            yield _cover(resource, first, known, workshop)
    pictures = [packed for item, packed in readable if item.media_type.startswith("image/")]
    if any(max(packed.facts.width, packed.facts.height) > DEEP_ZOOM_FROM for packed in pictures):
        yield _tilepack(resource, pictures, known, workshop)


def _cover(resource: Resource, of: PackedItem, known: Mapping[str, PackedItem], workshop: Workshop) -> Derivative:
    name = f"{of.source}#cover"
    before = known.get(name)
    if before and _fits(before, _COVER_TOOL, of.source_size, of.source_mtime, workshop):
        return Derivative("cover", of.id, of.source, before)
    try:
        with FileSource(workshop.bag / of.path) as source:
            picture = workshop.renditions.cover(source, of.facts.media_type)
    except RenditionError as error:
        return Derivative("cover", of.id, of.source, None, f"没有做成封面：{error}")
    if picture is None:
        return Derivative("cover", of.id, of.source, None)
    identity = item_id(resource.id, "cover", name)
    path = item_path(identity, "webp")
    target = workshop.bag / path
    target.parent.mkdir(parents=True, exist_ok=True)
    sha256, size = workshop.files.write_atomic(target, picture.body, durable=False)
    facts = Facts(picture.media_type, width=picture.width, height=picture.height)
    made = PackedItem(
        identity, resource.id, name, of.source_size, of.source_mtime, _COVER_TOOL, path, size, sha256, b"", facts
    )
    return Derivative("cover", of.id, of.source, made)


def _tilepack(
    resource: Resource, of: Sequence[PackedItem], known: Mapping[str, PackedItem], workshop: Workshop
) -> Derivative:
    """One pack for all pictures of the resource, in reading order, each page of a TIFF a picture of its own."""
    first = of[0]
    name = f"{first.source}#tilepack"
    size, newest = sum(item.source_size for item in of), max(item.source_mtime for item in of)
    before = known.get(name)
    if before and _fits(before, _TILEPACK_TOOL, size, newest, workshop):
        return Derivative("tilepack", first.id, first.source, before)
    identity = item_id(resource.id, "tilepack", name)
    target = workshop.bag / item_path(identity, "zip")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=workshop.bag.parent) as out:
            pages = [max(1, item.facts.pages) for item in of]
            workshop.renditions.make_tilepack(_opened(of, workshop.bag), out, pages=pages)
            out.flush()
            out.seek(0)
            hasher = ChunkHasher()
            sha256, length = workshop.files.copy_hashed(
                out.fileno(), target, max_size=MAX_ITEM_SIZE, each=hasher.update, durable=False
            )
    except RenditionError as error:
        return Derivative("tilepack", first.id, first.source, None, f"没有做成大图分片：{error}")
    made = PackedItem(
        identity, resource.id, name, size, newest, _TILEPACK_TOOL, target.relative_to(workshop.bag).as_posix(),
        length, sha256, hasher.digests(), Facts("application/zip"),
    )  # fmt: skip
    return Derivative("tilepack", first.id, first.source, made)


def _opened(items: Sequence[PackedItem], bag: Path) -> Iterator[FileSource]:
    """Each picture opened while it is its turn."""
    for item in items:
        with FileSource(bag / item.path) as source:
            yield source


def _fits(before: PackedItem, tool: str, size: int, mtime: int, workshop: Workshop) -> bool:
    """Whether a derivative of an earlier run was made of these very files, by this tool, and is still whole."""
    target = workshop.bag / before.path
    if before.tool != tool or (before.source_size, before.source_mtime) != (size, mtime) or not target.is_file():
        return False
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == before.sha256
