"""The order of what matches: keys of 64 bits, lines of collapsed families, the greatest keys of several parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.schema import NO_YEAR
from indexer.search_collector import Matches, PartIndex

_LOW = np.int64(0xFFFFFFFF)


@dataclass(slots=True)
class Found:
    """Rows of one part that pass all filters, with a key that orders them; the greatest comes first.

    Attributes:
        part: place of the part. rows, keys: all that pass.
        lines: which of them stand for a line of the result; None when each does.
    """

    part: int
    rows: Ids
    keys: NDArray[np.int64]
    lines: NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.rows) if self.lines is None else int(np.count_nonzero(self.lines))


def ordered(number: int, part: PartIndex, match: Matches, passed: NDArray[np.bool_] | None, sort: str) -> Found:
    """Give each row that passed a key of 64 bits: what to order by, then the row from the first."""
    rows, scores, whole = match.rows, match.scores, match.whole
    if passed is not None:
        rows, scores, whole = rows[passed], scores[passed], whole[passed]
    columns = part.files.columns
    if sort == "relevance":
        high = (np.minimum(scores, 16000) * 1024).astype("i8")
        high += whole.astype("i8") << 24
        high += (columns["readable"][rows] == 1).astype("i8") << 25
    elif sort == "title":
        high = _LOW - columns["title_rank"][rows].astype("i8")
        return Found(number, rows, high << 16)
    else:
        years = columns["year_from"][rows].astype("i8")
        signed = years if sort == "year_desc" else -years
        high = np.where(years == NO_YEAR, 0, signed + 40_000)
    return Found(number, rows, (high << 32) | (_LOW - rows.astype("i8")))


def merged(found: Sequence[Found], wanted: int) -> list[tuple[int, int]]:
    """Part and row of the `wanted` lines with the greatest keys of all parts, the greatest first."""
    candidates: list[tuple[int, int, int]] = []
    for part in found:
        rows, keys = part.rows, part.keys
        if part.lines is not None:
            rows, keys = rows[part.lines], keys[part.lines]
        if len(keys) > wanted:
            places = np.argpartition(keys, len(keys) - wanted)[len(keys) - wanted :]
            places = places[np.argsort(-keys[places], kind="stable")]
        else:
            places = np.argsort(-keys, kind="stable")
        candidates += [(-int(keys[p]), part.part, int(rows[p])) for p in places.tolist()]
    if len(found) > 1:
        candidates.sort()
    return [(part, row) for _, part, row in candidates[:wanted]]
