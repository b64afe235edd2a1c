"""Several at the same account at once, and names that cost much: hashing takes a while, and others go on meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import argon2
import pytest

from appliance.clock import FixedClock
from appliance.errors import LockedError, NoAccountError, NotMatchedError, PasswordError
from appliance.people.accounts import DIRECTOR, Accounts
from appliance.people.passwords import check_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "月落乌啼霜满天 in 2026"
MARKS = "馆" + "\u0315" * 20_000 + "\u0316" * 20_000
"""Combining marks in the wrong order: to order them takes time with the square of their number."""


class Slow(argon2.PasswordHasher):
    """Something happens while a password is compared or hashed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.meanwhile: list[Callable[[], object]] = []

    def hash(self, *arguments: object, **more: object) -> str:
        made = super().hash(*arguments, **more)  # type: ignore[arg-type]
        self._go()
        return made

    def verify(self, *arguments: object) -> bool:  # type: ignore[override]
        try:
            return super().verify(*arguments)  # type: ignore[arg-type]
        finally:
            self._go()

    def _go(self) -> None:
        while self.meanwhile:
            self.meanwhile.pop()()


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path / "accounts.db", FixedClock(), tries=3, hasher=CHEAP)
    yield made
    made.close()


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def other(accounts: Accounts, tmp_path: Path, slow: Slow) -> Iterator[Accounts]:
    """Another thread at the same accounts."""
    made = Accounts(tmp_path / "accounts.db", FixedClock(), tries=3, hasher=slow)
    yield made
    made.close()


def test_a_password_that_was_replaced_while_it_was_compared_is_wrong(
    accounts: Accounts, other: Accounts, slow: Slow
) -> None:
    old = accounts.first_start()
    assert old
    slow.meanwhile.append(lambda: accounts.reset_password(DIRECTOR))
    with pytest.raises(NotMatchedError):
        other.sign_in(DIRECTOR, old)
    slow.meanwhile.append(lambda: accounts.recover(DIRECTOR, GOOD))
    with pytest.raises(NotMatchedError):
        other.sign_in(DIRECTOR, accounts.reset_password(DIRECTOR))


def test_a_session_that_was_ended_while_it_chose_a_password_changes_nothing(
    accounts: Accounts, other: Accounts, slow: Slow
) -> None:
    accounts.first_start()
    begun = accounts.get(DIRECTOR)
    assert begun is not None
    given: list[str] = []
    slow.meanwhile.append(lambda: given.append(accounts.reset_password(DIRECTOR)))
    with pytest.raises(NoAccountError):
        other.set_password(DIRECTOR, GOOD, session=begun.session)
    assert accounts.sign_in(DIRECTOR, given[0]).must_change


def test_an_account_that_is_stopped_while_a_password_is_compared_is_stopped(
    accounts: Accounts, other: Accounts, slow: Slow
) -> None:
    accounts.first_start()
    given = accounts.create("王敏", "librarian")
    slow.meanwhile.append(lambda: accounts.stop("王敏"))
    with pytest.raises(NotMatchedError):
        other.sign_in("王敏", given)


@pytest.mark.parametrize("right", [False, True])
def test_a_try_that_began_before_a_rest_does_not_end_it(
    accounts: Accounts, other: Accounts, slow: Slow, right: bool
) -> None:
    given = accounts.first_start()
    assert given

    def fail() -> None:
        for _ in range(3):
            with pytest.raises((NotMatchedError, LockedError)):
                accounts.sign_in(DIRECTOR, "wrong password")

    slow.meanwhile.append(fail)
    with pytest.raises(LockedError):
        other.sign_in(DIRECTOR, given if right else "wrong password")
    assert accounts.get(DIRECTOR).locked  # type: ignore[union-attr]


def test_a_name_and_a_password_of_many_marks_cost_nothing(accounts: Accounts) -> None:
    began = time.process_time()
    with pytest.raises(NotMatchedError):
        accounts.sign_in(MARKS, GOOD)
    with pytest.raises(ValueError, match="needed"):
        accounts.create(MARKS, "librarian")
    with pytest.raises(PasswordError):
        check_password(MARKS, name=DIRECTOR)
    assert time.process_time() - began < 2  # where a name is ordered whole: some ten seconds each
