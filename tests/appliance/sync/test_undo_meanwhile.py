"""Staff go back while a third edition is fetched, made or staged; the old drive is pulled while it is made."""

from __future__ import annotations

import hashlib
import threading

import pytest

from appliance.store.carried import CarriedStore
from appliance.store.editions import STAGED, UNDONE
from appliance.store.updating import read_state
from appliance.sync import incoming, updater
from appliance.web.update_states import update_states
from packager.format.items import read_items
from tests.appliance.sync.test_turning import open_all_day
from tests.appliance.sync.test_updater import boxes, content_of, live_is, origin, tree  # noqa: F401 - fixtures
from tests.appliance.sync.third import with_third
from tests.appliance.sync.updating import UpdatedBox
from tests.faulty_server import FaultyServer
from tests.packager.editions import NEW, noise

STAYS = noise(2_200_000, 4)
CORRECTED = STAYS[:1_000_000] + b"corrected" + STAYS[1_000_009:]
STAYS_NOW = hashlib.sha256(CORRECTED).hexdigest()
THIRD = NEW | {
    "stays": ("没有变的书", {"stays.dat": CORRECTED}),
    "fresh": ("第三版的新书", {"fresh.dat": noise(900_000, 9)}),
}


@pytest.fixture
def third(published, tmp_path, tree):  # noqa: F811
    """An origin with three editions, and deltas from each to the next; the third corrects what is on the drive."""
    return with_third(published, tree, tmp_path, THIRD)


@pytest.fixture
def box(boxes, monkeypatch):  # noqa: F811
    """A box whose readers have the second edition, by an update that was applied; small pieces."""
    monkeypatch.setattr(incoming, "PIECE", 128 << 10)
    monkeypatch.setattr(updater, "LOOK_SECONDS", 0.0)
    box = boxes(**open_all_day({}))
    assert box.updater.turn().key == "sync.staged"
    box.until(lambda h: len(h.releases) == 2 and all(r.search.state == "ready" for r in h.releases))
    box.updater.command({"do": "update-apply"})
    box.until(live_is(2))
    box.updater.look()
    return box


def is_held(box, wanted):
    return box.until(lambda h: {release.seq: release.held_back for release in h.releases} == wanted)


def test_third_edition_is_made_of_what_is_on_the_drive_of_the_first(published, third, tmp_path):
    server = FaultyServer(third)
    try:
        box = UpdatedBox(tmp_path / "data", published[0].root, published[1], (server.address,))
        assert box.updater.turn().key == "sync.applied"
        assert box.seqs() == [1, 3]  # the second is only passed by
        assert box.has(tmp_path / "work")
        assert not [name for name in server.taken if name.startswith("objects/") and STAYS_NOW in name]
    finally:
        server.close()


def said(box):
    """Keys of what follows from the editions that are here."""
    holdings, now = box.until(lambda _: True), box.updater._clock.now()
    state = read_state(box.settings.updates_folder)
    return {s.message.key for s in update_states(holdings, state, now=now, today=now.date(), origins=True)}


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["fetched", "made"])
def test_staff_go_back_while_a_third_edition_is_on_its_way(box, origin, third, monkeypatch, moment):  # noqa: F811
    gone_back, asked = threading.Event(), []

    def meanwhile(*_):
        asked.append(1)
        if len(asked) == 1:
            box.updater.command({"do": "update-undo", "bundle": "national"})
        elif not gone_back.wait(60):
            raise AssertionError("readers do not have the first edition while the third comes")

    if moment == "fetched":
        origin.refuse = lambda name: name.startswith("objects/") and bool(meanwhile())
    else:
        add = CarriedStore.add
        monkeypatch.setattr(CarriedStore, "add", lambda *what: (meanwhile(), add(*what)))
    origin.folder = third
    box.updater.start()
    box.until(live_is(1))
    is_held(box, {2: UNDONE, 1: ""})
    gone_back.set()
    is_held(box, {3: STAGED, 2: UNDONE, 1: ""})
    assert len(asked) > 1
    assert live_is(1)(box.until(lambda _: True))
    box.until(lambda h: all(r.search.state == "ready" for r in h.releases))
    assert {"sync.staged", "sync.undone"} <= said(box)
    box.updater.command({"do": "update-apply"})
    box.until(live_is(3))
    content, _ = content_of(box.keeper.library, box.keeper.library.resource("stays").resource.items[0].id)
    assert content == THIRD["stays"][1]["stays.dat"]


@pytest.mark.slow
def test_staff_go_back_while_a_third_edition_is_staged(box, origin, third):  # noqa: F811
    origin.folder = third
    assert box.updater.turn().key == "sync.staged"
    is_held(box, {3: STAGED, 2: "", 1: ""})
    box.updater.command({"do": "update-undo", "bundle": "national"})
    box.updater.look()
    box.until(live_is(1))
    is_held(box, {3: STAGED, 2: UNDONE, 1: ""})
    box.until(lambda h: all(r.search.state == "ready" for r in h.releases))
    assert {"sync.staged", "sync.undone"} <= said(box)
    box.updater.command({"do": "update-again", "bundle": "national"})
    box.until(live_is(2))
    is_held(box, {3: STAGED, 2: "", 1: ""})
    box.updater.command({"do": "update-apply"})
    box.until(live_is(3))


@pytest.mark.slow
def test_drive_that_is_pulled_while_the_new_edition_is_made_is_asked_for_and_nothing_comes_twice(
    box, origin, third, tmp_path, monkeypatch  # noqa: F811
):  # fmt: skip
    drive, away = box.settings.drive_paths[0], tmp_path / "away"
    old, pulled = box.updater._bringing.old, []
    read = old.read

    def pulling(*what):
        if not pulled:
            pulled.append(drive.rename(away))
        return read(*what)

    monkeypatch.setattr(old, "read", pulling)
    origin.folder = third
    said = box.updater.turn()
    assert pulled
    assert (said.key, said.params) == ("sync.needs_drive", {"drive": "国家版"})
    holdings = box.until(lambda h: any(n.key == "sync.needs_drive" for n in h.notices))
    assert [r.seq for r in holdings.live()] == [2]
    is_held(box, {2: "", 1: ""})
    packs = [name for name in origin.asked if name.startswith("objects/")]
    origin.asked.clear()
    assert box.updater.turn().key == "sync.needs_drive"  # and nothing is fetched while it is away
    away.rename(drive)
    box.until(lambda h: any(d.state == "ready" for d in h.drives))
    assert box.updater.turn().key == "sync.staged"
    assert packs
    assert not [name for name in origin.asked if name.startswith("objects/")]
    is_held(box, {3: STAGED, 2: "", 1: ""})


@pytest.mark.slow
def test_edition_that_waits_goes_with_its_items_when_a_newer_one_waits(boxes, origin, third):  # noqa: F811
    box = boxes(**open_all_day({}))
    assert box.updater.turn().key == "sync.staged"
    box.until(lambda h: len(h.releases) == 2 and all(r.search.state == "ready" for r in h.releases))
    origin.folder = third
    assert box.updater.turn().key == "sync.staged"
    box.until(lambda h: any(r.search.state == "ready" for r in h.releases if r.seq == 3))
    box.updater.look()
    box.updater._turning.forget()
    is_held(box, {3: STAGED, 1: ""})
    box.updater._tidying.items()
    folders = box.settings.releases_folder
    named = {line.sha256 for path in folders.glob("*/*/meta/items.txt") for line in read_items(path)}
    assert {sha256 for sha256, _ in CarriedStore(box.settings.carried_folder).all()} <= named
    box.updater.command({"do": "update-apply"})
    box.until(live_is(3))
