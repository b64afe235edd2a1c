"""Rows counted by profiles: the same figures as every column counted by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.search_profiles import CELLS, MOST, profiles


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 70_000)), min_size=1, max_size=60),
    st.sampled_from((2, 8, MOST)),
    st.data(),
)
def test_profiles_count_what_each_column_holds(
    held: list[tuple[int, int, int]], most: int, data: st.DataObject
) -> None:
    columns = {name: np.array(numbers, "u4") for name, numbers in zip("abc", zip(*held, strict=True), strict=True)}
    found = profiles({name: (int(column.max()) + 1, lambda c=column: c) for name, column in columns.items()}, most)
    assert sorted(name for one in found for name in one.values) == sorted(columns)
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(held) - 1)))), np.intp)
    for one in found:
        counts = one.count(rows)
        assert len(counts) == one.size
        for name, values in one.values.items():
            wanted = np.bincount(columns[name][rows], minlength=70_001)
            assert np.array_equal(np.bincount(values, weights=counts, minlength=70_001), wanted)


def test_columns_of_too_many_profiles_are_counted_apart() -> None:
    chance = np.random.default_rng(4)
    columns = {name: chance.integers(0, 5000, 100_000).astype("u4") for name in "ab"}
    found = profiles({name: (5000, lambda c=column: c) for name, column in columns.items()})
    assert [sorted(one.values) for one in found] == [["a"], ["b"]]


def test_numbers_too_great_for_a_table_are_put_in_order() -> None:
    column = np.array([CELLS + 7, 3, CELLS + 7], "u4")
    [found] = profiles({"a": (CELLS + 8, lambda: column)})
    assert found.values["a"].tolist() == [3, CELLS + 7]
    assert found.count(np.array([0, 2])).tolist() == [0, 2]


@pytest.mark.parametrize("count", [0, 1, 700, 999, 1000])
def test_counting_what_is_left_out_gives_the_same(count: int) -> None:
    chance = np.random.default_rng(count)
    column = chance.integers(0, 9, 1000).astype("u1")
    [found] = profiles({"a": (9, lambda: column)})
    rows = np.sort(chance.choice(1000, count, replace=False))
    assert np.array_equal(found.count(rows), np.bincount(column[rows], minlength=9))
