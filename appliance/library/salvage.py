"""Reading on where a record cannot be read: the others of a list, without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from indexer.errors import IndexFormatError
from indexer.model import Resource

Ask = Callable[[int, int], list[Resource]]
"""From how many (limit) and from where (offset) to the records of a list."""
Damage = Callable[[IndexFormatError], None]

MOST_FAILURES = 24
"""Reads that may fail for one page; a disk that fails slowly must not hold a reader up. One bad record costs eight."""
_BATCH = 100


def page_of(ask: Ask, limit: int, offset: int, damage: Damage) -> list[Resource | None]:
    """A stretch of a list with None in the place of what cannot be read.

    Args:
        ask: reads a stretch; raises IndexFormatError when one record of it is damaged.
        limit: how many at most. A list that ends earlier ends the answer, except after `MOST_FAILURES`.
        offset: where the stretch begins.
        damage: told of every failure.
    """
    failures = 0

    def stretch(limit: int, offset: int) -> list[Resource | None]:
        nonlocal failures
        try:
            return list(ask(limit, offset)) if failures <= MOST_FAILURES else [None] * limit
        except IndexFormatError as error:
            damage(error)
        failures += 1
        if limit <= 1:
            return [None] * limit
        half = limit // 2
        first = stretch(half, offset)
        return first + stretch(limit - half, offset + half) if len(first) == half else first

    return stretch(limit, offset)


def batches_of(ask: Ask, damage: Damage) -> Iterator[list[Resource]]:
    """A whole list, some at a time, without what cannot be read; it ends where nothing can be read any more."""
    offset = 0
    while batch := page_of(ask, _BATCH, offset, damage):
        found = [resource for resource in batch if resource is not None]
        if not found:
            return
        yield found
        offset += len(batch)
