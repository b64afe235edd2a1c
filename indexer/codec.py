"""Postings as plain arrays: the block layout, its writer and its checking reader.

Layout of a block, little-endian:

    count u32 | first id u32 | last id u32 | body bytes u32 | id width u8 | highest weight u8 |
    shortest length u8 | longest length u8 | count deltas of `id width` bytes | weights

Weights are a byte each. An index of sections packs them, for most are 1: none at all where the highest is 1, four bits
each (the first in the lower half of a byte) where it is at most 15. The body's bytes tell which.

The first delta is 0, each further one is the distance to the id before and at least 1. A block holds at most
`BLOCK_LIMIT` postings; a term's blocks follow each other. A term with one posting has no block: its id and weight
stand in the term file. Lengths are Whoosh's one-byte lengths.

Nothing read is believed: each count, width, offset and id is checked against what the file and the index can hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.codec_files import BlockReader, Buffer
from indexer.errors import IndexFormatError

BLOCK_LIMIT = 65536
HEADER = struct.Struct("<IIIIBBBB")
WIDTHS: dict[int, np.dtype[np.unsignedinteger]] = {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
POSTINGS_MAGIC = b"SXPST001"
_NIBBLE = 15
"""Highest weight that is packed in four bits."""

Ids: TypeAlias = NDArray[np.uint32]
Weights: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Block:
    """The checked header of one block.

    Attributes:
        count: postings in it, from 1 to `BLOCK_LIMIT`.
        first: id of the first posting; last: id of the last one.
        width: bytes of a delta: 1, 2 or 4.
        max_weight: highest weight in it.
        min_length: shortest, max_length: longest document in it, as Whoosh's length bytes.
        start: place of the first delta in the file; end: place after the block.
    """

    count: int
    first: int
    last: int
    width: int
    max_weight: int
    min_length: int
    max_length: int
    start: int
    end: int


def width_for(largest_delta: int) -> int:
    """The fewest bytes (1, 2 or 4) that hold a delta."""
    return 1 if largest_delta < 1 << 8 else 2 if largest_delta < 1 << 16 else 4


def packed_weights(weights: Weights, highest: int) -> bytes:
    """Weights as an index of sections keeps them."""
    if highest == 1:
        return b""
    if highest > _NIBBLE or len(weights) < 2:
        return weights.tobytes()
    even = np.zeros(len(weights) + len(weights) % 2, "u1")
    even[: len(weights)] = weights
    pairs: NDArray[np.uint8] = even[::2] | even[1::2] << 4
    return pairs.tobytes()


def _weights(body: Buffer, block: Block) -> Weights:
    """The weights of a block, of whichever form its bytes leave room for."""
    at = block.count * block.width
    size = block.end - block.start - at
    if size == block.count:
        return np.frombuffer(body, "u1", block.count, at)
    if not size:
        return np.ones(block.count, "u1")
    pairs = np.frombuffer(body, "u1", size, at)
    weights = np.empty(2 * size, "u1")
    weights[::2], weights[1::2] = pairs & _NIBBLE, pairs >> 4
    return weights[: block.count]


def encode_postings(ids: Ids, weights: Weights, lengths: NDArray[np.uint8], *, packed: bool = False) -> bytes:
    """The blocks of one term.

    Args:
        ids: row numbers, increasing, at least one.
        weights: one to 255 for each id.
        lengths: Whoosh's length byte of each document.
        packed: whether weights take the less room the lower they are.
    """
    blocks = []
    for start in range(0, len(ids), BLOCK_LIMIT):
        part = ids[start : start + BLOCK_LIMIT]
        deltas = np.zeros(len(part), "u4")
        np.subtract(part[1:], part[:-1], out=deltas[1:])
        width = width_for(int(deltas.max()))
        held, longs = weights[start : start + BLOCK_LIMIT], lengths[start : start + BLOCK_LIMIT]
        highest = int(held.max())
        written = packed_weights(held, highest) if packed else held.astype("u1").tobytes()
        blocks.append(
            HEADER.pack(
                len(part),
                int(part[0]),
                int(part[-1]),
                len(part) * width + len(written),
                width,
                highest,
                int(longs.min()),
                int(longs.max()),
            )
        )
        blocks.append(deltas.astype(WIDTHS[width]).tobytes())
        blocks.append(written)
    return b"".join(blocks)


def read_block(file: BlockReader, offset: int, end: int, documents: int) -> Block:
    """The header of the block at `offset`, checked.

    Args:
        file: the postings file.
        offset: where the block starts.
        end: where the term's postings end; the block must end there or before.
        documents: rows in the index; every id must be below.

    Raises:
        IndexFormatError: the header cannot be true.
    """
    if offset + HEADER.size > end:
        raise IndexFormatError(file.name, f"a block at {offset} runs over the end of its term")
    count, first, last, body, width, top, short, long = HEADER.unpack(file.read(offset, HEADER.size))
    start = offset + HEADER.size
    if not (0 < count <= BLOCK_LIMIT and width in WIDTHS and start + body <= end):
        raise IndexFormatError(file.name, f"the block at {offset} has an impossible size")
    packed = {1: 0}.get(top, (count + 1) // 2 if top <= _NIBBLE else count)
    if body - count * width not in {count, packed}:
        raise IndexFormatError(file.name, f"the block at {offset} has an impossible size")
    if not (first <= last < documents and last - first >= count - 1):
        raise IndexFormatError(file.name, f"the block at {offset} has impossible ids")
    return Block(count, first, last, width, top, short, long, start, start + body)


def read_body(file: BlockReader, block: Block) -> tuple[Ids, Weights]:
    """The ids (ascending) and weights of a block. The weights may be a view of the file.

    Raises:
        IndexFormatError: the ids do not rise or do not end where the header says.
    """
    ids = np.empty(block.count, "u4")
    return ids, _read_into(file, block, ids)


def _read_into(file: BlockReader, block: Block, ids: Ids) -> Weights:
    """Put the ids of a block where they belong; its weights, a view of the file."""
    body = file.read(block.start, block.end - block.start)
    deltas = np.frombuffer(body, WIDTHS[block.width], block.count)
    weights = _weights(body, block)
    # Deltas are never negative, so a true total rules out every overflow on the way to it.
    total = int(deltas.sum(dtype="u8"))
    if deltas[0] or block.first + total != block.last or (block.count > 1 and not deltas[1:].all()):
        raise IndexFormatError(file.name, f"the ids of the block at {block.start} do not rise to its last one")
    np.cumsum(deltas, out=ids)
    ids += np.uint32(block.first)
    return weights


def blocks_of(file: BlockReader, offset: int, length: int, documents: int) -> Iterator[Block]:
    """The checked headers of all blocks of a term, in order.

    Raises:
        IndexFormatError: see `read_block`; also when blocks overlap.
    """
    end = offset + length
    before = -1
    while offset < end:
        block = read_block(file, offset, end, documents)
        if block.first <= before:
            raise IndexFormatError(file.name, f"the block at {offset} goes back to an earlier id")
        yield block
        offset, before = block.end, block.last


def read_postings(file: BlockReader, offset: int, length: int, count: int, documents: int) -> tuple[Ids, Weights]:
    """All postings of a term: ids ascending and their weights. Memory: 5 bytes a posting, at most 5 × documents.

    Args:
        file: the postings file.
        offset: where they start.
        length: their bytes.
        count: how many the term file promises.
        documents: rows in the index.

    Raises:
        IndexFormatError: they are not what the term file promises.
    """
    if not 0 < count <= documents:
        raise IndexFormatError(file.name, f"the postings at {offset} are not the {count} promised")
    ids, parts, start = np.empty(count, "u4"), list[Weights](), 0
    for block in blocks_of(file, offset, length, documents):
        if (end := start + block.count) <= count:
            parts.append(_read_into(file, block, ids[start:end]))
        start = end
    if start != count:
        raise IndexFormatError(file.name, f"the postings at {offset} are not the {count} promised")
    return ids, parts[0] if len(parts) == 1 else np.concatenate(parts)
