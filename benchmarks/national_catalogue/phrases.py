"""Phrases with slots, filled from lists of words: 《{subject}{aspect}{form}》."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Rand = Callable[[], float]
"""A number from 0 to below 1: `random.Random(seed).random`."""
Words = dict[str, "tuple[str, ...] | str | Callable[[], str]"]
"""Slot → words to choose from, the word that this record holds, or what makes one."""
Phrase = tuple[tuple[str, str], ...]
"""Literal and slot by turns; the last slot is empty."""

SHORTEST, LONGEST = 30, 160
"""Characters of a summary."""


def load(name: str) -> dict[str, Any]:
    """The word list `name` beside this module."""
    with (Path(__file__).parent / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def phrase(text: str) -> Phrase:
    return tuple((literal, slot or "") for literal, slot, _, _ in string.Formatter().parse(text))


def weighted(lines: Iterable[str]) -> tuple[Phrase, ...]:
    """Phrases of `3 text` lines, each as often as its number says: choosing one is one look-up."""
    split = [line.partition(" ") for line in lines]
    return tuple(made for number, _, text in split for made in [phrase(text)] * int(number))


def lists(table: Mapping[str, Any]) -> Words:
    """The word lists of a table: by spaces, or by `|` where words hold spaces. {word2} chooses from {word} too."""
    words: Words = {}
    for name, text in table.items():
        if isinstance(text, str):
            parts = tuple(text.split("|") if "|" in text else text.split())
            words.update({name: parts, f"{name}2": parts, f"{name}3": parts})
    return words


def pick(words: tuple[Any, ...], rand: Rand) -> Any:
    return words[int(rand() * len(words))]


def fill(parts: Phrase, words: Words, rand: Rand) -> str:
    """The phrase with a word in each slot."""
    out = []
    for literal, slot in parts:
        out.append(literal)
        if slot:
            choice = words[slot]
            if type(choice) is tuple:
                choice = choice[int(rand() * len(choice))]
            out.append(choice if type(choice) is str else choice())  # type: ignore[operator]
    return "".join(out)


class Genre:
    """Titles and summaries of one kind of record.

    Args:
        table: `patterns`, `sentences` and `endings`, and word lists of its own.
        words: lists that it shares with others.
        held: slots whose word stays the same through title and summary.
    """

    def __init__(self, table: Mapping[str, Any], words: Words, held: str = "") -> None:
        self.words: Words = {**words, **lists(table)}
        self.held = tuple(held.split())
        self._patterns = weighted(table.get("patterns", ()))
        self._sentences = tuple(phrase(text) for text in table.get("sentences", ()))
        self._endings = tuple(phrase(text) for text in table.get("endings", ()))

    def draw(self, rand: Rand) -> Words:
        """The words of one record."""
        words = self.words.copy()
        for slot in self.held:
            choice = words[slot]
            words[slot] = choice[int(rand() * len(choice))] if type(choice) is tuple else choice()  # type: ignore[operator]
        return words

    def title(self, words: Words, rand: Rand) -> str:
        """A title of the drawn words."""
        return fill(self._patterns[int(rand() * len(self._patterns))], words, rand)

    def summary(self, words: Words, rand: Rand) -> str:
        """One to three sentences, `SHORTEST` to `LONGEST` characters."""
        sentences, endings = self._sentences, self._endings
        count = len(sentences)
        at, step = int(rand() * count), 1 if rand() < 0.5 else count - 1
        text = fill(sentences[at], words, rand)
        wanted = SHORTEST if rand() < 0.4 else 75
        for _ in range(1, count):
            if len(text) >= wanted:
                break
            at = (at + step) % count
            text += fill(sentences[at], words, rand)
        if endings:
            more = fill(endings[int(rand() * len(endings))], words, rand)
            if len(text) + len(more) <= LONGEST:
                text += more
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
