"""Whole objects where no delta leads, where deltas would cost more, and where old bytes are damaged: a real origin."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import replace

from appliance.library.carriers import SSD
from appliance.sync import wire
from packager.format.items import read_items
from packager.format.release import Digest
from tests.appliance.sync.test_updater import boxes, content_of, live_is, origin, tree  # noqa: F401 - fixtures

CAME = {"edited", "grown", "moved", "new"}


def check_all(box, work):
    """Every item is that of the new list, what changed from the SSD and the rest from the drive."""
    library = box.keeper.library
    for name in ("edited", "grown", "moved", "new", "stays", "renamed", "empty"):
        held = library.resource(name)
        assert held.available, name
        for item in held.resource.readable_items:
            content, where = content_of(library, item.id)
            assert hashlib.sha256(content).hexdigest() == item.sha256
            assert (where == SSD) == (name in CAME)
    folder = box.settings.releases_folder / box.keeper.library.holdings.live()[0].folder
    assert list(read_items(folder / "meta/items.txt")) == list(read_items(work / "bag/meta/items.txt"))


def objects(origin):  # noqa: F811
    return [name for name in origin.asked if name.startswith("objects/")]


def test_where_no_delta_leads_only_what_lacks_is_fetched_and_nothing_twice(boxes, published, origin):  # noqa: F811
    box = boxes()
    box.updater._bringing.heads = lambda *_: []
    served = []
    origin.refuse = lambda name: name.startswith("objects/") and (served.append(name), len(served) > 4)[1]
    assert box.updater.turn().key == "sync.unreachable"  # in the middle of it
    assert {release.seq for release in box.keeper.library.holdings.releases} == {1}
    first = set(objects(origin)[:4])
    origin.refuse = lambda _name: False
    origin.asked.clear()
    said = box.updater.turn()
    assert said.key == "sync.applied"
    assert not first & set(objects(origin))
    box.until(live_is(2))
    check_all(box, published[2])
    stays = {line.sha256 for line in read_items(published[1] / "bag/meta/items.txt")}
    assert not [name for name in objects(origin) if name.rpartition("/")[2] in stays]  # moved ones come from the drive
    assert box.updater.turn().key == "sync.current"
    assert [path.name for path in box.settings.incoming_folder.iterdir()] == ["documents"]
    assert not list((box.settings.incoming_folder / "documents").iterdir())
    box.updater.look()
    found = box.updater._board.state.counts
    assert list(found.values()) == [(1, 4, 1)]


def test_whichever_is_less_is_fetched(boxes, published, origin):  # noqa: F811
    box = boxes()
    heads = box.updater._bringing.heads

    def dearer(*asked):
        return [(replace(delta, packs=(Digest("f" * 64, 60 << 20),)), size) for delta, size in heads(*asked)]

    box.updater._bringing.heads = dearer
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    check_all(box, published[2])
    assert not [name for name in objects(origin) if "f" * 64 in name]


def test_small_delta_is_taken_without_asking_for_lists(boxes, published, origin, monkeypatch):  # noqa: F811
    box = boxes()
    monkeypatch.setattr(wire, "lists_of", lambda _new: 1 << 30)
    assert box.updater.turn().key == "sync.applied"
    truth = {digest.sha256 for digest in box.updater._door.store.all()[-1].release.truth.values()}
    assert not truth & {name.rpartition("/")[2] for name in objects(origin)}
    assert max(Counter(objects(origin)).values()) == 1


def test_item_whose_old_bytes_are_damaged_is_fetched_whole(
    boxes, published, tree, tmp_path, origin, monkeypatch  # noqa: F811
):  # fmt: skip
    drive = shutil.copytree(tree[1], tmp_path / "drive")
    box = boxes(drive_paths=(drive,))
    grown = box.keeper.library.resource("grown").resource.items[0]
    path = drive / "bag" / grown.path
    path.write_bytes(bytes(path.stat().st_size))
    monkeypatch.setattr(wire, "lists_of", lambda _new: 1 << 30)  # the delta it is
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    new = box.keeper.library.resource("grown").resource.items[0]
    content, where = content_of(box.keeper.library, new.id)
    assert (hashlib.sha256(content).hexdigest(), where) == (new.sha256, SSD)
    assert any(new.sha256 in name for name in objects(origin))
