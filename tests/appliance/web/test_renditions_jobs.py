"""Jobs of renditions: made once, parked for, remembered when they fail, and no work holds them for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from appliance.errors import BusyError, DriveGoneError
from appliance.serving.channel import LINK, Parked
from appliance.web import renditions_jobs
from appliance.web.renditions_jobs import REST_SECONDS, STRIKES, RenditionJobs
from indexer.errors import RenditionError, RenditionLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Link:
    """A connection that parks once for every job."""

    def __init__(self) -> None:
        self.jobs: dict[Any, Any] = {}

    def settled(self, name: Any) -> Any:
        return self.jobs.get(name)

    def park(self, job: Any) -> None:
        self.jobs[job.name] = job
        raise Parked(job)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(clock: Clock) -> Iterator[RenditionJobs]:
    made = RenditionJobs(clock=clock)
    yield made
    made.close()


def failing(error: Exception, count: list[int]) -> Callable[[], object]:
    def work() -> object:
        count.append(1)
        raise error

    return work


def test_job_gives_what_was_made(jobs: RenditionJobs) -> None:
    assert jobs.result("a", lambda: {"made": 1}, owner="w") == {"made": 1}


def test_job_of_one_name_runs_once_for_all_who_ask_meanwhile(jobs: RenditionJobs) -> None:
    gate, calls, found = threading.Event(), [], []

    def work() -> int:
        calls.append(1)
        gate.wait(60)
        return 7

    def ask() -> None:
        asking.append(1)
        found.append(jobs.result("a", work, owner="w"))

    asking: list[int] = []
    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(asking) < 5:
        time.sleep(0.01)
    time.sleep(0.2)  # all of them ask before it is made
    gate.set()
    for thread in threads:
        thread.join(60)
    assert found == [7] * 5
    assert len(calls) == 1


def test_job_that_takes_longer_leaves_the_thread_and_is_met_again(jobs: RenditionJobs) -> None:
    gate, link = threading.Event(), Link()
    with Flask("x").test_request_context(environ_overrides={LINK: link}):
        with pytest.raises(Parked) as parked:
            jobs.result("a", lambda: gate.wait(60) and "made", owner="w")
        gate.set()
        assert parked.value.job.wait(60)
        assert jobs.result("a", lambda: pytest.fail("made twice"), owner="w") == "made"


def test_job_that_failed_while_parked_says_so_once(jobs: RenditionJobs) -> None:
    gate, link = threading.Event(), Link()

    def work() -> object:
        gate.wait(60)
        raise RenditionError("broken")

    with Flask("x").test_request_context(environ_overrides={LINK: link}):
        with pytest.raises(Parked) as parked:
            jobs.result("a", work, owner="w")
        gate.set()
        assert parked.value.job.wait(60)
        with pytest.raises(RenditionError, match="broken"):
            jobs.result("a", work, owner="w")


def test_failure_of_the_bytes_is_remembered_and_of_the_drive_is_not(jobs: RenditionJobs, clock: Clock) -> None:
    broken, gone = [], []
    for _ in range(2):
        with pytest.raises(RenditionError):
            jobs.result("a", failing(RenditionError("x"), broken), owner="w")
        with pytest.raises(DriveGoneError):
            jobs.result("b", failing(DriveGoneError("d", "x"), gone), owner="w")
        clock.now += 10 * REST_SECONDS
    assert (len(broken), len(gone)) == (1, 2)


def test_limits_used_up_are_tried_again_after_a_rest(jobs: RenditionJobs, clock: Clock) -> None:
    count: list[int] = []
    for pause in (0.0, REST_SECONDS - 1, 2.0):
        clock.now += pause
        with pytest.raises(RenditionLimitError):
            jobs.result("a", failing(RenditionLimitError("slow"), count), owner="w")
    assert len(count) == 2


def test_work_that_uses_up_its_limits_again_and_again_rests_and_others_go_on(jobs: RenditionJobs, clock: Clock) -> None:
    count: list[int] = []
    for n in range(STRIKES + 5):
        with pytest.raises(RenditionLimitError):
            jobs.result(n, failing(RenditionLimitError("slow"), count), owner="bomb")
    assert len(count) == STRIKES
    assert jobs.result("good", lambda: 1, owner="other") == 1
    clock.now += REST_SECONDS + 1
    assert jobs.result("good", lambda: 2, owner="bomb") == 2


def test_work_that_rests_has_its_waiting_jobs_refused_too(clock: Clock) -> None:
    jobs, gate, link, count = RenditionJobs(1, clock=clock), threading.Event(), Link(), list[int]()

    def slow() -> object:
        gate.wait(60)
        count.append(1)
        raise RenditionLimitError("slow")

    with Flask("x").test_request_context(environ_overrides={LINK: link}):
        for n in range(STRIKES + 4):
            with pytest.raises(Parked):
                jobs.result(n, slow, owner="bomb")
    gate.set()
    for n in range(STRIKES + 4):
        assert link.jobs[n].wait(60)
        assert isinstance(link.jobs[n].error(), RenditionLimitError)
    assert len(count) == STRIKES
    jobs.close()


def test_work_that_succeeds_in_between_does_not_rest(jobs: RenditionJobs) -> None:
    count: list[int] = []
    for n in range(3 * STRIKES):
        with pytest.raises(RenditionLimitError):
            jobs.result(n, failing(RenditionLimitError("slow"), count), owner="heavy")
        if n % 2:
            jobs.result(("good", n), lambda: 1, owner="heavy")
    assert len(count) == 3 * STRIKES


def test_too_many_are_asked_to_come_again(jobs: RenditionJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renditions_jobs, "MAX_WAITING", 3)
    gate, link = threading.Event(), Link()
    with Flask("x").test_request_context(environ_overrides={LINK: link}):
        for n in range(3):
            with pytest.raises(Parked):
                jobs.result(n, lambda: gate.wait(60), owner="w")
        with pytest.raises(BusyError):
            jobs.result(9, lambda: 1, owner="w")
    gate.set()


def test_thread_does_not_wait_for_ever(jobs: RenditionJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renditions_jobs, "LONGEST_WAIT", 0.05)
    gate = threading.Event()
    with pytest.raises(BusyError):
        jobs.result("a", lambda: gate.wait(60), owner="w")
    gate.set()


def test_close_fails_what_waits_and_takes_nothing_new(clock: Clock) -> None:
    jobs, gate, link = RenditionJobs(1, clock=clock), threading.Event(), Link()
    with Flask("x").test_request_context(environ_overrides={LINK: link}):
        for n in range(3):
            with pytest.raises(Parked):
                jobs.result(n, lambda: gate.wait(60), owner="w")
    jobs.close()
    gate.set()
    assert link.jobs[2].wait(60)
    with pytest.raises(BusyError):
        link.jobs[2].result()
    with pytest.raises(BusyError):
        jobs.result("new", lambda: 1, owner="w")


def asked_by(reader: str, link: Link, jobs: RenditionJobs, name: object, work: Callable[[], object]) -> None:
    """A reader asks and is parked."""
    environ = {LINK: link, "REMOTE_ADDR": reader}
    with Flask("x").test_request_context(environ_overrides=environ), pytest.raises(Parked):
        jobs.result(name, work, owner="w")


def test_readers_take_turns(clock: Clock) -> None:
    jobs, gate, link, made = RenditionJobs(1, clock=clock), threading.Event(), Link(), list[object]()

    def work(name: object) -> Callable[[], object]:
        return lambda: (gate.wait(60), made.append(name))

    asked_by("10.0.0.1", link, jobs, "first", work("first"))
    for n in range(20):
        asked_by("10.0.0.1", link, jobs, n, work(n))
    asked_by("10.0.0.2", link, jobs, "other", work("other"))
    asked_by("10.0.0.3", Link(), jobs, 19, work(19))  # the same as one far back
    gate.set()
    assert link.jobs[18].wait(60)
    assert made[0] == "first"
    assert set(made[1:4]) == {0, "other", 19}
    assert len(made) == 22
    jobs.close()


def test_reader_who_waits_for_very_much_leaves_room_for_others(
    jobs: RenditionJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renditions_jobs, "MAX_WAITING_EACH", 3)
    gate, link = threading.Event(), Link()
    for n in range(5):  # two run, three wait
        asked_by("10.0.0.1", link, jobs, n, lambda: gate.wait(60))
        if n < 2:
            wait_until_started(link.jobs[n])
    environ = {LINK: link, "REMOTE_ADDR": "10.0.0.1"}
    with Flask("x").test_request_context(environ_overrides=environ), pytest.raises(BusyError):
        jobs.result(9, lambda: 1, owner="w")
    asked_by("10.0.0.2", link, jobs, 10, lambda: gate.wait(60))
    gate.set()


def wait_until_started(job: Any) -> None:
    """Wait until a thread has taken it."""
    end = time.monotonic() + 60
    while not job.started:
        assert time.monotonic() < end
        time.sleep(0.002)


def test_wait_in_threads_that_answer_readers_is_for_a_few(jobs: RenditionJobs) -> None:
    """Who may not be parked any more waits in a thread; the fifth is asked to come again."""
    gate, found = threading.Event(), []

    class Impatient(Link):
        def park(self, job: Any) -> None:
            """Returns: it has waited too often."""

    def ask() -> None:
        with Flask("x").test_request_context(environ_overrides={LINK: Impatient()}):
            try:
                found.append(jobs.result("a", lambda: gate.wait(60), owner="w"))
            except BusyError:
                found.append("busy")

    threads = [threading.Thread(target=ask) for _ in range(renditions_jobs.MAX_HELD + 3)]
    for thread in threads:
        thread.start()
    for _ in range(1000):
        if len(found) == 3:
            break
        time.sleep(0.05)
    gate.set()
    for thread in threads:
        thread.join(60)
    assert sorted(map(str, found)) == ["True"] * renditions_jobs.MAX_HELD + ["busy"] * 3
