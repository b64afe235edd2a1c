"""Finding a few records in a catalogue of a million: read as a stream, never held whole."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING

from packager.truth import read_catalogue

if TYPE_CHECKING:
    from collections.abc import Collection

    from packager.format.layout import DriveLayout

_NEAR = 5
"""Names that are told beside one that is not known."""
_AT_ONCE = 10_000


def parents_of(layout: DriveLayout, wanted: Collection[str]) -> tuple[set[str], dict[str, str]]:
    """Which of the wanted ids the catalogue has, and whose part each record that is one belongs to.

    Memory: two ids for each issue, volume or part; nothing for what stands alone.
    """
    present: set[str] = set()
    parents: dict[str, str] = {}
    one: dict[str, str] = {}  # a serial's id is kept once for all its issues
    for resource in read_catalogue(layout):
        if resource.id in wanted:
            present.add(resource.id)
        if resource.parent:
            parents[resource.id] = one.setdefault(resource.parent, resource.parent)
    return present, parents


def titles_of(layout: DriveLayout, wanted: Collection[str]) -> dict[str, str]:
    """Titles of these records, by id."""
    return {resource.id: resource.title for resource in read_catalogue(layout) if resource.id in wanted}


def near(layout: DriveLayout, name: str) -> list[str]:
    """Ids that resemble a name, the nearest first; at most five."""
    best: list[str] = []
    ids = (resource.id for resource in read_catalogue(layout))
    while some := list(islice(ids, _AT_ONCE)):
        best = difflib.get_close_matches(name, [*best, *some], _NEAR)
    return best
