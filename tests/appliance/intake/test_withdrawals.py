"""What the document says of withdrawn and given back resources, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from appliance.intake.withdrawals import Withdrawals
from appliance.store.holdings import MAX_LIFTED, Lifted, Withdrawn
from packager.format.trust import Trusted
from packager.format.withdrawals import Withdrawal

T1, T2, T3 = (f"2026-11-2{n}T08:00:00Z" for n in (1, 2, 3))


def trusted(*ids: str, told: tuple[str, ...] = (), versions: bool = True) -> Trusted:
    found = tuple(Withdrawal(name, f"题名 {name}", "", "2026-11-20") for name in told)
    known = {"targets": 1} if versions else {}
    return Trusted((), known, datetime(2026, 11, 20, tzinfo=UTC), withdrawn=frozenset({*ids, *told}), withdrawals=found)


def test_followed_by_tells_when_something_came_and_what_was_given_back() -> None:
    first = Withdrawals().followed_by(trusted("b", told=("a",)), T1)
    assert first == Withdrawals(("a", "b"), (Withdrawn("a", "题名 a", "", "2026-11-20"),), T1, ())
    assert first.followed_by(trusted("b", told=("a",)), T2) == first
    second = first.followed_by(trusted("b"), T2)
    assert second == Withdrawals(("b",), (), T1, (Lifted("a", "题名 a", T2),))
    third = second.followed_by(trusted(), T3)
    assert third.lifted == (Lifted("b", "", T3), Lifted("a", "题名 a", T2))
    again = third.followed_by(trusted("b"), T3)
    assert (again.withdrawn, again.withdrawn_at, again.lifted) == (("b",), T3, (Lifted("a", "题名 a", T2),))


def test_followed_by_a_box_that_lost_its_lists_gives_nothing_back() -> None:
    first = Withdrawals().followed_by(trusted("a", "b"), T1)
    assert first.followed_by(trusted(versions=False), T2).lifted == ()


def test_followed_by_remembers_only_so_many() -> None:
    many = Withdrawals().followed_by(trusted(*(f"r{n}" for n in range(MAX_LIFTED + 50))), T1)
    assert len(many.followed_by(trusted(), T2).lifted) == MAX_LIFTED


def test_followed_by_tells_the_day_that_two_people_signed() -> None:
    known = replace(trusted("b", told=("c",)), withdrawn_days={"b": "2026-11-18", "c": "2026-11-19"})
    found = Withdrawals().followed_by(known, T1).withdrawals
    assert found == (Withdrawn("b", "", "", "2026-11-18"), Withdrawn("c", "题名 c", "", "2026-11-20"))
