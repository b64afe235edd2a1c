"""Which drives are checked now: those that are plugged in and due, one thread each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from appliance.clock import Clock
from appliance.serving.pools import DrivePools
from appliance.settings import Settings
from appliance.store.checks import CheckRun, CheckStore, month_after
from appliance.store.objects import ObjectStore
from appliance.upkeep.check import DriveCheck
from appliance.upkeep.medium import MARK
from appliance.upkeep.payload import Plugged

_log = logging.getLogger(__name__)


class Checks:
    """Starts, stops and resumes the checks. For one thread."""

    def __init__(
        self, settings: Settings, clock: Clock, store: CheckStore, pools: DrivePools, objects: ObjectStore
    ) -> None:
        """Begin with what the store knows."""
        self._settings, self._clock, self._store = settings, clock, store
        self._pools, self._objects = pools, objects
        self._running: dict[str, DriveCheck] = {}
        self._met: dict[tuple[str, str], float] = {}
        self._rested: set[tuple[str, str]] = set()
        self._sick: dict[str, int] = {}
        store.forget_old()

    def identify(self, plugged: Iterable[Plugged]) -> list[Plugged]:
        """The same drives, each with the identity of its own check; the store learns where each medium is.

        A check belongs to a medium and what is on it. Where the medium cannot be known, it goes on with the drive in
        the place where it was last, else with any drive of that content that has none: so it follows a drive to
        another place, and two equal drives have two checks.
        """
        drives, runs = list(plugged), self._store.runs()
        found: dict[str, str] = {}
        for drive in drives:
            # Cheap housings may all tell one serial number: the second one is told by its place.
            if drive.medium and f"{drive.identity}+{drive.medium}" not in found.values():
                found[drive.key] = self._of_medium(drive, runs)
        nameless = [run for run in runs if not _tail(run).startswith(MARK)]
        for own in (True, False):
            for drive in drives:
                for run in nameless:
                    fits = run.identity.partition("+")[0] == drive.identity and (run.drive == drive.key or not own)
                    if fits and drive.key not in found and run.identity not in found.values():
                        found[drive.key] = run.identity
        for drive in drives:
            taken = drive.identity in found.values()
            found.setdefault(drive.key, f"{drive.identity}+{drive.key}" if taken else drive.identity)
        self._store.place({identity: key for key, identity in found.items()})
        return [replace(drive, identity=found[drive.key]) for drive in drives]

    def _of_medium(self, drive: Plugged, runs: Iterable[CheckRun]) -> str:
        """The identity of the check of a known medium; one from before media were told apart is taken over in place."""
        identity = f"{drive.identity}+{drive.medium}"
        known = {run.identity: run for run in runs}
        if identity not in known:
            for run in known.values():
                mine = run.identity.startswith(drive.identity) and run.drive == drive.key
                if mine and not _tail(run).startswith(MARK):
                    self._store.rekey(run.identity, identity)
                    break
        return identity

    def turn(self, plugged: Iterable[Plugged], sizes: Mapping[str, tuple[int, int]]) -> None:
        """Stop the checks of drives that are gone, begin what is due.

        Args:
            plugged: drives that serve now.
            sizes: identity → bytes of payload and number of resources on it.
        """
        here = {(p.identity, p.since): p for p in plugged}
        now = self._clock.monotonic()
        self._met = {mark: self._met.get(mark, now) for mark in here}
        self._rested &= here.keys()
        for identity, check in list(self._running.items()):
            if (identity, check.plugged.since) not in here:
                check.stop()
            if not check.alive:
                del self._running[identity]
                self._sick[identity] = check.sick
                if check.run.state == "running":
                    self._rested.add((identity, check.plugged.since))
        for mark, drive in here.items():
            if mark[0] not in self._running and mark not in self._rested:
                self._begin_if_due(drive, now - self._met[mark], sizes.get(drive.identity, (0, 0)))

    def command(self, what: str, plugged: Iterable[Plugged]) -> None:
        """Do what staff asked: `check` (begin, or go on), `check-pause` or `check-resume`, for these drives."""
        for drive in plugged:
            run = self._store.run(drive.identity)
            self._rested.discard((drive.identity, drive.since))
            self._sick.pop(drive.identity, None)
            if what == "check-pause" and run is not None and run.state in {"running", "yielding"}:
                self._end(drive.identity)
                self._store.set_state(drive.identity, "paused")
            elif run is not None and run.state == "paused":
                self._store.set_state(drive.identity, "running")
            elif what == "check" and (run is None or run.state == "finished"):
                fresh = self._fresh(drive, run.total if run else 0, run.resources if run else 0)
                self._store.save(replace(fresh, asked=1))

    def stop(self) -> None:
        """Have all end; how far they are is kept."""
        for check in self._running.values():
            check.stop()

    def join(self) -> None:
        """Wait for the ends, a few seconds at most."""
        for check in self._running.values():
            check.join(3)

    def _end(self, identity: str) -> None:
        check = self._running.pop(identity, None)
        if check is not None:
            check.stop()
            check.join(5)

    def _begin_if_due(self, drive: Plugged, waited: float, size: tuple[int, int]) -> None:
        total, resources = size
        run = self._store.run(drive.identity)
        if run is None or (run.state == "finished" and self._is_due(run)):
            if not self._settings.check_months or waited < self._settings.check_after_seconds:
                return
            run = self._fresh(drive, total, resources)
            self._store.save(run)
        if run.state not in {"running", "yielding"}:
            return
        run = replace(
            run, state="running", drive=drive.key, name=drive.name, total=total or run.total, resources=resources
        )
        self._store.save(run)
        check = DriveCheck(
            drive,
            run,
            store=self._store,
            pools=self._pools,
            objects=self._objects,
            clock=self._clock,
            reading=self._settings.reading_folder,
            sick=self._sick.get(drive.identity, 0),
        )
        self._running[drive.identity] = check
        check.start()
        _log.info("drive %s is checked, from %d %% on", drive.key, run.percent)

    def _fresh(self, drive: Plugged, total: int, resources: int) -> CheckRun:
        now = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        return CheckRun(
            drive.identity,
            drive.key,
            drive.name,
            drive.folder,
            total=total,
            resources=resources,
            started=now,
            changed=now,
        )

    def _is_due(self, run: CheckRun) -> bool:
        months = self._settings.check_months
        return bool(months) and f"{self._clock.now():%Y-%m}" >= month_after(run.changed, months)


def _tail(run: CheckRun) -> str:
    """What stands in an identity behind the content: the name of a medium, the key of a place, or nothing."""
    return run.identity.partition("+")[2]
