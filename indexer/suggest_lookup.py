"""Entries of one index that fit what is typed: by text, by sound, by first letters, or a mixture of these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING

from indexer.analysis import is_spaceless, units
from indexer.codec_suggest import INITIALS, SPELLED
from indexer.suggest_entries import KINDS
from indexer.text.syllables import SYLLABLES, splits

if TYPE_CHECKING:
    from indexer.codec_index import IndexFiles
    from indexer.codec_suggest import EntryRecord

WHOLE, SOUND, BEGINS, INITIAL, MIXED, INITIALS_BEGIN = range(6)
"""How an entry fits, the best first; by its text or its sound."""

MOST_LETTERS = 60
_MOST_INITIALS = 12
_LONGEST_MIXED = 24
_SPLITS = 6
_COMBINATIONS = 4
_LOOKED = 64
"""Entries of a sound whose text is compared with the Chinese characters that were typed."""

_WORD = re.compile(r"[a-z0-9]+\Z")
_SYLLABLE = rb"[^ \x11-\x13]*"
_PRECEDENCE = (1, 0, 2)
_KINDS = range(1, 1 + len(KINDS))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry of a part, how it fits, and its score there."""

    fits: int
    score: int
    part: int
    entry: EntryRecord

    @property
    def order(self) -> tuple[int, int, int, str, int]:
        """What candidates are sorted by, the best first."""
        return self.fits, -self.score, len(self.entry.key), self.entry.key, self.part

    @property
    def precedence(self) -> tuple[int, int]:
        """Of one text a name comes before a title, that before a subject."""
        return _PRECEDENCE[self.entry.kind], self.part


class Lookup:
    """Looks one thing up in one part. Not for several threads."""

    def __init__(self, number: int, files: IndexFiles, *, child: bool, most: int) -> None:
        """Start.

        Args:
            number: of the part.
            files: its index.
            child: whether only entries with something for children count.
            most: how many are wanted of each kind and way.
        """
        self._number, self._files, self._most = number, files, most
        self._entries, self._sounds = files.entries, files.sounds
        self._entry_scores, self._sound_scores = files.entries.scores[child], files.sounds.scores[child]
        self._found: dict[tuple[int, str], Candidate] = {}

    def found(self, key: str) -> list[Candidate]:
        """The entries that fit a folded text, each once, as it fits best; in no order.

        Raises:
            IndexFormatError: a file is damaged.
        """
        self._by_text(key)
        if any("a" <= c <= "z" for c in key):
            if _WORD.match(key):
                self._by_letters(key[:MOST_LETTERS])
            else:
                self._by_both(key)
        return list(self._found.values())

    def sounding(self, letters: str, *, begins: bool, initials: bool) -> list[Candidate]:
        """The entries that sound like letters; where none does, those with just these first letters.

        Args:
            letters: a to z.
            begins: whether texts may go on after the sound.
            initials: whether first letters count.

        Raises:
            IndexFormatError: a file is damaged.
        """
        for kind in _KINDS:
            self._by_sound(bytes([kind]) + letters.encode())
        found = [candidate for candidate in self._found.values() if begins or candidate.fits == SOUND]
        if found or not initials:
            return found
        self._found.clear()
        for kind in _KINDS:
            first, last = self._sounds.keys.span(bytes([INITIALS + kind]) + letters.encode() + b" ")
            self._take_sounds(INITIAL, self._sound_scores.best(first, last, self._most))
        return list(self._found.values())

    def _take(self, fits: int, place: int, score: int) -> None:
        entry = self._entries.record(place)
        known = self._found.get((entry.kind, entry.key))
        if score and (known is None or (fits, -score) < (known.fits, -known.score)):
            self._found[entry.kind, entry.key] = Candidate(fits, score, self._number, entry)

    def _take_sounds(self, fits: int, places: list[int]) -> None:
        for place in places:
            self._take(fits, self._sounds.entry(place), self._sound_scores[place])

    def _by_text(self, key: str) -> None:
        keys, scores = self._entries.keys, self._entry_scores
        for kind in _KINDS:
            wanted = bytes([kind]) + key.encode()
            first, last = keys.span(wanted)
            if first < last and keys.key(first) == wanted:
                self._take(WHOLE, first, scores[first])
            for place in scores.best(first, last, self._most):
                self._take(BEGINS, place, scores[place])

    def _by_letters(self, letters: str) -> None:
        keys, scores, typed = self._sounds.keys, self._sound_scores, letters.encode()
        for kind in _KINDS:
            self._by_sound(bytes([kind]) + typed)
            if 1 < len(letters) <= _MOST_INITIALS:
                prefix = bytes([INITIALS + kind]) + typed
                first, last = keys.span(prefix)
                if first < last:
                    middle = keys.span(prefix + b" ")[1] if keys.key(first).startswith(prefix + b" ") else first
                    self._take_sounds(INITIAL, scores.best(first, middle, self._most))
                    self._take_sounds(INITIALS_BEGIN, scores.best(middle, last, self._most))
        if len(self._found) < self._most and len(letters) <= _LONGEST_MIXED:
            for split in splits(letters, _SPLITS):
                if any(part not in SYLLABLES for part in split[:-1]) and any(len(part) > 1 for part in split):
                    self._by_split(split)

    def _by_sound(self, wanted: bytes) -> None:
        """Entries that sound as what is typed, or begin so."""
        keys, scores = self._sounds.keys, self._sound_scores
        first, last = keys.span(wanted)
        if first == last:
            return
        middle = keys.place(wanted + b"\0")
        self._take_sounds(SOUND, scores.best(first, middle, self._most))
        self._take_sounds(BEGINS, scores.best(middle, last, self._most))

    def _by_split(self, split: tuple[str, ...], beginning: str = "") -> None:
        """Entries whose syllables begin as the parts say, whole ones being whole but for the last."""
        initials = "".join(part[0] for part in split).encode()
        scores = self._sound_scores
        for kind in _KINDS:
            start = bytes([INITIALS + kind]) + initials
            pattern = split_pattern(start, split)
            span = self._sounds.keys.span(start)
            places = islice(self._sounds.keys.matching(span, pattern), _LOOKED)
            self._take_fitting(sorted(places, key=lambda place: (-scores[place], place)), beginning)

    def _take_fitting(self, places: list[int], beginning: str) -> None:
        """Those whose text begins with the Chinese characters that were typed."""
        for place in places[: _LOOKED if beginning else self._most]:
            entry = self._sounds.entry(place)
            if self._entries.record(entry).key.startswith(beginning):
                self._take(MIXED, entry, self._sound_scores[place])

    def _by_both(self, key: str) -> None:
        """Chinese characters with letters after them: 红lou, 红楼m, as while an input method composes."""
        parts = [unit for unit in units(key) if is_spaceless(unit[0]) or _WORD.match(unit)]
        if len(parts) > _MOST_INITIALS or not _WORD.match(parts[-1]) or "".join(parts) != key:
            return
        han, letters = parts[:-1], parts[-1]
        if not all(map(is_spaceless, han)):
            return
        choices = [self._files.readings.of(character)[:2] for character in han]
        for sounds in islice(product(*choices), _COMBINATIONS):
            for kind in _KINDS:
                first, last = self._sounds.keys.span(bytes([kind]) + "".join((*sounds, letters)).encode())
                self._take_fitting(self._sound_scores.best(first, last, _LOOKED), "".join(han))
            for split in splits(letters, 2):
                self._by_split((*sounds, *split), "".join(han))


@lru_cache(maxsize=256)
def split_pattern(start: bytes, split: tuple[str, ...]) -> re.Pattern[bytes]:
    """What the keys of first letters hold whose syllables are these; `start`: how such keys begin."""
    spelled = []
    for place, part in enumerate(split[:SPELLED]):
        whole = place < len(split) - 1 and len(part) > 1 and part in SYLLABLES
        spelled.append(re.escape(part.encode()) + (b"" if whole else _SYLLABLE))
    return re.compile(re.escape(start) + _SYLLABLE + b" " + b" ".join(spelled))
