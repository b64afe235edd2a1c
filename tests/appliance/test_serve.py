"""Tests of appliance.serve: damage is recorded and forgotten, drives are let go of, the worker is asked."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import serve as module
from appliance.clock import FixedClock
from appliance.serve import ServingBox
from appliance.serving.chunks import ServedItem
from appliance.serving.pools import Urgency
from appliance.store.commands import receive
from appliance.store.holdings import Message, Part
from appliance.web.staff_health import happenings
from packager.format.files import RealFiles
from packager.format.layout import CHUNK
from tests.appliance.library.test_damage import spoil_index, spoil_records
from tests.appliance.library.world import CHILDREN, World
from tests.simulator import flip


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.take(world.stock.work(1, ready=True), "one")
    return world


@pytest.fixture
def box(world, monkeypatch):
    monkeypatch.setattr(module, "HOUSE_SECONDS", 0.02)
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.2)
    monkeypatch.setattr(module, "RELEASE_SECONDS", 0.3)
    monkeypatch.setattr(World, "file", property(lambda self: self.stock.settings().holdings_file))
    world.publish()
    box = ServingBox(world.stock.settings(chunk_cache_bytes=16 << 20), FixedClock(), RealFiles())
    box.start()
    wait_for(lambda: box._serving)
    yield box
    box.close()


def wait_for(ready, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def served(box, identity):
    held = box.keeper.library.item(box.keeper.library.resource(identity).resource.items[0].id)
    place = held.places[0]
    item = ServedItem(held.item.sha256, held.item.size, held.digest, lambda: held.open(place), place.drive)
    return item, Path(place.root) / "bag" / held.item.path, held.item.id


def read(box, item, index=0):
    job = box.chunks.fetch(item, index, box.pools, Urgency.FIRST)
    job.wait(60)
    return job.error() if hasattr(job, "error") else None


def republish(world, **changes):
    world.drives["one"] = replace(world.drives["one"], **changes)
    world.publish()


def test_damage_is_recorded_by_item_and_forgotten_when_the_drive_is_mended(box, world):
    item, path, identity = served(box, "big-map")
    flip(path, CHUNK + 3)
    read(box, item, 0)
    read(box, item, 1)
    wait_for(lambda: box.faults.standing())
    (fault,) = box.faults.standing()
    assert (fault.item_id, fault.chunk, fault.kind, fault.drive) == (identity, 1, "damaged", "one")
    republish(world, since="2026-11-22T09:00:00Z")  # plugged in again, still damaged
    wait_for(lambda: box._serving["one"].since)
    time.sleep(0.2)
    assert box.faults.count() == 1
    flip(path, CHUNK + 3)
    republish(world, since="2026-11-22T10:00:00Z")
    wait_for(lambda: box.faults.count() == 0)


def test_missing_item_on_a_drive_that_stays_is_unreadable(box):
    item, path, identity = served(box, "red-chamber")
    path.unlink()
    read(box, item)
    wait_for(lambda: box.faults.standing())
    (fault,) = box.faults.standing()
    assert (fault.item_id, fault.kind) == (identity, "unreadable")


def test_drive_that_is_pulled_leaves_no_damage(box, world):
    item, path, _ = served(box, "red-chamber")
    path.unlink()
    read(box, item)
    republish(world, state="gone")
    time.sleep(0.6)
    assert box.faults.count() == 0
    wait_for(lambda: "one" not in box.pools.states())


@pytest.mark.parametrize("other", [False, True], ids=["nothing", "another-drive"])
def test_drive_that_is_pulled_while_there_is_no_worker_leaves_no_damage(box, world, other):
    republish(world, tagmanifest="a" * 64)
    wait_for(lambda: box.keeper.library.holdings.drives[0].tagmanifest)
    item, path, _ = served(box, "red-chamber")
    root = path.parents[3]
    assert (root / "bag").is_dir()
    root.rename(root.with_name("away"))
    if other:
        (root / "bag").mkdir(parents=True)
        (root / "bag/tagmanifest-sha256.txt").write_text("the list of another drive")
    read(box, item)
    time.sleep(0.6)
    assert box.faults.count() == 0


def test_damage_on_a_drive_that_is_gone_is_forgotten_when_another_serves(box, world):
    item, path, _ = served(box, "red-chamber")
    flip(path)
    read(box, item)
    wait_for(lambda: box.faults.count() == 1)
    work = world.stock.publisher.folder / "work-national-1"
    world.take(work, "two")
    world.trusted = world.trusted[:1]
    republish(world, state="gone")
    wait_for(lambda: box.faults.count() == 0)


def test_ejecting_drive_is_let_go_of_when_nobody_reads(box, world):
    republish(world, state="ejecting")
    folder = box._settings.commands_folder
    found = []
    wait_for(lambda: found.extend(receive(folder, RealFiles())) or found)
    assert found[0] == {"do": "released", "drive": "one"}


def test_broken_index_is_asked_for_again(box, world):
    stored = world.store.all()[0]
    for file in (stored.path / "meta/search").iterdir():
        file.write_bytes(b"damaged")
    stored.path.joinpath("meta/search").rename(stored.path / "meta/search.1")
    world.store.set_parts(stored, {**stored.parts, "search": "meta/search.1"})
    world.publish()
    found = []
    wait_for(lambda: found.extend(receive(box._settings.commands_folder, RealFiles())) or found)
    assert found[0] == {"do": "rebuild", "folder": stored.folder, "part": "search", "why": "broken"}


ADDRESSES = (
    "/",
    "/browse",
    "/browse/list",
    "/new",
    "/search?q=看天空",
    "/api/search?q=看天空",
    "/resources/sky",
    "/health",
)


@pytest.mark.parametrize("part", ["catalogue", "search"])
def test_damage_in_one_bundle_leaves_all_pages_and_asks_for_it_again(box, world, part):
    world.take(world.stock.work(1, bundle="children", sources=CHILDREN, ready=True), "child")
    world.publish()
    wait_for(lambda: box.keeper.library.stats().releases == 2)
    folder = spoil_records(world, "national") if part == "catalogue" else spoil_index(world, "national")
    client = box.app.test_client()
    answers = {address: client.get(address) for address in ADDRESSES}
    assert {a: r.status_code for a, r in answers.items()} == dict.fromkeys(ADDRESSES, 200)
    assert "看天空" in answers["/browse/list"].text
    assert [hit["id"] for hit in answers["/api/search?q=看天空"].get_json()["hits"]] == ["sky"]
    wanted = {"do": "rebuild", "folder": folder, "part": part, "why": "broken"}
    assert receive(box._settings.commands_folder, RealFiles()) == [wanted]


def test_index_being_made_in_one_bundle_leaves_search_to_the_other(box, world):
    world.take(world.stock.work(1, bundle="children", sources=CHILDREN, ready=True), "child")
    world.parts[world.stored_folder("national"), "search"] = Part("rebuilding", percent=30, seconds_left=60)
    world.publish()
    wait_for(lambda: box.keeper.library.stats().releases == 2)
    client = box.app.test_client()
    assert "看天空" in client.get("/search?q=看天空").text
    assert client.get("/api/search?q=看天空").get_json()["total"] == 1
    assert client.get("/health").get_json()["search"] == {"ready": False, "percent": 30}
    world.parts[world.stored_folder("children"), "search"] = Part("waiting", percent=0)
    world.publish()
    wait_for(lambda: box.keeper.library.stats().search_percent == 0)
    assert client.get("/api/search?q=看天空").status_code == 503
    assert client.get("/browse/list").status_code == 200


def test_sick_drive_is_looked_at_again(box):
    box._fell_sick("one")
    assert receive(box._settings.commands_folder, RealFiles()) == [{"do": "look-again", "drive": "one", "why": "sick"}]
    assert box.faults.sick_times("2026-11-22T00:00:00Z") == {"one": 1}


def test_place_whose_read_never_comes_back_is_known_and_left_alone(box, world):
    item, _path, identity = served(box, "big-map")
    box._late(item, 1)
    (fault,) = box.faults.standing()
    assert (fault.item_id, fault.chunk, fault.kind) == (identity, 1, "unreadable")
    box._fell_sick("one")
    republish(world, since="2026-11-22T09:00:00Z")
    wait_for(lambda: box._serving["one"].since == "2026-11-22T09:00:00Z" and not box._unchecked)
    assert box.faults.count() == 1  # it reads well here, but it is not tried while the drive counts as sick


def test_housekeeping_that_fails_goes_on(box, monkeypatch, caplog):
    real, calls = box._tidy, []

    def failing():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        real()

    monkeypatch.setattr(box, "_tidy", failing)
    wait_for(lambda: len(calls) > 3)
    assert "housekeeping" in caplog.text


def test_pages_answer_through_the_application(box):
    client = box.app.test_client()
    assert client.get("/health").get_json()["resources"] == 4
    assert client.get("/").status_code == 200


def test_close_leaves_no_thread(world, monkeypatch):
    monkeypatch.setattr(World, "file", property(lambda self: self.stock.settings().holdings_file))
    world.publish()
    before = threading.active_count()
    box = ServingBox(world.stock.settings(), FixedClock(), RealFiles())
    box.start()
    box.close()
    wait_for(lambda: threading.active_count() <= before)


@pytest.mark.parametrize(("rate", "shared"), [(1000, True), (0, False)])
def test_downloads_are_bounded_by_the_setting(world, rate, shared):
    world.publish()
    box = ServingBox(world.stock.settings(chunk_cache_bytes=16 << 20, download_rate=rate), FixedClock(), RealFiles())
    shares = box.app.extensions[module.EXTENSION].services.shares
    box.close()
    assert (shares is not None) == shared
    if shares is not None:
        bucket = shares.bucket("mark a", download=True)
        bucket.take(17 << 20)
        assert bucket.delay() > 1000


def test_diary_says_what_becomes_of_a_drive_and_the_page_of_health_lists_it(box, world, caplog):
    caplog.set_level(logging.INFO, "appliance.service.journal")

    def said():
        return [record.getMessage() for record in caplog.records if record.name == "appliance.service.journal"]

    box._clock.advance(10)
    wait_for(lambda: said() == ["一切正常，读者可以使用。"])
    gone = Message("intake.unplugged.idle", {"drive": "国家版", "count": 4})
    republish(world, state="gone", message=gone, since="2026-11-22T08:01:00Z")
    wait_for(lambda: len(said()) == 2)
    assert said()[1] == "硬盘“国家版”已断开，请接回。"
    with box.app.test_request_context():
        assert [line.text for line in happenings()] == list(reversed(said()))
    box._diary.rest()
    republish(world, state="ready", message=Message("intake.in_place", {"drive": "国家版"}))
    time.sleep(0.2)
    assert len(said()) == 2


def test_health_answers_whatever_is_wrong_inside(box, monkeypatch, caplog):
    monkeypatch.setattr(box.faults, "by_drive", lambda: 1 / 0)
    answer = box.app.test_client().get("/health")
    assert (answer.status_code, answer.get_json()["light"]) == (200, "attention")
    assert "cannot be said" in caplog.text
