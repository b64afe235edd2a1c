"""What is made of a resource's files at build time: its cover. Each derivative is an item of its own, with its tool.

A derivative that cannot be made (a damaged or hostile file, a limit reached) is a problem of that resource, never of
the build: the original is packed all the same and says at reading time what is wrong with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.errors import RenditionError
from indexer.model import READABLE_ROLES, Item, Resource, item_id
from indexer.renditions.source import FileSource
from packager.format.layout import item_path
from packager.journal import Facts, PackedItem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from indexer.renditions.api import Renditions
    from packager.format.files import Files

COVERABLE = ("application/epub+zip", "application/pdf", "image/")
_COVER_VERSION = 1
"""Raised when covers change, so that the next build makes them anew."""


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


def cover_tool() -> str:
    """What makes covers, with its version."""
    return f"shuxiang {__version__} cover {_COVER_VERSION}"


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
    if any(item.role == "cover" for item, _ in items):
        return
    for item, packed in items:
        if item.role in READABLE_ROLES and item.media_type.startswith(COVERABLE):
            yield _cover(resource, packed, known, workshop)
            return


def _cover(resource: Resource, of: PackedItem, known: Mapping[str, PackedItem], workshop: Workshop) -> Derivative:
    name = f"{of.source}#cover"
    identity = item_id(resource.id, "cover", name)
    before = known.get(name)
    if before and _fits(before, of, workshop.bag):
        return Derivative("cover", of.id, of.source, before)
    try:
        with FileSource(workshop.bag / of.path) as source:
            picture = workshop.renditions.cover(source, of.facts.media_type)
    except RenditionError as error:
        return Derivative("cover", of.id, of.source, None, f"没有做成封面：{error}")
    if picture is None:
        return Derivative("cover", of.id, of.source, None, "")
    path = item_path(identity, "webp")
    target = workshop.bag / path
    target.parent.mkdir(parents=True, exist_ok=True)
    sha256, size = workshop.files.write_atomic(target, picture.body, durable=False)
    facts = Facts(picture.media_type, width=picture.width, height=picture.height)
    made = PackedItem(
        identity, resource.id, name, of.source_size, of.source_mtime, cover_tool(), path, size, sha256, b"", facts
    )
    return Derivative("cover", of.id, of.source, made)


def _fits(before: PackedItem, of: PackedItem, bag: Path) -> bool:
    """Whether a derivative of an earlier run was made of this very file, by this tool, and is still there."""
    target = bag / before.path
    return (
        before.tool == cover_tool()
        and (before.source_size, before.source_mtime) == (of.source_size, of.source_mtime)
        and target.is_file()
        and target.stat().st_size == before.size
        and hashlib.sha256(target.read_bytes()).hexdigest() == before.sha256
    )
