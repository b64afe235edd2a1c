"""Numbers of drives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.production.serials import check_digit, following, parse_serial, serial, spaced, wrong_serial


def test_serial_of_the_label():
    assert spaced(serial(2026, 1104037)) == "SX26 1104 0372"
    assert parse_serial("sx26 1104 0372") == "SX2611040372"


def test_wrong_last_digit_is_told_with_the_right_one():
    assert "应是 SX26 0000 0020" in wrong_serial("sx26 0000 0021")
    assert "请写成 SX26 0000 0011 的样子" in wrong_serial("hello")
    assert "请写成" in wrong_serial("SX2600000000")


@given(st.integers(0, 99), st.integers(1, 9_999_999), st.integers(2, 11), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(year, count, where, change):
    text = serial(year, count)
    wrong = text[:where] + str((int(text[where]) + change) % 10) + text[where + 1 :]
    with pytest.raises(ValueError, match="no drive's number"):
        parse_serial(wrong)


def test_check_digit_of_the_standard():
    assert check_digit("0794") == 5  # the example of ISO/IEC 7064 for MOD 11,10


def test_following_numbers_and_their_end():
    assert following("SX26 0000 0011", 3) == [serial(26, 1), serial(26, 2), serial(26, 3)]
    with pytest.raises(ValueError, match="no number"):
        following(serial(26, 9_999_999), 2)
    with pytest.raises(ValueError, match="no number"):
        serial(26, 0)


@pytest.mark.parametrize("text", ["", "SX26", "SX26 1104 0373", "AB2611040372", "SX26１1040372"])
def test_other_texts_are_no_number(text):
    with pytest.raises(ValueError, match="no drive's number"):
        parse_serial(text)
