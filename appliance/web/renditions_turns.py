"""Whose turn it is: what readers wait for is taken from each of them in turn, first come first served for each."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

_T = TypeVar("_T")


class ReadersInTurn(Generic[_T]):
    """Queues of readers. Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._queues: OrderedDict[str, deque[_T]] = OrderedDict()

    def waiting(self, reader: str) -> int:
        """For how many things a reader waits."""
        return len(self._queues.get(reader, ()))

    def add(self, reader: str, thing: _T) -> None:
        """Let a reader wait for one thing more."""
        self._queues.setdefault(reader, deque()).append(thing)

    def next(self) -> _T | None:
        """The thing whose turn it is, which does not wait any longer; None when nobody waits."""
        if not self._queues:
            return None
        reader, queue = self._queues.popitem(last=False)
        thing = queue.popleft()
        if queue:
            self._queues[reader] = queue
        return thing
