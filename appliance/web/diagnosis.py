"""诊断文件: what a technician needs to know of this box, and nothing of its readers (docs/diagnosis.md).

Every member is named here one by one: what a later version adds to a store or a setting is not told before somebody
says so. Whatever is broken, there is a file: a part that cannot be had says only which error kept it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from appliance.intake.journal import Journal
from appliance.service.machine import disk_facts, machine_facts
from appliance.service.troubles import read_troubles
from appliance.store.identity import library_id_of
from appliance.web.context import library, services, settings, today
from appliance.web.diagnosis_settings import told_settings
from appliance.web.glance import in_chinese, standing
from indexer import __version__
from packager.format.files import RealFiles
from provisioning.words import CHINESE, Words

_log = logging.getLogger(__name__)

FORMAT = "shuxiang-diagnosis-1"
MAX_BYTES = 2 << 20
MAX_TEXT = 300
MAX_SAID, MAX_DRIVES, MAX_RELEASES, MAX_CHECKS = 60, 60, 100, 100
MAX_PLACES, MAX_REPAIRED, MAX_TAKEN, MAX_TROUBLES, MAX_MONTHS = 500, 100, 200, 200, 24
_DAY = 10
_JOURNAL = (
    "n", "at", "event", "drive", "attempt", "reason", "release", "disk", "device", "folder", "part", "do",
)  # fmt: skip
"""Members of a line of the intake's journal that are told."""


def diagnosis() -> bytes:
    """The file, at most `MAX_BYTES`."""
    made = {"format": FORMAT, "about": Words.load(CHINESE).label("staff.diagnosis_about")}
    body: dict[str, Any] = made | {name: _part(name, make) for name, make in PARTS.items()}
    return _fitting(_clean(body))


def _part(name: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - what is broken is what is asked about
        _log.warning("%s is left out of the diagnosis: %s", name, error)
        return {"failed": type(error).__qualname__}


def _fitting(body: dict[str, Any]) -> bytes:
    """As JSON; of the longest list the older half goes until it fits."""
    while len(content := json.dumps(body, ensure_ascii=False, indent=1).encode()) > MAX_BYTES:
        lists = {name: part for name, part in body.items() if isinstance(part, list) and len(part) > 1}
        longest = max(lists, key=lambda name: len(json.dumps(lists[name])))
        body[longest] = lists[longest][len(lists[longest]) // 2 :]
        body["shortened"] = sorted({*body.get("shortened", ()), longest})
    return content + b"\n"


def _clean(value: Any) -> Any:
    """Texts of one line and bounded length."""
    if isinstance(value, str):
        return "".join(sign if sign.isprintable() else " " for sign in value)[:MAX_TEXT]
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list | tuple) else value


# The parts, in the order in which somebody reads them


def _clock() -> dict[str, Any]:
    made = settings()
    return {
        "now": f"{services().clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "believed": today() is not None,
        "image_date": f"{made.image_date}",
        "newest_signed": library().holdings.reference_time,
        "utc_offset_minutes": made.utc_offset_minutes,
    }


def _library() -> dict[str, Any]:
    box = services().box()
    return {
        "name": settings().library_name,
        "id": library_id_of(settings()),
        "box_file": {
            "known": box.known, "configured": box.configured, "serial": box.serial, "issued": box.issued,
            "applied": box.applied, "kept": box.kept, "refused": [one.code for one in box.refused],
        },
        "recovery_sticks": [one.state for one in box.recovery],
    }  # fmt: skip


def _says() -> list[dict[str, Any]]:
    found = standing().all[:MAX_SAID]
    return [
        {"light": s.light, "key": s.message.key, "text": in_chinese(s), "drive": s.drive, "since": s.since}
        for s in found
    ]


def _software() -> dict[str, Any]:
    system, view = services().system(), library()
    worker = view.holdings.worker
    return {
        "version": __version__,
        "system": {
            "running": system.running, "state": system.state, "version": system.version,
            "percent": system.percent, "at": system.at, "waits": services().updates().system,
        },
        "worker": {"started": worker.started, "beat": worker.beat},
        "degraded": services().degraded,
        "accounts_away": services().accounts_away,
        "wishes_away": services().wishes is None,
    }  # fmt: skip


def _disk() -> dict[str, Any]:
    return disk_facts(settings().data_folder)


def _releases() -> list[dict[str, Any]]:
    return [
        {
            "bundle": r.bundle, "seq": r.seq, "edition": r.edition, "issued": r.issued, "folder": r.folder,
            "count": r.count, "disks": r.disks, "live": r.live, "held_back": r.held_back,
            "catalogue": [r.catalogue.state, r.catalogue.percent], "search": [r.search.state, r.search.percent],
        }
        for r in library().holdings.releases[:MAX_RELEASES]
    ]  # fmt: skip


def _drives() -> list[dict[str, Any]]:
    damaged, pools = services().faults.by_drive(), services().pools.states()
    return [
        {
            "key": d.key, "state": d.state, "says": d.message.key, "name": d.name if d.bundle else "",
            "bundle": d.bundle, "seq": d.seq, "disk": d.disk, "folder": d.folder, "tagmanifest": d.tagmanifest,
            "newest": d.newest, "duplicate": d.duplicate, "since": d.since, "damaged": damaged.get(d.key, 0),
            "sick": d.key in pools and pools[d.key].sick,
        }
        for d in library().holdings.drives[:MAX_DRIVES]
    ]  # fmt: skip


def _checks() -> list[dict[str, Any]]:
    return [
        {
            "drive": run.drive, "folder": run.folder, "state": run.state, "percent": run.percent, "found": run.found,
            "started": run.started, "changed": run.changed,
        }
        for run in services().upkeep().runs[:MAX_CHECKS]
    ]  # fmt: skip


def _faults() -> list[dict[str, Any]]:
    """Damaged places by day: the moment would tell when somebody read there."""
    return [
        {"sha256": f.sha256, "chunk": f.chunk, "kind": f.kind, "drive": f.drive, "day": f.found[:_DAY]}
        for f in services().faults.standing(MAX_PLACES)
    ]


def _repairs() -> dict[str, Any]:
    known = services().upkeep()
    return {
        "damaged_places": services().faults.count(),
        "nobody_has": len(known.attempts),
        "said": [{"key": r.key, "at": r.at} for r in known.reports[:MAX_SAID]],
        "mended": [
            {"sha256": r.sha256, "chunk": r.chunk, "source": r.source, "day": r.at[:_DAY]}
            for r in known.repaired[:MAX_REPAIRED]
        ],
    }


def _updates() -> dict[str, Any]:
    at, chosen = services().updates(), services().preferences()
    return {
        "checked": at.checked, "failing": at.failing, "making": at.making, "fetching": at.fetching,
        "paused": at.paused, "size": at.size, "done": at.done, "rate": at.rate, "months": dict(at.months),
        "metered": at.metered, "closing": at.closing, "applied": at.applied, "applied_at": at.applied_at,
        "chosen": {"window": chosen.window, "cap": chosen.cap, "by_staff": chosen.chosen},
    }  # fmt: skip


def _reports() -> list[dict[str, Any]]:
    return [
        {"month": r.month, "number": r.number, "made": r.made, "received": r.received, "reason": r.reason}
        for r in services().reports()[:MAX_MONTHS]
    ]


def _starts() -> list[dict[str, Any]]:
    return [{"kind": start.kind, "at": start.at} for start in services().starts().unwanted]


def _diary() -> list[dict[str, Any]]:
    return [
        {"at": line.at, "light": line.light, "key": line.key, "text": _text(line.key, line.params)}
        for line in services().happened()
    ]


def _text(key: str, params: Any) -> str:
    names = {"support": settings().support_name, "library": settings().library_name, "issuer": settings().issuer_name}
    spoken = Words.load(CHINESE)
    return spoken.message(key, {**names, **params}).text if spoken.has(key) else ""


def _intake() -> list[dict[str, Any]]:
    lines: Iterable[dict[str, Any]] = Journal(settings().journal_file, RealFiles(), services().clock).read()
    return [{name: line[name] for name in _JOURNAL if name in line} for line in list(lines)[-MAX_TAKEN:]]


def _troubles() -> list[dict[str, Any]]:
    return read_troubles(settings().data_folder, MAX_TROUBLES)


PARTS: dict[str, Callable[[], Any]] = {
    "clock": _clock,
    "library": _library,
    "says": _says,
    "software": _software,
    "machine": machine_facts,
    "disk": _disk,
    "releases": _releases,
    "drives": _drives,
    "checks": _checks,
    "faults": _faults,
    "repairs": _repairs,
    "updates": _updates,
    "reports": _reports,
    "starts": _starts,
    "settings": lambda: told_settings(settings()),
    "diary": _diary,
    "intake": _intake,
    "troubles": _troubles,
}
"""What is in the file, by member; docs/diagnosis.md says the same to people."""
