"""Where lines of Chinese text may end: no full stop at the start of a line, no opening bracket at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

NOT_FIRST = frozenset("，。、；：？！）》〉”’』」·%,.;:?!)")
NOT_LAST = frozenset("（《〈“‘『「(")
Style = TypeVar("Style")
Unit = tuple[str, Style]


def break_lines(
    runs: Sequence[Unit[Style]], width: float, measure: Callable[[str, Style], float]
) -> list[list[Unit[Style]]]:
    """Lines of at most `width`, each a list of (text, style). One closing mark may hang in the margin.

    Args:
        runs: (text, style) in order; Western words and numbers are kept whole, spaces at the start of a line go.
        width: in the unit of `measure`.
        measure: the width of a text in a style.
    """
    lines: list[list[Unit[Style]]] = []
    line: list[Unit[Style]] = []
    used = 0.0
    for text, style in _units(runs):
        wide = measure(text, style)
        if line and used + wide > width and text[0] not in NOT_FIRST:
            carry: list[Unit[Style]] = []
            while line and line[-1][0] in NOT_LAST:
                carry.insert(0, line.pop())
            lines.append(line)
            line = carry
            used = sum(measure(*unit) for unit in line)
        if line or not text.isspace():
            line.append((text, style))
            used += wide
    return [*lines, line] if line else lines


def _units(runs: Sequence[Unit[Style]]) -> Iterator[Unit[Style]]:
    """Single characters, but Western words whole."""
    for text, style in runs:
        word = ""
        for character in text:
            if character.isascii() and character.isalnum():
                word += character
                continue
            if word:
                yield word, style
                word = ""
            yield character, style
        if word:
            yield word, style
