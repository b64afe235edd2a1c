"""A line that is thin, or is cut again and again: every byte that came counts, once, and lists are not kept waiting."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from appliance.sync import incoming, server_supply, updater
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import withdraw_resources
from tests.appliance.sync.test_updater import boxes, origin  # noqa: F401 - fixtures
from tests.appliance.sync.test_updater import tree as origin_tree
from tests.appliance.sync.updating import UpdatedBox
from tests.faulty_server import FaultyServer
from tests.simulator import DAY, passphrase

FILES = RealFiles()
tree = origin_tree


@pytest.fixture(scope="module")
def folder(published, tmp_path_factory):
    """An origin with both editions."""
    made = tmp_path_factory.mktemp("thin") / "origin"
    publish(published[2], published[0].keys, FolderSite(made, FILES), DAY)
    return made


@pytest.fixture
def serve(folder):
    made = []

    def server(fault=None):
        made.append(FaultyServer(folder))
        made[-1].fault = fault or made[-1].fault
        return made[-1]

    yield server
    for one in made:
        one.close()


@pytest.fixture
def box(published, tmp_path, monkeypatch):
    monkeypatch.setattr(incoming, "PIECE", 512 << 10)
    return lambda *servers: UpdatedBox(
        tmp_path / "data", published[0].root, published[1], tuple(server.address for server in servers)
    )


def at_most(size, *, change=0):
    """So many bytes of an object a request, then the connection ends; `change`: its first byte is another one."""

    def answer(asked):
        if not asked.name.startswith("objects/") or len(asked.body) <= size:
            asked.right()
            return
        asked.send(asked.right_head(), bytes([asked.body[0] ^ change]) + asked.body[1:size])

    return answer


def objects(server):
    return sum(size for name, size in server.sent.items() if name.startswith("objects/"))


def test_line_on_which_no_piece_comes_at_one_go_brings_all_of_it(published, serve, box):
    whole, thin = serve(), serve(at_most(100_000))
    reference = UpdatedBox(box(whole).folder.with_name("other"), published[0].root, published[1], (whole.address,))
    assert reference.updater.turn().key == "sync.applied"
    updated = box(thin)
    assert updated.updater.turn().key == "sync.applied"
    assert updated.has(published[2])
    assert objects(thin) < objects(whole) * 1.02  # heads of more answers, and no byte of an object twice
    assert updated.updater._board.state.used == reference.updater._board.state.used
    assert not list(updated.settings.incoming_folder.rglob("*.part"))


def test_large_document_of_a_delta_comes_in_pieces_too(published, serve, box, monkeypatch):
    monkeypatch.setattr(server_supply, "SMALL", 0)
    monkeypatch.setattr(incoming, "PROGRESS", 1)

    def thin(asked):
        if not asked.name.startswith("tuf/targets/deltas/") or len(asked.body) <= 300:
            asked.right()
            return
        asked.send(asked.right_head(), asked.body[:300])

    server = serve(thin)
    updated = box(server)
    assert updated.updater.turn().key == "sync.applied"
    assert updated.has(published[2])
    starts = [start for name, start in server.asked if name.startswith("tuf/targets/deltas/")]
    assert starts == [300 * n for n in range(len(starts))]
    assert len(starts) > 2
    assert [path.name for path in updated.settings.incoming_folder.iterdir()] == ["documents"]


def test_line_that_is_cut_early_goes_on_at_the_byte_and_what_came_counts(published, serve, box):
    server = serve(at_most(30_000))
    updated = box(server)
    assert updated.updater.turn().key == "sync.unreachable"  # so little is no progress: it waits before it asks again
    (part,) = updated.settings.incoming_folder.rglob("*.part")
    came, used = part.stat().st_size, updated.updater._board.state.used
    assert came == 30_000
    assert used >= came
    name = part.parent.name
    again = UpdatedBox(updated.folder, published[0].root, published[1], (server.address,))  # and the box was restarted
    server.fault = at_most(1 << 30)
    server.asked.clear()
    assert again.updater.turn().key == "sync.applied"
    starts = [start for asked, start in server.asked if asked.endswith(name)]
    assert starts[0] == came
    assert again.has(published[2])


def test_part_that_a_mirror_spoiled_is_thrown_away_with_the_rest(published, serve, box):
    wrong, right = serve(at_most(30_000, change=1)), serve()
    updated = box(wrong, right)
    assert updated.updater.turn().key == "sync.applied"
    assert updated.has(published[2])
    assert f"127.0.0.1:{right.port}" not in updated.updater._incoming.spoiled


def test_mirrors_are_asked_in_their_order_and_the_next_only_for_what_the_first_has_not(published, serve, box):
    first, second = serve(), serve()
    updated = box(first, second)
    assert updated.updater.turn().key == "sync.applied"
    assert objects(first) > 1_000_000
    assert not objects(second)


def test_withdrawal_counts_while_an_update_is_fetched(boxes, published, tmp_path, origin, monkeypatch):  # noqa: F811
    monkeypatch.setattr(incoming, "PIECE", 64 << 10)
    monkeypatch.setattr(updater, "LOOK_SECONDS", 0.1)
    box = boxes(update_glance_seconds=1)
    goes_on, fetching = threading.Event(), threading.Event()

    def slowly(name):
        if name.startswith("objects/") and not goes_on.is_set():
            fetching.set()
            time.sleep(0.5)
        return False

    origin.refuse = slowly
    box.updater.start()
    assert fetching.wait(60)
    publisher, _, work = published
    keys, again = shutil.copytree(publisher.keys, tmp_path / "keys"), shutil.copytree(work, tmp_path / "work")
    withdraw_resources(again, keys, passphrase, "national", ["stays"], DAY, FILES)
    after = shutil.copytree(origin.folder, tmp_path / "origin")
    shutil.copytree(again / "tuf", after / "tuf", dirs_exist_ok=True)
    origin.folder = after
    holdings = box.until(lambda found: "stays" in found.withdrawn)
    assert [release.seq for release in holdings.releases] == [1]  # the update is still on its way
    assert box.keeper.library.is_withdrawn("stays")
    goes_on.set()
    box.until(lambda found: 2 in {release.seq for release in found.releases})


def test_rests_of_a_rate_are_short_so_that_staff_are_heard(box, serve):
    from dataclasses import replace

    updated = box(serve())
    allowance, rests, checks = updated.updater._allowance, [], []
    allowance._settings = replace(updated.settings, update_rate=10_000)
    allowance._wait, allowance._check = rests.append, lambda: checks.append(len(rests))
    allowance.allow(4 << 20)
    assert sum(rests) == pytest.approx((4 << 20) / 10_000)
    assert max(rests) <= 5
    assert len(checks) > 80
