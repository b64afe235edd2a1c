"""The state of the box for this request: the light in every footer and on the staff's first page."""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from flask import current_app, g

from appliance.errors import StoreError
from appliance.store.holdings import Message
from appliance.web.box_states import box_states, system_states
from appliance.web.context import library, local_now, services, settings, today
from appliance.web.report_states import report_states
from appliance.web.staff_session import current_staff
from appliance.web.start_states import start_states
from appliance.web.status import State, Status, choose, for_public, state_of
from appliance.web.update_states import update_states
from appliance.web.upkeep_states import SICK_MEMORY, Troubles, upkeep_states
from provisioning.words import CHINESE, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.web.damage import Damage, DamageBoard

_log = logging.getLogger(__name__)

ACKNOWLEDGED = "shuxiang.acknowledged"
BOARD = "shuxiang.damage"
OUTSIDE = "shuxiang.outside"
_MOST_ACKNOWLEDGED = 1000
_MOST_OUTSIDE = 8
_OUTSIDE_SECONDS = 1.0


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


@dataclass(frozen=True, slots=True)
class Outside:
    """What anybody may know of the box.

    Attributes:
        light: normal, working or attention. sentence: what it says, in Chinese.
        also: what else there is to say, the most pressing first.
    """

    light: str
    sentence: str
    also: tuple[str, ...] = ()


class KeptOutside:
    """The last of it. Safe in any number of threads: one makes it anew, nobody waits for that but the very first."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lock = Lock()
        self._made: tuple[float, Outside] | None = None

    def get(self, make: Callable[[], Outside]) -> Outside:
        """What is known, made by `make` when it is a second old."""
        made = self._made
        if made is not None and time.monotonic() - made[0] < _OUTSIDE_SECONDS:
            return made[1]
        if not self._lock.acquire(blocking=made is None):
            return made[1] if made is not None else make()
        try:
            self._made = time.monotonic(), (found := make())
            return found
        finally:
            self._lock.release()


def status() -> Status:
    """What staff see."""
    if "status" not in g:
        tokens = current_app.extensions[ACKNOWLEDGED].tokens()
        g.status = _chosen(tokens, (*_known(), *_wishes()))
    found: Status = g.status
    return found


def standing() -> Status:
    """Everything that stands, whether or not staff have put it away; needs no request."""
    return _chosen(frozenset(), _known())


def outside() -> Outside:
    """What anybody may know, in Chinese, at most a second old; asks for no session and needs no request."""
    kept: KeptOutside = current_app.extensions[OUTSIDE]
    return kept.get(_outside)


def _outside() -> Outside:
    """Whatever is wrong inside, there is an answer: who asks in vain starts the box again."""
    try:
        return _seen_from_outside()
    except Exception:  # noqa: BLE001
        _log.exception("how the box is cannot be said")
        said = Words.load(CHINESE).sentence("public.attention")
        return Outside(said.light, said.text)


def _seen_from_outside() -> Outside:
    shown = for_public(_chosen(current_app.extensions[ACKNOWLEDGED].tokens(), _known()))
    first, *rest = dict.fromkeys(in_chinese(state) for state in shown.all)
    return Outside(shown.light, first, tuple(rest[:_MOST_OUTSIDE]))


def in_chinese(state: State) -> str:
    """A state's sentence as the machine itself says it: on its screen and in its journal."""
    made = settings()
    names = {"issuer": made.issuer_name, "library": made.library_name, "support": made.support_name}
    return Words.load(CHINESE).message(state.message.key, {**names, **state.message.params}).text


def _chosen(tokens: frozenset[str], others: tuple[State, ...]) -> Status:
    damaged = 0 if services().upkeep().version else len(damages())
    return choose(library().holdings, damaged, services().clock.now(), tokens, others=others)


def _known() -> tuple[State, ...]:
    """What there is to say besides holdings and damage, to whoever looks."""
    if "known" not in g:
        now: dt.datetime = services().clock.now()
        upkeep = upkeep_states(
            library().holdings,
            services().upkeep(),
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
        begun = start_states(
            services().starts(), library().holdings, services().degraded, now=local_now(),
            task=Words.load(CHINESE).label("staff.task_index"),
        )  # fmt: skip
        spoken = Words.load(CHINESE)
        reports = report_states(
            services().reports(), today=today(),
            reason=lambda code: spoken.label(f"report_reason.{code.replace('-', '_')}"),
        )  # fmt: skip
        g.known = (*upkeep, *updates, *begun, *_box(), *reports)
    found: tuple[State, ...] = g.known
    return found


def _box() -> Iterator[State]:
    """What became of box files and recovery sticks, and of systems."""
    system = services().system()
    if system.running:
        yield from system_states(system, ready=services().updates().system, now=services().clock.now())
    state = services().box()
    if state.known:
        here = state.configured and not services().accounts_away
        yield from box_states(state, director_waits=here and services().accounts.director_waits())


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
