"""Sorting keys, readings, Chinese numbers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.numbers import parse_number
from indexer.text.sounds import readings
from indexer.text.titles import title_keys, title_pinyin, title_sort


@pytest.mark.parametrize(
    ("text", "value"),
    [("二十三", 23), ("廿三", 23), ("十", 10), ("一百零八", 108), ("一九三七", 1937), ("二〇一九", 2019), ("元", 1),
     ("卅", 30), ("一万二千", 12000), ("023", 23), ("贰拾", 20), ("", None), ("甲", None), ("十二月", None),
     ("9" * 40, None)],
)  # fmt: skip
def test_parse_number_forms_give_values(text: str, value: int | None) -> None:
    assert parse_number(text) == value


def test_title_sort_orders_by_number_sound_tone_and_character() -> None:
    expected = ["9 Lives", "100 Greatest", "2019年鉴", "A", "《阿Q正传》", "百年孤独", "长恨歌", "重庆史",
                "“论语”", "论衡", "曾国藩家书"]  # fmt: skip
    shuffled = random.Random(7).sample(expected, len(expected))
    assert sorted(shuffled, key=title_sort) == expected


def test_title_sort_ordinals_count_by_value_and_names_do_not() -> None:
    assert sorted(["第十卷", "第二卷", "第一百卷"], key=title_sort) == ["第二卷", "第十卷", "第一百卷"]
    assert sorted(["史记 卷十", "史记 卷二"], key=title_sort) == ["史记 卷二", "史记 卷十"]
    assert sorted(["帝京篇十首 十", "帝京篇十首 二"], key=title_sort) == ["帝京篇十首 二", "帝京篇十首 十"]
    assert title_sort("三字经").startswith("san1")
    assert title_sort("007") == "0017"


def test_title_sort_english_articles_are_passed_over() -> None:
    assert title_sort("The Waste Land") == "waste land"
    assert title_sort("The") == "the"


@pytest.mark.parametrize(
    ("title", "spoken"),
    [("重庆史话", "chong qing shi hua"), ("重慶史話", "chong qing shi hua"), ("曾国藩家书", "zeng guo fan jia shu"),
     ("银行学", "yin hang xue"), ("《论语》", "lun yu"), ("女子", "nv zi"), ("第二卷", "di er juan"),
     ("乐府诗集", "yue fu shi ji"),
     ("Moby-Dick", "moby dick"), ("三國志", "san guo zhi"), ("左传", "zuo zhuan"), ("", "")],
)  # fmt: skip
def test_title_pinyin_words_decide_readings(title: str, spoken: str) -> None:
    assert title_pinyin(title) == spoken


@given(st.text(max_size=80))
def test_title_keys_any_text_never_raises_and_is_bounded(text: str) -> None:
    sort, spoken = title_keys(text)
    assert len(sort) < 6000
    assert "\n" not in sort
    assert title_keys(text) == (sort, spoken)


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=30))
def test_readings_every_character_has_one(text: str) -> None:
    found = readings(text)
    assert sorted(found) == list(range(len(text)))
    assert all(s[-1] in "12345" for s in found.values())
