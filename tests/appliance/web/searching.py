"""A holding to be searched: every filter has something to choose from, and some of it is in the catalogue only."""

from __future__ import annotations

from typing import Any

from indexer.class_names import ClassName
from indexer.model import Access, Audience, ClassCode, Creator, PublicationDate, Resource
from tests.appliance.web.holding import one

_TITLES = (
    "明月几时有", "江上明月", "明月照大江", "沧海明月", "明月清风集", "山月与明月", "明月楼藏书记", "月亮与明月的故事",
)  # fmt: skip
_CODES = ("I222.844", "I242.4", "K295.51", "G256.22", "I227", "P184", "J222.7", "TP312")
_PLACES = ("330100@2020", "110000@2020", "330500@2020", "510000@2020")


def classes() -> list[ClassName]:
    """What the catalogue calls its classes."""
    return [
        ClassName("sibu", "", "四部分类法"),
        ClassName("sibu", "古籍", "古籍"),
        ClassName("sibu", "集部", "集部", "古籍"),
        ClassName("sibu", "史部", "史部", "古籍"),
        ClassName("clc", "I2", "中国文学"),
        ClassName("clc", "I22", "诗歌、韵文"),
    ]


def books() -> list[tuple[Resource, dict[str, bytes]]]:
    """Forty records that all have 明月 in their titles."""
    made = []
    for number in range(40):
        title = _TITLES[number % len(_TITLES)] + (f" 卷{number // 8 + 1}" if number >= 8 else "")
        bare = number % 5 == 4
        sibu = ClassCode("sibu", ("集部", "史部")[number % 2])
        members: dict[str, Any] = {
            "creators": (Creator("张若虚", "撰", "唐"),) if number % 3 else (Creator("苏轼", "撰", "宋"),),
            "classes": (ClassCode("clc", _CODES[number % len(_CODES)]), sibu),
            "language": (("zh-Hans", "zh-Hant", "lzh")[number % 3],),
            "audience": Audience("children", 6, 9) if number % 4 == 1 else Audience("general"),
            "date": PublicationDate(year_from=1920 + number * 2, year_to=1920 + number * 2, certainty="exact"),
            "places": (_PLACES[number % 4],) if number % 3 else (),
            "description": "春江潮水连海平，海上明月共潮生。",
        }
        if bare:
            made.append(one(f"s.{number:02d}", title, files=(), access=Access("none"), **members))
        else:
            access = Access("premises", download=False) if number % 6 == 2 else Access()
            made.append(one(f"s.{number:02d}", title, ("book", "audio", "image")[number % 3], access=access, **members))
    return made
