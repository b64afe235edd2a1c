"""Tests of appliance.intake.making and rebuild."""

from __future__ import annotations

import queue
import shutil
import threading
import time

import pytest

from appliance.intake import rebuild
from appliance.intake.making import Maker, wanted
from appliance.intake.rebuild import Task, estimate, run_task
from indexer.catalogue import Catalogue
from tests.appliance.stock import Stock, store_at, verified


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    stock = Stock(tmp_path_factory.mktemp("made"))
    work = stock.work()
    return stock.drive(work), stock.admission(work)


@pytest.fixture
def store(tmp_path):
    return store_at(tmp_path)


@pytest.fixture
def stored(made, store):
    return store.add(verified(store, *made), made[1], {})


@pytest.fixture
def told():
    return queue.Queue()


def maker_of(store, told, **options):
    return Maker(store, lambda key, found: told.put((key, found)), **options)


def fake(calls, good=True):
    """Makes an empty file in no time."""

    def run(task, progress, _stop):
        calls.append(task.part)
        progress(50, 60)
        if good:
            task.out.write_bytes(b"")
        return good

    return run


def test_wanted_every_catalogue_before_any_index(stored):
    failed = set()
    assert wanted([stored], failed) == [(stored.folder, "catalogue"), (stored.folder, "search")]
    assert wanted([stored], {(stored.folder, "catalogue")}) == [(stored.folder, "search")]


def test_maker_makes_what_is_lacking_in_order_and_once(store, stored, told):
    calls = []
    maker = maker_of(store, told, run=fake(calls))
    maker.update([stored])
    maker.update([stored])
    found = [told.get(timeout=60) for _ in range(2)]
    assert calls == ["catalogue", "search"]
    assert [key for key, _ in found] == [(stored.folder, "catalogue"), (stored.folder, "search")]
    assert dict(found[1][1].parts) == {"catalogue": "meta/catalogue.1.db", "search": "meta/search.1"}
    assert maker.state(found[1][1], "search").state == "ready"
    assert not maker.busy
    maker.close()


@pytest.mark.parametrize("good", [True, False])
def test_maker_leaves_nothing_in_the_scratch_folder(store, stored, told, tmp_path, good):
    def run(task, _progress, _stop):
        task.out.write_bytes(b"gigabytes")
        return good

    maker = maker_of(store, told, run=run)
    maker.update([stored])
    for _ in range(2):
        told.get(timeout=60)
    assert list((tmp_path / "scratch").iterdir()) == []
    maker.close()


def test_maker_tells_its_progress(store, stored, told):
    go, seen = threading.Event(), threading.Event()

    def run(task, progress, _stop):
        progress(40, 90)
        seen.set()
        go.wait(60)
        task.out.write_bytes(b"")
        return True

    maker = maker_of(store, told, run=run)
    maker.update([stored])
    assert seen.wait(60)
    part = maker.state(stored, "catalogue")
    assert (part.state, part.percent, part.seconds_left) == ("rebuilding", 40, 90)
    assert maker.state(stored, "search").state == "waiting"
    assert maker.busy
    go.set()
    told.get(timeout=60)
    maker.close()


def test_maker_what_cannot_be_made_is_told_and_not_tried_again_until_asked(store, stored, told):
    calls = []
    maker = maker_of(store, told, run=fake(calls, good=False))
    maker.update([stored])
    assert [told.get(timeout=60)[1] for _ in range(2)] == [None, None]
    maker.update([stored])
    assert maker.state(stored, "search").state == "failed"
    maker.again(stored.folder, "search")
    maker.update([stored])
    told.get(timeout=60)
    assert calls == ["catalogue", "search", "search"]
    maker.close()


def test_maker_release_that_was_dropped_meanwhile_is_no_harm(store, stored, told):
    def run(task, _progress, _stop):
        store.drop(stored)
        task.out.write_bytes(b"")
        return True

    maker = maker_of(store, told, run=run)
    maker.update([stored])
    assert told.get(timeout=60)[1] is None
    maker.close()


def test_maker_close_breaks_off(store, stored, told):
    def run(_task, _progress, stop):
        stop.wait(60)
        return False

    maker = maker_of(store, told, run=run)
    maker.update([stored])
    time.sleep(0.1)
    begun = time.monotonic()
    maker.close()
    assert time.monotonic() - begun < 30
    assert maker.state(stored, "catalogue").state != "failed"


def task_of(stored, tmp_path, part="catalogue"):
    return Task(stored.folder, part, stored.catalogue_jsonl, stored.items_txt, tmp_path / part, 4)


@pytest.mark.parametrize("part", ["catalogue", "search"])
def test_run_task_in_a_process_of_its_own(stored, tmp_path, part):
    seen = []
    assert run_task(task_of(stored, tmp_path, part), lambda *p: seen.append(p), threading.Event())
    assert (tmp_path / part).exists()
    if part == "catalogue":
        catalogue = Catalogue(tmp_path / part)
        assert catalogue.count == 4
        catalogue.close()


def test_run_task_truth_that_cannot_be_read_fails_alone(stored, tmp_path, capfd):
    stored.catalogue_jsonl.write_bytes(b"nonsense\n")
    assert not run_task(task_of(stored, tmp_path), lambda *_: None, threading.Event())
    assert "IndexFormatError" in capfd.readouterr().err


def test_run_task_stop_kills_the_process(stored, tmp_path):
    stop = threading.Event()
    stop.set()
    begun = time.monotonic()
    assert not run_task(task_of(stored, tmp_path, "search"), lambda *_: None, stop)
    assert time.monotonic() - begun < 30


def test_build_in_this_process_makes_the_same(stored, tmp_path):
    seen = []
    rebuild.build(task_of(stored, tmp_path), lambda *p: seen.append(p))
    assert seen
    rebuild.build(task_of(stored, tmp_path, "search"), lambda *p: seen.append(p))
    shutil.rmtree(tmp_path / "search")


@pytest.mark.parametrize(
    ("done", "total", "spent", "found"),
    [(0, 100, 5, (0, 500)), (50, 100, 60, (50, 60)), (100, 100, 60, (99, 0)), (5, 0, 1, (99, 0)),
     (0, 10**9, 9, (0, rebuild.WORST_ESTIMATE))],
)  # fmt: skip
def test_estimate_never_promises_the_end(done, total, spent, found):
    assert estimate(done, total, spent) == found
