"""Lists of a catalogue go on from any title, both ways, in large classes and small ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.catalogue import Catalogue
from tests.indexer.shelf import generated, resource
from tests.indexer.test_catalogue import build, ids


def test_catalogue_walks_in_title_order_from_any_resource_both_ways(tmp_path: Path) -> None:
    catalogue = Catalogue(build(tmp_path, generated(60)))
    whole = catalogue.browse(limit=100)
    walked = catalogue.browse(limit=7)
    while more := catalogue.browse(limit=7, after=catalogue.title_place(walked[-1], behind_equals=True)):
        walked += more
    assert ids(walked) == ids(whole)
    for n, one in enumerate(whole):
        place = catalogue.title_place(one, behind_equals=False)
        assert ids(catalogue.browse(limit=100, before=place)) == ids(whole[:n][::-1])
        assert (
            catalogue.browse(limit=2, after=place, type=one.type)
            == [other for other in whole[n + 1 :] if other.type == one.type][:2]
        )


def test_catalogue_finds_the_place_of_a_title_of_another(tmp_path: Path) -> None:
    mine = [resource(f"m{n}", f"书{n}", title_sort=key) for n, key in enumerate(("b", "d", "d", "f"))]
    hidden = resource("a0", "期", parent="m0", level="volume", title_sort="c")
    catalogue = Catalogue(build(tmp_path, sorted([*mine, hidden], key=lambda one: one.id)))
    for key, before, behind in (
        ("a", 0, 0),
        ("b", 0, 1),
        ("c", 1, 1),
        ("d", 1, 3),
        ("e", 3, 3),
        ("f", 3, 4),
        ("g", 4, 4),
    ):
        other = resource("other", "别的", title_sort=key)
        for expected, behind_equals in ((before, False), (behind, True)):
            place = catalogue.title_place(other, behind_equals=behind_equals)
            assert ids(catalogue.browse(after=place)) == [f"m{n}" for n in range(expected, 4)], key
            assert ids(catalogue.browse(before=place)) == [f"m{n}" for n in reversed(range(expected))], key


@pytest.mark.parametrize("code", ["I", "I2", "I222", "TP", "TP3", "S", "K29.9"])
def test_catalogue_large_classes_are_listed_like_small_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    catalogue = Catalogue(build(tmp_path, generated(60)))
    place = catalogue.title_place(catalogue.browse(limit=1, offset=20)[0], behind_equals=True)
    expected = [catalogue.browse("", code, 50), catalogue.browse("", code, 50, after=place)]
    assert ids(expected[0]) == [one.id for one in catalogue.browse(limit=99) if one.classes[0].code.startswith(code)]
    monkeypatch.setattr("indexer.catalogue._LARGE", 3)
    assert [catalogue.browse("", code, 50), catalogue.browse("", code, 50, after=place)] == expected
