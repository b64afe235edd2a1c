"""How many drives of a lot to check fully: single sampling for normal inspection by ISO 2859-1:1999, tables 1 and 2-A.

Table 2-A is a staircase: for every AQL there is one sample size that accepts none, and from it the acceptance numbers
rise 1, 2, 3, 5, 7, 10, 14, 21 with the code letter. It is kept as that rule; the tests compare it with the printed
table.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = ("S-1", "S-2", "S-3", "S-4", "I", "II", "III")
"""Inspection levels; II unless there is a reason."""
AQLS = ("0.025", "0.040", "0.065", "0.10", "0.15", "0.25", "0.40", "0.65", "1.0", "1.5", "2.5", "4.0", "6.5")
"""Acceptable quality limits, nonconforming drives in a hundred."""
_LETTERS = "ABCDEFGHJKLMNPQR"
_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000)
_ACCEPT = (1, 2, 3, 5, 7, 10, 14, 21)
_STEPS = 3
"""Code letters from the plan that accepts none to the one that accepts one; the two between are arrows."""
_CODES = (
    # lot at most, code letter at each level
    (8, "AAAAAAB"),
    (15, "AAAAABC"),
    (25, "AABBBCD"),
    (50, "ABBCCDE"),
    (90, "BBCCCEF"),
    (150, "BBCDDFG"),
    (280, "BCDEEGH"),
    (500, "BCDEFHJ"),
    (1200, "CCEFGJK"),
    (3200, "CDEGHKL"),
    (10_000, "CDFGJLM"),
    (35_000, "CDFHKMN"),
    (150_000, "DEGJLNP"),
    (500_000, "DEGJMPQ"),
)
_LARGEST = "DEHKNQR"


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """What to check of a lot.

    Attributes:
        lot: drives in it. size: how many to check. accept: most unfit ones with which the lot is taken.
        letter: code letter of the plan; empty when every drive is checked.
    """

    lot: int
    size: int
    accept: int
    letter: str

    @property
    def reject(self) -> int:
        """With so many unfit ones the lot is sent back."""
        return self.accept + 1


def sampling_plan(lot: int, aql: str = "0.65", level: str = "II") -> SamplingPlan:
    """The plan for a lot.

    Args:
        lot: drives, at least 1.
        aql: one of `AQLS`.
        level: one of `LEVELS`.

    Raises:
        ValueError: an argument is out of these.
    """
    if lot < 1 or aql not in AQLS or level not in LEVELS:
        raise ValueError(f"no plan for a lot of {lot}, AQL {aql}, level {level}")
    codes = next((codes for most, codes in _CODES if lot <= most), _LARGEST)
    wanted = _LETTERS.index(codes[LEVELS.index(level)])
    none = len(AQLS) - 1 - AQLS.index(aql)  # where the plan stands that accepts none
    last = min(none + _STEPS + len(_ACCEPT) - 1, len(_LETTERS) - 1)
    above = wanted - none
    if above <= 1:
        at, accept = none, 0
    else:
        at = min(max(wanted, none + _STEPS), last)
        accept = _ACCEPT[at - none - _STEPS]
    if _SIZES[at] >= lot:
        return SamplingPlan(lot, lot, 0, "")
    return SamplingPlan(lot, _SIZES[at], accept, _LETTERS[at])


def chance_of_acceptance(plan: SamplingPlan, unfit: int) -> float:
    """How likely a lot with `unfit` unfit drives is taken (hypergeometric; exact)."""
    total = math.comb(plan.lot, plan.size)
    found = range(min(plan.accept, unfit, plan.size) + 1)
    ways = sum(math.comb(unfit, k) * math.comb(plan.lot - unfit, plan.size - k) for k in found)
    return ways / total


def draw(serials: Sequence[str], plan: SamplingPlan) -> list[str]:
    """The drives to check, at random by the system's own source: nobody can know them before. In order."""
    return sorted(secrets.SystemRandom().sample(list(serials), plan.size))
