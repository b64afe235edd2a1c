"""What is said of checks, damage and repairs: pure functions from what is known to sentences by key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from appliance.store.checks import month_after
from appliance.store.holdings import Holdings, Message
from appliance.store.repairs import THE_LINE
from appliance.web.damage import joined
from appliance.web.status import State, as_time, is_fresh, state_of
from provisioning.words import numbers

if TYPE_CHECKING:
    from appliance.serving.upkeep_view import UpkeepState
    from appliance.store.checks import CheckRun
    from appliance.store.repairs import Repaired
    from appliance.web.damage import Damage

WORN = 50
"""A drive with so many damaged places should be replaced."""
OFTEN_SICK = 3
"""So many times without an answer within `SICK_MEMORY` are a sign of damage."""
SICK_MEMORY = dt.timedelta(days=1)
SHOWN_DAYS = 14
"""A check that ended is told for so long, unless staff put it away before."""


@dataclass(frozen=True, slots=True)
class Troubles:
    """What the serving process knows of drives.

    Attributes:
        damaged: drive → damaged places. sick_times: drive → how often it did not answer of late.
        sick: drives that do not answer now.
    """

    damaged: Mapping[str, int] = field(default_factory=dict)
    sick_times: Mapping[str, int] = field(default_factory=dict)
    sick: Collection[str] = ()


def upkeep_states(
    holdings: Holdings,
    upkeep: UpkeepState,
    damages: Sequence[Damage],
    troubles: Troubles,
    *,
    now: dt.datetime,
    months: int,
    title_of: Callable[[str], str],
) -> Iterator[State]:
    """Everything that is to be said, in no order.

    Args:
        holdings: the drives.
        upkeep: checks and repairs. Before the worker has said anything of them, damage is not said here.
        damages: known damage.
        troubles: of the drives.
        now: wall time, aware.
        months: between two checks, 0 when they do not come by themselves.
        title_of: the title of the resource of an item, empty when there is none.
    """
    yield from _drives(holdings, troubles)
    if not upkeep.version:
        return
    for run in upkeep.runs:
        message = check_message(run, holdings, troubles.damaged.get(run.drive, 0), now, months)
        if message is not None:
            since = run.changed if run.state == "finished" else run.started
            yield replace(state_of(message, drive=run.drive, since=since), asked=bool(run.asked))
    pressed = max((run.changed for run in upkeep.runs if run.asked and run.found and run.drive), default="")
    for state in _damage(damages, upkeep, now):
        yield replace(state, since=pressed, asked=True) if is_fresh(pressed, now) else state
    yield from _repairs(upkeep, now, title_of)
    for report in upkeep.reports:
        if report.about == THE_LINE:
            continue  # said with the damage that waits for it
        if holdings.drive(report.about) is not None or is_fresh(report.at, now):
            yield state_of(Message(report.key, dict(report.params)), drive=report.about, since=report.at)


def check_message(run: CheckRun, holdings: Holdings, standing: int, now: dt.datetime, months: int) -> Message | None:
    """The sentence of one check; None when there is nothing to say."""
    drive = holdings.drive(run.drive)
    plugged = drive is not None and drive.serves and run.identity.startswith(drive.tagmanifest or "-")
    percent = {"percent": run.percent}
    if run.state == "finished":
        ended = as_time(run.changed)
        if ended is None or now - ended > dt.timedelta(days=SHOWN_DAYS) or standing or not run.drive:
            return None  # nor is anything said of a drive whose place another one took
        if run.found:
            return Message("check.finished.repaired", {"count": run.found})
        due = {"month": month_after(run.changed, months)} if months else {}
        return Message("check.finished", {"drive": run.name, "count": run.resources, **due})
    if not plugged:
        return Message("check.paused.unplugged", percent) if is_recent(run.changed, now) else None
    if run.state == "paused":
        return Message("check.paused.staff", percent)
    if run.state == "yielding":
        return Message("check.paused.readers", percent)
    return Message("check.running", {**percent, "duration": run.seconds_left})


def is_recent(moment: str, now: dt.datetime) -> bool:
    """Whether something was so short a time ago that it is still worth saying."""
    at = as_time(moment)
    return at is not None and now - at <= dt.timedelta(days=SHOWN_DAYS)


def damage_message(damage: Damage) -> Message | None:
    """The sentence of one damaged resource that is being repaired; None when readers miss nothing."""
    harm, title = joined(damage), {"title": damage.title}
    if harm.kind == "pages":
        return Message("check.damage.pages", {**title, "pages": numbers.pages(list(harm.pages))})
    if harm.kind == "minutes":
        times = {"start": numbers.position(harm.start), "end": numbers.position(harm.end)}
        return Message("check.damage.minutes", {**title, **times})
    if harm.kind == "chapters" and harm.chapters:
        return Message("check.damage.chapter", {**title, "item": "、".join(harm.chapters[:2])})
    if harm.kind == "aside":
        return None
    return Message("check.damage.whole" if harm.whole else "check.damage.part", title)


def _damage(damages: Sequence[Damage], upkeep: UpkeepState, now: dt.datetime) -> Iterator[State]:
    mending = [d for d in damages if d.tried < d.places]
    if len(mending) == 1 and (message := damage_message(mending[0])) is not None:
        yield state_of(message, since=mending[0].found)
    elif mending:
        yield state_of(Message("check.damage.many", {"count": len(mending)}))
    left = sum(d.tried for d in damages)
    line = next((report for report in upkeep.reports if report.about == THE_LINE), None)
    done = sum(is_fresh(r.at, now) for r in upkeep.repaired)
    if left and line is not None:
        yield state_of(Message(line.key, {**line.params, "count": left}))
    elif left and done:
        yield state_of(Message("repair.partial", {"done": done, "left": left}))
    elif left:
        yield state_of(Message("repair.list.needed", {"count": left}))


def _repairs(upkeep: UpkeepState, now: dt.datetime, title_of: Callable[[str], str]) -> Iterator[State]:
    fresh = [r for r in upkeep.repaired if is_fresh(r.at, now) and r.source != "stick"]
    if not fresh:
        return
    titles = {title: row for row in reversed(fresh) if (title := title_of(row.item_id))}
    since = fresh[0].at
    if len(titles) == 1 and (message := _repaired(*next(iter(titles.items())))) is not None:
        yield state_of(message, since=since)
    else:
        yield state_of(Message("repair.done.many", {"count": len(fresh)}), since=since)


def _repaired(title: str, row: Repaired) -> Message | None:
    if row.source == "drive" and row.name:
        return Message("repair.done.drive", {"title": title, "drive": row.name})
    if row.source == "network":
        return Message("repair.done.network", {"title": title, "mirror": row.name})
    return None


def _drives(holdings: Holdings, troubles: Troubles) -> Iterator[State]:
    for drive in holdings.drives:
        name: dict[str, str | int] = {"drive": drive.name}
        if drive.serves and drive.key in troubles.sick:
            yield state_of(Message("intake.sick", name), drive=drive.key, since=drive.since)
        if troubles.damaged.get(drive.key, 0) >= WORN and drive.name:
            worn = {**name, "count": troubles.damaged[drive.key]}
            yield state_of(Message("repair.drive.replace", worn), drive=drive.key)
        elif troubles.sick_times.get(drive.key, 0) >= OFTEN_SICK and drive.name:
            yield state_of(Message("intake.sick.replace", name), drive=drive.key)
