"""What stands on a cover when there is no picture of one: a typographic cover made from the record."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

if TYPE_CHECKING:
    from indexer.model import Resource

_COLOURS = {
    "c-dai": "ABZ",
    "c-zhe": "CDEFK",
    "c-dan": "G",
    "c-qing": "I",
    "c-zi": "J",
    "c-zhu": "NOPQRS",
    "c-tong": "H",
    "c-tie": "TUVX",
}
_COLOUR_OF = {letter: colour for colour, letters in _COLOURS.items() for letter in letters}
_KINDS = {
    "journal": "journal",
    "newspaper": "news",
    "audio": "audio",
    "video": "video",
    "course": "course",
    "image": "framed",
    "exhibition": "framed",
}
_SERIAL_KINDS = frozenset({"journal", "newspaper"})
_BREAKS = re.compile(r"[：:=/／（(【\[〔;；]|\s[—–-]\s")
_QUOTES = re.compile(r"[《》〈〉“”\"『』「」]")
_LAST_OLD_YEAR = 1911
_LONGEST = 20
_LONGEST_BOUND = 9
_WIDE = {"W", "F"}


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover ready to be drawn.

    Attributes:
        kind: bound (线装), flat, audio, video, course, journal, news or framed (pictures): a class of the style sheet.
        colour: class of the pigment. size: empty, m or l by the title's length.
        title: what stands on it. small: the line below. note: a line above (flat). number: a large number (journal).
        language: of the title, empty when it is the page's.
        image: address of a picture of the cover, empty when there is none.
    """

    kind: str
    colour: str
    size: str
    title: str
    small: str = ""
    note: str = ""
    number: str = ""
    language: str = ""
    image: str = ""


def class_letter(resource: Resource) -> str:
    """The main class of the 中图法, empty when the record has none."""
    code = next((c.code for c in resource.classes if c.scheme == "clc" and c.code), "")
    return code[:1].upper()


def colour_of(resource: Resource) -> str:
    """The pigment: by class, children's books in 丹, unclassified in 黛."""
    if resource.audience.group == "children":
        return "c-dan"
    return _COLOUR_OF.get(class_letter(resource), "c-dai")


def title_width(text: str) -> float:
    """Length of a title in full-width characters; Latin letters count a half."""
    return sum(1.0 if unicodedata.east_asian_width(c) in _WIDE else 0.55 for c in text)


def main_title(title: str) -> str:
    """The title without what follows a colon or bracket, without quotation marks, cut to what a cover holds."""
    bare = _QUOTES.sub("", title).strip()
    main = _BREAKS.split(bare, maxsplit=1)[0].strip() or bare
    if title_width(main) <= _LONGEST:
        return main
    cut = main
    while title_width(cut) > _LONGEST - 1:
        cut = cut[:-1]
    return cut.rstrip() + "…"


def is_old(resource: Resource) -> bool:
    """Whether it is a traditional thread-bound book: printed before 1912, a rare book, or classical Chinese."""
    date = resource.date
    before = date.year_to is not None and date.year_to <= _LAST_OLD_YEAR
    classical = "lzh" in resource.language or any(c.scheme == "sibu" for c in resource.classes)
    traditional = "zh-Hant" in resource.language and any(c.dynasty for c in resource.creators)
    return before or classical or traditional or resource.rare is not None


def cover_of(resource: Resource, *, note: str = "", language: str = "", pictured: bool = True) -> Cover:
    """The cover of a resource.

    Args:
        resource: its record.
        note: name of its type, for the line above the title of plain covers.
        language: of the title, empty when it is the page's.
        pictured: whether a picture may be shown (its drive is plugged in and the gate agrees).
    """
    title = main_title(_without_designation(resource))
    width = title_width(title)
    size = "" if width <= 5 else "m" if width <= _LONGEST_BOUND else "l"
    has_image = pictured and resource.cover is not None
    return Cover(
        kind=_kind(resource, title, width),
        colour=colour_of(resource),
        size=size,
        title=title,
        small=_small(resource),
        note=note,
        number=_number(resource),
        language=language,
        image=url_for("items.cover", resource_id=resource.id) if has_image else "",
    )


def _without_designation(resource: Resource) -> str:
    """The title of an issue or volume without what stands below it: 清溪日报 of 清溪日报 1950年1月2日."""
    if not _is_part(resource):
        return resource.title
    return resource.title.replace(resource.designation, "").strip(" ·:：,，-—") or resource.title


def _kind(resource: Resource, title: str, width: float) -> str:
    kind = _KINDS.get(resource.type)
    if kind:
        return kind
    upright = all(unicodedata.east_asian_width(c) in _WIDE for c in title)
    if resource.type == "book" and width <= _LONGEST_BOUND and upright and is_old(resource):
        return "bound"
    return "flat"


def _is_part(resource: Resource) -> bool:
    """Whether it is an issue or a volume that says which."""
    return bool(resource.designation) and (resource.type in _SERIAL_KINDS or resource.level in {"issue", "volume"})


def _small(resource: Resource) -> str:
    if _is_part(resource) or resource.type in _SERIAL_KINDS:
        return resource.designation or resource.date.printed
    names = [c.name for c in resource.creators[:2] if title_width(c.name) <= 10]
    return " ".join(names)


def _number(resource: Resource) -> str:
    if resource.type != "journal":
        return ""
    found = re.search(r"(\d{1,3})\s*期", resource.designation or resource.title)
    return found.group(1) if found else ""
