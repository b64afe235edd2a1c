"""The texts inside resources on patrons' pages: what a search found there, and where a place is opened.

Nothing of a text is shown to a reader who may not read it: the gate is asked before every excerpt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.context import gate, library, say, services, words
from appliance.web.usable import PLAYED, kind_of_item
from indexer.search_inside import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from appliance.library.model import Found
    from appliance.serving.texts import Texts
    from indexer.model import Item, Resource
    from indexer.search_request import Hit as Explained
    from indexer.search_request import SearchRequest
    from indexer.sections_search import Excerpt

LONGEST_FIND = 60
"""Characters of the words that a reader is opened at."""
_NEAR = 16
"""Characters on each side of the words, by which the right one of several places is told."""
_SPACES = re.compile(r"\s+")

Place = tuple[str, int]
"""Folder of a release and the row of a record in it."""


@dataclass(frozen=True, slots=True)
class InsideFound:
    """What a search found, texts included.

    Attributes:
        found: as `Library.search` gives it.
        texts: what texts hold; None when the box does not search them.
    """

    found: Found
    texts: Texts | None = None

    @property
    def titles_only(self) -> bool:
        """Whether there are texts that could not be searched."""
        return self.texts is not None and not self.texts.complete


def searched(request: SearchRequest) -> InsideFound:
    """Search records and texts together.

    Raises:
        SearchNotReadyError, QueryError: as `Library.search`.
    """
    box = services().texts
    texts = box.search(request.q) if box is not None else None
    return InsideFound(library().search(request, texts.inside if texts else None), texts)


def excerpts_of(answer: InsideFound) -> dict[str, Excerpt]:
    """The places to show of hits that only their texts hold, by id of the resource that the line is of.

    Those that this reader may not read have none.
    """
    box = services().texts
    if box is None or answer.texts is None:
        return {}
    wanted: dict[Place, str] = {}
    for hit, explained in zip(answer.found.hits, answer.found.result.hits, strict=True):
        if explained.why == INSIDE and gate(read_of(explained)).allowed:
            wanted[hit.held.release.folder, explained.row] = explained.resource.id
    found = box.excerpts(answer.texts, wanted)
    return {wanted[place]: excerpt for place, excerpt in found.items()}


def read_of(explained: Explained) -> Resource:
    """The resource whose text a hit is found in: of a collapsed line its best child."""
    return explained.collapsed.best[0] if explained.collapsed is not None else explained.resource


def place_words(excerpt: Excerpt, query: str) -> str:
    """Where the words stand: 正文第 3 页有“…”."""
    section = excerpt.section
    if section.kind == "page":
        page = section.label if section.label.isdecimal() else section.target
        return say("patron.search.text_hit", page=page, query=query).text
    if section.kind == "time" and section.label:
        return say("patron.search.text_hit.time", time=section.label, query=query).text
    if section.label:
        return say("patron.search.text_hit.chapter", chapter=section.label, query=query).text
    return say("patron.search.text_hit.plain", query=query).text


def place_url(record: Resource, excerpt: Excerpt) -> str:
    """Where the reader opens at a place, the words marked; empty when the text is of no file that a reader opens."""
    text = record.items[excerpt.item] if excerpt.item < len(record.items) else None
    original = next((i for i in record.items if text is not None and i.id == text.of), None)
    if text is None or text.role != "text" or original is None:
        return ""
    if original.role == "caption":
        original = next((i for i in record.items if i.id == original.of), original)
    target = excerpt.section.target
    kind = kind_of_item(original)
    if original.role == "ocr":
        return url_for("readers.read", resource_id=record.id, item=original.id, page=target)
    if kind in PLAYED:
        return url_for("readers.read", resource_id=record.id, item=original.id, at=target)
    found = excerpt.match[:LONGEST_FIND]
    if kind == "text":
        near = near_of(excerpt)
        return url_for("readers.read", resource_id=record.id, item=original.id, find=found, near=near)
    return url_for("readers.read", resource_id=record.id, item=original.id, at=target or None, find=found)


def contents_url(record: Resource, target: str, known: AbstractSet[str]) -> str:
    """Where a line of the contents leads, empty when to none of the files with the ids in `known`."""
    item_id, _, place = target.partition("#")
    if item_id not in known:
        return ""
    return url_for("readers.read", resource_id=record.id, item=item_id, at=place or None)


def near_of(excerpt: Excerpt) -> str:
    """The words with a little of what stands around them."""
    start, end = excerpt.marks[0] if excerpt.marks else (0, 0)
    return excerpt.text[max(0, start - _NEAR) : end + _NEAR]


def squeezed(text: str) -> str:
    """Text without its spaces and line ends, for comparing."""
    return _SPACES.sub("", text)


def has_text(items: Iterable[Item]) -> bool:
    """Whether one of these files is the text of another."""
    return any(item.role == "text" for item in items)


def why_words() -> str:
    """Why a hit is here of which no place can be shown."""
    return words().label("why.inside")
