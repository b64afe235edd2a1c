"""Recovery files: of one library, by its own key."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.box_errors import RecoveryFileError, RecoveryOtherLibraryError, RecoveryTamperedError
from provisioning.recovery_file import MAX_RECOVERY, RecoveryFile, make_recovery, read_recovery, recovery_file_name
from provisioning.signed import sign
from provisioning.words import LANGUAGES, Words
from tests.provisioning.box_files import DAY, OTHER_KEY, RECOVERY_KEY

LIBRARY, NAME = "CN-510726", "北川羌族自治县图书馆"


def made(library: str = LIBRARY, name: str = NAME) -> RecoveryFile:
    return make_recovery(library, name, DAY, 1, RECOVERY_KEY)


def read(data: bytes) -> RecoveryFile:
    return read_recovery(data, RECOVERY_KEY.public, LIBRARY)


def test_read_recovery_gives_back_what_was_signed_as_often_as_it_is_read() -> None:
    assert read(made().content) == made()
    assert read(made().content) == RecoveryFile(LIBRARY, NAME, date(2026, 11, 27), 1, made().content)
    assert recovery_file_name(LIBRARY) == "CN-510726.recovery"


def test_another_librarys_stick_is_told_by_name() -> None:
    with pytest.raises(RecoveryOtherLibraryError) as caught:
        read(make_recovery("CN-510727", "平武县图书馆", DAY, 1, OTHER_KEY).content)
    assert caught.value.params == {"library": "平武县图书馆"}


def test_a_stick_of_an_earlier_recovery_key_is_refused() -> None:
    with pytest.raises(RecoveryTamperedError):
        read(make_recovery(LIBRARY, NAME, DAY, 1, OTHER_KEY).content)


def test_a_box_file_is_no_recovery_file() -> None:
    with pytest.raises(RecoveryTamperedError):
        read(sign({"schema": 1, "type": "box", "library": LIBRARY}, RECOVERY_KEY))


def test_too_many_bytes_are_not_parsed() -> None:
    with pytest.raises(RecoveryTamperedError):
        read(b" " * (MAX_RECOVERY + 1))


@pytest.mark.parametrize(("library", "name"), [("../a", NAME), (LIBRARY, "馆\n"), (LIBRARY, "")])
def test_what_cannot_be_is_not_signed(library: str, name: str) -> None:
    with pytest.raises(RecoveryTamperedError):
        made(library, name)


@given(st.data())
def test_any_change_of_a_byte_is_refused(data: st.DataObject) -> None:
    content = bytearray(made().content)
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RecoveryFileError):
        read(bytes(content))


@pytest.mark.parametrize("kind", RecoveryFileError.__subclasses__(), ids=lambda kind: kind.code)
def test_every_error_has_a_sentence(kind: type[RecoveryFileError]) -> None:
    error = kind("found", library="平武县图书馆")
    for language in LANGUAGES:
        assert Words.load(language).sentence(error.sentence, support="省馆", **error.params).button
