"""Sorting keys, readings, natural order of names, Chinese numbers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.numbers import parse_number
from indexer.text.sounds import readings
from indexer.text.titles import natural_key, title_keys, title_pinyin, title_sort


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


@pytest.mark.parametrize(
    "ordered",
    [
        ["卷一", "卷二", "卷十", "卷十一", "卷二十"],
        ["第2讲 b", "第10讲 a"],
        ["第二讲", "第三讲", "第十讲"],
        ["上册", "中册", "下册"],
        ["卷上", "卷中", "卷下"],
        ["千字文 上", "千字文 下"],
        ["水浒（上）", "水浒（中）", "水浒（下）"],
        ["0001", "0002", "10", "0100"],
        ["ba1", "ba2", "ba10"],
        ["封面", "扉页", "目录", "序", "1", "2", "10", "附录", "跋", "封底"],
        ["一、绪言", "二、方法", "十、结论"],
        ["a/2", "a/10", "b/1"],
        ["１", "２", "１０"],
        ["2019年第1期", "2019年第2期", "2019年第2期增刊", "2019年第3-4期合刊", "2019年第10期", "2019年增刊"],
        ["总第9期", "总第10期", "总第11、12期合刊"],
        ["第一册", "第二册上", "第二册下", "第十册"],
        ["卷之一", "卷之二", "卷之十", "卷末"],
        ["1936年1月2日", "1936年1月10日", "1936年10月1日"],
    ],
)
def test_natural_key_orders_as_people_count(ordered: list[str]) -> None:
    for seed in range(5):
        assert sorted(random.Random(seed).sample(ordered, len(ordered)), key=natural_key) == ordered


@given(st.lists(st.text(max_size=20), max_size=8))
def test_natural_key_any_names_compare(names: list[str]) -> None:
    assert len(sorted(names, key=natural_key)) == len(names)
