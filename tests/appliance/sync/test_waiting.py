"""What waits is not lost, and what waits keeps nothing else waiting: drives that are away, room, bundles, holds."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.store.editions import STAGED
from appliance.sync import incoming
from appliance.sync import sticks as module
from appliance.sync.update import OldAwayError
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.sync.test_sticks import desks, stick_tree  # noqa: F401 - fixtures
from tests.appliance.sync.test_turning import open_all_day, settled
from tests.appliance.sync.test_updater import boxes, live_is, origin, tree  # noqa: F401 - fixtures
from tests.appliance.sync.updating import UpdatedBox
from tests.faulty_server import FaultyServer
from tests.simulator import DAY


@pytest.fixture
def served(published, tmp_path):
    """The origin with both editions behind a server."""
    publish(published[2], published[0].keys, FolderSite(tmp_path / "origin", RealFiles()), DAY)
    server = FaultyServer(tmp_path / "origin")
    yield server
    server.close()


@pytest.fixture
def updated(published, tmp_path, served):
    """Makes a box beside that server."""
    return lambda files=None: UpdatedBox(tmp_path / "data", published[0].root, published[1], (served.address,), files)


def test_update_of_a_stick_that_waits_for_its_drive_outlives_a_try_by_wire(desks):  # noqa: F811
    desk = desks()
    drive = Path(desk.box.settings.drive_paths[0])
    away = drive.rename(drive.with_name("away"))
    desk.box.until(lambda holdings: any(d.state == "gone" for d in holdings.drives))
    desk.plug()
    desk.read()
    assert desk.stick("sync.stick.drive_away")
    desk.pull()
    desk.box.until(lambda h: not any(d.path == str(desk.slot) for d in h.drives))
    # A newer list came by wire and nothing led on: the try ends well, and tidies.
    trusted = desk.box.intake.door().trust.current()
    desk.box.updater._tidying.begun(SimpleNamespace(deltas={}, releases=trusted.releases))
    assert desk.sticks.pending()
    assert (desk.box.settings.incoming_folder / "documents" / module.WHOLE).exists()
    away.rename(drive)
    desk.box.until(lambda holdings: any(d.state == "ready" for d in holdings.drives))
    desk.sticks.turn()
    desk.box.until(live_is(2))
    assert not desk.sticks.pending()


def test_bundle_that_waits_for_its_drive_does_not_keep_the_others_waiting(updated, published):
    box = updated()
    bringing, way = box.updater._bringing, box.updater._wire._way
    due = bringing.due
    stuck = SimpleNamespace(release=SimpleNamespace(bundle="art", name="美术版"), folder="art/1-x")
    bringing.due = lambda trusted: iter([(stuck, [None]), *due(trusted)])

    def asked(supply, trusted, old, new):
        if old is stuck:
            box.updater._wire.needed = "美术版"
            raise OldAwayError(stuck.folder)
        found = way(supply, trusted, old, new)
        box.updater._wire.needed = "another"
        return found

    box.updater._wire._way = asked
    said = box.updater.turn()
    assert (said.key, said.params) == ("sync.needs_drive", {"drive": "美术版"})
    assert box.has(published[2])


def test_pieces_are_not_fetched_where_there_is_no_room_for_them(updated, served, published, monkeypatch):
    box = updated()
    monkeypatch.setattr(box.store, "free_space", lambda: 1000)
    said = box.updater.turn()
    assert said.key == "space.update_waits"
    assert said.params["size"] > 1_000_000
    sent = sum(size for name, size in served.sent.items() if name.startswith("objects/"))
    assert sent < 10_000  # no more than the list of items, which tells the cheaper way
    monkeypatch.undo()
    assert box.updater.turn().key == "sync.applied"
    assert box.has(published[2])


class _Full(RealFiles):
    """A disk that has no room for anything below these folders any more."""

    full: str = ""

    def write_atomic(self, path, content, **options):
        if self.full and self.full in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write_atomic(path, content, **options)


@pytest.mark.parametrize("where", ["/0000", "/documents/", "carried"])
def test_disk_that_becomes_full_meanwhile_is_told_as_such_and_nothing_comes_twice(
    updated, served, published, monkeypatch, where
):
    monkeypatch.setattr(incoming, "PIECE", 256 << 10)
    box = updated(files := _Full())
    if where == "carried":
        monkeypatch.setattr(type(box.updater._bringing.carried), "add", _no_room)
    files.full = where
    said = box.updater.turn()
    assert said.key == "space.update_waits"
    assert said.params["size"] > 0
    assert box.seqs() == [1]
    monkeypatch.undo()
    monkeypatch.setattr(incoming, "PIECE", 256 << 10)
    files.full = ""
    assert box.updater.turn().key == "sync.applied"
    assert box.has(published[2])
    objects = [one for one in served.asked if one[0].startswith("objects/")]
    if where == "carried":
        assert len(objects) == len(set(objects))


def _no_room(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_still_being_made_stays_held_back_when_the_rest_is_applied(boxes):  # noqa: F811
    box = boxes(**open_all_day({}))
    assert box.updater.turn().key == "sync.staged"
    settled(box)
    editions = box.intake.door().board.editions
    editions.stage("national/3-being-made", "2026-11-27T00:00:00Z")
    box.updater.command({"do": "update-apply"})
    box.until(live_is(2))
    assert {folder: hold.why for folder, hold in editions.holds().items()} == {"national/3-being-made": STAGED}
