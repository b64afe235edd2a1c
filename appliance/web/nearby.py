"""What is near a search that found nothing: names like its words, and the classes of what its words alone find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.context import SEARCH_AWAY, discovery, words
from appliance.web.covers import class_letter
from appliance.web.heading_addresses import creator_url, subject_url

if TYPE_CHECKING:
    from appliance.library.model import Held

Link = tuple[str, str]
_NAMES, _CLASSES, _WORDS = 4, 2, 3
_LONGEST = 20


def near_names(query: str) -> list[Link]:
    """Subjects and creators whose names begin or end like words of a query; none while search is being made."""
    spoken = words()
    found: dict[str, str] = {}
    try:
        for word in query.split()[:_WORDS]:
            for heading in discovery().like("subject", word[:_LONGEST], _NAMES):
                found.setdefault(subject_url(heading.name), spoken.label("browse.near_subject", name=heading.name))
            for heading in discovery().like("creator", word[:_LONGEST], _NAMES):
                found.setdefault(creator_url(heading.name), spoken.label("browse.near_creator", name=heading.name))
    except SEARCH_AWAY:
        return []
    return [(text, url) for url, text in found.items()][: 2 * _NAMES]


def near_classes(near: Iterable[Held]) -> list[Link]:
    """The classes that most of some resources have."""
    letters = Counter(letter for held in near if (letter := class_letter(held.resource)))
    return [
        (words().label(f"clc.{letter}"), url_for("patrons.listing", clc=letter))
        for letter, _ in letters.most_common(_CLASSES)
        if words().has_label(f"clc.{letter}")
    ]
