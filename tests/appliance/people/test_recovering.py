"""The director's account from a box file, and a new password by a recovery stick."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import argon2
import pytest

from appliance.clock import FixedClock
from appliance.errors import NotMatchedError, PasswordError
from appliance.people.accounts import Accounts
from appliance.people.recoveries import MOST, RecoveryLog
from appliance.people.seeding import seed_director
from packager.format.files import RealFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
CARD, GOOD = "abcd-efgh-2345", "月落乌啼霜满天 in 2026"


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path / "accounts.db", FixedClock(), hasher=CHEAP)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    body = {"name": "馆长", "password_hash": CHEAP.hash(CARD)}
    (tmp_path / "staff.json").write_text(json.dumps(body))
    return tmp_path


def test_the_password_of_the_card_is_good_once(accounts: Accounts, folder: Path) -> None:
    assert seed_director(accounts, folder)
    assert accounts.director_waits()
    account = accounts.sign_in("馆长", CARD)
    assert (account.role, account.must_change) == ("director", True)
    with pytest.raises(PasswordError):
        accounts.set_password("馆长", CARD)
    accounts.set_password("馆长", GOOD)
    assert not accounts.director_waits()
    assert not seed_director(accounts, folder)
    with pytest.raises(NotMatchedError):
        accounts.sign_in("馆长", CARD)


@pytest.mark.parametrize("content", [None, "", "[]", '{"name":"x"}', "x" * 5000])
def test_no_account_is_made_of_anything_else(accounts: Accounts, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "staff.json").write_text(content)
    assert not seed_director(accounts, tmp_path)
    assert not seed_director(accounts, None)
    assert accounts.all() == []


def test_a_recovered_director_may_sign_in_whatever_was_before(accounts: Accounts, folder: Path) -> None:
    seed_director(accounts, folder)
    accounts.set_password("馆长", GOOD)
    accounts.create("副馆长", "director")
    session = accounts.sign_in("馆长", GOOD).session
    accounts.set_role("馆长", "volunteer")
    accounts.stop("馆长")
    accounts.recover("馆长", "人间四月芳菲尽 2026")
    account = accounts.sign_in("馆长", "人间四月芳菲尽 2026")
    assert (account.role, account.must_change, account.stopped) == ("director", False, False)
    assert account.session > session
    with pytest.raises(PasswordError):
        accounts.recover("馆长", "1234567890")


def test_a_director_is_made_when_there_is_none(accounts: Accounts) -> None:
    accounts.recover("馆长", GOOD)
    assert accounts.sign_in("馆长", GOOD).role == "director"


def test_each_plugging_in_counts_once_and_the_record_stays_small(tmp_path: Path) -> None:
    log = RecoveryLog(tmp_path, FixedClock(), RealFiles())
    assert not log.is_used("a")
    assert log.take("a", serial=1, address="192.168.1.9")
    assert log.is_used("a")
    assert not log.take("a", serial=1, address="192.168.1.9")
    for n in range(MOST + 5):
        assert log.take(f"t{n}", serial=1, address="::1")
    assert len(log.all()) == MOST
    assert RecoveryLog(tmp_path, FixedClock(), RealFiles()).all()[-1].address == "::1"
