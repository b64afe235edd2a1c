"""What a query means, as a small tree: texts that a row holds, years, classes, and AND, OR, NOT over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Condition:
    """A text that a row must hold.

    Attributes:
        field: `x` for anywhere, else title, creator, subject, identifier or text.
        text: normal text that must stand in the field (any section for `x`) as it is.
        terms: terms of the field that the rows holding it all have.
        exact: whether having the terms already means holding the text.
        part: whether the text may begin and end inside words: `oby-Dic` for Moby-Dick.
        head: whether its last word may go on: `comp*`; then there is one word and no terms.
        alone: whether neither side may be one more Chinese digit: 三期 is not in 十三期.
    """

    field: str
    text: str
    terms: tuple[str, ...]
    exact: bool
    part: bool = False
    head: bool = False
    alone: bool = False

    @property
    def index_field(self) -> str:
        """The field whose terms are looked up; the body has none of its own."""
        return "x" if self.field == "text" else self.field


@dataclass(frozen=True, slots=True)
class Years:
    """Rows of these years (astronomical): all of theirs lie `inside`, else some overlap."""

    first: int
    last: int
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Classes:
    """Rows with a class number of 中图法 that begins so (upper case)."""

    prefix: str


@dataclass(frozen=True, slots=True)
class All:
    """Rows of all parts; no part at all is every row."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Rows of any part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Every row but those of the part."""

    part: Node


@dataclass(frozen=True, slots=True)
class Family:
    """Rows of the part, and what belongs to a row of it: an issue of 读者 is asked for by the name of the journal."""

    part: Node


Node: TypeAlias = Condition | Years | Classes | All | Either | Without | Family


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked.

    Attributes:
        conditions: the texts that a row may hold to match, in the order typed; what is excluded is not among them.
        whole: the whole query as a title (see `title_key`), empty when fields are named.
        nothing: whether something was typed of which no term is left (only signs): then no row matches.
        tree: what must hold; None: all of `conditions`.
        cut: whether something was left out, since one query may look up only so many terms.
    """

    conditions: tuple[Condition, ...]
    whole: str
    nothing: bool
    tree: Node | None = None
    cut: bool = False

    @property
    def root(self) -> Node:
        """What must hold."""
        return All(self.conditions) if self.tree is None else self.tree

    @property
    def asks(self) -> bool:
        """Whether it asks for anything: without it every row matches."""
        return bool(self.conditions) or self.tree is not None

    def titles(self) -> set[str]:
        """Keys of the titles that are what was asked for, whole."""
        found = {self.whole} if self.whole else set()
        found |= {c.text.replace(" ", "") for c in self.conditions if c.field == "title"}
        if self.tree is not None:
            # 红楼梦 OR 三国演义, 红楼梦 -电影: each way of matching may be a title by itself.
            found |= {c.text.replace(" ", "") for c in self.conditions if c.field == "x" and not c.head}
        return found


def texts(node: Node, *, excluded: bool = False) -> Iterator[Condition]:
    """All texts of a tree in order; those that are excluded only when wanted."""
    if isinstance(node, Condition):
        yield node
    elif isinstance(node, All | Either):
        for part in node.parts:
            yield from texts(part, excluded=excluded)
    elif isinstance(node, Family) or (excluded and isinstance(node, Without)):
        yield from texts(node.part, excluded=excluded)


def all_of(parts: list[Node]) -> Node:
    """AND without AND inside it, each part once."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, All) else (part,))]
    once = tuple(dict.fromkeys(flat))
    return once[0] if len(once) == 1 else All(once)


def either(parts: list[Node]) -> Node:
    """OR without OR inside it, each part once."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,))]
    once = tuple(dict.fromkeys(flat))
    return once[0] if len(once) == 1 else Either(once)


def without(part: Node) -> Node:
    """NOT; twice is nothing."""
    return part.part if isinstance(part, Without) else Without(part)


def is_excluding(node: Node) -> bool:
    """Whether it only says what is not wanted."""
    return isinstance(node, Without) or (isinstance(node, All) and all(map(is_excluding, node.parts)))
