"""The pictures before and after an open one in the collection that it belongs to."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from flask import url_for

from appliance.web.context import gate, library
from appliance.web.usable import default_item, kind_of_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.library.library import Library
    from appliance.web.readers_work import Work
    from indexer.model import Resource

_SHOWN = frozenset({"image", "exhibition"})
_LOOKED_AT = 30
"""Neighbours that cannot be opened are passed over, so many of them at most."""
_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A work beside the open one: its title, where it is read, and where it is read without scripts."""

    title: str
    url: str
    simple: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a picture stands in its collection.

    Attributes:
        collection: the record of the whole. number: place in it, from 1. total: how many there are.
        previous, next: the nearest that can be opened here and now, None at the ends.
    """

    collection: Resource
    number: int
    total: int
    previous: Neighbour | None
    next: Neighbour | None


def neighbours_of(work: Work) -> Neighbours | None:
    """The neighbours of a picture in the collection that is its parent; None when it stands alone."""
    resource = work.resource
    if resource.type not in _SHOWN or not resource.parent:
        return None
    parent = library().resource(resource.parent)
    if parent is None or not gate(parent.resource).listed:
        return None
    ids = _orders.ids(library(), resource.parent)
    if resource.id not in ids or len(ids) < 2:
        return None
    at = ids.index(resource.id)
    before, after = ids[max(0, at - _LOOKED_AT) : at], ids[at + 1 : at + 1 + _LOOKED_AT]
    return Neighbours(parent.resource, at + 1, len(ids), _nearest(reversed(before)), _nearest(iter(after)))


def _nearest(ids: Iterator[str]) -> Neighbour | None:
    """The first of them that this reader can open as pictures."""
    for resource_id in ids:
        held = library().resource(resource_id)
        item = default_item(held.resource) if held is not None else None
        if held is None or item is None or kind_of_item(item) != "picture":
            continue
        if held.available and gate(held.resource).allowed:
            return Neighbour(
                held.resource.title,
                url_for("readers.read", resource_id=resource_id),
                url_for("readers.page", resource_id=resource_id, n=1),
            )
    return None


class _Orders:
    """The ids of a collection's parts in order, remembered as long as the library's view lives.

    Reading the records of 10,000 pictures takes half a second. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Library, dict[str, tuple[str, ...]]] = WeakKeyDictionary()

    def ids(self, view: Library, parent: str) -> tuple[str, ...]:
        with self._lock:
            found = self._known.get(view, {}).get(parent)
        if found is None:
            found = tuple(held.resource.id for held in view.children(parent))
            with self._lock:
                known = self._known.setdefault(view, {})
                while len(known) >= _REMEMBERED:
                    known.pop(next(iter(known)))
                known[parent] = found
        return found


_orders = _Orders()
