"""attach, detach: a block device came or went. blocked, unblocked: a USB device that is no disk did.

Their argument is the device's folder in sysfs. lend: the service asks for a disk to write on, see `lending`.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from image.drive import events, lending, mounting, owners, sticks
from image.drive.decision import decide
from image.drive.events import Event
from image.drive.probe import Found, probe

_PLACE = re.compile(r"/sys/devices/[0-9A-Za-z._:/+-]{1,400}", re.ASCII)
_BLOCK = re.compile(_PLACE.pattern + r"/block/([a-z][a-z0-9]{1,31}/)?[a-z][a-z0-9]{1,31}", re.ASCII)


def main(arguments: list[str]) -> int:
    """Do what the unit asks for; return 2 for a command line that no unit of ours has."""
    match arguments:
        case ["attach", place] if _BLOCK.fullmatch(place):
            attach(Path(place))
        case ["detach", place] if _BLOCK.fullmatch(place):
            detach(Path(place))
        case ["blocked", place] if _PLACE.fullmatch(place):
            blocked(Path(place))
        case ["unblocked", place] if _PLACE.fullmatch(place):
            unblocked(Path(place))
        case ["lend"]:
            lending.run()
        case _:
            return 2
    return 0


def _now() -> int:
    return int(time.time())  # noqa: TID251 -- a process of seconds, which has no clock to be passed in


def attach(place: Path) -> None:
    """Look at a block device, mount it if it may be, and say what became of it."""
    device = place.name
    with owners.held():
        owners.take(device, place)
        left = sticks.forget(device)
    try:
        found = probe(place)
    except OSError:
        return
    decision = decide(found)
    copied = 0
    if decision.act == "mount":
        done, detail = mounting.mount(device, found.kind, decision.options)
        copied = sticks.collect(mounting.MEDIA / device, device) if done else 0
        if done:
            say(place, found, "mounted", path=str(mounting.MEDIA / device))
        else:
            say(place, found, "failed", reason="mount", detail=detail)
    elif decision.act != "ignore":
        say(place, found, decision.act, reason=decision.reason)
    if copied or left:
        sticks.call_box_step()


def say(place: Path, found: Found, state: str, *, path: str = "", reason: str = "", detail: str = "") -> None:
    """Write the event of a block device, unless its name belongs to another one by now."""
    event = Event(
        device=found.device, state=state, at=_now(), path=path, file_system=found.kind, label=found.label,
        uuid=found.uuid, reason=reason, detail=detail,
    )  # fmt: skip
    with owners.held():
        if owners.belongs(found.device, place):
            events.write(event)


def detach(place: Path) -> None:
    """A block device has gone, or its unit was stopped. Its mount goes by itself, it is bound to the device."""
    device = place.name
    with owners.held():
        if not owners.belongs(device, place):
            return
        owners.leave(device)
        if events.state_of(device):
            events.write(Event(device=device, state="removed", at=_now()))
        left = sticks.forget(device)
    if place.exists():
        mounting.unmount(device)
    if left:
        sticks.call_box_step()


def usb_name(path: Path) -> str:
    """How a USB device is called in events: `usb-1-2`."""
    return "usb-" + re.sub(r"[^0-9a-z.-]", "", path.name.lower())[:32]


def blocked(path: Path) -> None:
    """Say that a USB device was not let in; the unit asks only after usbguard has decided."""
    detail = f"{_line(path / 'manufacturer')} {_line(path / 'product')}"
    event = Event(device=usb_name(path), state="blocked", at=_now(), reason="not_storage", detail=detail)
    events.write(event)


def unblocked(path: Path) -> None:
    """It has been pulled out."""
    device = usb_name(path)
    if events.state_of(device) == "blocked":
        events.write(Event(device=device, state="removed", at=_now()))


def _line(path: Path) -> str:
    try:
        return path.read_bytes()[:400].decode("utf-8", "replace").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
