"""What a resource offers to read, as the box's own API tells it: its forms, their parts, sentences that stand there."""

from __future__ import annotations

import io
import re
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from indexer.sections import SECTIONS_TYPE, Section, read_sections

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.box import Box

KINDS = {
    "application/epub+zip": "epub",
    "application/pdf": "pdf",
    "text/plain": "text",
    "text/html": "text",
    "text/markdown": "text",
    "application/xhtml+xml": "text",
}
UNUSABLE = {"encrypted", "damaged", "codec-unplayable"}
"""What the packager found that keeps a file closed."""
CLAUSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{7,12}")
"""A run of Chinese or Japanese without marks: no line break, note or space stands in it."""
LINE = re.compile(r"[\u3400-\u9fff]{4,6}|[\u3400-\u9fff]{3}[，。、；][\u3400-\u9fff]{3}")
"""As short as the lines of a primer, where no longer run stands."""
PHRASE = re.compile(r"[^\W\d_]{2,}(?: [^\W\d_]{2,}){2,4}")
TRIED = 6
"""Sentences that may be looked for: the first may stand in a note that no page shows."""


def kind_of(item: dict[str, Any]) -> str:
    """Which reader opens an item."""
    main = item["media_type"].partition("/")[0]
    if main == "image" and item["media_type"] != "image/svg+xml":
        return "picture"
    return KINDS.get(item["media_type"]) or (main if main in {"audio", "video"} else "other")


@dataclass(frozen=True)
class Sentence:
    """Words that stand in a work, and the section where."""

    words: str
    section: Section


@dataclass(frozen=True)
class Form:
    """One form of a work that has a reader of its own kind.

    Attributes:
        resource, title, type: of the record.
        kind: which reader; `issues` of a periodical, `none` without anything to open, `closed` when none of it opens.
        item: its id; empty when the reader opens it without being told. last: its last part, when there are several.
        pages: its pictures. flags: what the packager found. sentences: in its first part, spread out.
    """

    resource: str
    title: str
    type: str
    kind: str
    item: str = ""
    last: str = ""
    pages: int = 0
    flags: tuple[str, ...] = ()
    sentences: tuple[Sentence, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """In messages and names of pictures."""
        return f"{self.resource}-{self.kind}"

    @property
    def address(self) -> str:
        """Where it is read."""
        return self.of(self.item)

    def of(self, item: str) -> str:
        """Where one of its files is read."""
        return f"/read/{urllib.parse.quote(self.resource)}" + (f"?item={item}" if item else "")


def forms_of(box: Box, resource: str, *, without: Collection[str] = ()) -> list[Form]:
    """The main form of a resource and those beside it that another reader opens; none of the kinds in `without`."""
    record = box.get(f"/api/resources/{urllib.parse.quote(resource)}").json()
    items = record.get("items", [])
    head = (record["id"], record["title"], record["type"])
    opened = list(_opened(items))
    usable = [i for i in opened if not UNUSABLE & set(i.get("flags", ()))]
    main = next((i for i in [*usable, *opened] if kind_of(i) != "other"), opened[0] if opened else None)
    if main is None:
        leads_on = box.get(f"/read/{urllib.parse.quote(resource)}").text
        kind = "issues" if "rissues" in leads_on or "rcal" in leads_on else "none"
        return [] if kind in without else [Form(*head, kind)]
    if main not in usable:
        return [] if "closed" in without else [Form(*head, "closed")]
    first = {kind_of(i): i for i in reversed(usable) if kind_of(i) != "other" or i is main}
    first[kind_of(main)] = main
    return [
        _form(box, head, items, item, "" if item is main else item["id"])
        for item in sorted(first.values(), key=lambda i: i is not main)
        if kind_of(item) not in without
    ]


def _opened(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Files in the order in which a reader tries them: each part with its other forms, pages, forms of nothing."""
    parts, alternates = ([i for i in items if i["role"] == role] for role in ("part", "alternate"))
    for part in parts:
        yield part
        yield from (i for i in alternates if i.get("of") == part["id"] or (len(parts) == 1 and not i.get("of")))
    yield from (i for i in items if i["role"] == "page")
    yield from (i for i in alternates if not parts or (len(parts) > 1 and not i.get("of")))


def _form(box: Box, head: tuple[str, str, str], items: list[dict[str, Any]], item: dict[str, Any], named: str) -> Form:
    kind = kind_of(item)
    family = [i for i in items if i["role"] == item["role"] and kind_of(i) == kind]
    texts = {i.get("of", ""): i for i in items if i["role"] == "text" and i["media_type"] == SECTIONS_TYPE}
    # An alternate form has no text of its own when the original has one: it says the same.
    text = texts.get(item["id"]) or (texts.get(item.get("of", "")) if kind == "pdf" else None)
    sentences = tuple(_sentences(box, text)) if text and kind in {"epub", "pdf", "text"} else ()
    last = family[-1]["id"] if len(family) > 1 and kind != "picture" else ""
    flags = tuple(item.get("flags", ()))
    return Form(*head, kind, named, last, item.get("pages", 0), flags, sentences)


def _sentences(box: Box, item: dict[str, Any]) -> Iterator[Sentence]:
    """Sentences from the middle of the work outwards, one a section."""
    sections = list(read_sections(io.BytesIO(box.get(item["url"]).body)))
    middle = len(sections) // 2
    found = 0
    for section in sorted(sections, key=lambda s: abs(s.n - 1 - middle)):
        clause = CLAUSE.search(section.text) or PHRASE.search(section.text) or LINE.search(section.text)
        if clause and found < TRIED:
            found += 1
            yield Sentence(clause[0], section)
