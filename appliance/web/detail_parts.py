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
from appliance.web.usable import (
    PLAYED,
    closed_parts,
    closed_sentence,
    default_item,
    flag_of,
    forms_of,
    kind_of_item,
    opens,
)
from indexer.model import READABLE_ROLES, UNUSABLE_FLAGS, Item, Resource
from provisioning.words import Sentence, numbers

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.access import Decision

ROWS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One edition, lecture or volume.

    Attributes:
        name: what readers call it. meta: form, length, size. language: of the name when not the page's.
        open_url: where it is read, empty when it cannot be now. verb: the words on that button.
        download_url: where it is saved, empty when it may not be. damaged: whether it was found damaged here.
        closed: why it does not open: 带锁，打不开; 硬盘未接; empty when nothing is known against it.
    """

    name: str
    meta: str
    language: str
    open_url: str
    verb: str
    download_url: str
    damaged: bool
    closed: str = ""


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


def edition_rows(
    record: Resource, decision: Decision, damaged: AbstractSet[str], lacking: AbstractSet[str]
) -> list[Row]:
    """What can be opened: originals in order, page images together as one row, other forms after them.

    Args:
        record: the resource.
        decision: the gate's answer.
        damaged: items that were found damaged on a drive.
        lacking: items whose drive is not plugged in.
    """
    parts = [i for i in record.items if i.role == "part"]
    pages = [i for i in record.items if i.role == "page"]
    others = [i for i in record.items if i.role == "alternate"]
    shown = (parts + others)[:ROWS_SHOWN]
    rows = [_row(record, i, decision, here=i.id not in lacking, bad=i.id in damaged) for i in shown]
    if pages:
        usable = decision.allowed and not any(page.id in lacking for page in pages)
        rows.insert(0, _pages_row(record, pages, usable=usable, bad=all(p.id in damaged for p in pages)))
    return rows


def _row(record: Resource, item: Item, decision: Decision, *, here: bool, bad: bool) -> Row:
    spoken, flag = words(), flag_of(item)
    usable = decision.allowed and here
    closed = f"flag.{flag}" if flag else "" if here else "tag.not_plugged"
    form = form_name(item)
    about = (
        form if item.label else "",
        spoken.label("detail.pages", count=item.pages) if item.pages else "",
        length_text(item.duration),
        spoken.size(item.size),
        *(spoken.label(f"flag.{other}") for other in item.flags if other not in UNUSABLE_FLAGS),
    )
    # What hardly plays may be tried, when there is nothing better.
    tried = flag == "codec-unplayable" and not any(form.usable for form in _forms_beside(record, item))
    opened = url_for("readers.read", resource_id=record.id, item=item.id, anyway=1 if tried else None)
    saved = url_for("items.download", item_id=item.id) if usable and decision.download and not bad else ""
    verb = "detail.play" if kind_of_item(item) in PLAYED else "detail.open"
    if kind_of_item(item) in {"epub", "pdf", "text"}:
        verb = "detail.read_short"
    return Row(
        name=item.label or form,
        meta=" · ".join(part for part in about if part),
        language=item.language if item.language and item.language != spoken.language else "",
        open_url=opened if usable and not bad and (tried or opens(item)) else "",
        verb=spoken.label("detail.try" if tried else verb),
        download_url=saved,
        damaged=bad,
        closed=spoken.label(closed) if closed else "",
    )


def _forms_beside(record: Resource, item: Item) -> list[Item]:
    part = next((i for i in record.items if i.id == item.of), item)
    return forms_of(record, part)


def _pages_row(record: Resource, pages: list[Item], *, usable: bool, bad: bool) -> Row:
    spoken = words()
    about = (spoken.label("detail.pictures", count=len(pages)), spoken.size(sum(p.size for p in pages)))
    return Row(
        name=spoken.label("role.page"),
        meta=" · ".join(about),
        language="",
        open_url=url_for("readers.read", resource_id=record.id, item=pages[0].id) if usable and not bad else "",
        verb=spoken.label("detail.view"),
        download_url="",
        damaged=bad,
    )


def main_action(held: Held, decision: Decision, rows: list[Row], damaged: AbstractSet[str]) -> Action | None:
    """The one thing to press: read, listen or watch what opens first, else take it home; None when nothing can be done.

    Args:
        held: the resource, with files of its own.
        decision: the gate's answer.
        rows: of its files.
        damaged: items that were found damaged on a drive or whose drive is not plugged in.
    """
    if not decision.allowed or not (held.available or held.partly):
        return None
    kind, first = kind_of(held.resource.type), default_item(held.resource)
    if first is not None and opens(first) and first.id not in damaged:
        return Action(words().label(kind.verb), url_for("readers.read", resource_id=held.resource.id), kind.icon)
    row = next((row for row in rows if row.open_url and not row.closed), None)
    if row is not None:
        return Action(words().label(kind.verb), row.open_url, kind.icon)
    # A player at home may know what none here does; a lock or damage goes along.
    playable = all(flag_of(item) in {"", "codec-unplayable"} for item in held.resource.readable_items)
    saved = next((row for row in rows if row.download_url), None) if playable else None
    return Action(words().label("detail.download"), saved.download_url, "down") if saved else None


def notice_of(
    held: Held, decision: Decision, damaged: AbstractSet[str], lacking: AbstractSet[str], *, gathers: bool
) -> Notice | None:
    """What stands in the way, the most important thing only; what gathers issues or volumes needs no files."""
    record = held.resource
    if gathers and held.catalogue_only:
        return None
    if held.catalogue_only or not decision.allowed:
        key = decision.reason if not decision.allowed else "rights.catalogue_only"
        return Notice("k-busy", "info", say(nothing_there(record, refusal_key(key)), **refusal_values(record)))
    if not held.available:
        return Notice("k-busy", "drive", _not_plugged(held, lacking))
    return _damage_notice(record, damaged) or _closed_notice(record)


def _not_plugged(held: Held, lacking: AbstractSet[str]) -> Sentence:
    """That a drive has to be plugged in, and which; some of the resource may be here."""
    if not held.partly:
        return say("rights.not_plugged.which", drive=held.missing_drive)
    missing = [item for item in held.resource.readable_items if item.id in lacking]
    return say("rights.not_plugged.partly", drive=held.missing_drive, count=len(missing))


def _damage_notice(record: Resource, damaged: AbstractSet[str]) -> Notice | None:
    """What was found damaged on a drive of this box."""
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


def _closed_notice(record: Resource) -> Notice | None:
    """What came so that it does not open here."""
    closed, first = closed_parts(record), default_item(record)
    if not closed:
        has_reader = first is None or opens(first)
        return None if has_reader else Notice("k-busy", "info", say("reader.no_reader"))
    if record.usable:
        return Notice("k-busy", "info", say("reader.closed.some", count=len(closed)))
    return Notice("k-busy", "info", say(closed_sentence(closed[0])))


def rights_line(held: Held, decision: Decision) -> list[tuple[str, str, bool]]:
    """(icon, words, whether it is a limit): where, whether it may be taken home, how many at a time, until when."""
    if not decision.allowed or not (held.available or held.partly):
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
