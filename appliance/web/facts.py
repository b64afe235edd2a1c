"""The table of what is known about a resource, in readers' words; empty fields do not appear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.cards import creator_text, type_name
from appliance.web.class_words import class_text, tree_text
from appliance.web.context import words
from appliance.web.heading_addresses import creator_url, subject_url
from appliance.web.hits import date_text
from indexer.analysis import title_key
from indexer.search_tallies import class_levels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.model import Resource

_MOST = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """A line: its name and values, each with an address or none."""

    name: str
    values: tuple[tuple[str, str], ...]


def facts_of(record: Resource) -> list[Fact]:
    """The lines, in the order of a catalogue card."""
    return [Fact(words().label(f"field.{name}"), values) for name, values in _lines(record) if values]


def _lines(record: Resource) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    yield "type", _plain(" · ".join(part for part in (type_name(record), record.subtype) if part))
    yield "designation", _plain(record.designation)
    yield "title_alt", _many(record.title_alt)
    yield "creator", _named(((creator_text(c), c.name) for c in record.creators[:_MOST]), creator_url)
    yield "publisher", _plain("，".join(part for part in (record.place, record.publisher) if part))
    yield "date", _plain(date_text(record))
    yield "edition", _plain(record.edition)
    yield "extent", _plain(record.extent)
    yield "language", _languages(record)
    yield "subject", _named(((subject, subject) for subject in record.subjects[:_MOST]), subject_url)
    yield "class", _classes(record)
    yield "period", _plain(record.period)
    yield from _rare(record)
    yield "identifier", _identifiers(record)
    yield "audience", _audience(record)
    yield "rights", _plain(record.rights)
    yield "licence", _plain(record.licence)
    yield "source", _plain(record.source)
    yield "id", _plain(record.id)


def _plain(text: str) -> tuple[tuple[str, str], ...]:
    return ((text, ""),) if text.strip() else ()


def _many(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((text, "") for text in texts[:_MOST])


def _named(pairs: Iterator[tuple[str, str]], url: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    return tuple((text, url(name) if title_key(name) else "") for text, name in pairs if text)


def _languages(record: Resource) -> tuple[tuple[str, str], ...]:
    spoken = words()
    names = [spoken.label(f"language.{t}") if spoken.has_label(f"language.{t}") else t for t in record.language]
    return _plain(spoken.label("list.join").join(names))


def _classes(record: Resource) -> tuple[tuple[str, str], ...]:
    out = []
    for entry in record.classes[:_MOST]:
        if entry.scheme == "clc" and words().has_label(f"clc.{entry.code[:1]}"):
            out.append((class_text(entry.code), url_for("patrons.listing", clc=_shown_class(entry.code))))
        else:
            out.append((tree_text(entry.scheme, entry.code), ""))
    return tuple(out)


def _shown_class(code: str) -> str:
    """As much of a class number as stands in the tree: I242.4 of I242.4=3."""
    levels = class_levels(code.upper())
    return levels[-1] if levels else code[:1]


def _identifiers(record: Resource) -> tuple[tuple[str, str], ...]:
    spoken = words()
    out = []
    for entry in record.identifiers[:_MOST]:
        key = f"scheme.{entry.scheme}"
        name = spoken.label(key) if spoken.has_label(key) else entry.scheme
        out.append((f"{name} {entry.value}", ""))
    return tuple(out)


def _audience(record: Resource) -> tuple[tuple[str, str], ...]:
    if record.audience.group == "unknown":
        return ()
    spoken = words()
    text = spoken.label(f"audience.{record.audience.group}")
    first, last = record.audience.age_from, record.audience.age_to
    if first is not None and last is not None:
        text = f"{text}（{first}—{last}）"
    return _plain(text)


def _rare(record: Resource) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    rare = record.rare
    if rare is None:
        return
    for name in ("edition_type", "engraved", "juan", "juan_extant", "holder", "call_number"):
        yield name, _plain(str(getattr(rare, name)))
