"""The list of the smoke run: which checks follow each other on which boot."""

from __future__ import annotations

import datetime as dt
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from image.smoke import checks_boot, checks_open, checks_refuse, checks_system, checks_write, cuts, pictures
from image.smoke.box import Options, VirtualBox, overlay, raw_copy
from image.smoke.errors import CheckError
from image.smoke.origin import serving
from image.smoke.releases import RECORDING
from image.smoke.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from image.smoke.run import Run

CUTS = 20
_AT_A_TIME = 2
_LOADED = 60.0
"""Seconds after which the kernel runs. A key pressed before shows the boot menu, which waits for another one then."""
_SEED = 55
_CLOCK_OLD, _CLOCK_LATE = "2001-01-01T00:00:00", "2038-06-01T00:00:00"


def one(run: Run) -> None:
    """The one boot of every change: box file by stick, drive by hand, page, search, verified bytes."""
    disk = overlay(run.image, run.scratch / "one.qcow2")
    with run.section("One boot"), VirtualBox(disk, run.scratch, "one") as box:
        if not run.check("boot to the first page", lambda: checks_open.first_page(box)):
            _picture(run, box, "no-page")
            return
        run.check("asks for its box file", lambda: checks_open.waits_for_box_file(box))
        run.check("box file by stick", lambda: checks_open.apply_box_file(run, box))
        _reading(run, box)
        _picture(run, box, "screen-reading")


def opening(run: Run) -> None:
    """The first hour of a box, and everything that it must not take."""
    disk = overlay(run.image, run.scratch / "box.qcow2")
    with (
        run.section("First hour"),
        Wire() as wire,
        VirtualBox(disk, run.scratch, "box", Options(wire=wire.ports)) as box,
    ):
        if not run.check("boot to the first page", lambda: checks_open.first_page(box)):
            _picture(run, box, "no-page")
            return
        run.check("asks for its box file", lambda: checks_open.waits_for_box_file(box))
        _picture(run, box, "screen-new")
        _take(run, box, "new", "/")
        run.check("TCP ports", lambda: checks_boot.only_pages_are_open(wire))
        run.check("TCP ports, IPv6", lambda: checks_boot.only_pages_are_open(wire, 6))
        run.check("name on the network", lambda: checks_boot.tells_its_name(wire))
        run.check("sends nothing unasked", lambda: checks_boot.sends_nothing_else(wire))
        for name, path, key in (
            ("tampered", run.boxes.tampered, "box.file.tampered"),
            ("expired", run.boxes.expired, "box.file.expired"),
        ):
            look = functools.partial(checks_refuse.box_file_refused, run, box, path, key)
            run.check(f"{name} box file refused", look)
        run.check("box file by stick", lambda: checks_open.apply_box_file(run, box))
        for name, path, key in (
            ("older", run.boxes.older, "box.file.older"),
            ("other library's", run.boxes.other, "box.file.other_library"),
            ("tampered", run.boxes.tampered, "box.file.tampered"),
        ):
            look = functools.partial(checks_refuse.box_file_refused, run, box, path, key)
            run.check(f"{name} box file refused once it is the library's", look)
        run.check("director signs in", lambda: checks_open.director_signs_in(run, box))
        _reading(run, box)
        _picture(run, box, "screen-reading")
        for name, path in (("home", "/"), ("search", "/search?q=书箱"), ("detail", f"/resources/{RECORDING}")):
            _take(run, box, name, path)
        _take(run, box, "staff", "/staff/")
        _refusals(run, box)
        run.check("keyboard refused", lambda: checks_refuse.keyboard_is_refused(box))
        time.sleep(40)  # the journal is written every half minute
        box.cut_power()
        run.check("one start of the service in all of it", lambda: checks_boot.service_never_restarted(run, box))


def pulled(run: Run) -> None:
    """Bytes that nobody read before, so that nothing of them is in memory: the drive is pulled, then a changed one."""
    disk = overlay(run.image, run.scratch / "pulled.qcow2")
    with run.section("Pulled and changed drives"), VirtualBox(disk, run.scratch, "pulled") as box:
        if not run.check("boot to the first page", lambda: checks_open.first_page(box)):
            return
        run.check("drive by hand", lambda: checks_open.drive_is_readable(box, "drive", run.releases.newer))
        run.check("pulled in mid-read", lambda: checks_refuse.unplug_in_mid_read(run, box, "drive", run.releases.newer))
        box.unplug("drive")
        time.sleep(10)
        run.check("changed bytes", lambda: checks_refuse.spoiled_bytes_never_arrive(run, box))
        time.sleep(40)  # the journal is written every half minute
        box.cut_power()
        run.check("one start of the service in all of it", lambda: checks_boot.service_never_restarted(run, box))


def cold(run: Run) -> None:
    """The same box after its power was cut: drive in from the start, clocks that are wrong, keyboard at boot."""
    disk = run.scratch / "box.qcow2"
    for name, clock, keyboard in (("clock at 2001", _CLOCK_OLD, False), ("clock at 2038, keyboard", _CLOCK_LATE, True)):
        options = Options(clock=clock, cold=(run.releases.newer,), keyboard=keyboard)
        with run.section(f"Cold start, {name}"), VirtualBox(disk, run.scratch, f"cold-{clock[:4]}", options) as box:
            if keyboard:
                time.sleep(_LOADED)
                for _ in range(20):
                    box.press("spc", "esc", "e", "ret")
            run.check("still this library, drive served", lambda box=box: checks_boot.still_this_library(run, box))  # type: ignore[misc]
            run.check("plausible clock", lambda box=box: checks_boot.clock_is_plausible(box))  # type: ignore[misc]
            run.check("search", lambda box=box: checks_open.search_finds(box, run.releases.title))  # type: ignore[misc]
            if not keyboard:
                run.check("copy for a branch", lambda box=box: checks_write.branch_copy(run, box))  # type: ignore[misc]
                run.check("diagnosis on a stick", lambda box=box: checks_write.diagnosis(run, box))  # type: ignore[misc]
            else:
                run.check("hangs", lambda box=box: checks_boot.watchdog_restarts_it(box))  # type: ignore[misc]
            box.cut_power()


def broken(run: Run) -> None:
    """The box's own disk has lost everything but the system."""
    with run.section("Broken disk of its own"):
        plain = raw_copy(overlay(run.image, run.scratch / "broken.first.qcow2", "4G"), run.scratch / "broken.raw")
        run.check("its state is made noise", lambda: checks_boot.spoil_state(plain))
        with VirtualBox(plain, run.scratch, "broken") as box:
            run.check("serves all the same", lambda: checks_boot.serves_without_state(run, box))
            run.check("search", lambda: checks_open.search_finds(box, run.releases.title))
            _picture(run, box, "screen-degraded")
        plain.unlink()


def slots(run: Run) -> None:
    """A newer system that does not start."""
    with run.section("Slots"):
        run.check("power cuts while a try is counted", lambda: cuts.cut_while_counting(run))
        plain = raw_copy(overlay(run.image, run.scratch / "slots.first.qcow2"), run.scratch / "slots.raw")
        run.check("a bad system is put into slot B", lambda: checks_boot.spoil_newer_slot(run, plain))
        with VirtualBox(plain, run.scratch, "slots") as box:
            run.check("falls back to the slot that starts", lambda: checks_boot.falls_back(run, box))


def system(run: Run) -> None:
    """A newer system by stick, then the one of the image again."""
    with run.section("System update"):
        if run.newer is None:
            run.leave("newer system", "no second build at hand (--newer)")
            return
        newer, own = run.newer, run.image.parent / "system"
        # The older one is listed first: two people never sign a lower number after a higher one.
        older_stick = checks_system.system_stick(run, own, "system-older") if own.is_dir() else None
        stick = checks_system.system_stick(run, newer, "system-newer")
        disk = overlay(run.image, run.scratch / "system.qcow2")
        with VirtualBox(disk, run.scratch, "system", Options(clock=_morning(run))) as box:
            run.check("boot to the first page", lambda: checks_open.first_page(box))
            run.password = ""
            run.check("box file by stick", lambda: checks_open.apply_box_file(run, box))
            run.check("director signs in", lambda: checks_open.director_signs_in(run, box))
            run.check("newer system", lambda: checks_system.newer_system_is_installed(box, stick))
            if older_stick is not None:
                run.check("director signs in again", lambda: checks_open.director_signs_in(run, box))
                run.check("older system refused", lambda: checks_system.older_system_is_refused(box, older_stick))
            time.sleep(20)
        version = checks_system.version_of(newer)
        run.check("the new system stays", lambda: checks_system.new_system_is_blessed(run, disk, version))


def wire(run: Run) -> None:
    """The same by wire: a newer edition, then a newer system, from an origin that is all the network there is."""
    with run.section("Updates by wire"):
        if run.newer is None:
            run.leave("newer system", "no second build at hand (--newer)")
            return
        site = checks_system.origin_of(run, run.newer)
        disk = overlay(run.image, run.scratch / "wire.qcow2")
        with serving(site) as origin:
            options = Options(origin=origin.server_port, clock=_morning(run))
            with VirtualBox(disk, run.scratch, "wire", options) as box:
                run.check("boot to the first page", lambda: checks_open.first_page(box))
                run.password = run.boxes.wired_password
                run.check("box file by stick", lambda: checks_open.apply_box_file(run, box, run.boxes.wired))
                run.check("director signs in", lambda: checks_open.director_signs_in(run, box))
                run.check("drive by hand", lambda: checks_open.drive_is_readable(box, "drive", run.releases.older))
                run.check("newer edition", lambda: checks_system.edition_comes_by_wire(run, box))
                run.check("newer system", lambda: checks_system.newer_system_is_installed(box, None))
                time.sleep(20)
        version = checks_system.version_of(run.newer)
        run.check("the new system stays", lambda: checks_system.new_system_is_blessed(run, disk, version))


def _morning(run: Run) -> str:
    """Ten o'clock at the library, tomorrow: a run by night sees what one by day sees (at night updates begin)."""
    day = dt.date.fromisoformat(run.report.date) + dt.timedelta(days=1)
    return f"{day}T02:00:00"


def power(run: Run, count: int = CUTS) -> None:
    """Power cuts; two boxes start at a time."""
    with run.section(f"Power cuts ({count}, seed {_SEED})"):
        plain, log, phases = cuts.record(run)

        def look(n: int, moment: tuple[str, int]) -> None:
            run.check(f"cut {n}", lambda: cuts.cut_and_boot(run, plain, log, moment, n))

        with ThreadPoolExecutor(_AT_A_TIME) as boxes:
            list(boxes.map(look, range(1, count + 1), cuts.chosen(phases, count, _SEED)))


def _reading(run: Run, box: VirtualBox) -> None:
    run.check("drive by hand", lambda: checks_open.drive_is_readable(box, "drive", run.releases.newer))
    run.check("search", lambda: checks_open.search_finds(box, run.releases.title))
    run.check("verified read", lambda: checks_open.verified_read(run, box))


def _refusals(run: Run, box: VirtualBox) -> None:
    for name, (make, key) in checks_refuse.drives_to_refuse(run).items():
        look = functools.partial(checks_refuse.drive_refused, run, box, name, make, key)
        run.check(f"drive {name}", look)
    run.check(
        "drive older than the one in use",
        lambda: _older(run, box),
    )


def _older(run: Run, box: VirtualBox) -> str:
    box.plug("older", run.releases.older)
    try:
        return checks_open.said(box, "intake.trusted.older", checks_refuse.DRIVES, 300)
    finally:
        box.unplug("older")
        time.sleep(5)


def _picture(run: Run, box: VirtualBox, name: str) -> None:
    run.pictures.mkdir(parents=True, exist_ok=True)
    run.check(f"picture of the attached screen ({name})", lambda: box.screen(run.pictures / f"{name}.png").name)


def _take(run: Run, box: VirtualBox, name: str, path: str) -> None:
    try:
        run.check(f"picture of {path}", lambda: pictures.take(box, run.pictures, name, path))
    except CheckError as error:
        run.leave(f"picture of {path}", str(error))


STORIES: dict[str, Callable[[Run], None]] = {
    story.__name__: story for story in (one, opening, pulled, cold, broken, slots, system, wire, power)
}
ALL = tuple(name for name in STORIES if name != "one")
