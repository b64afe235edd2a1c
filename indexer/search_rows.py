"""Many rows at a time: some ten thousand after another, so that what is made on the way stays in the processor's cache.

Rows are numbers of 32 bits, which NumPy makes into those of 64 wherever it takes or puts something by them. Done
for all at once this asks the system for eight bytes a row anew in every step, and costs more than the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.uint32]
Mask: TypeAlias = NDArray[np.bool_]

AT_ONCE = 1 << 15

_Number = TypeVar("_Number", bound=np.generic)


def pieces(length: int) -> Iterator[slice]:
    """Slices that cover so many places in order."""
    return (slice(start, min(length, start + AT_ONCE)) for start in range(0, length, AT_ONCE))


def taken(column: NDArray[_Number], rows: NDArray[np.integer[Any]]) -> NDArray[_Number]:
    """What stands in a column at rows."""
    if len(rows) <= AT_ONCE:
        return column.take(rows)
    found = np.empty(len(rows), column.dtype)
    for piece in pieces(len(rows)):
        found[piece] = column.take(rows[piece])
    return found


def kept(numbers: NDArray[_Number], mask: Mask) -> NDArray[_Number]:
    """Those that a mask of the same length lets pass, in their order."""
    # Not `numbers[mask]`: it takes ten times as long where some pass and some do not.
    if len(numbers) <= AT_ONCE:
        return numbers.compress(mask)
    found = np.empty(int(np.count_nonzero(mask)), numbers.dtype)
    end = 0
    for piece in pieces(len(numbers)):
        some = numbers[piece].compress(mask[piece])
        found[end : end + len(some)] = some
        end += len(some)
    return found


def rows_of(mask: Mask) -> Rows:
    """The places where a mask is true."""
    found = np.empty(int(np.count_nonzero(mask)), "u4")
    end = 0
    for piece in pieces(len(mask)):
        some = np.flatnonzero(mask[piece])
        some += piece.start
        found[end : end + len(some)] = some
        end += len(some)
    return found


def distinct(rows: Sequence[Rows]) -> Rows:
    """All rows of several lists, ascending, each once."""
    # Not `np.unique`, which puts them into a hash table first.
    found = np.sort(np.concatenate(rows)) if rows else np.zeros(0, "u4")
    new = np.ones(len(found), bool)
    np.not_equal(found[1:], found[:-1], out=new[1:])
    return kept(found, new)


def mark(mask: NDArray[_Number], rows: Rows, value: Any = True) -> None:
    """Put a value, or one for each of the rows, at rows."""
    single = np.ndim(value) == 0
    for piece in pieces(len(rows)):
        mask[rows[piece].astype(np.intp)] = value if single else value[piece]


def marked(records: int, rows: Rows) -> Mask:
    """A mask of all rows that is true at some."""
    mask = np.zeros(records, bool)
    mark(mask, rows)
    return mask
