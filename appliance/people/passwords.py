"""Which passwords and names may be, and random ones to give out."""

from __future__ import annotations

import secrets
import unicodedata

from appliance.errors import PasswordError

MIN_PASSWORD = 10
MAX_PASSWORD = 200
MAX_NAME = 32
_MAX_TYPED = 4 * MAX_NAME
"""Characters of a name that are looked at: some forms have several for one."""
_FEW = 4
"""Different characters, or characters beside one's own name, that a password needs."""
_LONG = 14
"""Digits alone hold a telephone number or a date below this length."""
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_COMMON = (
    "1234567890", "0123456789", "12345678910", "0987654321", "1111111111", "0000000000", "8888888888", "6666666666",
    "qwertyuiop", "1q2w3e4r5t", "asdfghjkl1", "password12", "password123", "password1234", "abcdefghij", "abcd123456",
    "abc1234567", "a123456789", "123456789a", "aa12345678", "woaini1314", "woaini520", "5201314520", "librarylibrary",
    "tushuguan1", "tushuguan123", "admin12345", "administrator", "123123123123", "1qaz2wsx3edc", "qwerty123456",
)  # fmt: skip


def check_password(password: str, *, name: str = "") -> None:
    """Whether a password may be taken.

    Raises:
        PasswordError: shorter than 10 characters, or one that people would try first: a common one, digits alone, the
            account's name, few different characters.
    """
    text = normal_password(password) if len(password) <= MAX_PASSWORD else ""
    if not MIN_PASSWORD <= len(text) <= MAX_PASSWORD:
        raise PasswordError("account.password.short")
    plain = text.lower()
    few = len(set(plain)) < 4
    named = bool(name) and clean_name(name).lower() in plain and len(plain) - len(name) < 4
    if few or named or plain in _COMMON or (plain.isdecimal() and len(plain) < 14):
        raise PasswordError("account.password.common")


def new_password() -> str:
    """A random password that is easy to read aloud: 12 characters in groups of four, 59 bits."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def spellings(password: str) -> tuple[str, ...]:
    """The password, and the one that `new_password` may have given out and that it spells otherwise, if there is one.

    Leaving out the hyphens or holding the shift key does not make another password of it.
    """
    bare = "".join(c for c in normal_password(password).lower() if c.isalnum())
    if len(bare) != 12:
        return (password,)
    given = f"{bare[:4]}-{bare[4:8]}-{bare[8:]}"
    return (password,) if given == password else (password, given)


def clean_name(name: str) -> str:
    """A name as it is kept: NFKC, no blanks around it.

    It is cut before: to order a million combining marks takes a processor, and all of this process, half an hour.
    """
    return unicodedata.normalize("NFKC", name[:_MAX_TYPED]).strip()[: 2 * MAX_NAME]


def normal_password(password: str) -> str:
    """Input methods differ in the forms they give: the same keys make the same password."""
    return unicodedata.normalize("NFKC", password)
