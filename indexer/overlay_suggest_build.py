"""What a delta does to suggestions: each title, name or subject of a record that comes or goes is counted anew."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.build_suggest import ENTRY_PARTS, SOUND_PARTS, FileParts, less, put_entries, scores_of, sound_keys
from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.codec_keys import SortedKeys
from indexer.codec_suggest import ENTRIES_MAGIC, HEAD, SOUNDS_MAGIC
from indexer.errors import OverlayError
from indexer.model import AUDIENCES, LEVELS, Resource
from indexer.schema import READABLE as CAN_BE_READ
from indexer.splice import NONE, Numbers, Splice
from indexer.suggest_entries import CATALOGUED, KINDS, NOBODY, READABLE, SERIAL, Entry, texts_of
from indexer.text.syllables import table

RowsOf = Callable[[str, str], Ids]
"""The rows of the whole that hold a term of a field."""

_ISSUE = LEVELS.index("issue") + 1
_SERIALS = [LEVELS.index(name) + 1 for name in ("serial", "collection")]
_CHILDREN = AUDIENCES.index("children") + 1
_TITLE = 1


@dataclass(frozen=True, slots=True)
class Spoken:
    """Readings that records give of their titles: (folded title, reading) by row; only records that give one."""

    added: Mapping[int, tuple[str, str]]
    gone: Mapping[int, tuple[str, str]]


def reading(resource: Resource) -> tuple[str, str] | None:
    """Key and reading of a record's title, when it gives one."""
    if not resource.title_pinyin:
        return None
    return next(((key, spoken) for key, (_, spoken) in texts_of(resource).items() if spoken), None)


class SuggestDelta:
    """Makes the arrays and files of `indexer.overlay_suggest`. Memory: some 400 bytes for each text of the delta."""

    def __init__(
        self,
        base: IndexFiles,
        added: IndexFiles,
        gone: IndexFiles,
        rows: Splice,
        columns: Mapping[str, NDArray[Any]],
        rows_of: RowsOf,
        record_of: Callable[[int], Resource],
        spoken: Spoken,
    ) -> None:
        """Take what is known.

        Args:
            base: the older index.
            added: the small one of the records that come.
            gone: one of the records of the base that go.
            rows: the splice of rows.
            columns: of the whole.
            rows_of: gives the rows of the whole that hold a term.
            record_of: reads the record of a row of the base.
            spoken: readings by row of the whole (`added`) and of the base (`gone`).
        """
        self._base, self._added, self._gone, self._rows, self._columns = base, added, gone, rows, columns
        self._rows_of, self._record_of, self._spoken = rows_of, record_of, spoken
        self._known = table()
        self._entries: list[tuple[bytes, Entry]] = []
        self._dead, self._at, self._same = array("I"), array("I"), array("I")
        self._dead_sounds: list[int] = []
        self._sounds: list[tuple[bytes, int, tuple[int, int]]] = []

    def write(self, entries: Path, sounds: Path, scratch: Path) -> dict[str, Numbers]:
        """Write both files; the arrays.

        Raises:
            OverlayError: the base lacks what goes.
            IndexFormatError: a file is damaged.
        """
        for key in self._affected():
            self._count_anew(key)
        dead, at, same = (np.array(part, "u4") for part in (self._dead, self._at, self._same))
        splice = Splice(self._base.entries.keys.count, dead, at, same, name="entries")
        with FileParts(scratch, "entries", ENTRY_PARTS) as parts:
            put_entries(parts, self._entries, [scores_of(key, entry) for key, entry in self._entries])
            sizes = parts.sizes
            parts.finish(entries, HEAD.pack(ENTRIES_MAGIC, len(self._entries), sizes["keys"], sizes["texts"]))
        return {**splice.arrays("entries"), **self._write_sounds(sounds, scratch, splice).arrays("sounds")}

    def _affected(self) -> Iterator[bytes]:
        both = heapq.merge(_all(self._added.entries.keys), _all(self._gone.entries.keys))
        return (key for key, _ in groupby(both))

    def _count_anew(self, key: bytes) -> None:
        keys, kind, text = self._base.entries.keys, key[0], key[1:].decode()
        place = keys.place(key)
        here = place < keys.count and keys.key(place) == key
        rows = self._rows_of(KINDS[kind - 1], "=" + text)
        rows = rows[self._columns["listed"][rows] == 1]
        if kind == _TITLE:
            rows = rows[self._columns["level"][rows] != _ISSUE]
        if here:
            self._dead.append(place)
            self._same.append(len(self._at) if len(rows) else NONE)
        if not len(rows):
            if here:
                self._silence(place, key)
            return
        entry = self._entry(key, rows, place if here else None)
        number = len(self._at)
        self._at.append(place)
        self._entries.append((key, entry))
        scores = scores_of(key, entry)
        if here:
            before = self._base.entries.record(place)
            old = tuple(held[place] for held in self._base.entries.scores)
            if (before.text, old) == (entry.text, scores) and self._reading_of_base(key, before.row) == entry.spoken:
                return
            self._silence(place, key)
        for sound, likeliest in sound_keys(key, entry, self._known).items():
            self._sounds.append((sound, number, scores if likeliest else (less(scores[0]), less(scores[1]))))

    def _entry(self, key: bytes, rows: Ids, place: int | None) -> Entry:
        ranks = np.where(self._columns["readable"][rows] == CAN_BE_READ, READABLE, CATALOGUED)
        ranks[np.isin(self._columns["level"][rows], _SERIALS)] = SERIAL
        order = ranks.astype("i8") << 32 | rows
        young = order[self._columns["audience"][rows] == _CHILDREN]
        best, child = divmod(int(order.min()), 1 << 32), (NOBODY, 0)
        if len(young):
            child = divmod(int(young.min()), 1 << 32)
        text, spoken = self._text(key, best[1], place)
        return Entry(best, child, len(rows), len(young), text, spoken)

    def _text(self, key: bytes, row: int, place: int | None) -> tuple[str, str]:
        """The text of the best record, and the reading that it gives."""
        is_put, source = self._rows.source(row)
        if is_put:
            own = self._added.entries.keys.place(key)
            found = self._added.entries.record(own)
            if found.key.encode() != key[1:] or found.row != source:
                raise OverlayError("the small index says otherwise which record of a text is the best")
            return found.text, _spoken(self._spoken.added.get(row), key)
        if place is not None and (found := self._base.entries.record(place)).row == source:
            return found.text, self._reading_of_base(key, source)
        text, spoken = texts_of(self._record_of(source))[key.decode()]
        return text, spoken

    def _reading_of_base(self, key: bytes, row: int) -> str:
        """The reading of a title that a record of the base gives."""
        if key[0] != _TITLE:
            return ""
        if self._rows.whole(row) is None:
            return _spoken(self._spoken.gone.get(row), key)
        return _spoken(reading(self._record_of(row)), key)

    def _silence(self, place: int, key: bytes) -> None:
        """Leave out the sounds of an entry of the base."""
        found = self._base.entries.record(place)
        entry = Entry((0, 0), (NOBODY, 0), 1, 0, found.text, self._reading_of_base(key, found.row))
        for sound in sound_keys(key, entry, self._known):
            at = self._sound_place(sound, place)
            if at == self._base.sounds.keys.count or self._base.sounds.entry(at) != place:
                raise OverlayError("the base lacks a sound of one of its texts")
            self._dead_sounds.append(at)

    def _sound_place(self, sound: bytes, entry: int) -> int:
        """The place in the base of the first sound of this key that leads to an entry from `entry` on."""
        keys = self._base.sounds.keys
        low, high = keys.place(sound), keys.place(sound + b"\0")
        while low < high:
            middle = (low + high) // 2
            if self._base.sounds.entry(middle) < entry:
                low = middle + 1
            else:
                high = middle
        return low

    def _write_sounds(self, path: Path, scratch: Path, entries: Splice) -> Splice:
        self._sounds.sort()
        at = [self._sound_place(sound, int(entries.at[number])) for sound, number, _ in self._sounds]
        with FileParts(scratch, "sounds", SOUND_PARTS) as parts:
            parts.add_ends("key_ends", [len(sound) for sound, _, _ in self._sounds])
            parts.add_numbers("entries", [int(entries.put[number]) for _, number, _ in self._sounds])
            parts.add_bytes("all", bytes(scores[0] for _, _, scores in self._sounds))
            parts.add_bytes("child", bytes(scores[1] for _, _, scores in self._sounds))
            parts.add_bytes("keys", b"".join(sound for sound, _, _ in self._sounds))
            parts.finish(path, HEAD.pack(SOUNDS_MAGIC, len(self._sounds), parts.sizes["keys"], 0))
        dead = np.array(sorted(self._dead_sounds), "u4")
        return Splice(self._base.sounds.keys.count, dead, np.array(at, "u4"), name="sounds")


def _all(keys: SortedKeys) -> Iterator[bytes]:
    return (keys.key(place) for place in range(keys.count))


def _spoken(found: tuple[str, str] | None, key: bytes) -> str:
    return found[1] if found is not None and found[0].encode() == key else ""


def readings_of(pairs: Iterable[tuple[int, Resource]]) -> dict[int, tuple[str, str]]:
    """Readings by row, of records that give one."""
    return {row: found for row, resource in pairs if (found := reading(resource)) is not None}
