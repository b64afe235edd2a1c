"""Tests of a library of two bundles, one of them damaged or not ready: the other answers and the worker is asked."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from appliance.errors import SearchNotReadyError
from appliance.library.keeper import LibraryKeeper
from appliance.library.salvage import MOST_FAILURES, batches_of, page_of
from appliance.store.holdings import Part
from indexer.errors import IndexFormatError
from indexer.search import SearchRequest
from tests.appliance.library.world import CHILDREN, World

SKY, MAP = SearchRequest(q="看天空"), SearchRequest(q="大地图")


def spoil_records(world, bundle, where="1"):
    """Records that cannot be read, in a database that can: as signed by a careless issuer."""
    stored = next(s for s in world.store.all() if s.release.bundle == bundle)
    with closing(sqlite3.connect(stored.path / stored.parts["catalogue"])) as catalogue, catalogue:
        changed = catalogue.execute(f"UPDATE resource SET line = '{{}}' WHERE {where}")  # noqa: S608
        assert changed.rowcount
    return stored.folder


def spoil_index(world, bundle, kind="trm"):
    """A file of the index that is open, in its right size, with nonsense after its header."""
    stored = next(s for s in world.store.all() if s.release.bundle == bundle)
    (file,) = (stored.path / stored.parts["search"]).glob(f"*.{kind}")
    with file.open("r+b") as out:
        header = 64 if kind == "trm" else 0
        out.seek(header)
        out.write(b"\xff" * (file.stat().st_size - header))
    return stored.folder


def titles(found):
    return sorted(hit.held.resource.id for hit in found.hits)


def shown(library):
    return sorted(held.resource.id for held in library.browse())


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.take(world.stock.work(1, ready=True), "one")
    world.take(world.stock.work(1, bundle="children", sources=CHILDREN, ready=True), "child")
    return world


@pytest.fixture
def told():
    return []


@pytest.fixture
def keeper(world, told):
    return world.keeper(broken=lambda *what: told.append(what))


def test_record_spoiled_while_open_is_left_out_of_every_answer_and_told_once(world, keeper, told):
    library = keeper.library
    lost = LibraryKeeper(world.file, world.releases).library.resource("big-map").resource.items[0].id
    folder = spoil_records(world, "national", "id = 'big-map'")
    assert shown(library) == ["entry-only", "red-chamber", "sky", "two-parts"]
    assert sorted(h.resource.id for h in library.newest()) == ["red-chamber", "sky", "two-parts"]
    assert library.resource("big-map") is None
    assert library.item(lost) is None
    assert titles(library.search(SearchRequest())) == ["entry-only", "red-chamber", "sky", "two-parts"]
    assert library.search(MAP).total == 0
    assert titles(library.search(SKY)) == ["sky"]
    assert library.resource("two-parts").available
    assert told == [(folder, "catalogue")]


def test_record_spoiled_in_the_only_bundle_leaves_the_others_in_pages(tmp_path, told):
    world = World(tmp_path)
    world.take(world.stock.work(1, ready=True), "one")
    library = world.keeper(broken=lambda *what: told.append(what)).library
    spoil_records(world, "national", "id = 'red-chamber'")
    assert shown(library) == ["big-map", "entry-only", "two-parts"]
    pages = [library.browse(limit=1, offset=n) for n in range(6)]
    assert [len(page) for page in pages] in (
        [0, 1, 1, 1, 0, 0],
        [1, 0, 1, 1, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [1, 1, 1, 0, 0, 0],
    )
    assert len(told) == 1


def test_catalogue_that_cannot_be_read_any_more_leaves_the_other_bundle(world, keeper, told):
    library = keeper.library
    folder = spoil_records(world, "national")
    assert shown(library) == ["sky"]
    assert titles(library.search(SearchRequest())) == ["sky"]
    assert library.children("x") == []
    assert told == [(folder, "catalogue")]


def test_catalogue_of_torn_pages_leaves_the_other_bundle(world, keeper, told):
    library = keeper.library
    stored = next(s for s in world.store.all() if s.release.bundle == "national")
    path = stored.path / stored.parts["catalogue"]
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    held = LibraryKeeper(world.file, world.releases).library  # a process that starts now
    for view in (library, held):
        assert view.resource("sky").resource.title == "看天空"
        assert "sky" in shown(view)
        assert titles(view.search(SKY)) == ["sky"]


def test_catalogue_being_made_again_is_read_as_far_as_it_can_be(world, keeper, told):
    folder = spoil_records(world, "national", "id = 'big-map'")
    assert keeper.library.resource("big-map") is None
    world.parts[folder, "catalogue"] = Part("rebuilding", percent=3)
    world.publish()
    assert keeper.refresh()
    assert shown(keeper.library) == ["entry-only", "red-chamber", "sky", "two-parts"]
    assert titles(keeper.library.search(SearchRequest())) == ["entry-only", "red-chamber", "sky", "two-parts"]
    assert told == [(folder, "catalogue")]  # it is being made already
    world.parts[folder, "catalogue"] = Part("failed", percent=0)
    world.publish()
    assert keeper.refresh()
    assert shown(keeper.library) == ["red-chamber", "sky"]


@pytest.mark.parametrize("bundle", ["national", "children"])
def test_index_damaged_while_open_leaves_the_other_bundle(world, keeper, told, bundle):
    library = keeper.library
    lost, kept, name = (MAP, SKY, "sky") if bundle == "national" else (SKY, MAP, "big-map")
    folder = spoil_index(world, bundle)
    assert library.search(lost).total == 0
    assert titles(library.search(kept)) == [name]
    assert told == [(folder, "search")]
    assert not library.stats().search_ready
    assert len(library.browse()) == 5


def test_index_that_names_records_there_are_not_is_the_index_to_make_again(world, told):
    folder = spoil_index(world, "national", "rid.col")
    library = world.keeper(broken=lambda *what: told.append(what)).library
    assert titles(library.search(SearchRequest())) == ["sky"]
    assert told == [(folder, "search")]


def test_index_that_cannot_be_opened_leaves_the_other_bundle(world, told):
    stored = next(s for s in world.store.all() if s.release.bundle == "national")
    for file in (stored.path / stored.parts["search"]).iterdir():
        file.write_bytes(b"damaged")
    library = world.keeper(broken=lambda *what: told.append(what)).library
    assert titles(library.search(SKY)) == ["sky"]
    assert told == [(stored.folder, "search")]


def test_every_index_damaged_says_that_search_is_not_ready(world, keeper, told):
    folders = {spoil_index(world, "national"), spoil_index(world, "children")}
    for _ in range(2):
        with pytest.raises(SearchNotReadyError):
            keeper.library.search(SKY)
    assert {folder for folder, _ in told} == folders
    assert len(told) == 2


def test_index_being_made_leaves_search_to_the_bundles_that_are_ready(world, keeper):
    folder = world.stored_folder("children")
    for state in (Part("waiting", percent=0), Part("rebuilding", percent=7, seconds_left=30)):
        world.parts[folder, "search"] = state
        world.publish()
        assert keeper.refresh()
        library = keeper.library
        assert titles(library.search(MAP)) == ["big-map"]
        assert library.search(SKY).total == 0
        stats = library.stats()
        assert (stats.search_ready, stats.search_percent) == (False, state.percent)
    world.parts[world.stored_folder("national"), "search"] = Part("waiting", percent=0)
    world.publish()
    assert keeper.refresh()
    with pytest.raises(SearchNotReadyError) as caught:
        keeper.library.search(MAP)
    assert (caught.value.percent, caught.value.seconds_left) == (0, 30)
    world.parts.clear()
    world.publish()
    assert keeper.refresh()
    assert titles(keeper.library.search(SKY)) == ["sky"]
    assert keeper.library.stats().search_ready


def test_worker_that_cannot_be_asked_is_asked_again(world, caplog):
    calls = []

    def full(*what):
        calls.append(what)
        if len(calls) == 1:
            raise OSError("no space")

    keeper = world.keeper(broken=full)
    spoil_records(world, "national", "id = 'big-map'")
    for _ in range(3):
        assert keeper.library.resource("big-map") is None
    assert len(calls) == 2
    assert "could not be asked" in caplog.text


@pytest.mark.parametrize(("count", "bad"), [(0, ()), (1, (0,)), (250, (0, 99, 100, 249)), (7, (3,))])
def test_salvage_gives_all_that_can_be_read(count, bad):
    asked = []

    def ask(limit, offset):
        asked.append(limit)
        found = list(range(count))[offset : offset + limit]
        if set(found) & set(bad):
            raise IndexFormatError("x", "bad")
        return found

    assert [n for batch in batches_of(ask, lambda _error: None) for n in batch] == [
        n for n in range(count) if n not in bad
    ]
    assert len(asked) < 80


def test_salvage_of_nothing_but_damage_ends_soon():
    failures = []

    def ask(limit, offset):
        raise IndexFormatError("x", "bad")

    assert list(batches_of(ask, failures.append)) == []
    assert page_of(ask, 0, 0, failures.append) == []
    assert len(failures) <= MOST_FAILURES + 2
