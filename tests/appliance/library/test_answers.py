"""Searches wait in a row; equal ones are worked out once; no answer under load differs from that given alone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from appliance.errors import BusyError
from appliance.library.answers import Answers, size_of
from appliance.library.library import Library
from appliance.library.turns import Gates, Turns
from appliance.store.holdings import Holdings
from indexer.errors import QueryError
from indexer.search import Searcher, SearchRequest, SearchResult
from tests.indexer.shelf import WORDS, generated, make_searcher


def together(tasks: Sequence[Callable[[], object]]) -> list[object]:
    """Run all at once; what each gave back or raised."""
    found: list[object] = [None] * len(tasks)
    start = threading.Barrier(len(tasks))

    def run(place: int) -> None:
        start.wait()
        try:
            found[place] = tasks[place]()
        except Exception as error:  # noqa: BLE001 - is looked at by the test
            found[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_ten_equal_questions_are_worked_out_once():
    answers: Answers[str] = Answers(len)
    worked: list[int] = []

    def work() -> str:
        worked.append(1)
        time.sleep(0.05)
        return "answer"

    assert together([lambda: answers.get("q", work)] * 10) == ["answer"] * 10
    assert len(worked) == 1
    assert answers.get("q", work) == "answer"
    assert answers.get("another", work) == "answer"
    assert len(worked) == 2


def test_an_error_is_the_answer_of_nobody_else():
    answers: Answers[str] = Answers(len)
    fails = iter([True, *[False] * 20])

    def work() -> str:
        time.sleep(0.02)
        if next(fails):
            raise QueryError("q", "expected something")
        return "answer"

    found = together([lambda: answers.get("q", work)] * 6)
    assert sum(isinstance(one, QueryError) for one in found) == 1
    assert found.count("answer") == 5
    assert answers.get("none", lambda: None) is None
    assert len(answers) == 1


def test_kept_answers_are_bounded_and_the_oldest_go():
    answers: Answers[str] = Answers(len, most=100)
    for number in range(30):
        answers.get(number, lambda: "x" * 10)
        assert answers.size <= 100
    assert len(answers) == 10
    worked: list[int] = []
    for number in (29, 3):
        answers.get(number, lambda: worked.append(1) or "x" * 10)
    assert len(worked) == 1, "29 was kept, 3 was not"
    answers.get("large", lambda: "x" * 50)
    assert len(answers) == 10, "one large answer pushes out nothing"


def test_who_asks_the_same_does_not_wait_for_ever():
    answers: Answers[str] = Answers(len, seconds=0.05)
    begun, end = threading.Event(), threading.Event()
    slow = threading.Thread(target=lambda: answers.get("q", lambda: (begun.set(), str(end.wait(60)))[1]))
    slow.start()
    assert begun.wait(60)
    with pytest.raises(BusyError):
        answers.get("q", lambda: "mine")
    end.set()
    slow.join()
    assert answers.get("q", lambda: "mine") == "True"


def test_turns_are_given_in_the_order_of_coming_and_never_more_at_once():
    turns = Turns(at_once=2, in_line=50)
    inside, most, order = 0, 0, []
    lock = threading.Lock()
    first = [threading.Event() for _ in range(2)]

    def hold(event: threading.Event) -> None:
        with turns.turn():
            event.wait(60)

    def run(number: int) -> None:
        nonlocal inside, most
        with turns.turn():
            with lock:
                inside += 1
                most = max(most, inside)
                order.append(number)
            time.sleep(0.002)
            with lock:
                inside -= 1

    holders = [threading.Thread(target=hold, args=(event,)) for event in first]
    for holder in holders:
        holder.start()
    while turns._inside < 2:
        time.sleep(0.001)
    threads = []
    for number in range(12):
        thread = threading.Thread(target=run, args=(number,))
        thread.start()
        threads.append(thread)
        while len(turns._line) <= number:
            time.sleep(0.001)
    for event in first:
        event.set()
    for thread in (*holders, *threads):
        thread.join()
    assert most <= 2
    # Two are let in at a time, and these may change places on their way.
    assert all(abs(place - number) <= 1 for place, number in enumerate(order)), order
    assert (turns._inside, len(turns._line)) == (0, 0)


def test_turns_refuse_who_comes_when_the_line_is_full_and_who_waits_too_long():
    turns = Turns(at_once=1, in_line=1, seconds=0.2)
    end, inside = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn():
            inside.set()
            end.wait(60)

    def enter() -> str:
        with turns.turn():
            return "in"

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(60)
    found = together([enter] * 3)
    assert all(isinstance(one, BusyError) for one in found)
    end.set()
    holder.join()
    assert enter() == "in"
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    assert enter() == "in"


class Asked:
    """The searcher of a library, counting."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher, self.count = searcher, 0
        self.folders = frozenset({"one"})

    def search(
        self, request: SearchRequest, _here: object = None, _inside: object = None
    ) -> tuple[SearchResult, tuple[str, ...]]:
        self.count += 1
        return self.searcher.search(request), ("one",)


def shown(result: SearchResult) -> object:
    return result.total, result.total_exact, result.facets, [(hit.row, hit.marks, hit.why) for hit in result.hits]


def test_every_answer_under_load_is_the_answer_alone(tmp_path: Path):
    searcher = make_searcher(tmp_path, generated(900, seed=41))
    asked = Asked(searcher)
    library = Library(Holdings(), searching=asked, turns=Gates(Turns(at_once=2, in_line=64, seconds=60)))
    chance = random.Random(42)
    queries = [
        f"{chance.choice(WORDS)} {chance.choice(['', 'AND', 'OR', 'NOT', '-'])} {chance.choice(WORDS)}"
        for _ in range(40)
    ]
    alone = {q: shown(searcher.search(SearchRequest(q=q))) for q in queries}
    wrong: list[str] = []

    def run(seed: int) -> Callable[[], None]:
        def ask() -> None:
            order = list(queries)
            random.Random(seed).shuffle(order)
            for q in order:
                answer = library._answers.get(SearchRequest(q=q), lambda q=q: library._searched(SearchRequest(q=q)))
                if answer is None or shown(answer[0]) != alone[q]:
                    wrong.append(q)

        return ask

    failures = [error for error in together([run(seed) for seed in range(8)]) if error is not None]
    assert not failures
    assert not wrong
    assert asked.count == len(set(queries))


def test_size_of_an_answer_grows_with_what_it_holds(tmp_path: Path):
    searcher = make_searcher(tmp_path, generated(60, seed=3))
    one, many = (searcher.search(SearchRequest(q="人民", size=size)) for size in (1, 20))
    assert 0 < size_of(one) < size_of(many) < 1 << 20
