"""Sounds of titles, and how typed letters fall into syllables."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis import fold, normal_text
from indexer.text.syllables import MOST_SOUNDS, SYLLABLES, is_sound, sounds_of, splits, table, toneless


def spoken(title: str, own: str = "") -> list[str]:
    return ["".join(sound) for sound in sounds_of(normal_text(fold(title)), own, table())]


@pytest.mark.parametrize(
    ("title", "sound"),
    [
        ("红楼梦", "hongloumeng"),
        ("紅樓夢", "hongloumeng"),
        ("重庆", "chongqing"),
        ("曾国藩", "zengguofan"),
        ("音乐", "yinyue"),
        ("绿野仙踪", "lvyexianzong"),
        ("《读者》1983年第33期", "duzhe1983niandi33qi"),
    ],
)
def test_titles_are_found_by_what_readers_call_them(title: str, sound: str) -> None:
    assert sound in spoken(title)


def test_the_records_own_reading_comes_first_and_unknown_ones_are_not_believed() -> None:
    assert spoken("长生殿", "cháng shēng diàn")[0] == "changshengdian"
    assert spoken("长生殿", "x y z")[0] == spoken("长生殿")[0]
    assert spoken("长生殿", "chang")[0] == spoken("长生殿")[0]


def test_title_without_chinese_has_no_sound() -> None:
    assert spoken("The Old Man and the Sea") == spoken("") == spoken("1984") == []


@pytest.mark.parametrize(
    ("typed", "syllable"), [("lǜ", "lv"), ("lü4", "lv"), ("LV", "lv"), ("hóng", "hong"), ("7", "")]
)
def test_syllables_are_told_as_they_are_typed(typed: str, syllable: str) -> None:
    assert toneless(typed) == syllable


@pytest.mark.parametrize(
    ("letters", "parts"),
    [("honglm", ("hong", "l", "m")), ("hlm", ("h", "l", "m")), ("hlou", ("h", "lou")), ("xian", ("xi", "an"))],
)
def test_letters_fall_into_syllables_and_first_letters(letters: str, parts: tuple[str, ...]) -> None:
    assert parts in splits(letters, 6)


@pytest.mark.parametrize(("letters", "sounds"), [("hongloumeng", True), ("xian", True), ("python", False), ("", False)])
def test_letters_that_are_syllables_from_end_to_end(letters: str, sounds: bool) -> None:
    assert is_sound(letters) is sounds


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_title_has_few_sounds_of_whole_units(title: str, own: str) -> None:
    found = sounds_of(normal_text(fold(title)), own, table())
    assert len(found) <= MOST_SOUNDS
    assert all(all(sound) for sound in found)


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=60), st.integers(1, 8))
def test_any_letters_are_split_with_bounded_work(letters: str, most: int) -> None:
    found = splits(letters, most)
    assert len(found) <= most
    assert all("".join(parts) == letters for parts in found)
    assert is_sound(letters) == (
        letters != "" and any(set(parts) <= SYLLABLES for parts in splits(letters, 10_000))
    ) or (len(letters) > 12)


def test_readings_are_told_without_loading_the_words_of_pypinyin() -> None:
    code = "import sys; from indexer.text.syllables import table; table(); print('pypinyin' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
