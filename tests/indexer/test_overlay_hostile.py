"""An overlay that cannot be true is refused, or answers without any other error."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import IndexFormatError, OverlayError
from indexer.formats import CATALOGUE_OVERLAY, INDEX_OVERLAY
from indexer.overlay_build import build_index_overlay
from indexer.overlay_catalogue import open_catalogue
from indexer.overlay_catalogue_build import build_catalogue_overlay
from indexer.overlay_files import ARRAYS, OVERLAY, read_description, write_description
from indexer.overlay_index import open_index
from indexer.search import Part, Searcher, SearchRequest
from indexer.splice import Splice
from tests.indexer.editions import edition, next_edition
from tests.indexer.shelf import make_part, resource, write_truth
from tests.indexer.test_overlay_index import overlay

QUERIES = ("", "人民", "红楼梦 OR 日报", "hongloumeng", "红搂梦", '"人民日报"', "title:日报 -人民")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    old = edition(60, 3)
    return overlay(folder / "new", make_part(folder / "old", old), next_edition(old, 4, 0.2))


def ask(folder: Path) -> None:
    """Ask for all that an overlay decides."""
    catalogue = open_catalogue(folder / "catalogue")
    searcher = Searcher([Part(folder / "search", catalogue)])
    for text in QUERIES:
        for sort in ("relevance", "title"):
            searcher.search(SearchRequest(text, sort=sort, mend="search"))
        searcher.suggest(text)
    searcher.headings.page("creator", "", 1, 20, child=False)
    for one in catalogue.browse(limit=20):
        catalogue.children(one.id)
        searcher.related(one, child=False, limit=5)
    catalogue.newest(10)
    for name, _ in catalogue.item_rows():
        catalogue.item(name)


def test_overlay_that_is_whole_answers(made: Path) -> None:
    ask(made)


@pytest.mark.parametrize(("part", "form"), [("catalogue", CATALOGUE_OVERLAY), ("search", INDEX_OVERLAY)])
def test_arrays_that_lie_are_refused_or_do_no_harm(made: Path, tmp_path: Path, part: str, form: str) -> None:
    described = read_description(made / part, form)
    chance = random.Random(5)
    refused = 0
    for number, name in enumerate(sorted(described.arrays) * 3):
        folder = tmp_path / str(number)
        shutil.copytree(made, folder)
        arrays = {key: np.array(array) for key, array in described.arrays.items()}
        if not len(arrays[name]):
            arrays[name] = np.zeros(1, "u4")
        change = chance.randrange(3)
        place = chance.randrange(len(arrays[name]))
        if change == 0:
            arrays[name][place] = chance.choice([0, 1, 7, 50, 1 << 20, 0xFFFFFFFF])
        elif change == 1:
            arrays[name] = np.delete(arrays[name], place)
        else:
            arrays[name] = np.insert(arrays[name], place, chance.randrange(60))
        write_description(folder / part, form, described.facts, arrays)
        try:
            ask(folder)
        except IndexFormatError:
            refused += 1
        shutil.rmtree(folder)
    assert refused > len(described.arrays)


@pytest.mark.parametrize("name", [OVERLAY, ARRAYS])
@pytest.mark.parametrize("part", ["catalogue", "search"])
def test_damaged_description_is_refused(made: Path, tmp_path: Path, part: str, name: str) -> None:
    shutil.copytree(made, tmp_path / "copy")
    path = tmp_path / "copy" / part / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IndexFormatError):
        open_index(path.parent) if part == "search" else open_catalogue(path.parent)


def test_no_overlay_over_another_index(made: Path, tmp_path: Path) -> None:
    other = make_part(tmp_path / "other", edition(60, 99))
    with pytest.raises((OverlayError, IndexFormatError)):
        build_index_overlay(other.index, made / "catalogue", tmp_path / "out")


def test_no_overlay_where_most_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.overlay_catalogue_build.AT_LEAST", 0)
    older = make_part(tmp_path / "old", edition(40, 1))
    catalogue, items = write_truth(tmp_path / "new", [resource(f"z{n}", "别的") for n in range(40)])
    with pytest.raises(OverlayError):
        build_catalogue_overlay(older.index.parent / "catalogue.db", catalogue, items, tmp_path / "out")


@pytest.mark.parametrize("seed", range(20))
def test_splice_joins_as_lists_do(seed: int) -> None:
    chance = random.Random(seed)
    base = sorted(chance.sample(range(1000), chance.randint(0, 60)))
    kept = [key for key in base if chance.random() < 0.7]
    put = sorted({chance.randrange(1000) for _ in range(chance.randint(0, 30))} - set(kept))
    dead = [place for place, key in enumerate(base) if key not in kept]
    at = [sum(other < key for other in base) for key in put]
    same = [put.index(base[place]) if base[place] in put else 0xFFFFFFFF for place in dead]
    splice = Splice(len(base), *(np.array(part, "u4") for part in (dead, at, same)))
    whole = sorted([*kept, *put])
    assert splice.count == len(whole)
    for place, key in enumerate(whole):
        is_put, source = splice.source(place)
        assert (put if is_put else base)[source] == key
        cut = splice.cut(place)
        assert [k for k in base[cut[0] :] if k in kept] == [k for k in kept if k >= key]
        assert put[cut[1] :] == [k for k in put if k >= key]
    wholes, heirs = splice.all_whole(), splice.all_heirs()
    for place, key in enumerate(base):
        expected = whole.index(key) if key in kept else None
        assert splice.whole(place) == expected
        assert splice.heir(place) == (whole.index(key) if key in whole else None)
        assert int(wholes[place]) == (0xFFFFFFFF if expected is None else expected)
        assert int(heirs[place]) == (whole.index(key) if key in whole else 0xFFFFFFFF)
    assert splice.spread(np.array(base, "u4"), np.array(put, "u4")).tolist() == whole


def test_description_of_what_no_bytes_stand_for_is_refused(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "copy")
    path = tmp_path / "copy" / "search" / OVERLAY
    path.write_bytes(path.read_bytes().replace(b'"segment":"', b'"segment":"\\ud800'))
    with pytest.raises(IndexFormatError):
        open_index(path.parent)


def test_arrays_without_bounds_are_neither_read_nor_written(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = read_description(made / "search", INDEX_OVERLAY)
    monkeypatch.setattr("indexer.overlay_files.MAX_ARRAYS", 100)
    with pytest.raises(IndexFormatError):
        read_description(made / "search", INDEX_OVERLAY)
    with pytest.raises(OverlayError):
        write_description(tmp_path, INDEX_OVERLAY, described.facts, described.arrays)
