"""The page of health: how far the check of each drive is, and what is damaged, in readers' words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.store.holdings import Message
from appliance.web.context import library, local_now, services, settings, words
from appliance.web.damage import joined
from appliance.web.staff_states import run_of
from appliance.web.status import state_of
from appliance.web.upkeep_states import check_message
from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.web.damage import Damage

ROWS_SHOWN = 500
LINES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class CheckCard:
    """The check of one drive.

    Attributes:
        drive: its key. name: what staff call it. light: normal, working or attention.
        text, second: its sentence. percent: how much is read, None when it was never begun.
        command: what its button asks of the worker. button: the button's words.
    """

    drive: str
    name: str
    light: str
    text: str
    second: str
    percent: int | None
    command: str
    button: str


@dataclass(frozen=True, slots=True)
class DamageRow:
    """One damaged resource.

    Attributes:
        resource_id, title, labels, found: of the damage; without an id it is of the index of texts.
        readers: what readers meet. repair: how its repair stands.
    """

    resource_id: str
    title: str
    labels: tuple[str, ...]
    readers: str
    repair: str
    found: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was said of late. at: ISO time; light: normal, working or attention."""

    at: str
    light: str
    text: str


def happenings() -> list[Happening]:
    """What was said last, the newest first; a sentence that this version does not know is left out."""
    found = [line for line in services().happened() if words().has(line.key)][-LINES_SHOWN:]
    names = {"support": settings().support_name, "library": settings().library_name, "issuer": settings().issuer_name}
    return [
        Happening(line.at, state_of(Message(line.key)).light, words().message(line.key, {**names, **line.params}).text)
        for line in reversed(found)
    ]


def check_cards() -> list[CheckCard]:
    """Drives that serve, in the order of their names, with their checks."""
    serving = sorted((d for d in library().holdings.drives if d.serves), key=lambda d: (d.name, d.key))
    return [_check_card(drive.key) for drive in serving]


def _check_card(key: str) -> CheckCard:
    drive, spoken = library().holdings.drive(key), words()
    run = run_of(drive) if drive is not None else None
    name = drive.name if drive is not None else ""
    if run is None:
        return CheckCard(key, name, "normal", spoken.label("staff.check_none"), "", None, "check", _button("begin"))
    standing = services().faults.by_drive().get(key, 0)
    message = check_message(run, library().holdings, standing, local_now(), settings().check_months)
    command, button = {
        "running": ("check-pause", "pause"),
        "yielding": ("check-pause", "pause"),
        "paused": ("check-resume", "resume"),
    }.get(run.state, ("check", "begin"))
    if message is None:
        text = spoken.label("staff.check_done", count=standing) if standing else spoken.label("staff.check_done_none")
        light = "attention" if standing else "normal"
        return CheckCard(key, name, light, text, "", run.percent, command, _button(button))
    said = spoken.message(message.key, {"support": settings().support_name, **message.params})
    light = state_of(message).light
    return CheckCard(key, name, light, said.text, said.second, run.percent, command, _button(button))


def _button(name: str) -> str:
    return words().label(f"staff.check_{name}")


def damage_rows(damages: Sequence[Damage]) -> list[DamageRow]:
    """Damaged resources as the page lists them."""
    of_index = words().label("staff.damage_index")
    return [
        DamageRow(d.resource_id, d.title or of_index, d.labels[:3], _readers(d), _repair(d), d.found)
        for d in damages[:ROWS_SHOWN]
    ]


def _readers(damage: Damage) -> str:
    spoken, harm = words(), joined(damage)
    if damage.cover_only:
        return spoken.label("staff.damage_cover")
    if damage.peaks_only:
        return spoken.label("staff.damage_peaks")
    if harm.kind == "pages":
        return spoken.label("staff.harm_pages", pages=numbers.pages(list(harm.pages), spoken.language))
    if harm.kind == "minutes":
        times = {"start": numbers.position(harm.start), "end": numbers.position(harm.end)}
        return spoken.label("staff.harm_minutes", **times)
    if harm.kind == "chapters" and harm.chapters:
        join = spoken.label("list.join")
        return spoken.label("staff.harm_chapters", item=join.join(harm.chapters[:3]))
    if harm.kind == "aside":
        return spoken.label("staff.harm_aside")
    return spoken.label("staff.damage_whole" if harm.whole else "staff.harm_part")


def _repair(damage: Damage) -> str:
    name = "going" if not damage.tried else "lacking" if damage.tried >= damage.places else "some"
    return words().label(f"staff.repair_{name}")
