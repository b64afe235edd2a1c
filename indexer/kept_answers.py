"""The answers that were asked for last, kept within a bound; few are found out at a time, each by one thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")

AT_ONCE = 2
"""Answers that are found out at a time in this process, of all kinds: the processors of a small box. What is kept, and
what needs no keeping, is answered meanwhile."""

SECONDS = 10.0
"""Longest wait for another thread; then it is found out here and now."""


class _Finding:
    """Lets few threads in at a time; one that is in already goes on."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._mine = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        inside = getattr(self._mine, "inside", False)
        got = not inside and self._free.acquire(timeout=SECONDS)
        self._mine.inside = True
        try:
            yield
        finally:
            self._mine.inside = inside
            if got:
                self._free.release()


_finding = _Finding(AT_ONCE)


class KeptAnswers(Generic[_Key, _Answer]):
    """Question → answer, for answers that never change. Any thread may ask; who asks the same at once waits for it."""

    def __init__(self, most: int, weight: Callable[[_Answer], int] = lambda _: 1) -> None:
        """Keep nothing yet.

        Args:
            most: how much all answers may weigh together; a heavier one is kept alone.
            weight: what an answer weighs.
        """
        self._most, self._weight = most, weight
        self._kept: OrderedDict[_Key, _Answer] = OrderedDict()
        self._working: dict[_Key, threading.Event] = {}
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: _Key, find: Callable[[], _Answer]) -> _Answer:
        """The kept answer, else what `find` finds out, which is then kept. What it raises is nobody else's answer."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            first = self._working.get(key)
            if first is None:
                mine = self._working[key] = threading.Event()
        if first is not None:
            first.wait(SECONDS)
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            return self._found(key, find)
        try:
            return self._found(key, find)
        finally:
            with self._lock:
                del self._working[key]
            mine.set()

    def _found(self, key: _Key, find: Callable[[], _Answer]) -> _Answer:
        with _finding.turn():
            found = find()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = found
                self._total += self._weight(found)
                while self._total > self._most and len(self._kept) > 1:
                    self._total -= self._weight(self._kept.popitem(last=False)[1])
        return found
