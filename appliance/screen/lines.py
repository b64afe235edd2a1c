"""Breaking a sentence into lines for a large screen: between its phrases first, never before a closing sign."""

from __future__ import annotations

import re
from collections.abc import Callable

_PHRASE = re.compile(r"[^，；：。！？]*[，；：。！？]+[”》）」』]*|[^，；：。！？]+\Z")
_PIECE = re.compile(r"[!-~\u00c0-\u024f]+|.", re.DOTALL)
_CLOSING = "，。；：！？、）》”’」』〉…％%℃"
OPENING = "（《“‘「『〈"


def broken(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Lines that `fits`, each of whole phrases where that can be."""
    lines: list[str] = []
    current = ""
    for phrase in _PHRASE.findall(text) or [text]:
        if current and fits(current + phrase):
            current += phrase
            continue
        if current:
            lines.append(current)
        *whole, current = _by_pieces(phrase, fits)
        lines += whole
    return [line.strip() for line in (*lines, current) if line.strip()]


def balanced(text: str, fits: Callable[[str], bool]) -> list[str]:
    """As `broken`, but a sentence of two phrases stands in two lines: it is read from three metres away."""
    phrases = _PHRASE.findall(text)
    if len(phrases) == 2 and all(fits(phrase) for phrase in phrases):
        return [phrase.strip() for phrase in phrases]
    return broken(text, fits)


def _by_pieces(phrase: str, fits: Callable[[str], bool]) -> list[str]:
    """Lines of one phrase; a word of letters stays whole, unless it fills more than a line by itself."""
    lines, current = [], ""
    for piece in _PIECE.findall(phrase):
        if not current or fits(current + piece) or piece in _CLOSING:
            current += piece
            continue
        held = current[-1] if current[-1] in OPENING and len(current) > 1 else ""
        lines.append(current[: len(current) - len(held)])
        current = held + piece
    return [*lines, current]
