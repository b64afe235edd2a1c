"""Tests of appliance.intake.place: one thread a drive, and what happens when its disk hangs."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from appliance.errors import IntakeError
from appliance.intake import place as module
from appliance.intake.mounts import Candidate
from appliance.intake.place import LEAST_ROOM, Admitted, Brought, Looked, Place, Progressed
from appliance.intake.states import Refused, Short
from appliance.intake.taking import Parcel, PayloadMissingError
from appliance.store.holdings import Message
from packager.format.errors import DigestError, RevokedError


@pytest.fixture
def news():
    return queue.Queue()


@pytest.fixture
def place(tmp_path, news):
    place = Place(Candidate(tmp_path, None), lambda _place, what: news.put(what))
    yield place
    place.close()
    place.join(60)
    assert not place._thread.is_alive()


def next_of(news, kind):
    while True:
        found = news.get(timeout=60)
        if isinstance(found, kind):
            return found


def test_place_looks_at_once_and_again_when_asked(place, news):
    assert not next_of(news, Looked).glance.there
    (place.folder / "x").mkdir()
    place.look_now()
    assert next_of(news, Looked).glance.there


def raising(error):
    def job(_place):
        raise error

    return job


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (IntakeError("space.intake_waits", "full", size=7), Short(3, Message("space.intake_waits", {"size": 7}))),
        (
            RevokedError("gone", edition="2026.11"),
            Refused(3, Message("intake.refused.revoked", {"edition": "2026.11"})),
        ),
        (PayloadMissingError(("data/a",), 3), Refused(3, Message("intake.refused.half_copied"))),
        (OSError(28, "No space left"), Short(3, Message("space.intake_waits", {"size": LEAST_ROOM}))),
        (OSError(5, "Input/output error"), Refused(3, Message("intake.refused.unreadable"))),
        (DigestError("x"), Refused(3, Message("intake.refused.unreadable"))),
        (ZeroDivisionError(), Refused(3, Message("intake.refused.unreadable"))),
    ],
    ids=lambda v: type(v).__name__,
)
def test_place_job_that_fails_is_told_with_its_sentence(place, news, error, told):
    place.begin(3, raising(error))
    assert next_of(news, (Refused, Short)) == told
    assert place.watched == (("data/a",) if isinstance(error, PayloadMissingError) else ())


def test_place_job_that_ends_well_is_told_with_its_result(place, news):
    admission, parcel = object(), Parcel.__new__(Parcel)
    place.begin(1, lambda _place: admission)
    assert next_of(news, Admitted).admission is admission
    place.begin(2, lambda _place: parcel)
    assert next_of(news, Brought).parcel is parcel


def test_place_new_job_breaks_the_old_one_off(place, news):
    running = threading.Event()

    def endless(where):
        running.set()
        while True:
            time.sleep(0.01)
            where.progress(1, 2)

    place.begin(1, endless)
    assert running.wait(60)
    place.begin(2, lambda _place: "second")
    assert next_of(news, Admitted).attempt == 2


def test_place_stop_breaks_off_without_a_word(place, news):
    def endless(where):
        while not where.stopping.is_set():
            time.sleep(0.01)
        where.progress(1, 2)

    place.begin(1, endless)
    time.sleep(0.1)
    place.stop()
    place.begin(2, lambda _place: "after")
    seen = []
    while not seen or not isinstance(seen[-1], Admitted):
        seen.append(news.get(timeout=60))
    assert not any(isinstance(s, (Refused, Short, Brought)) for s in seen)


def test_place_progress_is_told_now_and_then(place, news):
    def job(where):
        for n in range(100):
            where.progress(n, 100)
        return "done"

    place.begin(4, job)
    told = next_of(news, Progressed)
    assert (told.attempt, told.total) == (4, 100)
    seen = []
    while not seen or not isinstance(seen[-1], Admitted):
        seen.append(news.get(timeout=60))
    assert not any(isinstance(s, Progressed) for s in seen)  # the rest came within the same second


def test_place_hanging_disk_is_seen_from_outside(tmp_path, news, monkeypatch):
    answer = threading.Event()

    def hanging(_candidate, _watched):
        answer.wait(60)
        return module.Glance(there=False)

    monkeypatch.setattr(module, "glance", hanging)
    place = Place(Candidate(tmp_path, None), lambda _place, what: news.put(what))
    time.sleep(0.3)
    assert place.quiet_for > 0.2
    answer.set()
    next_of(news, Looked)
    assert place.quiet_for < 0.2
    place.close()
    place.join(60)
