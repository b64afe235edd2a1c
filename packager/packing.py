"""Packing one resource: its files copied into the bag while they are hashed, its derivatives made.

A source file is never altered; its bytes are read once, whole-file and 1 MiB digests are taken in the same pass. A
file that changes while it is read stops the build with `SourceChangedError`, for then its digest would mean nothing.
Copies are not synced one by one: `BuildJournal.commit` does that for a batch before it promises anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.checks import extension_for, sniff
from indexer.model import ContentsEntry, Item, Resource, item_id
from indexer.roles import FileFact, ItemPlan, infer_roles
from packager.copying import copy_in
from packager.derivatives import Derivative, Workshop, derive
from packager.facts import FACTS_TOOL, learn_facts
from packager.figures import figures_of
from packager.file_claims import named_otherwise, program_of
from packager.format.layout import item_path
from packager.journal import PackedItem
from packager.made import Made
from packager.reasons import failure_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packager.sources.folder import SourceFile

_HEAD = 64 << 10
_MAX_CONTENTS = 1000
"""Lines of the contents of several recordings together; those of one file are fewer."""


@dataclass(frozen=True, slots=True)
class PackedResource:
    """A resource with its items, what the journal keeps of them, and what is wrong with its files."""

    resource: Resource
    items: tuple[PackedItem, ...]
    problems: tuple[tuple[str, str], ...] = ()
    made: tuple[Made, ...] = ()

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
    plans = infer_roles(facts, resource.type, figures_of(facts, {file.name: file.path for file in sources}))
    ids = {plan.path: item_id(resource.id, plan.role, plan.path) for plan in plans}
    made: list[tuple[Item, PackedItem]] = []
    for plan in plans:
        packed = _pack_original(resource, plan, by_name[plan.path], known.get(plan.path), workshop)
        if packed.facts.trouble:
            problems.append((plan.path, packed.facts.trouble))
        made.append((_item(packed, plan, ids.get(plan.of, "")), packed))
    kept = [_remembered(packed) for _, packed in made if packed.facts.flags or not packed.facts.trouble]  # no limits
    for derivative in derive(resource, tuple(made), workshop):
        if derivative.item is not None:
            order = sum(item.role == derivative.role for item, _ in made)
            made.append((_derived_item(derivative, derivative.item, order), derivative.item))
        if derivative.reason:
            problems.append((derivative.source, derivative.reason))
        if derivative.made is not None:
            kept.append(derivative.made)
    items = tuple(item for item, _ in made)
    resource = replace(resource, items=items, contents=resource.contents or _contents(made))
    return PackedResource(resource, tuple(packed for _, packed in made), tuple(problems), tuple(kept))


def _contents(made: Sequence[tuple[Item, PackedItem]]) -> tuple[ContentsEntry, ...]:
    """The table of contents of a work in one part, of its first form that has one; recordings may have several."""
    parts = [pair for pair in made if pair[0].role == "part"]
    if len(parts) == 1:
        forms = [*parts, *(pair for pair in made if pair[0].role == "alternate")]
        listed = [pair for pair in forms if len(pair[1].facts.contents) > 1][:1]
    elif all(i.media_type.startswith(("audio/", "video/")) and len(p.facts.contents) > 1 for i, p in parts):
        listed = parts
    else:
        return ()
    lines = [(item, title, at) for item, packed in listed for title, at in packed.facts.contents][:_MAX_CONTENTS]
    return tuple(ContentsEntry(title, f"{item.id}#{at}" if at else "") for item, title, at in lines)


def _fact(file: SourceFile, known: PackedItem | None, problems: list[tuple[str, str]]) -> FileFact | None:
    """What a file is; an unreadable one and a program are problems of their resource and left out."""
    try:
        stat = file.path.stat()
        if known and (known.source_size, known.source_mtime) == (stat.st_size, stat.st_mtime_ns):
            media_type = known.facts.media_type
        else:
            with file.path.open("rb") as stream:
                head = stream.read(_HEAD)
            if program := program_of(head):
                problems.append((file.name, f"是{program}，程序不收"))
                return None
            media_type = sniff(head, file.name)
    except OSError as error:
        problems.append((file.name, f"读不出：{failure_of(error)}"))
        return None
    if otherwise := named_otherwise(file.name, media_type):
        problems.append((file.name, otherwise))
    return FileFact(file.name, media_type, stat.st_size)


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
        if known.facts.tool == FACTS_TOOL:
            return known
        return replace(known, facts=learn_facts(bag / known.path, plan.media_type, workshop.renditions))
    path = item_path(identity, extension_for(plan.media_type))
    sha256, size, chunks = copy_in(file.path, bag / path, workshop.files)
    before = workshop.before.get(sha256, _facts_tool(plan.media_type))
    facts = before.facts if before else learn_facts(bag / path, plan.media_type, workshop.renditions)
    return PackedItem(
        identity, resource.id, plan.path, stat.st_size, stat.st_mtime_ns, "", path, size, sha256, chunks, facts
    )


def _facts_tool(media_type: str) -> str:
    return f"{FACTS_TOOL} of {media_type}"


def _remembered(packed: PackedItem) -> Made:
    """The facts of an original under the digest of its bytes."""
    return Made(packed.sha256, _facts_tool(packed.facts.media_type), packed.facts)


def _item(packed: PackedItem, plan: ItemPlan, of: str) -> Item:
    return Item(
        id=packed.id, role=plan.role, order=plan.order, label=plan.label, path=packed.path,
        media_type=packed.facts.media_type, size=packed.size, sha256=packed.sha256,
        of=of, language=plan.language, pages=packed.facts.pages, duration=packed.facts.duration,
        width=packed.facts.width, height=packed.facts.height, flags=packed.facts.flags,
    )  # fmt: skip


def _derived_item(derivative: Derivative, packed: PackedItem, order: int) -> Item:
    return Item(
        id=packed.id, role=derivative.role, order=order, path=packed.path,
        media_type=packed.facts.media_type, size=packed.size, sha256=packed.sha256, of=derivative.of,
        tool=packed.tool, width=packed.facts.width, height=packed.facts.height,
    )  # fmt: skip
