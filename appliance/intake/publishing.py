"""Putting together the holdings document from what the driver knows: pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from appliance.intake.editions import is_mixed
from appliance.intake.states import Carried, Drive
from appliance.intake.wording import Around, drive_message, drive_name
from appliance.store.holdings import HeldDrive, HeldRelease, Part
from appliance.store.releases import Stored, folder_name, truth_digest
from packager.format.release import Admission, Release
from provisioning.words import CHINESE, Words


@dataclass(frozen=True, slots=True)
class Standing:
    """One place as the document needs it.

    Attributes:
        key: see `drive_key`. folder: where the drive is.
        drive: its state. since: when it entered it, ISO time in UTC. order: grows with every change of state.
        seconds_left: of reading its catalogue.
        looked: whether a look was taken since the worker began.
    """

    key: str
    folder: Path
    drive: Drive
    since: str = ""
    order: int = 0
    seconds_left: int = 0
    looked: bool = True


def drive_key(folder: Path) -> str:
    """A short stable name of a place: 12 hexadecimal digits."""
    return hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def carried_by(admission: Admission, issuer: str) -> Carried:
    """What an admitted drive carries."""
    release = admission.release
    return Carried(
        bundle=release.bundle,
        seq=release.seq,
        edition=release.edition,
        issuer=issuer,
        name=Words.load(CHINESE).bundle(release.bundle, release.name),
        folder=folder_name(release),
        tagmanifest=admission.disk.tagmanifest,
        disk=admission.disk.n,
        disks=len(release.disks),
        newest=admission.newest,
        count=release.count,
    )


def held_releases(
    stored: Sequence[Stored],
    trusted: Iterable[Release],
    part: Callable[[Stored, str], Part],
    issuer: str,
    held_back: Mapping[str, str] = MappingProxyType({}),
) -> tuple[HeldRelease, ...]:
    """The releases on the SSD that are still trusted, by bundle, then number falling, with the live ones marked.

    Live is the newest of its bundle that can be browsed; while none can, the newest. One that came by an update takes
    over when it can be searched as well: nobody waits for it, and the one before is whole. One that is held back is
    live only when there is no other: the others may have been taken back meanwhile.

    Args:
        stored: what is on the SSD.
        trusted: releases of the newest trusted list; one that was taken back is not among them.
        part: state of a derived file.
        issuer: who signs, as readers are told.
        held_back: folder → why readers do not get it.
    """
    listed = {folder_name(release): release for release in trusted}
    found = [
        replace(_held(s, listed[s.folder], part, issuer), held_back=held_back.get(s.folder, ""))
        for s in stored
        if s.folder in listed
    ]
    found.sort(key=lambda r: (r.bundle, -r.seq, r.folder))
    updated = frozenset(s.folder for s in stored if not s.samples)
    live: dict[str, HeldRelease] = {}
    for release in sorted(found, key=lambda r: bool(r.held_back)):
        if release.held_back and release.bundle in live:
            continue
        best = live.get(release.bundle)
        if best is None or (not _is_usable(best, updated) and _is_usable(release, updated)):
            live[release.bundle] = release
    return tuple(replace(r, live=live[r.bundle] is r) for r in found)


def _is_usable(release: HeldRelease, updated: frozenset[str]) -> bool:
    parts = (release.catalogue, release.search) if release.folder in updated else (release.catalogue,)
    return all(part.state == "ready" for part in parts)


def _held(stored: Stored, release: Release, part: Callable[[Stored, str], Part], issuer: str) -> HeldRelease:
    return HeldRelease(
        bundle=release.bundle,
        seq=release.seq,
        edition=release.edition,
        issued=release.issued,
        issuer=issuer,
        name=Words.load(CHINESE).bundle(release.bundle, release.name),
        folder=stored.folder,
        truth=truth_digest(release.truth),
        count=release.count,
        disks=len(release.disks),
        shares=tuple(disk.count for disk in release.disks) if len(release.disks) > 1 else (),
        catalogue=part(stored, "catalogue"),
        search=part(stored, "search"),
    )


def newest_numbers(trusted: Iterable[Release]) -> dict[str, int]:
    """Bundle → the highest number that is trusted."""
    newest: dict[str, int] = {}
    for release in trusted:
        newest[release.bundle] = max(release.seq, newest.get(release.bundle, 0))
    return newest


def up_to_date(drive: Drive, newest: Mapping[str, int]) -> Drive:
    """The drive with what the newest list says of its age; it may have aged since it came."""
    carried = drive.carried
    if carried is None:
        return drive
    return replace(drive, carried=replace(carried, newest=carried.seq >= newest.get(carried.bundle, 0)))


def held_drives(places: Sequence[Standing], releases: Sequence[HeldRelease]) -> tuple[HeldDrive, ...]:
    """All drives with their sentences, by key.

    Args:
        places: every place, see `up_to_date`; those where nothing is are left out.
        releases: held releases.
    """
    serving = [p for p in places if p.drive.phase == "ready" and p.drive.carried is not None]
    held = {release.folder: release for release in releases}
    in_hand = [carried for p in places if (carried := _carried(p.drive)) is not None]
    here = [p for p in sorted(places, key=lambda p: p.key) if p.drive.phase != "absent"]
    return tuple(_drive(p, serving, held, in_hand) for p in here)


def _carried(drive: Drive) -> Carried | None:
    return drive.carried or (drive.last if drive.phase == "gone" else None)


def _drive(
    place: Standing, serving: Sequence[Standing], held: Mapping[str, HeldRelease], in_hand: Sequence[Carried]
) -> HeldDrive:
    drive = place.drive
    carried = _carried(drive)
    others = [p for p in serving if p is not place]
    twin = carried is not None and any(_is_twin(p, carried) and p.order < place.order for p in others)
    around = Around(
        serving=[p.drive.carried for p in others if p.drive.carried is not None],
        missed=_missed(carried, held) if carried else 0,
        seconds_left=place.seconds_left,
        twin_first=twin,
        release=held.get(carried.folder) if carried else None,
        mixed=carried is not None and is_mixed(carried.bundle, carried.folder, in_hand),
    )
    return HeldDrive(
        key=place.key,
        path=str(place.folder),
        name=drive_name(carried),
        state=drive.phase,
        message=drive_message(drive, around),
        bundle=carried.bundle if carried else "",
        seq=carried.seq if carried else 0,
        folder=carried.folder if carried else "",
        disk=carried.disk if carried else 0,
        newest=carried.newest if carried else True,
        duplicate=twin and drive.phase == "ready",
        tagmanifest=carried.tagmanifest if carried else "",
        since=place.since,
    )


def _missed(carried: Carried, held: Mapping[str, HeldRelease]) -> int:
    """Resources that only the catalogue shows while this drive is gone."""
    release = held.get(carried.folder)
    return release.share(carried.disk) if release else carried.count


def _is_twin(place: Standing, carried: Carried) -> bool:
    return place.drive.carried is not None and place.drive.carried.tagmanifest == carried.tagmanifest


def restored(held: HeldDrive, releases: Iterable[HeldRelease]) -> Drive:
    """What the last document says of a drive, for going on after a restart or a power cut."""
    release = next((r for r in releases if r.folder == held.folder), None)
    if release is None or not held.tagmanifest:
        return Drive(held.state)
    last = Carried(
        bundle=held.bundle,
        seq=held.seq,
        edition=release.edition,
        issuer=release.issuer,
        name=release.name,
        folder=held.folder,
        tagmanifest=held.tagmanifest,
        disk=held.disk,
        disks=release.disks,
        newest=held.newest,
        count=release.count,
    )
    return Drive(held.state, last=last)
