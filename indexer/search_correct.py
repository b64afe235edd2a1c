"""您是不是要找: what a query that finds nothing, or hardly anything, may have meant.

Texts that titles, creators and subjects really have, nearest first: of the same sound (红楼孟, 鲁讯), of a sound that
many people do not tell from it, by a slip or two of the fingers in letters, with one character changed. The work ends
with its budget, whatever the query; nothing is offered before it was seen to find something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis import is_spaceless, query_terms, units
from indexer.schema import SECTION_MARK
from indexer.search_filters import CHILDREN
from indexer.search_numbers import names_number
from indexer.suggest import is_shown, typed_key
from indexer.suggest_entries import KINDS
from indexer.text.near_sounds import distance, near_spellings, near_syllables

if TYPE_CHECKING:
    from indexer.search_collector import PartIndex

BUDGET = 0.015
"""Seconds of a processor in which something is looked for."""

MOST_WORDS = 4
MOST_TRIES = 10
_TAKEN, _MOST_BAD = 30, 2
_LONGEST, _SHORTEST_LETTERS = 20, 4
_SOUNDS, _EACH, _BEGINNINGS = 24, 8, 3
_NEIGHBOURS = 300
"""Keys with the same beginning that are compared with a word."""

_LEAST_AROUND = 3
"""Characters of a text of which one is looked past: in a shorter one too little is left that is sure."""

_ROWS = 40
_FIELDS = (("title", 0), ("creator", 1), ("subject", 2))
_MARK = SECTION_MARK.encode()
_QUERY_SIGNS = '":：()（）“”„‟＂|*'


class Corrections:
    """What one word may have meant, from all parts."""

    def __init__(self, parts: Sequence[PartIndex], *, child: bool, seconds: float = BUDGET) -> None:
        """Start the budget.

        Args:
            parts: the indexes.
            child: whether only what is for children counts.
            seconds: of this thread's processor time.
        """
        self._parts, self._child = parts, child
        self._until = time.thread_time() + seconds

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return time.thread_time() > self._until

    def of(self, word: str) -> Iterator[str]:
        """Texts that the word may stand for, the likeliest first, some perhaps twice.

        Raises:
            IndexFormatError: a file is damaged.
        """
        key = typed_key(word)
        parts = units(key)
        if not len(parts) + (len(key) >= _SHORTEST_LETTERS) > 1 or len(key) > _LONGEST or "".join(parts) != key:
            return
        if names_number(word):
            return  # another year is not what was meant, however near it is written
        if all(is_spaceless(part) for part in parts):
            yield from self._same_sound(key)
            yield from self._other_characters(key)
        elif key.isascii() and key.isalpha():
            yield from self._slips(key)

    def _same_sound(self, key: str) -> Iterator[str]:
        """Texts of the same sound, then of one that is taken for it."""
        for part in self._parts:
            readings = [part.files.readings.of(character) for character in key]
            if not all(readings):
                continue
            exact = ["".join(sound) for sound in islice(product(*readings), _SOUNDS)]
            yield from self._sounding(part, iter(exact), key)
            if len(key) >= _LEAST_AROUND:
                yield from self._beginning_so(part, exact, key)
            likeliest = [sounds[0] for sounds in readings]
            near = (
                "".join((*likeliest[:place], other, *likeliest[place + 1 :]))
                for place, syllable in enumerate(likeliest)
                for other in near_syllables(syllable)
            )
            yield from self._sounding(part, islice(near, _SOUNDS), key)

    def _sounding(self, part: PartIndex, sounds: Iterator[str], key: str) -> Iterator[str]:
        files = part.files
        scores = files.sounds.scores[self._child]
        found: dict[int, int] = {}
        for sound in sounds:
            if self.spent:
                break
            for kind in range(1, 1 + len(KINDS)):
                wanted = bytes([kind]) + sound.encode()
                first = files.sounds.keys.place(wanted)
                if first == files.sounds.keys.count or files.sounds.keys.key(first) != wanted:
                    continue
                for place in scores.best(first, files.sounds.keys.place(wanted + b"\0"), _EACH):
                    entry = files.sounds.entry(place)
                    found[entry] = max(found.get(entry, 0), scores[place])
        yield from self._texts(part, sorted(found, key=lambda entry: (-found[entry], entry)), key)

    def _beginning_so(self, part: PartIndex, sounds: Sequence[str], key: str) -> Iterator[str]:
        """The beginnings, as long as the word, of texts that begin with its sound."""
        files, scores = part.files, part.files.sounds.scores[self._child]
        for sound in sounds:
            for kind in range(1, 1 + len(KINDS)):
                if self.spent:
                    return
                for place in scores.best(*files.sounds.keys.span(bytes([kind]) + sound.encode()), _BEGINNINGS):
                    entry = files.entries.record(files.sounds.entry(place))
                    if entry.key[: len(key)] != key and is_shown(part, entry, child=self._child):
                        yield entry.key[: len(key)]

    def _texts(self, part: PartIndex, entries: Sequence[int], key: str) -> Iterator[str]:
        for place in entries[:_EACH]:
            entry = part.files.entries.record(place)
            if entry.key != key and is_shown(part, entry, child=self._child):
                yield entry.text

    def _slips(self, letters: str) -> Iterator[str]:
        """Words and sounds within one or two slips of what was typed."""
        most = 1 if len(letters) < 2 * _SHORTEST_LETTERS else 2
        half = len(letters) // 2
        for part in self._parts:
            yield from self._with_beginning(part, letters, half, most)
        for other in near_spellings(letters, range(half + 1)):
            if self.spent:
                return
            for part in self._parts:
                if part.files.figures("x", other) is not None:
                    yield other
                yield from self._sounding(part, iter((other,)), letters)

    def _with_beginning(self, part: PartIndex, letters: str, half: int, most: int) -> Iterator[str]:
        """Words and sounds with the same first half, the nearest first."""
        files = part.files
        found: list[tuple[int, int, str]] = []
        for place in islice(files.terms.places_from(b"\x01" + letters[:half].encode()), _NEIGHBOURS):
            if self.spent:
                break
            word = files.terms.key(place)[1:].decode("utf-8", "replace")
            if word.isascii() and word != letters and (far := distance(letters, word, most)) <= most:
                found.append((far, -files.terms.figures_at(place).documents, word))
        yield from (word for _, _, word in sorted(found)[:_EACH])
        scores = files.sounds.scores[self._child]
        entries: list[tuple[int, int, int]] = []
        for kind in range(1, 1 + len(KINDS)):
            first, last = files.sounds.keys.span(bytes([kind]) + letters[:half].encode())
            for place in scores.best(first, last, _NEIGHBOURS):
                if self.spent:
                    break
                far = distance(letters, files.sounds.keys.key(place)[1:].decode("utf-8", "replace"), most)
                if far <= most:
                    entries.append((far, -scores[place], files.sounds.entry(place)))
        yield from self._texts(part, [entry for _, _, entry in sorted(entries)], letters)

    def _other_characters(self, key: str) -> Iterator[str]:
        """Pieces of titles and names with one character changed or put in; then pairs swapped, and one left out."""
        seen: dict[str, int] = {}
        for place in range(len(key) if len(key) >= _LEAST_AROUND else 0):
            for field, section in _FIELDS:
                for part in self._parts:
                    if self.spent:
                        break
                    for piece in self._around(part, field, section, key[:place], key[place + 1 :]):
                        seen[piece] = seen.get(piece, 0) + 1
        yield from sorted(filter(key.__ne__, seen), key=lambda piece: (-seen[piece], piece))[:_EACH]
        for place in range(len(key) - 1):
            yield key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        if len(key) > _LEAST_AROUND:
            for place in range(len(key)):
                yield key[:place] + key[place + 1 :]

    def _around(self, part: PartIndex, field: str, section: int, left: str, right: str) -> Iterator[str]:
        """Texts that hold both pieces with one character between, before or after them."""
        files = part.files
        known = [files.figures(field, term) for piece in (left, right) for term in query_terms(piece)]
        figures = sorted((found for found in known if found is not None), key=lambda found: found.documents)
        if len(figures) < len(known) or not figures:
            return
        rows, _ = files.postings(figures[0])
        for found in figures[1:]:
            rows = rows[np.isin(rows, files.postings(found)[0], assume_unique=True)]
        rows = rows[part.visible[rows]]
        if self._child:
            rows = rows[files.columns["audience"][rows] == CHILDREN]
        for row in rows[:_ROWS].tolist():
            texts = bytes(files.text(row)).split(_MARK)
            if section < len(texts):
                yield from _pieces(texts[section].decode("utf-8", "replace"), left, right)


def _pieces(text: str, left: str, right: str) -> Iterator[str]:
    """Stretches of a text that are `left`, one character more, and `right`."""
    start = text.find(left)
    while start >= 0:
        middle = start + len(left)
        if middle < len(text) and text.startswith(right, middle + 1) and is_spaceless(text[middle]):
            yield text[start : middle + 1 + len(right)]
        start = text.find(left, start + 1) if start < len(text) else -1


def corrected(
    parts: Sequence[PartIndex],
    typed: str,
    finds: Callable[[str], int],
    more_than: int = 0,
    *,
    child: bool,
    seconds: float = BUDGET,
) -> str:
    """What a query may have meant, empty when nothing near finds more than the query itself.

    What is a title, a name or a subject as it stands is meant as it stands, however few bear it. Of several words those
    that find nothing by themselves are changed and the others stay.

    Args:
        parts: the indexes.
        typed: the query.
        finds: how many records that this reader may see a query finds.
        more_than: how many the query itself finds.
        child: whether only what is for children counts.
        seconds: of this thread's processor time for looking; `finds` comes on top, at most `MOST_TRIES` times.

    Raises:
        IndexFormatError: a file is damaged.
    """
    words = words_of(typed)
    if more_than and any(part.files.entries.is_text(typed_key(typed)) for part in parts):
        return ""
    search = Corrections(parts, child=child, seconds=seconds)
    if len(words) > 1:
        bad = [place for place, word in enumerate(words) if not finds(word)]
        for place in bad[:_MOST_BAD]:
            words[place] = _first_found(search.of(words[place]), finds, 0) or words[place]
        text = " ".join(words)
        return text if bad and text != " ".join(typed.split()) and finds(text) > more_than else ""
    return _first_found(search.of(words[0]), finds, more_than) if words else ""


def _first_found(texts: Iterator[str], finds: Callable[[str], int], more_than: int) -> str:
    for text in islice(dict.fromkeys(islice(texts, _TAKEN)), MOST_TRIES):
        if finds(text) > more_than:
            return text
    return ""


def words_of(typed: str) -> list[str]:
    """The words of a query that may be corrected; none where it uses signs of the query language, or is long."""
    words = typed.split()
    signs = any(sign in typed for sign in _QUERY_SIGNS) or any(word.startswith("-") for word in words)
    return words if len(words) <= MOST_WORDS and not signs else []
