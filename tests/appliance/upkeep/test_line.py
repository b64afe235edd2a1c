"""When repairs use the line: what waits for it, what does not, and what staff can do."""

from __future__ import annotations

import pytest

from appliance.store.holdings import Message
from appliance.store.repairs import THE_LINE
from packager.format.origin import object_path
from tests.appliance.upkeep.line import OpenLine
from tests.appliance.upkeep.room import wait_for
from tests.appliance.upkeep.test_repairer import CONTENT, SHA, chunk, mended, named, plug, stick
from tests.faulty_server import FaultyServer

WAITS = Message("repair.waiting.window", {"time": "22:00"})


@pytest.fixture
def server(tmp_path):
    path = tmp_path / "origin" / object_path(SHA)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    server = FaultyServer(tmp_path / "origin")
    yield server
    server.close()


def waits(room):
    room.view.refresh()
    return [(r.key, dict(r.params)) for r in room.view.state.reports if r.about == THE_LINE]


def test_repair_waits_for_the_hours_is_told_and_staff_may_have_it_at_once(room, server):
    plug(room, 0, 2)
    room.line = OpenLine(server.address, why=WAITS)
    upkeep = room.start()
    wait_for(lambda: waits(room) == [(WAITS.key, {"time": "22:00"})])
    assert room.view.state.attempts == {(SHA, 0), (SHA, 2)}  # so that the list may be saved for a stick
    assert not server.taken
    upkeep.command({"do": "repair"})
    wait_for(lambda: mended(room) and not waits(room))
    assert {r.source for r in room.view.state.repaired} == {"network"}
    assert room.line.taken == sum(length for taken in server.taken.values() for _, length in taken) > 0


def test_hours_that_staff_change_are_looked_at_at_once(room, server):
    plug(room, 1)
    room.line = OpenLine(server.address, why=WAITS)
    upkeep = room.start()
    wait_for(lambda: waits(room))
    room.line.why = None
    upkeep.command({"do": "update-set", "window": "", "cap": "0"})
    wait_for(lambda: mended(room) and not waits(room))


def test_drives_and_sticks_wait_for_nothing(room, server):
    plug(room, 0, 3)
    room.line = OpenLine(server.address, why=WAITS)
    stick(room, **{named(chunk(0)): chunk(0)})
    plug(room, key="two")
    room.start()
    wait_for(lambda: mended(room) and not waits(room))
    assert not server.taken


def test_stick_that_comes_while_chunks_are_fetched_slowly_is_read_at_once(room, server):
    plug(room, 0, 1, 2, 3)
    room.line = OpenLine(server.address, seconds=3600)
    room.start()
    wait_for(lambda: room.line.delays)  # a chunk waits for its hour
    stick(room, **{named(chunk(n)): chunk(n) for n in range(4)})
    room.publish()
    wait_for(lambda: mended(room))
    assert {r.source for r in room.view.state.repaired} == {"stick"}
    assert not server.taken


def test_box_without_a_line_asks_nobody(room, server):
    plug(room, 0)
    room.line = OpenLine()
    room.start()
    wait_for(lambda: (room.view.refresh(), room.view.state.attempts)[1])
    assert waits(room) == []
    assert not server.taken
