"""Printed dates and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.model import CERTAINTIES, PublicationDate
from indexer.text.dates import dynasty_date, parse_date
from indexer.text.dynasties import DYNASTIES, REIGNS, find_dynasty, simplify


def years(text: str) -> tuple[int | None, int | None, str, str]:
    date = parse_date(text)
    assert date.printed == text
    return date.year_from, date.year_to, date.certainty, date.dynasty


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("清光绪间", (1875, 1908, "about", "清")),
        ("清光緒二十三年", (1897, 1897, "exact", "清")),
        ("清光绪二十三年（1897）", (1897, 1897, "exact", "清")),
        ("清光绪丁酉", (1897, 1897, "exact", "清")),
        ("光绪40年", (1875, 1908, "about", "清")),
        ("康熙甲子", (1684, 1684, "exact", "清")),
        ("[清]光绪", (1875, 1908, "about", "清")),
        ("（清）光绪三年", (1877, 1877, "exact", "清")),
        ("清乾隆三十八年至四十七年", (1773, 1782, "exact", "清")),
        ("清乾隆元年", (1736, 1736, "exact", "清")),
        ("宣统三年", (1911, 1911, "exact", "清")),
        ("明万历", (1573, 1620, "about", "明")),
        ("明萬曆四十八年", (1620, 1620, "exact", "明")),
        ("明正德十年", (1515, 1515, "exact", "明")),
        ("日本正德二年", (1712, 1712, "exact", "")),
        ("昭和12年", (1937, 1937, "exact", "")),
        ("至元三年", (1266, 1266, "exact", "元")),
        ("后至元三年", (1337, 1337, "exact", "元")),
        ("至元十年至十二年", (1273, 1275, "exact", "元")),
        ("宋绍兴间", (1131, 1162, "about", "宋")),
        ("唐貞觀二十三年", (649, 649, "exact", "唐")),
        ("民国26年", (1937, 1937, "exact", "民国")),
        ("民国二十六年", (1937, 1937, "exact", "民国")),
        ("中华民国二十六年三月", (1937, 1937, "exact", "民国")),
        ("民國廿六年", (1937, 1937, "exact", "民国")),
        ("民国间", (1912, 1949, "about", "民国")),
        ("清末民初", (1822, 1924, "about", "清")),
        ("元明间", (1271, 1644, "about", "元")),
        ("明", (1368, 1644, "about", "明")),
        ("明刻本", (1368, 1644, "about", "明")),
        ("（清）", (1644, 1911, "inferred", "清")),
        ("[19--]", (1900, 1999, "inferred", "")),
        ("19--", (1900, 1999, "inferred", "")),
        ("[192-?]", (1920, 1929, "inferred", "")),
        ("199?", (1990, 1999, "inferred", "")),
        ("19xx", (1900, 1999, "inferred", "")),
        ("1925-02-13", (1925, 1925, "exact", "")),
        ("2019年3月", (2019, 2019, "exact", "")),
        ("二〇一九年三月五日", (2019, 2019, "exact", "")),
        ("二〇一九", (2019, 2019, "exact", "")),
        ("约1900", (1900, 1900, "about", "")),
        ("1900前后", (1900, 1900, "about", "")),
        ("ca. 1900", (1900, 1900, "about", "")),
        ("c1999", (1999, 1999, "inferred", "")),
        ("©2010", (2010, 2010, "inferred", "")),
        ("[1998]", (1998, 1998, "inferred", "")),
        ("1998?", (1998, 1998, "inferred", "")),
        ("前221年", (-220, -220, "exact", "")),
        ("公元前221年", (-220, -220, "exact", "")),
        ("221 BCE", (-220, -220, "exact", "")),
        ("前1年", (0, 0, "exact", "")),
        ("前221-前206年", (-220, -205, "exact", "")),
        ("公元25年", (25, 25, "exact", "")),
        ("公元前5世纪", (-499, -400, "about", "")),
        ("20世紀30年代", (1930, 1939, "about", "")),
        ("1930年代", (1930, 1939, "about", "")),
        ("1930s", (1930, 1939, "about", "")),
        ("19世纪", (1801, 1900, "about", "")),
        ("6th cent", (501, 600, "about", "")),
        ("1978-1986", (1978, 1986, "exact", "")),
        ("1978—1986", (1978, 1986, "exact", "")),
        ("1978年至1986年", (1978, 1986, "exact", "")),
        ("1978-86", (1978, 1986, "exact", "")),
        ("1978-", (1978, None, "exact", "")),
        ("1978年至今", (1978, None, "exact", "")),
        ("北京：1985年3月第2版", (1985, 1985, "inferred", "")),
        ("Spring 1999", (1999, 1999, "inferred", "")),
        ("garbage", (None, None, "unknown", "")),
        ("不详", (None, None, "unknown", "")),
        ("99999", (None, None, "unknown", "")),
        ("0", (None, None, "unknown", "")),
        ("", (None, None, "unknown", "")),
    ],
)
def test_parse_date_printed_forms_give_years(printed: str, expected: tuple[int | None, int | None, str, str]) -> None:
    assert years(printed) == expected


@pytest.mark.parametrize(
    ("printed", "month", "day"),
    [("1925-02-13", 2, 13), ("2019年3月", 3, None), ("20190305", 3, 5), ("2020/1/5", 1, 5), ("1949.10", 10, None),
     ("2020-01-05T00:00:00Z", 1, 5), ("民国二十六年七月七日", 7, 7), ("1999", None, None)],
)  # fmt: skip
def test_parse_date_with_month_and_day_gives_them(printed: str, month: int | None, day: int | None) -> None:
    date = parse_date(printed)
    assert (date.month, date.day) == (month, day)


def test_parse_date_too_long_is_cut() -> None:
    assert len(parse_date("很" * 100_000).printed) == 200


@given(st.text(max_size=60))
@example("[")
@example("-")
@example("前")
@example("民国")
@example("9" * 60)
@example("一" * 60)
@example("公元前0年")
def test_parse_date_any_text_never_raises_and_stays_in_bounds(text: str) -> None:
    date = parse_date(text)
    assert date.certainty in CERTAINTIES
    assert (date.certainty == "unknown") == (date.year_from is None)
    if date.year_from is not None:
        assert -2100 <= date.year_from <= 2999
        assert date.year_to is None or date.year_from <= date.year_to <= 2999
    assert PublicationDate.from_json(date.to_json()) == date


@given(st.sampled_from(sorted(REIGNS)), st.integers(1, 61))
def test_parse_date_every_reign_year_stays_in_its_reign(name: str, number: int) -> None:
    date = parse_date(f"{name}{number}年")
    periods = REIGNS[name]
    assert date.year_from is not None
    assert date.year_to is not None
    assert any(p.first <= date.year_from <= date.year_to <= p.last + 1 for p in periods)


def test_dynasties_tables_are_ordered_and_simple() -> None:
    assert all(p.first <= p.last for p in DYNASTIES.values())
    assert all(p.first <= p.last for periods in REIGNS.values() for p in periods)
    assert all(simplify(name) == name for name in [*DYNASTIES, *REIGNS])


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("漢", "汉"),
        ("淸", "清"),
        ("後蜀", "后蜀"),
        ("劉宋", "南朝宋"),
        ("南齊", "南朝齐"),
        ("宋代", "宋"),
        ("大明", "明"),
        ("遼", "辽"),
    ],
)
def test_find_dynasty_variants_give_one_name(printed: str, name: str) -> None:
    found = find_dynasty(printed)
    assert found is not None
    assert found.name == name


def test_dynasty_date_gives_an_inferred_range() -> None:
    assert dynasty_date("唐") == PublicationDate(year_from=618, year_to=907, certainty="inferred", dynasty="唐")
    assert dynasty_date("梦朝") == PublicationDate(dynasty="梦朝")
