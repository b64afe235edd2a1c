"""The first lines of a result: the same as by ranking and sorting all rows, whatever families fill the page."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import indexer.search_order as order_module
from indexer.search import Searcher, SearchRequest
from indexer.search_collector import Matches
from indexer.search_order import Found, between, merged, ordered
from tests.indexer.shelf import generated, make_searcher

ROWS = 3000


def found(seed: int, *, kinds: int, families: int, alike: bool = False) -> tuple[Found, list[tuple[int, int]]]:
    """Rows in families of very different sizes, and by brute force (rank, row) of the lines in order."""
    chance = np.random.default_rng(seed)
    family = np.where(
        chance.random(ROWS) < 0.3, 0, np.minimum(chance.geometric(0.3, ROWS), max(1, families - 1))
    ).astype("u4")
    family = np.zeros(ROWS, "u4") if families == 0 else family
    scores = (chance.integers(0, kinds, ROWS) / 7).astype("f4")
    whole = chance.random(ROWS) < 0.001
    state = chance.choice([0, 1, 3, 4], ROWS, p=[0.1, 0.1, 0.7, 0.1]).astype("u1")
    rows = np.arange(0, 2 * ROWS, 2, dtype="u4")
    behind = rows[::5] if alike else None
    match = Matches(rows, scores, whole, alike=behind)
    part = SimpleNamespace(files=SimpleNamespace(columns={}))
    made = ordered(0, part, match, None, "relevance", state)  # type: ignore[arg-type]
    by_row = np.zeros(2 * ROWS, "u4")
    by_row[rows] = family
    made.families = SimpleNamespace(family=by_row, parents=np.zeros(max(1, families), "u4"))  # type: ignore[assignment]
    met: set[int] = set()
    lines = []
    ranks = made.rank(np.arange(ROWS))
    for place in np.argsort(-ranks, kind="stable").tolist():
        if not family[place] or family[place] not in met:
            lines.append((int(ranks[place]), int(rows[place])))
            met.add(int(family[place]))
    made.count = len(lines)
    return made, lines


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("families", [0, 2, 12])
@pytest.mark.parametrize("kinds", [1, 5, 1 << 20])
def test_first_lines_are_those_of_a_whole_sort(
    kinds: int, families: int, alike: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_module, "_MANY", 16)
    for seed in range(6):
        made, lines = found(seed, kinds=kinds, families=families, alike=alike)
        for wanted in (1, 20, 300, 5000):
            assert merged([made], wanted) == [(0, row) for _, row in lines[:wanted]]


def test_several_parts_are_one_order() -> None:
    one, first = found(1, kinds=9, families=12)
    two, second = found(2, kinds=9, families=3)
    two.part = 1
    wanted = sorted([(-rank, row, 0) for rank, row in first] + [(-rank, row, 1) for rank, row in second])
    assert merged([one, two], 50) == [(part, row) for _, row, part in wanted[:50]]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    records = generated(500, seed=3)
    # Issues, so that lines stand for several rows.
    records = [
        replace(one, level="issue", parent=records[number % 7].id) if number % 3 == 0 and number > 7 else one
        for number, one in enumerate(records)
    ]
    return make_searcher(tmp_path_factory.mktemp("deep"), records[:350], records[350:])


@pytest.mark.parametrize("sort", ["relevance", "year", "year_desc", "title"])
@pytest.mark.parametrize("query", ["", "人民 OR 山水", "人民"])
def test_a_deep_page_is_what_follows_the_one_before(
    searcher: Searcher, sort: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [places for page in range(1, 20) for places in _page(searcher, query, sort, page)]
    assert len(whole) == len(set(whole)) == searcher.search(SearchRequest(q=query)).total
    for name in ("_DEEP", "_MANY"):  # without ordering what stands before, and along the order of all rows
        monkeypatch.setattr(order_module, name, 1)
        for page in (1, 2, 7, 8, 9, 200):
            assert _page(searcher, query, sort, page) == whole[(page - 1) * 60 : page * 60]


def test_lines_between_two_places_hold_equal_ones_of_several_parts_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_module, "_DEEP", 1)
    parts = [found(seed, kinds=kinds, families=0)[0] for seed, kinds in ((1, 3), (1, 3), (2, 1))]
    for number, part in enumerate(parts):
        part.part, part.families = number, None
    wanted = merged(parts, 3 * ROWS)
    for first, last in ((0, 9), (2990, 3020), (1234, 5678), (8990, 9999), (9000, 9001)):
        assert between(parts, first, last) == wanted[first:last]


def _page(searcher: Searcher, query: str, sort: str, page: int) -> list[tuple[int, int]]:
    hits = searcher.search(SearchRequest(q=query, sort=sort, page=page, size=60)).hits
    return [(hit.part, hit.row) for hit in hits]
