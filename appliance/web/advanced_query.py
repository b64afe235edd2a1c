"""From the fields of the advanced form to one query in the words of the search box, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping

FIELDS = ("title", "creator", "subject", "identifier", "text")
"""Fields that the query language has a prefix for; `words` stand in the query as they are."""

_QUOTES = '"“”„‟＂'
_PARTS = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]?|([^\s{_QUOTES}]+)")
_HELD = re.compile(
    rf"(?<!\S)(?P<field>{'|'.join(FIELDS)}):(?:\"(?P<phrase>[^\"]*)\"|(?P<word>[^\s{_QUOTES}]+))(?!\S)",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[^\W_][^\s:：()（）*?|&]*\Z")
_EITHER = re.compile(r"\bOR\b|[|｜]|(?<=\s)或(?=\s)")
_BRACKETED = re.compile(r"\(([^()]*)\)\Z")
_OPERATORS = frozenset({"and", "or", "not"})


def query_of(fields: Mapping[str, str]) -> str:
    """One query that asks for all fields at once: every word and every “phrase” of a field in that field.

    Args:
        fields: of `FIELDS` and `words`, as typed; words of a field are never read as signs of the query language.
    """
    made = [" ".join(fields.get("words", "").split())]
    for name in FIELDS:
        for phrase, word in _PARTS.findall(fields.get(name, "")):
            text = " ".join((phrase or word).split())
            if text:
                plain = _PLAIN.match(text) and text.lower() not in _OPERATORS
                made.append(f"{name}:{text}" if plain else f'{name}:"{text}"')
    if any(made[1:]) and _EITHER.search(made[0]):
        made[0] = f"({made[0]})"  # one or the other of the words, and all the fields
    return " ".join(filter(None, made))


def fields_of(query: str) -> dict[str, str]:
    """The fields of a query, to fill the form with: what has no prefix of `FIELDS` is `words`."""
    found: dict[str, list[str]] = {}
    for match in _HELD.finditer(query):
        phrase = match["phrase"]
        text = match["word"] if phrase is None else phrase
        found.setdefault(match["field"].lower(), []).append(f"“{text}”" if phrase and " " in phrase else text)
    fields = {name: " ".join(texts) for name, texts in found.items()}
    words = " ".join(_HELD.sub(" ", query).split())
    bracketed = _BRACKETED.match(words)
    return fields | {"words": bracketed[1] if bracketed else words}
