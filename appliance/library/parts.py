"""The parts of a resource as lists need them: issues of a serial, volumes of a set, in order, without their files.

A daily paper of fifty years has 18,000 issues. Reading and ordering them takes about two seconds, so the lists that
were asked for last are kept, in the light form that calendars, neighbours and counts need.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from indexer.model import Resource
from indexer.part_order import part_order

MAX_KEPT = 40_000
"""Parts that are kept altogether, about 1 kB each; a longer list is kept alone."""
MAX_COUNTS = 10_000
"""Numbers of parts that are kept."""
MAX_LISTS = 256
"""Lists that are kept, empty ones among them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        record: its record without files, descriptions and contents; the gate takes it for what may be listed.
        readable: whether there is something to open, on whatever drive. usable: whether some of it can be used here.
    """

    record: Resource
    readable: bool
    usable: bool


def light(resource: Resource) -> Part:
    """A part of its full record."""
    record = replace(
        resource,
        items=resource.items[:1],
        description="",
        contents=(),
        subjects=(),
        creators=(),
        identifiers=(),
        extra=(),
        provenance=(),
        rights="",
        source="",
    )
    return Part(record, bool(resource.readable_items), resource.usable)


class PartLists:
    """The lists that were asked for last. Thread-safe; for one unchanging library."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Part, ...]] = OrderedDict()
        self._counts: dict[str, tuple[int, str]] = {}
        self._lock = threading.Lock()

    def count(self, parent_id: str, read: Callable[[], tuple[int, str]]) -> tuple[int, str]:
        """How many parts a resource has and the level of the first, empty without any; `read` finds out."""
        with self._lock:
            if parent_id in self._counts:
                return self._counts[parent_id]
        found = read()
        with self._lock:
            if len(self._counts) >= MAX_COUNTS:
                self._counts.clear()
            self._counts[parent_id] = found
        return found

    def of(self, parent_id: str, read: Callable[[], Iterable[Resource]]) -> tuple[Part, ...]:
        """The parts of a resource in order; `read` gives their records in any order."""
        with self._lock:
            if parent_id in self._kept:
                self._kept.move_to_end(parent_id)
                return self._kept[parent_id]
        found = [light(resource) for resource in read()]
        order = part_order(part.record for part in found)
        parts = tuple(sorted(found, key=lambda part: order(part.record)))
        with self._lock:
            self._kept[parent_id] = parts
            while len(self._kept) > MAX_LISTS or (
                len(self._kept) > 1 and sum(map(len, self._kept.values())) > MAX_KEPT
            ):
                self._kept.popitem(last=False)
        return parts
