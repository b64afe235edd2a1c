"""A costly query stops in time, says so, and shows nothing that is not true."""

from __future__ import annotations

from pathlib import Path

import pytest

import indexer.search as search_module
from indexer import search_budget
from indexer.analysis import fold, normal_text
from indexer.model import Resource
from indexer.schema import sections_of
from indexer.search import Part, Searcher, SearchRequest
from indexer.search_budget import Budget
from tests.indexer.shelf import generated, make_part, make_searcher, resource

RECORDS = generated(600, seed=17)


class Clock:
    """Each look costs a fixed time."""

    def __init__(self, step: float) -> None:
        self.now, self.step, self.looks = 0.0, step, 0

    def __call__(self) -> float:
        self.now += self.step
        self.looks += 1
        return self.now


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    return make_part(tmp_path_factory.mktemp("budget"), RECORDS)


def holds(record: Resource, *words: str) -> bool:
    text = "\n".join(sections_of(record))
    return all(normal_text(fold(word)) in text for word in words)


def test_budget_counts_postings_and_never_takes_its_no_back() -> None:
    assert Budget(Clock(0), postings=10).allows(11), "the first list is always read"
    budget = Budget(Clock(0), postings=10)
    assert budget.allows(6)
    assert budget.allows(4)
    assert not budget.spent
    assert not budget.allows(1)
    assert budget.spent
    assert not budget.allows(0)
    assert not budget.has_time()


def test_budget_ends_with_its_time() -> None:
    clock = Clock(0.2)
    budget = Budget(clock, seconds=0.5)
    assert [budget.has_time() for _ in range(5)] == [True, True, False, False, False]
    clock.step = 0.01
    assert budget.for_a_page().has_time()


def test_search_stops_reading_when_its_time_is_over(part: Part) -> None:
    slow = Searcher([part], clock=Clock(search_budget.MAX_SECONDS / 6))
    result = slow.search(SearchRequest(q=" ".join("人民日报红楼梦山水明月江南春秋左传")))
    assert result.too_broad
    assert not result.total_exact
    assert slow.search(SearchRequest(q="人民")).total_exact
    quick = Searcher([part]).search(SearchRequest(q=" ".join("人民日报红楼梦山水明月江南春秋左传")))
    assert not quick.too_broad
    assert result.total >= quick.total


def test_search_of_many_terms_reads_a_bounded_number_of_postings(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    searcher = Searcher([part])
    files = searcher._files[0]
    whole = files.postings

    def counted(figures: object) -> object:
        nonlocal read
        found = whole(figures)  # type: ignore[arg-type]
        read += len(found[0])
        return found

    monkeypatch.setattr(files, "postings", counted)
    monkeypatch.setattr(search_budget.Budget.__init__, "__kwdefaults__", {"postings": 900, "seconds": 9.0})
    for joint in (" ", " OR "):
        read = 0
        result = searcher.search(SearchRequest(q=joint.join("人民日报红楼梦山水明月江南春秋左传")))
        assert result.too_broad
        assert not result.total_exact
        assert read <= 900 + len(RECORDS)  # the first list is always read


@pytest.mark.parametrize(("joint", "every"), [(" ", True), (" OR ", False)])
def test_search_too_broad_shows_only_what_is_true(
    part: Part, monkeypatch: pytest.MonkeyPatch, joint: str, *, every: bool
) -> None:
    monkeypatch.setattr(search_budget.Budget.__init__, "__kwdefaults__", {"postings": 700, "seconds": 9.0})
    words = ["人民", "日报", "红楼", "山水"]
    result = Searcher([part]).search(SearchRequest(q=joint.join(words)))
    assert result.too_broad
    assert result.hits
    for hit in result.hits:
        held = [holds(hit.resource, word) for word in words]
        assert all(held) if every else any(held)


@pytest.mark.parametrize("joint", [") (", ") -("])
def test_search_of_groups_that_ends_with_its_time_says_no_less_than_there_is(part: Part, joint: str) -> None:
    query = "(人民|山水" + joint.join(["日报|明月", "红楼|江南", "春秋|左传", "书|年", "本|文"]) + ")"
    whole = Searcher([part]).search(SearchRequest(q=query, size=100))
    spent = False
    for step in range(2, 12):
        slow = Searcher([part], clock=Clock(search_budget.MAX_SECONDS / step))
        result = slow.search(SearchRequest(q=query, size=100))
        spent |= result.too_broad
        assert result.total >= whole.total
        assert {hit.row for hit in result.hits} <= {hit.row for hit in whole.hits} or len(whole.hits) == 100
    assert spent


def test_search_compares_texts_only_while_there_is_time(tmp_path: Path) -> None:
    searcher = make_searcher(tmp_path, [resource(f"r{n:04d}", "人民 民人" if n % 2 else "人民人") for n in range(900)])
    assert searcher.search(SearchRequest(q="人民人")).total == 450
    searcher._clock = Clock(search_budget.MAX_SECONDS / 4)
    result = searcher.search(SearchRequest(q="人民人"))
    assert (result.too_broad, result.total_exact) == (True, False)
    assert 450 < result.total <= 900
    assert all(hit.resource.title == "人民人" for hit in result.hits)


def test_search_words_that_begin_so_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "FEW", 0)
    words = [f"comp{a}{b}" for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrst"]
    records = [resource(f"r{n:04d}", f"{word} 书{word}3", subjects=("computer",)) for n, word in enumerate(words)]
    searcher = make_searcher(tmp_path, records)
    few = searcher.search(SearchRequest(q="compa*"))
    assert (few.total, few.total_exact, few.too_broad) == (20, True, False)
    assert searcher.search(SearchRequest(q="主题:comp*")).total == 400
    assert searcher.search(SearchRequest(q="comp* -compa*")).too_broad
    many = searcher.search(SearchRequest(q="comp*"))
    assert (many.total_exact, many.too_broad) == (False, True)
    assert few.hits[0].marks == ((0, 6), (8, 14)) or few.hits[0].marks
