"""Sort the postings of a build by term, in groups that fit in memory, and write them as blocks."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from indexer.codec import BLOCK_LIMIT, HEADER, WIDTHS, encode_postings
from indexer.codec_terms import RECORD

RUN = 4_000_000
"""Postings taken from the scratch file at a time."""

GROUP = 8_000_000
"""Postings sorted at a time."""

GROUP_TERMS = 65_536
"""Terms of a group: so many that their place fits in 16 bits, which numpy sorts by radix."""

_POSTING = np.dtype([("term", "<u2"), ("row", "<u4"), ("weight", "u1")])


class PostingSink:
    """Postings in the order of rows, kept in scratch files. Memory: `RUN` postings of 5 bytes."""

    def __init__(self, scratch: Path) -> None:
        """Write under the folder `scratch`, which the caller removes."""
        self.scratch = scratch
        self.count = 0
        self._terms, self._weights, self._row_counts = array("I"), array("B"), array("I")
        self._terms_file = (scratch / "terms").open("wb")
        self._weights_file = (scratch / "weights").open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._terms_file.close()
        self._weights_file.close()

    def add(self, terms: Collection[int], weights: Iterable[int]) -> None:
        """Take in the postings of the next row: term numbers, none twice, and their weights from 1 to 255."""
        self._terms.extend(terms)
        self._weights.extend(weights)
        self._row_counts.append(len(terms))
        if len(self._terms) >= RUN:
            self._flush()

    def _flush(self) -> None:
        self.count += len(self._terms)
        self._terms.tofile(self._terms_file)
        self._weights.tofile(self._weights_file)
        del self._terms[:], self._weights[:]

    def runs(self) -> Iterable[tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint8]]]:
        """All postings again in order: term numbers, rows, weights, at most `RUN` at a time."""
        ends = np.cumsum(np.frombuffer(self._row_counts, "u4"), dtype="i8")
        with (self.scratch / "terms").open("rb") as terms, (self.scratch / "weights").open("rb") as weights:
            for start in range(0, self.count, RUN):
                stop = min(self.count, start + RUN)
                # A posting's row is the number of rows that ended at or before it.
                first, last = np.searchsorted(ends, [start, stop - 1], side="right")
                bounds = np.clip(ends[first : last + 1], start, stop) - start
                rows = np.repeat(np.arange(first, last + 1, dtype="u4"), np.diff(bounds, prepend=0))
                yield np.fromfile(terms, "u4", stop - start), rows, np.fromfile(weights, "u1", stop - start)


def write_postings(
    file: BinaryIO, sink: PostingSink, rank: NDArray[np.uint32], lengths: NDArray[np.uint8]
) -> NDArray[np.void]:
    """Write the blocks of every term in the order of ranks.

    Memory: about 50 bytes for each of `GROUP` postings and each of `RUN`.

    Args:
        file: the postings file, after its magic.
        sink: the postings.
        rank: term number → place in the sorted keys.
        lengths: length byte of each row.

    Returns:
        The records of the term file, of type `RECORD`, in order, with the closing one.
    """
    frequencies = np.zeros(len(rank), "u8")
    for terms, _, _ in sink.runs():
        frequencies += np.bincount(rank[terms], minlength=len(rank)).astype("u8")
    groups = _groups(frequencies)
    paths = _distribute(sink, rank, groups)
    records = np.zeros(len(rank) + 1, RECORD)
    for number, path in enumerate(paths):
        first, last = int(groups[number]), int(groups[number + 1])
        _write_group(file, np.fromfile(path, _POSTING), records[first:last], lengths)
        path.unlink()
    records["offset"][-1] = file.tell()
    return records


def _groups(frequencies: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Places where groups of terms begin, and the end: each of at most `GROUP` postings (or one term)."""
    totals = np.concatenate([np.zeros(1, "u8"), np.cumsum(frequencies)])
    starts = [0]
    while starts[-1] < len(frequencies):
        here = starts[-1]
        fit = int(np.searchsorted(totals, totals[here] + np.uint64(GROUP), side="right")) - 1
        starts.append(min(max(fit, here + 1), here + GROUP_TERMS, len(frequencies)))
    return np.array(starts, "i8")


def _distribute(sink: PostingSink, rank: NDArray[np.uint32], groups: NDArray[np.int64]) -> list[Path]:
    """One scratch file a group, its postings in the order of rows, terms counted from the group's first."""
    paths = [sink.scratch / f"group-{number}" for number in range(len(groups) - 1)]
    group_of = np.repeat(np.arange(len(paths), dtype="u2"), np.diff(groups))
    for path in paths:
        path.touch()
    for terms, rows, weights in sink.runs():
        places = rank[terms]
        belongs = group_of[places]
        order = np.argsort(belongs, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(belongs, minlength=len(paths)))])
        for number, path in enumerate(paths):
            chosen = order[bounds[number] : bounds[number + 1]]
            if len(chosen):
                postings = np.empty(len(chosen), _POSTING)
                postings["term"] = places[chosen] - groups[number]
                postings["row"], postings["weight"] = rows[chosen], weights[chosen]
                with path.open("ab") as file:
                    postings.tofile(file)
    return paths


def _write_group(
    file: BinaryIO, postings: NDArray[np.void], records: NDArray[np.void], lengths: NDArray[np.uint8]
) -> None:
    """Sort one group by term (rows stay in order) and write its blocks; fills in its records."""
    order = np.argsort(postings["term"], kind="stable")
    terms, rows, weights = postings["term"][order], postings["row"][order], postings["weight"][order]
    starts = np.flatnonzero(np.diff(terms, prepend=-1)) if len(terms) else np.zeros(0, "i8")
    counts = np.diff(starts, append=len(terms))
    longs = lengths[rows]
    deltas = np.diff(rows, prepend=0).astype("u4")
    deltas[starts] = 0
    records["documents"] = counts
    records["first"], records["last"] = rows[starts], rows[starts + counts - 1]
    records["weight"] = np.add.reduceat(weights, starts, dtype="f4")
    records["max_weight"] = np.maximum.reduceat(weights, starts)
    records["min_length"] = np.minimum.reduceat(longs, starts)
    records["max_length"] = np.maximum.reduceat(longs, starts)
    widest = np.maximum.reduceat(deltas, starts)
    _write_blocks(file, records, rows, weights, longs, deltas, widest)


def _write_blocks(
    file: BinaryIO,
    records: NDArray[np.void],
    rows: NDArray[np.uint32],
    weights: NDArray[np.uint8],
    longs: NDArray[np.uint8],
    deltas: NDArray[np.uint32],
    widest: NDArray[np.uint32],
) -> None:
    encoded = {width: deltas.astype(kind).tobytes() for width, kind in WIDTHS.items()}
    weight_bytes = weights.tobytes()
    position = file.tell()
    offsets = np.zeros(len(records), "u8")
    columns: list[list[Any]] = [
        records[name].tolist() for name in ("documents", "first", "last", "max_weight", "min_length", "max_length")
    ]
    start = 0
    for place, (count, first, last, top, short, long) in enumerate(zip(*columns, strict=True)):
        offsets[place] = position
        end = start + count
        if count > BLOCK_LIMIT:
            block = encode_postings(rows[start:end], weights[start:end], longs[start:end])
        elif count > 1:
            delta = int(widest[place])
            width = 1 if delta < 1 << 8 else 2 if delta < 1 << 16 else 4
            block = (
                HEADER.pack(count, first, last, count * (width + 1), width, top, short, long)
                + encoded[width][start * width : end * width]
                + weight_bytes[start:end]
            )
        else:
            # A single posting stands in the term file alone.
            block = b""
        file.write(block)
        position += len(block)
        start = end
    records["offset"] = offsets
