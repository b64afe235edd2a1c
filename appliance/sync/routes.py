"""Which deltas lead from the release that is here to the one that is wanted, for the fewest bytes. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import count

from packager.format.deltas import Delta
from packager.format.release import Release


def route(deltas: Iterable[tuple[Delta, int]], old: Release, new: Release) -> tuple[Delta, ...] | None:
    """The cheapest chain of deltas from `old` to `new`; of equal ones the shortest. None when there is none.

    A delta that begins with another release of the same number (its build number differs) leads nowhere.

    Args:
        deltas: heads, each with the bytes of its document.
        old: what is here.
        new: what is wanted.
    """
    edges: dict[int, list[tuple[int, Delta]]] = {}
    for delta, document in deltas:
        if delta.bundle == new.bundle:
            edges.setdefault(delta.old, []).append((delta.size + document, delta))
    order = count()
    waiting: list[tuple[int, int, int, int, str, tuple[Delta, ...]]] = [(0, 0, next(order), old.seq, old.number, ())]
    done: set[tuple[int, str]] = set()
    while waiting:
        cost, length, _, seq, build, way = heapq.heappop(waiting)
        if (seq, build) == (new.seq, new.number):
            return way
        if (seq, build) in done:
            continue
        done.add((seq, build))
        for size, delta in edges.get(seq, ()):
            if delta.old_number == build:
                step = (cost + size, length + 1, next(order), delta.new, delta.new_number, (*way, delta))
                heapq.heappush(waiting, step)
    return None
