"""Power cuts: one life of a box with every write logged, then the disk as many cuts would have left it, each booted.

What must hold after every cut: the file systems are sound after their own repair, the box starts by itself, it still is
the library's (once it was), the drive is served, and readers' pages come.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from image.smoke import checks_system
from image.smoke import disk as disks
from image.smoke.box import Options, VirtualBox, overlay, raw_copy
from image.smoke.checks_boot import spoil_newer_slot
from image.smoke.checks_open import apply_box_file, director_signs_in, drive_is_readable
from image.smoke.errors import CheckError
from image.smoke.media import copy_sparse, stick_of
from image.smoke.writelog import cut, index_at, read_log

if TYPE_CHECKING:
    from pathlib import Path

    from image.smoke.run import Run

BOOT, BOX_FILE, ACCOUNT, DRIVE, DELTA, SYSTEM, IDLE = (
    "first boot", "box file", "account", "drive", "delta", "system into the other slot", "idle"
)  # fmt: skip

_COUNTED = 45.0
"""Seconds after which the firmware has started a system, or given it up."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the life. name: what the box did; first, last: entries of the log."""

    name: str
    first: int
    last: int


def record(run: Run, name: str = "life") -> tuple[Path, Path, list[Phase]]:
    """Live through it once.

    Returns:
        The plain disk before, the log, the phases in order.
    """
    plain, log = run.scratch / f"{name}.before.raw", run.scratch / f"{name}.log"
    kept = run.scratch / f"{name}.phases.json"
    if kept.exists() and plain.exists() and log.exists():
        return plain, log, [Phase(**phase) for phase in json.loads(kept.read_text())]
    first = overlay(run.image, run.scratch / f"{name}.first.qcow2")
    raw_copy(first, plain)
    marks: list[tuple[str, int]] = []
    disk = overlay(run.image, run.scratch / f"{name}.qcow2")
    with VirtualBox(disk, run.scratch, name, Options(write_log=log)) as box:

        def mark(what: str) -> None:
            time.sleep(3)
            marks.append((what, log.stat().st_size))

        box.wait_page()
        time.sleep(20)
        mark(BOOT)
        run.password = ""
        apply_box_file(run, box)
        mark(BOX_FILE)
        director_signs_in(run, box)
        mark(ACCOUNT)
        drive_is_readable(box, "older", run.releases.older)
        mark(DRIVE)
        before = box.health()["resources"]
        box.plug("update", stick_of(run.scratch / "update.img", run.releases.update))
        box.wait(lambda: checks_system.applied(box, before), "the update", 900)
        box.unplug("update")
        mark(DELTA)
        if run.newer is not None:
            checks_system.begin_system(box, checks_system.system_stick(run, run.newer, "system-newer"))
            box.wait(lambda: checks_system.restarts(box) > 0, "the restart", 1500)
            mark(SYSTEM)
        time.sleep(45)
        mark(IDLE)
    writes = read_log(log)
    phases, begin = [], 0
    for what, size in marks:
        end = index_at(writes, size)
        phases.append(Phase(what, begin, end))
        begin = end
    kept.write_text(json.dumps([asdict(phase) for phase in phases]))
    return plain, log, phases


def chosen(phases: list[Phase], count: int, seed: int) -> list[tuple[str, int]]:
    """Moments to cut, as (phase, entry): spread over the phases, each at a random write in it."""
    chance = random.Random(seed)  # noqa: S311 - the same cuts for the same seed
    usable = [phase for phase in phases if phase.last - phase.first > 1]
    moments = []
    for n in range(count):
        phase = usable[n % len(usable)]
        moments.append((phase.name, chance.randrange(phase.first + 1, phase.last + 1)))
    return moments


def cut_and_boot(run: Run, plain: Path, log: Path, moment: tuple[str, int], number: int) -> str:
    """One cut: the disk as it was left, looked at, booted, used.

    Raises:
        CheckError: something of what must hold does not.
    """
    phase, entry = moment
    writes = read_log(log)
    name = f"cut-{number}"
    disk, seen = copy_sparse(plain, run.scratch / f"{name}.raw"), list[str]()
    try:
        done = cut(log, writes, entry, disk, random.Random(number))  # noqa: S311 - the same cuts for the same seed
        seen.append(f"{phase}, after write {entry} of {len(writes)} ({done.lost} lost, {done.torn} torn)")
        seen += _sound(run, disk)
        with VirtualBox(disk, run.scratch, name, Options(cold=(run.releases.older,))) as box:
            seen += _used(run, box, known=phase not in {BOOT, BOX_FILE})
    except CheckError as error:
        raise CheckError(f"{'; '.join(seen)}: {error}") from error
    finally:
        for suffix in ("raw", "data", "esp", "vars.qcow2"):
            (run.scratch / f"{name}.{suffix}").unlink(missing_ok=True)
    return "; ".join(seen)


def _sound(run: Run, disk: Path) -> list[str]:
    """Partitions and file systems as the cut left them, after what they repair by themselves."""
    names = disks.partitions(disk)
    if not {disks.ESP, disks.ROOT_A, disks.ROOT_B, disks.DATA} <= names.keys():
        raise CheckError(f"partitions {sorted(names)}")
    state = disks.cut_out(disk, disks.DATA, run.scratch / f"{disk.stem}.data")
    boot = disks.cut_out(disk, disks.ESP, run.scratch / f"{disk.stem}.esp")
    return [f"state {disks.check_ext4(state)}", f"boot partition {disks.check_fat(boot)}"]


def _used(run: Run, box: VirtualBox, *, known: bool) -> list[str]:
    """The box starts by itself and is used. known: whether it had been the library's before the cut."""
    seen = [f"first page after {box.wait_page():.0f} s"]
    if known:
        box.wait(lambda: run.boxes.library in box.client.get("/").words, "the library's name", 120)
        drive_is_readable(box, "", None, plug=False)
        return [*seen, "the library's", "drive served"]
    drive_is_readable(box, "", None, plug=False)
    whose = "the library's" if run.boxes.library in box.client.get("/").words else "nobody's yet"
    return [*seen, whose, "drive served"]


def cut_while_counting(run: Run) -> str:
    """The firmware counts a try in the name of an entry: after a cut at each of its writes the menu is whole.

    Raises:
        CheckError: it is not.
    """
    plain = raw_copy(overlay(run.image, run.scratch / "counting.first.qcow2", "4G"), run.scratch / "counting.raw")
    spoil_newer_slot(run, plain)
    life, log = copy_sparse(plain, run.scratch / "counting.life.raw"), run.scratch / "counting.log"
    with VirtualBox(life, run.scratch, "counting", Options(write_log=log)):
        time.sleep(_COUNTED)
    writes, states = read_log(log), 0
    for end in range(1, len(writes) + 1):
        for seed in range(4):
            disk = copy_sparse(plain, run.scratch / "counting.cut.raw")
            cut(log, writes, end, disk, random.Random(seed))  # noqa: S311 - the same cuts for the same seed
            boot = disks.cut_out(disk, disks.ESP, run.scratch / "counting.esp")
            states += 1
            if disks.check_fat(boot) == disks.HALF_WRITTEN or len(disks.entries(boot)) != 2:
                raise CheckError(f"after write {end} of {len(writes)} (seed {seed}) the menu is not whole")
    for path in (plain, life):
        path.unlink()
    return f"{len(writes)} writes, {states} states, both entries in each"
