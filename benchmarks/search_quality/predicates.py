"""What is right, as a condition on fields: `title:静夜思|夜思 creator:李白`, and finding it in one pass over a corpus.

A condition is words with a field before them, all of which must hold:

    title creator subject text      one of the words (`a|b`) stands in the field; `=` for `:` when it is all of it
    about                           in the title or a subject; all: in any of the four
    identifier= year= is= place=    one of the values; `is` takes type, subtype and level, `place` a code of GB/T 2260
    -field:…                        must not hold

At least one is words of a field. The same corpus is generated alike every time, and a condition says what is
right in a smaller or larger one too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from search_quality.corpus import Record

_Texts = dict[str, Callable[[Record], tuple[str, ...]]]
_TEXTS: _Texts = {
    "title": lambda record: record.titles,
    "creator": lambda record: record.creators,
    "subject": lambda record: record.subjects,
    "text": lambda record: (record.text,),
    "about": lambda record: (*record.titles, *record.subjects),
    "all": lambda record: (*record.titles, *record.creators, *record.subjects, record.text),
}
_VALUES: _Texts = {
    "identifier": lambda record: record.identifiers,
    "year": lambda record: (record.year,),
    "is": lambda record: record.sorts,
    "place": lambda record: tuple(record.raw.get("places", ())),
}
_NO_WORDS = _VALUES.keys() - {"identifier"}
"""Fields of which no condition consists alone: too many records have the value."""


class Matcher(Protocol):
    """Says for which of its conditions a record is right."""

    def matches(self, record: Record) -> Iterable[int]:
        """Numbers of the conditions."""
        ...


@dataclass(frozen=True, slots=True)
class Clause:
    """One word of a condition."""

    field: str
    words: tuple[str, ...]
    whole: bool
    negative: bool = False

    def holds(self, record: Record) -> bool:
        """Whether it does of a record."""
        if self.field in _VALUES or self.whole:
            values = (_VALUES.get(self.field) or _TEXTS[self.field])(record)
            found = any(value in self.words for value in values)
        else:
            found = any(word in text for text in _TEXTS[self.field](record) for word in self.words)
        return found != self.negative


Condition = tuple[Clause, ...]


def condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ValueError: it is none.
    """
    clauses = []
    for word in filter(None, text.split(" ")):
        negative, word = word.startswith("-"), word.removeprefix("-")
        at = min((place for sign in ":=" if (place := word.find(sign)) > 0), default=0)
        field, words = word[:at], tuple(word[at + 1 :].replace("_", " ").split("|"))
        if field not in _TEXTS and (field not in _VALUES or word[at] == ":"):
            raise ValueError(f"no field: {word}")
        if not all(words):
            raise ValueError(f"an empty word: {word}")
        clauses.append(Clause(field, words, word[at] == "=", negative))
    clauses.sort(key=lambda clause: clause.negative or clause.field in _NO_WORDS)
    if not clauses or clauses[0].negative or clauses[0].field in _NO_WORDS:
        raise ValueError(f"holds no words of a field: {text}")
    return tuple(clauses)


class Conditions:
    """Many conditions at once: a record costs a look-up for each pair of neighbouring characters."""

    def __init__(self, conditions: Sequence[tuple[int, Condition]]) -> None:
        """Take `(number, condition)`; a number may have several, one of which must hold."""
        self._by_pair: dict[str, dict[str, list[tuple[int, Condition]]]] = defaultdict(lambda: defaultdict(list))
        self._by_value: dict[str, list[tuple[int, Condition]]] = defaultdict(list)
        for number, held in conditions:
            for word in held[0].words:
                # What must stand in a text is looked for by its first two characters; one alone by itself.
                if held[0].field == "identifier":
                    self._by_value[word].append((number, held))
                else:
                    self._by_pair[word[:2]][word].append((number, held))

    def matches(self, record: Record) -> set[int]:
        """See `Matcher`."""
        found: set[int] = set()
        for number, held in self._candidates(record):
            if number not in found and all(clause.holds(record) for clause in held):
                found.add(number)
        return found

    def _candidates(self, record: Record) -> Iterator[tuple[int, Condition]]:
        pairs: set[str] = set()
        for text in _TEXTS["all"](record):
            pairs.update(text)
            pairs.update(map(str.__add__, text, text[1:]))
        for pair in pairs & self._by_pair.keys():
            for held in self._by_pair[pair].values():
                yield from held
        for value in record.identifiers:
            yield from self._by_value.get(value, ())
