"""A box finds an update at its origin and brings it; its readers have the new edition, of drive and SSD together."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from datetime import timedelta

import pytest
from flask import Flask, abort, send_from_directory
from werkzeug.serving import make_server

from appliance.clock import RealClock
from appliance.library.carriers import SSD
from appliance.library.keeper import LibraryKeeper
from appliance.settings import Settings
from appliance.store.holdings import read_holdings
from appliance.sync.updater import Updater
from appliance.worker import begin, prepare
from indexer.search import SearchRequest
from packager.drives import write_drive
from packager.format.files import RealFiles
from packager.format.items import read_items
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.request import REVOKE
from packager.signing import change_release
from tests.simulator import DAY, passphrase

FILES = RealFiles()


class Origin:
    """An origin behind a real HTTP server; may refuse objects."""

    def __init__(self, folder):
        self.folder, self.asked, self.refuse = folder, [], lambda _name: False
        app = Flask("origin")
        app.add_url_rule("/<path:name>", view_func=self._answer)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, name):
        self.asked.append(name)
        if self.refuse(name):
            abort(503)
        return send_from_directory(self.folder, name)

    def close(self):
        self._server.shutdown()
        self._thread.join()


@pytest.fixture(scope="module")
def tree(published, tmp_path_factory):
    """(origin's folder, drive of the first edition)."""
    publisher, archive, work = published
    folder = tmp_path_factory.mktemp("tree")
    publish(work, publisher.keys, FolderSite(folder / "origin", FILES), DAY)
    write_drive(archive, folder / "drive", FILES, quiet=True)
    return folder / "origin", folder / "drive"


class Box:
    """A worker's parts and the serving process's library, with a drive plugged in."""

    def __init__(self, folder, publisher, drive, **settings):
        self.root = folder / "root.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.root.write_bytes(publisher.root)
        usual = {"data_folder": folder / "data", "root_file": self.root, "drive_paths": (drive,), "reserve_bytes": 0}
        self.settings = Settings(**(usual | settings))
        prepare(self.settings, FILES)
        self.intake = begin(self.settings, RealClock(), FILES)
        self.keeper = LibraryKeeper(
            self.settings.holdings_file, self.settings.releases_folder, carried=self.settings.carried_folder
        )
        self.updater = Updater(self.settings, RealClock(), FILES, self.intake.door(), publisher.root)

    def until(self, holds, seconds=150):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.intake.turn(0.05)
            self.keeper.refresh()
            if self.settings.holdings_file.exists() and holds(read_holdings(self.settings.holdings_file)):
                return read_holdings(self.settings.holdings_file)
        raise AssertionError(read_holdings(self.settings.holdings_file))

    def close(self):
        self.updater.close()
        self.intake.close()
        self.keeper.close()


@pytest.fixture
def origin(tree):
    served = Origin(tree[0])
    yield served
    served.close()


@pytest.fixture
def boxes(published, tree, tmp_path, origin):
    made = []

    def make(**settings):
        settings = {"update_origins": (origin.address,), "update_apply": "at-once"} | settings
        made.append(Box(tmp_path / "box", published[0], tree[1], **settings))
        made[-1].until(lambda holdings: any(release.search.state == "ready" for release in holdings.live()))
        return made[-1]

    yield make
    for box in made:
        box.close()


def live_is(seq):
    return lambda holdings: [(r.seq, r.search.state) for r in holdings.live()] == [(seq, "ready")]


def content_of(library, item_id):
    held = library.item(item_id)
    descriptor = held.open(held.places[0])
    try:
        return os.pread(descriptor, held.item.size, 0), held.places[0].drive
    finally:
        os.close(descriptor)


def test_update_reaches_readers_with_old_and_new_files(boxes, published):
    box = boxes()
    assert [found.resource.title for found in box.keeper.library.newest()]
    assert box.keeper.library.resource("gone") is not None
    said = box.updater.turn()
    counts = [said.params[name] for name in ("added", "changed", "withdrawn")]
    assert (said.key, counts) == ("sync.applied", [1, 4, 1])
    holdings = box.until(live_is(2))
    assert not any(notice.key.startswith("sync.") for notice in holdings.notices)
    library = box.keeper.library
    assert library.resource("gone") is None
    assert library.resource("renamed").resource.title == "题名已正"
    for name in ("edited", "grown", "moved", "new", "stays", "renamed", "empty"):
        held = library.resource(name)
        assert held.available, name
        for item in held.resource.readable_items:
            content, where = content_of(library, item.id)
            assert hashlib.sha256(content).hexdigest() == item.sha256
            assert (where == SSD) == (name in {"edited", "grown", "moved", "new"})
    assert [hit.held.resource.id for hit in library.search(SearchRequest(q="题名已正")).hits] == ["renamed"]
    assert library.search(SearchRequest(q="新书", available="yes")).total == 1
    assert box.updater.turn().key == "sync.current"


def test_edition_lies_over_the_older_one_until_it_is_made_whole_and_nothing_is_left_of_that(boxes):
    box = boxes()
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    # Of so few records more than a fifth differs, so a whole build follows and takes the place of both.
    made = box.until(lambda holdings: [r.catalogue.name for r in holdings.live()] == ["meta/catalogue.2.db"], 240)
    box.until(lambda holdings: [r.search.name for r in holdings.live()] == ["meta/search.2"], 240)
    meta = box.settings.releases_folder / made.live()[0].folder / "meta"
    box.until(lambda _: {path.name for path in meta.iterdir()}.isdisjoint({"catalogue.1", "search.1"}))
    assert [hit.held.resource.id for hit in box.keeper.library.search(SearchRequest(q="题名已正")).hits] == ["renamed"]


def test_second_look_and_a_restart_fetch_nothing_again(boxes, origin):
    box = boxes()
    origin.refuse = lambda name: name.startswith("objects/")
    assert box.updater.turn().key == "sync.unreachable"
    assert {release.seq for release in read_holdings(box.settings.holdings_file).releases} == {1}
    origin.refuse = lambda _name: False
    assert box.updater.turn().key == "sync.applied"
    documents = [name for name in origin.asked if name.startswith("tuf/targets/deltas/")]
    assert len(documents) == 1
    origin.asked.clear()
    assert box.updater.turn().key == "sync.current"
    assert not [name for name in origin.asked if name.startswith(("objects/", "tuf/targets/deltas/"))]


def test_worker_that_ended_before_it_told_of_an_update_tells_of_its_items_when_it_is_back(boxes, published, tree):
    box = boxes()
    assert box.updater.turn().key == "sync.applied"
    box.intake.close()  # and nothing was published
    box.intake = begin(box.settings, RealClock(), FILES)
    box.until(live_is(2))
    for name in ("edited", "grown", "moved", "new"):
        assert box.keeper.library.resource(name).available, name


def test_outside_the_window_and_above_the_cap_lists_come_and_packs_wait(boxes, origin):
    hour = (RealClock().now() + timedelta(minutes=480)).hour
    closed = f"{(hour + 2) % 24:02d}:00-{(hour + 3) % 24:02d}:00"
    box = boxes(update_window=closed)
    said = box.updater.turn()
    assert said.key in {"sync.paused.window", "sync.waiting_window"}  # the second when it opens this evening
    assert closed[:5] <= said.params["time"] < f"{closed[:3]}15"  # each box has its own moment in the first quarter
    assert any(name.endswith("timestamp.json") for name in origin.asked)
    assert not [name for name in origin.asked if name.startswith("objects/")]
    box.updater.command({"do": "update-set", "window": "", "cap": "10"})
    assert box.updater.turn().key == "sync.paused.cap"
    box.updater.command({"do": "update-set", "window": "", "cap": "0"})
    assert box.updater.turn().key == "sync.applied"


def test_mirror_is_asked_when_the_origin_is_away_or_sends_other_bytes(boxes, tree, origin, tmp_path):
    spoiled = shutil.copytree(tree[0], tmp_path / "spoiled")
    for path in (spoiled / "objects").rglob("*"):
        if path.is_file():
            path.write_bytes(bytes(path.stat().st_size))
    wrong = Origin(spoiled)
    try:
        box = boxes(update_origins=(wrong.address, origin.address))
        assert box.updater.turn().key == "sync.applied"
        assert [name for name in origin.asked if name.startswith("objects/")]
    finally:
        wrong.close()


def test_drive_that_is_pulled_leaves_the_edition_that_is_here_and_the_update_comes_later(boxes, tree, tmp_path):
    box = boxes()
    away = tree[1].rename(tree[1].with_name("away"))
    try:
        box.until(lambda holdings: holdings.drives[0].state == "gone")
        assert box.updater.turn().key == "sync.needs_drive"
        assert {release.seq for release in read_holdings(box.settings.holdings_file).releases} == {1}
    finally:
        away.rename(tree[1])
    box.until(lambda holdings: holdings.drives[0].state == "ready")
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))


def test_lists_of_strangers_change_nothing(boxes, tmp_path):
    from tests.simulator import Publisher

    stranger = Publisher(tmp_path / "stranger")
    box = boxes()
    box.updater._mirrors._root = stranger.root
    assert box.updater.turn().key == "sync.refused.untrusted"
    assert {release.seq for release in read_holdings(box.settings.holdings_file).releases} == {1}


def test_release_taken_back_after_an_update_gives_the_one_before(boxes, published, tree, tmp_path, origin):
    publisher, _, work = published
    box = boxes()
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    keys, again = shutil.copytree(publisher.keys, tmp_path / "keys"), shutil.copytree(work, tmp_path / "work")
    change_release(again, keys, passphrase, REVOKE, "national", 2, DAY, FILES)
    shutil.copytree(again / "tuf", tmp_path / "origin/tuf")
    origin.folder = tmp_path / "origin"
    box.updater.turn()
    box.intake.poke()
    box.until(live_is(1))
    assert box.keeper.library.resource("gone") is not None


def test_items_that_no_release_names_any_more_go(boxes):
    box = boxes()
    assert box.updater.turn().key == "sync.applied"
    store = box.updater._bringing.carried
    wanted = {sha256 for sha256, _ in store.all()}
    assert len(wanted) > 3
    content = b"of an edition that was here once"
    stray = hashlib.sha256(content).hexdigest()
    store.add(stray, [content], FILES)
    left = box.settings.incoming_folder / ("0" * 64)
    left.mkdir(parents=True)
    (left / "00000").write_bytes(b"of a pack that is not listed any more")
    again = Updater(box.settings, RealClock(), FILES, box.intake.door(), box.root.read_bytes())
    assert again.turn().key == "sync.current"
    assert {sha256 for sha256, _ in store.all()} == wanted
    assert not left.exists()


def test_items_of_the_new_edition_are_those_of_its_list(boxes, published):
    box = boxes()
    box.updater.turn()
    holdings = box.until(live_is(2))
    folder = box.settings.releases_folder / holdings.live()[0].folder
    assert list(read_items(folder / "meta/items.txt")) == list(read_items(published[2] / "bag/meta/items.txt"))
