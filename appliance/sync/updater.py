"""Looking for updates and bringing them, in a thread of the worker: one try at a time, each from where the last ended.

A try: the newest signed lists of the first origin that answers; for every bundle here whose list names a newer
release, the cheapest chain of deltas; their packs; then step by step the releases themselves. Nothing that was
fetched or made before is fetched or made again. Lists are taken at any hour (withdrawals must not wait); packs within
the window and the cap only.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import IntakeError
from appliance.store.carried import CarriedStore, read_at
from appliance.store.holdings import Message
from appliance.sync.incoming import Incoming
from appliance.sync.mirrors import Mirrors, is_refusal
from appliance.sync.routes import route
from appliance.sync.schedule import Window, left_of_cap, month_of, next_month, wait_after
from appliance.sync.sticks import Sticks
from appliance.sync.update import OldAwayError, Update
from packager.format.deltas import Delta, read_delta
from packager.format.errors import FormatError, OneSignerError, TrustError
from packager.format.layout import DriveLayout
from packager.format.origin import OriginError
from packager.format.release import Digest

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.intake.door import Door
    from appliance.settings import Settings
    from appliance.store.releases import Stored
    from packager.format.files import Files
    from packager.format.items import ItemLine
    from packager.format.release import Release
    from packager.format.trust import Trusted

_log = logging.getLogger(__name__)

CHECK_SECONDS = 3600.0
"""Between two looks at the lists while all is well."""
STATE = "updates.json"
MAX_STATE = 4096
TURN_SECONDS = 1.0


class WaitError(Exception):
    """The window or the cap is over; what was fetched stays. message: what staff read."""

    def __init__(self, message: Message) -> None:
        """Keep the sentence."""
        self.message = message
        super().__init__(message.key)


class SpoiledError(OriginError):
    """A mirror gave other bytes than were signed, and nobody the right ones. mirror: its host."""

    def __init__(self, mirror: str) -> None:
        """Keep the name."""
        self.mirror = mirror
        super().__init__(f"{mirror} gave other bytes")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was fetched in a month. month: `2026-11`; used: bytes."""

    month: str = ""
    used: int = 0


class Updater:
    """Brings updates from the origins of the settings, and from sticks. `turn` is for one thread."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        door: Door,
        root: bytes,
        *,
        luck: random.Random | None = None,
    ) -> None:
        """Begin with nothing to do; what was fetched before is found again.

        Args:
            settings: of the box.
            clock: wall time for the window, monotonic for waiting.
            files: the writer.
            door: to intake.
            root: the root metadata that this box was given.
            luck: for the waits after failures.
        """
        self._settings, self._clock, self._files, self._door = settings, clock, files, door
        self._luck = luck or random.Random()  # noqa: S311 - waits need no secrecy
        self._mirrors = Mirrors(settings.update_origins, root, settings.scratch_folder)
        self._incoming = Incoming(settings.incoming_folder, files)
        self._carried = CarriedStore(settings.carried_folder)
        self._window = Window.parse(settings.update_window)
        self._traffic = self._read_traffic()
        self._failures, self._next = 0, -1e9
        self._wanted: Sequence[Digest] = ()
        self._tidied = False
        self._stop = threading.Event()
        self.sticks = Sticks(settings, clock, files, door, self._incoming, self._check_stop, self._stop.wait)
        self._thread = threading.Thread(target=self._follow, name="updates", daemon=True)

    def start(self) -> None:
        """Look for updates in a thread until `close`: on sticks, and at origins if there are any."""
        self._thread.start()

    def close(self) -> None:
        """Break off; what was fetched stays."""
        self._stop.set()
        self.sticks.close()
        if self._thread.is_alive():
            self._thread.join(5)

    def _follow(self) -> None:
        while not self._stop.wait(TURN_SECONDS):
            try:
                self.sticks.turn()
            except Exception:  # noqa: BLE001 - the next turn tries again
                _log.exception("sticks")
            if self._settings.update_origins and self._clock.monotonic() >= self._next:
                self.turn()

    def turn(self) -> Message:
        """One try; says to staff, and returns, what came of it."""
        try:
            said = self._try()
            self._failures, self._next = 0, self._clock.monotonic() + CHECK_SECONDS
        except WaitError as error:
            said = error.message
            self._next = self._clock.monotonic() + CHECK_SECONDS / 4
        except FormatError as error:
            said = self._refused(error)
        except IntakeError as error:
            said = Message(error.sentence, error.params)
            self._failed("")
        except SpoiledError as error:
            _log.warning("no update now: %s", error)
            said = self._failed("sync.mirror.bad_data", mirror=error.mirror)
        except (OriginError, OldAwayError, OSError) as error:
            _log.info("no update now: %s", error)
            said = self._failed("sync.unreachable")
        except Exception:  # noqa: BLE001 - intake and readers go on, whatever an update does
            _log.exception("an update broke off")
            said = self._failed("sync.not_applied")
        self._door.board.say_of_updates(None if said.key == "sync.current" else said)
        return said

    def _refused(self, error: FormatError) -> Message:
        """Lists that cannot be had, or are half there while a mirror is being filled, are no attack."""
        if isinstance(error, TrustError) and not is_refusal(error):
            _log.info("no update now: %s", error)
            return self._failed("sync.unreachable")
        _log.warning("an update is refused: %s", error)
        one = isinstance(error, OneSignerError)
        return self._failed("sync.refused.one_signer" if one else "sync.refused.untrusted")

    def _failed(self, key: str, **params: str) -> Message:
        self._failures += 1
        rest = max(self._mirrors.rest, self._incoming.rest)
        self._next = self._clock.monotonic() + max(rest, wait_after(self._failures, self._luck.random()))
        return Message(key, params)

    def _try(self) -> Message:
        self._incoming.rest = 0.0
        self._mirrors.ask(self._door.trust)
        trusted = self._door.trust.current()
        applied: list[tuple[Release, Delta]] = []
        for old, new in self._due(trusted):
            for step in self._way(trusted, old.release, new):
                old = self._step(old, step, trusted)
                applied.append((old.release, step))
        self._tidy(trusted)
        if applied or not self._tidied:
            self._tidy_carried()
        if not applied and self._mirrors.all_behind:
            return Message("sync.mirror.all_stale")
        if not applied:
            return Message("sync.current", {"month": f"{trusted.reference_time:%Y-%m}", **self._moment()})
        release, _ = applied[-1]
        counts = {
            "added": sum(step.added for _, step in applied),
            "changed": sum(step.changed for _, step in applied),
            "withdrawn": sum(step.removed for _, step in applied),
        }
        return Message("sync.applied", {"edition": release.edition, **counts})

    # Lists

    def _due(self, trusted: Trusted) -> Iterator[tuple[Stored, Release]]:
        """For every bundle here the release that it has, and the newest that is listed, where that is newer."""
        listed = {(release.bundle, release.seq, release.number) for release in trusted.releases}
        here: dict[str, Stored] = {}
        for stored in self._door.store.all():
            known = here.get(stored.release.bundle)
            is_listed = (stored.release.bundle, stored.release.seq, stored.release.number) in listed
            if is_listed and (known is None or stored.release.seq > known.release.seq):
                here[stored.release.bundle] = stored
        for bundle, stored in sorted(here.items()):
            newest = max((r for r in trusted.releases if r.bundle == bundle), key=lambda release: release.seq)
            if newest.seq > stored.release.seq:
                yield stored, newest

    def _way(self, trusted: Trusted, old: Release, new: Release) -> Sequence[Delta]:
        """The cheapest chain of listed deltas; none where there is none: the drive will bring it."""
        heads = []
        for name, wanted in trusted.deltas.items():
            if name.startswith(f"deltas/{new.bundle}/"):
                heads.append((read_delta(self._document(name, wanted))[0], wanted.size))
        found = route(heads, old, new)
        if found is None:
            _log.info("no chain of deltas leads from %s to %s", old.target, new.target)
        return found or ()

    def _document(self, name: str, wanted: Digest) -> Path:
        """The document of a delta, fetched once."""
        folder = self._settings.incoming_folder / "documents"
        path = folder / wanted.sha256
        if not path.exists():
            self._allow(wanted.size)
            content = self._mirrors.document(name, wanted, self._took)
            self._files.make_dir(folder)
            self._files.write_atomic(path, content)
        return path

    # Packs

    def _step(self, old: Stored, step: Delta, trusted: Trusted) -> Stored:
        """Fetch the packs of one delta and make the release that it leads to."""
        new = next(
            r for r in trusted.releases if (r.bundle, r.seq, r.number) == (step.bundle, step.new, step.new_number)
        )
        packs: list[Path] = []
        self._wanted = step.packs
        for pack in step.packs:
            sources = self._mirrors.sources(self._incoming.spoiled)
            before = frozenset(self._incoming.spoiled)
            if self._incoming.fetch(pack, sources, self._allow, self._took) is None:
                if spoiled := self._incoming.spoiled - before:
                    raise SpoiledError(min(spoiled))
                raise OriginError(f"pack {pack.sha256[:12]} cannot be had")
            packs += self._incoming.pieces(pack)
        document = self._document(step.target, trusted.deltas[step.target])
        update = Update(old, new, document, packs)
        stored = update.apply(
            self._door.store, self._carried, self._files, read_old=lambda *what: self._read_old(old, *what),
            reserve=self._settings.reserve_bytes, progress=lambda _done, _total: self._check_stop(),
        )  # fmt: skip
        self._door.board.carried_changed()
        self._door.came(stored)
        for pack in step.packs:
            self._incoming.forget(pack)
        return stored

    def _read_old(self, old: Stored, item: ItemLine, start: int, count: int) -> bytes:
        """Bytes of an old item: from an update before, or from a drive. What is wrong shows in what is made of it."""
        if (found := self._carried.read(item.sha256, start, count)) is not None:
            return found
        for root in self._door.roots(old.folder):
            try:
                layout = DriveLayout(root)
                with layout.opened() as folder:
                    descriptor = layout.open_payload(folder, item.path)
                try:
                    found = read_at(descriptor, start, count)
                finally:
                    os.close(descriptor)
            except (OSError, FormatError):
                continue
            if found is not None:
                return found
        raise OldAwayError(item.path)

    def _allow(self, size: int) -> None:
        """Wait for the rate; break off outside of the window and above the cap."""
        self._check_stop()
        if self.sticks.waiting():  # somebody stands before the box
            raise WaitError(Message("sync.current"))
        now = self._now()
        if not self._window.is_open(now):
            raise WaitError(
                Message("sync.paused.window", {"time": f"{self._window.opens(now):%H:%M}", "percent": self._percent()})
            )
        left = left_of_cap(self._settings.update_cap_bytes, self._traffic.month, self._traffic.used, now)
        if left is not None and left < size:
            raise WaitError(
                Message("sync.paused.cap", {"date": f"{next_month(now):%Y-%m-%d}", "percent": self._percent()})
            )
        if self._settings.update_rate:
            self._stop.wait(size / self._settings.update_rate)

    def _took(self, size: int) -> None:
        month = month_of(self._now())
        used = self._traffic.used if self._traffic.month == month else 0
        self._traffic = Traffic(month, used + size)
        state = json.dumps({"month": month, "used": self._traffic.used}).encode()
        self._files.write_atomic(self._settings.data_folder / STATE, state)

    def _percent(self) -> int:
        """How much of the packs of this step is here, at most 99."""
        total = sum(pack.size for pack in self._wanted)
        return min(99, 100 * sum(map(self._incoming.fetched, self._wanted)) // total) if total else 0

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise OSError("the worker ends")

    def _moment(self) -> dict[str, str]:
        return {"date": f"{self._now():%Y-%m-%d}", "time": f"{self._now():%H:%M}"}

    def _now(self) -> datetime:
        return self._clock.now() + timedelta(minutes=self._settings.utc_offset_minutes)

    def _read_traffic(self) -> Traffic:
        try:
            with (self._settings.data_folder / STATE).open("rb") as file:
                found: Mapping[str, object] = json.loads(file.read(MAX_STATE))
            month, used = found["month"], found["used"]
        except (OSError, ValueError, KeyError, TypeError):
            return Traffic()
        return Traffic(month, used) if isinstance(month, str) and type(used) is int and used >= 0 else Traffic()

    def _tidy_carried(self) -> None:
        """Items that no release here names any more go. Nothing is half made when this is asked."""
        gone = self._carried.remove_unnamed((stored.items_txt for stored in self._door.store.all()), self._files)
        self._tidied = True
        if gone:
            _log.info("%d items of editions that are no longer here were removed", gone)
            self._door.board.carried_changed()

    def _tidy(self, trusted: Trusted) -> None:
        """What was begun for deltas that are not listed any more goes."""
        wanted = {digest.sha256 for digest in trusted.deltas.values()}
        documents = self._settings.incoming_folder / "documents"
        self._incoming.keep_only(frozenset({documents.name}))  # nothing is under way when this is asked
        for path in documents.iterdir() if documents.is_dir() else ():
            if path.name not in wanted:
                self._files.remove(path)
