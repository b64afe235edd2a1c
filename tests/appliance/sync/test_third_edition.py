"""A third edition after staff went back from the second: staged, applied, gone back from, wanted again."""

from __future__ import annotations

import pytest

from appliance.store.editions import STAGED, UNDONE
from tests.appliance.sync.test_turning import open_all_day
from tests.appliance.sync.test_updater import boxes, live_is, origin, tree  # noqa: F401 - fixtures
from tests.appliance.sync.third import with_third
from tests.packager.editions import NEW, noise

THIRD = {name: row for name, row in NEW.items() if name != "renamed"} | {
    "fresh": ("第三版的新书", {"fresh.dat": noise(70_000, 9)})
}


@pytest.fixture
def third(published, tmp_path, tree):  # noqa: F811
    """An origin with three editions, and deltas from each to the next."""
    return with_third(published, tree, tmp_path, THIRD)


def settled(box, count):
    box.until(lambda h: len(h.releases) == count and all(r.search.state == "ready" for r in h.releases))
    box.updater.look()
    return {r.seq: r.held_back for r in box.until(lambda _h: True).releases}


def tell(box, what):
    box.updater.command({"do": what, "bundle": "national"})
    box.updater.look()


def shown(box):
    names = ("gone", "new", "renamed", "fresh", "stays")
    library = box.keeper.library
    return {name for name in names if library.resource(name) is not None and not library.is_withdrawn(name)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_third_edition_after_an_undo(boxes, origin, third):  # noqa: F811
    box = boxes(**open_all_day({}))
    assert box.updater.turn().key == "sync.staged"
    settled(box, 2)
    tell(box, "update-apply")
    box.until(live_is(2))
    settled(box, 2)
    tell(box, "update-undo")
    box.until(live_is(1))
    tell(box, "update-undo")  # twice: there is nothing before
    assert settled(box, 2) == {2: UNDONE, 1: ""}
    assert "gone" not in shown(box)

    origin.folder = third
    assert box.updater.turn().key == "sync.staged"
    box.updater._turning.forget()
    assert settled(box, 3) == {3: STAGED, 2: UNDONE, 1: ""}
    assert [r.seq for r in box.until(live_is(1)).live()] == [1]
    tell(box, "update-apply")
    box.until(live_is(3))
    assert shown(box) == {"new", "fresh", "stays"}
    box.updater._turning.forget()
    assert settled(box, 2) == {3: "", 1: ""}  # nobody wants what was undone again when something newer came
    tell(box, "update-again")
    box.until(live_is(3))
    assert shown(box) == {"new", "fresh", "stays"}

    tell(box, "update-undo")
    box.until(live_is(1))
    assert settled(box, 2) == {3: UNDONE, 1: ""}
    assert shown(box) == {"stays"}  # what the third no longer had stays hidden, and so does what the second dropped
    assert box.updater.turn().key == "sync.current"
    tell(box, "update-again")
    box.until(live_is(3))
    assert shown(box) == {"new", "fresh", "stays"}
