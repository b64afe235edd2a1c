"""Parts of a resource's page: the main button, the line of rights, the notice."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.context import mark_reader, say, seats_left, words
from appliance.web.damage import Damage, joined
from appliance.web.errors import refusal_key, refusal_values
from appliance.web.kinds import kind_of
from appliance.web.readers_work import nothing_there
from appliance.web.usable import closed_parts, closed_sentence, default_item, flag_of, opens
from provisioning.words import Sentence, numbers

if TYPE_CHECKING:
    from appliance.library.model import Held
    from appliance.web.detail_rows import Editions
    from indexer.access import Decision
    from indexer.model import Resource


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


def main_action(held: Held, decision: Decision, editions: Editions, damaged: AbstractSet[str]) -> Action | None:
    """The one thing to press: read, listen or watch what opens first, else take it home; None when nothing can be done.

    Args:
        held: the resource, with files of its own.
        decision: the gate's answer.
        editions: the rows of its files.
        damaged: items of which damage leaves nothing to open, or whose drive is not plugged in.
    """
    if not decision.allowed or not (held.available or held.partly):
        return None
    kind, first = kind_of(held.resource.type), default_item(held.resource)
    if first is not None and opens(first) and first.id not in damaged:
        return Action(words().label(kind.verb), url_for("readers.read", resource_id=held.resource.id), kind.icon)
    rows = editions.first()
    row = next((row for row in rows if row.open_url and not row.closed), None)
    if row is not None:
        return Action(words().label(kind.verb), row.open_url, kind.icon)
    # A player at home may know what none here does; a lock or damage goes along.
    playable = all(flag_of(item) in {"", "codec-unplayable"} for item in held.resource.readable_items)
    saved = next((row for row in rows if row.download_url), None) if playable else None
    return Action(words().label("detail.download"), saved.download_url, "down") if saved else None


def notice_of(
    held: Held, decision: Decision, damage: Damage | None, lacking: AbstractSet[str], *, gathers: bool
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
    return (_damage_notice(record, damage) if damage else None) or _closed_notice(record)


def _not_plugged(held: Held, lacking: AbstractSet[str]) -> Sentence:
    """That a drive has to be plugged in, and which; some of the resource may be here."""
    if not held.partly:
        return say("rights.not_plugged.which", drive=held.missing_drive)
    missing = [item for item in held.resource.readable_items if item.id in lacking]
    return say("rights.not_plugged.partly", drive=held.missing_drive, count=len(missing))


def _damage_notice(record: Resource, damage: Damage) -> Notice | None:
    """What was found damaged on a drive of this box: which pages, which minutes."""
    readable = {item.id for item in record.readable_items}
    bad = [(of, harm) for of, harm in zip(damage.item_ids, damage.harms, strict=True) if of in readable]
    if not bad:
        return None
    harm, spoken = joined(damage), words()
    if harm.kind == "pages":
        said = say("reader.damaged.page", pages=numbers.pages(list(harm.pages), spoken.language))
    elif harm.kind == "minutes":
        said = say("reader.damaged.minutes", start=numbers.position(harm.start), end=numbers.position(harm.end))
    elif harm.whole:
        said = say("reader.damaged.whole")
    else:
        several = len(readable) > 1 or harm.kind == "chapters"
        said = say("reader.damaged.chapter" if several else "reader.damaged.part")
    return Notice("k-todo", "warn", said)


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
