"""The first lines of many rows: the same as by sorting all of them."""

from __future__ import annotations

import numpy as np
import pytest

import indexer.search_best as best_module
from indexer.search_best import best_places


@pytest.mark.parametrize("kinds", [1, 2, 30, 1 << 30])
@pytest.mark.parametrize("count", [0, 1, 63, 1000, 20_011])
def test_the_greatest_are_those_of_a_whole_sort(count: int, kinds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_module, "_FEW", 10)
    chance = np.random.default_rng(count + kinds)
    numbers = chance.integers(-5, kinds, count).astype("i8" if kinds > 9 else "i4")
    wanted = np.argsort(-numbers, kind="stable")
    for least in (1, 20, 400, 15_000):
        found = best_places(numbers, least)
        assert len(found) >= min(least, count)
        assert np.array_equal(found, wanted[: len(found)])
