"""What is right for what was typed by its sound, or with one character wrong: every title that it may have meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from pypinyin import Style, lazy_pinyin, pinyin

from search_quality.corpus import Record


@cache
def readings(character: str) -> frozenset[str]:
    """All syllables of a character, without tones, ü as v."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    return frozenset(one.replace("ü", "v") for one in found)


@cache
def initials(character: str) -> frozenset[str]:
    """The first letters of its syllables."""
    return frozenset(one[0] for one in readings(character))


def syllables(text: str) -> list[str]:
    """How it is read, one syllable a character."""
    return lazy_pinyin(text, style=Style.NORMAL)


class Readings:
    """Titles that may be read as syllables, or whose initials they may be.

    Args:
        wanted: number and syllables. by_initials: whether they are first letters.
    """

    def __init__(self, wanted: Sequence[tuple[int, Sequence[str]]], *, by_initials: bool = False) -> None:
        self._of = initials if by_initials else readings
        self._by_length: dict[int, dict[str, list[tuple[int, Sequence[str]]]]] = defaultdict(lambda: defaultdict(list))
        for number, heard in wanted:
            self._by_length[len(heard)][heard[0]].append((number, heard))

    def matches(self, record: Record) -> Iterable[int]:
        """See `Matcher`."""
        for title in record.titles:
            by_first = self._by_length.get(len(title))
            if by_first is None:
                continue
            for first in self._of(title[0]):
                for number, heard in by_first.get(first, ()):
                    if all(one in self._of(c) for one, c in zip(heard, title, strict=True)):
                        yield number


class Near:
    """Titles that are what was typed but for one character: another one, or one more."""

    def __init__(self, typed: Sequence[tuple[int, str]], *, left_out: bool) -> None:
        self._left_out = left_out
        self._patterns: dict[str, list[int]] = defaultdict(list)
        for number, text in typed:
            for pattern in {text} if left_out else {text[:n] + "\0" + text[n + 1 :] for n in range(len(text))}:
                self._patterns[pattern].append(number)
        self._lengths = {len(text) + left_out for _, text in typed}

    def matches(self, record: Record) -> set[int]:
        """See `Matcher`."""
        found: set[int] = set()
        for title in record.titles:
            if len(title) in self._lengths:
                for n in range(len(title)):
                    pattern = f"{title[:n]}{'' if self._left_out else chr(0)}{title[n + 1 :]}"
                    found.update(self._patterns.get(pattern, ()))
        return found
