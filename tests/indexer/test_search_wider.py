"""Queries that find nothing are asked again with their words apart."""

from __future__ import annotations

import pytest

from indexer.search_wider import cut, wider, with_sign

HELD = {
    "养鸡": 40,
    "鸡技": 1,
    "技术": 900,
    "三年": 80,
    "年级": 300,
    "级数": 20,
    "数学": 700,
    "成语": 60,
    "故事": 500,
    "语故": 2,
}


def frequency(pair: str) -> int:
    return HELD.get(pair, 0)


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("养鸡技术", ["养鸡", "技术"]),
        ("三年级数学", ["三年级", "数学"]),
        ("成语故事", ["成语", "故事"]),
        ("数学", ["数学"]),
        ("学", ["学"]),
        ("无此四字", ["无此", "四字"]),
        ("python", ["python"]),
        ("3月", ["3月"]),
    ],
)
def test_stretch_is_cut_into_words_of_the_collection(word, pieces):
    assert cut(word, frequency) == pieces


def test_words_that_only_ask_are_never_asked_for_alone():
    assert list(wider("糖尿病吃什么", frequency)) == []
    assert list(wider("成语故事怎么办", frequency)) == ["成语 故事", "成语 或 故事"]


def test_words_apart_then_one_left_out_then_any():
    assert list(wider("成语故事 数学", frequency)) == [
        "成语 故事 数学",
        "成语 故事",
        "成语 数学",
        "故事 数学",
        "成语 或 故事 或 数学",
    ]
    assert list(wider("成语 故事", frequency)) == ["成语 或 故事"]
    assert list(wider("成语故录", lambda pair: 50 if pair in {"成语", "语故"} else 0)) == ["成语 故录", "成语 或 故录"]
    assert list(wider("養雞技術", frequency)) == ["养鸡 技术", "养鸡 或 技术"]


def test_days_and_years_are_asked_as_records_write_them():
    assert next(wider("清溪日报 2010.8.3", frequency)) == "清溪日报 2010年8月3日"
    assert next(wider("1891 文昌县", frequency)) == "1891年 文昌县"
    assert "年" not in next(wider("978-7-101-12345 数学", frequency), "")


@pytest.mark.parametrize(
    "text", ["", "  ", "数学", "“成语故事”", "题名:成语故事", "成语 或 故事", "成语 -故事", "？！"]
)
def test_one_word_and_queries_with_signs_are_left_as_they_are(text):
    assert list(wider(text, frequency)) == []


def test_work_is_bounded_whatever_is_typed():
    found = list(wider("的" * 5000 + " 书" * 400, lambda _pair: 5))
    assert len(found) <= 8
    assert all(len(text) < 5200 for text in found)


def test_a_year_is_no_words_apart():
    assert list(wider("民国二十六年", frequency)) == []
    assert list(wider("民国二十六年 数学", frequency)) == ["民国二十六年 或 数学"]


def test_a_stretch_in_two_where_a_sign_was_left_out():
    held = {"安娜": 9, "卡列": 5, "列尼": 5, "尼娜": 6, "娜卡": 0}
    tried = list(with_sign("安娜卡列尼娜", lambda pair: held.get(pair, 1)))
    assert tried[0] == "安娜 卡列尼娜"
    assert len(tried) == 3
    for text in ("简爱", "安娜 卡列尼娜", "tolstoy", '"安娜卡列尼娜"', "光绪二十三年"):
        assert list(with_sign(text, frequency)) == []
