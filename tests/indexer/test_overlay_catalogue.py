"""A catalogue's overlay answers as the catalogue that is built whole from the newer truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.catalogue import Catalogue, build_catalogue
from indexer.model import TYPES, Resource
from indexer.overlay_catalogue import OverlaidCatalogue, open_catalogue
from indexer.overlay_catalogue_build import build_catalogue_overlay
from tests.indexer.editions import edition, next_edition
from tests.indexer.shelf import write_truth


def whole(folder: Path, resources: list[Resource]) -> Path:
    catalogue, items = write_truth(folder, resources)
    build_catalogue(catalogue, items, folder / "catalogue.db")
    return folder / "catalogue.db"


def overlay(folder: Path, older: Path, resources: list[Resource]) -> OverlaidCatalogue:
    catalogue, items = write_truth(folder / "truth", resources)
    build_catalogue_overlay(older, catalogue, items, folder / "over")
    opened = open_catalogue(folder / "over")
    assert isinstance(opened, OverlaidCatalogue)
    return opened


def assert_equal(found: Catalogue, expected: Catalogue, strangers: list[Resource]) -> None:
    assert found.count == expected.count
    assert list(found.all_lines()) == list(expected.all_lines())
    assert list(found.ids()) == list(expected.ids())
    assert list(found.item_rows()) == list(expected.item_rows())
    for name, _ in found.item_rows():
        assert found.item(name) == expected.item(name)
    everything = list(range(expected.count))
    assert found.counts_by_type() == expected.counts_by_type()
    assert found.counts_of_rows(everything[::3]) == expected.counts_of_rows(everything[::3])
    assert found.parents_of_rows(everything[::3]) == expected.parents_of_rows(everything[::3])
    for kind in ("", *TYPES[:4]):
        for limit, offset in ((7, 0), (7, 5), (500, 0)):
            assert found.newest(limit, offset, kind) == expected.newest(limit, offset, kind)
            for clc in ("", "I", "I2", "K29"):
                assert found.browse(kind, clc, limit, offset) == expected.browse(kind, clc, limit, offset)
    for _, one in expected.all_lines():
        assert found.get(one.id) == one
        assert found.row_of(one.id) == expected.row_of(one.id)
        assert found.parts_count(one.id) == expected.parts_count(one.id)
        assert found.children(one.id) == expected.children(one.id)
        assert found.ids_below([one.id, one.parent]) == expected.ids_below([one.id, one.parent])
        place = expected.title_place(one, behind_equals=False)
        assert found.title_place(one, behind_equals=True) == place
        assert found.browse(limit=5, after=place) == expected.browse(limit=5, after=place)
        assert found.browse(limit=5, before=place) == expected.browse(limit=5, before=place)
    for one in strangers:
        assert (found.get(one.id), found.row_of(one.id)) == (expected.get(one.id), expected.row_of(one.id))
        for behind in (True, False):
            mine, theirs = (c.title_place(one, behind_equals=behind) for c in (found, expected))
            assert found.browse(limit=9, after=mine) == expected.browse(limit=9, after=theirs)
            assert found.browse(limit=9, before=mine) == expected.browse(limit=9, before=theirs)


@pytest.mark.parametrize("seed", range(8))
def test_overlay_answers_as_a_whole_catalogue(tmp_path: Path, seed: int) -> None:
    old = edition(90, seed)
    new = next_edition(old, seed + 100, 0.02 + 0.04 * seed)
    older = whole(tmp_path / "old", old)
    found = overlay(tmp_path / "new", older, new)
    expected = Catalogue(whole(tmp_path / "whole", new))
    assert_equal(found, expected, [*edition(20, seed + 50), *old[:20]])
    again = next_edition(new, seed + 200, 0.05)
    assert_equal(
        overlay(tmp_path / "again", tmp_path / "new" / "over", again),
        Catalogue(whole(tmp_path / "again-whole", again)),
        old[:9],
    )
