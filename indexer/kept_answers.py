"""The answers that were asked for last, kept within a bound."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")


class KeptAnswers(Generic[_Key, _Answer]):
    """Question → answer, for answers that never change. Any thread may ask; two may find out the same at once."""

    def __init__(self, most: int, weight: Callable[[_Answer], int] = lambda _: 1) -> None:
        """Keep nothing yet.

        Args:
            most: how much all answers may weigh together; a heavier one is kept alone.
            weight: what an answer weighs.
        """
        self._most, self._weight = most, weight
        self._kept: OrderedDict[_Key, _Answer] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: _Key, find: Callable[[], _Answer]) -> _Answer:
        """The kept answer, else what `find` finds out, which is then kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = find()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = found
                self._total += self._weight(found)
                while self._total > self._most and len(self._kept) > 1:
                    self._total -= self._weight(self._kept.popitem(last=False)[1])
        return found
