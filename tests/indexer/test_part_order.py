"""Parts of sets and serials in the order in which people count, whatever was filled in of seq, designation and date."""

from __future__ import annotations

import random

import pytest

from indexer.model import PublicationDate, Resource
from indexer.part_order import part_order, year_in


def issue(designation: str, *when: int, **members: object) -> Resource:
    """An issue of a journal; `when` is year, month, day as far as known."""
    year, month, day = (*when, None, None, None)[:3]
    date = PublicationDate("", year, year, month, day)
    values = {"title": "刊", "type": "journal", "level": "issue", "designation": designation, "date": date, **members}
    return Resource(id="i", **values)  # type: ignore[arg-type]


LISTS = {
    "years before numbers": [issue("第9期", 2019), issue("第10期", 2019), issue("第1期", 2020), issue("第2期", 2020)],
    "combined and supplement": [
        issue("2019年第1-2期"), issue("2019年第3期"), issue("2019年第10期"), issue("2019年增刊"), issue("2020年第1期"),
    ],
    "supplement that only the date dates": [issue("第11期", 2019), issue("第12期", 2019), issue("增刊", 2019),
                                            issue("第1期", 2020)],
    "seasons": [issue("2019年春季号"), issue("2019年夏季号"), issue("2019年秋季号"), issue("2020年春季号")],
    "days without designation": [issue("", 1949, 9, 30), issue("", 1949, 10, 1), issue("", 1949, 10, 31),
                                 issue("", 1950, 1, 1)],
    "days in titles": [issue("", title="清溪日报 1949年9月30日"), issue("", title="清溪日报 1949年10月1日")],
    "the Republic's years": [issue("民国九年第十期"), issue("民国十年第二期"), issue("民国二十六年第一期")],
    "running numbers": [issue("总第99期"), issue("总第100期"), issue("总第123期")],
    "known years before unknown ones": [issue("第5期", 2021), issue("第1期")],
    "seq above all": [issue("第9期", 2019, seq=1), issue("第1期", 2018, seq=2), issue("第2期", 2000)],
    "volumes, whenever they were printed": [
        issue("卷二", 1999, type="book", level="volume"), issue("卷十", 1958, type="book", level="volume"),
    ],
    "Roman volumes": [issue(f"Vol. {n}", type="book", level="volume") for n in ("I", "II", "V", "IX", "X")],
    "titles that count nothing, by sound": [
        issue("", title=title, type="book", level="work") for title in ("水利碑记", "水利条规", "水利图说", "水利志")
    ],
    "titles when nothing else is said": [issue("", title=f"史記 卷{n}", type="book", level="volume") for n in "一二十"],
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_part_order_table(name: str) -> None:
    ordered = LISTS[name]
    for seed in range(5):
        shuffled = random.Random(seed).sample(ordered, len(ordered))
        assert sorted(shuffled, key=part_order(shuffled)) == ordered


@pytest.mark.parametrize(
    ("text", "year"),
    [("2019年第3期", 2019), ("二〇一九年第三期", 2019), ("民国二十六年一月号", 1937), ("光绪三年", 1877),
     ("1937-01-02", 1937), ("总第123期", 0), ("百年孤独", 0), ("", 0)],
)  # fmt: skip
def test_year_in_designations(text: str, year: int) -> None:
    assert year_in(text) == year
