"""The six kinds that readers see on the first page, and the record types behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One tile.

    Attributes:
        name: in addresses and label keys. types: record types that it gathers. icon, colour: how it looks.
        verb: label key of what one does with it.
    """

    name: str
    types: tuple[str, ...]
    icon: str
    colour: str
    verb: str


KINDS = (
    Kind("book", ("book", "government"), "book", "c-dai", "detail.read"),
    Kind("periodical", ("newspaper", "journal"), "news", "c-tong", "detail.read"),
    Kind("audio", ("audio",), "ear", "c-qing", "detail.listen"),
    Kind("video", ("video",), "film", "c-tie", "detail.watch"),
    Kind("image", ("image", "exhibition"), "pic", "c-zi", "detail.view"),
    Kind("course", ("course",), "cap", "c-zhe", "detail.study"),
)
_BY_NAME = {kind.name: kind for kind in KINDS}
_BY_TYPE = {type_: kind for kind in KINDS for type_ in kind.types}


def kind_named(name: str) -> Kind | None:
    """The kind of that name, None when there is none."""
    return _BY_NAME.get(name)


def kind_of(type_: str) -> Kind:
    """The kind that gathers a record type; unknown types count as books."""
    return _BY_TYPE.get(type_, KINDS[0])


def count_of(kind: Kind, counts: Mapping[str, int]) -> int:
    """How many resources of that kind there are; unknown types are counted under books, so that the six add up."""
    total = sum(counts.get(type_, 0) for type_ in kind.types)
    if kind is KINDS[0]:
        total += sum(n for type_, n in counts.items() if type_ not in _BY_TYPE)
    return total
