"""A newer system by stick, into the other slot; and one that is not newer."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

from image.smoke import disk as disks
from image.smoke.checks_open import item_of, said, told
from image.smoke.errors import CheckError, MachineError
from image.smoke.media import stick_of
from image.smoke.releases import NEWS, packager

if TYPE_CHECKING:
    from pathlib import Path

    from image.smoke.box import VirtualBox
    from image.smoke.run import Run

STAFF, UPDATES = "/staff/", "/staff/updates"
_BLESSING = 60.0
"""Seconds after the first page in which a slot is blessed; from outside nothing tells it."""
_PASSPHRASES = "demonstration-passphrases.txt"


def system_stick(run: Run, system: Path, name: str) -> Path:
    """A stick with a system on it, signed by two people.

    Args:
        run: whose authority signs.
        system: the folder `system` that a build left; copied.
        name: of the stick.

    Raises:
        MachineError: it could not be signed or published.
    """
    site = run.scratch / f"{name}.site"
    shutil.rmtree(site, ignore_errors=True)
    publish_system(run, system, site)
    return stick_of(run.scratch / f"{name}.img", site)


def publish_system(run: Run, system: Path, site: Path) -> None:
    """Sign a system and publish it at a site, a folder.

    Raises:
        MachineError: it could not be signed or published.
    """
    keys, work = run.authority / "keys", run.scratch / f"{site.name}.system"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(system, work)
    packager("system", "sign", work, "--keys", keys, "--passphrases", keys / _PASSPHRASES, expect=(0,))
    packager("system", "publish", work, site, "--keys", keys, expect=(0,))
    shutil.rmtree(work)


def origin_of(run: Run, system: Path) -> Path:
    """A site with the newer edition, the way to it from the older one, and a system."""
    site = run.scratch / "origin"
    shutil.rmtree(site, ignore_errors=True)
    packager("publish", run.releases.work, site, "--keys", run.authority / "keys", expect=(0,))
    publish_system(run, system, site)
    return site


def version_of(system: Path) -> int:
    """The number of a system.

    Raises:
        MachineError: the folder holds none.
    """
    try:
        return int(json.loads((system / "system.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError) as error:
        raise MachineError(f"{system} holds no system: {error}") from error


def edition_comes_by_wire(run: Run, box: VirtualBox) -> str:
    """The box looks at its origin when it is told to, brings the newer edition and gives it to readers when told."""
    before = box.health()["resources"]
    if (answer := box.client.post("/staff/updates/command", UPDATES, do="update-now")).status != 200:
        raise CheckError(f"the button answered {answer.status}")
    seconds = box.wait(lambda: applied(box, before), "the update", 900)
    answer = box.client.get(str(item_of(box, NEWS)["url"]), 120, Range="bytes=0-999999")
    if answer.body != run.releases.news[:1_000_000]:
        raise CheckError(f"what is new was answered with {answer.status} and {len(answer.body)} other bytes")
    return f"{before} resources before, {box.health()['resources']} after {seconds:.0f} s; new sound read"


def applied(box: VirtualBox, before: int) -> bool:
    """Whether an update is in use; it waits for its hour, and is told now. before: resources then."""
    if box.health()["resources"] > before:
        return True
    box.client.post("/staff/updates/command", UPDATES, do="update-apply")
    time.sleep(10)
    return False


def newer_system_is_installed(box: VirtualBox, stick: Path | None) -> str:
    """It is offered, the director says now, it is written into the other slot, and the box starts with it.

    Args:
        box: it was blessed long enough ago.
        stick: what brings the system; None: it comes by wire.
    """
    begin_system(box, stick)
    resets = restarts(box)
    seconds = box.wait(lambda: restarts(box) > resets, "the restart", 1500)
    if stick is not None:
        box.unplug("system")
    box.started = time.monotonic()
    page = box.wait_page()
    updated = told(box, "box.system.updated")
    return f"restarted {seconds:.0f} s after the button, page {page:.0f} s later; {updated}"


def begin_system(box: VirtualBox, stick: Path | None) -> str:
    """Plug the stick in, if it comes by one, and press the button. The running system must have been blessed before."""
    time.sleep(_BLESSING)
    if stick is not None:
        box.plug("system", stick)
    ready = said(box, "box.system.ready", STAFF, 900)
    answer = box.client.post("/staff/updates/command", UPDATES, do="system-apply")
    if answer.status != 200:
        raise CheckError(f"the button answered {answer.status}")
    return ready


def older_system_is_refused(box: VirtualBox, stick: Path) -> str:
    """A stick whose newest system is older than the running one: nothing is installed."""
    box.plug("older-system", stick)
    try:
        return said(box, "box.system.older", STAFF, 900)
    finally:
        box.unplug("older-system")


def new_system_is_blessed(run: Run, disk: Path, version: int) -> str:
    """Afterwards the boot menu has the new system without a counter: it started and answered."""
    from image.smoke.box import raw_copy

    plain = raw_copy(disk, run.scratch / "blessed.plain")
    found = sorted(disks.entries(disks.cut_out(plain, disks.ESP, run.scratch / "blessed.esp")))
    plain.unlink()
    if f"shuxiang-{version}.conf" not in found:
        raise CheckError(f"entries {found}")
    return f"entries {found}"


def restarts(box: VirtualBox) -> int:
    """How often it started anew by itself."""
    box.qmp.command("query-status")  # events come with answers
    return sum(name == "RESET" for name, _ in box.qmp.events)
