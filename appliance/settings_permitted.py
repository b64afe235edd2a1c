"""Which values the settings of a box may have, and how that is said to whoever wrote another."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

LANGUAGES = ("zh-Hans", "en")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
UPDATE_APPLY = ("closing", "at-once")


def _between(low: int, high: int) -> tuple[Callable[[Any], bool], str]:
    return (lambda v: low <= v <= high), f"{low} to {high}"


def _one_of(*values: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda v: v in values), " or ".join(values)


def _networks(values: tuple[str, ...]) -> bool:
    try:
        return all(ipaddress.ip_network(v) for v in values)
    except ValueError:
        return False


def _addresses(values: tuple[str, ...]) -> bool:
    try:
        found = [(u.scheme, u.hostname, u.port, u.query, u.fragment) for u in map(urlsplit, values)]
    except ValueError:
        return False
    return all(scheme in {"http", "https"} and host and not q and not f for scheme, host, _, q, f in found)


_PLACE = re.compile(r"[0-9]{6}\Z")
_WINDOW = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")

_LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}\Z")

PERMITTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "library_name": (bool, "a name"),
    "language": _one_of(*LANGUAGES),
    "home_place": (lambda v: not v or bool(_PLACE.match(v)), "six digits of GB/T 2260 such as 510116, or nothing"),
    "utc_offset_minutes": _between(-840, 840),
    "listen_port": _between(0, 65535),
    "threads": _between(1, 256),
    "connections": _between(10, 20000),
    "restart_seconds": _between(1, 600),
    "download_rate": _between(0, 10**10),
    "reconcile_seconds": _between(1, 60),
    "max_drives": _between(1, 64),
    "drive_threads": _between(1, 16),
    "drive_deadline_seconds": _between(1, 600),
    "chunk_cache_bytes": _between(8 << 20, 64 << 30),
    "reserve_bytes": _between(0, 1 << 40),
    "check_months": _between(0, 120),
    "check_after_seconds": _between(0, 86400),
    "repair_bytes": _between(0, 1 << 40),
    "repair_origins": (_addresses, "a list of addresses such as https://example.org/library"),
    "update_origins": (_addresses, "a list of addresses such as https://example.org/library"),
    "update_window": (lambda v: not v or bool(_WINDOW.match(v)), "a span of the day such as 22:00-06:00, or nothing"),
    "update_cap_bytes": _between(0, 1 << 50),
    "update_rate": _between(0, 10**10),
    "update_glance_seconds": _between(0, 86400),
    "update_apply": _one_of(*UPDATE_APPLY),
    "update_metered": _one_of("auto", "yes", "no"),
    "report_url": (lambda v: not v or _addresses((v,)), "an address such as https://example.org/returns, or nothing"),
    "report_key": (
        lambda v: not v or bool(re.fullmatch(r"[0-9a-f]{64}", v)),
        "a public key of 64 hexadecimal digits, or nothing",
    ),
    "library_id": (lambda v: not v or bool(_LIBRARY.match(v)), "up to 32 letters, digits and -, or nothing"),
    "image_date": (lambda d: date(2020, 1, 1) <= d <= date(2100, 1, 1), "a date from 2020 to 2100"),
    "clock_horizon_years": _between(1, 100),
    "premises_networks": (_networks, "a list of networks such as 192.168.0.0/16"),
    "staff_idle_minutes": _between(1, 1440),
    "sign_in_tries": _between(3, 20),
    "sign_in_rest_minutes": _between(1, 1440),
    "log_level": _one_of(*LOG_LEVELS),
}
"""By name: whether a value may be, and what is expected."""
