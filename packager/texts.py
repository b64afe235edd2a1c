"""Which texts are taken from a resource's files, and how several become one.

One file of sections an original (see `indexer.sections`): books, documents, texts, captions. An alternate is asked
only when its first form gave nothing, for it says the same. The ALTO files of all pages become one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer import __version__
from indexer.renditions.extraction import TEXT_TYPES, Extraction
from indexer.renditions.source import FileSource
from indexer.sections import MAX_SECTIONS, MAX_TOTAL, Section, dump_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from indexer.model import Item
    from indexer.renditions.api import Renditions
    from packager.journal import PackedItem

TEXT_TOOL = f"shuxiang {__version__} text 1"
_ROLES = ("part", "alternate", "transcript", "caption")
ALTO = "application/alto+xml"


@dataclass(frozen=True, slots=True)
class TextPlan:
    """A text to take.

    Attributes:
        of: the original that the text belongs to. origin: SHA-256 that stands for all bytes it is taken from.
        files: where it is taken from, each with the page that its first page is, 0 when its own targets hold.
        instead_of: id of the item whose text would do as well, empty when there is none.
    """

    of: PackedItem
    origin: str
    files: tuple[tuple[PackedItem, int], ...]
    instead_of: str = ""


def text_plans(items: Sequence[tuple[Item, PackedItem]]) -> Iterator[TextPlan]:
    """The texts of a resource, in the order of its items; alternates after what they are alternates of."""
    orders = {item.id: item.order for item, _ in items}
    for item, packed in sorted(items, key=lambda pair: pair[0].role == "alternate"):
        if item.role in _ROLES and item.media_type in TEXT_TYPES - {ALTO}:
            instead = item.of if item.role == "alternate" else ""
            origin = hashlib.sha256(f"{item.media_type}\n{packed.sha256}".encode()).hexdigest()
            yield TextPlan(packed, origin, ((packed, 0),), instead)
    scans = [
        (packed, orders.get(item.of, item.order) + 1)
        for item, packed in items
        if item.role == "ocr" and item.media_type == ALTO
    ]
    if scans:
        scans.sort(key=lambda scan: scan[1])
        named = "\n".join(f"{page} {packed.sha256}" for packed, page in scans)
        yield TextPlan(scans[0][0], hashlib.sha256(named.encode()).hexdigest(), tuple(scans))


def dump_text(plan: TextPlan, bag: Path, renditions: Renditions) -> tuple[bytes, bool]:
    """The file of sections, empty when there is no text, and whether it was cut short.

    Memory is bounded by `MAX_TOTAL`, a few times over.

    Raises:
        RenditionError: a file is damaged or a limit was reached.
    """
    extraction = Extraction(renditions.sandbox)
    body = bytearray()
    number, cut = 0, False
    for packed, first_page in plan.files:
        with FileSource(bag / packed.path) as source:
            found = extraction.text(source, packed.facts.media_type)
        cut |= found.cut
        for section in found.sections:
            line = dump_section(_placed(section, number + 1, first_page))
            if number >= MAX_SECTIONS or len(body) + len(line) > MAX_TOTAL:
                return bytes(body), True
            number += 1
            body += line
    return bytes(body), cut


def _placed(section: Section, number: int, first_page: int) -> Section:
    if not first_page:
        return replace(section, n=number)
    within = int(section.target) if section.target.isdecimal() else 1
    return replace(section, n=number, target=str(first_page + within - 1))
