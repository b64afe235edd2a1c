"""What a box file says: its members, their shapes and bounds (docs/provisioning.md).

Every value has one form only. What comes through here can be put into a settings file or a network file as it is:
lines are printable, addresses are those of `ipaddress`, and nothing is longer than it may be.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

LIBRARY = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}\Z")
"""Id of a library: upper case, so that a file named by it is one on every file system."""
PLACE = re.compile(r"[1-9][0-9]{5}\Z")
WINDOW = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")
_PROVINCE = re.compile(r"[1-9][0-9]\Z")
_KEY = re.compile(r"[0-9a-f]{64}\Z")
_HASH = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]?),p=([1-9][0-9]?)\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\Z"
)
MAX_SERIAL = 1_000_000
MAX_ROOT = 32 << 10
"""Most characters of the root."""
MAX_NAME, MAX_LINE, MAX_ORIGINS, MAX_DNS = 64, 200, 8, 3
MAX_HASH_MEMORY, MAX_HASH_TIME, MAX_HASH_LANES = 256 << 10, 10, 8
"""Most that comparing the password may cost a box: KiB, passes, lanes."""
_FIRST, _LAST = date(2020, 1, 1), date(2100, 1, 1)

Check = Callable[[Any], bool]


class MemberError(Exception):
    """A member that is not what it may be. It never leaves this package."""


@dataclass(frozen=True, slots=True)
class Library:
    """Whose box. id: for ever; place: GB/T 2260 code, province: its first two digits; opening_hours: one line."""

    id: str
    name: str
    place: str
    name_en: str = ""
    opening_hours: str = ""

    @property
    def province(self) -> str:
        """Two digits."""
        return self.place[:2]


@dataclass(frozen=True, slots=True)
class Support:
    """Who helps; empty: the box says it in general words."""

    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Updates:
    """Where updates come from and what they may cost; the settings `update_*` of a box have the same values."""

    origins: tuple[str, ...] = ()
    window: str = "22:00-06:00"
    cap_bytes: int = 0
    rate: int = 0
    metered: str = "auto"


@dataclass(frozen=True, slots=True)
class ReportTo:
    """Where reports go and who signs their receipts; empty: they wait to be carried."""

    url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """How the box gets its address: `dhcp`, or `static` with address (`192.168.1.10/24`), gateway and name servers."""

    mode: str = "dhcp"
    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Staff:
    """The first account. password_hash: Argon2id, used only while the box has no account."""

    name: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a box file says.

    Attributes:
        serial: grows with each file of a library.
        issued, expires: the last day for the first application is `expires`; a box that runs with it goes on for ever.
        root: the first TUF root, as JSON text.
        recovery_key: public key, hexadecimal, of what may reset the staff password.
        image_floor: no clock of the box is right before this day.
    """

    serial: int
    issued: date
    expires: date
    library: Library
    root: str
    staff: Staff
    recovery_key: str
    image_floor: date
    support: Support = Support()
    updates: Updates = Updates()
    report: ReportTo = ReportTo()
    network: Network = Network()


def is_line(most: int, *, empty: bool = False) -> Check:
    """One line of printable text without blanks around it."""
    return lambda v: isinstance(v, str) and len(v) <= most and v.isprintable() and v.strip() == v and (empty or bool(v))


def is_like(pattern: re.Pattern[str], *, empty: bool = False) -> Check:
    """Text of a pattern."""
    return lambda v: isinstance(v, str) and (bool(pattern.match(v)) or (empty and not v))


def is_between(low: int, high: int) -> Check:
    """An integer, not a truth value."""
    return lambda v: type(v) is int and low <= v <= high


def is_url(value: Any) -> bool:
    """An http(s) address without user, query and fragment."""
    if not (isinstance(value, str) and value.isascii() and is_line(MAX_LINE)(value)) or set(value) & set(' "<>\\^`{|}'):
        return False
    try:
        found = urlsplit(value)
        return (
            found.scheme in {"http", "https"}
            and bool(found.hostname)
            and found.port != 0
            and not (found.username or found.password or found.query or found.fragment)
        )
    except ValueError:
        return False


def is_day(value: Any) -> bool:
    """A day from 2020 to 2100, as 2026-11-27."""
    try:
        return isinstance(value, str) and len(value) == 10 and _FIRST <= date.fromisoformat(value) <= _LAST
    except ValueError:
        return False


def is_root(value: Any) -> bool:
    """Text of a TUF root, as far as its own members say."""
    try:
        found = json.loads(value) if isinstance(value, str) and len(value) <= MAX_ROOT else None
    except (ValueError, RecursionError):
        return False
    signed = found.get("signed") if isinstance(found, dict) else None
    return isinstance(signed, dict) and signed.get("_type") == "root"


def _is_hash(value: Any) -> bool:
    found = _HASH.match(value) if isinstance(value, str) else None
    if found is None:
        return False
    memory, time, lanes = map(int, found.groups())
    return memory <= MAX_HASH_MEMORY and time <= MAX_HASH_TIME and lanes <= MAX_HASH_LANES and memory >= 8 * lanes


def is_host(value: Any) -> bool:
    """An IPv4 address of one machine, in its one form."""
    try:
        found = ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return found is not None and not (found.is_multicast or found.is_unspecified or found.is_loopback)


def is_static(address: str, gateway: str) -> bool:
    """Whether a box can have this address, as 192.168.1.10/24, and the gateway is its neighbour (or empty)."""
    try:
        found = ipaddress.IPv4Interface(address)
    except ValueError:
        return False
    network, ends = found.network, {found.network.network_address, found.network.broadcast_address}
    if str(found) != address or not 8 <= network.prefixlen <= 30 or not is_host(str(found.ip)) or found.ip in ends:
        return False
    if not gateway:
        return True
    return is_host(gateway) and (other := ipaddress.IPv4Address(gateway)) in network and other not in {found.ip, *ends}


def _list(check: Check, most: int) -> Check:
    return lambda v: isinstance(v, list) and len(v) <= most and len(set(map(str, v))) == len(v) and all(map(check, v))


_MEMBERS: dict[str, dict[str, Check]] = {
    "library": {
        "id": is_like(LIBRARY), "name": is_line(MAX_NAME), "name_en": is_line(MAX_LINE, empty=True),
        "opening_hours": is_line(MAX_LINE, empty=True), "place": is_like(PLACE), "province": is_like(_PROVINCE),
    },
    "support": {"name": is_line(MAX_NAME, empty=True), "phone": is_line(MAX_NAME, empty=True)},
    "updates": {
        "cap_bytes": is_between(0, 1 << 50), "metered": lambda v: v in ("auto", "yes", "no"),
        "origins": _list(is_url, MAX_ORIGINS), "rate": is_between(0, 10**10), "window": is_like(WINDOW, empty=True),
    },
    "report": {"key": is_like(_KEY, empty=True), "url": lambda v: v == "" or is_url(v)},
    "network": {
        "address": is_line(MAX_NAME, empty=True), "dns": _list(is_host, MAX_DNS),
        "gateway": is_line(MAX_NAME, empty=True), "mode": lambda v: v in ("dhcp", "static"),
    },
    "staff": {"name": is_line(32), "password_hash": _is_hash},
    "recovery": {"public_key": is_like(_KEY)},
}  # fmt: skip
_PLAIN: dict[str, Check] = {
    "schema": is_between(1, 1), "type": lambda v: v == "box", "serial": is_between(1, MAX_SERIAL), "issued": is_day,
    "expires": is_day, "image_floor": is_day, "root": is_root,
}  # fmt: skip


def check_members(found: Mapping[str, Any], members: Mapping[str, Check], name: str) -> None:
    """Whether an object has these members and no other, each as it may be.

    Raises:
        MemberError: it has not; it names the member, never the value.
    """
    if set(found) != set(members):
        raise MemberError(f"{name} has other members than it may")
    for member, check in members.items():
        if not check(found[member]):
            raise MemberError(f"{name}.{member} is not what it may be")


def facts_of(signed: Mapping[str, Any]) -> Facts:
    """What a signed object says.

    Raises:
        MemberError: it is not the one of a box file of this schema.
    """
    objects = {name: signed.get(name) for name in _MEMBERS}
    for name, members in _MEMBERS.items():
        part = objects[name]
        if not isinstance(part, dict):
            raise MemberError(f"{name} is no object")
        check_members(part, members, name)
    check_members(signed, {**_PLAIN, **dict.fromkeys(_MEMBERS, lambda v: isinstance(v, dict))}, "box")
    library, network = signed["library"], signed["network"]
    _check_together(signed, library, network)
    return Facts(
        serial=signed["serial"],
        issued=date.fromisoformat(signed["issued"]),
        expires=date.fromisoformat(signed["expires"]),
        library=Library(**{name: value for name, value in library.items() if name != "province"}),
        root=signed["root"],
        staff=Staff(**signed["staff"]),
        recovery_key=signed["recovery"]["public_key"],
        image_floor=date.fromisoformat(signed["image_floor"]),
        support=Support(**signed["support"]),
        updates=Updates(**{**signed["updates"], "origins": tuple(signed["updates"]["origins"])}),
        report=ReportTo(**signed["report"]),
        network=Network(**{**network, "dns": tuple(network["dns"])}),
    )


def _check_together(signed: Mapping[str, Any], library: Mapping[str, Any], network: Mapping[str, Any]) -> None:
    """What single members cannot show."""
    if signed["expires"] <= signed["issued"]:
        raise MemberError("expires is not after issued")
    if library["province"] != library["place"][:2]:
        raise MemberError("library.province is not that of library.place")
    if network["mode"] == "static":
        if not is_static(network["address"], network["gateway"]):
            raise MemberError("network.address is none, or network.gateway is none of its network")
    elif network["address"] or network["gateway"] or network["dns"]:
        raise MemberError("network has addresses, but takes them from the network")


def signed_of(facts: Facts) -> dict[str, Any]:
    """The object that is signed, for facts.

    Raises:
        MemberError: a fact is not what it may be.
    """
    library, network, updates = facts.library, facts.network, facts.updates
    signed = {
        "schema": 1,
        "type": "box",
        "serial": facts.serial,
        "issued": facts.issued.isoformat(),
        "expires": facts.expires.isoformat(),
        "library": {
            "id": library.id, "name": library.name, "name_en": library.name_en,
            "opening_hours": library.opening_hours, "place": library.place, "province": library.province,
        },
        "support": {"name": facts.support.name, "phone": facts.support.phone},
        "root": facts.root,
        "updates": {
            "cap_bytes": updates.cap_bytes, "metered": updates.metered, "origins": list(updates.origins),
            "rate": updates.rate, "window": updates.window,
        },
        "report": {"key": facts.report.key, "url": facts.report.url},
        "network": {
            "address": network.address, "dns": list(network.dns), "gateway": network.gateway, "mode": network.mode,
        },
        "staff": {"name": facts.staff.name, "password_hash": facts.staff.password_hash},
        "recovery": {"public_key": facts.recovery_key},
        "image_floor": facts.image_floor.isoformat(),
    }  # fmt: skip
    facts_of(signed)
    return signed
