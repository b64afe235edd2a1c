"""The order of what matches: keys of 64 bits, lines of collapsed families, the greatest keys of several parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.schema import NO_YEAR
from indexer.search_collapse import Families
from indexer.search_collector import Matches, PartIndex

_LOW = np.int64(0xFFFFFFFF)
_DAYS = 511
"""Highest of column `day` that is compared."""

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Found:
    """Rows of one part that pass all filters, with a key that orders them; the greatest comes first.

    Attributes:
        part: place of the part. rows, keys: all that pass.
        lines: which of them stand for a line of the result; None when each does.
        ties: whether keys may be equal; the first row then comes first.
    """

    part: int
    rows: Ids
    keys: NDArray[np.int64]
    lines: Mask | None = None
    ties: bool = False

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.rows) if self.lines is None else int(np.count_nonzero(self.lines))


def ordered(
    number: int,
    part: PartIndex,
    match: Matches,
    passed: Mask | None,
    sort: str,
    readable: Mask,
    anywhere: Mask,
) -> Found:
    """Give each row that passed a key of 64 bits: what to order by, then the row from the first.

    By relevance what can be read now comes first, then what is on other drives, then what nobody can read: entries of
    the catalogue, and what is closed.

    Args:
        number: place of the part.
        part: the part.
        match: what matched.
        passed: which of its rows pass all filters; None: all.
        sort: see `SearchRequest.sort`.
        readable: which of the rows can be read now.
        anywhere: which of them can be read once the right drive is plugged in.
    """
    rows, scores, whole = match.rows, match.scores, match.whole
    if passed is not None:
        rows, scores, whole = rows[passed], scores[passed], whole[passed]
    columns = part.files.columns
    if sort == "relevance":
        if passed is not None:
            readable, anywhere = readable[passed], anywhere[passed]
        high = (np.minimum(scores, 16000) * 1024).astype("i8")
        high += whole.astype("i8") << 24
        high += anywhere.astype("i8") << 25
        high += readable.astype("i8") << 26
    elif sort == "title":
        high = _LOW - columns["title_rank"][rows].astype("i8")
        return Found(number, rows, high << 16)
    elif sort == "issue":
        return Found(number, rows, -columns["part"][rows].astype("i8"), ties=True)
    else:
        years = columns["year_from"][rows].astype("i8")
        days = (years << 9) + np.minimum(columns["day"][rows], _DAYS).astype("i8")
        signed = days if sort == "year_desc" else -days
        high = np.where(years == NO_YEAR, 0, signed + (1 << 26))
    return Found(number, rows, (high << 32) | (_LOW - rows.astype("i8")))


def entry_lines(found: Found, entries: Mask, families: Families) -> int:
    """How many lines there would be of those rows alone that are entries of the catalogue.

    Args:
        found: rows that pass all filters.
        entries: which of them are such entries.
        families: of their part.
    """
    count = int(np.count_nonzero(entries))
    if not count:
        return 0
    lines = families.lines(found.rows[entries], found.keys[entries])
    return count if lines is None else int(np.count_nonzero(lines))


def merged(found: Sequence[Found], wanted: int) -> list[tuple[int, int]]:
    """Part and row of the `wanted` lines with the greatest keys of all parts, the greatest first."""
    candidates: list[tuple[int, int, int]] = []
    for part in found:
        rows, keys = part.rows, part.keys
        if part.lines is not None:
            rows, keys = rows[part.lines], keys[part.lines]
        if len(keys) > wanted and not part.ties:
            places = np.argpartition(keys, len(keys) - wanted)[len(keys) - wanted :]
            places = places[np.argsort(-keys[places], kind="stable")]
        else:
            places = np.argsort(-keys, kind="stable")
        candidates += [(-int(keys[p]), part.part, int(rows[p])) for p in places.tolist()]
    if len(found) > 1:
        candidates.sort()
    return [(part, row) for _, part, row in candidates[:wanted]]
