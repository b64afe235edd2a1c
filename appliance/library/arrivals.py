"""What came last, over several bundles: in which order, and the rows of a stretch of it without reading the others."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.library.shelf import Shelf

Arrival = tuple[int | None, int]
"""The number of the release that brought a record, None when it is not known, and its row."""
Ask = Callable[[int, int], Sequence[Arrival] | None]
"""From how many (limit) and from where (offset) to arrivals, the newest first; None when they cannot be read."""

_FIRST, _MOST = 256, 16_384
"""Arrivals that are asked for at first, and at most, at a time: the first pages need few, deep ones many."""


def age(shelf: Shelf) -> tuple[str, int, str]:
    """What bundles are sorted by: the one that was issued last is the greatest."""
    release = shelf.release
    return release.issued, release.seq, release.bundle


def stream(ask: Ask, hidden: Container[int]) -> Iterator[Arrival]:
    """All arrivals of a shelf but those hidden; it ends where they cannot be read any more."""
    offset, size = 0, _FIRST
    while batch := ask(size, offset):
        yield from (arrival for arrival in batch if arrival[1] not in hidden) if hidden else batch
        offset, size = offset + len(batch), min(_MOST, size * 4)


def arrivals(streams: Sequence[tuple[int, int, Iterator[Arrival]]]) -> Iterator[tuple[int, int]]:
    """New ones of every stream, then the rest of every stream, as (its number, row).

    Args:
        streams: number, `seq` of the release, and its arrivals, the newest first.
    """
    left: list[Iterator[tuple[int, int]]] = []
    for number, seq, coming in streams:
        for release, row in coming:
            if (release or 0) < seq:
                left.append(chain(((number, row),), zip(repeat(number), map(itemgetter(1), coming))))
                break
            yield number, row
    yield from chain.from_iterable(left)
