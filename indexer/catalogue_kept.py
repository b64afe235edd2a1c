"""Records of many files, parsed once: each tile of a scanned book of 2,000 pages asks for the book's record again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.model import Resource

WORTH_KEEPING = 8_000
"""Characters of a record's line from which parsing it again costs more than a database query does."""
MAX_KEPT = 4 << 20
"""Characters of all kept lines together; parsed they take about three times as many bytes."""


class KeptRecords:
    """The large records that were asked for last, by id. Thread-safe; what is put in must not change."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._records: OrderedDict[str, tuple[Resource, int]] = OrderedDict()
        self._total = 0

    def get(self, resource_id: str) -> Resource | None:
        """The record of that id, None when it is not kept."""
        with self._lock:
            found = self._records.get(resource_id)
            if found is None:
                return None
            self._records.move_to_end(resource_id)
            return found[0]

    def put(self, resource: Resource, length: int) -> None:
        """Keep a record whose line has `length` characters, if that is worth it; the longest unused ones go."""
        if not WORTH_KEEPING <= length <= self._most:
            return
        with self._lock:
            if resource.id in self._records:
                return
            self._records[resource.id] = (resource, length)
            self._total += length
            while self._total > self._most:
                self._total -= self._records.popitem(last=False)[1][1]
