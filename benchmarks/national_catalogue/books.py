"""Modern books: works, sets of volumes, series; in Chinese, minority languages and English."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import opencc

from national_catalogue.people import People
from national_catalogue.phrases import Genre, Phrase, Rand, Words, fill, lists, load, phrase, pick, weighted
from national_catalogue.places import Places
from national_catalogue.publishers import House, Publishers

Record = dict[str, Any]

FIRST_YEAR, LAST_YEAR = 1949, 2025
_FICTION, _TRADITIONAL, _ABROAD, _KNOWN = 0.72, 0.025, 0.03, 0.05
_SET, _SERIES = 0.03, 0.0015
_CHILDREN = {"G61": "children:3-6", "G62": "children:6-12", "G63": "children:12-18", "N4": "children:8-14"}
_AUDIENCES = ("general", "general", "general", "scholar", "")
_ACCESS = ("", "", "", "", "", "premises", "premises", "premises", "seats:2", "open;until:2030-12-31", "none")
_EDITIONS = ("第2版", "第2版", "第2版", "第3版", "修订版", "修订版", "第4版", "增订本", "彩图版", "大字版", "第5版")
_COUNTED = (
    ("上册", "下册"),
    ("上卷", "下卷"),
    ("上", "下"),
    ("上册", "中册", "下册"),
    ("上", "中", "下"),
    ("第一卷", "第二卷"),
)
_NUMERALS = "一二三四五六七八九十"


class Books:
    """Composes books.

    Args:
        rand: where chance comes from. places, people, publishers: what they draw on.
    """

    def __init__(self, rand: Rand, places: Places, people: People, publishers: Publishers) -> None:
        self._rand, self._people, self._publishers = rand, people, publishers
        self._ids = (f"NB{n:08d}" for n in itertools.count(1))
        self._traditional = opencc.OpenCC("s2t").convert
        manners, stories = load("manners"), load("stories")
        common = manners.pop("common")
        numbers = tuple(str(n) for n in range(3, 61))
        shared: Words = {
            **places.words,
            **people.words,
            **lists(common),
            "number": numbers,
            "year": tuple(str(n) for n in range(FIRST_YEAR, LAST_YEAR + 1)),
        }
        patterns = {
            "patterns": common["patterns"]["titles"],
            "sentences": common["patterns"]["sentences"],
            "endings": common["patterns"]["endings"],
        }
        self._subjects: dict[str, tuple[tuple[str, str], ...]] = {}
        self._genres: dict[str, Genre] = {}
        letters: list[str] = []
        for letter, entry in load("vocabulary").items():
            self._subjects[letter] = tuple(
                (code, word) for code, words in entry["subjects"].items() for word in words.split()
            )
            self._genres[letter] = Genre(
                {**manners[entry["manner"]], **patterns}, shared, "aspect aspect2 place person era who series number"
            )
            letters += [letter] * round(entry["share"] * 10)
        self._letters = tuple(letters)
        self.shared = shared
        """Words of all books: places, persons, readers …"""
        held = "image image2 manner name name2 place when number"
        self.fiction = Genre(stories["fiction"], shared, held)
        """Novels, stories and poems of today."""
        self.children = Genre(stories["children"], shared, "animal animal2 trait thing thing2 place")
        """Picture books."""
        self._known = Genre(stories["known"], shared, "place name who series")
        self._known_works = tuple(work.split("/") for work in stories["known"]["works"].split("|"))
        self._english = Genre(stories["abroad"], lists({"region": stories["abroad"]["region"]}) | {"number": numbers})
        self._english_patterns = weighted(stories["abroad"]["english_patterns"])
        self._minority = tuple(
            (tag, table["name"], _of_people(table), lists({k: table[k] for k in ("words", "second", "third")}))
            for tag, table in stories["minority"].items()
        )

    def works(self) -> Iterator[Record]:
        """Books without end; what gathers others comes before them."""
        rand = self._rand
        while True:
            chance = rand()
            if chance < _SET:
                yield from self._volumes()
            elif chance < _SET + _SERIES:
                yield from self._series()
            else:
                yield self._work()

    def picture_books(self) -> Iterator[Record]:
        """Children's picture books without end."""
        rand, genre = self._rand, self.children
        while True:
            words = genre.draw(rand)
            record = self._bare(genre.title(words, rand), "I287.8", self._publishers.on_shelf("children", rand), 1980)
            age = int(rand() * 4) + 2
            record |= {
                "creator": [f"{self._people.name()} 文", f"{self._people.name()} 绘"]
                if rand() < 0.7
                else self._people.translated(),
                "subtype": "绘本",
                "subject": ["图画书", words["animal"]],
                "audience": f"children:{age}-{age + 3}",
                "description": genre.summary(words, rand),
            }
            yield record

    def topic(self, letter: str = "") -> tuple[str, Words, str, Genre]:
        """A title about something: class number, its words, the title, and the genre that made it.

        Args:
            letter: the main class; empty for one by the shares of printed books.
        """
        rand = self._rand
        letter = letter or pick(self._letters, rand)
        genre, subjects = self._genres[letter], self._subjects[letter]
        code, subject = subjects[int(len(subjects) * rand() ** 1.2)]
        other = pick(subjects, rand)[1]
        words = genre.draw(rand)
        words["subject"], words["other"] = subject, other if other != subject else subjects[0][1]
        return code, words, genre.title(words, rand), genre

    def _work(self) -> Record:
        chance = self._rand()
        if chance < _ABROAD:
            return self._foreign()
        if chance > 1 - _KNOWN:
            return self._known_work()
        record = self._plain()
        if chance < _ABROAD + _TRADITIONAL:
            self._in_traditional(record)
        return record

    def _plain(self) -> Record:
        """A book in Chinese, one work."""
        rand = self._rand
        letter = pick(self._letters, rand)
        if letter == "I" and rand() < _FICTION:
            return self._story()
        code, words, title, genre = self.topic(letter)
        record = self._bare(title, code, self._publishers.for_class(letter, rand))
        words["year"] = record["date"][:4]
        record["creator"] = self._people.authors()
        record["subject"] = [words["subject"], words["other"]]
        record["description"] = genre.summary(words, rand)
        audience = _CHILDREN.get(code[:3]) or pick(_AUDIENCES, rand)
        if audience:
            record["audience"] = audience
        return record

    def _story(self) -> Record:
        rand, genre = self._rand, self.fiction
        words = genre.draw(rand)
        title, name = genre.title(words, rand), words["name"]
        own = name in title and f"{name}的" not in title and f"{name}和" not in title
        record = self._bare(title, "I247.5" if rand() < 0.6 else "I267", self._publishers.on_shelf("literature", rand))
        record["creator"] = f"{name} 著" if own else self._people.authors()
        record["subject"] = ["中国文学", "当代文学"]
        record["description"] = genre.summary(words, rand)
        record["audience"] = "general"
        return record

    def _known_work(self) -> Record:
        """One more edition of what everybody reads; the first of the list are printed most."""
        rand, genre = self._rand, self._known
        words = genre.draw(rand)
        words["known"], author = self._known_works[int(len(self._known_works) * rand() ** 1.6)]
        record = self._bare(genre.title(words, rand), "I242", self._publishers.on_shelf("literature", rand))
        record |= {
            "creator": f"{author} 著",
            "subject": ["名著", words["known"]],
            "description": genre.summary(words, rand),
            "audience": pick(("general", "children:8-14", "children:6-12"), rand),
        }
        return record

    def _bare(self, title: str, code: str, house: House, first_year: int = FIRST_YEAR) -> Record:
        """What every printed book has."""
        rand = self._rand
        year = LAST_YEAR - int((LAST_YEAR - first_year + 1) * rand() ** 2)
        record: Record = {
            "id": next(self._ids),
            "title": title,
            "type": "book",
            "language": "zh-Hans",
            "publisher": house.name,
            "place": house.place,
            "date": self._printed(year),
            "clc": code,
            "extent": f"{int(rand() ** 2 * 900) + 40}页",
        }
        self._number(record, house, year)
        if rand() < 0.12:
            record["edition"] = pick(_EDITIONS, rand)
        if access := pick(_ACCESS, rand):
            record["access"] = access
        return record

    def _printed(self, year: int) -> str:
        chance = self._rand()
        if chance < 0.85:
            return str(year)
        month = int(self._rand() * 12) + 1
        return f"{year}年{month}月" if chance < 0.95 else f"{year}-{month:02d}"

    def _number(self, record: Record, house: House, year: int) -> None:
        if year >= 1987:
            record["identifiers"] = f"isbn:{house.isbn()}"
        elif year >= 1956:
            record["identifiers"] = f"unified:{house.unified()}"

    def _volumes(self) -> Iterator[Record]:
        """A set and its volumes: 上下, 上中下, or counted ones."""
        rand = self._rand
        whole = self._plain()
        if rand() < 0.6:
            names = pick(_COUNTED, rand)
        else:
            count, unit = int(rand() ** 2 * 9) + 2, pick(("册", "卷", "辑", "集"), rand)
            names = tuple(f"第{_NUMERALS[n] if unit != '册' else n + 1}{unit}" for n in range(count))
        whole["extent"] = f"{len(names)}册"
        yield whole
        for place, name in enumerate(names, 1):
            volume = whole | {
                "id": f"{whole['id']}-{place}",
                "title": f"{whole['title']} {name}",
                "level": "volume",
                "parent": whole["id"],
                "seq": str(place),
                "designation": name,
                "extent": f"{int(rand() ** 2 * 700) + 80}页",
            }
            yield volume

    def _series(self) -> Iterator[Record]:
        """A series, and works that belong to it."""
        rand = self._rand
        code, words, _, genre = self.topic()
        title = f"{words['series']}·{words['place']}{words['subject']}丛书"
        series = {
            "id": next(self._ids),
            "title": title,
            "type": "book",
            "level": "collection",
            "language": "zh-Hans",
            "clc": code,
            "creator": f"{self._people.name()} 总主编",
            "description": genre.summary(words, rand),
        }
        yield series
        for _ in range(int(rand() * 22) + 6):
            yield self._plain() | {"parent": series["id"]}

    def _in_traditional(self, record: Record) -> None:
        """The same book as Taiwan or Hong Kong prints it."""
        house = self._publishers.traditional(self._rand)
        convert = self._traditional
        for name in ("title", "description"):
            record[name] = convert(record[name])
        for name in ("creator", "subject"):
            value = record[name]
            record[name] = convert(value) if isinstance(value, str) else [convert(one) for one in value]
        record |= {"language": "zh-Hant", "publisher": house.name, "place": house.place}
        record.pop("edition", None)
        if record.get("identifiers", "").startswith("isbn:"):
            record["identifiers"] = f"isbn:{house.isbn()}"
        else:
            record.pop("identifiers", None)

    def _foreign(self) -> Record:
        """A book in English or a minority language, its Chinese title beside it."""
        rand = self._rand
        record = self._plain()
        record["title_alt"] = [record["title"]]
        if rand() < 0.4:
            record["title"] = fill(pick(self._english_patterns, rand), self._english.words, rand)
            record["language"] = "en"
        else:
            tag, name, patterns, words = pick(self._minority, rand)
            record["title"] = fill(pick(patterns, rand), words, rand)
            record["language"] = tag
            record["subject"] = [*record["subject"], name]
            record["publisher"] = "民族出版社"
        return record


def _of_people(table: dict[str, str]) -> tuple[Phrase, ...]:
    """The ways a title in a minority language is put together."""
    join = table["join"]
    return tuple(
        phrase(join.join(slots))
        for slots in (("{words}", "{second}", "{third}"), ("{words}", "{second}", "{second2}", "{third}"))
    )
