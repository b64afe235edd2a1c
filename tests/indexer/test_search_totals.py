"""Totals and answers against an oracle: every record's own text, and the same question asked alone."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from indexer import search as search_module
from indexer.analysis import fold, normal_text
from indexer.model import Resource
from indexer.schema import sections_of
from indexer.search import Searcher, SearchRequest, SearchResult
from indexer.search_texts import find_text
from tests.indexer.shelf import generated, make_searcher, resource


def ids(result: SearchResult) -> list[str]:
    return [hit.resource.id for hit in result.hits]


def ask(searcher: Searcher, q: str = "", **members: object) -> SearchResult:
    return searcher.search(SearchRequest(q=q, **members))  # type: ignore[arg-type]


PIECES = [
    "人民",
    "日报",
    "红楼",
    "红楼梦",
    "梦",
    "山水明月",
    "民人",
    "报红",
    "3月",
    "第3",
    "2019年3",
    "abc",
    "gb18030",
    "曹雪",
    "楼梦山",
]


def holds(record: Resource, q: str, *, part: bool = False) -> bool:
    text = "\n".join(sections_of(record))
    return all(find_text(text, run, part=part) is not None for run in normal_text(fold(q)).split())


def holding(records: list[Resource], q: str) -> set[str]:
    """Ids of the records that hold whole words, or parts of words too where those are few (numbers: where none)."""
    whole = {record.id for record in records if holds(record, q)}
    runs = normal_text(fold(q)).split()
    numbered = any(run[0].isdigit() or run[-1].isdigit() for run in runs)
    if len(whole) >= 20 or (whole and numbered):
        return whole
    return {record.id for record in records if holds(record, q, part=True)}


def test_search_totals_equal_reading_every_record(tmp_path: Path) -> None:
    records = generated(700, seed=5)
    searcher = make_searcher(tmp_path, records)
    chance = random.Random(6)
    for _ in range(150):
        q = " ".join("".join(chance.sample(PIECES, chance.randint(1, 2))) for _ in range(chance.randint(1, 2)))
        result = ask(searcher, q, size=100)
        wanted = holding(records, q)
        assert (q, result.total, result.total_exact) == (q, len(wanted), True)
        assert set(ids(result)) <= wanted
        assert sum(n for _, n in result.facets["type"]) == len(wanted)


def test_search_single_characters_of_the_body_are_counted_exactly(tmp_path: Path) -> None:
    records = generated(300, seed=9)
    searcher = make_searcher(tmp_path, records)
    for character in "人民日报红楼梦山水月":
        assert ask(searcher, character).total == sum(holds(record, character) for record in records)


def test_search_too_many_rows_to_compare_says_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [resource(f"r{n:03d}", "人民 民人" if n % 2 else "人民人") for n in range(60)]
    searcher = make_searcher(tmp_path, records)
    assert ask(searcher, "人民人").total == 30
    monkeypatch.setattr(search_module, "VERIFY_LIMIT", 50)
    result = ask(searcher, "人民人")
    assert (result.total, result.total_exact) == (60, False)
    assert len(result.hits) == 20
    assert all(hit.resource.title == "人民人" for hit in result.hits)


def test_search_never_counts_many_of_which_the_best_do_not_hold_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [resource(f"r{n:03d}", "人民 民人") for n in range(60)]
    searcher = make_searcher(tmp_path, records)
    monkeypatch.setattr(search_module, "VERIFY_LIMIT", 50)
    result = ask(searcher, "人民人")
    assert (result.total, result.hits) == (0, ())


def test_search_day_is_found_among_more_issues_than_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [resource(f"r{n:03d}", f"《清溪日报》20{n:02d}年8月3日") for n in range(60)]
    searcher = make_searcher(tmp_path, records)
    monkeypatch.setattr(search_module, "VERIFY_LIMIT", 30)
    result = searcher.search(SearchRequest(q="清溪日报 2010.8.3", mend="search"))
    assert [hit.resource.title for hit in result.hits] == ["《清溪日报》2010年8月3日"]
    assert result.corrected


def test_search_eight_threads_give_the_same_answers_as_one(tmp_path: Path) -> None:
    records = generated(1200, seed=21)
    searcher = make_searcher(tmp_path, records[:800], records[800:])
    chance = random.Random(22)
    requests = [
        SearchRequest(
            q=" ".join(chance.sample(PIECES, chance.randint(0, 2))),
            type=chance.choice(["", "book"]),
            sort=chance.choice(["relevance", "year", "title"]),
            page=chance.randint(1, 2),
        )
        for _ in range(60)
    ]
    wanted = [(r.total, ids(r), r.facets) for r in map(searcher.search, requests)]
    wrong: list[object] = []
    start = threading.Barrier(8)

    def run(seed: int) -> None:
        order = list(range(len(requests)))
        random.Random(seed).shuffle(order)
        start.wait()
        for place in order:
            result = searcher.search(requests[place])
            if (result.total, ids(result), result.facets) != wanted[place]:
                wrong.append(requests[place])

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
