"""A holding to browse in: persons of one name, a newspaper with issues, a set, children's books, subjects."""

from __future__ import annotations

from indexer.model import Audience, ClassCode, Creator, PublicationDate, Resource
from indexer.text.titles import title_sort
from tests.appliance.web.holding import one

Made = tuple[Resource, dict[str, bytes]]
_PDF = (("part", "a.pdf", "application/pdf", b"%PDF-1.4"),)


def clc(*codes: str) -> tuple[ClassCode, ...]:
    return tuple(ClassCode("clc", code) for code in codes)


def year(first: int, last: int | None = None, **more: int) -> PublicationDate:
    return PublicationDate(str(first), first, last or first, certainty="exact", **more)


def _issue(y: int, m: int) -> Made:
    day = f"{y}年{m}月1日"
    return one(
        f"n.{y}{m:02}",
        f"清溪日报 {day}",
        "newspaper",
        level="issue",
        parent="n",
        designation=day,
        title_sort=title_sort(f"清溪日报 {day}"),
        classes=clc("D6"),
        subjects=("清溪县",),
        date=year(y, month=m, day=1),
        files=_PDF,
        first_release=1,
    )


def shelves() -> list[Made]:
    """The records; titles of one letter make many of a kind."""
    lu, zhou = Creator("鲁迅", "著", "", "1881-1936"), Creator("周作人", "著")
    many = [
        one(f"m{n:03}", f"农家历书第{n}册", classes=clc("S11"), subjects=("农历", "农业"), language=("zh-Hans",),
            creators=(Creator("农书社", "编"),), date=year(1900 + n), first_release=1)
        for n in range(1, 61)
    ]  # fmt: skip
    issues = [_issue(y, m) for y in (1949, 1950, 1951) for m in (1, 2, 11)]
    return [
        one("a1", "呐喊", creators=(lu,), subjects=("短篇小说", "现代文学"), classes=clc("I210.6"), date=year(1923)),
        one("a2", "呐喊（有声书）", "audio", creators=(lu, Creator("王维", "朗读", "", "1970-")), title_alt=("呐喊",),
            subjects=("短篇小说",), classes=clc("I210.6"), date=year(2012)),
        one("a3", "彷徨", creators=(Creator("魯迅", "著"), zhou), subjects=("短篇小说",), classes=clc("I210.6"),
            date=year(1926)),
        one("a4", "域外小说集", creators=(lu, zhou), subjects=("短篇小说", "翻译"), classes=clc("I14"),
            date=year(1909)),
        one("w1", "王右丞集", creators=(Creator("王维", "撰", "唐"),), classes=clc("I222.742"),
            date=PublicationDate("清乾隆间", 1736, 1795, certainty="about", dynasty="清"), subjects=("唐诗",),
            places=("610000@2020",)),
        one("w2", "辋川集", creators=(Creator("王维", "撰", "唐"),), classes=clc("I222.742"), subjects=("唐诗",)),
        one("k1", "小蝌蚪", creators=(Creator("方小慧", "著"),), subjects=("童话",), classes=clc("I287.7"),
            audience=Audience("children", 4, 6), language=("zh-Hans",), date=year(2019)),
        one("k2", "小种子", creators=(Creator("方小慧", "著"),), subjects=("童话", "植物"), classes=clc("I287.7"),
            audience=Audience("children", 4, 6), language=("zh-Hans",), date=year(2020)),
        one("n", "清溪日报", "newspaper", level="serial", files=(), classes=clc("D6"), subjects=("清溪县",)),
        one("j", "农业月刊 2019年第3期", "journal", classes=clc("S-1"), date=year(2019), files=_PDF),
        *issues,
        *many,
    ]  # fmt: skip
