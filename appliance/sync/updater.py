"""Looking for updates and bringing them, in a thread of the worker: one try at a time, each from where the last ended.

A try: the newest signed lists of the first origin that answers; for every bundle here whose list names a newer
release, the cheapest way; what it needs; then step by step the releases themselves, staged. Nothing that was fetched or
made before is fetched or made again. Lists are taken at any hour (withdrawals must not wait); the rest within the
hours, the traffic of the month and what the line costs.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from appliance.errors import IntakeError
from appliance.store.holdings import Message
from appliance.store.preferences import Preferences, PreferenceStore
from appliance.store.releases import folder_name
from appliance.sync.allowance import Allowance, WaitError
from appliance.sync.board import StateBoard
from appliance.sync.bringing import Bringing
from appliance.sync.glance import Glance
from appliance.sync.incoming import Incoming
from appliance.sync.line import has_line, is_metered
from appliance.sync.mirrors import Mirrors, is_refusal
from appliance.sync.own_seed import own_seed
from appliance.sync.repair_line import RepairLine
from appliance.sync.schedule import HOUR, share_of, until_own, wait_after
from appliance.sync.server_supply import ServerSupply
from appliance.sync.sticks import Sticks
from appliance.sync.system_sticks import SystemSticks
from appliance.sync.systems import Systems
from appliance.sync.tidying import Tidying
from appliance.sync.turning import Turning
from appliance.sync.update import OldAwayError
from appliance.sync.wire import Wire
from packager.format.errors import FormatError, OneSignerError, TrustError
from packager.format.origin import OriginError

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.intake.door import Door
    from appliance.settings import Settings
    from packager.format.files import Files
    from packager.format.release import Release

_log = logging.getLogger(__name__)

TURN_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""Between two looks at the editions that are here, while something is fetched."""
METERED_SECONDS = 60.0
"""What was found out about the line counts so long."""
_QUIET = frozenset({"sync.current", "sync.staged", "sync.applied"})
"""What follows from the editions that are here, and is told by them."""


class Updater:
    """Brings updates from the origins of the settings, and from sticks. `turn` is for one thread, `command` for any.

    Attributes:
        repair_line: by it repairs keep to the same hours, traffic and rate.
        sticks: reads those with updates.
    """

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
            clock: wall time for the hours, monotonic for waiting.
            files: the writer.
            door: to intake.
            root: the root metadata that this box was given.
            luck: for the waits after failures.
        """
        self._settings, self._clock, self._files, self._door = settings, clock, files, door
        self._luck = luck or random.Random()  # noqa: S311 - waits need no secrecy
        self._stop, self._wake = threading.Event(), threading.Event()
        self._share = share_of(own_seed(settings.updates_folder, files))
        self._board = StateBoard(settings.updates_folder, files)
        self._preferences = PreferenceStore(settings, files)
        self._turning = Turning(settings, clock, files, door, self._preferences, self._board)
        self._mirrors = Mirrors(settings.update_origins, root, settings.scratch_folder)
        self._incoming = Incoming(settings.incoming_folder, files)
        self._bringing = Bringing(settings, files, door, self._incoming, self._check_stop)
        self._metered: tuple[float, bool] = (-1e9, False)
        self._allowance = Allowance(
            settings, clock, self._preferences, self._board,
            check=self._check_sticks, wait=self._stop.wait, metered=self._is_metered, share=self._share,
        )  # fmt: skip
        self.repair_line = RepairLine(settings, self._allowance, self._mirrors)
        self._wire = Wire(
            settings, self._board, self._bringing, self._incoming, self._allowance,
            applied=self._turning.applied, check_stop=self._check_stop,
        )  # fmt: skip
        self.sticks = Sticks(
            settings, clock, files, door, self._incoming, self._bringing,
            make=self._wire.make, check_stop=self._check_stop, wait=self._stop.wait,
        )  # fmt: skip
        self._systems = Systems(settings, clock, files, door, self._preferences, self._board)
        self._system_sticks = SystemSticks(settings, door, self._systems, self._check_stop)
        self._failures, self._next, self._looked = 0, -1e9, -1e9
        self._asked: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._hurry = False
        self._tidying = Tidying(files, door, self._bringing, self._incoming, is_pending=self.sticks.pending)
        self._glance, self._glance_at = Glance(settings.update_origins), -1e9
        self._thread = threading.Thread(target=self._follow, name="updates", daemon=True)
        if self._board.state.making:
            self._board.change(making=False)
            self._say(Message("power.recovered.kept_old"))

    def start(self) -> None:
        """Look for updates on sticks and at origins, and after the editions here, in a thread until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Break off; what was fetched stays."""
        self._stop.set()
        self._wake.set()
        self.sticks.close()
        self._system_sticks.close()
        if self._thread.is_alive():
            self._thread.join(5)

    @property
    def stale_mirrors(self) -> tuple[str, ...]:
        """Hosts of mirrors that were behind when they were asked last."""
        return self._mirrors.stale

    def fetched(self, month: str) -> int:
        """Bytes that were fetched in a month, `2026-11`; as far back as two years."""
        return self._board.state.months.get(month, 0)

    def _follow(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(TURN_SECONDS)
            self._wake.clear()
            self._guarded(self.look)
            self._guarded(self._turning.forget)
            self._guarded(self.sticks.turn)
            self._guarded(self._systems.turn)
            self._guarded(self._system_sticks.turn)
            if not (self._settings.update_origins or self.sticks.pending()):
                self._guarded(self._tidying.items)
            if self._settings.update_origins and not self._stop.is_set():
                self._guarded(self._glanced)
                if self._hurry or self._clock.monotonic() >= self._next:
                    self.turn()

    def _glanced(self) -> None:
        """Every minute a glance, so that withdrawals count at once; not where traffic costs or a server wants rest."""
        period, now = self._settings.update_glance_seconds, self._clock.monotonic()
        if not period or now < self._glance_at or now >= self._next:
            return
        self._glance_at = now + until_own(self._clock.now(), self._share, float(period))
        if not self._mirrors.rest and not self._is_metered() and self._glance.is_news():
            self._next = now

    def _guarded(self, task: Callable[[], None]) -> None:
        """The next turn tries again, and everything else goes on."""
        try:
            if not self._stop.is_set():
                task()
        except Exception:  # noqa: BLE001 - see above
            _log.exception("%s broke off", task.__qualname__)

    def look(self) -> None:
        """Do what staff asked for and what is due with the editions that are here; see whether the clock was set.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        self._looked = self._clock.monotonic()
        while not self._asked.empty():
            self._asked.get()()
        self._allowance.meter.look()
        self._turning.look()

    # What staff ask for

    def command(self, command: dict[str, str]) -> None:
        """Take a command of the spool (`commands.UPDATES`); what is quick is done at once."""
        what, bundle = command["do"], command.get("bundle", "")
        try:
            if what == "update-apply":
                self._turning.apply()
            elif what == "update-again":
                self._turning.again(bundle)
            elif what == "system-apply":
                self._asked.put(self._systems.ask)
            elif what == "update-undo":
                self._asked.put(lambda: self._turning.undo(bundle))
            elif what == "update-set":
                self._preferences.write(Preferences(command.get("window", ""), int(command.get("cap", "0"))))
            elif what in {"update-pause", "update-resume"}:
                self._allowance.paused = what == "update-pause"
                self._board.change(paused=self._allowance.paused)
            self._allowance.urgent |= what == "update-now"
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be done: %s", what, error)
        if what not in {"update-apply", "update-again", "update-undo", "update-pause", "system-apply"}:
            self._hurry = True  # a try that is under way and fails would set the next one late
        self._wake.set()

    # Tries

    def turn(self) -> Message:
        """One try; says to staff, and returns, what came of it."""
        before, self._hurry = frozenset(self._incoming.spoiled), False
        try:
            said = self._try()
            self._failures, self._next = 0, self._clock.monotonic() + until_own(self._clock.now(), self._share)
            self._allowance.urgent = False
        except WaitError as error:
            said = error.message
            self._next = self._clock.monotonic() + HOUR / 4
        except FormatError as error:
            said = self._refused(error)
        except IntakeError as error:
            said = self._failed("space.update_waits", **error.params)
        except OldAwayError as error:
            _log.info("no update now: %s is away", error)
            said = self._failed("sync.needs_drive", drive=self._wire.needed)
        except (OriginError, OSError) as error:
            _log.info("no update now: %s", error)
            spoiled = self._incoming.spoiled - before if isinstance(error, OriginError) else None
            said = self._failed("sync.mirror.bad_data", mirror=min(spoiled)) if spoiled else self._unreachable(error)
        except Exception:  # noqa: BLE001 - intake and readers go on, whatever an update does
            _log.exception("an update broke off")
            said = self._failed("sync.not_applied")
        self._allowance.meter.took(0)  # a piece that was broken off is held no more
        self._board.change(fetching=False, making=False)
        if not self._stop.is_set():
            self._say(said)
        return said

    def _say(self, said: Message) -> None:
        self._door.board.say_of_updates(None if said.key in _QUIET else said)

    def _refused(self, error: FormatError) -> Message:
        """Lists that cannot be had, or are half there while a mirror is being filled, are no attack."""
        if isinstance(error, TrustError) and not is_refusal(error):
            _log.info("no update now: %s", error)
            return self._unreachable(error)
        _log.warning("an update is refused: %s", error)
        one = isinstance(error, OneSignerError)
        return self._failed("sync.refused.one_signer" if one else "sync.refused.untrusted")

    def _unreachable(self, error: Exception) -> Message:
        if lacking := self._allowance.lacking(error):
            return self._failed("space.update_waits", size=lacking)
        if not self._board.state.failing:
            self._board.change(failing=self._moment())
        if has_line():
            return self._failed("sync.unreachable")
        return self._failed("sync.no_network", date=self._board.state.checked)

    def _failed(self, key: str, **params: str | int) -> Message:
        self._failures += 1
        rest = max(self._mirrors.rest, self._incoming.rest)
        self._next = self._clock.monotonic() + max(rest, wait_after(self._failures, self._luck.random()))
        return Message(key, {name: value for name, value in params.items() if value != ""})

    def _try(self) -> Message:
        self._incoming.rest = 0.0
        self._lists()
        trusted = self._door.trust.current()
        supply = ServerSupply(self._mirrors, self._incoming, self._allowance.allow, self._allowance.took)
        made: list[Release] = []
        waits: list[tuple[Exception, str]] = []
        for old, newer in self._bringing.due(trusted):
            try:
                made += self._wire.bring(supply, trusted, old, newer[0])
            except (OldAwayError, IntakeError, OriginError, FormatError) as error:
                waits.append((error, self._wire.needed))  # no other bundle is to wait for it
        try:
            self._systems.bring(supply, trusted, self._allowance.begin)
        except (IntakeError, OriginError, FormatError) as error:
            waits.append((error, ""))
        if waits:
            self._wire.needed = waits[0][1]
            raise waits[0][0]
        self._allowance.begin(0, 0)
        with suppress(WaitError):  # what is made is told all the same
            self._bringing.tables.bring(supply)
        self._tidying.begun(trusted)
        self._tidying.items()
        if not made:
            return Message("sync.mirror.all_stale" if self._mirrors.all_behind else "sync.current")
        return self._made(made[-1])

    def _made(self, release: Release) -> Message:
        added, changed, gone = self._board.state.counts.get(folder_name(release), (0, 0, 0))
        key = "sync.staged" if self._settings.update_apply == "closing" else "sync.applied"
        params = {"added": added, "changed": changed, "withdrawn": gone}
        return Message(key, {"edition": release.edition, **params})

    def _lists(self) -> None:
        """Take the newest lists; what they withdraw and take back counts at once."""
        before = dict(self._door.trust.current().versions)
        self._glance.is_news()  # what is published from now on is news
        self._mirrors.ask(self._door.trust)
        if self._door.trust.current().versions != before:
            self._door.news(None)
        self._board.change(checked=self._moment(), failing="", metered=self._is_metered())

    def _is_metered(self) -> bool:
        at, found = self._metered
        now = self._clock.monotonic()
        if now - at > METERED_SECONDS:
            found = is_metered(self._settings.update_metered)
            self._metered = now, found
        return found

    def _check_stop(self) -> None:
        """Between any two pieces of work: break off when told to, and look after the editions meanwhile."""
        if self._stop.is_set():
            raise OSError("the worker ends")
        if self._thread is threading.current_thread() and self._clock.monotonic() - self._looked > LOOK_SECONDS:
            self._guarded(self.look)
            self._guarded(self._lists_meanwhile)

    def _lists_meanwhile(self) -> None:
        """What is withdrawn while an update comes, all night over a thin line, counts within a minute too."""
        period, now = self._settings.update_glance_seconds, self._clock.monotonic()
        if not (period and self._settings.update_origins) or now < self._glance_at or self._is_metered():
            return
        self._glance_at = now + until_own(self._clock.now(), self._share, float(period))
        if self._glance.is_news():
            self._lists()

    def _check_sticks(self) -> None:
        self._check_stop()
        if self.sticks.waiting():  # somebody stands before the box
            raise WaitError(Message("sync.current"))

    def _moment(self) -> str:
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
