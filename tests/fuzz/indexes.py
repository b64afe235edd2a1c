"""Targets: prebuilt files. A signed drive brings them, but a box proves only their bytes, not their sense."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from indexer.catalogue import Catalogue
from indexer.codec import encode_postings, read_postings
from indexer.codec_files import Buffer, Range
from indexer.codec_index import IndexFiles
from indexer.errors import IndexFormatError
from indexer.search import Part, Searcher, SearchRequest
from indexer.suggest_lookup import Lookup
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target, kept, scratch
from tests.indexer.shelf import generated, make_part


class MemoryFile:
    """A file in memory, read as `indexer.codec_files.BlockReader` asks."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.size, self._content = name, len(content), content

    def read(self, offset: int, length: int) -> Buffer:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise IndexFormatError(self.name, "reach over its end")
        return memoryview(self._content)[offset : offset + length]

    def bring(self, ranges: Iterable[Range]) -> None:
        pass

    def close(self) -> None:
        pass


@functools.cache
def index_files() -> tuple[dict[str, bytes], bytes]:
    """The files of a small index, and of its catalogue."""
    folder = scratch() / "part"
    folder.mkdir()
    part = make_part(folder, generated(20))
    catalogue = next(path for path in folder.rglob("*.db"))
    part.catalogue.close()
    return {p.name: p.read_bytes() for p in sorted(part.index.iterdir())}, catalogue.read_bytes()


def run_search(data: bytes) -> bool:
    """One file of an index replaced, its length put right in the table of contents."""
    files = dict(index_files()[0])
    names = list(files)
    name = names[data[0] % len(names) if data else 0]
    files[name] = data[1:]
    if name != "toc.json":
        toc = json.loads(files["toc.json"])
        toc["files"][name] = len(data) - 1 if data else 0
        files["toc.json"] = json.dumps(toc).encode()

    def opened(path: Path) -> MemoryFile:
        if path.name not in files:
            raise IndexFormatError(path.name, "is missing")
        return MemoryFile(path.name, files[path.name])

    index = outcome(lambda: IndexFiles(Path("search"), opened), IndexFormatError)
    if index is None:
        return False
    for place in range(min(index.terms.count, 60)):
        outcome(lambda place=place: index.terms.key(place), IndexFormatError)
        figures = outcome(lambda place=place: index.terms.figures_at(place), IndexFormatError)
        if figures is not None:
            postings = outcome(lambda figures=figures: index.postings(figures), IndexFormatError)
            assert postings is None or int(postings[0].max()) < index.records
    outcome(lambda: list(index.terms.containing((b"\0", b"\xff"), b"a", 10)), IndexFormatError)
    outcome(lambda: index.figures("x", "人"), IndexFormatError)
    _suggest(index)
    for row in range(min(index.records, 40)):
        outcome(lambda row=row: index.text(row), IndexFormatError)
    return True


def _suggest(index: IndexFiles) -> None:
    for place in range(min(index.entries.keys.count, 60)):
        outcome(lambda place=place: index.entries.record(place), IndexFormatError)
    for place in range(min(index.sounds.keys.count, 60)):
        outcome(lambda place=place: index.sounds.entry(place), IndexFormatError)
    for typed in ("红", "hongloumeng", "hlm", "hongl", "红lou"):
        found = outcome(lambda typed=typed: Lookup(0, index, child=False, most=8).found(typed), IndexFormatError)
        assert found is None or all(candidate.entry.row < index.records for candidate in found)


def run_searcher(data: bytes) -> bool:
    """The same, asked as readers ask: the file on the disk, real searches."""
    files = index_files()[0]
    folder = scratch() / "search"
    if not folder.exists():
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    name = list(files)[data[0] % len(files) if data else 0]
    content = data[1:] + files[name][len(data) - 1 :]  # as long as before: other lengths are refused at once
    content = content[: len(files[name])] if name != "toc.json" else data[1:]
    (folder / name).write_bytes(content)
    try:
        return outcome(lambda: _ask(folder), IndexFormatError) is not None
    finally:
        (folder / name).write_bytes(files[name])


def _ask(folder: Path) -> bool:
    catalogue = Catalogue(kept("whole.db", index_files()[1]))
    try:
        searcher = Searcher([Part(folder, catalogue)])
        try:
            for query in ("", "红楼梦", "title:山水", "(人民 OR 红楼) -山水 年:1930-1950", "红楼 第3期 ab*"):
                searcher.search(SearchRequest(q=query, sort="title" if query else "relevance"))
            for typed in ("红楼", "hlm", "hongl", "红lou"):
                searcher.suggest(typed)
                searcher.search(SearchRequest(q=typed + "孟", mend="search"))
        finally:
            searcher.close()
    finally:
        catalogue.close()
    return True


def run_postings(data: bytes) -> bool:
    """The blocks of one term: `data` begins with how many postings and rows are promised."""
    count, documents = (data[0], data[1]) if len(data) > 1 else (1, 1)
    file = MemoryFile("postings", data[2:])
    found = outcome(lambda: read_postings(file, 0, file.size, count, documents), IndexFormatError)
    if found is None:
        return False
    ids, weights = found
    assert len(ids) == len(weights) == count
    assert sorted(set(ids.tolist())) == ids.tolist()
    assert int(ids[-1]) < documents
    return True


def run_database(data: bytes) -> bool:
    """A catalogue database of any bytes: it opens and answers, or says that it is none."""
    path = kept("catalogue.db", data)
    catalogue = outcome(lambda: Catalogue(path), IndexFormatError)
    if catalogue is None:
        return False
    try:
        asked = (
            lambda: catalogue.get("r00001"), lambda: catalogue.rows([0, 1]), lambda: catalogue.row_of("r00001"),
            lambda: catalogue.item("abc"), lambda: catalogue.counts_by_type(), lambda: catalogue.counts_of_rows([0, 3]),
            lambda: catalogue.newest(5), lambda: catalogue.browse("book", "I", 5), lambda: list(catalogue.ids()),
            lambda: list(catalogue.parts_of("r00001")), lambda: catalogue.parts_count("r00001"),
            lambda: catalogue.children("r00001"), lambda: list(catalogue.all_lines()),
        )  # fmt: skip
        for ask in asked:
            outcome(ask, IndexFormatError)
    finally:
        catalogue.close()
    return True


def _search_seeds() -> Sequence[bytes]:
    return [bytes([n]) + content for n, content in enumerate(index_files()[0].values())]


def _postings_seeds() -> Sequence[bytes]:
    found = []
    for ids in ([3], [0, 1, 2], [5, 9, 200], list(range(150))):
        weights, lengths = np.ones(len(ids), "u1"), np.full(len(ids), 7, "u1")
        found.append(bytes([len(ids), 201]) + encode_postings(np.array(ids, "u4"), weights, lengths))
    return found


INDEXES = (
    Target(
        "search",
        "indexer.codec_index.IndexFiles",
        _search_seeds,
        run_search,
        (b'"records":', b'"files":{'),
        60_000,
        prefix=1,
    ),
    Target("searcher", "indexer.search.Searcher", _search_seeds, run_searcher, (), 60_000, prefix=1, seconds=3),
    Target(
        "postings",
        "indexer.codec.read_postings",
        _postings_seeds,
        run_postings,
        (b"\0\0\0\0", b"\xff\xff\xff\xff"),
        2048,
        prefix=2,
    ),
    Target(
        "database",
        "indexer.catalogue.Catalogue",
        lambda: [index_files()[1]],
        run_database,
        (b"SQLite format 3\0",),
        400_000,
    ),
)
