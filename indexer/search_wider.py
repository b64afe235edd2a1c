"""What a query that finds nothing is asked as instead: its words apart, all but one of them, at last any of them.

Readers write words together (养鸡技术, 三年级数学) and more of them than any record holds. A stretch is cut where the
pieces are words of the collection: those that many records hold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from indexer.analysis import fold, is_spaceless, normal_text
from indexer.search_numbers import has_number
from indexer.thesaurus.segments import segments
from indexer.thesaurus.table import table

Frequency = Callable[[str], int]
"""How many records hold a pair of characters."""

MOST_PIECES = 6
MOST_JOINTS = 4
"""Places of a stretch at which a sign may have been left out."""

_LONGEST = 24
_FOUR = 4
"""Characters that are two words at least."""
_ALONE, _UNKNOWN = -4.0, -3.0
"""Worth of a character alone, and of each character of a piece that nobody holds."""
_COST = {2: 2.0, 3: 1.0}
"""What a piece of so many characters costs: fewer, longer pieces are likelier words."""
_DAY = re.compile(r"(?<![\d.])([12]\d{3})[.\-/](\d{1,2})[.\-/](\d{1,2})(?![\d.])")
_YEAR = re.compile(r"(?<![\d.\-])([12]\d{3})(?=\s|\Z)")
"""A day and a year as people write them; records have 2010年8月3日, and years of reigns count as theirs."""
_SIGNS = '":：()（）“”„‟＂|*-'
_OPERATORS = frozenset({"and", "or", "not", "与", "或", "非"})


def wider(text: str, frequency: Frequency) -> Iterator[str]:
    """Queries to be asked instead, the nearest first; none for a query with signs or operators.

    Args:
        text: the query.
        frequency: see `Frequency`.
    """
    dated = _YEAR.sub(r"\1年", _DAY.sub(r"\1年\2月\3日", text))
    if dated != text:
        yield dated
    words = [part for word in normal_text(fold(text)).split() for part in _without_questions(word)]
    if not words or not is_plain(text):
        return
    pieces = [piece for word in words for piece in ([word] if has_number(word) else cut(word, frequency))]
    pieces = list(dict.fromkeys(pieces))[:MOST_PIECES]
    if len(pieces) == 1 and len(words[0]) >= _FOUR and is_spaceless(words[0][0]) and not has_number(words[0]):
        pieces = [words[0][at : at + 2] for at in range(0, min(len(words[0]), 2 * MOST_PIECES) - 1, 2)]
    if len(pieces) < 2:
        return
    if pieces != words:
        yield " ".join(pieces)
    if len(pieces) > 2:
        for left_out in reversed(pieces):
            yield " ".join(piece for piece in pieces if piece != left_out)
    yield " 或 ".join(pieces)


def with_sign(text: str, frequency: Frequency) -> Iterator[str]:
    """A stretch in two, where people leave out the dot of a foreign name: 安娜 卡列尼娜; the likeliest place first.

    Args:
        text: the query; nothing comes of several words, of signs or of numbers.
        frequency: see `Frequency`.
    """
    words = normal_text(fold(text)).split()
    if len(words) != 1 or not is_plain(text) or has_number(word := words[0]):
        return
    if not _FOUR <= len(word) <= _LONGEST or not all(map(is_spaceless, word)):
        return
    places = sorted(range(2, len(word) - 1), key=lambda place: frequency(word[place - 1 : place + 1]))
    for place in places[:MOST_JOINTS]:
        yield f"{word[:place]} {word[place:]}"


def is_plain(text: str) -> bool:
    """Whether a query is words only: no signs, no operators."""
    return not any(sign in text for sign in _SIGNS) and not _OPERATORS & set(normal_text(fold(text)).split())


def _without_questions(word: str) -> list[str]:
    """What stands between words that only ask (吃什么, 怎么办), which find anything; all of it, if nothing does."""
    parts = [""]
    for piece in segments(word, table()):
        if piece.entry is not None and piece.entry.asks:
            parts.append("")
        else:
            parts[-1] += piece.text
    return [part for part in parts if part] or [word]


def cut(word: str, frequency: Frequency) -> list[str]:
    """The pieces of an unbroken stretch of Chinese, of two or three characters each; another word as it is."""
    if not all(map(is_spaceless, word)) or not 3 <= len(word) <= _LONGEST:
        return [word]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(word) + 1):
        ways = (
            (best[end - size][0] + _worth(word[end - size : end], frequency), size) for size in (3, 2, 1) if size <= end
        )
        best.append(max(ways))
    pieces: list[str] = []
    end = len(word)
    while end:
        size = best[end][1]
        pieces.append(word[end - size : end])
        end -= size
    return [piece for piece in reversed(pieces) if len(piece) > 1] or [word]


def _worth(piece: str, frequency: Frequency) -> float:
    if len(piece) == 1:
        return _ALONE
    held = min(frequency(piece[at : at + 2]) for at in range(len(piece) - 1))
    return math.log1p(held) - _COST[len(piece)] if held else _UNKNOWN * len(piece)
