"""The state of the box for this request: the light in every footer and on the staff's first page."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from flask import current_app, g

from appliance.errors import StoreError
from appliance.store.holdings import Message
from appliance.web.context import library, services, settings, today
from appliance.web.staff_session import current_staff
from appliance.web.status import State, Status, choose, for_public, state_of
from appliance.web.update_states import update_states
from appliance.web.upkeep_states import SICK_MEMORY, Troubles, upkeep_states

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.web.damage import Damage, DamageBoard

_log = logging.getLogger(__name__)

ACKNOWLEDGED = "shuxiang.acknowledged"
BOARD = "shuxiang.damage"
_MOST_ACKNOWLEDGED = 1000


@dataclass(slots=True)
class Acknowledged:
    """What staff have read and put away, until the process ends. Safe in any number of threads."""

    _tokens: dict[str, None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, token: str) -> None:
        """Put one away; beyond a thousand the oldest is forgotten."""
        with self._lock:
            self._tokens.pop(token, None)
            self._tokens[token] = None
            while len(self._tokens) > _MOST_ACKNOWLEDGED:
                del self._tokens[next(iter(self._tokens))]

    def tokens(self) -> frozenset[str]:
        """All that is put away."""
        with self._lock:
            return frozenset(self._tokens)


def status() -> Status:
    """What staff see."""
    if "status" not in g:
        tokens = current_app.extensions[ACKNOWLEDGED].tokens()
        now: dt.datetime = services().clock.now()
        known = services().upkeep()
        others = upkeep_states(
            library().holdings,
            known,
            damages(),
            Troubles(
                services().faults.by_drive(),
                services().faults.sick_times(f"{now - SICK_MEMORY:%Y-%m-%dT%H:%M:%SZ}"),
                frozenset(drive for drive, state in services().pools.states().items() if state.sick),
            ),
            now=now,
            months=settings().check_months,
            title_of=_title_of,
        )
        updates = update_states(
            library().holdings, services().updates(), now=now, today=today(), origins=bool(settings().update_origins)
        )
        damaged = 0 if known.version else len(damages())
        every = (*others, *updates, *_wishes())
        g.status = choose(library().holdings, damaged, now, tokens, others=every)
    found: Status = g.status
    return found


def _wishes() -> Iterator[State]:
    """That readers asked for something: staff read it, and no light that readers see changes by it."""
    store = services().wishes
    if store is None or current_staff() is None:
        return
    try:
        count, at = store.news()
    except StoreError as error:  # every page of the staff says how the box is, whatever one of its databases is like
        _log.error("wishes: %s", error)
        return
    if count:
        yield state_of(Message("feedback.new", {"count": count}), since=at)


def _title_of(item_id: str) -> str:
    held = library().item(item_id)
    return held.resource.title if held is not None else ""


def public_status() -> Status:
    """What anybody sees."""
    return for_public(status())


def damages() -> list[Damage]:
    """Resources with known damage, the last found first; damage of resources that are no longer held is left out."""
    if "damages" not in g:
        board: DamageBoard = current_app.extensions[BOARD]
        g.damages = board.damages(library(), services().faults, services().upkeep())
    found: list[Damage] = g.damages
    return found


def damage_of(resource_id: str) -> Damage | None:
    """Known damage of one resource."""
    return next((damage for damage in damages() if damage.resource_id == resource_id), None)
