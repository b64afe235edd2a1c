"""Tests of the library on real releases: union, availability, items, search."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from appliance.errors import SearchNotReadyError
from appliance.library.keeper import LibraryKeeper
from appliance.library.model import Beside
from appliance.library.shelf import ItemDigests
from appliance.library.union import precedence
from appliance.store.holdings import HeldRelease, Part
from indexer.model import Item, Resource, item_id
from indexer.schema import sort_key
from indexer.search import SearchRequest
from packager.format.chunks import chunk_count
from packager.format.layout import CHUNK, item_path
from tests.appliance.library.world import CHILDREN, NEWER, ids


def test_library_before_the_first_drive_is_empty(tmp_path):
    library = LibraryKeeper(tmp_path / "none.json", tmp_path).library
    assert library.stats().resources == library.stats().releases == 0
    assert library.stats().search_ready
    assert library.resource("x") is None
    assert library.item("a" * 20) is None
    assert library.browse() == library.newest() == library.children("x") == []
    with pytest.raises(SearchNotReadyError):
        library.search(SearchRequest(q="x"))


def test_resource_with_its_drive_is_available(national):
    library = national.library()
    held = library.resource("red-chamber")
    assert held is not None
    assert (held.available, held.missing_disk, held.catalogue_only) == (True, 0, False)
    entry = library.resource("entry-only")
    assert entry is not None
    assert (entry.available, entry.missing_disk, entry.catalogue_only) == (False, 0, True)
    assert library.resource("nobody") is None


def test_resource_without_its_drive_says_which_to_plug_in(national):
    national.unplug("one")
    held = national.library().resource("red-chamber")
    assert held is not None
    assert (held.available, held.missing_disk, held.missing_drive) == (False, 1, "国家版")


@pytest.mark.parametrize("identity", ["red-chamber", "big-map"])
def test_item_gives_bytes_that_its_digests_prove(national, identity):
    library = national.library()
    for record in library.resource(identity).resource.items:
        held = library.item(record.id)
        assert held.resource.id == identity
        (place,) = held.places
        descriptor = held.open(place)
        try:
            content = os.read(descriptor, 1 << 22)
        finally:
            os.close(descriptor)
        chunks = max(1, chunk_count(held.item.size))
        for n in range(chunks):
            assert hashlib.sha256(content[n * CHUNK : (n + 1) * CHUNK]).digest() == held.digest(n)
        for outside in (-1, chunks):
            with pytest.raises(IndexError):
                held.digest(outside)
        assert isinstance(held.digest, ItemDigests)
        assert held.digest.item_id == record.id


def test_item_link_on_the_drive_is_never_followed(national, tmp_path):
    library = national.library()
    held = library.item(library.resource("red-chamber").resource.items[0].id)
    path = Path(held.places[0].root) / "bag" / held.item.path
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        held.open(held.places[0])
    path.unlink()
    with pytest.raises(FileNotFoundError):
        held.open(held.places[0])


def test_search_answers_with_availability(national):
    found = national.library().search(SearchRequest(q="红楼"))
    assert [h.held.resource.id for h in found.hits] == ["red-chamber"]
    assert found.hits[0].held.available
    assert found.hits[0].why == "title"
    assert (found.total, found.total_exact) == (1, True)
    assert dict(found.facets)["type"] == (("book", 1),)


def test_search_not_ready_tells_progress_and_browsing_works(national):
    folder = national.store.all()[0].folder
    national.parts[folder, "search"] = Part("rebuilding", percent=40, seconds_left=90)
    library = national.library()
    with pytest.raises(SearchNotReadyError) as caught:
        library.search(SearchRequest(q="红楼"))
    assert (caught.value.percent, caught.value.seconds_left) == (40, 90)
    assert len(library.browse()) == 4
    stats = library.stats()
    assert (stats.search_ready, stats.search_percent, stats.resources) == (False, 40, 4)


@pytest.mark.parametrize("part", ["catalogue", "search"])
def test_release_whose_index_cannot_be_made_leaves_search_to_the_others(national, part):
    national.take(national.stock.work(1, bundle="children", sources=CHILDREN, ready=True), "child")
    folder = national.stored_folder("children")
    national.parts[folder, part] = national.parts[folder, "search"] = Part("failed", percent=0)
    library = national.library()
    assert [hit.held.resource.title for hit in library.search(SearchRequest(q="大地图")).hits] == ["大地图"]
    assert library.search(SearchRequest(q="看天空")).total == 0
    assert (library.stats().search_ready, library.stats().search_percent) == (True, 100)
    assert (library.resource("sky") is None) == (part == "catalogue")


def test_catalogue_that_opens_and_cannot_be_read_leaves_the_others(national):
    national.take(national.stock.work(1, bundle="children", sources=CHILDREN, ready=True), "child")
    folder = national.stored_folder("children")
    with closing(sqlite3.connect(national.releases / folder / "meta/catalogue.db")) as catalogue, catalogue:
        catalogue.execute("UPDATE resource SET line = '{}'")
    told = []
    library = national.keeper(broken=lambda *what: told.append(what)).library
    assert library.resource("big-map").resource.title == "大地图"
    assert library.resource("sky") is None
    assert told == [(folder, "catalogue")]


def test_catalogue_not_ready_the_release_is_not_there_yet(national):
    folder = national.store.all()[0].folder
    national.parts[folder, "catalogue"] = Part("rebuilding", percent=3)
    library = national.library()
    assert library.resource("red-chamber") is None
    assert library.stats().resources == 0
    with pytest.raises(SearchNotReadyError):
        library.search(SearchRequest(q="x"))


def test_lists_of_two_bundles_go_on_beside_any_resource(national):
    national.take(national.stock.work(1, ready=True, bundle="children", sources=CHILDREN), "two")
    library = national.library()
    whole = library.browse()
    assert len(whole) == 5
    for n, held in enumerate(whole):
        assert ids(library.browse(limit=2, beside=Beside(held.resource))) == ids(whole[n + 1 : n + 3])
        assert ids(library.browse(limit=2, beside=Beside(held.resource, before=True))) == ids(whole[max(0, n - 2) : n])
    assert ids(library.browse(limit=2, beside=Beside(None, before=True))) == ids(whole[-2:])
    national.withdrawn = (whole[2].resource.id,)
    library = national.library()
    assert ids(library.browse(beside=Beside(whole[0].resource))) == ids(whole[1:2] + whole[3:])
    assert ids(library.browse(beside=Beside(whole[2].resource))) == ids(whole[3:])


def test_two_bundles_are_one_library(national):
    work = national.stock.work(1, ready=True, bundle="children", sources=CHILDREN, issued=date(2026, 11, 30))
    national.take(work, "two")
    library = national.library()
    assert library.resource("red-chamber").resource.title == "红楼梦"  # the national record, whatever was issued last
    assert sorted(ids(library.browse())) == ["big-map", "entry-only", "red-chamber", "sky", "two-parts"]
    keys = [sort_key(held.resource) for held in library.browse()]
    assert keys == sorted(keys)
    assert library.stats().resources == 5
    assert library.counts() == {"book": 5}
    assert sorted(ids(library.newest())) == ["big-map", "red-chamber", "sky", "two-parts"]
    assert ids(library.newest(1)) == ["sky"]  # what was issued last comes first
    assert len(library.browse(limit=2, offset=1)) == 2
    found = library.search(SearchRequest(q="红楼"))
    assert [h.held.resource.title for h in found.hits] == ["红楼梦"]
    assert found.hits[0].held.release.bundle == "national"
    old_item = library.resource("big-map").resource.items[0]
    assert library.item(old_item.id).release.bundle == "national"
    assert library.stats().edition == "2026.01"
    assert [h.resource.id for h in library.held(h.resource for h in library.browse())] == ids(library.browse())


def test_hidden_records_of_the_larger_bundle_are_found_from_the_smaller_one(national):
    more = {**CHILDREN, **{f"c{n}": (f"童书 {n}", {"c.txt": b"%d" % n}) for n in range(5)}}
    work = national.stock.work(1, ready=True, bundle="children", sources=more)
    national.take(work, "two")
    library = national.library()
    assert library.resource("red-chamber").resource.title == "红楼梦"
    assert library.stats().resources == 10
    assert library.counts() == {"book": 10}


def test_older_drive_serves_what_has_not_changed(national):
    work = national.stock.work(2, ready=True, sources=NEWER, supersedes=1)
    national.take(work, "two")
    national.unplug("two")
    library = national.library()
    assert [r.seq for r in library.holdings.live()] == [2]
    assert library.resource("big-map").available
    assert library.resource("entry-only") is None
    changed = library.resource("two-parts")
    assert not changed.available
    assert changed.missing_disk == 1
    first, second = changed.resource.items
    assert [p.drive for p in library.item(second.id).places] == ["one"]
    assert library.item(first.id).places == ()
    assert library.item(first.id).missing_disk == 1


def test_own_drive_comes_before_an_older_one(national):
    work = national.stock.work(2, ready=True, sources=NEWER, supersedes=1)
    national.take(work, "two")
    library = national.library()
    item = library.resource("red-chamber").resource.items[0]
    assert [p.drive for p in library.item(item.id).places] == ["two", "one"]


def test_set_of_two_knows_what_is_on_the_other_drive(world):
    work = world.stock.work(1, drives=2)
    one, two = world.stock.drives(work)
    world.take(work, "one", one, 1)
    world.trusted = world.trusted[:1]
    library = world.library()
    states = {h.resource.id: (h.available, h.missing_disk) for h in library.browse()}
    assert states == {
        "big-map": (False, 2), "two-parts": (False, 2), "red-chamber": (True, 0), "entry-only": (False, 0),
    }  # fmt: skip
    world.take(work, "two", two, 2)
    world.trusted = world.trusted[:1]
    keeper = world.keeper()
    assert all(h.available or h.catalogue_only for h in keeper.library.browse())
    world.unplug("one")
    world.publish()
    assert keeper.refresh()
    missing = {h.resource.id: h.missing_disk for h in keeper.library.browse() if not h.catalogue_only}
    assert missing == {"big-map": 0, "two-parts": 0, "red-chamber": 1}


def issue(name, **members):
    path = item_path(item_id(name, "part", "a.txt"), "txt")
    content = name.encode()
    digest = hashlib.sha256(content).hexdigest()
    item = Item(item_id(name, "part", "a.txt"), "part", 0, path, "text/plain", len(content), digest)
    return Resource(id=name, title=f"月刊 {name}", type="journal", items=(item,), **members), {path: content}


def test_withdrawn_issues_are_in_no_list_count_or_answer_and_come_back_when_given_back(world):
    records = [(Resource(id="serial", title="月刊", type="journal", level="serial"), {})]
    records += [issue(f"issue-{n}", parent="serial", level="issue", seq=n) for n in (1, 2, 3)]
    records += [issue("alone", first_release=1)]
    world.take(world.stock.work(1, ready=True, records=records), "one")
    keeper = world.keeper()
    before = keeper.library
    assert before.parts_count("serial") == (3, "issue")
    world.withdrawn = ("alone", "issue-2", "unheard-of")
    world.publish()
    assert keeper.refresh()
    library = keeper.library
    assert [part.record.id for part in library.parts("serial")] == ["issue-1", "issue-3"]
    assert library.parts_count("serial") == (2, "issue")
    assert ids(library.children("serial")) == ["issue-1", "issue-3"]
    assert ids(library.browse()) == ["serial"]
    assert "alone" not in ids(library.newest())
    assert library.stats().resources == before.stats().resources - 2
    assert library.counts() == {"journal": 1}
    found = library.search(SearchRequest(q="月刊", within="serial")).hits
    assert sorted(hit.held.resource.id for hit in found) == ["issue-1", "issue-3"]
    assert library.is_withdrawn("alone")
    assert library.resource("alone") is not None  # its page says what became of it
    world.withdrawn = ()
    world.publish()
    assert keeper.refresh()
    assert keeper.library.parts_count("serial") == (3, "issue")
    assert sorted(ids(keeper.library.browse())) == ["alone", "serial"]


def test_withdrawn_serial_takes_its_issues_along_in_every_bundle(world):
    """The second bundle's issues are on no list: only their records say whose they are, one of them at two removes."""
    serial = (Resource(id="serial", title="月刊", type="journal", level="serial"), {})
    world.take(world.stock.work(1, ready=True, records=[serial, issue("issue-1", parent="serial", level="issue"),
                                                        issue("alone")]), "one")  # fmt: skip
    others = [issue("issue-2", parent="serial", level="issue"), issue("part-9", parent="issue-2", level="part")]
    others += [issue("ring-a", parent="ring-b"), issue("ring-b", parent="ring-a")]
    world.take(world.stock.work(1, ready=True, bundle="children", records=others), "two")
    keeper = world.keeper()
    items = {name: keeper.library.resource(name).resource.items[0].id for name in ("issue-1", "issue-2", "part-9")}
    world.withdrawn = ("serial",)
    world.publish()
    assert keeper.refresh()
    library = keeper.library
    for name in ("serial", "issue-1", "issue-2", "part-9"):
        assert library.is_withdrawn(name), name
    assert not library.is_withdrawn("alone")
    assert library.withdrawn_below("serial") == 3
    assert sorted(ids(library.browse())) == ["alone", "ring-a", "ring-b"]
    assert sorted(hit.held.resource.id for hit in library.search(SearchRequest()).hits) == ["alone", "ring-a", "ring-b"]
    assert library.parts("serial") == () == library.parts("issue-2")
    assert all(library.is_withdrawn(library.item(item).resource.id) for item in items.values())
    assert library.stats().resources == 3
    world.withdrawn = ("ring-a",)
    world.publish()
    assert keeper.refresh()
    assert [keeper.library.is_withdrawn(name) for name in ("ring-a", "ring-b", "serial")] == [True, True, False]
    assert keeper.library.parts_count("serial") == (2, "issue")


def test_arrivals_of_every_bundle_come_before_what_was_there(world):
    national = [issue(f"n{n}", first_release=n) for n in (1, 2)]
    children = [issue(f"c{n}", first_release=n) for n in (3, 4)]
    world.take(world.stock.work(2, ready=True, records=national, issued=date(2026, 11, 2)), "one")
    world.take(world.stock.work(4, ready=True, bundle="children", records=children, issued=date(2026, 11, 1)), "two")
    assert ids(world.library().newest()) == ["n2", "c4", "n1", "c3"]
    assert ids(world.library().newest(2, 1)) == ["c4", "n1"]


def test_bundles_speak_in_the_documented_order():
    def held(bundle):
        return HeldRelease(bundle, 1, "1", "2026-01-01", "x", bundle, f"{bundle}/1", "0" * 64, 1)

    names = ["training", "sichuan", "province", "national", "anhui", "children"]
    spoken = sorted(map(held, names), key=precedence)
    assert [r.bundle for r in spoken] == ["national", "children", "province", "anhui", "sichuan", "training"]
