"""Queries typed in pinyin: hongloumeng, hong lou meng, hlm find what sounds so, as a search and not as a suggestion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.search_collector import Matches, PartIndex
from indexer.search_request import Hit
from indexer.search_rows import distinct
from indexer.suggest import rows_of, typed_key
from indexer.suggest_lookup import SOUND, Lookup
from indexer.text.syllables import is_sound

MOST_ENTRIES = 40
"""Titles, creators and subjects of one sound whose records are found."""

Sounding = list[tuple[Ids, NDArray[np.float32]]]
"""For each part the rows found by their sound, ascending, and their scores."""

_SPOKEN = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\s'’])*\Z")
_LEAST_INITIALS = 3
_LEAST_BEGINNING = 4
"""Letters of a sound that texts may go on after."""

_MOST_LETTERS = 40
_WORDS_FIRST = np.float32(1000)
"""Added to the scores of what holds the letters as words."""


def spoken(typed: str) -> str:
    """The letters of a query that may be pinyin or first letters; empty for any other."""
    letters = typed_key(typed) if _SPOKEN.match(typed) else ""
    return letters if letters.isascii() and letters.isalpha() and len(letters) <= _MOST_LETTERS else ""


def sounding(part: PartIndex, letters: str, *, child: bool) -> tuple[Ids, NDArray[np.float32]]:
    """The rows of what sounds like letters, or has them as its first, ascending, with scores.

    Whole sounds come before beginnings, and only where nothing sounds so do first letters count, from three on.

    Args:
        part: the index.
        letters: from `spoken`.
        child: whether only what is for children counts.
    """
    begins = len(letters) >= _LEAST_BEGINNING and is_sound(letters)
    looked = Lookup(0, part.files, child=child, most=MOST_ENTRIES)
    found = looked.sounding(letters, begins=begins, initials=len(letters) >= _LEAST_INITIALS)
    if not found:
        return np.zeros(0, "u4"), np.zeros(0, "f4")
    rows, worth = [], []
    for candidate in sorted(found, key=lambda candidate: candidate.order)[:MOST_ENTRIES]:
        mine = rows_of(part, candidate.entry, child=child)
        rows.append(mine)
        worth.append(np.full(len(mine), 100.0 * (candidate.fits == SOUND) + candidate.score / 255, "f4"))
    every, scores = np.concatenate(rows), np.concatenate(worth)
    order = np.lexsort((-scores, every))
    once, first = np.unique(every[order], return_index=True)
    return once, scores[order][first]


def with_sounds(match: Matches, rows: Ids, scores: NDArray[np.float32]) -> Matches:
    """Matches by words, and after them those by sound."""
    every = distinct([match.rows, rows])
    worth = np.zeros(len(every), "f4")
    worth[np.searchsorted(every, rows)] = scores
    whole = np.zeros(len(every), bool)
    places = np.searchsorted(every, match.rows)
    worth[places] = match.scores + _WORDS_FIRST
    whole[places] = match.whole
    return Matches(every, worth, whole)


def sounding_everywhere(parts: Sequence[PartIndex], typed: str, *, child: bool) -> Sounding:
    """For each part what `sounding` says; nothing at all where no part has it."""
    letters = spoken(typed)
    found = [sounding(part, letters, child=child) for part in parts] if letters else []
    return found if any(len(rows) for rows, _ in found) else []


def only_by_sound(matches: Sequence[Matches], found: Sounding) -> Sounding:
    """What of it no words match."""
    kept = [~np.isin(rows, match.rows) for match, (rows, _) in zip(matches, found, strict=True)]
    return [(rows[mask], scores[mask]) for (rows, scores), mask in zip(found, kept, strict=True)]


def by_sound(hit: Hit, place: tuple[int, int], found: Sounding) -> Hit:
    """The hit, saying so where it was found by its sound alone."""
    rows = found[place[0]][0] if found else np.zeros(0, "u4")
    at = int(np.searchsorted(rows, place[1]))
    heard = at < len(rows) and int(rows[at]) == place[1]
    if not heard:
        return hit
    return replace(hit, why="pinyin", marks=(), snippet="", snippet_marks=(), entry=None, entry_marks=())
