"""Copies that staff ask for on the box: one at a time, in a thread of the worker, told like everything else."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.writable import COPY, lent
from appliance.branch.command import branch_copy
from appliance.errors import ApplianceError, BranchError, NotWritableError
from appliance.store.commands import COPY_TARGETS
from appliance.store.holdings import Message, read_holdings
from appliance.upkeep.priority import give_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.clock import Clock
    from appliance.intake.publisher import Publisher
    from appliance.settings import Settings
    from packager.format.files import Files

_log = logging.getLogger(__name__)

TELL_SECONDS = 2.0
FIRST_GUESS = 3600
"""Seconds that a copy is said to take until that is known."""


class _EndedError(Exception):
    """Staff stopped it, or the worker ends."""


class BranchDesk:
    """Takes the commands `branch-copy` and `branch-stop`. From any thread."""

    def __init__(self, settings: Settings, clock: Clock, files: Files, board: Publisher, root: bytes) -> None:
        """Nothing is copied yet; see `branch_copy`. board: told what staff read."""
        self._settings, self._clock, self._files, self._board, self._root = settings, clock, files, board, root
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = 0.0

    def command(self, command: dict[str, str]) -> None:
        """Do what staff asked."""
        if command["do"] == "branch-stop":
            self._stop.set()
            return
        if self._thread is not None and self._thread.is_alive():
            self._say(Message("branch.running"))
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._copy, args=(command,), name="branch-copy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Break off; what is compared stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(3)

    def wait(self, seconds: float) -> None:
        """Wait for the copy to end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _copy(self, command: dict[str, str]) -> None:
        give_way()
        began = self._clock.monotonic()

        def progress(keep: Callable[[], None]) -> Callable[[int, int], None]:
            def tell(done: int, total: int) -> None:
                if self._stop.is_set():
                    raise _EndedError
                keep()
                self._tell(began, done, total)

            return tell

        self._say(Message("branch.copying", {"duration": FIRST_GUESS, "percent": 0}))
        try:
            target, source = self._disks(command)
            with lent(self._settings, target, COPY) as keep:
                branch_copy(
                    self._settings, self._files, self._root, target, progress=progress(keep), source=source,
                    bundle=command.get("bundle", ""), disk=_number(command.get("disk", "")),
                )  # fmt: skip
            self._say(Message("branch.copied"))
        except _EndedError:
            self._say(None)
        except BranchError as error:
            _log.warning("a copy for a branch is not made: %s", error)
            self._say(Message(error.sentence, error.params))
        except NotWritableError as error:
            _log.warning("a copy for a branch is not made: %s", error)
            self._say(Message("branch.read_only"))
        except (ApplianceError, OSError) as error:
            _log.warning("a copy for a branch is not made: %s", error)
            self._say(Message("branch.not_copied"))
        except Exception:  # noqa: BLE001 - the box goes on, whatever becomes of a copy
            _log.exception("a copy for a branch broke off")
            self._say(Message("branch.not_copied"))

    def _tell(self, began: float, done: int, total: int) -> None:
        now = self._clock.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            left = (now - began) * (total - done) / done if done else FIRST_GUESS
            percent = min(99, 100 * done // max(1, total))
            self._say(Message("branch.copying", {"duration": max(1, round(left)), "percent": percent}))

    def _disks(self, command: dict[str, str]) -> tuple[Path, Path | None]:
        """Where the copy goes, and which drive is copied; None: the library as it is."""
        drives = {drive.key: drive for drive in read_holdings(self._settings.holdings_file).drives}
        target, source = drives.get(command.get("drive", "")), drives.get(command.get("source", ""))
        if target is None or target.message.key not in COPY_TARGETS or (command.get("source") and source is None):
            raise BranchError("branch.nothing", "the disks are not there any more")
        return Path(target.path), Path(source.path) if source else None

    def _say(self, message: Message | None) -> None:
        self._board.say_of_branch(message)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0
