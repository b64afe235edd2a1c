"""Headings: the names and subjects by which people browse, as terms of the index.

A heading is one more term of its field, so that all headings of one letter follow each other in the term file:

    @ | for whom: a or c | letter | folded name | 0x1F | name as written | 0x1F | dynasty | 0x1F | dates of life

`c` are those of records for children, `a` those of all. Only creators have a dynasty and dates; these tell persons of
one name apart (`indexer.creators`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer.analysis import title_key
from indexer.model import Resource
from indexer.text.initials import LETTERS, OTHER, initial_of

MARK = "@"
KINDS = ("creator", "subject")
INITIALS = (*LETTERS, OTHER)
MAX_NAME = 80
"""Characters of a name, a dynasty or dates; what is longer is no heading."""

MOST = 200
"""Names and subjects of one record that become headings."""

_PART = "\x1f"
_MEMBERS = 4


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as one term says it.

    Attributes:
        key: the folded name. name: as it is written. dynasty, dates: of a creator, as in the record, or empty.
    """

    key: str
    name: str
    dynasty: str = ""
    dates: str = ""


def heading_terms(resource: Resource) -> dict[str, list[str]]:
    """Field → the heading terms of a record."""
    faces = "ac" if resource.audience.group == "children" else "a"
    creators = ((c.name, c.dynasty, c.dates) for c in resource.creators[:MOST])
    subjects = ((subject, "", "") for subject in resource.subjects[:MOST])
    return {
        "creator": [MARK + face + text for text in _texts(creators, names=True) for face in faces],
        "subject": [MARK + face + text for text in _texts(subjects, names=False) for face in faces],
    }


def _texts(headings: Iterator[tuple[str, str, str]], *, names: bool) -> Iterator[str]:
    for members in headings:
        name, dynasty, dates = (text if text.isprintable() else _clean(text) for text in members)
        key = title_key(name)
        if key and max(len(name), len(dynasty), len(dates)) <= MAX_NAME:
            yield _PART.join((initial_of(key, name=names) + key, name, dynasty, dates))


def _clean(text: str) -> str:
    """Without line feeds and what parts members."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def prefix(child: bool, initial: str = "", key: str = "") -> str:
    """What all terms of a list begin with: of a letter, or of one folded name there."""
    return MARK + ("c" if child else "a") + initial + (key + _PART if key else "")


def folded_name(term: bytes) -> bytes:
    """The letter and folded name of a heading's term as it stands in the term file."""
    return term[3:].partition(b"\x1f")[0]


def heading_of(term: bytes) -> Heading:
    """The heading of a term as it stands in the term file, with the byte of its field.

    Raises:
        ValueError: it is none.
    """
    members = term[4:].decode("utf-8", "replace").split(_PART)
    if len(members) != _MEMBERS:
        raise ValueError("is no heading")
    return Heading(*members)
