"""Which light is on, and the one sentence beside it: a pure function over what is known.

The order, from section 0 of the sentences; within a rank the newer first:

    1  what staff have just done (plugged in, pulled out, pressed a button), for ten minutes or until acknowledged;
       so a drive that is being read or let go of stands before what was said of the drive before it
    2  work that must not be interrupted (请勿拔出, 请勿断电)
    3  readers are affected: a drive gone or slow, no room, search not usable
    4  a drive that was not taken
    5  damage
    6  clock, room, temperature
    7  reminders
    8  all is well
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from appliance.store.holdings import Holdings, Message
from provisioning.words import CHINESE, Words

FRESH = dt.timedelta(minutes=10)
SILENT = dt.timedelta(minutes=5)
"""A worker that has shown no sign of life for so long does not run; it beats at least once a minute."""

TOLD = dt.timedelta(days=3)
"""So long the first page says that resources were withdrawn; the list stays."""

_DONE, _HOLD, _READERS, _REFUSED, _DAMAGE, _BOX, _REMINDER, _WELL = range(1, 9)
_RANKS = (
    ("intake.recognising", _HOLD),
    ("intake.reading_catalogue", _HOLD),
    ("intake.unplug.waiting", _HOLD),
    ("intake.refused.too_many", _REFUSED),
    ("intake.refused.", _REFUSED),
    ("intake.registered_elsewhere", _REFUSED),
    ("intake.set.", _REFUSED),
    ("intake.unplugged.", _READERS),
    ("intake.sick.replace", _DAMAGE),
    ("intake.sick.back", _DONE),
    ("intake.sick", _READERS),
    ("index.titles_ready", _REMINDER),
    ("index.ready", _REMINDER),
    ("index.", _READERS),
    ("space.full", _READERS),
    ("space.", _BOX),
    ("clock.", _BOX),
    ("box.hot", _BOX),
    ("box.restarted.often", _BOX),
    ("box.restarted", _REMINDER),
    ("power.recovered.often", _BOX),
    ("box.system.updating", _HOLD),
    ("box.system.ready", _REMINDER),
    ("box.system.updated", _REMINDER),
    ("box.degraded", _HOLD),
    ("box.file.missing", _READERS),
    ("box.file.applied", _REMINDER),
    ("box.file.", _REFUSED),
    ("account.recovery.", _HOLD),
    ("check.damage.", _DAMAGE),
    ("check.", _REMINDER),
    ("repair.stick.reading", _HOLD),
    ("sync.stick.reading", _HOLD),
    ("branch.copying", _HOLD),
    ("branch.", _REFUSED),
    ("sync.stick.unplugged", _REFUSED),
    ("sync.stick.drive_away", _REFUSED),
    ("sync.stick.gap", _REFUSED),
    ("sync.stick.incomplete", _REFUSED),
    ("repair.done.", _REMINDER),
    ("repair.waiting.window", _REMINDER),
    ("report.", _REMINDER),
    ("repair.", _DAMAGE),
    ("box.", _BOX),
)
_PART = "intake.set.part"
_OF_STICKS = ("repair.stick.", "repair.done.stick", "repair.list.saved", "box.diagnosis.")
_MUTE = frozenset({"intake.in_place", "home.normal"})
_WORN = frozenset({"intake.sick.replace", "repair.drive.replace"})
"""What is said of a drive although nobody has just done anything with it."""


@dataclass(frozen=True, slots=True)
class State:
    """One thing to say.

    Attributes:
        light: normal, working or attention. message: the sentence's key with its values.
        drive: key of the drive it is about, empty otherwise. since: ISO time in UTC, empty when always so.
        public: whether it may be read without signing in.
        asked: whether it is what came of a button that staff pressed.
    """

    light: str
    message: Message
    drive: str = ""
    since: str = ""
    public: bool = True
    asked: bool = False

    @property
    def token(self) -> str:
        """Names this very occurrence, for acknowledging it."""
        return f"{self.message.key}|{self.drive}|{self.since}"


@dataclass(frozen=True, slots=True)
class Status:
    """The box at a glance: the light, what it says, and what else there is, the most pressing first."""

    first: State
    more: tuple[State, ...] = ()

    @property
    def light(self) -> str:
        """The light that is on."""
        return self.first.light

    @property
    def all(self) -> tuple[State, ...]:
        """Everything, the most pressing first."""
        return (self.first, *self.more)


def choose(
    holdings: Holdings,
    damaged: int,
    now: dt.datetime,
    acknowledged: Collection[str] = frozenset(),
    *,
    others: Iterable[State] = (),
) -> Status:
    """The light and its sentence.

    Args:
        holdings: what the worker published last.
        damaged: how many resources have known damage.
        now: wall time, aware.
        acknowledged: tokens of states that staff have read and put away.
        others: what else there is to say, such as of checks and repairs.
    """
    others = tuple(others)
    known = [*_states(holdings, damaged, now, {s.drive for s in others if _stands_in(s)})]
    known += [(_rank_of_other(state, fresh=is_fresh(state.since, now)), state) for state in others]
    over = {"box.system.ready"} if any(s.message.key == "box.system.updating" for s in others) else set()
    found = [(rank, s) for rank, s in known if s.token not in acknowledged and s.message.key not in over]
    found.sort(key=lambda pair: pair[1].since, reverse=True)
    found.sort(key=lambda pair: pair[0])
    ordered = tuple(state for _, state in found)
    pressing = tuple(s for s in ordered if s.message.key not in _MUTE)
    if not pressing:
        return Status(_normal(holdings))
    return Status(pressing[0], pressing[1:])


def for_public(status: Status) -> Status:
    """The same without what only staff may read: such a state shows its light and says that staff are at it."""
    if status.first.public:
        return Status(status.first, tuple(s for s in status.more if s.public))
    if status.light == "normal":
        rest = tuple(s for s in status.more if s.public)
        return Status(rest[0], rest[1:]) if rest else Status(state_of(Message("home.normal")))
    key = "public.attention" if status.light == "attention" else "public.working"
    return Status(state_of(Message(key)), tuple(s for s in status.more if s.public))


def _stands_in(state: State) -> bool:
    """Whether it says of a drive what the holdings do not know: it does not answer, or it is a stick with repairs."""
    key = state.message.key
    return bool(state.drive) and (key == "intake.sick" or key.startswith(_OF_STICKS))


def _states(
    holdings: Holdings, damaged: int, now: dt.datetime, told: Collection[str] = ()
) -> Iterator[tuple[int, State]]:
    if holdings.generation == 0:
        yield _READERS, state_of(Message("home.starting", {"minutes": 1}))
        return
    for drive in holdings.drives:
        if drive.key in told:
            continue
        state = state_of(drive.message, drive=drive.key, since=drive.since)
        fresh = is_fresh(drive.since, now)
        if fresh or not is_news(state):
            yield _rank_of_drive(state, fresh=fresh), state
    told_of_sets = {_bundle(d.message) for d in holdings.drives if is_fresh(d.since, now)} - {""}
    for message in holdings.notices:
        if not (message.key.startswith("intake.set.missing") and message.params.get("bundle") in told_of_sets):
            yield _rank_of(message.key), state_of(message)
    yield from _searches(holdings)
    if damaged:
        yield _DAMAGE, state_of(Message("check.damage.found", {"count": damaged}))
    yield from _withdrawn(holdings, now)
    asked = any(message.key == "home.no_drive" for message in holdings.notices)
    if not holdings.releases and not holdings.drives and not asked:
        yield _READERS, state_of(Message("home.no_drive"))
    beat = as_time(holdings.worker.beat)
    if beat is not None and now - beat > SILENT:
        yield _READERS, state_of(Message("box.worker_silent"), since=holdings.worker.beat)


def _withdrawn(holdings: Holdings, now: dt.datetime) -> Iterator[tuple[int, State]]:
    """For some days: that resources were withdrawn."""
    at = as_time(holdings.withdrawn_at)
    if holdings.withdrawn and at is not None and dt.timedelta(0) <= now - at <= TOLD:
        message = Message("sync.withdrawn", {"count": len(holdings.withdrawn)})
        rank = _DONE if is_fresh(holdings.withdrawn_at, now) else _REMINDER
        yield rank, state_of(message, since=holdings.withdrawn_at)


def _searches(holdings: Holdings) -> Iterator[tuple[int, State]]:
    """Search that is being made ready or could not be, unless a notice says so already."""
    if any(m.key.startswith("index.") for m in holdings.notices):
        return
    parts = [r.search for r in holdings.live()] + [r.catalogue for r in holdings.live()]
    if any(p.state == "failed" for p in parts):
        yield _READERS, state_of(Message("index.not_built"))
    making = [p for p in parts if p.state in {"rebuilding", "waiting"}]
    if making:
        left = max(p.seconds_left for p in making) or 60
        yield _READERS, state_of(Message("index.rebuilding", {"duration": left}))
    elif any(p.state == "unplugged" for p in parts):
        yield _READERS, state_of(Message("index.unplugged"))


def is_news(state: State) -> bool:
    """Whether it is said of a drive in use only while it has just come; a set that lacks a drive has its own notice."""
    return state.light == "normal" or state.message.key.startswith(_PART)


def _bundle(message: Message) -> str:
    """The bundle whose lacking drives the message of a drive tells already; empty when it does not."""
    return str(message.params.get("bundle", "")) if message.key.startswith(_PART) else ""


def is_fresh(since: str, now: dt.datetime) -> bool:
    """Whether a moment (ISO time) is at most `FRESH` ago."""
    at = as_time(since)
    return at is not None and dt.timedelta(0) <= now - at <= FRESH


def _rank_of_drive(state: State, *, fresh: bool) -> int:
    return _DONE if fresh and state.message.key not in _WORN else _rank_of(state.message.key)


def _rank_of_other(state: State, *, fresh: bool) -> int:
    """Checks and repairs go on by themselves, unless asked for; news of a stick or drive is about what somebody did."""
    if state.asked and fresh:
        return _DONE
    by_itself = not state.drive or state.message.key.startswith("check.")
    return _rank_of(state.message.key) if by_itself else _rank_of_drive(state, fresh=fresh)


def _rank_of(key: str) -> int:
    for prefix, rank in _RANKS:
        if key == prefix or key.startswith(prefix):
            return rank
    return _REMINDER


def state_of(message: Message, *, drive: str = "", since: str = "") -> State:
    """The state that a message stands for, with the light of its sentence."""
    if message.key == "intake.unplug.waiting" and not message.params.get("count"):
        message = Message("intake.unplug.closing")
    light, audience = _row(message.key)
    return State(light or "normal", message, drive, since, public=audience.startswith("公"))


def _normal(holdings: Holdings) -> State:
    live = sorted(holdings.live(), key=lambda r: r.issued)
    return state_of(Message("home.normal", {"month": live[-1].issued[:7]} if live else {}))


@cache
def _row(key: str) -> tuple[str, str]:
    words = Words.load(CHINESE)
    if not words.has(key):
        return "attention", "员"
    row = words.template(key)
    return row.light, row.audience


def as_time(text: str) -> dt.datetime | None:
    """An ISO time, in UTC when it names no zone; None when it is none."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
