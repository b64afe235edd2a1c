"""The files for suggestions: entries, sounds and readings; plain arrays under sorted keys, looked up by bisection.

Layouts, little-endian, one part after the other:

    .sge  magic 8 | entries u64 | key bytes u64 | text bytes u64 | (entries + 1) key ends u32 | (entries + 1) text
          ends u32 | records u32 each | row u32 each | row for children u32 each | score u8 each | score for children
          u8 each | keys | texts
    .sgs  magic 8 | sounds u64 | key bytes u64 | zero u64 | (sounds + 1) key ends u32 | entry u32 each | score u8 each
          | score for children u8 each | keys
    .sgr  magic 8 | syllables u64 | characters u64 | zero u64 | syllables of 8 bytes, filled with zeros | code point
          u32 each | 3 places of syllables u16 each, 0xFFFF for none

The first end of a list of ends is 0. An entry's key is 1, 2 or 3 (title, creator, subject) and the folded text; its
text is empty where it is the same as the folded text. A sound's key is the kind and the syllables together, or 16 + the
kind, the first letters, and after a space the first four syllables with spaces between. A score of 0 for children:
none is for them.

Everything is read where it is mapped. A place that a file names is compared with what there is before it is used.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec_files import BlockReader
from indexer.codec_keys import MAX_KEY, SortedKeys
from indexer.errors import IndexFormatError

ENTRIES_MAGIC, SOUNDS_MAGIC, READINGS_MAGIC = b"SXSGE001", b"SXSGS001", b"SXSGR001"
HEAD = struct.Struct("<8sQQQ")
NO_ROW = 0xFFFFFFFF
NO_SYLLABLE = 0xFFFF
SYLLABLE_BYTES = 8
READINGS = 3
INITIALS = 16
SPELLED = 4
"""Syllables that stand whole after first letters."""

_PAIR = struct.Struct("<II")
_BLOCK = 4096

Scores = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """What the file says of an entry.

    Attributes:
        kind: 0 title, 1 creator, 2 subject. key: its folded text. text: as it is written.
        records: how many bear it. row: the best of them; child_row: the best for children, None without one.
    """

    kind: int
    key: str
    text: str
    records: int
    row: int
    child_row: int | None


class EntryFile:
    """A checked reader of entries; any thread may ask. Memory: two bytes for 4,096 entries."""

    def __init__(self, file: BlockReader, rows: int) -> None:
        """Check the header.

        Args:
            file: the file.
            rows: rows of the index.

        Raises:
            IndexFormatError: the sizes do not fit together.
        """
        magic, count, key_bytes, text_bytes = _head(file)
        self._file, self._rows, self._text_bytes = file, rows, text_bytes
        ends = HEAD.size
        self._text_ends = ends + 4 * (count + 1)
        self._numbers = self._text_ends + 4 * (count + 1)
        scores = self._numbers + 12 * count
        keys = scores + 2 * count
        self._texts = keys + key_bytes
        if magic != ENTRIES_MAGIC or self._texts + text_bytes != file.size:
            raise IndexFormatError(file.name, "is not a file of entries of this format, or not whole")
        self.keys = SortedKeys(file, ends, keys, count, key_bytes)
        self.scores = _score_pair(file, scores, count)

    def record(self, place: int) -> EntryRecord:
        """The entry at `place`.

        Raises:
            IndexFormatError: there is none, or it cannot be true.
        """
        if not 0 <= place < self.keys.count:
            raise IndexFormatError(self._file.name, f"has no entry {place}")
        key = self.keys.key(place)
        start, end = _PAIR.unpack(self._file.read(self._text_ends + 4 * place, 8))
        kind = key[0] - 1 if key else -1
        records, row, child = (self._number(column, place) for column in range(3))
        if not (start <= end <= min(self._text_bytes, start + MAX_KEY) and 0 <= kind <= 2 and row < self._rows):
            raise IndexFormatError(self._file.name, f"entry {place} cannot be true")
        if child != NO_ROW and child >= self._rows:
            raise IndexFormatError(self._file.name, f"entry {place} cannot be true")
        folded = key[1:].decode("utf-8", "replace")
        text = bytes(self._file.read(self._texts + start, end - start)).decode("utf-8", "replace")
        return EntryRecord(kind, folded, text or folded, records, row, None if child == NO_ROW else child)

    def is_text(self, folded: str) -> bool:
        """Whether there is an entry of this folded text, of any kind."""
        for kind in (1, 2, 3):
            wanted = bytes([kind]) + folded.encode()
            place = self.keys.place(wanted)
            if place < self.keys.count and self.keys.key(place) == wanted:
                return True
        return False

    def _number(self, column: int, place: int) -> int:
        at = self._numbers + 4 * (column * self.keys.count + place)
        return int.from_bytes(self._file.read(at, 4), "little")

    def close(self) -> None:
        """Let the mapped scores go."""
        self.scores = (ScoreList.empty(), ScoreList.empty())


class SoundFile:
    """A checked reader of sounds; any thread may ask. Memory: two bytes for 4,096 sounds."""

    def __init__(self, file: BlockReader, entries: int) -> None:
        """Check the header.

        Args:
            file: the file.
            entries: entries that sounds may lead to.

        Raises:
            IndexFormatError: the sizes do not fit together.
        """
        magic, count, key_bytes, _ = _head(file)
        self._file, self._entry_count = file, entries
        ends = HEAD.size
        self._entries = ends + 4 * (count + 1)
        scores = self._entries + 4 * count
        keys = scores + 2 * count
        if magic != SOUNDS_MAGIC or keys + key_bytes != file.size:
            raise IndexFormatError(file.name, "is not a file of sounds of this format, or not whole")
        self.keys = SortedKeys(file, ends, keys, count, key_bytes)
        self.scores = _score_pair(file, scores, count)

    def entry(self, place: int) -> int:
        """The entry that the sound at `place` leads to.

        Raises:
            IndexFormatError: there is none.
        """
        entry = int.from_bytes(self._file.read(self._entries + 4 * place, 4), "little")
        if entry >= self._entry_count:
            raise IndexFormatError(self._file.name, f"sound {place} leads nowhere")
        return entry

    def close(self) -> None:
        """Let the mapped scores go."""
        self.scores = (ScoreList.empty(), ScoreList.empty())


class ReadingFile:
    """How characters sound; any thread may ask. Memory: none."""

    def __init__(self, file: BlockReader) -> None:
        """Check the header.

        Raises:
            IndexFormatError: the sizes do not fit together.
        """
        magic, syllables, characters, _ = _head(file)
        self._file, self._syllables, self._count = file, syllables, characters
        self._codes_at = HEAD.size + SYLLABLE_BYTES * syllables
        self._places_at = self._codes_at + 4 * characters
        if magic != READINGS_MAGIC or self._places_at + 2 * READINGS * characters != file.size:
            raise IndexFormatError(file.name, "is not a file of readings of this format, or not whole")

    def of(self, character: str) -> tuple[str, ...]:
        """The syllables of a folded character, the commonest first; none when they are not known.

        Raises:
            IndexFormatError: they are not among the syllables.
        """
        wanted, low, high = ord(character), 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._code(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        if low == self._count or self._code(low) != wanted:
            return ()
        places = struct.unpack("<3H", self._file.read(self._places_at + 6 * low, 6))
        return tuple(self._syllable(place) for place in places if place != NO_SYLLABLE)

    def _code(self, place: int) -> int:
        return int.from_bytes(self._file.read(self._codes_at + 4 * place, 4), "little")

    def _syllable(self, place: int) -> str:
        if place >= self._syllables:
            raise IndexFormatError(self._file.name, f"has no syllable {place}")
        held = bytes(self._file.read(HEAD.size + SYLLABLE_BYTES * place, SYLLABLE_BYTES)).rstrip(b"\0")
        if not (held.isalpha() and held.islower()):
            raise IndexFormatError(self._file.name, f"syllable {place} is none")
        return held.decode("ascii")


class ScoreList:
    """Scores of keys in their order, with the highest of each block, so that the best of a span are found quickly."""

    def __init__(self, scores: Scores) -> None:
        """Look through them once."""
        self._scores = scores
        starts = np.arange(0, len(scores), _BLOCK)
        self._highest: Scores = np.maximum.reduceat(scores, starts) if len(scores) else scores

    @classmethod
    def empty(cls) -> ScoreList:
        """No scores."""
        return cls(np.zeros(0, "u1"))

    def __getitem__(self, place: int) -> int:
        return int(self._scores[place])

    @property
    def values(self) -> Scores:
        """All of them, in order."""
        return self._scores

    def best(self, first: int, last: int, most: int) -> list[int]:
        """The places with the highest scores from `first` to before `last`; of equal ones the first; none with 0."""
        if last - first <= 4 * _BLOCK:
            return self._best_of([(first, last)], most)
        low, high = -(-first // _BLOCK), last // _BLOCK
        # What is among the best stands in one of as many blocks with the highest scores, or at the ends.
        order = np.argsort(255 - self._highest[low:high], kind="stable")[:most]
        chosen = [(low + int(block)) * _BLOCK for block in np.sort(order)]
        whole = [(start, start + _BLOCK) for start in chosen]
        return self._best_of([(first, low * _BLOCK), *whole, (high * _BLOCK, last)], most)

    def _best_of(self, spans: list[tuple[int, int]], most: int) -> list[int]:
        places = np.concatenate([np.arange(first, last) for first, last in spans])
        scores = np.concatenate([self._scores[first:last] for first, last in spans])
        order = np.argsort(255 - scores, kind="stable")[:most]
        return [int(places[n]) for n in order if scores[n]]


def _head(file: BlockReader) -> tuple[bytes, int, int, int]:
    if file.size < HEAD.size:
        raise IndexFormatError(file.name, "is too short")
    magic, first, second, third = HEAD.unpack(file.read(0, HEAD.size))
    if max(first, second, third) > file.size:
        raise IndexFormatError(file.name, "promises more than it has")
    return magic, first, second, third


def _score_pair(file: BlockReader, at: int, count: int) -> tuple[ScoreList, ScoreList]:
    """Scores for everyone, and for children."""
    return tuple(ScoreList(np.frombuffer(file.read(at + n * count, count), "u1")) for n in (0, 1))  # type: ignore[return-value]
