"""相关资源: what is related to a resource, each with the reason, in readers' words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.cards import title_language, type_name
from appliance.web.context import SEARCH_AWAY, discovery, gate, library, words

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.model import Resource

RELATED = 8
_FALLBACK = 4


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """One of them. `why`: 同一作者：鲁迅. `about`: what it is."""

    url: str
    title: str
    language: str
    about: str
    why: str


def related_to(record: Resource) -> list[RelatedLine]:
    """What is related, the most first; while search is being made others of the same class. Never anything else."""
    try:
        found = [(one.held, one.reason, one.value) for one in discovery().related(record, RELATED + _FALLBACK)]
    except SEARCH_AWAY:
        found = [(held, "class", "") for held in _of_class(record)]
    lines: dict[tuple[str, str], RelatedLine] = {}
    for held, reason, value in found:
        other = held.resource
        if other.id == record.id or not gate(other).listed:
            continue
        # Two records of one title and form would only look like a mistake.
        lines.setdefault((other.title, other.type), _line(other, reason, value))
    return list(lines.values())[:RELATED]


def _line(other: Resource, reason: str, value: str) -> RelatedLine:
    return RelatedLine(
        url=url_for("patrons.detail", resource_id=other.id),
        title=other.title,
        language=title_language(other),
        about=type_name(other),
        why=words().label(f"related.{reason}", name=value),
    )


def _of_class(record: Resource) -> list[Held]:
    code = next((c.code for c in record.classes if c.scheme == "clc"), "")
    return library().browse(clc=code, limit=_FALLBACK + 1) if code else []
