"""The table of words of like meaning, as the files in `words` have it.

Each file is of one field of life. Its lines are words with a space between them:

    same   花卉 养花 种花                 any of them is asked for as the others are
    leads  孙悟空 齐天大圣 > 西游记 大闹天宫   what is on the left is asked for as what is on the right too, not back
    asks   吃什么 > 饮食 食疗             words that only ask: left out where nothing holds them or what they lead to
    asks   怎么办 如何                    with nothing on the right they are always left out
    before 种 > crops > 栽培 种植         a single character counts as a word before a noun of a list only

In a word on the right `+` stands for “and”: 课外书 > 少儿+读物.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from indexer.analysis import fold, normal_text

KINDS = ("same", "leads", "asks", "before")

_NEAREST = 2
"""Words of its group that come before what a word leads to; a group's first words are the commonest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word is asked for as.

    Attributes:
        also: texts to be looked for beside it, the best first; those of several words have spaces between them.
        asks: whether it only asks, so that it may be left out.
    """

    also: tuple[str, ...] = ()
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Folded words → what they are asked for as.

    Attributes:
        entries: of every word.
        verbs: single characters → nouns before which they are words → what they are then asked for as.
        longest: characters of the longest word.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    verbs: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    longest: int = 0


@cache
def table() -> Table:
    """The table that the product brings, read once."""
    folder = files("indexer.thesaurus") / "words"
    names = sorted(found.name for found in folder.iterdir() if found.name.endswith(".toml"))
    return made_of(tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in names)


def made_of(documents: Iterable[Mapping[str, Any]]) -> Table:
    """The table of some documents as the module says.

    Raises:
        ValueError: a line is not of its kind's form.
    """
    same: dict[str, list[str]] = {}
    leads: dict[str, list[str]] = {}
    asks: set[str] = set()
    nouns: dict[str, frozenset[str]] = {}
    before: list[list[str]] = []
    for document in documents:
        for kind in KINDS:
            for line in document.get(kind, ()):
                if kind == "before":
                    before.append(_sides(line, 3))
                    continue
                for word, others in _pairs(kind, line):
                    (same if kind == "same" else leads).setdefault(word, []).extend(others)
                    asks |= {word} if kind == "asks" else set()
        lists = document.get("nouns", {})
        nouns.update({name: frozenset(map(folded, words.split())) for name, words in lists.items()})
    entries: dict[str, Entry] = {}
    for word in same | leads:
        alike = [other for other in same.get(word, ()) if other != word]
        others = [*alike[:_NEAREST], *leads.get(word, ()), *alike[_NEAREST:]]
        entries[word] = Entry(_useful(word, others), word in asks)
    verbs: dict[str, dict[str, Entry]] = {}
    for verb, name, right in before:
        entry = Entry(tuple(map(folded, right.split())))
        verbs.setdefault(folded(verb), {}).update(dict.fromkeys(nouns[name], entry))
    sizes = [len(word) for word in entries] + [1 + len(noun) for some in verbs.values() for noun in some]
    return Table(entries, verbs, max(sizes, default=0))


def folded(word: str) -> str:
    """A word of a line as it is looked for."""
    return normal_text(fold(word.replace("+", " ")))


def _pairs(kind: str, line: str) -> Iterator[tuple[str, list[str]]]:
    """Each word of a line that may be asked for, and what it is asked for as too."""
    if kind == "same":
        words = [folded(word) for word in line.split()]
        if len(words) < 2:
            raise ValueError(f"fewer than two words: {line}")
        yield from ((word, words) for word in words)
        return
    left, right = _sides(line, 2) if kind == "leads" or ">" in line else (line, "")
    others = [folded(word) for word in right.split()]
    yield from ((folded(word), others) for word in left.split())


def _sides(line: str, count: int) -> list[str]:
    sides = [side.strip() for side in line.split(">")]
    if len(sides) != count or not all(sides):
        raise ValueError(f"expected {count} sides: {line}")
    return sides


def _useful(word: str, others: Iterable[str]) -> tuple[str, ...]:
    """What finds more than the word itself does: no text that holds it."""
    return tuple(dict.fromkeys(other for other in others if word not in other))
