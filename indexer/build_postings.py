"""Write groups of merged terms as blocks of postings, with what the term file says of each."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from indexer.build_merge import Group
from indexer.codec import BLOCK_LIMIT, HEADER, WIDTHS, encode_postings, packed_weights
from indexer.codec_terms import RECORD


def write_group(file: BinaryIO, group: Group, lengths: NDArray[np.uint8], *, packed: bool = False) -> NDArray[np.void]:
    """Write the blocks of every term of a group. Memory: about 30 bytes a posting of a piece.

    Args:
        file: the postings file, after what was written before.
        group: the terms and their postings.
        lengths: length byte of each row.
        packed: see `indexer.codec.encode_postings`.

    Returns:
        The records of the term file, of type `RECORD`.
    """
    records = np.zeros(len(group.keys), RECORD)
    records["documents"] = group.counts
    if len(records) == 1:
        _write_term(file, group, records, lengths, packed=packed)
    else:
        for rows, weights in group.pieces:
            _write_terms(file, records, rows, weights, lengths, packed=packed)
    return records


def _write_term(
    file: BinaryIO, group: Group, records: NDArray[np.void], lengths: NDArray[np.uint8], *, packed: bool
) -> None:
    """Write the blocks of one term with any number of postings, a block at a time."""
    record = records[0]
    record["offset"] = file.tell()
    single = int(group.counts[0]) == 1
    first, last, weight, highest, shortest, longest = -1, 0, 0, 0, 255, 0
    kept_rows, kept_weights = np.zeros(0, "u4"), np.zeros(0, "u1")
    for rows, weights in group.pieces:
        first, last, longs = int(rows[0]) if first < 0 else first, int(rows[-1]), lengths[rows]
        weight += int(weights.sum(dtype="u8"))
        highest = max(highest, int(weights.max()))
        shortest, longest = min(shortest, int(longs.min())), max(longest, int(longs.max()))
        kept_rows, kept_weights = np.concatenate([kept_rows, rows]), np.concatenate([kept_weights, weights])
        whole = len(kept_rows) // BLOCK_LIMIT * BLOCK_LIMIT
        if whole:
            longs = lengths[kept_rows[:whole]]
            file.write(encode_postings(kept_rows[:whole], kept_weights[:whole], longs, packed=packed))
            kept_rows, kept_weights = kept_rows[whole:], kept_weights[whole:]
    if len(kept_rows) and not single:
        # A single posting stands in the term file alone.
        file.write(encode_postings(kept_rows, kept_weights, lengths[kept_rows], packed=packed))
    record["first"], record["last"], record["weight"] = first, last, weight
    record["max_weight"], record["min_length"], record["max_length"] = highest, shortest, longest


def _write_terms(
    file: BinaryIO,
    records: NDArray[np.void],
    rows: NDArray[np.uint32],
    weights: NDArray[np.uint8],
    lengths: NDArray[np.uint8],
    *,
    packed: bool,
) -> None:
    """Write the blocks of several terms; their postings stand one after another."""
    counts = records["documents"].astype("i8")
    starts = np.cumsum(counts) - counts
    longs = lengths[rows]
    deltas = np.diff(rows, prepend=np.uint32(0)).astype("u4")
    deltas[starts] = 0
    records["first"], records["last"] = rows[starts], rows[starts + counts - 1]
    records["weight"] = np.add.reduceat(weights, starts, dtype="u8")
    records["max_weight"] = np.maximum.reduceat(weights, starts)
    records["min_length"] = np.minimum.reduceat(longs, starts)
    records["max_length"] = np.maximum.reduceat(longs, starts)
    widest = np.maximum.reduceat(deltas, starts)
    encoded = {width: deltas.astype(kind).tobytes() for width, kind in WIDTHS.items()}
    weight_bytes = weights.tobytes()
    # A single posting stands in the term file alone.
    several = np.flatnonzero(counts > 1)
    names = ("documents", "first", "last", "max_weight", "min_length", "max_length")
    columns: list[list[Any]] = [records[name][several].tolist() for name in names]
    sizes = np.zeros(len(records), "u8")
    blocks: list[bytes] = []
    places = zip(several.tolist(), starts[several].tolist(), widest[several].tolist(), *columns, strict=True)
    for place, start, delta, count, first, last, top, short, long in places:
        end = start + count
        if count > BLOCK_LIMIT:
            blocks.append(encode_postings(rows[start:end], weights[start:end], longs[start:end], packed=packed))
        else:
            width = 1 if delta < 1 << 8 else 2 if delta < 1 << 16 else 4
            held = packed_weights(weights[start:end], top) if packed else weight_bytes[start:end]
            head = HEADER.pack(count, first, last, count * width + len(held), width, top, short, long)
            blocks.append(head + encoded[width][start * width : end * width] + held)
        sizes[place] = len(blocks[-1])
    records["offset"] = np.cumsum(sizes) - sizes + np.uint64(file.tell())
    file.write(b"".join(blocks))
