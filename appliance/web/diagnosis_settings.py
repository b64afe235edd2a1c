"""Which settings the diagnosis file tells. Each is told, told in part, or withheld: a new one must be put somewhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.settings import Settings

WITHHELD = frozenset({"secret_file", "report_key", "support_phone", "premises_networks"})
"""Names a secret's place, is a key, is somebody's number, or may name a single terminal."""


def server_of(address: str) -> str:
    """Scheme, host and port of an address: what stands before, behind and below may be a token."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _servers(value: object) -> object:
    return [server_of(str(one)) for one in value] if isinstance(value, tuple) else server_of(str(value))


IN_PART: Mapping[str, Callable[[object], object]] = {
    "repair_origins": _servers,
    "update_origins": _servers,
    "report_url": lambda value: server_of(str(value)) if value else "",
}
TOLD = frozenset({
    "data_folder", "root_file", "library_name", "library_name_en", "home_place", "address", "opening_hours",
    "issuer_name", "support_name", "language", "utc_offset_minutes", "listen_host", "listen_port", "threads",
    "connections", "restart_seconds", "download_rate", "drive_paths", "drive_folders", "box_folder", "event_spool",
    "reconcile_seconds", "max_drives", "drive_threads", "drive_deadline_seconds", "chunk_cache_bytes", "reserve_bytes",
    "check_months", "check_after_seconds", "repair_bytes", "repair_folders", "update_window", "update_cap_bytes",
    "update_rate", "update_glance_seconds", "update_apply", "update_metered", "library_id", "image_date",
    "clock_horizon_years", "strict_trust", "staff_idle_minutes", "sign_in_tries", "sign_in_rest_minutes",
    "screen_font", "log_level",
})  # fmt: skip


def told_settings(settings: Settings) -> dict[str, object]:
    """What may be told, as JSON has it."""
    whole = {name: _plain(getattr(settings, name)) for name in sorted(TOLD)}
    return whole | {name: make(getattr(settings, name)) for name, make in IN_PART.items()}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, (Path, date)) else value
