"""Targets: what drives bring for search beside the index of records: the index of texts, names of classes."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence

from indexer.class_names import ClassName, dump_classes, read_classes
from indexer.errors import IndexFormatError
from indexer.sections_build import build_sections
from indexer.sections_index import SectionIndex
from indexer.sections_search import Budget, excerpt, places_in, search_sections, text_conditions
from tests.fuzz.indexes import MemoryFile
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target, kept, scratch
from tests.indexer.test_sections_index import text_files

_RECORDS = 100
_QUERIES = ("人民", "春天远方", "art", "水")


@functools.cache
def _files() -> dict[str, bytes]:
    folder = scratch() / "texts"
    folder.mkdir()
    files, _ = text_files(folder, resources=4)
    build_sections(files, folder / "index", records=_RECORDS)
    return {path.name: path.read_bytes() for path in sorted((folder / "index").iterdir())}


def run_texts(data: bytes) -> bool:
    """One file of an index of texts replaced, its length put right in the table of contents."""
    files = dict(_files())
    name = list(files)[data[0] % len(files) if data else 0]
    files[name] = data[1:]
    if name != "toc.json":
        toc = json.loads(files["toc.json"])
        toc["files"][name] = max(0, len(data) - 1)
        files["toc.json"] = json.dumps(toc).encode()

    def opened(wanted: str) -> MemoryFile:
        if wanted not in files:
            raise IndexFormatError(wanted, "is missing")
        return MemoryFile(wanted, files[wanted])

    index = outcome(lambda: SectionIndex(opened, _RECORDS), IndexFormatError)
    if index is None:
        return False
    for query in _QUERIES:
        outcome(lambda query=query: _ask(index, query), IndexFormatError)
    index.close()
    return True


def _ask(index: SectionIndex, query: str) -> bool:
    conditions = text_conditions(query)
    found = search_sections(index, conditions, Budget(5))
    for resource, row in zip(found.rows.tolist()[:10], found.sections.tolist()[:10], strict=True):
        assert 0 <= resource < _RECORDS
        excerpt(index, row, conditions)
        places_in(index, resource, conditions, Budget(5))
    return True


def run_classes(data: bytes) -> bool:
    path = kept("classes.jsonl", data)
    found = outcome(lambda: read_classes(path), IndexFormatError)
    if found is None:
        return False
    assert all(name.isprintable() and 0 < len(name) <= 200 for name in found.names.values())
    assert set(found.parents) <= set(found.names)
    return True


def _text_seeds() -> Sequence[bytes]:
    return [bytes([n]) + content for n, content in enumerate(_files().values())]


def _class_seeds() -> Sequence[bytes]:
    places = [ClassName("sibu", "", "四部"), ClassName("sibu", "J", "集"), ClassName("sibu", "J1", "楚辞", "J")]
    return [b"".join(dump_classes(places)), b"".join(dump_classes(places[:1]))]


INSIDE = (
    Target("texts", "indexer.sections_index.SectionIndex", _text_seeds, run_texts, (), 60_000, prefix=1, seconds=3),
    Target("classes", "indexer.class_names.read_classes", _class_seeds, run_classes, (b'"parent":', b'"scheme":')),
)
