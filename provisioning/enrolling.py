"""Devices in the ledger: entered when their files came home, retired when another box takes their place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from provisioning.device_file import DeviceFile
from provisioning.errors import ListError
from provisioning.issuing import ISSUED, Entry
from provisioning.keys import Key, PublicKey
from provisioning.registry import Registry, make_registry

if TYPE_CHECKING:
    from provisioning.ledger import Ledger, Line

DEVICE, RETIRED, REGISTRY = "device", "retired", "registry"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a run did. new: devices entered; known: those that were there; retired: those that ended."""

    new: tuple[DeviceFile, ...]
    known: int
    retired: int


def enrol(ledger: Ledger, devices: Mapping[str, DeviceFile], entry: Entry, *, replace: bool = False) -> Enrolled:
    """Enter devices, all in one step.

    Args:
        ledger: where.
        devices: by the name of the file that each came in, for what is told.
        entry: who.
        replace: whether a library's device may take the place of the one that it has.

    Raises:
        ListError: a library has no box file, or another device already, or comes twice; nothing was entered.
    """
    new: list[DeviceFile] = []
    counts = {"known": 0, "retired": 0}

    def make() -> Iterator[Line]:
        active, problems = active_devices(ledger), []
        issued, lines, seen = ledger.last_by_library(ISSUED), [], dict[str, str]()
        for name, device in devices.items():
            raw, library = device.key.raw.hex(), device.library
            others = [key for key, owner in active.items() if owner == library and key != raw]
            if active.get(raw) == library or seen.get(library) == raw:
                counts["known"] += 1
            elif problem := _problem(device, issued, active, seen, others, replace=replace):
                problems.append(f"{name}　{problem}")
            else:
                seen[library] = raw
                new.append(device)
                lines += [_line(RETIRED, library, key, entry) for key in others]
                counts["retired"] += len(others)
                lines.append({**_line(DEVICE, library, raw, entry), "made": device.made.isoformat()})
        if problems:
            raise ListError(
                "有几个设备文件不能登记，这一批都没有登记。请照上面逐行核对，再执行同一命令", tuple(problems)
            )
        yield from lines

    ledger.enter(make)
    return Enrolled(tuple(new), counts["known"], counts["retired"])


def _problem(
    device: DeviceFile,
    issued: Mapping[str, Line],
    active: Mapping[str, str],
    seen: Mapping[str, str],
    others: Sequence[str],
    *,
    replace: bool,
) -> str:
    if device.library not in issued:
        return f"台账里没有馆号 {device.library}"
    if device.key.raw.hex() in active:
        return f"这台主机已登记在 {active[device.key.raw.hex()]} 名下"
    if device.library in seen:
        return f"{device.library} 这一批里有两台不同的主机，请核对"
    if others and not replace:
        return f"{device.library} 已登记另一台主机。确是换机，请加 --replace"
    return ""


def active_devices(ledger: Ledger) -> dict[str, str]:
    """Libraries by the public keys (hexadecimal) of their devices that were not retired."""
    active: dict[str, str] = {}
    for line in ledger.lines():
        if line["what"] == DEVICE:
            active[line["key"]] = line["library"]
        elif line["what"] == RETIRED:
            active.pop(line["key"], None)
    return active


def sign_registry(ledger: Ledger, key: Key, entry: Entry, day: date) -> Registry:
    """The registry of all devices: with the number and day of the last one while nothing has changed since.

    Raises:
        CommandError: the ledger cannot be written.
    """
    found: list[Registry] = []

    def make() -> Iterator[Line]:
        devices = [(library, PublicKey(bytes.fromhex(raw))) for raw, library in active_devices(ledger).items()]
        before = ledger.lines(REGISTRY)
        if before:
            last = make_registry(before[-1]["number"], date.fromisoformat(before[-1]["issued"]), devices, key)
            if _digest(last) == before[-1]["sha256"]:
                found.append(last)
                return
        made = make_registry(before[-1]["number"] + 1 if before else 1, day, devices, key)
        found.append(made)
        yield {
            "what": REGISTRY, "number": made.number, "issued": day.isoformat(), "sha256": _digest(made),
            "at": entry.at, "by": entry.by,
        }  # fmt: skip

    ledger.enter(make)
    return found[0]


def _digest(registry: Registry) -> str:
    return hashlib.sha256(registry.content).hexdigest()


def _line(what: str, library: str, raw: str, entry: Entry) -> Line:
    return {"what": what, "library": library, "key": raw, "at": entry.at, "by": entry.by}
