"""Runs of a sections index's build: as `indexer.build_runs` has them for records, with what sections have instead.

Files of a run, numbers as the machine has them:

    keys, counts, rows, weights     as of records
    lengths   u1 a section: Whoosh's length byte
    texts     u2 and u4 twice for each file of sections in the run: its first row, the record and the item
    text      the canonical lines of the sections one after another
    sizes     u4 a section: bytes of its line
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from whoosh.util.numeric import length_to_byte

from indexer.analysis import fold, normal_text, terms
from indexer.build_runs import MAX_POSTINGS, MAX_ROWS, MAX_TERMS, Run
from indexer.build_sorting import sorted_terms
from indexer.schema import MAX_WEIGHT
from indexer.sections import Section, dump_section, read_sections

TEXT = np.dtype([("row", "u2"), ("resource", "u4"), ("item", "u4")])


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of sections to take in.

    Attributes:
        resource: row of its record. item: place of the text among the record's items.
        path: where it is now. size: bytes, for sharing the work out.
    """

    resource: int
    item: int
    path: Path
    size: int


def section_terms(section: Section) -> list[str]:
    """The terms of a section, repeated as often as they occur; a label is the contents' and is not looked for."""
    return terms(normal_text(fold(section.text)))


def write_section_runs(files: Iterable[TextFile], scratch: Path, prefix: str) -> Generator[Run, None, None]:
    """Write the sections of all files as runs under names that begin with `prefix`, in order.

    Memory: that of one run, about 90 MB.

    Raises:
        IndexFormatError: a file holds something else.
        OSError: one cannot be read.
    """
    builder: _SectionRun | None = None
    number = count()
    for text in files:
        is_new = True
        with text.path.open("rb") as file:
            for section in read_sections(file):
                builder = builder or _SectionRun()
                builder.add(text, section, is_new=is_new or builder.is_empty)
                is_new = False
                if builder.is_full:
                    yield builder.written(scratch, f"{prefix}-{next(number)}")
                    builder = None
    if builder:
        yield builder.written(scratch, f"{prefix}-{next(number)}")


class _SectionRun:
    """The sections of a run while they come in."""

    def __init__(self) -> None:
        self._terms: dict[str, int] = defaultdict(count().__next__)
        self._numbers, self._weights, self._row_counts = array("I"), array("B"), array("I")
        self._texts: list[tuple[int, int, int]] = []
        self._lines: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come in."""
        return not self._lines

    @property
    def is_full(self) -> bool:
        """Whether no further section may come in."""
        full = len(self._numbers) >= MAX_POSTINGS or len(self._terms) >= MAX_TERMS
        return full or len(self._lines) >= MAX_ROWS

    def add(self, text: TextFile, section: Section, *, is_new: bool) -> None:
        """Take a section in; `is_new` when it is the run's first of its file."""
        if is_new:
            self._texts.append((len(self._lines), text.resource, text.item))
        held = Counter(section_terms(section))
        self._numbers.extend(map(self._terms.__getitem__, held))
        self._weights.extend(min(weight, MAX_WEIGHT) for weight in held.values())
        self._row_counts.append(len(held))
        self._lines.append(dump_section(section))

    def written(self, scratch: Path, name: str) -> Run:
        """Write the run; the builder is used up."""
        files = sorted_terms({"x": self._terms}, self._numbers, self._weights, self._row_counts, {})
        files["lengths"] = [bytes(map(length_to_byte, self._row_counts))]
        files["texts"] = [np.array(self._texts, TEXT).tobytes()]
        files["text"] = self._lines
        files["sizes"] = [np.fromiter(map(len, self._lines), "u4", len(self._lines)).tobytes()]
        run = Run(name, len(self._lines), len(self._numbers), sum(self._row_counts), {}, "", "")
        for kind, pieces in files.items():
            with run.path(scratch, kind).open("wb") as file:
                file.writelines(pieces)
        return run
