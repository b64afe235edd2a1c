"""Whether a row's text holds what is asked: what terms alone cannot say."""

from __future__ import annotations

from collections.abc import Callable

from indexer.analysis import is_one_word, is_spaceless
from indexer.schema import SECTION_MARK, SECTIONS
from indexer.search_numbers import CHINESE_DIGITS
from indexer.search_tree import Condition

Test = Callable[[bytes], bool]
"""Whether the text of a row, as `IndexFiles.text` gives it, holds a condition."""


def test_of(condition: Condition) -> Test:
    """Whether a row's text holds what the condition asks; words must stand alone: `art` is not in `start`."""
    needle = condition.text.encode()
    section = SECTIONS.index(condition.field) if condition.field != "x" else -1
    mark = SECTION_MARK.encode()

    def part_of(text: bytes) -> bytes:
        if section < 0:
            return text
        parts = text.split(mark)
        return parts[section] if section < len(parts) else b""  # an index is a stranger's

    ends_open = is_spaceless(condition.text[0]) and is_spaceless(condition.text[-1])
    if condition.part or (ends_open and not condition.alone):
        return (lambda text: needle in text) if section < 0 else (lambda text: needle in part_of(text))
    return lambda text: needle in text and holds(part_of(text).decode("utf-8", "replace"), condition)


def holds(text: str, condition: Condition) -> bool:
    """Whether a normal text holds a condition, in whatever section it is."""
    return place_of(text, condition) is not None


def place_of(text: str, condition: Condition, start: int = 0) -> int | None:
    """Where a condition stands in a normal text from `start` on, None when it does not."""
    return find_text(text, condition.text, start, part=condition.part, head=condition.head, alone=condition.alone)


def find_text(
    text: str, wanted: str, start: int = 0, *, part: bool = False, head: bool = False, alone: bool = False
) -> int | None:
    """Where `wanted` stands in a normal text as whole words from `start` on, None when it does not.

    With `part` it may begin and end inside words, with `head` end inside one; with `alone` no Chinese digit may stand
    beside one of its own.
    """
    place = text.find(wanted, start)
    while place >= 0:
        if part:
            return place
        end = place + len(wanted)
        before = text[place - 1 : place + 1] if place > 0 else ""
        after = text[end - 1 : end + 1]
        cut = is_one_word(before) or (not head and is_one_word(after))
        if alone and not cut:
            cut = _are_digits(before) or _are_digits(after)
        if not cut:
            return place
        place = text.find(wanted, place + 1)
    return None


def _are_digits(pair: str) -> bool:
    return len(pair) == 2 and CHINESE_DIGITS.issuperset(pair)
