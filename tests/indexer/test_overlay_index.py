"""An index's overlay is the index that is built whole from the newer truth: file by file, and in every answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build_index
from indexer.codec_index import IndexFiles
from indexer.model import Resource
from indexer.overlay_build import build_index_overlay
from indexer.overlay_catalogue import open_catalogue
from indexer.overlay_catalogue_build import build_catalogue_overlay
from indexer.overlay_index import open_index
from indexer.schema import TABLES
from indexer.search import Part, Searcher, SearchRequest
from tests.indexer.editions import edition, next_edition
from tests.indexer.shelf import make_part, resource, write_truth


def overlay(folder: Path, older: Part | Path, resources: list[Resource]) -> Path:
    """A folder with `catalogue` and `search` of the edition, over those of an older one."""
    root = folder.parent / "x" if isinstance(older, Path) else older.index.parent
    old = (
        (root / "catalogue.db", root / "search") if isinstance(older, Part) else (older / "catalogue", older / "search")
    )
    catalogue, items = write_truth(folder, resources)
    build_catalogue_overlay(old[0], catalogue, items, folder / "catalogue")
    build_index_overlay(old[1], folder / "catalogue", folder / "search")
    return folder


def assert_same_files(found: IndexFiles, expected: IndexFiles) -> None:
    assert (found.records, found.total_length) == (expected.records, expected.total_length)
    for name, column in expected.columns.items():
        if name in TABLES:
            mine, theirs = found.tables[name], expected.tables[name]
            assert [mine[n] for n in found.columns[name]] == [theirs[n] for n in column], name
        else:
            assert found.columns[name].tolist() == column.tolist(), name
    everything = np.arange(expected.records, dtype="u4")
    assert found.texts(everything) == expected.texts(everything)
    assert [found.text(row) for row in range(found.records)] == [expected.text(row) for row in range(found.records)]
    terms, theirs_ = found.terms, expected.terms
    assert terms.count == theirs_.count
    keys = theirs_.keys(0, theirs_.count)
    assert terms.keys(0, terms.count) == keys
    last = min(50, terms.count)
    low = min(5, last)
    assert terms.keys(3, last) == keys[3:last]
    assert terms.documents(0, terms.count).tolist() == theirs_.documents(0, theirs_.count).tolist()
    assert terms.documents(low, last).tolist() == theirs_.documents(low, last).tolist()
    for place, key in enumerate(keys):
        assert (terms.key(place), terms.place(key), terms.place(key + b"!")) == (key, place, theirs_.place(key + b"!"))
        rows, weights = found.postings(terms.figures_at(place))
        other_rows, other_weights = expected.postings(theirs_.figures_at(place))
        assert (rows.tolist(), weights.tolist()) == (other_rows.tolist(), other_weights.tolist()), key
    for part in (b"a", "红".encode(), "期".encode()):
        between = (b"\x01", b"\x06")
        mine_ = list(terms.places_containing(between, part, 7))
        assert mine_ == list(theirs_.places_containing(between, part, 7))
    assert found.entries.keys.count == expected.entries.keys.count
    for place in range(expected.entries.keys.count):
        assert found.entries.keys.key(place) == expected.entries.keys.key(place)
        assert found.entries.record(place) == expected.entries.record(place)
        assert found.entries.keys.place(expected.entries.keys.key(place)) == place
    assert found.sounds.keys.count == expected.sounds.keys.count
    for place in range(expected.sounds.keys.count):
        assert found.sounds.keys.key(place) == expected.sounds.keys.key(place)
        assert found.sounds.entry(place) == expected.sounds.entry(place)
    for kind in ("entries", "sounds"):
        for n in (0, 1):
            mine__, other = (getattr(files, kind).scores[n].values.tolist() for files in (found, expected))
            assert mine__ == other


@pytest.mark.parametrize("seed", range(6))
def test_overlay_is_the_whole_index_file_by_file(tmp_path: Path, seed: int) -> None:
    old = edition(80, seed)
    older = make_part(tmp_path / "old", old)
    new = next_edition(old, seed + 100, 0.02 + 0.05 * seed)
    overlay(tmp_path / "new", older, new)
    build_index(sorted(new, key=lambda r: r.id.encode()), tmp_path / "whole")
    assert_same_files(open_index(tmp_path / "new" / "search"), IndexFiles(tmp_path / "whole"))
    again = next_edition(new, seed + 200, 0.05)
    overlay(tmp_path / "again", tmp_path / "new", again)
    build_index(sorted(again, key=lambda r: r.id.encode()), tmp_path / "whole-again")
    assert_same_files(open_index(tmp_path / "again" / "search"), IndexFiles(tmp_path / "whole-again"))


QUERIES = (
    "", "人民", "人民日报", "红楼梦", "红楼 山水", "红楼 OR 日报", "人民 -日报", '"人民日报"', "title:日报",
    "creator:李白", "subject:农业", "人民日报 2001年第3期", "1990-1999年", "year:1960..1999", "class:I2", "isbn:978",
    "nei", "hongloumeng", "rmrb", "hlm", "日", "人民报", "红搂梦", "科学 NOT 技术", "(红楼 OR 农业) 技术", "scien*",
    "鲁迅 王五", "长长长", "第3期", "北京农业红楼技术",
)  # fmt: skip


def requests() -> list[SearchRequest]:
    made = [SearchRequest(q, sort=sort, mend="search") for q, sort in product(QUERIES, ("relevance", "title", "year"))]
    made += [SearchRequest(q, face="child", page=2, size=5) for q in QUERIES[:12]]
    filters: list[dict[str, object]] = [
        {"type": "journal"}, {"clc": "I2"}, {"tree": "sibu:集部"}, {"year_from": 1960, "year_to": 1980},
        {"language": "zh"}, {"available": "yes"}, {"available": "catalogue"}, {"download": "no"}, {"dynasty": "唐"},
        {"audience": "children"},
    ]  # fmt: skip
    made += [SearchRequest(q, **held) for q, held in product(("", "人民日报", "红楼"), filters)]  # type: ignore[arg-type]
    return made + [
        SearchRequest(q, within=f"f{n:04d}", sort=sort, size=50)
        for q, n, sort in product(("", "日报"), range(4), ("issue", "relevance", "title"))
    ]


def assert_same_answers(found: Searcher, expected: Searcher, records: list[Resource]) -> None:
    for request in requests():
        mine, theirs = (replace(s.search(request), took_ms=0) for s in (found, expected))
        assert mine == theirs, request
    for typed in (*QUERIES[1:], "红", "r", "hong", "人民r", "s"):
        for face in ("standard", "child"):
            assert found.suggest(typed, face=face) == expected.suggest(typed, face=face), typed
    for child in (False, True):
        for kind in ("creator", "subject"):
            assert found.headings.letters(kind, child=child) == expected.headings.letters(kind, child=child)
            for letter in ("", *expected.headings.letters(kind, child=child)):
                pages = [s.headings.page(kind, letter, 1, 10, child=child) for s in (found, expected)]
                assert pages[0] == pages[1]
            for name in ("李白", "冰心", "农业", "无此人"):
                mine_, theirs_ = (s.headings.named(kind, name, child=child) for s in (found, expected))
                assert repr(mine_) == repr(theirs_)
                assert found.headings.documents(kind, name) == expected.headings.documents(kind, name)
                assert found.headings.like(kind, name, 5, child=child) == expected.headings.like(
                    kind, name, 5, child=child
                )
        tallies = found.tallies, expected.tallies
        for name in ("classes", "dynasties", "places"):
            assert getattr(tallies[0], name)(child=child) == getattr(tallies[1], name)(child=child)
        assert tallies[0].years(((1900, 1949), (1950, 2020)), child=child) == tallies[1].years(
            ((1900, 1949), (1950, 2020)), child=child
        )
        for one in records:
            assert found.related(one, child=child, limit=8) == expected.related(one, child=child, limit=8)


@pytest.mark.parametrize("seed", range(4))
def test_overlay_answers_as_a_whole_index(tmp_path: Path, seed: int) -> None:
    old = edition(150, seed)
    older = make_part(tmp_path / "old", old)
    new = next_edition(old, seed + 100, 0.12)
    folder = overlay(tmp_path / "new", older, new)
    hidden = frozenset(range(seed, len(new), 17))
    part = Part(folder / "search", open_catalogue(folder / "catalogue"), hidden)
    whole = make_part(tmp_path / "whole", new, hidden)
    assert_same_answers(Searcher([part]), Searcher([whole]), new[::5])
    beside = make_part(tmp_path / "beside", [replace(r, id="x" + r.id) for r in edition(30, seed + 900)])
    several = [Searcher([one, beside]) for one in (part, whole)]
    for request in requests()[::3]:
        mine, theirs = (replace(s.search(request), took_ms=0) for s in several)
        assert mine == theirs, request


def test_readings_that_records_give_stay_with_their_titles(tmp_path: Path) -> None:
    old = [resource(f"a{n}", "重庆长江", title_pinyin="chong qing zhang jiang") for n in range(2)]
    older = make_part(tmp_path / "old", old)
    new = [*old, resource("b0", "重庆长江"), resource("b1", "重庆长江")]
    overlay(tmp_path / "new", older, new)
    build_index(new, tmp_path / "whole")
    assert_same_files(open_index(tmp_path / "new" / "search"), IndexFiles(tmp_path / "whole"))
