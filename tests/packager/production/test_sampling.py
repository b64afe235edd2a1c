"""Sampling plans, compared with the printed tables of ISO 2859-1."""

from __future__ import annotations

import pytest

from packager.production.sampling import AQLS, LEVELS, chance_of_acceptance, draw, sampling_plan
from packager.production.serials import following

# Rows of table 2-A as printed: sample size, then acceptance number at AQL 0.025 … 6.5; v and ^ are its arrows.
TABLE = """
A 2     v v v v v v v v v v v v 0
B 3     v v v v v v v v v v v 0 ^
C 5     v v v v v v v v v v 0 ^ v
D 8     v v v v v v v v v 0 ^ v 1
E 13    v v v v v v v v 0 ^ v 1 2
F 20    v v v v v v v 0 ^ v 1 2 3
G 32    v v v v v v 0 ^ v 1 2 3 5
H 50    v v v v v 0 ^ v 1 2 3 5 7
J 80    v v v v 0 ^ v 1 2 3 5 7 10
K 125   v v v 0 ^ v 1 2 3 5 7 10 14
L 200   v v 0 ^ v 1 2 3 5 7 10 14 21
M 315   v 0 ^ v 1 2 3 5 7 10 14 21 ^
N 500   0 ^ v 1 2 3 5 7 10 14 21 ^ ^
P 800   ^ v 1 2 3 5 7 10 14 21 ^ ^ ^
Q 1250  v 1 2 3 5 7 10 14 21 ^ ^ ^ ^
R 2000  1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
LOTS = {"A": 2, "B": 9, "C": 16, "D": 26, "E": 51, "F": 91, "G": 151, "H": 281, "J": 501, "K": 1201, "L": 3201,
        "M": 10_001, "N": 35_001, "P": 150_001, "Q": 500_001}  # fmt: skip


def printed(row, column):
    """Follow the arrows of the table by hand."""
    while ROWS[row][2 + column] in "v^":
        row += 1 if ROWS[row][2 + column] == "v" else -1
    return int(ROWS[row][1]), int(ROWS[row][2 + column])


@pytest.mark.parametrize("letter", LOTS)
def test_plans_are_those_of_the_printed_table(letter):
    row = next(n for n, line in enumerate(ROWS) if line[0] == letter)
    for column, aql in enumerate(AQLS):
        lot = LOTS[letter]
        size, accept = printed(row, column)
        plan = sampling_plan(lot, aql)
        if size >= lot:
            assert (plan.size, plan.accept) == (lot, 0), "every drive is checked"
        else:
            assert (plan.size, plan.accept, plan.reject) == (size, accept, accept + 1), (letter, aql)


def test_the_lot_of_all_counties():
    plan = sampling_plan(2900)
    assert (plan.letter, plan.size, plan.accept, plan.reject) == ("K", 125, 2, 3)
    assert sampling_plan(2900, "0.10").size == 125
    assert sampling_plan(2900, "0.10").accept == 0
    assert sampling_plan(2900, level="III").letter == "L"
    assert sampling_plan(2900, level="S-1").size == 20


@pytest.mark.parametrize(("lot", "aql", "level"), [(0, "0.65", "II"), (5, "0.66", "II"), (5, "0.65", "IV")])
def test_other_arguments_are_refused(lot, aql, level):
    with pytest.raises(ValueError, match="no plan"):
        sampling_plan(lot, aql, level)


def test_levels_rise():
    for lot in LOTS.values():
        sizes = [sampling_plan(lot, "0.65", level).size for level in LEVELS]
        assert sizes[4:] == sorted(sizes[4:])
        assert all(size <= lot for size in sizes)


def test_chance_of_acceptance():
    plan = sampling_plan(2900)
    assert chance_of_acceptance(plan, 0) == 1
    assert chance_of_acceptance(plan, 2) == 1
    assert chance_of_acceptance(plan, 2900) == 0
    assert 0.85 < chance_of_acceptance(plan, 29) < 0.90
    chances = [chance_of_acceptance(plan, unfit) for unfit in range(0, 300, 10)]
    assert chances == sorted(chances, reverse=True)


def test_drawn_sample_is_of_the_lot_and_another_every_time():
    serials = following("SX2600000011", 500)
    plan = sampling_plan(500)
    first, second = draw(serials, plan), draw(serials, plan)
    assert len(set(first)) == plan.size
    assert set(first) <= set(serials)
    assert first != second
