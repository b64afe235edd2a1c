"""Bring the terms of many runs into one order and give out their postings, in groups that fit in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import ne
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.build_runs import Run
from indexer.build_sorting import SORT_MARK

ENTRIES = 200_000
"""Terms of all runs together that are looked at in a step. Memory: about 250 bytes each."""

ENTRY_BYTES = 24
"""Bytes read for each of them; longer terms make shorter steps."""

GROUP = 1_000_000
"""Postings given out at a time, but for a single term that has more. Memory: about 60 bytes each."""

_LEAST = 2048
"""Bytes of keys read of a run at a time, at least."""


@dataclass(frozen=True, slots=True)
class Group:
    """Terms that follow each other, with all their postings in the order of terms and then rows.

    Attributes:
        keys: of the terms, each once; more than one only when they have `GROUP` postings or fewer.
        counts: postings of each term.
        pieces: the rows and weights of all its postings, in order; several only for a single term.
    """

    keys: list[bytes]
    counts: NDArray[np.int64]
    pieces: Iterator[tuple[NDArray[np.uint32], NDArray[np.uint8]]]

    @property
    def is_sort_keys(self) -> bool:
        """Whether these are not terms but what titles are sorted by; a group is never both."""
        return self.keys[0].startswith(SORT_MARK)


def merged(runs: Sequence[Run], scratch: Path) -> Iterator[Group]:
    """All terms of all runs in byte order, then all sort keys; a group's pieces are read before the next group.

    Memory: bounded by `ENTRIES` and `GROUP`, and a few kilobytes a run.

    Args:
        runs: in the order of rows.
        scratch: where they lie.
    """
    first_rows = np.cumsum([0, *(run.rows for run in runs)], dtype="u8")
    size = max(_LEAST, ENTRIES * ENTRY_BYTES // max(1, len(runs)))
    sources = [_Source(run, scratch, int(row), size) for run, row in zip(runs, first_rows, strict=False)]
    while sources := [source for source in sources if source.fill()]:
        bound = min(source.last for source in sources)
        yield from _groups([source.take(bound) for source in sources])


@dataclass(slots=True)
class _Taken:
    """Terms of one run that are next in order: their keys, postings of each, and where these begin."""

    source: _Source
    keys: list[bytes]
    counts: NDArray[np.uint32]
    start: int


class _Source:
    """One run, read forward."""

    def __init__(self, run: Run, scratch: Path, first_row: int, size: int) -> None:
        self._keys_path, self._counts_path = run.path(scratch, "keys"), run.path(scratch, "counts")
        self._rows_path, self._weights_path = run.path(scratch, "rows"), run.path(scratch, "weights")
        self._first_row, self._size = np.uint32(first_row), size
        self._end = self._keys_path.stat().st_size
        self._at = self._term = self._posting = 0
        self._keys: list[bytes] = []
        self._counts = np.zeros(0, "u4")

    @property
    def last(self) -> bytes:
        """The last key that was read."""
        return self._keys[-1]

    def fill(self) -> bool:
        """Read on when half of what was read is used up, so that the last key is never near; False at the end."""
        if self._at < self._end and len(self._keys) * ENTRY_BYTES * 2 <= self._size:
            keys = self._next_keys()
            counts = np.fromfile(self._counts_path, "u4", len(keys), offset=4 * self._term)
            self._term += len(keys)
            self._keys += keys
            self._counts = np.concatenate([self._counts, counts])
        return bool(self._keys)

    def _next_keys(self) -> list[bytes]:
        content = b""
        with self._keys_path.open("rb") as file:
            file.seek(self._at)
            while self._at + len(content) < self._end and b"\n" not in content:
                content += file.read(self._size)
        if self._at + len(content) < self._end:
            content = content[: content.rindex(b"\n")]
        self._at += len(content) + 1
        return content.split(b"\n")

    def take(self, bound: bytes) -> _Taken:
        """All terms up to `bound`."""
        end = bisect_right(self._keys, bound)
        taken = _Taken(self, self._keys[:end], self._counts[:end], self._posting)
        self._keys, self._counts = self._keys[end:], self._counts[end:]
        self._posting += int(taken.counts.sum(dtype="u8"))
        return taken

    def postings(self, start: int, count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Rows of the index and weights, from the posting `start`."""
        rows = np.fromfile(self._rows_path, "u2", count, offset=2 * start).astype("u4")
        rows += self._first_row
        return rows, np.fromfile(self._weights_path, "u1", count, offset=start)


def _groups(taken: list[_Taken]) -> Iterator[Group]:
    """The terms of one step, cut into groups."""
    keys, places = _united([part.keys for part in taken])
    totals = np.zeros(len(keys) + 1, "i8")
    np.add.at(totals, np.concatenate(places) + 1, np.concatenate([part.counts for part in taken]))
    np.cumsum(totals, out=totals)
    starts = [np.concatenate([[0], np.cumsum(part.counts, dtype="i8")]) + part.start for part in taken]
    sort_keys = bisect_left(keys, SORT_MARK)
    first = 0
    while first < len(keys):
        fit = int(np.searchsorted(totals, totals[first] + GROUP, side="right")) - 1
        last = max(fit, first + 1)
        if first < sort_keys < last:
            last = sort_keys
        parts = []
        for part, own, begins in zip(taken, places, starts, strict=True):
            low, high = np.searchsorted(own, [first, last])
            if high > low:
                parts.append((part.source, own[low:high] - first, begins[low : high + 1]))
        counts = np.diff(totals[first : last + 1])
        pieces = _one_term(parts) if last == first + 1 else _many_terms(parts)
        yield Group(keys[first:last], counts, pieces)
        first = last


def _united(lists: list[list[bytes]]) -> tuple[list[bytes], list[NDArray[np.int64]]]:
    """All keys of sorted lists in order, each once, and for each list the places of its keys among them."""
    every = list(chain.from_iterable(lists))
    # The lists are sorted, so that Python's sort only merges them.
    order = sorted(range(len(every)), key=every.__getitem__)
    ordered = [every[n] for n in order]
    is_new = np.ones(len(every), "?")
    is_new[1:] = np.fromiter(map(ne, ordered[1:], ordered), "?", len(every) - 1)
    places = np.empty(len(every), "i8")
    places[np.array(order, "i8")] = np.cumsum(is_new) - 1
    keys = list(compress(ordered, is_new.tolist()))
    return keys, np.split(places, np.cumsum([len(held) for held in lists])[:-1])


_Part = tuple[_Source, NDArray[np.int64], NDArray[np.int64]]
"""Of one run: the run, the places of its terms in the group, and where their postings begin and the last ones end."""


def _one_term(parts: list[_Part]) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint8]]]:
    """The postings of a single term, run by run: a run has at most 65,536."""
    for source, _, starts in parts:
        yield source.postings(int(starts[0]), int(starts[-1] - starts[0]))


def _many_terms(parts: list[_Part]) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint8]]]:
    """The postings of several terms at once."""
    packed = np.empty(sum(int(starts[-1] - starts[0]) for _, _, starts in parts), "u8")
    at = 0
    for source, places, starts in parts:
        rows, weights = source.postings(int(starts[0]), int(starts[-1] - starts[0]))
        # One number a posting, which sorts by term and then row: place of the term, row (32 bits), weight (8 bits).
        numbers = packed[at : at + len(rows)]
        numbers[:] = np.repeat(places.astype("u8"), np.diff(starts))
        numbers <<= np.uint64(32)
        numbers |= rows
        numbers <<= np.uint64(8)
        numbers |= weights
        at += len(rows)
    packed.sort()
    weights = packed.astype("u1")
    packed >>= np.uint64(8)
    yield packed.astype("u4"), weights
