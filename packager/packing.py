"""Packing one resource: its files copied into the bag while they are hashed, its derivatives made.

A source file is never altered; its bytes are read once, whole-file and 1 MiB digests are taken in the same pass. A
file that changes while it is read stops the build with `SourceChangedError`, for then its digest would mean nothing.
Copies are not synced one by one: `BuildJournal.commit` does that for a batch before it promises anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.checks import extension_for, sniff
from indexer.model import Item, Resource, item_id
from indexer.roles import FileFact, ItemPlan, infer_roles
from packager.derivatives import Derivative, Workshop, derive
from packager.errors import SourceChangedError
from packager.facts import learn_facts
from packager.format.chunks import ChunkHasher
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import CHUNK, item_path
from packager.journal import PackedItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packager.format.files import Files
    from packager.sources.folder import SourceFile

_HEAD = 64 << 10


@dataclass(frozen=True, slots=True)
class PackedResource:
    """A resource with its items, what the journal keeps of them, and what went wrong with derivatives."""

    resource: Resource
    items: tuple[PackedItem, ...]
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """Bytes of payload."""
        return sum(item.size for item in self.items)


def pack_resource(
    resource: Resource, sources: Sequence[SourceFile], known: Mapping[str, PackedItem], workshop: Workshop
) -> PackedResource:
    """Bring a resource's files into the bag and describe them.

    Args:
        resource: the record; its items are replaced.
        sources: its files, in the order of the source.
        known: items of this resource that an earlier run packed, by source path; unchanged ones are taken over.
        workshop: the bag, the writer and where derivatives are made.

    Raises:
        SourceChangedError: a file changed while it was read.
        OSError: the bag could not be written.
    """
    problems: list[tuple[str, str]] = []
    facts = [fact for file in sources if (fact := _fact(file, known.get(file.name), problems))]
    by_name = {file.name: file for file in sources}
    plans = infer_roles(facts, resource.type)
    ids = {plan.path: item_id(resource.id, plan.role, plan.path) for plan in plans}
    made: list[tuple[Item, PackedItem]] = []
    for plan in plans:
        packed = _pack_original(resource, plan, by_name[plan.path], known.get(plan.path), workshop)
        if packed.facts.trouble:
            problems.append((plan.path, packed.facts.trouble))
        made.append((_item(packed, plan, ids.get(plan.of, "")), packed))
    for derivative in derive(resource, tuple(made), known, workshop):
        if derivative.item is not None:
            made.append((_derived_item(derivative, derivative.item), derivative.item))
        elif derivative.reason:
            problems.append((derivative.source, derivative.reason))
    items = tuple(item for item, _ in made)
    return PackedResource(resource.with_items(items), tuple(packed for _, packed in made), tuple(problems))


def _fact(file: SourceFile, known: PackedItem | None, problems: list[tuple[str, str]]) -> FileFact | None:
    """What a file is; an unreadable one is a problem of its resource and left out."""
    try:
        stat = file.path.stat()
        if known and (known.source_size, known.source_mtime) == (stat.st_size, stat.st_mtime_ns):
            return FileFact(file.name, known.facts.media_type, stat.st_size)
        with file.path.open("rb") as stream:
            return FileFact(file.name, sniff(stream.read(_HEAD), file.name), stat.st_size)
    except OSError as error:
        problems.append((file.name, f"读不出：{error.strerror}"))
        return None


def _pack_original(
    resource: Resource, plan: ItemPlan, file: SourceFile, known: PackedItem | None, workshop: Workshop
) -> PackedItem:
    stat, bag = file.path.stat(), workshop.bag
    identity = item_id(resource.id, plan.role, plan.path)
    if (
        known
        and known.id == identity
        and (known.source_size, known.source_mtime) == (stat.st_size, stat.st_mtime_ns)
        and (bag / known.path).is_file()
        and (bag / known.path).stat().st_size == known.size
    ):
        return known
    path = item_path(identity, extension_for(plan.media_type))
    sha256, size, chunks = copy_in(file.path, bag / path, workshop.files)
    facts = learn_facts(bag / path, plan.media_type, workshop.renditions)
    return PackedItem(
        identity, resource.id, plan.path, stat.st_size, stat.st_mtime_ns, "", path, size, sha256, chunks, facts
    )


def _item(packed: PackedItem, plan: ItemPlan, of: str) -> Item:
    return Item(
        id=packed.id, role=plan.role, order=plan.order, label=plan.label, path=packed.path,
        media_type=packed.facts.media_type, size=packed.size, sha256=packed.sha256,
        of=of, language=plan.language, pages=packed.facts.pages, width=packed.facts.width, height=packed.facts.height,
    )  # fmt: skip


def _derived_item(derivative: Derivative, packed: PackedItem) -> Item:
    return Item(
        id=packed.id, role=derivative.role, order=0, path=packed.path,
        media_type=packed.facts.media_type, size=packed.size, sha256=packed.sha256, of=derivative.of,
        tool=packed.tool, width=packed.facts.width, height=packed.facts.height,
    )  # fmt: skip


def copy_in(source: Path, target: Path, files: Files) -> tuple[str, int, bytes]:
    """Copy `source` to `target` while hashing it; durable after the journal's next commit.

    Returns:
        (SHA-256 in hexadecimal, bytes, 32-byte digests of each 1 MiB; empty up to 1 MiB).

    Raises:
        SourceChangedError: size or time of `source` changed in between.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        before = os.fstat(descriptor)
        hasher = ChunkHasher()
        each = hasher.update if before.st_size > CHUNK else None
        sha256, size = files.copy_hashed(descriptor, target, max_size=MAX_ITEM_SIZE, each=each, durable=False)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != before.st_size:
        target.unlink()
        raise SourceChangedError(source.name)
    return sha256, size, hasher.digests()
