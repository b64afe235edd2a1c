"""What the texts inside resources add to the matches of their records: below them, where both can be read alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.search_collector import Matches, PartIndex

INSIDE = "inside"
"""Why a hit is one that only its texts hold."""
_BELOW = np.float32(2)


@dataclass(frozen=True, slots=True)
class Inside:
    """Resources of one catalogue whose texts hold what was asked.

    Attributes:
        rows: of their records, rising. scores: of each, above 0; what was not compared yet is below 1.
        sections: of each the row of its best section. exact: whether these are all, and each was compared.
    """

    rows: Ids
    scores: NDArray[np.float32]
    sections: Ids
    exact: bool = True


NOTHING_INSIDE = Inside(np.zeros(0, "u4"), np.zeros(0, "f4"), np.zeros(0, "u4"))


def with_inside(
    parts: Sequence[PartIndex], matches: list[Matches], inside: Sequence[Inside | None]
) -> tuple[list[Matches], bool]:
    """The matches with what their texts add, and whether that is all and compared.

    Args:
        parts: the indexes.
        matches: of each.
        inside: of each, perhaps of the first ones only, what its texts hold.
    """
    joined = [
        _joined(part, match, inside[number] if number < len(inside) else None)
        for number, (part, match) in enumerate(zip(parts, matches, strict=True))
    ]
    return joined, all(found is None or found.exact for found in inside)


def _joined(part: PartIndex, match: Matches, inside: Inside | None) -> Matches:
    if inside is None or not len(inside.rows):
        return match
    known = np.zeros(part.files.records, bool)
    known[match.rows] = True
    kept = part.visible[inside.rows] & ~known[inside.rows]
    rows = inside.rows[kept]
    if not len(rows):
        return match
    # Between -2 and -1: below every record that matches itself.
    scores = (inside.scores[kept] / (1 + inside.scores[kept]) - _BELOW).astype("f4")
    every = np.concatenate([match.rows, rows])
    order = np.argsort(every, kind="stable")
    return replace(
        match,
        rows=every[order],
        scores=np.concatenate([match.scores, scores])[order],
        whole=np.concatenate([match.whole, np.zeros(len(rows), bool)])[order],
        certain=None if match.certain is None else np.concatenate([match.certain, np.ones(len(rows), bool)])[order],
        inside=rows,
        there=None,
    )


def marked(inside: Mapping[str, Inside]) -> tuple[tuple[str, bool, bytes], ...]:
    """What tells what texts hold from anything else that they could: for keeping answers."""
    found = []
    for name, held in sorted(inside.items()):
        digest = hashlib.blake2b(held.rows.tobytes() + held.scores.tobytes() + held.sections.tobytes(), digest_size=16)
        found.append((name, held.exact, digest.digest()))
    return tuple(found)
