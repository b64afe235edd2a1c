"""What is made of a resource's files at build time: cover, tile pack, text, peaks, each an item of its own.

A derivative that cannot be made (a damaged or hostile file, a limit reached) is a problem of that resource, never of
the build: the original is packed all the same and says at reading time what is wrong with it.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.errors import RenditionError, RenditionLimitError
from indexer.model import READABLE_ROLES, Item, Resource, item_id
from indexer.peaks import PEAKS_TYPE, dump_peaks
from indexer.renditions.extraction import PEAKS_TYPES, Extraction
from indexer.renditions.source import FileSource
from packager.copying import copy_in
from packager.cutting import Sheet
from packager.format.chunks import ChunkHasher
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import CHUNK, item_path
from packager.journal import PackedItem
from packager.made import Facts, Made
from packager.reasons import reason_of
from packager.texts import TEXT_TOOL, TextPlan, dump_text, text_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from indexer.renditions.api import Renditions
    from packager.cutting import Cutter
    from packager.format.files import Files
    from packager.made import MadeBefore

COVERABLE = ("application/epub+zip", "application/pdf", "image/")
DEEP_ZOOM_FROM = 2048
"""Pixels of the longer side from which a picture is worth tiles; smaller ones are sent whole."""
_COVER_TOOL = f"shuxiang {__version__} cover 2"
_TILEPACK_TOOL = f"shuxiang {__version__} tilepack 2"
_PEAKS_TOOL = f"shuxiang {__version__} peaks 1"
"""Raise the number when what is made changes, so that the next build makes it anew."""
_NOT_MADE = {"cover": "没有做成封面", "tilepack": "没有做成大图分片", "text": "没有取出文字", "peaks": "没有做成波形"}
_CLOSED = frozenset({"encrypted", "damaged"})


@dataclass(frozen=True, slots=True)
class Derivative:
    """One derivative, or why there is none.

    Attributes:
        role: its role. of: id of the item it was made from. source: the name of that item's file.
        item: as it lies in the bag, None when it could not be made. reason: why, or what is wrong with it.
        made: for the journal, so that it is not made again; None when trying again may help.
    """

    role: str
    of: str
    source: str
    item: PackedItem | None
    reason: str = ""
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where derivatives are made: the bag, the writer, the confined child processes, their results of before."""

    bag: Path
    files: Files
    renditions: Renditions
    before: MadeBefore
    cutter: Cutter


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A derivative to make: `origin` names the bytes by digest, `extension` that of its file."""

    role: str
    of: PackedItem
    origin: str
    tool: str
    extension: str


@dataclass(frozen=True, slots=True)
class _Written:
    """Bytes that lie at the derivative's place now."""

    sha256: str
    size: int
    chunks: bytes
    facts: Facts
    reason: str = ""


def derive(
    resource: Resource, items: Sequence[tuple[Item, PackedItem]], workshop: Workshop
) -> Iterator[Derivative]:  # fmt: skip
    """Make the derivatives of a packed resource; what is the same as before is taken over.

    Args:
        resource: the record.
        items: its originals, in order, as items and as packed.
        workshop: where they are made.
    """
    readable = [(item, packed) for item, packed in items if item.role in READABLE_ROLES]
    whole = [(item, packed) for item, packed in readable if not _CLOSED.intersection(packed.facts.flags)]
    if not any(item.role == "cover" for item, _ in items):
        first = next((packed for item, packed in whole if item.media_type.startswith(COVERABLE)), None)
        if first is not None:
            yield _cover(resource, first, workshop)
    pictures = [packed for item, packed in whole if item.media_type.startswith("image/")]
    if any(max(packed.facts.width, packed.facts.height) > DEEP_ZOOM_FROM for packed in pictures):
        yield _tilepack(resource, pictures, workshop)
    taken: set[str] = set()
    for plan in text_plans([(item, packed) for item, packed in items if not _CLOSED.intersection(packed.facts.flags)]):
        if plan.instead_of in taken:
            continue
        derivative = _text(resource, plan, workshop)
        if derivative.item is not None:
            taken.add(plan.of.id)
        yield derivative
    for recording in _recordings(items):
        yield _peaks(resource, recording, workshop)


def _cover(resource: Resource, of: PackedItem, workshop: Workshop) -> Derivative:
    def make(target: Path) -> _Written | None:
        with FileSource(workshop.bag / of.path) as source:
            picture = workshop.renditions.cover(source, of.facts.media_type)
        if picture is None:
            return None
        sha256, size = workshop.files.write_atomic(target, picture.body, durable=False)
        return _Written(sha256, size, b"", Facts(picture.media_type, width=picture.width, height=picture.height))

    tool = f"{_COVER_TOOL} of {of.facts.media_type}"
    return _once(_Recipe("cover", of, of.sha256, tool, "webp"), resource, workshop, make)


def _tilepack(resource: Resource, of: Sequence[PackedItem], workshop: Workshop) -> Derivative:
    """One pack for all pictures of the resource, in reading order, each page of a TIFF a picture of its own."""

    def make(target: Path) -> _Written:
        with tempfile.TemporaryFile(dir=workshop.bag.parent) as out:
            workshop.cutter.write(_sheets(of, workshop.bag), out)
            out.flush()
            out.seek(0)
            hasher = ChunkHasher()
            sha256, length = workshop.files.copy_hashed(
                out.fileno(), target, max_size=MAX_ITEM_SIZE, each=hasher.update, durable=False
            )
        return _Written(sha256, length, hasher.digests(), Facts("application/zip"))

    origin = hashlib.sha256("\n".join(item.sha256 for item in of).encode()).hexdigest()
    return _once(_Recipe("tilepack", of[0], origin, _TILEPACK_TOOL, "zip"), resource, workshop, make)


def _text(resource: Resource, plan: TextPlan, workshop: Workshop) -> Derivative:
    def make(target: Path) -> _Written | None:
        body, cut = dump_text(plan, workshop.bag, workshop.renditions)
        if not body:
            return None
        hasher = ChunkHasher()
        hasher.update(body)
        sha256, size = workshop.files.write_atomic(target, body, durable=False)
        reason = "文字太长，只取了前面的部分供检索" if cut else ""
        chunks = hasher.digests() if size > CHUNK else b""
        return _Written(sha256, size, chunks, Facts("application/jsonl"), reason)

    return _once(_Recipe("text", plan.of, plan.origin, TEXT_TOOL, "jsonl"), resource, workshop, make)


def _recordings(items: Sequence[tuple[Item, PackedItem]]) -> Iterator[PackedItem]:
    """Of each part to listen to the first form that is decoded; what no browser plays needs no peaks."""
    forms: dict[str, PackedItem] = {}
    for item, packed in sorted(items, key=lambda pair: pair[0].role == "alternate"):
        if item.role in {"part", "alternate"} and item.media_type in PEAKS_TYPES and not packed.facts.flags:
            forms.setdefault(item.of or item.id, packed)
    for item, _ in items:
        if item.role == "part" and item.id in forms:
            yield forms[item.id]


def _peaks(resource: Resource, of: PackedItem, workshop: Workshop) -> Derivative:
    """Peaks are an ornament: a recording that is too long or too odd for them is no problem to report."""

    def make(target: Path) -> _Written:
        with FileSource(workshop.bag / of.path) as source:
            peaks = Extraction(workshop.renditions.sandbox).peaks(source, of.facts.media_type)
        sha256, size = workshop.files.write_atomic(target, dump_peaks(peaks), durable=False)
        return _Written(sha256, size, b"", Facts(PEAKS_TYPE))

    recipe = _Recipe("peaks", of, of.sha256, f"{_PEAKS_TOOL} of {of.facts.media_type}", "json")
    return replace(_once(recipe, resource, workshop, make), reason="")


def _once(
    recipe: _Recipe, resource: Resource, workshop: Workshop, make: Callable[[Path], _Written | None]
) -> Derivative:
    """The derivative as it was made before of the same bytes by the same tool, else made now."""
    of, name = recipe.of, f"{recipe.of.source}#{recipe.role}"
    identity = item_id(resource.id, recipe.role, name)
    path = item_path(identity, recipe.extension)
    before = workshop.before.get(recipe.origin, recipe.tool)
    if before is not None and not before.path:
        return Derivative(recipe.role, of.id, of.source, None, before.reason, before)
    target = workshop.bag / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        written = _taken_over(before, target, workshop) or make(target)
    except RenditionError as error:
        reason = f"{_NOT_MADE[recipe.role]}：{reason_of(error)}"
        failed = Made(recipe.origin, recipe.tool, Facts(""), reason=reason)
        again = isinstance(error, RenditionLimitError)
        return Derivative(recipe.role, of.id, of.source, None, reason, None if again else failed)
    if written is None:
        return Derivative(
            recipe.role, of.id, of.source, None, "", Made(recipe.origin, recipe.tool, Facts(""))
        )  # fmt: skip
    item = PackedItem(
        identity, resource.id, name, of.source_size, of.source_mtime, recipe.tool.partition(" of ")[0], path,
        written.size, written.sha256, written.chunks, written.facts,
    )  # fmt: skip
    made = Made(
        recipe.origin, recipe.tool, written.facts, path, written.size, written.sha256, written.chunks, written.reason
    )
    return Derivative(recipe.role, of.id, of.source, item, written.reason, made)


def _taken_over(before: Made | None, target: Path, workshop: Workshop) -> _Written | None:
    """An earlier derivative at its place; a copy when its source has another name now; None when it is not whole."""
    if before is None:
        return None
    written = _Written(before.sha256, before.size, before.chunks, before.facts, before.reason)
    if target.is_file() and _digest(target) == before.sha256:
        return written
    other = workshop.bag / before.path
    if other == target or not other.is_file():
        return None
    sha256, _, _ = copy_in(other, target, workshop.files)
    return written if sha256 == before.sha256 else None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sheets(items: Sequence[PackedItem], bag: Path) -> Iterator[Sheet]:
    """Every page of every picture, in reading order."""
    for item in items:
        for page in range(1, max(1, item.facts.pages) + 1):
            yield Sheet(item.sha256, page, bag / item.path)
