"""What may be suggested of a release: its titles, creators and subjects, each once, gathered run by run.

An entry is one title, name or subject in its folded form (`title_key`), with the best record that bears it: a serial or
collection before what can be read, that before a catalogue entry, then the first row. Lines of a run, in the order of
their keys, members parted by 0x1F:

    key | rank and row of the best record | the same among those for children | records | those for children |
    the text as the best record writes it | its reading (`title_pinyin`), of titles alone

Issues of a serial bring no titles: all say the serial's name and a date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer.analysis import title_key
from indexer.model import Resource
from indexer.schema import is_listed, is_readable

KINDS = ("title", "creator", "subject")
"""A key begins with 1 + the place of its kind, as a byte."""

MAX_TEXT = 160
"""Characters of a text that are kept."""

MOST_TEXTS = 60
"""Titles, creators and subjects of one record, of each kind."""

SERIAL, READABLE, CATALOGUED, NOBODY = 0, 1, 2, 9
"""Ranks of records; `NOBODY`: there is none."""

_PART = "\x1f"


@dataclass(slots=True)
class Entry:
    """One title, name or subject.

    Attributes:
        best: rank and row of the best record. child: the same among those for children; (`NOBODY`, 0) without one.
        count: records. children: those for children.
        text: as the best record writes it. spoken: its reading, or empty.
    """

    best: tuple[int, int]
    child: tuple[int, int]
    count: int
    children: int
    text: str
    spoken: str

    def join(self, other: Entry) -> None:
        """Take in what another run has of the same key."""
        if other.best < self.best:
            self.best, self.text, self.spoken = other.best, other.text, other.spoken
        self.child = min(self.child, other.child)
        self.count += other.count
        self.children += other.children


class EntryCollector:
    """The entries of a run while its records come in. Memory: about 500 bytes each."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, resource: Resource, row: int) -> None:
        """Take in what a record brings; nothing, when no list shows it."""
        if not is_listed(resource):
            return
        rank = SERIAL if resource.level in {"serial", "collection"} else CATALOGUED
        if rank == CATALOGUED and is_readable(resource):
            rank = READABLE
        best = rank, row
        is_child = resource.audience.group == "children"
        for key, (text, spoken) in texts_of(resource).items():
            found = self._known.get(key)
            if found is None:
                child = best if is_child else (NOBODY, 0)
                self._known[key] = Entry(best, child, 1, int(is_child), text, spoken)
                continue
            found.count += 1
            if best < found.best:
                found.best, found.text, found.spoken = best, text, spoken
            if is_child:
                found.child = min(found.child, best)
                found.children += 1

    def lines(self) -> Iterator[bytes]:
        """The lines of the run, without line feeds."""
        # The order of code points is the order of bytes in UTF-8.
        for key in sorted(self._known):
            e = self._known[key]
            numbers = (*e.best, *e.child, e.count, e.children)
            yield _PART.join((key, *map(str, numbers), e.text, e.spoken)).encode("utf-8", "replace")


def texts_of(resource: Resource) -> dict[str, tuple[str, str]]:
    """Key → text and reading of all that a record brings, each key once."""
    found: dict[str, tuple[str, str]] = {}
    if resource.level != "issue":
        for number, title in enumerate((resource.title, *resource.title_alt)[:MOST_TEXTS]):
            _take(found, "\x01", title, resource.title_pinyin if number == 0 else "")
    for creator in resource.creators[:MOST_TEXTS]:
        _take(found, "\x02", creator.name)
    for subject in resource.subjects[:MOST_TEXTS]:
        _take(found, "\x03", subject)
    return found


def _take(found: dict[str, tuple[str, str]], kind: str, text: str, spoken: str = "") -> None:
    if key := title_key(text):
        found.setdefault(kind + key, (_clean(text)[:MAX_TEXT], _clean(spoken)))


def _clean(text: str) -> str:
    """Without what parts members and lines."""
    return text if text.isprintable() else " ".join("".join(c if c > "\x1f" else " " for c in text).split())


def read_line(line: bytes, first_row: int) -> tuple[bytes, Entry]:
    """Key and entry of a line of a run whose first row is `first_row` in the index."""
    key, rank, row, child, child_row, count, children, text, spoken = line.split(b"\x1f")
    best, young = (int(rank), int(row) + first_row), (int(child), int(child_row) + first_row)
    return key, Entry(best, young, int(count), int(children), text.decode(), spoken.decode())
