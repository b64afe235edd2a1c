"""What a request knows: the services, the library's one view, the reader and the gate's answer."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, g, request, session

from appliance.clock import plausible_day
from appliance.errors import BusyError, SearchNotReadyError
from appliance.web.display import current_display
from indexer.access import Decision, ReaderContext, decide
from indexer.errors import IndexFormatError
from provisioning.words import Sentence, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from appliance.library.discovery import Discovery
    from appliance.library.library import Library
    from appliance.library.parts import Part
    from appliance.settings import Settings
    from appliance.web.seats import Seats
    from appliance.web.services import Services
    from indexer.model import Resource
    from provisioning.words.filling import Value

EXTENSION = "shuxiang"
SEATED = "seated"
"""Set on `flask.g` when the answer goes to somebody who has a seat: the browser then asks again at every use."""
_MARK, _NEW_MARK = "seat", "new_mark"
SEARCH_AWAY = (SearchNotReadyError, IndexFormatError, BusyError)
"""What a search raises while there is no usable index, for it is being made or broke, or while too many wait for it."""


@dataclass(frozen=True, slots=True)
class Box:
    """What the application was made with."""

    settings: Settings
    services: Services
    seats: Seats


def box() -> Box:
    """The settings and services of this application."""
    made: Box = current_app.extensions[EXTENSION]
    return made


def services() -> Services:
    """The services of this application."""
    return box().services


def settings() -> Settings:
    """The settings of this application."""
    return box().settings


def library() -> Library:
    """The library's view for this request; the same one until the request ends."""
    if "library" not in g:
        g.library = services().keeper.library
    view: Library = g.library
    return view


def discovery() -> Discovery:
    """Finding without a query, for this reader's face. Its questions raise what `SEARCH_AWAY` holds."""
    return library().discovery(child=current_display().gate_face == "child")


def words() -> Words:
    """The words in the reader's language."""
    return Words.load(current_display().language)


def say(key: str, **params: Value) -> Sentence:
    """The sentence of `key` as this reader's face says it."""
    spoken = words()
    faced = spoken.faced(key, current_display().gate_face)
    return spoken.sentence(faced, **{"support": settings().support_name, **params})


def local_now() -> dt.datetime:
    """The wall time in the library's own zone, believed or not."""
    zone = dt.timezone(dt.timedelta(minutes=settings().utc_offset_minutes))
    return services().clock.now().astimezone(zone)


def today() -> dt.date | None:
    """Today at the library, None when the clock cannot be believed."""
    if "today" not in g:
        made, reference = settings(), library().holdings.reference_time
        earliest = made.earliest
        if reference:
            earliest = max(earliest, dt.datetime.fromisoformat(reference))
        g.today = plausible_day(
            services().clock,
            earliest=earliest,
            horizon=made.horizon,
            utc_offset_minutes=made.utc_offset_minutes,
        )
    day: dt.date | None = g.today
    return day


@functools.lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


@functools.lru_cache(maxsize=256)
def zone_of(address: str, networks: tuple[str, ...]) -> str:
    """`premises` when the reader's address lies in one of `networks`, else `outside`.

    An IPv4 address that arrived over an IPv6 socket counts as the IPv4 address that it is.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "outside"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return "premises" if any(ip in n for n in _networks(networks) if n.version == ip.version) else "outside"


def reader() -> ReaderContext:
    """The reader of this request, as the gate sees them."""
    zone = zone_of(request.remote_addr or "", settings().premises_networks)
    return ReaderContext(zone=zone, face=current_display().gate_face)


def gate(resource: Resource) -> Decision:
    """The gate's answer for this reader, now; it takes no seat. Before bytes or a reader's page, ask `enter`."""
    limited = resource.access.seats is not None
    taken = box().seats.taken(resource.id, but=seat_names()) if limited else 0
    return _decide(resource, taken)


def _decide(resource: Resource, seats_taken: int = 0) -> Decision:
    withdrawn = library().is_withdrawn(resource.id)
    return decide(resource, reader(), day=today(), seats_taken=seats_taken, withdrawn=withdrawn)


def listed(parts: Iterable[Part]) -> list[Part]:
    """Those that the gate lists for this reader; the reader is looked at once for thousands of issues."""
    who, day, withdrawn = reader(), today(), library().is_withdrawn
    return [p for p in parts if decide(p.record, who, day=day, withdrawn=withdrawn(p.record.id)).listed]


def enter(resource: Resource) -> Decision:
    """The gate's answer to a reader who opens a resource or goes on with it: a seat is taken, or kept, where there are.

    Asked before every byte and every page of a reader. Taking is one step, so two who come at once get one seat.
    """
    decision, seats = _decide(resource), resource.access.seats
    if not decision.allowed or seats is None:
        return decision
    names = seat_names()
    mark_reader()
    if not box().seats.take(resource.id, names, seats):
        return _decide(resource, seats)
    g.seated = (resource.id, names[0])
    return decision


def seat_names() -> tuple[str, ...]:
    """Under what names this reader has seats: the session's mark when the browser sent one, and the address.

    A browser that refuses cookies has its address alone: all such browsers of one address have one seat together.
    """
    mark, address = session.get(_MARK), f"at {request.remote_addr or ''}"
    return (f"mark {mark}", address) if isinstance(mark, str) else (address,)


def browser() -> str:
    """What stands for this browser when bytes are shared out: the mark that it sent, else its address.

    A mark given in this very request does not count: who refuses cookies would have a new share each time.
    """
    return seat_names()[-1 if g.get(_NEW_MARK) else 0]


def mark_reader() -> None:
    """Give this browser a random mark, for its seats and its share of bytes, in the signed session cookie.

    It ends with the session.
    """
    if _MARK not in session:
        session[_MARK] = secrets.token_hex(16)
        setattr(g, _NEW_MARK, True)


def seats_left(resource: Resource) -> int:
    """How many readers more may open it now, this one among them."""
    seats = resource.access.seats or 0
    return max(0, seats - box().seats.taken(resource.id, but=seat_names()))


def keep_seat() -> Callable[[], None] | None:
    """What keeps the seat of this answer while its bytes go out; None when it has none. For use after the request."""
    seated: tuple[str, str] | None = g.get(SEATED)
    return functools.partial(box().seats.keep, *seated) if seated else None
