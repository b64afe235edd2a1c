"""Parts of a resource's page: the main button, the line of rights, the notice, the table of editions and parts."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.context import mark_reader, say, seats_left, words
from appliance.web.errors import refusal_key, refusal_values
from appliance.web.kinds import kind_of
from appliance.web.readers_work import nothing_there
from indexer.model import READABLE_ROLES, Item, Resource
from provisioning.words import Sentence, numbers

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.access import Decision

ROWS_SHOWN = 200
_PLAYED = ("audio/", "video/")


@dataclass(frozen=True, slots=True)
class Row:
    """One edition, lecture or volume.

    Attributes:
        name: what readers call it. meta: form, length, size. language: of the name when not the page's.
        open_url: where it is read, empty when it cannot be now. verb: the words on that button.
        download_url: where it is saved, empty when it may not be. damaged: whether it cannot be opened.
    """

    name: str
    meta: str
    language: str
    open_url: str
    verb: str
    download_url: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Action:
    """The page's one main button."""

    text: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A note above the button: k-todo or k-busy, its icon, its sentence."""

    tone: str
    icon: str
    sentence: Sentence


def form_name(item: Item) -> str:
    """EPUB, PDF, MP3 …: the form in a word."""
    spoken = words()
    media = item.media_type.partition(";")[0]
    for key in (f"media.{media}", f"media.{media.partition('/')[0]}"):
        if spoken.has_label(key):
            return spoken.label(key)
    return spoken.label("media.other")


def length_text(seconds: int) -> str:
    """A playing time, empty when unknown."""
    return numbers.position(seconds) if seconds else ""


def edition_rows(held: Held, decision: Decision, damaged: AbstractSet[str]) -> list[Row]:
    """What can be opened: originals in order, page images together as one row, other forms after them."""
    record = held.resource
    parts = [i for i in record.items if i.role == "part"]
    pages = [i for i in record.items if i.role == "page"]
    others = [i for i in record.items if i.role == "alternate"]
    usable = decision.allowed and held.available
    rows = [_row(record, i, decision, usable=usable, bad=i.id in damaged) for i in (parts + others)[:ROWS_SHOWN]]
    if pages:
        rows.insert(0, _pages_row(record, pages, usable=usable, bad=all(p.id in damaged for p in pages)))
    return rows


def _row(record: Resource, item: Item, decision: Decision, *, usable: bool, bad: bool) -> Row:
    spoken = words()
    form = form_name(item)
    about = (
        form if item.label else "",
        spoken.label("detail.pages", count=item.pages) if item.pages else "",
        length_text(item.duration),
        spoken.size(item.size),
    )
    opened = url_for("readers.read", resource_id=record.id, item=item.id) if usable and not bad else ""
    saved = url_for("items.download", item_id=item.id) if usable and decision.download and not bad else ""
    verb = "detail.play" if item.media_type.startswith(_PLAYED) else "detail.open"
    if item.media_type in {"application/epub+zip", "application/pdf"} or item.media_type.startswith("text/"):
        verb = "detail.read_short"
    return Row(
        name=item.label or form,
        meta=" · ".join(part for part in about if part),
        language=item.language if item.language and item.language != spoken.language else "",
        open_url=opened,
        verb=spoken.label(verb),
        download_url=saved,
        damaged=bad,
    )


def _pages_row(record: Resource, pages: list[Item], *, usable: bool, bad: bool) -> Row:
    spoken = words()
    about = (spoken.label("detail.pictures", count=len(pages)), spoken.size(sum(p.size for p in pages)))
    return Row(
        name=spoken.label("role.page"),
        meta=" · ".join(about),
        language="",
        open_url=url_for("readers.read", resource_id=record.id) if usable and not bad else "",
        verb=spoken.label("detail.view"),
        download_url="",
        damaged=bad,
    )


def main_action(held: Held, decision: Decision, rows: list[Row], issues: str = "") -> Action | None:
    """Read, listen or watch: the first thing that can be opened, else its issues; None when nothing can be now."""
    if issues and not rows:
        return Action(words().label("reader.by_date"), issues, kind_of(held.resource.type).icon)
    first = next((row for row in rows if row.open_url), None)
    if first is None or not decision.allowed:
        return None
    kind = kind_of(held.resource.type)
    return Action(words().label(kind.verb), first.open_url, kind.icon)


def notice_of(held: Held, decision: Decision, damaged: AbstractSet[str], issues: str = "") -> Notice | None:
    """What stands in the way, the most important thing only; of a serial its issues can be read."""
    record = held.resource
    if issues and held.catalogue_only:
        return None
    if held.catalogue_only or not decision.allowed:
        key = decision.reason if not decision.allowed else "rights.catalogue_only"
        return Notice("k-busy", "info", say(nothing_there(record, refusal_key(key)), **refusal_values(record)))
    if not held.available:
        return Notice("k-busy", "drive", say("rights.not_plugged"))
    readable = [item for item in record.items if item.role in READABLE_ROLES]
    bad = [item for item in readable if item.id in damaged]
    if not bad:
        return None
    if len(bad) == len(readable):
        return Notice("k-todo", "warn", say("reader.damaged.whole"))
    if all(item.role == "page" for item in bad):
        places = numbers.pages([item.order + 1 for item in bad], words().language)
        return Notice("k-todo", "warn", say("reader.damaged.page", pages=places))
    return Notice("k-todo", "warn", say("reader.damaged.chapter"))


def rights_line(held: Held, decision: Decision) -> list[tuple[str, str, bool]]:
    """(icon, words, whether it is a limit): where, whether it may be taken home, how many at a time, until when."""
    if not decision.allowed or not held.available:
        return []
    spoken, access = words(), held.resource.access
    line: list[tuple[str, str, bool]] = []
    if access.scope == "premises":
        line.append(("hall", spoken.label("available.premises"), True))
    if access.seats:
        # Who opens it next is known by the mark, not by the address that others may share.
        mark_reader()
        line.append(("user", say("rights.seats", count=seats_left(held.resource)).text.rstrip("。."), True))
    if decision.download:
        line.append(("down", spoken.label("detail.can_download"), False))
    elif access.scope != "premises":
        line.append(("book", spoken.label("detail.read_here"), True))
    if access.until:
        line.append(("clock", say("rights.until", to=spoken.raw("to", access.until)).text.rstrip("。."), True))
    if held.resource.rights:
        line.append(("ok", _short(held.resource.rights), False))
    return line


def _short(text: str, length: int = 24) -> str:
    return text if len(text) <= length else text[:length] + "…"
