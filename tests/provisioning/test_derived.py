"""What is derived of the secret: the same again, never the same for two, as the box's own passwords are."""

from __future__ import annotations

import hmac

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.people import accounts, passwords
from provisioning.derived import ALPHABET, Secret
from provisioning.issuing import DIRECTOR
from tests.provisioning.desk import SECRET

LIBRARIES = st.from_regex(r"CN-[1-9][0-9]{5}\Z", fullmatch=False).map(lambda text: text[:9])


def test_passwords_have_the_form_of_the_boxs_own() -> None:
    assert ALPHABET == passwords._ALPHABET
    assert DIRECTOR == accounts.DIRECTOR
    password = SECRET.password("CN-510726", 1)
    assert len(password) == len(passwords.new_password()) == 14
    assert password in passwords.spellings(password.replace("-", "").upper())


@given(st.binary(min_size=32, max_size=32), LIBRARIES, st.integers(1, 99))
def test_any_password_may_be_taken_by_the_box(raw: bytes, library: str, serial: int) -> None:
    passwords.check_password(Secret(raw).password(library, serial), name=DIRECTOR)


def test_the_same_comes_out_again_and_another_serial_is_another() -> None:
    assert Secret(SECRET.raw).password("CN-510726", 1) == SECRET.password("CN-510726", 1) == "t8rd-uc2t-4xnz"
    assert SECRET.password("CN-510726", 2) != SECRET.password("CN-510726", 1)
    assert SECRET.recovery_key("CN-510726", 1).id == SECRET.recovery_key("CN-510726", 1).id
    assert SECRET.recovery_key("CN-510726", 2).id != SECRET.recovery_key("CN-510726", 1).id
    assert SECRET.id != Secret(bytes(32)).id


def test_the_password_is_hkdf_as_the_document_says() -> None:
    extracted = hmac.digest(b"shuxiang provisioning 1", SECRET.raw, "sha256")
    block = hmac.digest(extracted, b"password\nCN-510726\n1\x01", "sha256")
    assert SECRET.password("CN-510726", 1).replace("-", "") == "".join(ALPHABET[byte % 32] for byte in block[:12])


def test_the_hash_is_of_the_password_and_comes_out_again() -> None:
    found = SECRET.password_hash("CN-510726", 1)
    assert found == SECRET.password_hash("CN-510726", 1)
    assert argon2.PasswordHasher().verify(found, SECRET.password("CN-510726", 1))
    assert found != SECRET.password_hash("CN-510726", 2)


def test_hashes_cost_what_those_of_the_box_cost() -> None:
    own = Secret(SECRET.raw).password_hash("CN-510726", 1)
    assert own.startswith(argon2.PasswordHasher().hash("x").rpartition("$")[0].rpartition("$")[0])


def test_a_secret_shows_nothing_of_itself() -> None:
    assert SECRET.raw.hex() not in repr(SECRET)
    assert repr(SECRET) == "Secret()"


@pytest.mark.parametrize("count", [20_000])
def test_no_two_libraries_share_a_password_or_a_key(count: int) -> None:
    assert len({SECRET.password(f"CN-{n}", serial) for n in range(count // 2) for serial in (1, 2)}) == count
    assert len({SECRET.recovery_key(f"CN-{n}", 1).public.raw for n in range(3000)}) == 3000
