"""The worker process: takes drives in, makes what is lacking, publishes holdings, checks and repairs.

No reader waits for it.

It may die at any moment, also by a power cut: the next one goes on from what is on the SSD and on the drives. While
none runs, the serving process goes on with the last holdings document. Only one runs at a time, held by a lock that
the kernel drops when the process ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from appliance.box.writable import give_all_back
from appliance.branch.desk import BranchDesk
from appliance.clock import Clock, RealClock
from appliance.errors import HoldingsError, SettingsError
from appliance.intake.run import Intake
from appliance.intake.watch import Watch
from appliance.service.ground import ground_of, settled
from appliance.service.journal import set_up_logging
from appliance.service.troubles import WORKER, keep_troubles
from appliance.settings import Settings, load_settings
from appliance.store.commands import BRANCH, LINE_CHANGES, REPORTS, UPDATES, UPKEEP
from appliance.store.holdings import Holdings, read_holdings
from appliance.store.outbox import Outbox
from appliance.sync.facts import wishes_at
from appliance.sync.receipts import Receipts
from appliance.sync.reporter import Reporter
from appliance.sync.updater import Updater
from appliance.upkeep.line import Line
from appliance.upkeep.upkeep import Upkeep
from packager.format.files import Files, RealFiles, SharedFiles
from packager.format.trust import TrustStore

_log = logging.getLogger(__name__)

MAX_ROOT = 1 << 20
TURN_SECONDS = 0.5
RENEW_SECONDS = 5.0

Command = Callable[[dict[str, str]], None]


def run(
    settings: Settings, clock: Clock, files: Files, stop: threading.Event, *, parent: int = 0,
    alive: Callable[[], None] = lambda: None, resting: bool = False,
) -> None:  # fmt: skip
    """Work until `stop` is set, or until the process `parent` is gone (0: nobody is looked for).

    Args:
        settings: of the box.
        clock: for what is written.
        files: the writer.
        stop: looked at with every turn.
        parent: number of the process without which this one ends.
        alive: called with every turn.
        resting: whether updates and reports rest.

    Raises:
        SettingsError: the root metadata cannot be read.
        TrustError: it is not root metadata.
        OSError: the SSD does not answer.
    """
    prepare(settings, files)
    with _alone(settings.data_folder / "worker.lock", stop) as alone:
        if alone:
            _work(settings, clock, files, stop, parent, alive, resting=resting)


def prepare(settings: Settings, files: Files) -> None:
    """Make the folders in which the worker keeps its state, and make durable what a killed run left there."""
    files.make_dir(settings.data_folder)
    with suppress(PermissionError):  # whoever may not look into the folder above did not make ours either
        files.fsync_dir(settings.data_folder.parent)
    files.make_dir(settings.commands_folder)
    files.fsync_dir(settings.data_folder)


def begin(settings: Settings, clock: Clock, files: Files) -> Intake:
    """Take up what is on the SSD, whatever the last run left of it; one worker at a time.

    Raises:
        as `run`.
    """
    trust_store = TrustStore(
        settings.trust_folder,
        read_root(settings.root_file),
        files,
        earliest=settings.earliest,
        strict=settings.strict_trust,
    )
    receipts = Receipts(settings, Outbox(settings.outbox_folder, files)).take
    before = last_holdings(settings.holdings_file)
    return Intake(settings, clock, files, trust_store, os.getpid(), before, receipts=receipts)


def _work(
    settings: Settings, clock: Clock, files: Files, stop: threading.Event, parent: int, alive: Callable[[], None],
    *, resting: bool,
) -> None:  # fmt: skip
    give_all_back(settings)
    with ExitStack() as ending:
        intake = begin(settings, clock, files)
        ending.callback(intake.close)
        line: Line | None = None
        if resting:
            intake.others |= dict.fromkeys((*UPDATES, *REPORTS), _rests)
        else:
            line = _bring_updates(settings, clock, files, intake, ending)
        upkeep = Upkeep(settings, clock, files, line)
        intake.others |= dict.fromkeys(UPKEEP, upkeep.command)
        for name in LINE_CHANGES if line is not None else ():
            intake.others[name] = _both(intake.others[name], upkeep.command)
        upkeep.start()
        ending.callback(upkeep.close)
        branch = BranchDesk(settings, clock, SharedFiles(), intake.door().board, read_root(settings.root_file))
        intake.others |= dict.fromkeys(BRANCH, branch.command)
        ending.callback(branch.close)
        watch = Watch(watched_folders(settings), intake.poke)
        watch.start()
        ending.callback(watch.close)
        renewed = 0.0
        while not stop.is_set() and (not parent or os.getppid() == parent):
            alive()
            intake.turn(TURN_SECONDS)
            if time.monotonic() - renewed > settings.reconcile_seconds:
                watch.renew()
                renewed = time.monotonic()


def _bring_updates(settings: Settings, clock: Clock, files: Files, intake: Intake, ending: ExitStack) -> Line:
    """Updates and reports, until the end; the line as repairs have it."""
    updater = Updater(settings, clock, files, intake.door(), read_root(settings.root_file))
    intake.others |= dict.fromkeys(UPDATES, updater.command)
    reporter = Reporter(
        settings, clock, files, wishes=wishes_at(settings.wishes_file), fetched=updater.fetched,
        stale=lambda: updater.stale_mirrors, say=intake.door().board.say_of_reports,
    )  # fmt: skip
    updater.start()
    ending.callback(updater.close)
    intake.others |= dict.fromkeys(REPORTS, reporter.command)
    reporter.start()
    ending.callback(reporter.close)
    return updater.repair_line


def _both(first: Command, second: Command) -> Command:
    def command(wanted: dict[str, str]) -> None:
        first(wanted)
        second(wanted)

    return command


def _rests(command: dict[str, str]) -> None:
    _log.info("%s: not while the box's own disk is out of order", command["do"])


def read_root(path: Path) -> bytes:
    """The root metadata that the box was given.

    Raises:
        SettingsError: it cannot be read or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ROOT + 1)
    except OSError as error:
        raise SettingsError("root_file", f"cannot be read: {error.strerror}") from error
    if len(content) > MAX_ROOT:
        raise SettingsError("root_file", f"has more than {MAX_ROOT} bytes")
    return content


def last_holdings(path: Path) -> Holdings:
    """The document of the last run; empty when it is damaged, for the drives tell everything again."""
    try:
        return read_holdings(path)
    except (HoldingsError, OSError) as error:
        _log.warning("the last holdings document cannot be used: %s", error)
        return Holdings()


def watched_folders(settings: Settings) -> list[Path]:
    """Where a change hints at a drive: spool, drives' folders and their parents, folders of drives."""
    paths = [path.absolute() for path in settings.drive_paths]
    spool = [settings.event_spool] if settings.event_spool else []
    folders = [folder.absolute() for folder in settings.drive_folders]
    return [*spool, settings.commands_folder, *folders, *(p.parent for p in paths), *paths]


@contextmanager
def _alone(path: Path, stop: threading.Event) -> Iterator[bool]:
    """Wait until no other worker runs; False when told to stop before."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if stop.wait(0.2):
                    yield False
                    return
            else:
                break
        yield True
    finally:
        os.close(descriptor)


def main(settings_file: Path, parent: int = 0, link: socket.socket | None = None) -> None:
    """Run as a process of its own until SIGTERM or SIGINT, or until the parent is gone.

    Args:
        settings_file: of the box.
        parent: number of the process without which this one ends.
        link: where signs of life go.
    """
    ground = ground_of()
    settings = settled(load_settings(settings_file), ground)
    logging.getLogger("tuf").setLevel(logging.WARNING)
    set_up_logging(settings.log_level, "worker")
    keep_troubles(settings.data_folder, WORKER)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    signs = _signs(link) if link is not None else lambda: None
    run(settings, RealClock(), RealFiles(), stop, parent=parent, alive=signs, resting=bool(ground.why))


def _signs(link: socket.socket) -> Callable[[], None]:
    link.setblocking(False)

    def alive() -> None:
        with suppress(OSError):  # it was told often enough, or the parent is gone
            link.send(b"alive")

    return alive


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), socket.socket(fileno=int(sys.argv[3])))
