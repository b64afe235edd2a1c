"""Tests of appliance.people."""

from __future__ import annotations

import argon2
import pytest

from appliance.clock import FixedClock
from appliance.errors import (
    AccountExistsError,
    LastDirectorError,
    LockedError,
    NoAccountError,
    NotMatchedError,
    PasswordError,
    StoreError,
)
from appliance.people import accounts as module
from appliance.people.accounts import DIRECTOR, Account, Accounts
from appliance.people.passwords import check_password, new_password

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "月落乌啼霜满天 in 2026"


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def accounts(tmp_path, clock):
    accounts = Accounts(tmp_path / "accounts.db", clock, tries=3, rest_minutes=15, hasher=CHEAP)
    yield accounts
    accounts.close()


def fail(accounts, name, times=1):
    found = None
    for _ in range(times):
        with pytest.raises((NotMatchedError, LockedError)) as caught:
            accounts.sign_in(name, "wrong password")
        found = caught.value
    return found


def test_first_start_makes_the_director_once(accounts):
    password = accounts.first_start()
    assert accounts.first_start() is None
    account = accounts.sign_in(DIRECTOR, password)
    assert (account.role, account.must_change) == ("director", True)
    account = accounts.set_password(DIRECTOR, GOOD)
    assert not account.must_change
    assert accounts.sign_in(DIRECTOR, GOOD) == account
    with pytest.raises(NotMatchedError):
        accounts.sign_in(DIRECTOR, password)


def test_set_password_refuses_the_one_that_was_given_out(accounts):
    given = accounts.first_start()
    for spelled in (given, given.replace("-", ""), given.upper(), given.replace("-", " "), f" {given} "):
        with pytest.raises(PasswordError) as caught:
            accounts.set_password(DIRECTOR, spelled)
        assert caught.value.sentence == "account.password.same"
    assert accounts.get(DIRECTOR).must_change
    accounts.set_password(DIRECTOR, GOOD)
    with pytest.raises(PasswordError):
        accounts.set_password(DIRECTOR, GOOD)
    given = accounts.reset_password(DIRECTOR)
    with pytest.raises(PasswordError):
        accounts.set_password(DIRECTOR, given)


def test_end_sessions_ends_those_of_that_number_once_and_for_good(accounts, tmp_path, clock):
    accounts.first_start()
    begun = accounts.get(DIRECTOR).session
    accounts.end_sessions(DIRECTOR, begun)
    accounts.end_sessions(DIRECTOR, begun)
    accounts.end_sessions("王敏", begun)
    assert accounts.get(DIRECTOR).session == begun + 1
    accounts.close()
    again = Accounts(tmp_path / "accounts.db", clock, hasher=CHEAP)
    assert again.get(DIRECTOR).session == begun + 1
    again.close()


def test_accounts_survive_reopening_and_hold_no_password(accounts, tmp_path, clock):
    password = accounts.first_start()
    accounts.close()
    assert password.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    again = Accounts(tmp_path / "accounts.db", clock, hasher=CHEAP)
    assert again.sign_in(DIRECTOR, password).name == DIRECTOR
    again.close()


def test_sign_in_failures_count_down_then_rest_then_start_again(accounts, clock):
    password = accounts.first_start()
    assert fail(accounts, DIRECTOR).left == 2
    assert fail(accounts, DIRECTOR).left == 1
    assert fail(accounts, DIRECTOR).minutes == 15
    with pytest.raises(LockedError) as caught:
        accounts.sign_in(DIRECTOR, password)  # right, but it rests
    assert caught.value.minutes == 15
    assert accounts.get(DIRECTOR).locked
    clock.advance(14 * 60 + 1)
    with pytest.raises(LockedError) as caught:
        accounts.sign_in(DIRECTOR, password)
    assert caught.value.minutes == 1
    clock.advance(60)
    assert fail(accounts, DIRECTOR).left == 2
    assert accounts.sign_in(DIRECTOR, password).locked is False
    assert fail(accounts, DIRECTOR).left == 2


def test_rest_survives_switching_off_and_ends_when_the_clock_went_back(accounts, tmp_path, clock):
    password = accounts.first_start()
    fail(accounts, DIRECTOR, 3)
    accounts.close()
    again = Accounts(tmp_path / "accounts.db", clock, tries=3, hasher=CHEAP)
    with pytest.raises(LockedError):
        again.sign_in(DIRECTOR, password)
    clock.advance(-3600 * 24 * 9000)  # a dead battery: without this, nobody could sign in for 25 years
    assert again.sign_in(DIRECTOR, password)
    again.close()


def test_unknown_name_looks_like_a_wrong_password(accounts, clock):
    accounts.first_start()
    for _ in range(2):
        known, unknown = fail(accounts, DIRECTOR), fail(accounts, "王敏")
        assert (type(known), known.left) == (type(unknown), unknown.left)
    assert isinstance(fail(accounts, DIRECTOR), LockedError)
    assert isinstance(fail(accounts, "王敏"), LockedError)
    assert fail(accounts, "王敏").minutes == 15
    clock.advance(15 * 60)
    assert fail(accounts, "王敏").left == 2


def test_unknown_names_are_remembered_in_bounds(accounts, monkeypatch):
    monkeypatch.setattr(module, "MAX_ACCOUNTS", 5)
    for n in range(20):
        fail(accounts, f"guess {n}")
    assert len(accounts._unknown) == 5


def test_unknown_name_costs_as_much_hashing_as_a_known_one(tmp_path, clock, monkeypatch):
    hasher = argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    accounts = Accounts(tmp_path / "a.db", clock, tries=9, hasher=hasher)
    accounts.first_start()
    asked: list[str] = []
    monkeypatch.setattr(accounts, "_verify", lambda hashed, _password: asked.append(str(hashed)) or False)
    for name in (DIRECTOR, "王敏"):
        fail(accounts, name)
    known, unknown = map(argon2.extract_parameters, asked)
    assert known == unknown
    accounts.close()


def test_create_stop_resume_roles(accounts):
    accounts.first_start()
    password = accounts.create(" 王敏 ", "librarian")
    account = accounts.sign_in("王敏", password)
    assert account.may("volunteer")
    assert account.may("librarian")
    assert not account.may("director")
    with pytest.raises(AccountExistsError):
        accounts.create("王敏", "volunteer")
    accounts.set_role("王敏", "volunteer")
    assert accounts.get("王敏").session > account.session
    accounts.stop("王敏")
    assert accounts.get("王敏") is None
    with pytest.raises(NotMatchedError):
        accounts.sign_in("王敏", password)
    with pytest.raises(NoAccountError):
        accounts.set_password("王敏", GOOD)
    assert [(a.name, a.stopped) for a in accounts.all()] == [(DIRECTOR, False), ("王敏", True)]
    accounts.resume("王敏")
    assert accounts.sign_in("王敏", GOOD).role == "volunteer"


@pytest.mark.parametrize(
    ("name", "role"), [("", "librarian"), ("x" * 33, "librarian"), ("a\nb", "librarian"), ("王", "king")]
)
def test_create_bad_name_or_role_is_refused(accounts, name, role):
    with pytest.raises(ValueError, match="needed"):
        accounts.create(name, role)


def test_create_is_bounded(accounts, monkeypatch):
    monkeypatch.setattr(module, "MAX_ACCOUNTS", 2)
    accounts.first_start()
    accounts.create("一", "volunteer")
    with pytest.raises(AccountExistsError):
        accounts.create("二", "volunteer")


def test_last_director_stays(accounts):
    accounts.first_start()
    accounts.create("王敏", "librarian")
    with pytest.raises(LastDirectorError):
        accounts.stop(DIRECTOR)
    with pytest.raises(LastDirectorError):
        accounts.set_role(DIRECTOR, "librarian")
    accounts.set_role("王敏", "director")
    accounts.stop(DIRECTOR)
    with pytest.raises(LastDirectorError):
        accounts.stop("王敏")
    with pytest.raises(ValueError, match="not a role"):
        accounts.set_role("王敏", "king")


def test_reset_and_unlock_end_the_rest(accounts):
    accounts.first_start()
    password = accounts.create("王敏", "librarian")
    fail(accounts, "王敏", 3)
    accounts.unlock("王敏")
    before = accounts.sign_in("王敏", password)
    fail(accounts, "王敏", 3)
    new = accounts.reset_password("王敏")
    account = accounts.sign_in("王敏", new)
    assert account.must_change
    assert account.session > before.session


@pytest.mark.parametrize("call", ["unlock", "stop", "resume", "reset_password"])
def test_unknown_account_is_an_error(accounts, call):
    accounts.first_start()
    with pytest.raises(NoAccountError):
        getattr(accounts, call)("nobody")


def test_names_and_passwords_are_the_same_however_they_are_typed(accounts):
    accounts.first_start()
    accounts.create("Ｗang", "librarian")
    accounts.set_password("Wang", "full-width ＡＢＣ 123")
    assert accounts.sign_in("Wang ", "full-width ABC 123").name == "Wang"


def test_password_that_is_too_long_never_matches(accounts):
    accounts.first_start()
    with pytest.raises(NotMatchedError):
        accounts.sign_in(DIRECTOR, "x" * 100_000)


def test_foreign_hash_never_matches(accounts):
    accounts.first_start()
    accounts._connection.execute("UPDATE account SET password = 'plain'")
    with pytest.raises(NotMatchedError):
        accounts.sign_in(DIRECTOR, "plain")


def test_accounts_foreign_file_is_an_error(tmp_path, clock):
    (tmp_path / "a.db").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError):
        Accounts(tmp_path / "a.db", clock, hasher=CHEAP)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "account.password.short"),
        ("九个字的密码不够长", "account.password.short"),
        ("x" * 201, "account.password.short"),
        ("1234567890", "account.password.common"),
        ("13912345678", "account.password.common"),
        ("２０２６１１２２２０２６", "account.password.common"),
        ("Password123", "account.password.common"),
        ("aaaaaaaaaabb", "account.password.common"),
        ("wangmin20267", "account.password.common"),
    ],
)
def test_check_password_refuses_with_its_sentence(password, sentence):
    with pytest.raises(PasswordError) as caught:
        check_password(password, name="wangmin2026")
    assert caught.value.sentence == sentence


def test_check_password_takes_a_sentence_and_a_random_one():
    check_password(GOOD, name="王敏")
    for _ in range(20):
        check_password(new_password())
    assert len({new_password() for _ in range(50)}) == 50


def test_account_roles_are_ordered():
    assert Account("a", "director").may("librarian")
    assert not Account("a", "volunteer").may("librarian")
