"""The same index files behind Whoosh's codec interface: Whoosh's own searcher, queries and spelling run on them.

The product's searches go through `indexer.search`; this is the oracle they are tested against and the door to the
rest of Whoosh. One reader belongs to one thread, as Whoosh's matchers and cursors keep a place.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from whoosh.codec import base
from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.matching import ListMatcher
from whoosh.reading import SegmentReader, TermInfo, TermNotFound
from whoosh.util.numeric import byte_to_length

from indexer.codec import blocks_of, read_body
from indexer.codec_files import BlockReader, MappedFile, OpenFile
from indexer.codec_index import LENGTHS, IndexFiles
from indexer.codec_terms import TermFigures
from indexer.safe_load import shut_pickle
from indexer.schema import FIELD_BYTES, whoosh_schema

shut_pickle()

_NAMES = {mark: name for name, mark in FIELD_BYTES.items()}


def open_reader(folder: Path, open_file: OpenFile = MappedFile) -> SegmentReader:
    """Open an index for `whoosh.searching.Searcher`, for one thread.

    Raises:
        IndexFormatError: see `IndexFiles`.
    """
    codec = ArrayCodec(IndexFiles(folder, open_file))
    segment = codec.new_segment(None, "main")
    return SegmentReader(_Storage(), whoosh_schema(), segment, codec=codec)  # type: ignore[no-untyped-call]


class _Storage:
    """Whoosh asks its reader for a storage; all files are opened already."""

    def close(self) -> None:
        """Nothing is held here."""


class ArraySegment(base.Segment):
    """The one segment of an index: its name and number of rows. Nothing is ever deleted inside an index."""

    def __init__(self, codec: ArrayCodec) -> None:
        """Describe the segment of `codec`."""
        self.indexname = "main"
        self.segid = codec.files.segment
        self._codec = codec

    def codec(self, **_options: Any) -> ArrayCodec:
        """The codec that reads this segment."""
        return self._codec

    def doc_count_all(self) -> int:
        """Rows."""
        return self._codec.files.records

    def deleted_count(self) -> int:
        """None: hidden rows are a mask of the searcher."""
        return 0

    def deleted_docs(self) -> Iterator[int]:
        """None."""
        return iter(())

    def is_deleted(self, _docnum: int) -> bool:
        """Never."""
        return False

    def set_doc_count(self, _doccount: int) -> None:
        """Refused: see `ArrayCodec`."""
        _read_only()

    def delete_document(self, _docnum: int, _delete: bool = True) -> None:
        """Refused: see `ArrayCodec`."""
        _read_only()


def _read_only(*_arguments: Any, **_options: Any) -> NoReturn:
    raise NotImplementedError("indexes are written by indexer.build and never changed")


class ArrayCodec(base.Codec):
    """Read-only codec; `indexer.build` writes."""

    def __init__(self, files: IndexFiles) -> None:
        """Read from `files`."""
        self.files = files

    def terms_reader(self, _storage: Any, _segment: Any) -> ArrayTermsReader:
        """See Whoosh."""
        return ArrayTermsReader(self.files)

    def per_document_reader(self, _storage: Any, _segment: Any) -> ArrayRowReader:
        """See Whoosh."""
        return ArrayRowReader(self.files)

    def new_segment(self, _storage: Any, _indexname: str) -> ArraySegment:
        """The segment of the files."""
        return ArraySegment(self)

    def postings_reader(self, _file: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None) -> Any:
        """See `ArrayTermsReader.matcher`, which knows where a term's postings stand."""
        return _read_only(terminfo, format_, term, scorer)

    per_document_writer = field_writer = postings_writer = _read_only


def _term_info(figures: TermFigures) -> TermInfo:
    return TermInfo(  # type: ignore[no-untyped-call]
        weight=figures.weight,
        df=figures.documents,
        minlength=byte_to_length(figures.min_length),
        maxlength=byte_to_length(figures.max_length),
        maxweight=figures.max_weight,
        minid=figures.first,
        maxid=figures.last,
    )


class ArrayTermsReader(base.TermsReader):
    """Terms and matchers of an index."""

    def __init__(self, files: IndexFiles) -> None:
        """Read from `files`."""
        self._files = files

    def _figures(self, fieldname: str, text: bytes) -> TermFigures | None:
        mark = FIELD_BYTES.get(fieldname)
        return self._files.terms.figures(bytes([mark]) + text) if mark else None

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self._figures(*term) is not None

    def indexed_field_names(self) -> list[str]:
        """All fields with terms."""
        return list(FIELD_BYTES)

    def _from(self, key: bytes) -> Iterator[tuple[tuple[str, bytes], int]]:
        terms = self._files.terms
        for place in range(terms.place(key), terms.count):
            found = terms.key(place)
            yield (_NAMES.get(found[0] if found else 0, ""), found[1:]), place

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """All terms in order."""
        return (term for term, _ in self._from(b""))

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """Terms in order from a place on."""
        return (term for term, _ in self._from(bytes([FIELD_BYTES[fieldname]]) + prefix))

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """All terms with their figures, in order."""
        return ((term, _term_info(self._files.terms.figures_at(place))) for term, place in self._from(b""))

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Terms with their figures, in order from a place on."""
        found = self._from(bytes([FIELD_BYTES[fieldname]]) + prefix)
        return ((term, _term_info(self._files.terms.figures_at(place))) for term, place in found)

    def cursor(self, fieldname: str, _fieldobj: Any) -> ArrayCursor:
        """A cursor over the terms of a field."""
        return ArrayCursor(self._files, FIELD_BYTES[fieldname])

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """The figures of a term.

        Raises:
            TermNotFound: no row holds it.
        """
        figures = self._figures(fieldname, text)
        if figures is None:
            raise TermNotFound(f"No term {fieldname}:{text!r}")
        return _term_info(figures)

    def frequency(self, fieldname: str, text: bytes) -> float:
        """Total weight of a term."""
        figures = self._figures(fieldname, text)
        return figures.weight if figures else 0

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """How many rows hold a term."""
        figures = self._figures(fieldname, text)
        return figures.documents if figures else 0

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> Any:
        """A matcher over the postings of a term.

        Raises:
            TermNotFound: no row holds it.
        """
        figures = self._figures(fieldname, text)
        if figures is None:
            raise TermNotFound(f"No term {fieldname}:{text!r}")
        term = (fieldname, text)
        if figures.documents == 1:
            info = _term_info(figures)
            one, weight = [figures.first], [float(figures.max_weight)]
            return ListMatcher(  # type: ignore[no-untyped-call]
                one, weight, None, format_, scorer=scorer, term=term, terminfo=info
            )
        return BlockMatcher(self._files, figures, format_, term, scorer)

    def close(self) -> None:
        """Let the files go."""
        self._files.close()


class ArrayCursor(base.FieldCursor):
    """Walks over the terms of one field in order."""

    def __init__(self, files: IndexFiles, mark: int) -> None:
        """Stand on the first term of the field."""
        self._terms, self._mark = files.terms, mark
        self._place, self._text = 0, ""
        self.find("")

    def first(self) -> str | None:
        """Go to the first term."""
        return self.find("")

    def find(self, term: str | bytes) -> str | None:
        """Go to the first term that is not below `term`."""
        text = term if isinstance(term, bytes) else term.encode()
        self._place = self._terms.place(bytes([self._mark]) + text)
        return self._load()

    def next(self) -> str | None:
        """Go to the next term."""
        self._place += 1
        return self._load()

    def _load(self) -> str | None:
        key = self._terms.key(self._place) if self._place < self._terms.count else b""
        self._text = key[1:].decode("utf-8", "replace") if key[:1] == bytes([self._mark]) else ""
        return self.text()

    def text(self) -> str | None:
        """The term under the cursor, None after the last."""
        return self._text or None

    def term_info(self) -> TermInfo | None:
        """The figures of the term under the cursor."""
        return _term_info(self._terms.figures_at(self._place)) if self._text else None

    def is_valid(self) -> bool:
        """Whether the cursor stands on a term."""
        return bool(self._text)


class BlockMatcher(W3LeafMatcher):
    """Whoosh's block-wise matcher over our blocks: it skips blocks by id and by quality as over its own."""

    def __init__(self, files: IndexFiles, figures: TermFigures, format_: Any, term: Any, scorer: Any) -> None:
        """Stand on the first posting of the term."""
        self._files, self._figures = files, figures
        file = files.postings_file
        self._file: BlockReader = file
        self._blocks = list(blocks_of(file, figures.offset, figures.length, files.records))
        self._number = 0
        self._data: tuple[list[int], array[float]] = ([], array("f"))
        self._loaded = False
        super().__init__(None, 0, len(self._blocks), format_, term=term, scorer=scorer)  # type: ignore[no-untyped-call]

    def _read_header(self) -> None:
        self._baseoffset = 0

    def _goto(self, position: int) -> None:
        block = self._blocks[position]
        self._ids = self._weights = self._values = None
        self._loaded = False
        self._i = 0
        self._number = position
        self._nextoffset = position + 1
        self._lastblock = self._nextoffset == len(self._blocks)
        self._blocklength, self._maxid, self._maxweight = block.count, block.last, block.max_weight
        self._minlength, self._maxlength = byte_to_length(block.min_length), byte_to_length(block.max_length)

    def _read_data(self) -> None:
        if not self._loaded:
            ids, weights = read_body(self._file, self._blocks[self._number])
            self._data = (ids.tolist(), array("f", weights.tolist()))
            self._loaded = True

    def _read_ids(self) -> None:
        self._read_data()
        self._ids = self._data[0]

    def _read_weights(self) -> None:
        self._read_data()
        self._weights = self._data[1]

    def _read_values(self) -> None:
        self._values = [None] * self._blocks[self._number].count

    def copy(self) -> BlockMatcher:
        """A matcher of the same postings, on the first one."""
        return BlockMatcher(self._files, self._figures, self.format, self._term, self.scorer)


class _OffsetFile:
    """What Whoosh's column readers ask of a file, without a place in it."""

    def __init__(self, file: BlockReader) -> None:
        self._file = file

    def get(self, position: int, length: int) -> bytes:
        return bytes(self._file.read(position, length))


class ArrayRowReader(base.PerDocumentReader):
    """Columns and lengths of rows."""

    def __init__(self, files: IndexFiles) -> None:
        """Read from `files`."""
        self._files = files

    def doc_count(self) -> int:
        """Rows."""
        return self._files.records

    def doc_count_all(self) -> int:
        """Rows."""
        return self._files.records

    def has_deletions(self) -> bool:
        """Never."""
        return False

    def is_deleted(self, _docnum: int) -> bool:
        """Never."""
        return False

    def deleted_docs(self) -> tuple[int, ...]:
        """None."""
        return ()

    def supports_columns(self) -> bool:
        """Columns are Whoosh's numeric columns."""
        return True

    def has_column(self, fieldname: str) -> bool:
        """Whether there is such a column."""
        return fieldname in self._files.column_files

    def list_columns(self) -> list[str]:
        """All columns."""
        return list(self._files.column_files)

    def column_reader(self, fieldname: str, column: Any) -> Any:
        """Whoosh's own reader of a numeric column."""
        file = self._files.column_files[fieldname]
        return column.reader(_OffsetFile(file), 0, file.size, self._files.records)

    def doc_field_length(self, docnum: int, fieldname: str, _default: int = 0) -> int:
        """Length of a row for scoring; only the field `x` has lengths."""
        if fieldname != "x":
            return 1
        return int(byte_to_length(int(self._files.columns[LENGTHS][docnum])))

    def field_length(self, fieldname: str) -> int:
        """Sum of lengths of a field."""
        return self._files.total_length if fieldname == "x" else self._files.records

    def min_field_length(self, fieldname: str) -> int:
        """Shortest row."""
        return int(byte_to_length(int(self._files.columns[LENGTHS].min()))) if fieldname == "x" else 1

    def max_field_length(self, fieldname: str) -> int:
        """Longest row."""
        return int(byte_to_length(int(self._files.columns[LENGTHS].max()))) if fieldname == "x" else 1

    def stored_fields(self, docnum: int) -> dict[str, int]:
        """The row number; records stand in the catalogue."""
        return {"rid": int(self._files.columns["rid"][docnum])}
