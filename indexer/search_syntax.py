"""The signs of the query language: words, phrases, fields, AND OR NOT, brackets. Bad syntax degrades to words.

    红楼梦 曹雪芹        both            "红楼 梦"           as it stands
    A AND B, A 与 B      both            A OR B, A | B, A 或 B   one or the other
    A NOT B, A -B, A 非 B    not the other    (A OR B) C        brackets
    作者:鲁迅            in that field       作者:(鲁迅 OR 茅盾)  likewise
    comp*                words that begin so

NOT binds before AND, said or not, and AND before OR. 与 或 非 are operators only between two things asked for, with
space around them; English operators in capitals only. What stands where it can mean nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from indexer.search_tree import Node, all_of, either, is_excluding, without

MAX_DEPTH = 12
"""Brackets within brackets; deeper ones are left out, what stands in them is not."""

FIELDS = {
    "title": "title", "题名": "title", "標題": "title", "标题": "title", "書名": "title", "书名": "title",
    "題名": "title", "刊名": "title",
    "creator": "creator", "author": "creator", "作者": "creator", "责任者": "creator", "責任者": "creator",
    "著者": "creator",
    "subject": "subject", "主题": "subject", "主題": "subject", "主题词": "subject", "關鍵詞": "subject",
    "关键词": "subject",
    "identifier": "identifier", "isbn": "identifier", "issn": "identifier", "标识": "identifier", "書號": "identifier",
    "书号": "identifier", "刊号": "identifier", "刊號": "identifier",
    "text": "text", "正文": "text", "出版": "text", "出版社": "text", "出版者": "text", "publisher": "text",
    "出版地": "text", "简介": "text", "簡介": "text", "目次": "text", "索书号": "text", "索書號": "text",
    "clc": "class", "class": "class", "分类": "class", "分類": "class", "分类号": "class", "分類號": "class",
    "year": "year", "年": "year", "年份": "year", "出版年": "year",
}  # fmt: skip
"""What is written before a colon → the field; `text` is everything but title, creator, subject and identifier."""

_QUOTES = '"“”„‟＂「」『』'
_OPEN, _CLOSE = "(（", ")）"
_NAMES = "|".join(sorted(FIELDS, key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?P<field>(?:{_NAMES})\s*[:：]\s*(?=[^\s{_CLOSE}]))"
    rf"|[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}]?"
    rf"|(?P<open>[{_OPEN}])|(?P<close>[{_CLOSE}])|(?P<or>[|｜]+)"
    rf"|(?P<minus>(?<![^\s{_OPEN}|｜])[-－](?=[^\s\-－{_OPEN}{_CLOSE}|｜]|[{_OPEN}]))"
    rf"|(?P<word>(?:(?![{_QUOTES}{_OPEN}{_CLOSE}|｜])\S)+)",
    re.IGNORECASE,
)  # fmt: skip
_ENGLISH = {"AND": "and", "OR": "or", "NOT": "not"}
_CHINESE = {"与": "and", "與": "and", "或": "or", "非": "not"}
_STARTS = {"word", "phrase", "open", "field", "minus"}
_ENDS = {"word", "phrase", "close"}

Leaf = Callable[[str, str, bool], "Node | None"]
"""Field, text and whether it is a phrase → what must hold; None when no term is left of it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query: `kind` is word, phrase, field, open, close, and, or, not or minus."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Syntax:
    """A query read: what must hold, None for nothing; whether a field is named."""

    tree: Node | None
    fielded: bool


def read(text: str, leaf: Leaf) -> Syntax:
    """Read a query.

    Args:
        text: what was typed, bounded by the caller.
        leaf: makes what a word or a phrase asks for.
    """
    tokens = _placed(_tokens(text))
    tree = _Reader(tokens, leaf).whole()
    if tree is not None and is_excluding(tree) and not any(token.kind == "not" for token in tokens):
        # -50 alone: a hyphen before the only word there is excludes nothing.
        tree = _Reader([token for token in tokens if token.kind != "minus"], leaf).whole()
    return Syntax(tree, any(token.kind == "field" for token in tokens))


def has_signs(text: str) -> bool:
    """Whether there is more in a query than words and phrases: operators, brackets, fields."""
    return any(token.kind not in {"word", "phrase"} for token in _placed(_tokens(text)))


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "word"
        words = match[kind]
        if kind == "field":
            # Letters that only count as equal without case (ſ, İ) make no name: then it is searched everywhere.
            words = FIELDS.get(words.rstrip().rstrip(":：").rstrip().lower(), "x")
        elif kind == "word" and words in _ENGLISH:
            kind = _ENGLISH[words]
        found.append(Token(kind, words))
    return found


def _placed(tokens: list[Token]) -> list[Token]:
    """Chinese operators where they are meant as such, and brackets that pair up and are not too deep."""
    found = list(tokens)
    for place in range(1, len(tokens) - 1):
        meant = _CHINESE.get(tokens[place].text) if tokens[place].kind == "word" else None
        # One after another 与 或 is text again: the one before has become an operator already.
        if meant and found[place - 1].kind in _ENDS and tokens[place + 1].kind in _STARTS:
            found[place] = replace(tokens[place], kind=meant)
    if all(token.kind in {"and", "or", "not", "open", "close"} for token in found):
        found = [replace(t, kind="word") if t.text in _ENGLISH else t for t in found]
    return _paired(found)


def _paired(tokens: list[Token]) -> list[Token]:
    opened: list[int] = []
    kept = [True] * len(tokens)
    for place, token in enumerate(tokens):
        if token.kind == "open":
            opened.append(place)
        elif token.kind == "close":
            if not opened:
                kept[place] = False
            elif len(opened) > MAX_DEPTH:
                kept[opened.pop()] = kept[place] = False
            else:
                opened.pop()
    for place in opened:  # an open one that is never closed groups nothing
        kept[place] = False
    return [token for token, keep in zip(tokens, kept, strict=True) if keep]


class _Reader:
    """Reads tokens from left to right; `whole` may be called once."""

    def __init__(self, tokens: list[Token], leaf: Leaf) -> None:
        self._tokens, self._leaf = tokens, leaf
        self._at, self._field = 0, "x"

    def _next(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else ""

    def whole(self) -> Node | None:
        return self._either()

    def _either(self) -> Node | None:
        parts: list[Node] = []
        while self._next() not in {"", "close"}:
            if self._next() == "or":
                self._at += 1
                continue
            part = self._all()
            if part is not None:
                parts.append(part)
        return either(parts) if parts else None

    def _all(self) -> Node | None:
        parts: list[Node] = []
        while self._next() not in {"", "close", "or"}:
            if self._next() == "and":
                self._at += 1
                continue
            part = self._unary()
            if part is not None:
                parts.append(part)
        return all_of(parts) if parts else None

    def _unary(self) -> Node | None:
        excluded = False
        while self._next() in {"not", "minus"}:
            excluded = not excluded
            self._at += 1
        if self._next() in {"", "close", "or", "and"}:
            return None
        part = self._primary()
        return without(part) if excluded and part is not None else part

    def _primary(self) -> Node | None:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "field":
            before, self._field = self._field, token.text
            part = self._primary() if self._next() in {"word", "phrase", "open", "field"} else None
            self._field = before
            return part
        if token.kind == "open":
            part = self._either()
            self._at += 1  # they pair up
            return part
        return self._leaf(self._field, token.text, token.kind == "phrase")
