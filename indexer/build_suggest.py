"""The files for suggestions, made from the entries of an index's runs; see `indexer.codec_suggest` for their layout."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import accumulate, islice
from operator import itemgetter
from pathlib import Path
from shutil import copyfileobj
from types import TracebackType
from typing import Self

import numpy as np

from indexer.analysis import fold, normal_text
from indexer.build_runs import Run
from indexer.build_sorted import read_lines, write_lines
from indexer.codec_suggest import (
    ENTRIES_MAGIC,
    HEAD,
    INITIALS,
    NO_ROW,
    NO_SYLLABLE,
    READINGS,
    READINGS_MAGIC,
    SOUNDS_MAGIC,
    SPELLED,
    SYLLABLE_BYTES,
)
from indexer.errors import IndexFormatError
from indexer.suggest_entries import NOBODY, READABLE, SERIAL, Entry, read_line
from indexer.text.syllables import sounds_of, table

EXTENSIONS = (".sge", ".sgs", ".sgr")
SORTED = 200_000
"""Sounds that are sorted in memory. Memory: about 130 bytes each."""

MOST_SYLLABLES = 10
"""Syllables of a title that count where they stand together; longer ones are found by as many."""

_MAX_UNIT = 24
"""Letters of a word of another script that count in a sound."""

_GIVEN = 10_000
SOUND_PARTS = ("key_ends", "entries", "all", "child", "keys")
ENTRY_PARTS = ("key_ends", "text_ends", "counts", "rows", "young", "all", "child", "keys", "texts")


def write_suggestions(runs: Sequence[Run], scratch: Path) -> tuple[str, ...]:
    """Write `new.sge`, `new.sgs` and `new.sgr` in the folder `scratch`, where the runs lie too; their extensions.

    Memory: bounded by `SORTED`, and some kilobytes a run. The runs' entries are removed.

    Raises:
        IndexFormatError: there is more than a file of this format can hold.
    """
    known = table()
    sorting = _Sorting(scratch)
    with FileParts(scratch, "entries", ENTRY_PARTS) as parts:
        number = 0
        entries = _entries(runs, scratch)
        while batch := list(islice(entries, _GIVEN)):
            scores = [scores_of(key, entry) for key, entry in batch]
            put_entries(parts, batch, scores)
            for (key, entry), score in zip(batch, scores, strict=True):
                for sound, worth in sound_keys(key, entry, known).items():
                    sorting.add(sound, number, score if worth else (less(score[0]), less(score[1])))
                number += 1
        sizes = parts.sizes
        parts.finish(scratch / "new.sge", HEAD.pack(ENTRIES_MAGIC, number, sizes["keys"], sizes["texts"]))
    for run in runs:
        run.path(scratch, "entries").unlink()
    _write_sounds(sorting, scratch)
    _write_readings(scratch / "new.sgr", known)
    return EXTENSIONS


def put_entries(parts: FileParts, batch: Sequence[tuple[bytes, Entry]], scores: Sequence[tuple[int, int]]) -> None:
    """Add entries, in the order of their keys, to the parts of their file."""
    texts = [written(key, entry) for key, entry in batch]
    parts.add_ends("key_ends", [len(key) for key, _ in batch])
    parts.add_ends("text_ends", [len(text) for text in texts])
    parts.add_numbers("counts", [min(entry.count, NO_ROW) for _, entry in batch])
    parts.add_numbers("rows", [entry.best[1] for _, entry in batch])
    parts.add_numbers("young", [entry.child[1] if entry.children else NO_ROW for _, entry in batch])
    parts.add_bytes("all", bytes(score for score, _ in scores))
    parts.add_bytes("child", bytes(score for _, score in scores))
    parts.add_bytes("keys", b"".join(key for key, _ in batch))
    parts.add_bytes("texts", b"".join(texts))


def _entries(runs: Sequence[Run], scratch: Path) -> Iterator[tuple[bytes, Entry]]:
    """All entries in the order of their keys, those of one key joined."""
    first_rows = accumulate((run.rows for run in runs), initial=0)
    sources = [_read(run.path(scratch, "entries"), row, len(runs)) for run, row in zip(runs, first_rows, strict=False)]
    held: tuple[bytes, Entry] | None = None
    for key, entry in heapq.merge(*sources, key=itemgetter(0)):
        if held is not None and held[0] == key:
            held[1].join(entry)
            continue
        if held is not None:
            yield held
        held = key, entry
    if held is not None:
        yield held


def _read(path: Path, first_row: int, files: int) -> Iterator[tuple[bytes, Entry]]:
    return (read_line(line, first_row) for line in read_lines(path, files))


def written(key: bytes, entry: Entry) -> bytes:
    """The text as it is kept: nothing where the key says it."""
    text = entry.text.encode()
    return b"" if text == key[1:] else text


def scores_of(key: bytes, entry: Entry) -> tuple[int, int]:
    """How much an entry is worth, for everyone and for children, 1 to 255; 0 without a record for them."""
    short = max(0, 24 - 2 * len(key.decode("utf-8", "replace")))
    return _score(entry.best[0], entry.count, short), _score(entry.child[0], entry.children, short)


def _score(rank: int, count: int, short: int) -> int:
    if rank == NOBODY:
        return 0
    worth = {SERIAL: 80, READABLE: 64}.get(rank, 0)
    return 1 + worth + min(100, round(5 * math.log2(max(1, count)))) + short


def less(score: int) -> int:
    """The score of an entry under a reading that is not its likeliest."""
    return (score + 1) // 2


def sound_keys(key: bytes, entry: Entry, known: dict[str, tuple[str, ...]]) -> dict[bytes, bool]:
    """Keys of an entry's sounds, and whether they are those of its likeliest reading."""
    kind = key[0]
    keys: dict[bytes, bool] = {}
    for sound in sounds_of(normal_text(fold(entry.text)), entry.spoken, known):
        syllables = [syllable[:_MAX_UNIT] for syllable in sound]
        letters = "".join(syllable[0] for syllable in syllables)
        likeliest = not keys
        together, spelled = "".join(syllables[:MOST_SYLLABLES]), " ".join(syllables[:SPELLED])
        keys.setdefault(bytes([kind]) + together.encode(), likeliest)
        keys.setdefault(bytes([INITIALS + kind]) + f"{letters} {spelled}".encode(), likeliest)
    return keys


class _Sorting:
    """Sounds, sorted some at a time on scratch: key, tab, entry and scores in hexadecimal digits."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._lines: list[bytes] = []
        self._paths: list[Path] = []

    def add(self, key: bytes, entry: int, scores: tuple[int, int]) -> None:
        self._lines.append(b"%s\t%08x%02x%02x" % (key, entry, *scores))
        if len(self._lines) >= SORTED:
            self._put()

    def _put(self) -> None:
        path = self._scratch / f"sounds-{len(self._paths)}"
        self._lines.sort()
        write_lines(path, self._lines)
        self._paths.append(path)
        self._lines = []

    def lines(self) -> Iterator[bytes]:
        self._put()
        yield from heapq.merge(*(read_lines(path, len(self._paths)) for path in self._paths))
        for path in self._paths:
            path.unlink()


def _write_sounds(sorting: _Sorting, scratch: Path) -> None:
    with FileParts(scratch, "sounds", SOUND_PARTS) as parts:
        lines, count = sorting.lines(), 0
        while batch := list(islice(lines, _GIVEN)):
            pairs = [line.rsplit(b"\t", 1) for line in batch]
            tails = bytes.fromhex("".join(tail.decode() for _, tail in pairs))
            numbers = np.frombuffer(tails, np.dtype([("entry", ">u4"), ("all", "u1"), ("child", "u1")]))
            parts.add_ends("key_ends", [len(key) for key, _ in pairs])
            parts.add_bytes("entries", numbers["entry"].astype("<u4").tobytes())
            parts.add_bytes("all", numbers["all"].tobytes())
            parts.add_bytes("child", numbers["child"].tobytes())
            parts.add_bytes("keys", b"".join(key for key, _ in pairs))
            count += len(batch)
        parts.finish(scratch / "new.sgs", HEAD.pack(SOUNDS_MAGIC, count, parts.sizes["keys"], 0))


def _write_readings(path: Path, known: dict[str, tuple[str, ...]]) -> None:
    syllables = sorted({syllable for sounds in known.values() for syllable in sounds})
    places = {syllable: place for place, syllable in enumerate(syllables)}
    characters = sorted(known)
    table_ = np.full((len(characters), READINGS), NO_SYLLABLE, "<u2")
    for row, character in enumerate(characters):
        sounds = known[character][:READINGS]
        table_[row, : len(sounds)] = [places[sound] for sound in sounds]
    with path.open("wb") as file:
        file.write(HEAD.pack(READINGS_MAGIC, len(syllables), len(characters), 0))
        file.write(b"".join(syllable.encode().ljust(SYLLABLE_BYTES, b"\0") for syllable in syllables))
        file.write(np.array([ord(c) for c in characters], "<u4").tobytes())
        file.write(table_.tobytes())


class FileParts:
    """The parts of a file, written beside each other and then put together. Memory: constant."""

    def __init__(self, scratch: Path, name: str, parts: Sequence[str]) -> None:
        self._stack = ExitStack()
        self._paths = {part: scratch / f"{name}-{part}" for part in parts}
        self._files = {part: self._stack.enter_context(path.open("wb")) for part, path in self._paths.items()}
        self.sizes = dict.fromkeys(parts, 0)
        self._ended = dict.fromkeys(parts, 0)
        for part in parts:
            if part.endswith("_ends"):
                self.add_bytes(part, bytes(4))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add_bytes(self, part: str, content: bytes) -> None:
        """Add to a part."""
        self._files[part].write(content)
        self.sizes[part] += len(content)

    def add_numbers(self, part: str, numbers: Sequence[int]) -> None:
        """Add numbers of four bytes to a part."""
        self.add_bytes(part, np.array(numbers, "<u4").tobytes())

    def add_ends(self, part: str, lengths: Sequence[int]) -> None:
        """Add the ends of what has these lengths; IndexFormatError: they are more than four bytes can say."""
        ends = np.cumsum(np.array(lengths, "u8")) + np.uint64(self._ended[part])
        self._ended[part] = int(ends[-1]) if len(ends) else self._ended[part]
        if self._ended[part] >= 1 << 32:
            raise IndexFormatError("suggestions", "are more than one index can hold")
        self.add_bytes(part, ends.astype("<u4").tobytes())

    def finish(self, path: Path, head: bytes) -> None:
        """Write the file: the head, and the parts in order."""
        self._stack.close()
        with path.open("wb") as out:
            out.write(head)
            for part in self._paths.values():
                with part.open("rb") as file:
                    copyfileobj(file, out, 1 << 20)
                part.unlink()
