"""Whatever a server does wrong, each release arrives whole, and staff read what is true of it."""

from __future__ import annotations

import pytest

from appliance.sync import incoming
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.sync.updating import UpdatedBox, copy_of, taken_twice
from tests.faulty_server import FAULTS, FaultyServer, first
from tests.simulator import DAY

PIECE = 256 << 10

LISTS = dict.fromkeys(FAULTS, "sync.unreachable") | {
    "slow": "sync.applied",
    "whole_for_range": "sync.applied",  # lists are asked for whole
    "other_bytes": "sync.refused.untrusted",
}
OBJECTS = dict.fromkeys(FAULTS, "sync.unreachable") | {
    "slow": "sync.applied",
    "other_bytes": "sync.mirror.bad_data",
    "says_more": "sync.applied",  # what is there is right
    "truncated": "sync.applied",  # it goes on behind what came
    "ends_early": "sync.applied",
}
"""What staff read after the first try, by what is wrong with lists and with objects."""


@pytest.fixture(scope="module")
def tree(published, tmp_path_factory):
    """An origin with both editions."""
    publisher, _, work = published
    folder = tmp_path_factory.mktemp("faults") / "origin"
    publish(work, publisher.keys, FolderSite(folder, RealFiles()), DAY)
    return folder


@pytest.fixture
def serve():
    """Makes servers of folders."""
    made = []

    def server(folder, fault=None):
        made.append(FaultyServer(folder))
        made[-1].fault = fault or made[-1].fault
        return made[-1]

    yield server
    for one in made:
        one.close()


@pytest.fixture
def box(published, tmp_path, monkeypatch):
    """Makes the box, with small pieces."""
    monkeypatch.setattr(incoming, "PIECE", PIECE)

    def made(*servers):
        return UpdatedBox(tmp_path / "data", published[0].root, published[1], tuple(s.address for s in servers))

    return made


def turns(box, most=12):
    """What is said until nothing is left to do."""
    said = []
    while len(said) < most and (not said or said[-1] != "sync.applied"):
        said.append(box.updater.turn().key)
    return said


@pytest.mark.parametrize("name", FAULTS)
def test_lists_arrive_in_spite_of_it(name, published, tree, serve, box):
    server = serve(tree, first(2, FAULTS[name], below="tuf/metadata/timestamp"))
    updated = box(server)
    said = turns(updated)
    assert said[0] == LISTS[name], said
    assert set(said[:-1]) <= {LISTS[name]}
    assert said[-1] == "sync.applied"
    assert updated.has(published[2])
    assert not taken_twice(server.taken)


@pytest.mark.parametrize("name", FAULTS)
def test_objects_arrive_in_spite_of_it(name, published, tree, serve, box):
    server = serve(tree, first(2, FAULTS[name], below="objects/"))
    updated = box(server)
    said = turns(updated)
    assert said[0] == OBJECTS[name], said
    assert said[-1] == "sync.applied"
    assert updated.has(published[2])
    if name != "other_bytes":  # what is wrong somewhere is thrown away whole
        assert not taken_twice(server.taken)


@pytest.mark.parametrize("name", FAULTS)
def test_another_mirror_gives_what_the_first_never_does(name, published, tree, serve, box):
    never, right = serve(tree, first(10**9, FAULTS[name], below="objects/")), serve(tree)
    updated = box(never, right)
    assert turns(updated) == ["sync.applied"]
    assert updated.has(published[2])
    assert not taken_twice(right.taken)


def test_line_that_is_cut_again_and_again_brings_all_of_it(published, tree, serve, box):
    server = serve(tree, first(10**9, lambda asked: FAULTS["cut" if asked.luck.random() < 0.3 else "slow"](asked)))
    updated = box(server)
    assert turns(updated, most=200)[-1] == "sync.applied"
    assert updated.has(published[2])
    assert not taken_twice(server.taken)


def test_mirror_that_spoils_does_not_spoil_what_another_began(published, tree, serve, box):
    """The second one is cut again and again; the first one would complete it, with wrong bytes."""
    wrong = serve(tree, first(10**9, FAULTS["other_bytes"], below="objects/"))
    flaky = serve(
        tree, lambda a: (FAULTS["cut"] if a.number % 2 and a.name.startswith("objects/") else type(a).right)(a)
    )
    updated = box(wrong, flaky)
    said = turns(updated)
    assert said[0] == "sync.mirror.bad_data"
    assert said[-1] == "sync.applied"
    assert updated.said[0].params["mirror"].startswith("127.0.0.1:")
    assert not taken_twice(flaky.taken)


def test_right_mirror_is_not_blamed_for_the_part_that_a_wrong_one_gave(published, tree, serve, box):
    def spoils_then_ends(asked):
        ((FAULTS["other_bytes"] if asked.start == 0 else FAULTS["missing"]) if asked.ranged else type(asked).right)(
            asked
        )

    updated = box(serve(tree, spoils_then_ends), right := serve(tree))
    assert turns(updated) == ["sync.applied"]
    assert f"127.0.0.1:{right.port}" not in updated.updater._incoming.spoiled


def test_mirror_that_is_behind_is_passed_over(published, tree, serve, box, tmp_path):
    behind = copy_of(tmp_path / "behind", tree)
    for path in (behind / "tuf/metadata").iterdir():
        path.unlink()
    for path in (published[1] / "tuf/metadata").iterdir():
        (behind / "tuf/metadata" / path.name).write_bytes(path.read_bytes())
    stale, right = serve(behind), serve(tree)
    updated = box(stale, right)
    assert turns(updated) == ["sync.current", "sync.applied"]  # the older lists were news to a new box
    updated.updater.turn()
    assert updated.updater._mirrors.stale == (f"127.0.0.1:{stale.port}",)
    alone = box(stale)
    assert alone.updater.turn().key == "sync.mirror.all_stale"
    assert alone.seqs() == [1, 2]


def test_busy_server_is_left_alone_for_as_long_as_it_asks(published, tree, serve, box):
    for below in ("tuf/", "objects/"):
        server = serve(tree, first(1, FAULTS["busy"], below=below))
        updated = box(server)
        asked = updated.clock.monotonic()
        assert updated.updater.turn().key == "sync.unreachable"
        assert updated.updater._next >= asked + 1200
