"""The files by which the appliance hears of drives: one a device, replaced whole, small."""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import dataclass, fields
from pathlib import Path

SPOOL = Path("/run/shuxiang/events")
MAX_BYTES = 4096
MAX_TEXT = 200
STATES = ("mounted", "refused", "failed", "unreadable", "removed", "blocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What became of one device.

    Attributes:
        device: the kernel's name, `sdb1`; of a USB device that is no disk `usb-1-2`.
        state: one of `STATES`.
        path: where it is mounted. file_system, label, uuid: as the disk says; empty when it says nothing.
        reason: file_system, mount, no_file_system or not_storage; empty when all is well.
        detail: for the log, from outside: cut and without control characters.
        writable: whether the service may write on it now, because it asked (`lending`).
        at: seconds since 1970.
    """

    device: str
    state: str
    at: int
    path: str = ""
    file_system: str = ""
    label: str = ""
    uuid: str = ""
    reason: str = ""
    detail: str = ""
    writable: bool = False


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """A stranger's `text` on one line, without what does not print, at most `limit` characters."""
    shown = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text[: limit * 4])
    return " ".join(shown.split())[:limit]


def encode(event: Event) -> bytes:
    """The event's file: JSON in UTF-8, at most `MAX_BYTES`."""
    values = {
        "schema": 1,
        "device": event.device,
        "state": event.state,
        "path": event.path,
        "file_system": plain(event.file_system, 32),
        "label": plain(event.label, 64),
        "uuid": plain(event.uuid, 64),
        "reason": event.reason,
        "detail": plain(event.detail),
        "writable": event.writable,
        "at": event.at,
    }
    return json.dumps(values, ensure_ascii=False).encode()


def write(event: Event, spool: Path = SPOOL) -> None:
    """Put the event into the spool under its final name, or not at all.

    Raises:
        OSError: the spool is not there or full.
    """
    waiting = spool / f".{event.device}.new"
    with waiting.open("wb") as file:
        file.write(encode(event))
        os.fchmod(file.fileno(), 0o644)
    waiting.replace(spool / f"{event.device}.json")


def read(device: str, spool: Path = SPOOL) -> Event | None:
    """What the spool says of a device; None: nothing."""
    try:
        values = json.loads((spool / f"{device}.json").read_bytes())
        return Event(**{field.name: values[field.name] for field in fields(Event)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def state_of(device: str, spool: Path = SPOOL) -> str:
    """The state that the spool has of a device; empty: none."""
    event = read(device, spool=spool)
    return event.state if event is not None else ""
