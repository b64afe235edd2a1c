"""Boolean queries against two oracles: Whoosh's own parser and searcher, and reading every record's text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from whoosh import scoring
from whoosh.qparser import QueryParser
from whoosh.searching import Searcher as WhooshSearcher

import indexer.search as search_module
from indexer.analysis import fold, normal_text, units
from indexer.codec_whoosh import open_reader
from indexer.model import Resource
from indexer.schema import SECTIONS, sections_of
from indexer.search import Searcher, SearchRequest
from indexer.search_query import parse
from indexer.search_texts import find_text
from tests.indexer.shelf import WORDS, generated, make_part, make_searcher, resource

ROWS = 800
FIELDS = ("", "", "", "", "title:", "creator:", "subject:")
PEOPLE = ("曹雪芹", "李白", "张三", "Smith")


@dataclass(frozen=True)
class Shelf:
    ours: Searcher
    theirs: Any


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    part = make_part(tmp_path_factory.mktemp("boolean"), generated(ROWS, seed=31))
    ours = Searcher([part])
    with WhooshSearcher(open_reader(part.index), weighting=scoring.BM25F()) as theirs:
        yield Shelf(ours, theirs)
    ours.close()


@pytest.fixture(autouse=True)
def _whole_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoosh knows no parts of words."""
    monkeypatch.setattr(search_module, "FEW", 0)


def vocabulary() -> list[str]:
    """Texts of which having the terms is holding the text: one or two units."""
    made = {word for word in (*WORDS, *PEOPLE) if len(units(fold(word))) <= 2}
    runs = [fold(word) for word in (*WORDS, *PEOPLE)]
    made |= {unit for run in runs for unit in units(run)}
    made |= {"民日", "报红", "梦山", "国人", "3", "2019", "没有", "zzz"}
    return sorted(made - {"2019年"})  # which is a year as well, whatever the text


class Asked:
    """A tree of operators, written for a parser and answered from sets."""

    def __init__(self, chance: random.Random, depth: int, words: list[str], fields: tuple[str, ...] = FIELDS) -> None:
        self.kind = chance.choice(["word", "and", "or", "not"] if depth else ["word"])
        self.text, self.parts = "", []
        if self.kind == "word":
            self.text = chance.choice(fields) + chance.choice(words)
        else:
            count = 1 if self.kind == "not" else chance.randint(2, 3)
            self.parts = [Asked(chance, depth - 1, words, fields) for _ in range(count)]

    def written(self) -> str:
        if self.kind == "word":
            return self.text
        if self.kind == "not":
            return f"(NOT {self.parts[0].written()})"
        return "(" + f" {self.kind.upper()} ".join(part.written() for part in self.parts) + ")"

    def holds(self, sections: dict[str, str]) -> bool:
        if self.kind == "word":
            field, _, word = self.text.rpartition(":")
            text = sections[field] if field else "\n".join(sections.values())
            return find_text(text, normal_text(fold(word))) is not None
        held = [part.holds(sections) for part in self.parts]
        return not held[0] if self.kind == "not" else all(held) if self.kind == "and" else any(held)


def total(searcher: Searcher, q: str) -> tuple[int, bool]:
    result = searcher.search(SearchRequest(q=q))
    return result.resources, result.total_exact


def compare_with_whoosh(shelf: Shelf, count: int, seed: int) -> None:
    chance = random.Random(seed)
    words, parser = vocabulary(), QueryParser("x", shelf.theirs.schema)
    wrong = []
    for number in range(count):
        asked = Asked(chance, number % 4, words).written()
        if len(asked) > 200:
            continue
        theirs = sum(1 for _ in shelf.theirs.docs_for_query(parser.parse(asked)))
        if total(shelf.ours, asked) != (theirs, True):
            wrong.append((asked, total(shelf.ours, asked), theirs))
    assert not wrong, wrong[:5]


def dense(count: int, seed: int) -> list[Resource]:
    """Records of few characters, where pairs often stand without the whole stretch."""
    chance = random.Random(seed)

    def some(low: int, high: int) -> str:
        return "".join(chance.choice("人民山水3a ") for _ in range(chance.randint(low, high)))

    return [
        resource(f"r{n:04d}", some(2, 6) or "山", subjects=(some(1, 5),), description=some(0, 14)) for n in range(count)
    ]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Resource], Searcher]]:
    records = dense(250, seed=8)
    ours = make_searcher(tmp_path_factory.mktemp("crowded"), records[:150], records[150:])
    yield records, ours
    ours.close()


def stretches(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choice("人民山水3a") for _ in range(chance.randint(1, 4))) for _ in range(count)]


def compare_with_texts(crowded: tuple[list[Resource], Searcher], count: int, seed: int) -> None:
    chance = random.Random(seed)
    records, ours = crowded
    words = stretches(chance, 60)
    sections = [dict(zip(SECTIONS, sections_of(record), strict=True)) for record in records]
    for number in range(count):
        asked = Asked(chance, number % 4, words, ("", "", "title:", "subject:", "text:"))
        if len(asked.written()) <= 200:
            found = total(ours, asked.written())
            if parse(asked.written()).cut:
                assert not found[1], asked.written()
                continue
            assert (asked.written(), found) == (asked.written(), (sum(map(asked.holds, sections)), True))


def test_whoosh_counts_the_same_for_two_thousand_boolean_queries(shelf: Shelf) -> None:
    compare_with_whoosh(shelf, 2400, seed=1)


@pytest.mark.slow
def test_whoosh_counts_the_same_for_fifty_thousand_boolean_queries(shelf: Shelf) -> None:
    for seed in range(2, 27):
        compare_with_whoosh(shelf, 2000, seed)


def test_boolean_counts_equal_reading_every_record(crowded: tuple[list[Resource], Searcher]) -> None:
    compare_with_texts(crowded, 500, seed=1)


@pytest.mark.slow
def test_boolean_counts_equal_reading_every_record_ten_thousand_times(
    crowded: tuple[list[Resource], Searcher],
) -> None:
    compare_with_texts(crowded, 10_000, seed=2)


def test_boolean_hits_hold_what_is_asked_where_the_total_is_about(
    crowded: tuple[list[Resource], Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    records, ours = crowded
    monkeypatch.setattr(search_module, "VERIFY_LIMIT", 3)
    by_id = {record.id: dict(zip(SECTIONS, sections_of(record), strict=True)) for record in records}
    chance, about = random.Random(5), 0
    words = stretches(chance, 60)
    for number in range(150):
        asked = Asked(chance, 1 + number % 3, words, ("",))
        result = ours.search(SearchRequest(q=asked.written()[:200]))
        about += not result.total_exact
        if len(asked.written()) <= 200:
            assert all(asked.holds(by_id[hit.resource.id]) for hit in result.hits), asked.written()
    assert about > 20
