"""Updates that somebody brings by hand: on a stick, or on any drive, in the tree of an origin.

Its signed lists were taken already by intake, in the place's own thread. What is listed is read here: documents and
packs into the same pieces as by the line, so that a stick may be pulled at any moment and nothing is read twice; then
the release is made as after any other update, when the stick may be gone. There is no window and no cap.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import IntakeError, ServingError
from appliance.intake.carrying import carrier_root, offers_updates
from appliance.serving.pools import DrivePools, PoolLimits, Urgency
from appliance.store.editions import STAGED
from appliance.store.holdings import Message
from appliance.sync.bringing import Bringing, Plan
from appliance.sync.incoming import SourceError
from appliance.sync.stick_supply import StickSupply
from appliance.sync.supply import NoSupply, applied_message
from appliance.sync.update import OldAwayError
from packager.format.errors import FormatError
from packager.format.origin import OriginError

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.intake.door import Carrier, Door
    from appliance.settings import Settings
    from appliance.store.releases import Stored
    from appliance.sync.incoming import Incoming
    from packager.format.files import Files
    from packager.format.release import Digest

_log = logging.getLogger(__name__)

Make = Callable[..., "Stored"]

WHOLE = "whole-from-stick"
"""Beside the documents: all packs of a chain are here, and it is to be applied although nothing is plugged in."""
TELL_SECONDS = 2.0
AGAIN_SECONDS = 600.0
"""Between two tries to apply what is here, when nothing was plugged in or pulled meanwhile."""
SETTLE_SECONDS = 3.0
"""A stick that gives nothing more is given so long to be seen as pulled."""
FIRST_RATE = 20_000_000
"""Bytes a second that a stick is thought to give until that is known."""


class PulledError(Exception):
    """The stick is not there any more."""


class Sticks:
    """Reads sticks one after the other. All of it is for one thread, `waiting` excepted."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        door: Door,
        incoming: Incoming,
        bringing: Bringing,
        *,
        make: Make,
        check_stop: Callable[[], None],
        wait: Callable[[float], object],
    ) -> None:
        """Begin with nothing read.

        Args:
            settings: of the box.
            clock: monotonic, for what is told.
            files: the writer.
            door: to intake.
            incoming: what is being fetched, by the line too; the thread that fetches is this one.
            bringing: what all updates have in common.
            make: makes a release, as `Bringing.make`, and tells of it.
            check_stop: raises when all work is to be broken off.
            wait: waits so many seconds, or until all work is to be broken off.
        """
        self._settings, self._clock, self._files, self._door = settings, clock, files, door
        self._incoming, self._check_stop, self._wait = incoming, check_stop, wait
        self._bringing, self._make = bringing, make
        limits = PoolLimits(threads=1, deadline=float(settings.drive_deadline_seconds))
        self._pools = DrivePools(limits)
        self._done: set[str] = set()
        self._short: dict[str, int] = {}
        self._tried: tuple[object, float] = (None, 0.0)
        self._missed = False
        self._staged: list[Carrier] = []

    def close(self) -> None:
        """End the reading threads."""
        self._pools.close()

    def waiting(self) -> bool:
        """Whether a stick was plugged in that is not read yet; in any thread."""
        return any(carrier.offers and carrier.mark not in self._done for carrier in self._door.carriers())

    def turn(self) -> None:
        """Read what was plugged in since, and apply what could not be applied before."""
        carriers = self._door.carriers()
        self._forget({carrier.mark for carrier in carriers})
        for carrier in carriers:
            if carrier.mark not in self._done:
                self._done.add(carrier.mark)
                self._read(carrier)
        self._resume(carriers)
        if self._staged and all(hold.why != STAGED for hold in self._door.board.editions.holds().values()):
            while self._staged:  # readers have it: nothing is left to be put in place
                self._door.tell(self._staged.pop(), Message("sync.stick.older"))

    def _forget(self, here: Collection[str]) -> None:
        free = self._door.store.free_space() if self._short else 0
        roomy = {mark for mark, need in self._short.items() if free >= need}
        for mark in self._done - set(here) | roomy:
            self._done.discard(mark)
            self._short.pop(mark, None)
            if mark not in here:
                self._pools.drop(mark)

    def _read(self, carrier: Carrier) -> None:
        """Read one stick and say what came of it."""
        try:
            root = self._root(carrier)
            if root is None:
                return
            said = self._bring(carrier, root)
        except PulledError:
            self._door.board.say_of_updates(Message("sync.stick.unplugged"))
            self._missed = True
            return
        except IntakeError as error:
            need = int(error.params.get("size", 0))
            self._short[carrier.mark] = need + self._door.store.free_space()
            said = Message("space.update_waits", {"size": need})
        except (OriginError, SourceError, FormatError) as error:
            _log.warning("the updates on a stick are not whole: %s", error)
            said = Message("sync.stick.incomplete")
        except OSError as error:
            _log.warning("an update cannot be taken from a stick: %s", error)
            said = Message("sync.not_applied")
        except Exception:  # noqa: BLE001 - intake and readers go on, whatever is on a stick
            _log.exception("an update from a stick broke off")
            said = Message("sync.not_applied")
        self._door.tell(carrier, said)
        if not carrier.is_stick and said.key.startswith(("sync.stick.incomplete", "space.")):
            self._door.board.say_of_updates(said)

    def _root(self, carrier: Carrier) -> Path | None:
        """Where lists and updates stand on it; None when there are none."""

        def look() -> bytes:
            root = carrier_root(carrier.root)
            return bytes(root) if offers_updates(root) else b""

        try:
            found = self._reading(carrier)("look", look)
        except (ServingError, OSError, FormatError) as error:
            raise SourceError(str(error)) from error
        return Path(os.fsdecode(found)) if found else None

    def _reading(self, carrier: Carrier) -> Callable[[object, Callable[[], bytes]], bytes]:
        def read(name: object, work: Callable[[], bytes]) -> bytes:
            return self._pools.wait(self._pools.submit(carrier.mark, str(name), work, Urgency.AHEAD))

        return read

    # From the stick to the SSD

    def _bring(self, carrier: Carrier, root: Path) -> Message:
        trusted = self._door.trust.current()
        told = _Progress(self._clock, lambda message: self._door.tell(carrier, message))
        supply = StickSupply(root, self._reading(carrier), lambda _size: self._check_stop(), told.took)
        try:
            plans, stuck = self._bringing.plans(supply, trusted)
            if not plans:
                return self._nothing(stuck)
            if self._missed:
                self._door.board.say_of_updates(None)
                self._missed = False
            self._bringing.check_room((plan.steps, plan.new) for plan in plans)
            self._fetch(plans, supply, told)
        except (OriginError, SourceError) as error:
            if self._was_pulled(carrier):
                raise PulledError from error
            raise
        self._files.write_atomic(self._bringing.documents / WHOLE, b"")
        steps = [step for plan in plans for step in plan.steps]
        ready = applied_message(plans[-1].new, steps, "sync.stick.ready")
        self._door.tell(carrier, ready)
        said = self._apply(plans)
        if said is None:
            self._staged.append(carrier)
        return said or ready

    def _nothing(self, stuck: Sequence[object]) -> Message:
        """Nothing on the stick leads on from what is here."""
        held = list(self._door.store.all())
        if not held:
            return Message("sync.list.taken")
        if not stuck:
            return Message("sync.stick.older")
        newest = max(held, key=lambda stored: stored.release.seq)
        return Message("sync.stick.gap", {"edition": newest.release.edition})

    def _lacking(self, pack: Digest) -> int:
        return pack.size - self._incoming.fetched(pack)

    def _fetch(self, plans: Sequence[Plan], supply: StickSupply, told: _Progress) -> None:
        steps = [step for plan in plans for step in plan.steps]
        packs = [pack for step in steps for pack in step.packs]
        told.begin(sum(map(self._lacking, packs)))
        for pack in packs if self._settings.update_origins else ():
            if 0 < self._incoming.fetched(pack) < pack.size and not supply.proves(pack):
                # What came by the line is not thrown away for a stick that has other bytes.
                raise OriginError(f"pack {pack.sha256[:12]} is another")
        for step in steps:
            self._bringing.fetch(supply, step)
        for plan in plans:
            self._bringing.tables.fetch(supply, plan.new)

    def _was_pulled(self, carrier: Carrier) -> bool:
        for _ in range(10):
            self._check_stop()
            if not self._door.is_here(carrier):
                return True
            self._wait(SETTLE_SECONDS / 10)
        return False

    # From the SSD to readers

    def pending(self) -> bool:
        """Whether something that a stick brought is still to be applied."""
        return (self._bringing.documents / WHOLE).exists()

    def _apply(self, plans: Iterable[Plan]) -> Message | None:
        """Make the releases; all that they need of a stick is here. What staff read of it; None: what they read now."""
        applied = []
        release = None
        try:
            trusted = self._door.trust.current()
            for plan in plans:
                stored = plan.stored
                for step in plan.steps:
                    try:
                        stored = self._make(stored, step, trusted, last=step is plan.steps[-1])
                    except Exception:
                        if stored is not plan.stored:
                            self._bringing.stay_at(stored)
                        raise
                    applied.append(step)
                release = stored.release
            self._bringing.tables.place()
        except OldAwayError:
            said = Message("sync.stick.drive_away")
        except IntakeError as error:
            said = Message("space.update_waits", error.params)
        except (FormatError, OSError) as error:
            self._check_stop()
            _log.warning("an update cannot be applied: %s", error)
            said = Message("sync.not_applied")
        else:
            self._files.remove(self._bringing.documents / WHOLE)
            # What readers have, or are to get, is told from the editions that are here.
            self._door.board.say_of_updates(None)
            staged = self._settings.update_apply == "closing"
            return None if staged or release is None else applied_message(release, applied)
        self._door.board.say_of_updates(said)
        return said

    def _resume(self, carriers: Iterable[Carrier]) -> None:
        """Apply what a stick brought and a power cut, a full SSD or a drive that was away kept from being applied."""
        now, here = self._clock.monotonic(), {carrier.mark for carrier in carriers if not carrier.is_stick}
        if here == self._tried[0] and now - self._tried[1] < AGAIN_SECONDS:
            return
        self._tried = here, now
        try:
            if self.pending():
                supply = NoSupply(lambda wanted: (self._bringing.documents / wanted.sha256).exists())
                plans, _ = self._bringing.plans(supply, self._door.trust.current())
                self._apply([plan for plan in plans if all(map(self._bringing.is_here, plan.steps))])
        except (FormatError, OSError) as error:
            self._check_stop()
            _log.warning("what a stick brought cannot be applied: %s", error)


class _Progress:
    """Says now and then how long a stick is still to be read."""

    def __init__(self, clock: Clock, say: Callable[[Message], None]) -> None:
        self._clock, self._say = clock, say
        self._total = self._done = 0
        self._began = self._told = clock.monotonic()

    def begin(self, total: int) -> None:
        """So many bytes are to be read."""
        self._total, self._done, self._began = total, 0, self._clock.monotonic()
        self._tell(total / FIRST_RATE)

    def took(self, size: int) -> None:
        """So many more are here."""
        self._done += size
        now = self._clock.monotonic()
        if self._total and now - self._told >= TELL_SECONDS:
            self._tell((now - self._began) * (self._total - self._done) / self._done)

    def _tell(self, seconds: float) -> None:
        self._told = self._clock.monotonic()
        percent = min(99, 100 * self._done // self._total) if self._total else 99
        self._say(Message("sync.stick.reading", {"duration": max(1, round(seconds)), "percent": percent}))
