"""From what a patron types to conditions on an index. Never raises, whatever the text; the work is bounded.

Syntax: words are joined by AND; "a phrase"; `title:` `creator:` `subject:` `isbn:` (题名: 作者: 主题:) before a word or
phrase search that field alone. An unbroken stretch is one condition: 人民人 must stand in the text as it is typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from indexer.analysis import fold, is_exact, is_spaceless, normal_text, query_terms, title_key, units
from indexer.schema import identifier_key
from indexer.text.identifiers import normalise

MAX_QUERY = 200
"""Characters of a query that are read; the rest is left out."""

MAX_TERMS = 24
"""Different terms that one query may look up."""

_FIELDS = {
    "title": "title",
    "题名": "title",
    "標題": "title",
    "标题": "title",
    "書名": "title",
    "书名": "title",
    "題名": "title",
    "creator": "creator",
    "author": "creator",
    "作者": "creator",
    "责任者": "creator",
    "責任者": "creator",
    "subject": "subject",
    "主题": "subject",
    "主題": "subject",
    "identifier": "identifier",
    "isbn": "identifier",
    "issn": "identifier",
}
_QUOTES = '"“”„‟＂'
_WORD = re.compile(
    rf"(?:(?P<field>{'|'.join(_FIELDS)})\s*[:：]\s*)?(?:[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}]?|(?P<word>[^\s{_QUOTES}]+))",
    re.IGNORECASE,
)
_ISBN = re.compile(r"[0-9][0-9-]{8,18}[0-9xX]\Z")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a row must hold.

    Attributes:
        field: `x` for anywhere, else title, creator, subject or identifier.
        text: normal text that must stand in the field (any section for `x`) as it is.
        terms: terms of the field that the rows holding it all have.
        exact: whether having the terms already means holding the text.
        part: whether the text may begin and end inside words: `oby-Dic` for Moby-Dick.
    """

    field: str
    text: str
    terms: tuple[str, ...]
    exact: bool
    part: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: all conditions at once.

    Attributes:
        conditions: in the order typed; none at all matches every row.
        whole: the whole query as a title (see `title_key`), empty when fields are named.
        nothing: whether something was typed of which no term is left (only signs): then no row matches.
    """

    conditions: tuple[Condition, ...]
    whole: str
    nothing: bool


def parse(text: str) -> Query:
    """Read a query."""
    text = text[:MAX_QUERY].encode("utf-8", "replace").decode()
    conditions: dict[Condition, None] = {}
    fielded = False
    for match in _WORD.finditer(text):
        field = _FIELDS.get((match["field"] or "").lower(), "x")
        fielded = fielded or field != "x"
        for condition in _conditions(field, match["phrase"], match["word"]):
            conditions.setdefault(condition)
    kept: list[Condition] = []
    budget = MAX_TERMS
    for condition in conditions:
        budget -= len(condition.terms)
        if budget < 0 and kept:
            break
        kept.append(condition)
    whole = "" if fielded else title_key(text)
    return Query(tuple(kept), whole, nothing=not kept and bool(text.strip()))


def loosened(query: Query, *, numbers: bool = True) -> Query | None:
    """The query for parts of words, asked when whole words find few; None when no word stands at an end.

    Words at the ends of a stretch are then no terms any more; the texts decide. Without `numbers` a query that begins
    or ends with a digit stays as it is: who asks for 3期 does not mean 13期.
    """
    ends = [condition.text for condition in query.conditions]
    if not any(_has_word_at_end(text) for text in ends):
        return None
    if not numbers and any(text[0].isdigit() or text[-1].isdigit() for text in ends):
        return None
    conditions = []
    for condition in query.conditions:
        inner = [term for stretch in condition.text.split() for term in query_terms(_without_end_words(stretch))]
        conditions.append(replace(condition, terms=tuple(dict.fromkeys(inner)), exact=False, part=True))
    return replace(query, conditions=tuple(conditions))


def _has_word_at_end(text: str) -> bool:
    return not (is_spaceless(text[0]) and is_spaceless(text[-1]))


def _without_end_words(stretch: str) -> str:
    parts = units(stretch)
    if parts and not is_spaceless(parts[0][0]):
        parts = parts[1:]
    if parts and not is_spaceless(parts[-1][0]):
        parts = parts[:-1]
    return "".join(parts)


def _conditions(field: str, phrase: str | None, word: str | None) -> list[Condition]:
    if phrase is not None:
        normal = normal_text(fold(phrase))
        terms = [term for stretch in normal.split() for term in query_terms(stretch)]
        terms = list(dict.fromkeys(terms))[:MAX_TERMS]
        return [Condition(field, normal, tuple(terms), " " not in normal and is_exact(normal))] if terms else []
    word = word or ""
    isbn = normalise("isbn", word) if field in {"x", "identifier"} and _ISBN.match(word) else ""
    if isbn or field == "identifier":
        word = isbn or identifier_key(word)
    return [
        Condition(field, stretch, tuple(query_terms(stretch)[:MAX_TERMS]), is_exact(stretch))
        for stretch in normal_text(fold(word)).split()
    ]
