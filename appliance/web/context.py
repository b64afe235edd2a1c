"""What a request knows: the services, the library's one view, the reader and the gate's answer."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, g, request

from appliance.clock import plausible_day
from appliance.errors import SearchNotReadyError
from appliance.web.display import current_display
from indexer.access import Decision, ReaderContext, decide
from indexer.errors import IndexFormatError
from provisioning.words import Sentence, Words

if TYPE_CHECKING:
    from appliance.library.library import Library
    from appliance.settings import Settings
    from appliance.web.services import Services
    from indexer.model import Resource
    from provisioning.words.filling import Value

EXTENSION = "shuxiang"
SEARCH_AWAY = (SearchNotReadyError, IndexFormatError)
"""What a search raises while there is no usable index: it is being made, or it broke and is made again."""


@dataclass(frozen=True, slots=True)
class Box:
    """What the application was made with."""

    settings: Settings
    services: Services


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
    """The gate's answer for this reader, now."""
    return decide(resource, reader(), day=today())
