"""Tests of indexer.kept_answers: bounds, one thread an answer, few at a time, and who is not kept up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from indexer.kept_answers import AT_ONCE, KeptAnswers


def together(count: int, work: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_kept_answers_are_found_out_once_and_within_the_bound() -> None:
    asked: list[int] = []
    kept = KeptAnswers[int, int](3, lambda answer: answer)

    def find(n: int) -> Callable[[], int]:
        return lambda: asked.append(n) or n  # type: ignore[func-returns-value]

    assert [kept.get(n, find(n)) for n in (1, 2, 1, 2)] == [1, 2, 1, 2]
    assert asked == [1, 2]
    kept.get(9, find(9))
    assert [kept.get(n, find(n)) for n in (9, 1)] == [9, 1]
    assert asked == [1, 2, 9, 1]


def test_who_asks_the_same_at_once_waits_for_the_first() -> None:
    kept, found, answers = KeptAnswers[str, int](9), [], []

    def find() -> int:
        time.sleep(0.05)
        found.append(1)
        return 7

    together(12, lambda _: answers.append(kept.get("a", find)))
    assert answers == [7] * 12
    assert len(found) == 1


def test_what_fails_is_asked_again_by_the_next() -> None:
    kept = KeptAnswers[str, int](9)

    def fail() -> int:
        raise ValueError("nothing")

    for _ in range(2):
        with pytest.raises(ValueError, match="nothing"):
            kept.get("a", fail)
    assert kept.get("a", lambda: 3) == 3


def test_few_are_found_out_at_a_time_and_what_is_kept_does_not_wait() -> None:
    kept, running, most = KeptAnswers[object, int](99), [], []
    kept.get("known", lambda: 1)
    go = threading.Event()

    def find() -> int:
        running.append(1)
        most.append(len(running))
        go.wait(60)
        running.pop()
        return 2

    def look() -> None:
        while len(running) < AT_ONCE:
            time.sleep(0.001)
        began = time.perf_counter()
        assert kept.get("known", lambda: 0) == 1
        waited.append(time.perf_counter() - began)
        go.set()

    waited: list[float] = []
    looking = threading.Thread(target=look)
    looking.start()
    together(6, lambda n: kept.get(n, find))
    looking.join()
    assert max(most) <= AT_ONCE
    assert waited[0] < 30


def test_an_answer_that_needs_another_does_not_wait_for_itself() -> None:
    kept, inner = KeptAnswers[object, int](99), KeptAnswers[object, int](99)
    began = time.perf_counter()
    together(8, lambda n: kept.get(n, lambda: inner.get(n, lambda: n)))
    assert time.perf_counter() - began < 30
