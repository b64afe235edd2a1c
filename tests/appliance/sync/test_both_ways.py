"""A stick comes while an update comes by wire, and the two have different newest editions."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.appliance.sync.four_editions import make_editions
from tests.appliance.sync.test_sticks import Desk
from tests.appliance.sync.test_updater import Box, live_is
from tests.appliance.sync.updating import taken_twice
from tests.faulty_server import Asked, FaultyServer


@pytest.fixture(scope="module")
def editions(published, tmp_path_factory):
    return make_editions(published, tmp_path_factory.mktemp("editions"))


@pytest.fixture
def meeting(published, editions, tmp_path):
    """A box whose line has one tree, and which gets a stick with another in the middle of the first pack."""
    made = []

    def make(wire, stick):
        server = FaultyServer(wire)
        (slot := tmp_path / "media/usb").parent.mkdir()
        drive = shutil.copytree(editions.drive, tmp_path / "drive")
        box = Box(
            tmp_path / "box", published[0], drive, drive_folders=(slot.parent,), update_apply="at-once",
            update_origins=(server.address,),
        )  # fmt: skip
        made.extend((server, box))
        box.until(lambda holdings: any(release.search.state == "ready" for release in holdings.live()), 300)
        box.updater.sticks.turn()
        desk = Desk(box, slot, stick)

        def plugged(asked):
            asked.right()
            if asked.name.startswith("objects/") and not slot.exists():
                desk.plug()
                end = time.monotonic() + 60
                while not box.updater.sticks.waiting() and time.monotonic() < end:
                    box.intake.turn(0.05)  # whoever drives it waits for the line meanwhile

        server.fault = plugged
        box.updater.turn()
        server.fault = Asked.right
        assert box.updater.sticks.waiting()
        return server, box

    yield make
    for one in made:
        one.close()


def objects(server):
    return sum(size for name, size in server.sent.items() if name.startswith("objects/"))


def test_newer_stick_is_read_first_and_the_line_brings_nothing_more(meeting, editions):
    server, box = meeting(editions.three, editions.four)
    before = objects(server)
    box.updater.sticks.turn()
    box.until(live_is(4), 300)
    assert box.updater.turn().key in {"sync.current", "sync.mirror.all_stale"}
    box.until(live_is(4), 300)
    assert objects(server) == before
    assert not taken_twice(server.taken)


def test_older_stick_is_read_first_and_the_line_leads_on(meeting, editions):
    server, box = meeting(editions.four, editions.three)
    box.updater.sticks.turn()
    box.until(live_is(3), 300)
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(4), 300)
    assert not taken_twice(server.taken)
    assert box.keeper.library.resource("last").resource.title == "第四版的新书"
