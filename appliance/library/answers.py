"""Answers of searches, kept for who asks the same again, and worked out once for all who ask at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from appliance.errors import BusyError
from indexer.model import Resource
from indexer.search_request import SearchResult

MAX_BYTES = 16 << 20
"""Of all answers together, about."""

SECONDS = 15.0
"""How long who asks the same waits for who asked first; longer than a search waits for its turn."""

_BASE, _HIT, _ITEM, _VALUE = 2_000, 2_500, 700, 120
"""Bytes that an answer, a record, an item and a facet's value take in Python, about."""

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class _Work(Generic[_Answer]):
    done: threading.Event
    answer: _Answer | None = None


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_Answer]):
    answer: _Answer
    size: int


class Answers(Generic[_Answer]):
    """The last answers, bounded in bytes; any thread may ask."""

    def __init__(self, size_of: Callable[[_Answer], int], most: int = MAX_BYTES, seconds: float = SECONDS) -> None:
        """Start with none.

        Args:
            size_of: about how many bytes an answer takes.
            most: how many bytes all may.
            seconds: how long to wait for who asked first.
        """
        self._size_of, self._most, self._seconds = size_of, most, seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[_Answer]] = OrderedDict()
        self._working: dict[Hashable, _Work[_Answer]] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, work: Callable[[], _Answer | None]) -> _Answer | None:
        """The answer of `key`, kept or worked out now. What `work` raises, or None, is nobody else's answer.

        Args:
            key: what is asked.
            work: works it out.

        Raises:
            BusyError: who asked the same first has no answer yet.
        """
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    return kept.answer
                first = self._working.get(key)
                if first is None:
                    mine = self._working[key] = _Work(threading.Event())
            if first is None:
                return self._work(key, work, mine)
            if not first.done.wait(self._seconds):
                raise BusyError("the same search has no answer yet")
            if first.answer is not None:
                return first.answer

    def _work(self, key: Hashable, work: Callable[[], _Answer | None], mine: _Work[_Answer]) -> _Answer | None:
        try:
            mine.answer = work()
        finally:
            with self._lock:
                del self._working[key]
                if mine.answer is not None:
                    self._keep(key, _Kept(mine.answer, self._size_of(mine.answer)))
            mine.done.set()
        return mine.answer

    def _keep(self, key: Hashable, kept: _Kept[_Answer]) -> None:
        if kept.size > self._most // 8:
            return  # one answer must not push out all others
        self._kept[key] = kept
        self.size += kept.size
        while self.size > self._most:
            self.size -= self._kept.popitem(last=False)[1].size


def size_of(result: SearchResult) -> int:
    """About how many bytes an answer takes: what its texts and items do."""
    size = _BASE + sum(_VALUE * len(values) for values in result.facets.values())
    for hit in result.hits:
        size += _record_size(hit.resource) + 4 * len(hit.snippet)
        if hit.collapsed is not None:
            size += sum(map(_record_size, hit.collapsed.best))
    return size


def _record_size(resource: Resource) -> int:
    letters = len(resource.description) + sum(len(entry.title) for entry in resource.contents)
    return _HIT + 4 * letters + _ITEM * (len(resource.items) + len(resource.contents))
