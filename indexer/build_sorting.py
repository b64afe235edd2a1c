"""Bring the terms and postings of a run of an index's build into order, for records and for sections alike."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping

import numpy as np

from indexer.schema import FIELD_BYTES

SORT_MARK = b"\xff"
"""Above the byte of every field."""

_ESCAPED = re.compile(rb"[\x00-\x0b]")


def sorted_terms(
    fields: dict[str, dict[str, int]],
    numbers: array[int],
    weights: array[int],
    row_counts: array[int],
    sort_keys: Mapping[bytes, int],
) -> dict[str, Iterable[bytes]]:
    """Terms and postings in the order of the terms' bytes, as the files of a run hold them (`indexer.build_runs`).

    Args:
        fields: field → its terms, each with the number it got when it was met; used up.
        numbers: of each posting the number of its term, row after row.
        weights: of each posting.
        row_counts: postings of each row, at most 65,536 rows.
        sort_keys: what titles are sorted by, numbered as the terms.
    """
    order = array("I")
    keys: list[bytes] = []
    for name, mark in sorted(FIELD_BYTES.items(), key=lambda pair: pair[1]):
        known = fields.pop(name, {})
        # The order of code points is the order of bytes in UTF-8.
        terms = sorted(known)
        order.extend(map(known.__getitem__, terms))
        if terms:
            keys.append(f"\n{chr(mark)}".join(["", *terms]).encode())
    for key in sorted(sort_keys):
        order.append(sort_keys[key])
        keys.append(b"\n" + SORT_MARK + _ESCAPED.sub(_escape, key))
    rank = np.empty(len(order), "u8")
    rank[np.frombuffer(order, "u4")] = np.arange(len(order), dtype="u8")
    # One number a posting, which sorts by term and then row: place of the term, row (16 bits), weight (8 bits).
    packed = rank[np.frombuffer(numbers, "u4")]
    packed <<= np.uint64(16)
    packed |= np.repeat(np.arange(len(row_counts), dtype="u8"), np.frombuffer(row_counts, "u4"))
    packed <<= np.uint64(8)
    packed |= np.frombuffer(weights, "u1")
    packed.sort()
    sorted_weights = packed.astype("u1").tobytes()
    packed >>= np.uint64(8)
    rows = packed.astype("u2").tobytes()
    packed >>= np.uint64(16)
    counts = np.bincount(packed.view("i8"), minlength=len(order)).astype("u4").tobytes()
    return {"keys": [b"".join(keys)[1:]], "counts": [counts], "rows": [rows], "weights": [sorted_weights]}


def _escape(match: re.Match[bytes]) -> bytes:
    """A control byte without line feeds that stands in the same order: only a sort key can hold one."""
    return bytes((0x0B, match[0][0] + 0x0C))
