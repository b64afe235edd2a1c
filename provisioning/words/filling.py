"""Filling a sentence with values, and the spaces between Chinese and digits.

A template is split into its own words and the values put in. Half a space goes where Chinese touches a digit or a
Latin letter; dates keep none inside and none after; values that people wrote (titles, queries, names) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from provisioning.words import numbers
from provisioning.words.errors import WordsError

PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([^{}|]*)\|([^{}|]*))?\}")
_HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_END, _HAN_START = re.compile(f"[{_HAN}]\\Z"), re.compile(f"[{_HAN}]")
_LATIN_END, _LATIN_START = re.compile(r"[A-Za-z0-9%]\Z"), re.compile(r"[A-Za-z0-9]")
_SIZES = frozenset({"size", "free"})
_PLAIN = frozenset({"page", "year", "first", "last", "n"})
_LIMITS = {"title": 18, "chapter": 18, "query": 13, "suggestion": 13}
"""The longest query that stands whole is an ISBN."""

_ENGLISH_STRETCH = 3
Value = str | int | date


def render(name: str, value: Value, language: str) -> str:
    """The text of one value, chosen by the placeholder's name and the value's type.

    Raises:
        WordsError: the value has a type that is never written.
    """
    if isinstance(value, str):
        return _quoted(name, value, language)
    if isinstance(value, bool):
        raise WordsError(f"{{{name}}} cannot be a truth value")
    if isinstance(value, int):
        if name in _SIZES:
            return numbers.size(value, language)
        if name == "rate":
            return numbers.rate(value, language)
        if name == "duration":
            return numbers.duration(value, language)
        return str(value) if name in _PLAIN else numbers.number(value, language)
    return _dated(name, value, language)


def _dated(name: str, value: date, language: str) -> str:
    if name == "month":
        return numbers.month(value, language)
    if name == "edition":
        text = numbers.month(value, language)
        return f"{text}版" if language == numbers.CHINESE else f"the {text} edition"
    return numbers.day(value, language=language)


def _quoted(name: str, value: str, language: str) -> str:
    text = " ".join(value.split())
    limit = _LIMITS.get(name, 80)
    if language != numbers.CHINESE:
        limit *= _ENGLISH_STRETCH
    if name == "title" and language == numbers.CHINESE:
        text = text.replace("《", "〈").replace("》", "〉")
    return text if len(text) <= limit else text[:limit] + "…"


def fill(template: str, params: Mapping[str, Value], language: str) -> str:
    """`template` with every placeholder filled and spaced.

    `{count:title|titles}` writes the number and the word that goes with it (English).

    Raises:
        WordsError: a placeholder has no value.
    """
    parts: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(template):
        name, one, many = match.groups()
        if name not in params:
            raise WordsError(f"{{{name}}} has no value in {template!r}")
        text = render(name, params[name], language)
        if one is not None:
            text = f"{text} {one if params[name] == 1 else many}"
        parts += [template[end : match.start()], text]
        end = match.end()
    parts.append(template[end:])
    return "".join(parts) if language != numbers.CHINESE else _joined(parts)


def _joined(parts: list[str]) -> str:
    """Words and values in turn, with the Chinese spacing at each seam."""
    out = ""
    for index, part in enumerate(parts):
        literal = index % 2 == 0
        last = index == len(parts) - 1
        text = part
        if literal:
            bare = part.strip(" ")
            # Two values side by side keep the space between them: {bundle} {edition}, {date} {time}.
            text = " " if part and not bare and out and not last else bare
            if index == 0:
                text = part.rstrip(" ")
            elif last:
                text = part.lstrip(" ")
        out = _seam(out, text)
    return out


def _seam(left: str, right: str) -> str:
    if not left or not right:
        return left + right
    meets = (_HAN_END.search(left) and _LATIN_START.match(right)) or (
        _LATIN_END.search(left) and _HAN_START.match(right)
    )
    return f"{left} {right}" if meets else left + right


def placeholders(template: str) -> frozenset[str]:
    """The names that `template` asks for."""
    return frozenset(m.group(1) for m in PLACEHOLDER.finditer(template))
