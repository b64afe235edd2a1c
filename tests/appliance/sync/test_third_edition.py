"""A third edition after staff went back from the second: staged, applied, gone back from, wanted again."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from appliance.store.editions import STAGED, UNDONE
from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import sign_release
from tests.appliance.sync.test_turning import open_all_day
from tests.appliance.sync.test_updater import boxes, live_is, origin, tree  # noqa: F401 - fixtures
from tests.packager.editions import FILES, NEW, OPTIONS, noise, write_source
from tests.simulator import DAY, passphrase

THIRD = {name: row for name, row in NEW.items() if name != "renamed"} | {
    "fresh": ("第三版的新书", {"fresh.dat": noise(70_000, 9)})
}


@pytest.fixture
def third(published, tmp_path, tree):  # noqa: F811
    """An origin with three editions, and deltas from each to the next."""
    publisher, _, second = published
    ours, work = publisher.fork(tmp_path / "publisher"), shutil.copytree(second, tmp_path / "work")
    source = write_source(tmp_path / "source", THIRD)
    release = build(source, work, replace(OPTIONS, edition="2026.12"), FILES).release
    sign_release(work, ours.keys, passphrase, FILES)
    make_delta(edition_of([second]), edition_of([work]), delta_folder(work, "national", 2, 3), FILES)
    sign_deltas(work, ours.keys, passphrase, release, DAY, FILES)
    folder = shutil.copytree(tree[0], tmp_path / "origin")
    publish(work, ours.keys, FolderSite(folder, FILES), DAY)
    return folder


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
