"""A box makes the next release out of the one it has; whole, or the one it has stays."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from appliance.errors import IntakeError
from appliance.store.carried import CarriedStore
from appliance.store.releases import ReleaseStore
from appliance.sync.incoming import PIECE, Incoming, SourceError
from appliance.sync.lists import fetch_lists
from appliance.sync.routes import route
from appliance.sync.sources import FolderSource, ServerSource
from appliance.sync.update import OldAwayError, Update
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.format.deltas import listed_deltas, read_delta
from packager.format.errors import FormatError, TrustError, UnreadableError
from packager.format.files import RealFiles
from packager.format.items import read_items
from packager.format.origin import delta_document, get
from packager.format.release import Digest
from packager.format.trust import TrustStore
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.simulator import DAY, EARLIEST

FILES = RealFiles()


class Box:
    """The parts of a box that an update needs, with the older release on its SSD and its drive plugged in."""

    def __init__(self, folder, archive):
        self.folder = folder
        self.old = edition_of([archive])
        self.store = ReleaseStore(folder / "releases", folder / "scratch", FILES)
        self.store.start()
        self.carried = CarriedStore(folder / "carried")
        self.incoming = Incoming(folder / "incoming", FILES)
        stage = self.store.stage("old")
        (stage / "meta").mkdir()
        for name in self.old.release.truth:
            shutil.copy(self.old.layout.meta_file(name), stage / "meta" / name)
        self.stored = self.store.add_made(stage, self.old.release)

    def read_old(self, item, start, count):
        return self.old.read(item, start, count)

    def apply(self, new, document, packs, **options):
        options = {"read_old": self.read_old} | options
        return Update(self.stored, new, document, packs).apply(self.store, self.carried, FILES, **options)


@pytest.fixture
def box(published, tmp_path):
    return Box(tmp_path / "box", published[1])


@pytest.fixture(scope="module")
def origin(published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("origin")
    publish(published[2], published[0].keys, FolderSite(folder, FILES), DAY)
    return folder


def delta_of(work):
    folder = delta_folder(work, "national", 1, 2)
    return folder / "delta.jsonl", sorted(folder.glob("pack-*.bin"))


def assert_whole(box, work, stored):
    """Lists as the publisher has them; every item of them here, on the drive or on the SSD."""
    for name in stored.release.truth:
        assert (stored.path / "meta" / name).read_bytes() == (work / "bag/meta" / name).read_bytes()
    old = {(line.path, line.sha256) for line in read_items(box.stored.items_txt)}
    for line in read_items(stored.items_txt):
        if (line.path, line.sha256) not in old:
            content = box.carried.read(line.sha256, 0, line.size)
            assert hashlib.sha256(content).hexdigest() == line.sha256


def test_update_makes_the_new_release_beside_the_old_one(box, published):
    work = published[2]
    new = edition_of([work]).release
    stored = box.apply(new, *delta_of(work))
    assert_whole(box, work, stored)
    assert {found.release.seq for found in box.store.all()} == {1, 2}
    assert not list((box.folder / "scratch").iterdir())


def test_update_that_is_broken_off_anywhere_goes_on_and_makes_no_item_twice(box, published, monkeypatch):
    work = published[2]
    new = edition_of([work]).release
    made = []
    add = CarriedStore.add
    monkeypatch.setattr(CarriedStore, "add", lambda self, sha, *rest: (made.append(sha), add(self, sha, *rest))[1])
    total = read_delta(delta_of(work)[0])[0].operations

    class CutError(Exception):
        pass

    def cut_at(last):
        def progress(done, _total):
            if done == last:
                raise CutError

        return progress

    for last in range(1, total + 1):
        with pytest.raises(CutError):
            box.apply(new, *delta_of(work), progress=cut_at(last))
        assert [found.release.seq for found in box.store.all()] == [1]
    assert_whole(box, work, box.apply(new, *delta_of(work)))
    assert len(made) == len(set(made)) > 3


def test_old_bytes_that_are_away_are_asked_for_whole(box, published):
    work = published[2]
    new = edition_of([work])

    def away(_item, _start, _count):
        raise OldAwayError

    with pytest.raises(OldAwayError):
        box.apply(new.release, *delta_of(work), read_old=away)
    assert [found.release.seq for found in box.store.all()] == [1]
    asked = []

    def whole(item):
        asked.append(item.path)
        return iter([new.read(item, 0, item.size)])

    assert_whole(box, work, box.apply(new.release, *delta_of(work), read_old=away, whole=whole))
    assert len([path for path in asked if not path.startswith("data/index/")]) in {3, 4}


def test_old_bytes_that_are_damaged_give_no_wrong_item(box, published):
    work = published[2]
    new = edition_of([work])

    def damaged(item, start, count):
        content = bytearray(box.old.read(item, start, count))
        content[0] ^= 1
        return bytes(content)

    with pytest.raises(FormatError):
        box.apply(new.release, *delta_of(work), read_old=damaged)
    assert [found.release.seq for found in box.store.all()] == [1]
    whole = box.apply(
        new.release, *delta_of(work), read_old=damaged, whole=lambda item: iter([new.read(item, 0, item.size)])
    )
    assert_whole(box, work, whole)


def test_delta_for_other_releases_and_too_little_room_change_nothing(box, published):
    work = published[2]
    new = edition_of([work]).release
    with pytest.raises(FormatError, match="other releases"):
        box.apply(box.old.release, *delta_of(work))
    with pytest.raises(IntakeError) as waits:
        box.apply(new, *delta_of(work), reserve=1 << 60)
    assert waits.value.sentence == "space.update_waits"
    assert [found.release.seq for found in box.store.all()] == [1]


# — fetching —


def test_everything_of_an_update_comes_from_an_origin(box, published, origin, tmp_path):
    publisher, _, work = published
    trust = TrustStore(tmp_path / "trust", publisher.root, FILES, earliest=EARLIEST)
    trust.offer(origin / "tuf")
    trusted = trust.current()
    ((name, document),) = trusted.deltas.items()
    found = (origin / delta_document(name, document.sha256)).read_bytes()
    assert (hashlib.sha256(found).hexdigest(), len(found)) == (document.sha256, document.size)
    (tmp_path / "delta.jsonl").write_bytes(found)
    head, _ = read_delta(tmp_path / "delta.jsonl")
    old, new = trusted.releases
    assert route([(head, len(found))], old, new) == (head,)
    packs = []
    for pack in head.packs:
        assert box.incoming.fetch(pack, [FolderSource(origin)], lambda _n: None, lambda _n: None) is not None
        packs += box.incoming.pieces(pack)
    assert_whole(box, work, box.apply(new, tmp_path / "delta.jsonl", packs))


class Flaky:
    """A source that breaks off after so many pieces, and counts what it gave."""

    name = "flaky"

    def __init__(self, content, most=10**9, wrong=False):
        self.content, self.most, self.wrong, self.given = content, most, wrong, []

    def piece(self, _sha256, _size, offset, length):
        if len(self.given) >= self.most:
            raise SourceError("the line is cut")
        self.given.append(offset)
        found = self.content[offset : offset + length]
        return bytes(len(found)) if self.wrong else found


CONTENT = bytes(range(256)) * (3 * PIECE // 256) + b"the end"
WANTED = Digest(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def nothing(_n):
    return None


def test_fetching_goes_on_where_it_was_cut_and_asks_for_nothing_twice(tmp_path):
    incoming = Incoming(tmp_path / "incoming", FILES)
    first, second = Flaky(CONTENT, most=2), Flaky(CONTENT)
    assert incoming.fetch(WANTED, [first], nothing, nothing) is None
    assert incoming.fetched(WANTED) == 2 * PIECE
    again = Incoming(tmp_path / "incoming", FILES)
    assert again.fetch(WANTED, [second], nothing, nothing) is second
    assert sorted(first.given + second.given) == [0, PIECE, 2 * PIECE, 3 * PIECE]
    assert b"".join(path.read_bytes() for path in again.pieces(WANTED)) == CONTENT
    assert again.fetch(WANTED, [Flaky(b"")], nothing, nothing) is not None  # it is here: nobody is asked


def test_wrong_bytes_are_thrown_away_and_the_next_source_is_asked(tmp_path):
    incoming = Incoming(tmp_path / "incoming", FILES)
    wrong, empty, right = Flaky(CONTENT, wrong=True), FolderSource(tmp_path), Flaky(CONTENT)
    assert incoming.fetch(WANTED, [wrong], nothing, nothing) is None
    assert incoming.fetched(WANTED) == 0
    assert incoming.fetch(WANTED, [wrong, empty, right], nothing, nothing) is right
    incoming.keep_only(frozenset())
    assert not incoming.is_whole(WANTED)


def test_window_or_cap_that_ends_breaks_off_and_keeps_what_is_here(tmp_path):
    incoming = Incoming(tmp_path / "incoming", FILES)

    class EndedError(Exception):
        pass

    left = [2]

    def allow(_length):
        left[0] -= 1
        if left[0] < 0:
            raise EndedError

    with pytest.raises(EndedError):
        incoming.fetch(WANTED, [Flaky(CONTENT)], allow, nothing)
    assert incoming.fetched(WANTED) == 2 * PIECE


# — routes —


def test_cheapest_chain_is_chosen_and_a_delta_of_another_release_of_that_number_is_not(published):
    from dataclasses import replace

    head = read_delta(delta_of(published[2])[0])[0]
    old, new = edition_of([published[1]]).release, edition_of([published[2]]).release
    third, middle = replace(new, seq=3), "1111 2222 3333 4444 5555 6666"
    pack = lambda size: (Digest("0" * 64, size),)  # noqa: E731
    direct = replace(head, new=3, packs=pack(1000))
    one, two = (
        replace(head, new_number=middle, packs=pack(300)),
        replace(head, old=2, old_number=middle, new=3, packs=pack(400)),
    )
    assert route([(direct, 10), (one, 10), (two, 10)], old, third) == (one, two)
    assert route([(direct, 10), (one, 200), (two, 200)], old, third) == (direct,)
    assert route([(replace(direct, old_number=middle), 10)], old, third) is None
    assert route([(one, 1)], old, third) is None
    assert route([], old, third) is None


# — over the wire —


@pytest.fixture
def server(origin):
    """The origin behind a real HTTP server with ranges (Werkzeug's)."""
    from flask import Flask, send_from_directory
    from werkzeug.serving import make_server

    app = Flask("origin")
    app.add_url_rule("/<path:name>", view_func=lambda name: send_from_directory(origin, name))
    import threading

    running = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()


def test_lists_and_packs_come_over_http(box, published, server, tmp_path):
    publisher, _, work = published
    trust = TrustStore(tmp_path / "trust", publisher.root, FILES, earliest=EARLIEST)
    trust.offer(fetch_lists(server, publisher.root, tmp_path / "scratch"))
    trusted = trust.current()
    assert [release.seq for release in trusted.releases] == [1, 2]
    ((name, document),) = trusted.deltas.items()
    content = get(server, delta_document(name, document.sha256), document.size, 10)
    (tmp_path / "delta.jsonl").write_bytes(content)
    head, _ = read_delta(tmp_path / "delta.jsonl")
    packs = []
    for pack in head.packs:
        assert box.incoming.fetch(pack, [ServerSource(server, "origin")], nothing, nothing) is not None
        packs += box.incoming.pieces(pack)
    assert_whole(box, work, box.apply(trusted.releases[1], tmp_path / "delta.jsonl", packs))


def test_lists_of_a_server_that_is_away_or_of_strangers_are_refused(published, server, tmp_path):
    from tests.box import free_port

    with pytest.raises(UnreadableError):
        fetch_lists(f"http://127.0.0.1:{free_port()}", published[0].root, tmp_path, deadline=3)
    from tests.simulator import Publisher

    stranger = Publisher(tmp_path / "stranger")
    with pytest.raises(TrustError):
        fetch_lists(server, stranger.root, tmp_path / "scratch")
    assert listed_deltas(b'{"signed":{"targets":{"deltas/x":{"hashes":{"sha256":"1"},"length":1}}}}') == {}
