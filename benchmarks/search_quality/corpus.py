"""The records of a corpus as the judge reads them: straight from the truth (`catalogue.jsonl`), without our search.

Texts are brought to simplified characters by OpenCC's own rules and to lower case, so that a judgement does not lean
on the folding that it is to judge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import opencc

_PARTS = {"issue", "volume", "part"}
_simplify = opencc.OpenCC("t2s").convert


def simple(text: str) -> str:
    """Simplified characters, lower case."""
    return _simplify(text).lower()


@dataclass
class Record:
    """One line of the truth."""

    raw: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.raw["id"])

    @property
    def level(self) -> str:
        """issue, volume, part, serial, collection; empty for a work."""
        return str(self.raw.get("level", ""))

    @property
    def parent(self) -> str:
        """The record that it is a part of; empty for a whole one."""
        return str(self.raw.get("parent", "")) if self.level in _PARTS else ""

    @cached_property
    def title(self) -> str:
        """The title."""
        return simple(self.raw["title"])

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The title and other ones."""
        return (self.title, *map(simple, self.raw.get("title_alt", ())))

    @cached_property
    def creators(self) -> tuple[str, ...]:
        """Names of who made it."""
        return tuple(simple(one["name"]) for one in self.raw.get("creators", ()))

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """What it is about."""
        return tuple(map(simple, self.raw.get("subjects", ())))

    @cached_property
    def text(self) -> str:
        """The description."""
        return simple(self.raw.get("description", ""))

    @property
    def identifiers(self) -> tuple[str, ...]:
        """ISBN, ISSN and the like, as they stand in the record."""
        return tuple(one["value"] for one in self.raw.get("identifiers", ()))

    @property
    def year(self) -> str:
        """The first year, as digits; empty for none."""
        return str(self.raw.get("date", {}).get("year_from", ""))

    @property
    def sorts(self) -> tuple[str, ...]:
        """Type, subtype and level."""
        return tuple(filter(None, (self.raw["type"], self.raw.get("subtype", ""), self.level)))

    @property
    def work(self) -> str:
        """The title and creators: poems stand in several collections under the same."""
        return f"{self.title}|{'、'.join(self.creators)}"


def read(path: Path) -> Iterator[Record]:
    """The records of a `catalogue.jsonl`, in its order."""
    with path.open("rb") as file:
        for line in file:
            yield Record(json.loads(line))
