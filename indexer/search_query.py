"""From what a patron types to what a row must hold. Never raises, whatever the text; the work is bounded.

`indexer.search_syntax` has the signs, `indexer.search_numbers` the years, issues and volumes. An unbroken stretch is
one condition: 人民人 must stand in the text as it is typed.
"""

from __future__ import annotations

import re
from dataclasses import replace

from indexer.analysis import fold, is_exact, is_spaceless, normal_text, query_terms, title_key, units
from indexer.schema import identifier_key
from indexer.search_numbers import Form, Meant, issue_in, meant_by
from indexer.search_syntax import has_signs, read
from indexer.search_tree import (
    All,
    Classes,
    Condition,
    Either,
    Family,
    Node,
    Query,
    Years,
    all_of,
    either,
    texts,
)
from indexer.text.dates import parse_date
from indexer.text.identifiers import normalise

__all__ = ["MAX_ADDED", "MAX_QUERY", "MAX_TERMS", "Condition", "Query", "bare_words", "loosened", "parse"]

MAX_QUERY = 200
"""Characters of a query that are read; the rest is left out."""

MAX_TERMS = 24
"""Different terms that one query may look up, for what is typed."""

MAX_ADDED = 36
"""Terms that may be looked up beside, for other ways of writing the same number."""

_DASHES = str.maketrans("‐‑‒–—―−－", "--------")
_ISBN = re.compile(r"[0-9][0-9-]{8,18}[0-9xX]\Z")
_SPACED_ISBN = re.compile(r"(?<![\w-])(?:97[89][ -]?)?[0-9](?:[ -]?[0-9]){8}[ -]?[0-9xX](?![\w-])")
_LABEL = re.compile(r"\b(isbn|issn)(?:-?1[03])?\s*[:：]?\s*(?=[0-9])", re.IGNORECASE)
_CN = re.compile(r"\bcn\s+(?=[0-9]{2}-[0-9]{4})", re.IGNORECASE)
_NO = re.compile(r"\b(no|nos|issue|vol|volume)\s*[.．]?\s+(?=[0-9]{1,5}\b)", re.IGNORECASE)
_CODE = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9]+(?:[-./:_·][A-Za-z0-9]+)+\Z")
_WILD = re.compile(r"[^\W\d_]{2,}[*＊]\Z")
_YEARS = re.compile(r"(-?[0-9]{1,4})(?:\s*(?:-|\.\.|至|~)\s*(-?[0-9]{1,4}))?年?\Z")
_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9.\-/]{0,19}\Z")


def parse(text: str) -> Query:
    """Read a query."""
    text = text[:MAX_QUERY].encode("utf-8", "replace").decode()
    asked = text.translate(_DASHES)
    asked = _CN.sub("CN", _LABEL.sub(r"\1:", _SPACED_ISBN.sub(_joined_isbn, asked)))
    asked = _NO.sub(r"\1.", asked)
    made = _Conditions(issue=issue_in(asked))
    syntax = read(asked, made.leaf)
    tree = _with_families(syntax.tree) if made.issue and syntax.tree is not None else syntax.tree
    kept = tuple(dict.fromkeys(texts(tree))) if tree is not None else ()
    plain = tree.parts if isinstance(tree, All) else (tree,)
    flat = tree is None or all(isinstance(part, Condition) and not part.head for part in plain)
    whole = "" if syntax.fielded else title_key(text)
    return Query(kept, whole, nothing=tree is None and bool(text.strip()), tree=None if flat else tree, cut=made.cut)


def bare_words(text: str) -> list[str]:
    """What a query asks for, without its signs and without what it excludes; empty when it has no signs."""
    text = text[:MAX_QUERY]
    if not has_signs(text):
        return []
    return list(dict.fromkeys(condition.text for condition in parse(text).conditions))


def loosened(query: Query, *, numbers: bool = True) -> Query | None:
    """The query for parts of words, asked when whole words find few; None when no word stands at an end.

    Words at the ends of a stretch are then no terms any more; the texts decide. Without `numbers` a query that begins
    or ends with a digit stays as it is: who asks for 3期 does not mean 13期. Nothing is loosened where more is said
    than words.
    """
    ends = [condition.text for condition in query.conditions]
    if query.tree is not None or not any(_has_word_at_end(text) for text in ends):
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


def _joined_isbn(match: re.Match[str]) -> str:
    """An ISBN typed with spaces as one word; other numbers stay as they are."""
    return normalise("isbn", match[0].replace(" ", "")) or match[0]


def _with_families(tree: Node) -> Node:
    """An issue is asked for: its own words may stand in the record of the journal that it belongs to."""
    if isinstance(tree, All):
        return All(tuple(Family(part) if _is_words(part) else part for part in tree.parts))
    return tree


def _is_words(part: Node) -> bool:
    ways = part.parts if isinstance(part, Either) else (part,)
    return all(isinstance(way, Condition) and not issue_in(way.text) for way in ways)


class _Conditions:
    """Makes conditions while terms are left."""

    def __init__(self, *, issue: bool) -> None:
        self.issue = issue
        self._left, self._added = MAX_TERMS, MAX_ADDED
        self._seen: dict[Condition, None] = {}
        self.cut = False

    def leaf(self, field: str, text: str, phrase: bool) -> Node | None:
        """See `search_syntax.Leaf`."""
        if field == "year" and (years := _years(text)):
            return years
        if field == "class" and _CLASS.match(text):
            return Classes(text.upper())
        field = "x" if field in {"year", "class"} else field
        if phrase:
            return self._text(field, text)
        isbn = normalise("isbn", text) if field in {"x", "identifier"} and _ISBN.match(text) else ""
        if isbn or field == "identifier":
            return self._words(field, isbn or identifier_key(text))
        if _WILD.match(text) and (head := normal_text(fold(text[:-1]))) and not is_spaceless(head[0]):
            return self._kept(Condition(field, head, (), exact=False, head=True)) if " " not in head else None
        forms = meant_by(text, issue=self.issue) if field in {"x", "title", "text"} else None
        if forms is not None:
            return self._forms(field, forms)
        return self._text(field, text) if _CODE.match(text) else self._words(field, text)

    def _words(self, field: str, text: str) -> Node | None:
        stretches = normal_text(fold(text)).split()
        kept = [self._kept(_stretch(field, stretch)) for stretch in stretches]
        found: list[Node] = [condition for condition in kept if condition is not None]
        return all_of(found) if found else None

    def _text(self, field: str, text: str) -> Condition | None:
        made = _as_it_stands(field, text)
        return None if made is None else self._kept(made)

    def _kept(self, condition: Condition, *, added: bool = False) -> Condition | None:
        """The condition while there are terms left for it; the first one always."""
        if condition in self._seen:
            return condition
        cost = max(1, len(condition.terms))
        if added:
            self._added -= cost
            room = self._added >= 0
        else:
            self._left -= cost
            room = self._left >= 0 or not self._seen
        if not room:
            self.cut |= not added
            return None
        self._seen[condition] = None
        return condition

    def _forms(self, field: str, forms: list[Meant]) -> Node | None:
        parts: list[Node] = []
        for meant in forms:
            node = self._words(field, meant) if isinstance(meant, str) else self._form(field, meant)
            if node is not None:
                parts.append(node)
        return all_of(parts) if parts else None

    def _form(self, field: str, form: Form) -> Node | None:
        ways: list[Node] = []
        for text in form.texts:
            made = _as_it_stands(field, text)
            if made is None:
                continue
            if text in form.alone:
                made = replace(made, exact=False, alone=True)
            kept = self._kept(made, added=bool(ways))
            if kept is not None:
                ways.append(kept)
        if form.years is not None and ways:
            ways.append(Years(*form.years))
        return either(ways) if ways else None


def _stretch(field: str, stretch: str) -> Condition:
    return Condition(field, stretch, tuple(query_terms(stretch)[:MAX_TERMS]), field != "text" and is_exact(stretch))


def _as_it_stands(field: str, text: str) -> Condition | None:
    normal = normal_text(fold(text))
    found = [term for stretch in normal.split() for term in query_terms(stretch)]
    terms = tuple(dict.fromkeys(found))[:MAX_TERMS]
    exact = field != "text" and " " not in normal and is_exact(normal)
    return Condition(field, normal, terms, exact) if terms else None


def _years(text: str) -> Years | None:
    """1937, 1930-1949, 民国二十六年, 公元前5世纪: years that a record's may overlap."""
    if match := _YEARS.match(text):
        first, last = int(match[1]), int(match[2] if match[2] is not None else match[1])
    else:
        date = parse_date(text)
        if date.year_from is None or date.year_to is None or date.certainty == "inferred":
            return None
        first, last = date.year_from, date.year_to
    return Years(first, last, inside=False) if first <= last else None
