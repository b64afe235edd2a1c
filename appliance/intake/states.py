"""The life of a drive as a pure function: what is known, what happens, what to do.

    (absent) -> recognising -> reading -> ready -> ejecting -> ejected
                     |            |         |
                  refused      waiting     gone (comes back through recognising)
                     |            |         |
                     +---- sick --+---------+   (stopped answering; recovers through recognising, or by itself)

    ready -> refused (the close look that follows found too much of the payload missing)

    recognising -> told (it carries signed lists only; they are taken, or refused) -> told (what becomes of its updates)

`step` has no side effects and knows no clock, so every power cut, full disk and pulled cable is a row in a table
test. Work that takes time (trusting, copying) carries the attempt that started it; results of an older attempt are
ignored, so a late answer from a drive that was pulled and changed can do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from appliance.store.holdings import Message


class Do(Enum):
    """What the driver is to do after a step, in the order given."""

    TRUST = "trust"
    """Look at the drive's signed metadata and tag list, with the state's attempt."""
    COPY = "copy"
    """Bring what the SSD lacks of the release, hashing it, with the state's attempt."""
    FOLLOW = "follow"
    """While readers use it: bring what they can do without at first, look at its payload closely, with the attempt."""
    STOP = "stop"
    """Break off running work on this drive."""
    JOURNAL = "journal"
    """Write the new state into the journal."""
    PUBLISH = "publish"
    """Tell the serving process."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a trusted drive carries.

    Attributes:
        bundle, seq, edition, issuer, name: of the release; `name` is the bundle's as readers are told.
        folder: the release's folder on the SSD, see `HeldRelease.folder`.
        tagmanifest: SHA-256 of the drive's tag list, hexadecimal.
        disk: number in its set, from 1. disks: drives in the set.
        newest: whether no newer release of the bundle is known.
        count: resources in the release, 0 before it is on the SSD.
    """

    bundle: str
    seq: int
    edition: str
    issuer: str
    name: str
    folder: str
    tagmanifest: str
    disk: int = 1
    disks: int = 1
    newest: bool = True
    count: int = 0


@dataclass(frozen=True, slots=True)
class Drive:
    """What is known of one place where a drive can be.

    Attributes:
        phase: `absent` or one of `holdings.DRIVE_STATES`.
        attempt: grows with every new look; results carry it.
        mark: fingerprint of what was there at the last look.
        reason: why it is refused, waiting or sick; what became of its lists.
        carried: what it carries once trusted.
        last: what it carried when it last served; when it is gone this is what is missing.
        back: whether its coming is a return. recovered: whether it was sick before.
    """

    phase: str = "absent"
    attempt: int = 0
    mark: str = ""
    reason: Message | None = None
    carried: Carried | None = None
    last: Carried | None = None
    back: bool = False
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Something is there; `mark` is its fingerprint."""

    mark: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing is there."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Its metadata and tag list are signed and admitted."""

    attempt: int
    carried: Carried


@dataclass(frozen=True, slots=True)
class Copied:
    """The truth of its release is on the SSD and readers can browse it; `back`: the same drive served before.

    The index, and a close look at the payload, may follow.
    """

    attempt: int
    carried: Carried
    back: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not taken in; `reason` says why."""

    attempt: int
    reason: Message


@dataclass(frozen=True, slots=True)
class Told:
    """It brought signed lists only; `reason` says what became of them, or of the updates beside them."""

    attempt: int
    reason: Message


@dataclass(frozen=True, slots=True)
class Short:
    """The SSD has no room for its catalogue."""

    attempt: int
    reason: Message


@dataclass(frozen=True, slots=True)
class Room:
    """There may be room on the SSD again."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """It has not answered for too long."""

    reason: Message


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A drive that is gone need not be asked for: it serves in another place, or its release was taken back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Staff pressed a button: eject, released, keep or look-again; or a read did not come back: sick."""

    what: str


Event = Seen | Missing | Trusted | Copied | Refused | Told | Short | Room | Stalled | Forgotten | Asked
Step = tuple[Drive, tuple[Do, ...]]

WORKING = ("recognising", "reading")
BUSY = (*WORKING, "ready")
"""Something may be under way on the drive."""
_TELL = (Do.JOURNAL, Do.PUBLISH)


def step(drive: Drive, event: Event) -> Step:
    """The next state and what to do; a state that stays as it is asks for nothing."""
    return _RULES[type(event)](drive, event)


def is_news(before: Drive, after: Drive) -> bool:
    """Whether a step led to another state, and not merely on in the same one."""
    keys = [drive.reason.key if drive.reason is not None else "" for drive in (before, after)]
    return before.phase != after.phase or (after.phase == "told" and keys[0] != keys[1])


def after_power_cut(drive: Drive) -> Drive:
    """What is still known of a drive when the worker starts again.

    Work in progress is forgotten: the next look starts it again, and what is on the SSD decides how much of it is
    left. A drive that served is gone until it is seen, so that its titles show what to plug in.
    """
    if drive.last is not None and drive.phase in {"recognising", "reading", "ready", "sick", "gone"}:
        return _gone(drive)
    return Drive(attempt=drive.attempt + 1)


def _gone(drive: Drive) -> Drive:
    return Drive("gone", drive.attempt + 1, last=drive.last)


def _look(drive: Drive, mark: str) -> Step:
    """Begin again from the drive's content."""
    stop = (Do.STOP,) if drive.phase in BUSY else ()
    recovered = drive.phase == "sick" or (drive.recovered and drive.phase in WORKING)
    fresh = Drive("recognising", drive.attempt + 1, mark, last=drive.last, recovered=recovered)
    return fresh, (*stop, Do.TRUST, *_TELL)


def _seen(drive: Drive, event: Event) -> Step:
    mark = event.mark if isinstance(event, Seen) else ""
    if drive.phase in {"absent", "gone", "sick"} or mark != drive.mark:  # a sick one that is seen answers again
        return _look(drive, mark)
    return drive, ()


def _missing(drive: Drive, _event: Event) -> Step:
    if drive.phase in {"absent", "gone"}:
        return drive, ()
    stop = (Do.STOP,) if drive.phase in BUSY else ()
    if drive.last is not None and drive.phase not in {"ejecting", "ejected", "refused", "told"}:
        return _gone(drive), (*stop, *_TELL)
    return Drive(attempt=drive.attempt + 1), (*stop, *_TELL)


def _trusted(drive: Drive, event: Event) -> Step:
    if not isinstance(event, Trusted) or event.attempt != drive.attempt or drive.phase not in {"recognising", "sick"}:
        return drive, ()
    return replace(drive, phase="reading", carried=event.carried, reason=None), (Do.COPY, *_TELL)


def _copied(drive: Drive, event: Event) -> Step:
    if not isinstance(event, Copied) or event.attempt != drive.attempt or drive.phase not in {"reading", "sick"}:
        return drive, ()
    ready = replace(drive, phase="ready", carried=event.carried, last=event.carried, reason=None, back=event.back)
    return ready, (*_TELL, Do.FOLLOW)


def _refused(drive: Drive, event: Event) -> Step:
    waits = drive.phase in {*BUSY, "sick"}  # a ready one: a close look found too much missing
    if not isinstance(event, Refused) or event.attempt != drive.attempt or not waits:
        return drive, ()
    return Drive("refused", drive.attempt, drive.mark, event.reason), _TELL


def _told(drive: Drive, event: Event) -> Step:
    waits = drive.phase in {*WORKING, "sick", "told"}
    if not isinstance(event, Told) or event.attempt != drive.attempt or not waits or event.reason == drive.reason:
        return drive, ()
    told = Drive("told", drive.attempt, drive.mark, event.reason)
    return told, _TELL if is_news(drive, told) else (Do.PUBLISH,)


def _short(drive: Drive, event: Event) -> Step:
    if not isinstance(event, Short) or event.attempt != drive.attempt or drive.phase not in WORKING:
        return drive, ()
    return replace(drive, phase="waiting", reason=event.reason), _TELL


def _room(drive: Drive, _event: Event) -> Step:
    if drive.phase != "waiting":
        return drive, ()
    if drive.carried is None:  # there was not even room to judge it
        return _look(drive, drive.mark)
    return replace(drive, phase="reading", reason=None), (Do.COPY, *_TELL)


def _stalled(drive: Drive, event: Event) -> Step:
    if not isinstance(event, Stalled) or drive.phase not in {*WORKING, "ready", "ejecting"}:
        return drive, ()
    return replace(drive, phase="sick", reason=event.reason), _TELL


def _forgotten(drive: Drive, _event: Event) -> Step:
    return (Drive(attempt=drive.attempt + 1), _TELL) if drive.phase == "gone" else (drive, ())


def _asked(drive: Drive, event: Event) -> Step:
    what = event.what if isinstance(event, Asked) else ""
    if what in {"look-again", "sick"} and drive.phase not in {"absent", "gone"}:
        fresh, actions = _look(drive, drive.mark)
        return replace(fresh, recovered=fresh.recovered or what == "sick"), actions
    after = _BUTTONS.get((drive.phase, what))
    if after is None:
        return drive, ()
    before, then = (Do.STOP,) if drive.phase == "ready" else (), (Do.FOLLOW,) if after == "ready" else ()
    return replace(drive, phase=after), (*before, *_TELL, *then)


_BUTTONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("ready", "eject"): "ejecting",
        ("ejecting", "released"): "ejected",
        ("ejecting", "keep"): "ready",
        ("ejected", "keep"): "ready",
        ("sick", "eject"): "ejecting",
    }
)

_RULES = MappingProxyType(
    {
        Seen: _seen,
        Missing: _missing,
        Trusted: _trusted,
        Copied: _copied,
        Refused: _refused,
        Told: _told,
        Short: _short,
        Room: _room,
        Stalled: _stalled,
        Forgotten: _forgotten,
        Asked: _asked,
    }
)
