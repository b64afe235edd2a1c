"""Targets: overlays. A box makes them itself; a disk that rots, or somebody at it, may still change any byte."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path

import numpy as np

from indexer.errors import IndexFormatError
from indexer.formats import CATALOGUE_OVERLAY, INDEX_OVERLAY
from indexer.overlay_catalogue import OverlaidCatalogue, open_catalogue
from indexer.overlay_files import ARRAYS, OVERLAY, read_description
from indexer.overlay_index import open_index
from indexer.search import Part, Searcher, SearchRequest
from indexer.splice import Splice
from tests.fuzz.indexes import MemoryFile
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target, scratch
from tests.indexer.editions import edition, next_edition
from tests.indexer.shelf import make_part
from tests.indexer.test_overlay_index import overlay

_QUERIES = ("", "人民", "红楼梦 OR 日报", "hongloumeng", "红搂梦", '"人民日报"', "title:日报 -人民", "ab*")


@functools.cache
def _made() -> Path:
    """An edition's overlays over an older one's."""
    folder = scratch() / "overlays"
    older = make_part(folder / "old", old := edition(24, 3))
    older.catalogue.close()
    return overlay(folder / "new", older, next_edition(old, 4, 0.3))


@functools.cache
def _arrays(part: str) -> tuple[dict[str, int], bytes]:
    body = json.loads((_made() / part / OVERLAY).read_bytes())
    return body, (_made() / part / ARRAYS).read_bytes()


def run_description(data: bytes) -> bool:
    """Both files of a description: the JSON up to the first line feed, then the arrays."""
    description, _, arrays = data.partition(b"\n")
    files = {OVERLAY: description, ARRAYS: arrays}

    def opened(path: Path) -> MemoryFile:
        return MemoryFile(path.name, files[path.name])

    for form in (INDEX_OVERLAY, CATALOGUE_OVERLAY):
        found = outcome(lambda form=form: read_description(Path("overlay"), form, opened), IndexFormatError)
        if found is not None:
            assert sum(map(len, found.arrays.values())) * 4 == len(arrays)
            for prefix in ("rows", "terms", "titles"):
                splice = outcome(functools.partial(Splice.read, 40, found.arrays, prefix, "overlay"), IndexFormatError)
                assert splice is None or len(splice.all_whole()) == 40
            return True
    return False


def run_catalogue(data: bytes) -> bool:
    """The arrays of a catalogue's overlay, with lengths that begin the input, told with the right digest."""
    folder = _told("catalogue", data)
    catalogue = outcome(lambda: open_catalogue(folder), IndexFormatError)
    if catalogue is None:
        return False
    assert isinstance(catalogue, OverlaidCatalogue)
    try:
        names = [name for _, name in outcome(lambda: list(catalogue.ids()), IndexFormatError) or []]
        for ask in (
            lambda: catalogue.newest(5), lambda: catalogue.newest(9, 3, "journal"),
            lambda: catalogue.browse("book", "I", 5), lambda: catalogue.browse(limit=5, after=3.0),
            lambda: catalogue.browse(limit=5, before=9.0), lambda: list(catalogue.item_rows()),
            lambda: catalogue.counts_by_type(), lambda: catalogue.counts_of_rows(range(catalogue.count)),
            lambda: catalogue.rows(range(catalogue.count)), lambda: list(catalogue.added_records()),
            lambda: list(catalogue.gone_records()),
        ):  # fmt: skip
            outcome(ask, IndexFormatError)
        for name in names[:20]:
            outcome(lambda name=name: (catalogue.get(name), catalogue.children(name)), IndexFormatError)
        for name, _ in outcome(lambda: list(catalogue.item_rows()), IndexFormatError) or []:
            outcome(lambda name=name: catalogue.item(name), IndexFormatError)
    finally:
        catalogue.close()
    return True


def run_index(data: bytes) -> bool:
    """The same of an index: opened, looked through, and asked as readers ask."""
    folder = _told("search", data)
    index = outcome(lambda: open_index(folder), IndexFormatError)
    if index is None:
        return False
    try:
        for place in range(min(index.terms.count, 80)):
            figures = outcome(lambda place=place: index.terms.figures_at(place), IndexFormatError)
            found = figures and outcome(lambda figures=figures: index.postings(figures), IndexFormatError)
            assert not found or not len(found[0]) or int(found[0].max()) < index.records
        for row in range(min(index.records, 40)):
            outcome(lambda row=row: index.text(row), IndexFormatError)
    finally:
        index.close()
    outcome(lambda: _ask(folder), IndexFormatError)
    return True


def _ask(folder: Path) -> None:
    catalogue = open_catalogue(_made() / "catalogue")
    try:
        searcher = Searcher([Part(folder, catalogue)])
        try:
            for query in _QUERIES:
                searcher.search(SearchRequest(q=query, sort="title", mend="search"))
                searcher.search(SearchRequest(q=query, mend="search"))
                searcher.suggest(query)
            searcher.headings.page("creator", "", 1, 20, child=False)
            for one in catalogue.browse(limit=3):
                searcher.related(one, child=False, limit=5)
        finally:
            searcher.close()
    finally:
        catalogue.close()


def _told(part: str, data: bytes) -> Path:
    """The folder of an overlay with other arrays: JSON of lengths and facts up to a line feed, then their bytes."""
    body, _ = _arrays(part)
    head, _, content = data.partition(b"\n")
    try:
        told = json.loads(head)
        lengths, facts = dict(told["arrays"]), {**body["facts"], **told["facts"]}
        rest = len(content) // 4 - sum(lengths.values())
        lengths[next(iter(sorted(lengths)))] += rest  # a change of size is one of the first array
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, StopIteration):
        lengths, facts = body["arrays"], body["facts"]
    text = b"".join(
        json.dumps(v, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")
        for v in (facts, lengths)
    )
    told = {"format": body["format"], "facts": facts, "arrays": lengths}
    told["sha256"] = hashlib.sha256(content + text).hexdigest()
    folder = scratch() / f"told-{part}"
    if not folder.exists():
        folder.mkdir()
        for path in (_made() / part).iterdir():
            if path.name not in {OVERLAY, ARRAYS}:
                (folder / path.name).symlink_to(path)
    (folder / ARRAYS).write_bytes(content)
    (folder / OVERLAY).write_text(json.dumps(told, ensure_ascii=False), "utf-8", "replace")
    return folder


def _seed(part: str) -> bytes:
    body, content = _arrays(part)
    facts = {name: value for name, value in body["facts"].items() if name != "tables"}
    return json.dumps({"arrays": body["arrays"], "facts": facts}).encode() + b"\n" + content


def _described() -> list[bytes]:
    return [(_made() / part / OVERLAY).read_bytes() + b"\n" + _arrays(part)[1] for part in ("catalogue", "search")]


_TOKENS = (*(np.uint32(n).tobytes() for n in (0, 1, 7, 23, 1 << 20, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)), b'"arrays":')

OVERLAYS = (
    Target(
        "overlay-description", "indexer.overlay_files.read_description", _described, run_description,
        (*_TOKENS, b'"facts":{', b'"format":'), 60_000,
    ),
    Target(
        "overlay-catalogue", "indexer.overlay_catalogue.OverlaidCatalogue", lambda: [_seed("catalogue")],
        run_catalogue, _TOKENS, 20_000, seconds=3,
    ),
    Target(
        "overlay-index", "indexer.overlay_index.OverlaidIndex", lambda: [_seed("search")], run_index, _TOKENS, 60_000,
        seconds=6,
    ),
)  # fmt: skip
