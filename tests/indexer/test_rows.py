from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from indexer.rows import Rows

ROWS = st.lists(st.integers(0, 300))


@given(ROWS, ROWS)
def test_rows_are_a_set(some: list[int], others: list[int]) -> None:
    rows, plain = Rows(some), frozenset(some)
    assert rows == plain
    assert plain == rows
    assert list(rows) == sorted(plain)
    assert len(rows) == len(plain)
    assert bool(rows) == bool(plain)
    assert [row in rows for row in range(-9, 320)] == [row in plain for row in range(-9, 320)]
    assert rows | frozenset(others) == plain | frozenset(others)
    assert isinstance(rows | frozenset(others), Rows)


def test_rows_hold_nothing_but_rows() -> None:
    assert None not in Rows([0])
    assert "0" not in Rows([0])
    assert -8 not in Rows([0])


def test_rows_take_a_bit_for_each_row() -> None:
    tracemalloc.start()
    rows = Rows(range(0, 400_000, 2))
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rows) == 200_000
    assert held < 60_000
    assert peak < 400_000
