"""Many damaged chunks at once: all found, no wrong byte sent while everything is read, all repaired that can be."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from appliance import serve
from appliance.clock import RealClock
from appliance.serve import ServingBox
from appliance.serving.server import make_server
from appliance.store.holdings import HeldDrive, Message
from appliance.upkeep import check
from appliance.web.glance import damages
from indexer.model import item_id
from packager.format.layout import CHUNK
from tests.appliance.library.world import World
from tests.appliance.upkeep.room import SINCE, Room, wait_for
from tests.simulator import FastFiles

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Plan:
    """Books, and which of their chunks are damaged; `nobody` and `stick`: places whose bytes the twin lacks too."""

    books: dict[str, tuple[str, dict[str, bytes]]] = field(default_factory=dict)
    damaged: set[tuple[str, int]] = field(default_factory=set)
    nobody: set[tuple[str, int]] = field(default_factory=set)
    stick: set[tuple[str, int]] = field(default_factory=set)

    def content(self, name: str) -> bytes:
        return self.books[name][1]["a.bin"]

    def chunk(self, place: tuple[str, int]) -> bytes:
        return self.content(place[0])[place[1] * CHUNK : (place[1] + 1) * CHUNK]


def planned(places: int) -> Plan:
    """About that many damaged chunks: half in small books, three tenths in two-chunk ones, the rest in big ones."""
    dice, plan = random.Random(5), Plan()

    def book(name: str, size: int, *chunks: int) -> None:
        plan.books[name] = (f"题名{name}", {"a.bin": dice.randbytes(size)})
        plan.damaged |= {(name, n) for n in chunks}

    for n in range(places // 2):
        book(f"small{n}", 2000 + n, 0)
    for n in range(places * 3 // 20):
        book(f"pair{n}", CHUNK + 1000 + n, 0, 1)
    for n in range(places // 25):
        book(f"big{n}", 7 * CHUNK + 99 + n, *dice.sample(range(8), 5))
    for n in range(10):
        book(f"well{n}", 5000)
    lost = sorted(plan.damaged)[:: max(1, places // 20)]
    plan.nobody, plan.stick = set(lost[::2]), set(lost[1::2])
    return plan


def damage(drive: Path, places: set[tuple[str, int]]) -> None:
    files = {p.stem: p for p in (drive / "bag/data").rglob("*") if p.is_file()}
    for name, chunk in places:
        with files[item_id(name, "part", "a.bin")].open("r+b") as file:
            file.seek(chunk * CHUNK + 7)
            (old,) = file.read(1)
            file.seek(chunk * CHUNK + 7)
            file.write(bytes([old ^ 0x21]))


def read_all(port: int, plan: Plan, stop: threading.Event, seen: Counter[str]) -> None:
    """A reader who asks for everything, in pieces, over and over, and compares every byte that comes."""
    dice = random.Random(threading.get_ident())
    while not stop.is_set():
        for name in dice.sample(sorted(plan.books), len(plan.books)):
            content = plan.content(name)
            begin = dice.randrange(len(content))
            end = min(len(content), begin + dice.randrange(1, 2 * CHUNK))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.request(
                    "GET", f"/items/{item_id(name, 'part', 'a.bin')}", headers={"Range": f"bytes={begin}-{end - 1}"}
                )
                answer = connection.getresponse()
                try:
                    body = answer.read()
                except http.client.IncompleteRead as error:
                    body = error.partial
            finally:
                connection.close()
            if answer.status == 206:
                seen["bytes"] += len(body)
                seen["wrong"] += content[begin : begin + len(body)] != body
                seen["whole"] += len(body) == end - begin
            seen[str(answer.status)] += 1
            if stop.is_set():
                return


def titles(box: ServingBox) -> set[str]:
    """Damaged titles as staff see them; a long list may be some seconds old."""
    with box.app.test_request_context("/"):
        return {damage.title for damage in damages()}


@pytest.fixture(params=[40, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def plan(request) -> Plan:
    return planned(request.param)


def test_damaged_chunks_are_all_found_never_sent_and_repaired(tmp_path, monkeypatch, plan):
    monkeypatch.setattr(serve, "HOUSE_SECONDS", 0.1)
    monkeypatch.setattr(check, "QUIET_SECONDS", 0.002)  # readers never rest here
    monkeypatch.setattr(World, "file", property(lambda self: self.stock.settings().holdings_file))
    room = Room(tmp_path)
    work = room.world.stock.work(1, ready=True, sources=plan.books)
    one, two = room.take(work, "one"), room.take(work, "two")
    damage(one, plan.damaged)
    damage(two, plan.nobody | plan.stick)
    expected = len(plan.damaged)
    seconds = 20 + expected
    room.world.drives["two"] = replace(room.world.drives["two"], state="gone")  # first, nobody has anything
    room.publish()
    room.faults.close()
    box = ServingBox(replace(room.settings, chunk_cache_bytes=16 << 20), RealClock(), FastFiles())
    server = make_server(box.app, host="127.0.0.1", port=0, threads=8)
    serving = threading.Thread(target=server.run, daemon=True)
    stop, seen = threading.Event(), Counter()
    readers = [threading.Thread(target=read_all, args=(server.port, plan, stop, seen)) for _ in range(2)]
    places = {(item_id(name, "part", "a.bin"), n): (name, n) for name, n in plan.damaged}

    def standing() -> set[tuple[str, int]]:
        return {places[f.item_id, f.chunk] for f in box.faults.standing(10_000)}

    try:
        serving.start()
        box.start()
        for reader in readers:
            reader.start()
        room.start()
        wait_for(lambda: any(r.state == "finished" for r in box.upkeep.state.runs), seconds, "the check")
        wait_for(lambda: box.faults.count() == expected, 30, "all findings")
        assert standing() == plan.damaged
        wait_for(lambda: len(box.upkeep.state.attempts) == expected, 30, "attempts")
        with box.app.test_client() as client:
            assert client.get("/staff/").status_code == 200
        # Another drive comes, and then a stick.
        room.world.drives["two"] = replace(room.world.drives["two"], state="ready", since="2026-11-22T09:00:00Z")
        room.publish()
        wait_for(lambda: standing() == plan.nobody | plan.stick, seconds, "repairs from the drive")
        stick = tmp_path / "stick"
        for place in plan.stick:
            content = plan.chunk(place)
            name = hashlib.sha256(content).hexdigest()
            (stick / "objects" / name[:2]).mkdir(parents=True, exist_ok=True)
            (stick / "objects" / name[:2] / name).write_bytes(content)
        message = Message("intake.refused.not_ours")
        room.world.drives["u"] = HeldDrive("u", str(stick), "", "refused", message, since=SINCE)
        room.publish()
        wait_for(lambda: standing() == plan.nobody, seconds, "repairs from the stick")
        wait_for(lambda: titles(box) == {f"题名{name}" for name, _ in plan.nobody}, 30, "titles")
        before = seen["whole"]
        wait_for(lambda: seen["whole"] > before + len(plan.books), seconds, "readers")
    finally:
        stop.set()
        for reader in readers:
            reader.join(70)
        room.stop()
        server.close()
        serving.join(60)
        box.close()
        room.view.close()
    assert seen["wrong"] == 0
    assert seen["bytes"] > 0
    repaired = {places[r.item_id, r.chunk] for r in box.upkeep.state.repaired}
    assert repaired <= plan.damaged - plan.nobody
    print(f"\n{expected} damaged chunks, {len(plan.nobody)} without a source; readers: {dict(seen)}")  # noqa: T201
