"""Pictures, recordings, films, courses, exhibitions, booklets and government papers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from national_catalogue.books import LAST_YEAR, Books
from national_catalogue.people import People
from national_catalogue.phrases import Genre, Rand, Words, lists, load
from national_catalogue.places import Places

Record = dict[str, Any]

_PREFIXES = {
    "photograph": "NI", "painting": "NJP", "audiobook": "NA", "opera_recording": "NAO", "talk": "NAT", "course": "NC",
    "video": "NV", "exhibition": "NE", "government": "NG", "health": "NKH", "farm": "NKF", "law_leaflet": "NKL",
}  # fmt: skip
_HELD = {
    "photograph": "place scene scene2 name year person",
    "painting": "place scene name year mount person",
    "audiobook": "name name2 place year who",
    "opera_recording": "name name2 place year opera play",
    "talk": "name name2 place year who",
    "course": "place name who year number era",
    "video": "place name scene opera play year who",
    "exhibition": "place scene era name",
    "government": "place body matter year",
    "health": "place disease care who count",
    "farm": "place crop grow who year count",
    "law_leaflet": "place law who count",
}
_LEAFLETS = {"disease": "R193", "crop": "S-49", "law": "D920.5"}
"""What a leaflet holds to through title and summary: its class."""
_FIRST_YEARS = {"audiobook": 1985, "course": 1998, "farm": 1975}
_OLDEST = 1949
_STEPS = 300
KINDS = tuple(_PREFIXES)
"""What there is of it."""


class Media:
    """Composes what is not a printed book of a publishing house."""

    def __init__(self, rand: Rand, places: Places, people: People, books: Books) -> None:
        self._rand, self._places, self._people, self._books = rand, places, people, books
        self._tables = load("media")
        shared: Words = {
            **books.shared,
            **lists(self._tables["words"]),
            "fiction": self._fiction,
            "children": self._children,
        }
        # These come from what the record is about.
        shared |= dict.fromkeys(("subject", "other", "aspect", "form"), "")
        self._genres = {
            kind: Genre(self._tables[kind], shared | {"year": _years(_FIRST_YEARS.get(kind, _OLDEST))}, _HELD[kind])
            for kind in KINDS
        }

    def records(self, kind: str) -> Iterator[Record]:
        """Records of one of `KINDS` without end."""
        rand, genre, table = self._rand, self._genres[kind], self._tables[kind]
        rest: Callable[[str, Words], Record] = getattr(self, f"_{kind}", self._leaflet)
        dated = "year" in genre.held
        for number in itertools.count(1):
            words = genre.draw(rand)
            code, about, _, _ = self._books.topic()
            words |= {name: about[name] for name in ("subject", "other", "aspect", "form")}
            title = genre.title(words, rand)
            yield {
                "id": f"{_PREFIXES[kind]}{number:08d}",
                "title": title,
                "type": table["type"],
                "language": "zh-Hans",
                "date": words["year"] if dated else str(LAST_YEAR - int(rand() ** 2 * 40)),
                "clc": code,
                "description": genre.summary(words, rand),
            } | rest(title, words)

    def _photograph(self, _title: str, words: Words) -> Record:
        return {
            "subtype": "photo",
            "creator": f"{words['name']} 摄",
            "subject": [words["scene"], words["place"]],
            "clc": "J421",
            "audience": "general",
        }

    def _painting(self, title: str, words: Words) -> Record:
        subtype = next((word for word in ("年画", "拓片") if word in title), "painting")
        if "地图" in title or "全图" in title:
            subtype = "map"
        author = words["person"] if str(words["person"]) in title else words["name"]
        return {"subtype": subtype, "creator": f"{author} 绘", "subject": [words["place"]], "clc": "J222"}

    def _audiobook(self, title: str, words: Words) -> Record:
        child = "儿童故事" in title or "睡前" in title
        return {
            "subtype": "audiobook",
            "creator": f"{words['name']} 播讲",
            "clc": "I287.5" if child else "I247.5",
            "extent": self._minutes(),
            "audience": "children:3-10" if child else "general",
        }

    def _opera_recording(self, title: str, words: Words) -> Record:
        sung = str(words["opera"]) in title
        return {
            "subtype": "戏曲" if sung else "music",
            "creator": f"{words['name']} 演唱",
            "clc": "J8" if sung else "J642.2",
            "extent": self._minutes(),
            "audience": "general",
        }

    def _talk(self, _title: str, words: Words) -> Record:
        return {
            "subtype": "广播",
            "creator": f"{words['name']} 讲述",
            "subject": [words["subject"]],
            "extent": self._minutes(),
        }

    def _course(self, title: str, words: Words) -> Record:
        return {
            "subtype": "lecture" if "讲座" in title else "公开课",
            "creator": f"{words['name']} 主讲",
            "subject": [words["subject"], words["other"]],
            "extent": self._minutes(),
            "audience": "general",
        }

    def _video(self, title: str, words: Words) -> Record:
        child = "动画" in title
        return {
            "subtype": "animation" if child else "film" if "电影" in title else "documentary",
            "creator": f"{words['name']} 导演",
            "clc": "J9",
            "extent": self._minutes(),
            "audience": "children:4-12" if child else "general",
        }

    def _exhibition(self, _title: str, words: Words) -> Record:
        return {"clc": "G265", "creator": f"{words['place']}博物馆", "audience": "general"}

    def _government(self, title: str, words: Words) -> Record:
        return {
            "subtype": "公报" if "公报" in title else "法规",
            "creator": f"{words['place']}{words['body']}",
            "clc": "D63",
            "subject": [words["matter"]],
        }

    def _leaflet(self, _title: str, words: Words) -> Record:
        name, code = next((name, code) for name, code in _LEAFLETS.items() if type(words[name]) is str)
        return {
            "clc": code,
            "subject": [words[name]],
            "creator": f"{self._people.name()} 编",
            "audience": "general",
            "extent": f"{int(self._rand() * 60) + 8}页",
        }

    def _minutes(self) -> str:
        return f"{int(self._rand() * 110) + 5}分钟"

    def _fiction(self) -> str:
        genre = self._books.fiction
        return genre.title(genre.draw(self._rand), self._rand)

    def _children(self) -> str:
        genre = self._books.children
        return genre.title(genre.draw(self._rand), self._rand)


def _years(first: int) -> tuple[str, ...]:
    """Years from `first` on; the later ones are chosen more often."""
    return tuple(str(LAST_YEAR - int((LAST_YEAR - first + 1) * (n / _STEPS) ** 1.7)) for n in range(_STEPS))
