"""Which sentence a drive and the box get: pure functions over what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.intake.editions import is_mixed, missing_disks
from appliance.intake.states import Carried, Drive
from appliance.store.holdings import HeldRelease, Message, Value

MINUTE = 60


def drive_name(carried: Carried | None) -> str:
    """What staff call a drive, as on its label: 国家版, 国家版第 2 块; empty before it is known."""
    if carried is None:
        return ""
    return carried.name if carried.disks == 1 else f"{carried.name}第 {carried.disk} 块"


def sick_message(carried: Carried | None) -> Message:
    """The sentence of a drive that does not answer."""
    return Message("intake.sick", {"drive": drive_name(carried)})


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known when a drive's sentence is chosen.

    Attributes:
        serving: what the other serving drives carry.
        missed: resources that only the catalogue shows while this drive is gone.
        seconds_left: of reading its catalogue, 0 when unknown.
        twin_first: whether another serving drive with the same content came before it.
        release: what it carries, as held; None before that is on the SSD.
        mixed: whether another edition of its bundle is in hand, so that its own must be named.
    """

    serving: Sequence[Carried] = ()
    missed: int = 0
    seconds_left: int = 0
    twin_first: bool = False
    release: HeldRelease | None = None
    mixed: bool = False


def drive_message(drive: Drive, around: Around) -> Message:
    """The sentence of a drive."""
    if drive.reason is not None and drive.phase in {"refused", "told", "waiting", "sick"}:
        return drive.reason
    if drive.phase == "reading":
        return Message("intake.reading_catalogue", {"minutes": max(1, -(-around.seconds_left // MINUTE))})
    if drive.phase == "ejecting":
        return Message("intake.unplug.waiting", {"count": 0, "minutes": 0})
    if drive.phase == "ejected":
        return Message("intake.unplug.safe", {"drive": drive_name(drive.carried)})
    if drive.phase == "gone":
        return _gone(drive.last, around)
    if drive.phase == "ready" and drive.carried is not None:
        return _ready(drive, drive.carried, around)
    return Message("intake.recognising")


def _gone(last: Carried | None, around: Around) -> Message:
    params: dict[str, Value] = {"drive": drive_name(last)}
    if around.mixed and last is not None:
        # How much is missed is not known: drives of the other edition give what both editions hold.
        return Message("intake.unplugged.edition", {**params, "edition": last.edition})
    return Message("intake.unplugged.idle", {**params, "count": around.missed})


def _ready(drive: Drive, carried: Carried, around: Around) -> Message:
    params: dict[str, Value] = {
        "issuer": carried.issuer,
        "bundle": carried.name,
        "edition": carried.edition,
        "count": carried.count,
    }
    if around.twin_first:
        return Message("intake.duplicate")
    if not carried.newest:
        return Message("intake.trusted.older", params)
    if drive.recovered:
        return Message("intake.sick.back", {"drive": drive_name(carried)})
    if drive.back:
        return Message("intake.trusted.back")
    if carried.disks > 1:
        return _one_of_set(carried, around, params)
    if any(other.bundle != carried.bundle for other in around.serving):
        return Message("intake.trusted.second_bundle", params)
    return Message("intake.trusted", params)


def _one_of_set(carried: Carried, around: Around, params: dict[str, Value]) -> Message:
    """What a drive of a set brings, and what the drives bring that are still to be plugged in."""
    missing = missing_disks(carried, [*around.serving, carried])
    if not missing:
        return Message("intake.set.complete", {**params, "total": carried.disks})
    told: dict[str, Value] = {"bundle": carried.name, "n": carried.disk, "total": carried.disks, "left": len(missing)}
    if around.mixed or around.release is None:
        return Message("intake.set.part.edition", {**told, "edition": carried.edition})
    share = around.release.share
    return Message("intake.set.part", {**told, "done": share(carried.disk), "count": sum(map(share, missing))})


def notices(drives: Sequence[Drive], releases: Sequence[HeldRelease], *, seen_any: bool) -> tuple[Message, ...]:
    """What staff should know beyond single drives, the most pressing first.

    Args:
        drives: all of them.
        releases: held releases.
        seen_any: whether any drive is known at all, gone ones included.
    """
    found = [message for release in releases if release.live for message in _of_set(release, drives)]
    making = _index_notice([r for r in releases if r.live])
    if making is not None:
        found.append(making)
    if not seen_any:
        found.append(Message("home.no_drive"))
    return tuple(found)


def _of_set(release: HeldRelease, drives: Sequence[Drive]) -> list[Message]:
    """What there is to say of a release on several drives of which only some are here."""
    serving = [d.carried for d in drives if d.phase == "ready" and d.carried is not None]
    first = next((carried for carried in serving if carried.folder == release.folder), None)
    if first is None:
        return []
    missing = missing_disks(first, _told(drives))
    found = []
    if missing and any(c.bundle == release.bundle and c.folder != release.folder and c.disks > 1 for c in serving):
        found.append(Message("intake.set.mixed", {"bundle": release.name}))
    if missing:
        several = len(missing) > 1
        key = "intake.set.missing.several" if several else "intake.set.missing"
        params: dict[str, Value] = {"bundle": release.name, "total": release.disks}
        params["n"] = len(missing) if several else missing[0]
        if is_mixed(release.bundle, release.folder, serving):
            found.append(Message(f"{key}.edition", {**params, "edition": release.edition}))
        else:
            found.append(Message(key, {**params, "count": sum(release.share(n) for n in missing)}))
    return found


def _told(drives: Sequence[Drive]) -> list[Carried]:
    """What drives carry that serve or have a sentence of their own: slow, being read, let go, pulled out."""
    known = (d.carried or (d.last if d.phase in {"gone", "recognising"} else None) for d in drives)
    return [carried for carried in known if carried is not None]


def _index_notice(live: Sequence[HeldRelease]) -> Message | None:
    if any("failed" in (r.catalogue.state, r.search.state) for r in live):
        return Message("index.not_built")
    making = [p for r in live for p in (r.catalogue, r.search) if p.state in {"rebuilding", "waiting"}]
    if not making:
        lacking = any("unplugged" in (r.catalogue.state, r.search.state) for r in live)
        return Message("index.unplugged") if lacking else None
    left = sum(p.seconds_left for p in making)
    return Message("index.rebuilding", {"duration": max(MINUTE, left), "percent": min(p.percent for p in making)})
