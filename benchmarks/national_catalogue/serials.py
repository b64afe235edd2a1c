"""Journals and newspapers: each serial, then its issues. Names of the first journals are real, numbers are invented."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from national_catalogue.books import LAST_YEAR, Books
from national_catalogue.people import People
from national_catalogue.phrases import LONGEST, Rand, Words, fill, lists, load, pick, weighted
from national_catalogue.places import Places
from national_catalogue.publishers import issn

Record = dict[str, Any]

_YEARLY = (12, 12, 12, 12, 12, 6, 6, 6, 4, 4, 24, 52)
_PERIODS = {4: "季刊", 6: "双月刊", 12: "月刊", 24: "半月刊", 52: "周刊"}
_DOUBLE, _SUPPLEMENT, _CEASED = 0.01, 0.03, 0.2
_ANY_CLASS = "ABCDFGGHIIJKKNOPQRRSSTTX"
_LAST_DAY = dt.date(LAST_YEAR, 12, 31)


class Serials:
    """Composes journals and newspapers.

    Args:
        journal_issues, newspaper_issues: at most so many of one serial.
    """

    def __init__(
        self, rand: Rand, places: Places, people: People, books: Books, *, journal_issues: int, newspaper_issues: int
    ) -> None:
        self._rand, self._places, self._people, self._books = rand, places, people, books
        self._journal_issues, self._newspaper_issues = journal_issues, newspaper_issues
        tables = load("serials")
        journal, paper = tables["journal"], tables["newspaper"]
        fields = tuple((letter, word) for letter, words in journal["fields"].items() for word in words.split())
        self._fields: tuple[tuple[str, str], ...] = fields
        self._journal_words: Words = {**places.words, **lists({"form": journal["form"]})}
        self._paper_words: Words = {**places.words, **people.words, **lists(paper)}
        self._journal_names, self._paper_names = weighted(journal["patterns"]), weighted(paper["patterns"])
        self._known = tuple(journal["known"].split())
        self._columns = tuple(journal["column"].split())
        self._news = tuple(paper["news"].split())
        self._events = weighted(("6 {place}{what}{event}", "3 {place}{crop}{yield}", "3 {place}{folk}"))
        self._codes = tuple(places.codes[name][:2] for name in places.provinces[:31])

    def journals(self) -> Iterator[Record]:
        """Journals and their issues without end."""
        rand = self._rand
        names = self._names(self._journal_name, self._known)
        for number, (name, letter) in enumerate(names, 1):
            yearly, first = pick(_YEARLY, rand), 1950 + int(rand() * 58)
            last = LAST_YEAR if rand() > _CEASED else min(LAST_YEAR, first + 3 + int(rand() * 30))
            code = f"{letter}{int(rand() * 9) + 1}" if letter != "T" else pick(("TP3", "TU", "TS2", "TV", "TM"), rand)
            cn = f"cn:CN{pick(self._codes, rand)}-{1000 + number % 9000}/{code[0]}"
            columns = "、".join(dict.fromkeys(pick(self._columns, rand) for _ in range(3)))
            period = _PERIODS[yearly]
            text = f"《{name}》创刊于{first}年，{period}，主编{self._people.name()}，设有{columns}等栏目。"
            serial: Record = {
                "id": f"NJ{number:05d}",
                "title": name,
                "type": "journal",
                "level": "serial",
                "language": "zh-Hans",
                "date": f"{first}-{'' if last == LAST_YEAR else last}",
                "clc": code,
                "publisher": f"{name}编辑部",
                "place": pick(self._places.cities, rand).name,
                "identifiers": f"issn:{issn(1_000_000 + number * 37)};{cn}",
                "extent": period,
                "description": text,
            }
            yield serial
            yield from itertools.islice(self._issues(serial, letter, yearly, first, last), self._journal_issues)

    def newspapers(self) -> Iterator[Record]:
        """Newspapers and their issues by date without end."""
        rand = self._rand
        for number, (name, _) in enumerate(self._names(self._paper_name, ()), 1):
            first = dt.date(1946 + int(rand() * 66), 1, 1) + dt.timedelta(int(rand() * 365))
            step = 7 if "农民" in name or "少年" in name or rand() < 0.15 else 1
            news = fill(pick(self._events, rand), self._paper_words, rand)
            serial: Record = {
                "id": f"NN{number:04d}",
                "title": name,
                "type": "newspaper",
                "level": "serial",
                "language": "zh-Hans",
                "date": f"{first.year}-",
                "clc": "D6",
                "publisher": f"{name}社",
                "identifiers": f"cn:CN{pick(self._codes, rand)}-{1 + number % 999:04d}",
                "extent": "日报" if step == 1 else "周报",
                "description": f"《{name}》{day_name(first)}创刊，报道{news}等当地新闻。",
            }
            yield serial
            yield from itertools.islice(self._days(serial, first, step), self._newspaper_issues)

    def _issues(self, serial: Record, letter: str, yearly: int, first: int, last: int) -> Iterator[Record]:
        rand, running = self._rand, itertools.count(1)
        for year in range(first, last + 1):
            numbers = iter(range(1, yearly + 1))
            for number in numbers:
                shown, month = str(number), max(1, min(12, -(-number * 12 // yearly)))
                if rand() < _DOUBLE and number < yearly:
                    shown = f"{number}-{next(numbers)}"
                whole = f"（总第{next(running)}期）" if rand() < 0.2 else ""
                yield self._issue(
                    serial, letter, year * 100 + number, f"{year}-{month:02d}", f"{year}年第{shown}期{whole}"
                )
            if rand() < _SUPPLEMENT:
                yield self._issue(serial, letter, year * 100 + 90, str(year), f"{year}年增刊")

    def _issue(self, serial: Record, letter: str, seq: int, date: str, designation: str) -> Record:
        rand = self._rand
        text = "本期要目："
        while len(text) < 30 or rand() < 0.75:
            more = f"{self._books.topic(letter)[2]}（{self._people.name()}）；"
            if len(text) + len(more) > LONGEST:
                break
            text += more
        return {
            "id": f"{serial['id']}-{seq}",
            "title": f"《{serial['title']}》{designation}",
            "type": "journal",
            "level": "issue",
            "parent": serial["id"],
            "seq": str(seq),
            "designation": designation,
            "language": "zh-Hans",
            "date": date,
            "clc": serial["clc"],
            "publisher": serial["publisher"],
            "place": serial["place"],
            "identifiers": serial["identifiers"],
            "description": f"{text[:-1]}。",
            "access": "" if rand() < 0.5 else "premises",
        }

    def _days(self, serial: Record, day: dt.date, step: int) -> Iterator[Record]:
        rand, words, name = self._rand, self._paper_words, serial["title"]
        while day <= _LAST_DAY:
            shown = day_name(day)
            pages = 4 if day.year < 1995 else 8
            leads = [
                f"第{n}版 {pick(self._news, rand)}：{fill(pick(self._events, rand), words, rand)}"
                for n in range(1, 3 + int(rand() * 3))
            ]
            yield {
                "id": f"{serial['id']}-{day:%Y%m%d}",
                "title": f"《{name}》{shown}",
                "type": "newspaper",
                "level": "issue",
                "parent": serial["id"],
                "seq": f"{day:%Y%m%d}",
                "designation": shown,
                "language": "zh-Hans",
                "date": day.isoformat(),
                "clc": "D6",
                "publisher": serial["publisher"],
                "identifiers": serial["identifiers"],
                "extent": f"{pages}版",
                "description": f"{'；'.join(leads)}。本期共{pages}版，报道{self._people.name()}等人的事迹。",
            }
            day += dt.timedelta(step)

    def _names(self, make: Callable[[], tuple[str, str]], known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Names of serials, none twice, with the main class of each."""
        given: set[str] = set()
        # Real names first, but not only: every third serial is one of them.
        waiting = iter(known)
        while True:
            name, letter = make()
            if len(given) % 3 == 0 and (real := next(waiting, "")):
                name, letter = real, pick(tuple(_ANY_CLASS), self._rand)
            if name not in given:
                given.add(name)
                yield name, letter

    def _journal_name(self) -> tuple[str, str]:
        letter, field = pick(self._fields, self._rand)
        words = {**self._journal_words, "field": field}
        return fill(pick(self._journal_names, self._rand), words, self._rand), letter

    def _paper_name(self) -> tuple[str, str]:
        field = pick(self._fields, self._rand)[1]
        return fill(pick(self._paper_names, self._rand), {**self._paper_words, "field": field}, self._rand), "D"


def day_name(day: dt.date) -> str:
    """1949年12月31日."""
    return f"{day.year}年{day.month}月{day.day}日"
