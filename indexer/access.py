"""The one gate: who may use a resource, where, when, and whether it may be taken home.

One pure function over values stands before every byte route and every listing. It refuses whatever it does not
understand: an unknown scope, an unknown member, a date or a number of seats that cannot be read.

The order of the questions, the first answer counts:

1. withdrawn by the issuer, suspended by the library
2. a children's face and a resource that is not marked for children
3. the terms cannot be understood
4. a catalogue entry: scope `none`, or no item at all
5. the first and last day
6. where the reader is, whether the reader is entitled, whether a seat is free
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from indexer.model import SCOPES, Access, Resource

ZONES = ("premises", "outside")
FACES = ("standard", "child", "elder")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReaderContext:
    """What is known of the reader.

    Attributes:
        zone: `premises` for the library's own network; anything else counts as outside.
        face: `standard`, `child` or `elder`; any other value counts as `child`, the strictest.
        card: whether the reader has signed in with a card.
        accessible: whether staff opened accessible editions for this reader.
    """

    zone: str = "outside"
    face: str = "standard"
    card: bool = False
    accessible: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says.

    Attributes:
        allowed: bytes may leave. listed: the record may stand in lists, results and feeds.
        download: the bytes may be taken home (never without `allowed`).
        reason: key of the sentence that tells the reader: rights.open, rights.premises.outside …
    """

    allowed: bool
    listed: bool
    download: bool
    reason: str


def decide(
    resource: Resource,
    reader: ReaderContext,
    *,
    day: dt.date | None,
    seats_taken: int = 0,
    withdrawn: bool = False,
    suspended: bool = False,
) -> Decision:
    """Whether `reader` may use `resource` now.

    Args:
        resource: the record with its items.
        reader: what is known of the reader.
        day: today in the library's time zone, None when the box cannot tell a plausible day: then resources with
            a first or last day wait.
        seats_taken: how many others use the resource at this moment.
        withdrawn: the newest trusted list of the issuer withdraws it (下架).
        suspended: the library itself has suspended it.
    """
    if withdrawn:
        return _hidden("rights.withdrawn")
    if suspended:
        return _hidden("rights.suspended")
    if reader.face not in {"standard", "elder"} and resource.audience.group != "children":
        return _hidden("rights.adults")
    if not is_understood(resource.access):
        return _refused("rights.unknown")
    if resource.access.scope == "none" or not resource.items:
        return _refused("rights.catalogue_only")
    return _by_day(resource.access, day) or _by_reader(resource.access, reader, seats_taken)


def is_understood(access: Access) -> bool:
    """Whether this version knows every member and value of `access`."""
    if access.unknown or access.scope not in SCOPES:
        return False
    if access.seats is None:
        if access.scope == "seats":
            return False
    elif access.seats < 1:
        return False
    first, last = _day(access.from_), _day(access.until)
    if (access.from_ and first is None) or (access.until and last is None):
        return False
    return first is None or last is None or first <= last


def may_be_taken_home(access: Access) -> bool:
    """Whether the terms let any reader take it home, on a day on which they hold; see `decide` for one reader."""
    return access.scope == "open" and access.download and is_understood(access)


def _hidden(reason: str) -> Decision:
    return Decision(allowed=False, listed=False, download=False, reason=reason)


def _refused(reason: str) -> Decision:
    return Decision(allowed=False, listed=True, download=False, reason=reason)


def _day(text: str) -> dt.date | None:
    """The ISO day, None when it is not one (`date.fromisoformat` would also take 20250101 and 2025-W01-1)."""
    if not _ISO_DAY.match(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _by_day(access: Access, day: dt.date | None) -> Decision | None:
    """The refusal of a resource whose time has not come or has passed; None when the day is no obstacle."""
    first, last = _day(access.from_), _day(access.until)
    if first is None and last is None:
        return None
    if day is None:
        return _refused("rights.date_unknown")
    if first is not None and day < first:
        return _refused("rights.from")
    if last is not None and day > last:
        return _refused("rights.ended")
    return None


def _by_reader(access: Access, reader: ReaderContext, seats_taken: int) -> Decision:
    """The answer of the scope. A number of seats binds under every scope."""
    refusal = _OBSTACLES[access.scope](reader)
    if refusal:
        return _refused(refusal)
    if access.seats is not None and seats_taken >= access.seats:
        return _refused("rights.seats.full")
    download = access.download and access.scope in {"open", "accessible-only"}
    return Decision(allowed=True, listed=True, download=download, reason=_reason(access, download=download))


def _reason(access: Access, *, download: bool) -> str:
    if access.scope == "premises":
        return "rights.premises"
    if access.scope == "accessible-only":
        return "rights.accessible_only"
    if access.seats is not None:
        return "rights.seats"
    if access.until:
        return "rights.until"
    return "rights.open" if download else "rights.read_only"


def _outside(reader: ReaderContext) -> str:
    return "" if reader.zone == "premises" else "rights.premises.outside"


def _not_entitled(reader: ReaderContext) -> str:
    return "" if reader.accessible else "rights.accessible_only"


def _no_obstacle(_reader: ReaderContext) -> str:
    return ""


# A scope that is missing here would be a KeyError, never an open door; `is_understood` answers before that.
_OBSTACLES: dict[str, Callable[[ReaderContext], str]] = {
    "open": _no_obstacle,
    "seats": _no_obstacle,
    "premises": _outside,
    "accessible-only": _not_entitled,
}
