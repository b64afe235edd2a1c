"""The greatest of many numbers, in order, without sorting them all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.search_rows import pieces, rows_of

Numbers = NDArray[np.signedinteger[Any]] | NDArray[np.float32]
Places = NDArray[np.intp]

_FEW = 1024
"""Numbers that are rather sorted."""
_DEPTH = 64
"""Numbers of which only the greatest is looked at to find out how great the wanted ones are at least."""
_ALIKE = 4
"""Times as many as wanted from which equal ones are told apart by their place."""


def best_places(numbers: Numbers, least: int) -> Places:
    """Places of the greatest numbers, the greatest first, equal ones as they stand; at least `least`, if there are.

    Whatever is not among them is less than the last of them, or equal to it and stands after it.
    """
    if len(numbers) <= max(_FEW, least):
        return np.argsort(-numbers, kind="stable")
    floor = floor_of(numbers, least)
    reached = numbers >= floor
    if np.count_nonzero(reached) > _ALIKE * least:
        reached = numbers > floor
        if (above := int(np.count_nonzero(reached))) < least:
            reached[first_alike(numbers, floor, least - above)] = True
    places = rows_of(reached).astype(np.intp)
    return places[np.argsort(-numbers.take(places), kind="stable")]


def first_alike(numbers: NDArray[Any], wanted: Any, most: int) -> Places:
    """Places of the first numbers that are as wanted."""
    found: list[Places] = []
    for piece in pieces(len(numbers)):
        some = np.flatnonzero(numbers[piece] == wanted)[:most] + piece.start
        found.append(some)
        most -= len(some)
        if not most:
            break
    return np.concatenate(found)


def floor_of(numbers: NDArray[Any], least: int) -> Any:
    """A number that at least `least` of them reach, and usually not many more; there are more of them than that."""
    depth = min(_DEPTH, len(numbers) // (2 * least))
    if depth > 1:
        # Columns of a table with so many lines: the greatest of each is found in one pass over the memory.
        numbers = numbers[: len(numbers) // depth * depth].reshape(depth, -1).max(axis=0)
    return np.partition(numbers, len(numbers) - least)[len(numbers) - least]
