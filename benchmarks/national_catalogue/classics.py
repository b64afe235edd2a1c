"""Classical texts: the poems of a collection once each, then poems made by rule; old books, gazetteers, genealogies."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opencc
import zstandard

from indexer.compact import parse_type
from indexer.text.dynasties import find_dynasty
from national_catalogue.people import People
from national_catalogue.phrases import Genre, Rand, Words, fill, load, phrase, pick
from national_catalogue.places import Places

Record = dict[str, Any]

_POETS = ("唐", "宋", "宋", "元", "明", "明", "明", "清", "清", "清", "清")
_DIGITS = "〇一二三四五六七八九"
_HOLDERS = (
    "国家图书馆",
    "上海图书馆",
    "浙江图书馆",
    "天一阁博物院",
    "南京图书馆",
    "北京大学图书馆",
    "辽宁省图书馆",
    "中山大学图书馆",
)
_AMBIGUOUS = "乾咸余于后范谷岳征干里系云沈姜涂党丘曲"
"""Characters that names and reigns write in both scripts alike."""
_COURTESY = 0.4
_SIMPLE = 0.45


def collected(collection: Path) -> Iterator[Record]:
    """The records of a collection once each, in its order, as a source folder takes them without a word."""
    path = collection / "records" / "records.jsonl.zst"
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for line in io.TextIOWrapper(stream, "utf-8"):
            record = json.loads(line)
            kind, subtype, _ = parse_type(record["type"], ())
            record["type"] = kind
            if subtype:
                record["subtype"] = subtype
            if not find_dynasty(record.get("dynasty", "")):
                record.pop("dynasty", None)
            yield record


class Classics:
    """Composes poems and old books."""

    def __init__(self, rand: Rand, places: Places, people: People) -> None:
        self._rand, self._people = rand, people
        table = load("classics")
        old_form, new_form = opencc.OpenCC("s2t").convert, opencc.OpenCC("t2s").convert
        known = {
            character
            for texts in (
                [str(table)],
                people.surnames,
                people.words["person"],
                *(places.words[n] for n in ("city", "county")),
            )
            for text in texts
            for character in text
        } | set(_all_given())
        # Names are made character by character, so characters are what is turned.
        known.difference_update(_AMBIGUOUS)
        known |= {old_form(c) for c in known}
        self._old_form = str.maketrans({c: old for c in known if len(old := old_form(c)) == 1})
        self._new_form = str.maketrans({c: new for c in known if len(new := new_form(c)) == 1})
        words: Words = {name: _turned(places.words[name], self._old_form) for name in ("city", "county")}
        words["surname"] = _turned(people.words["surname"], self._old_form)
        words["name"] = words["name2"] = self._name
        poem = table["poem"]
        self._poem = Genre(poem, {**words, "name": self._friend})
        self._lines = {5: tuple(map(phrase, ("{pair}{verb}{pair2}",))),
                       7: tuple(map(phrase, ("{pair}{pair2}{verb}{pair3}", "{pair}{verb}{pair2}{pair3}")))}  # fmt: skip
        old = table["old"]
        self._reigns = tuple(zip(old["reign"].split(), map(int, old["years"].split()), strict=True))
        self._prints = tuple(old["print"].split())
        self._old = Genre(old, words, "city county surname hall word study classic practical juan name")
        self._county_codes = tuple(zip(words["county"], (p.code for p in places.counties), strict=True))

    def poems(self) -> Iterator[Record]:
        """Poems of Tang to Qing without end."""
        rand = self._rand
        for number in itertools.count(1):
            dynasty, author, words = pick(_POETS, rand), self._name(), self._poem.words
            title = self._poem.title(words, rand)
            yield {
                "id": f"NP{number:08d}",
                "title": title,
                "creator": author,
                "dynasty": dynasty,
                "subject": f"{dynasty}{'詞' if '·' in title else '詩'}",
                "clc": "I222",
                "type": "book",
                "subtype": "poem",
                "language": "zh-Hant",
                "description": self._stanzas(words),
            }

    def old_books(self) -> Iterator[Record]:
        """Gazetteers, genealogies, commentaries and collected works without end."""
        rand, genre = self._rand, self._old
        for number in itertools.count(1):
            words = genre.draw(rand)
            # Books of late reigns are what is left: later ones are drawn more often.
            place = int(len(self._reigns) * rand() ** 0.6)
            (reign, years), dynasty = self._reigns[place], "明" if place < 12 else "清"
            county, code = pick(self._county_codes, rand)
            words["reign"], words["county"] = reign, county
            local = county in (title := genre.title(words, rand))
            print_, name = pick(self._prints, rand), words["name"]
            creator = f"（{dynasty}）{name} 撰"
            if "志" in title:
                creator = f"（{dynasty}）{name} 修、（{dynasty}）{self._name()} 纂"
            record: Record = {
                "id": f"NO{number:07d}",
                "title": title,
                "creator": creator,
                "date": f"{dynasty}{reign}{numeral(int(rand() * years) + 1)}年",
                "type": "book",
                "subtype": "家谱" if "族譜" in title or "宗譜" in title else "地方志" if "志" in title else "古籍",
                "language": "lzh",
                "subject": ["地方志" if "志" in title else "古籍"],
                "clc": "K29" if local else "Z121",
                "classes": f"sibu:{'史部' if local else pick(('經部', '子部', '集部', '集部'), rand)}",
                "rare.edition_type": print_,
                "rare.juan": f"{words['juan']}卷",
                "rare.holder": pick(_HOLDERS, rand),
                "description": genre.summary(words, rand),
                "audience": "scholar",
            }
            if local:
                record["places"] = f"{code}@2020"
            simple = rand() < _SIMPLE
            for field in ("title", "creator", "description", "date", "rare.juan", "rare.edition_type"):
                record[field] = record[field].translate(self._new_form if simple else self._old_form)
            yield record

    def _name(self) -> str:
        return self._people.name().translate(self._old_form)

    def _friend(self) -> str:
        """How a poem calls a friend: by surname, or by surname and courtesy name."""
        surname = pick(self._people.surnames, self._rand).translate(self._old_form)
        return surname + pick(self._people.courtesy, self._rand) if self._rand() < _COURTESY else surname

    def _stanzas(self, words: Words) -> str:
        rand = self._rand
        long, couplets = rand() < 0.6, 2 if rand() < 0.5 else 4
        lines = self._lines[7 if long else 5]
        couplets = couplets if long else 4
        return "\n".join(
            f"{fill(pick(lines, rand), words, rand)}，{fill(pick(lines, rand), words, rand)}。" for _ in range(couplets)
        )


def _turned(words: Any, table: dict[int, str]) -> tuple[str, ...]:
    return tuple(word.translate(table) for word in words)


def _all_given() -> str:
    table = load("people")
    return table["given"] + table["rare"] + table["surnames"]


def numeral(number: int) -> str:
    """1 to 99 in words, the first year of a reign as 元: 二十五."""
    if number == 1:
        return "元"
    tens, ones = divmod(number, 10)
    return f"{'' if tens < 2 else _DIGITS[tens]}{'十' if tens else ''}{_DIGITS[ones] if ones else ''}"
