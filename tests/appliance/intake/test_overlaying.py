"""Tests of appliance.intake.overlaying: an edition that came by a delta is searched over the older one's files."""

from __future__ import annotations

import queue

import pytest

from appliance.intake import overlaying
from appliance.intake.making import Maker
from appliance.intake.rebuild import build
from appliance.library.shelf import OpenRelease
from indexer.codec_index import IndexFiles
from indexer.overlay_catalogue import OverlaidCatalogue
from indexer.overlay_index import OverlaidIndex, open_index
from indexer.search import Part, Searcher, SearchRequest
from tests.appliance.stock import Stock, store_at, verified
from tests.simulator import SMALL

NEWER = {
    **{name: SMALL[name] for name in SMALL if name != "big-map"},
    "two-parts": ("上下册，修订", {"a.txt": b"first, revised\n", "b.txt": b"second\n"}),
    "fresh": ("新到的书", {"fresh.txt": b"fresh\n"}),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    stock = Stock(tmp_path_factory.mktemp("made"))
    works = [stock.work(1), stock.work(2, sources=NEWER), stock.work(3, sources={**NEWER, "last": SMALL["big-map"]})]
    return [(stock.drive(work, f"media/{n}"), stock.admission(work)) for n, work in enumerate(works)]


@pytest.fixture
def store(tmp_path):
    return store_at(tmp_path)


@pytest.fixture
def light(monkeypatch):
    monkeypatch.setattr(overlaying, "HEAVY", 100)


class Making:
    """A maker whose work is done in this process, step by step."""

    def __init__(self, store):
        self.told, self.store = queue.Queue(), store
        self.maker = Maker(store, lambda key, found: self.told.put((key, found)), run=self._run)

    def _run(self, task, progress, _stop):
        build(task, lambda done, _total: progress(done, 0))
        return True

    def make(self, stored, parts=2):
        self.maker.update([stored])
        for _ in range(parts):
            _, found = self.told.get(timeout=60)
            assert found is not None
        return self.store.get(stored.folder)


@pytest.fixture
def making(store):
    found = Making(store)
    yield found
    found.maker.close()


def add(store, drive, admission):
    return store.add(verified(store, drive, admission), admission, {})


def ids(opened, path):
    searcher = Searcher([Part(path, opened.catalogue)])
    found = [hit.resource.id for hit in searcher.search(SearchRequest(sort="title")).hits]
    searcher.close()
    return found


def test_edition_lies_over_the_older_one_and_outlives_it(store, made, making, light):
    older = making.make(add(store, *made[0]))
    assert older.parts == {"catalogue": "meta/catalogue.1.db", "search": "meta/search.1"}
    newer = making.make(add(store, *made[1]))
    assert newer.parts == {"catalogue": "meta/catalogue.1", "search": "meta/search.1"}
    store.drop(older)
    opened = OpenRelease(newer.path, newer.parts["catalogue"])
    assert isinstance(opened.catalogue, OverlaidCatalogue)
    assert opened.catalogue.get("big-map") is None
    assert opened.catalogue.get("two-parts").title == "上下册，修订"
    assert set(ids(opened, newer.path / newer.parts["search"])) == set(NEWER)
    for name in NEWER:
        for item in opened.catalogue.get(name).items:
            assert opened.catalogue.item(item.id).item == item
    last = making.make(add(store, *made[2]))
    again = OpenRelease(last.path, last.parts["catalogue"])
    assert set(ids(again, last.path / last.parts["search"])) == {*NEWER, "last"}
    base = last.path / last.parts["search"] / "base"
    assert not isinstance(open_index(base), OverlaidIndex)  # the first edition's: never one over another
    assert again.catalogue.base.get("big-map") is not None


def test_much_over_little_is_made_whole_afterwards_and_takes_its_place(store, made, making):
    making.make(add(store, *made[0]))
    newer = making.make(add(store, *made[1]), parts=4)
    assert newer.parts == {"catalogue": "meta/catalogue.2.db", "search": "meta/search.2"}
    assert {path.name for path in store.outdated(newer)} == {"catalogue.1", "search.1"}
    assert set(ids(OpenRelease(newer.path, newer.parts["catalogue"]), newer.path / newer.parts["search"])) == set(NEWER)
    making.maker.update([newer])
    assert not making.maker.busy


def test_part_that_is_asked_for_again_is_made_whole(store, made, making, light):
    making.make(add(store, *made[0]))
    newer = making.make(add(store, *made[1]))
    damaged = newer.path / newer.parts["search"] / "arrays.bin"
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    newer = store.set_parts(newer, {"catalogue": newer.parts["catalogue"]})
    making.maker.again(newer.folder, "search")
    newer = making.make(newer, parts=1)
    assert isinstance(open_index(newer.path / newer.parts["search"]), IndexFiles)
    assert not (newer.path / newer.parts["search"] / "overlay.json").exists()


def test_index_is_made_whole_where_the_older_one_is_of_another_base(store, made, making, light):
    older = making.make(add(store, *made[0]))
    newer = add(store, *made[1])
    making.make(newer)
    newer = store.get(newer.folder)
    assert overlaying.older_of(newer, "search", store.all()) == older.path / older.parts["search"]
    last = making.make(add(store, *made[2]))
    store.drop(older)
    store.drop(newer)
    assert overlaying.older_of(last, "search", store.all()) is None


def test_index_is_made_whole_while_the_older_one_has_a_whole_catalogue_and_an_index_over_another(
    store, made, making, light
):
    making.make(add(store, *made[0]))
    newer = making.make(add(store, *made[1]))
    newer = store.set_parts(newer, {"search": newer.parts["search"]})
    making.maker.again(newer.folder, "catalogue")
    newer = making.make(newer, parts=1)  # as between the two parts of a heavy edition that is made whole
    assert newer.parts == {"catalogue": "meta/catalogue.2.db", "search": "meta/search.1"}
    last = making.make(add(store, *made[2]))
    assert last.parts == {"catalogue": "meta/catalogue.1", "search": "meta/search.1"}
    assert not isinstance(open_index(last.path / "meta/search.1"), OverlaidIndex)
    assert set(ids(OpenRelease(last.path, "meta/catalogue.1"), last.path / "meta/search.1")) == {*NEWER, "last"}


def test_what_cannot_be_laid_over_is_made_whole(store, made, making, light, capfd):
    older = making.make(add(store, *made[0]))
    (older.path / older.parts["catalogue"]).write_bytes(b"no database")
    newer = making.make(add(store, *made[1]))
    assert newer.parts == {"catalogue": "meta/catalogue.1.db", "search": "meta/search.1"}
    assert "is made whole" in capfd.readouterr().err
