"""An index that is an older one with some rows left out and others put in; searched like any other.

    base/           the files of the older index, which nobody writes
    added/          a small index of the records that were added or changed
    <column>.col    columns of the whole, as `indexer.build_columns` writes them
    entries.sge, sounds.sgs     what the delta changes of suggestions, by rows and entries of the whole
    overlay.json    with arrays.bin (`indexer.overlay_files`): the splices of rows, terms, entries and sounds; tables

Rows are those of the newer edition, in its order, so everything above finds what it would find in a whole index.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from indexer.codec import Ids, Weights
from indexer.codec_files import BlockReader, MappedFile, OpenFile
from indexer.codec_index import LENGTHS, IndexFiles, read_tables
from indexer.codec_suggest import EntryFile, SoundFile
from indexer.codec_terms import TermFigures
from indexer.errors import IndexFormatError
from indexer.formats import INDEX_OVERLAY
from indexer.overlay_files import is_overlay, read_description
from indexer.overlay_suggest import SplicedEntries, SplicedSounds
from indexer.overlay_terms import SplicedFigures, SplicedTerms
from indexer.schema import COLUMNS, TABLES, term_key
from indexer.splice import NONE, Numbers, Splice

BASE, ADDED = "base", "added"
ENTRIES, SOUNDS = "entries.sge", "sounds.sgs"


def open_index(folder: Path, open_file: OpenFile = MappedFile) -> IndexFiles:
    """The index in a folder, whole or overlaid.

    Raises:
        IndexFormatError: it cannot be used.
    """
    return OverlaidIndex(folder, open_file) if is_overlay(folder) else IndexFiles(folder, open_file)


def base_of(folder: Path) -> Path:
    """The whole index that an index consists of, or stands upon."""
    return folder / BASE if is_overlay(folder) else folder


class OverlaidIndex(IndexFiles):
    """A base and what is put in, read-only; any thread may ask.

    Memory: that of both, 8 bytes a row, two bytes for each entry and sound of suggestions.
    """

    def _open(self, folder: Path, open_file: OpenFile) -> None:
        self._parts: list[IndexFiles] = []
        described = read_description(folder, INDEX_OVERLAY, open_file)
        self.base, self.added = self._part(folder / BASE, open_file), self._part(folder / ADDED, open_file)
        self.splice = Splice.read(self.base.records, described.arrays, "rows", described.name)
        if len(self.splice.at) != self.added.records or self.splice.count != described.number("records"):
            raise IndexFormatError(described.name, "does not fit what is put in")
        self.segment = str(described.facts.get("segment", ""))
        if self.segment != self.base.segment:
            raise IndexFormatError(described.name, "is of another base")
        self.records, self.total_length = self.splice.count, described.number("total_length")
        self.tables = read_tables(described.facts.get("tables"))
        # Whole rows of the base's and of those put in, and where each of the whole comes from.
        self._wholes, self._puts = self.splice.all_whole(), self.splice.put.astype("u4")
        self._of_base = np.full(self.records, NONE, "u4")
        staying = np.flatnonzero(self._wholes != NONE).astype("u4")
        self._of_base[self._wholes[staying]] = staying
        self.terms = SplicedTerms(self.base.terms, self.added.terms, described, self.records)

        def opened(name: str) -> BlockReader:
            file = open_file(folder / name)
            self._files.append(file)
            return file

        types = {**COLUMNS, LENGTHS: "B"}
        self.column_files = {name: opened(f"{name}.col") for name in types}
        self.columns = {name: self._column(self.column_files[name], code) for name, code in types.items()}
        for table in TABLES:
            if self.records and int(self.columns[table].max()) >= len(self.tables[table]):
                raise IndexFormatError(described.name, f"column {table} points outside its table")
        entries = Splice.read(self.base.entries.keys.count, described.arrays, "entries", described.name)
        own = EntryFile(opened(ENTRIES), self.records)
        self._scored.append(own)
        self.entries = SplicedEntries(self.base.entries, own, entries, self.splice, described.name)
        sounds = Splice.read(self.base.sounds.keys.count, described.arrays, "sounds", described.name)
        heard = SoundFile(opened(SOUNDS), entries.count)
        self.sounds = SplicedSounds(self.base.sounds, heard, sounds, entries, described.name)
        self._scored += [heard, self.entries, self.sounds]
        self.readings = self.base.readings

    def _part(self, folder: Path, open_file: OpenFile) -> IndexFiles:
        self._parts.append(IndexFiles(folder, open_file))
        return self._parts[-1]

    def figures(self, field: str, term: str) -> TermFigures | None:
        """See `IndexFiles.figures`."""
        return self.terms.figures(term_key(field, term).encode("utf-8", "replace"))

    def postings(self, figures: TermFigures) -> tuple[Ids, Weights]:
        """See `IndexFiles.postings`."""
        if not isinstance(figures, SplicedFigures):
            raise IndexFormatError(self.name, "is asked for a term of another index")
        return joined_postings(self.base, self.added, self._wholes, self._puts, figures)

    @property
    def postings_file(self) -> BlockReader:
        """There is none: Whoosh's own searcher reads whole indexes only."""
        raise NotImplementedError

    def text(self, row: int) -> bytes:
        """See `IndexFiles.text`."""
        place = int(self._of_base[row])
        if place != NONE:
            return self.base.text(place)
        return self.added.text(int(np.searchsorted(self._puts, row)))

    def texts(self, rows: Ids) -> list[bytes]:
        """See `IndexFiles.texts`."""
        places = self._of_base[rows]
        own = np.flatnonzero(places == NONE)
        if not len(own):
            return self.base.texts(places)
        there = places != NONE
        theirs = iter(self.base.texts(places[there]))
        added = iter(self.added.texts(np.searchsorted(self._puts, rows[own]).astype("u4")))
        return [next(theirs) if is_there else next(added) for is_there in there.tolist()]

    def close(self) -> None:
        """Let all files go."""
        super().close()
        while self._parts:
            self._parts.pop().close()


def joined_postings(
    base: IndexFiles, added: IndexFiles, wholes: Numbers, puts: Numbers, figures: SplicedFigures
) -> tuple[Ids, Weights]:
    """The rows in the whole (ascending) and weights of a term.

    Args:
        base: the older index.
        added: the small one.
        wholes: for each row of the base where it stands in the whole, `NONE` for none.
        puts: the same of `added`.
        figures: of the term.

    Raises:
        IndexFormatError: they are not as many as the figures say.
    """
    rows, weights = np.zeros(0, "u4"), np.zeros(0, "u1")
    if figures.base is not None:
        theirs, weights = base.postings(figures.base)
        rows = wholes[theirs]
        staying = rows != NONE
        if not staying.all():
            rows, weights = rows[staying], weights[staying]
    if figures.added is not None:
        own, held = added.postings(figures.added)
        places = np.searchsorted(rows, puts[own])
        rows, weights = np.insert(rows, places, puts[own]), np.insert(weights, places, held)
    if len(rows) != figures.documents:
        raise IndexFormatError(base.name, f"has {len(rows)} rows of a term, {figures.documents} were told")
    return rows, weights
