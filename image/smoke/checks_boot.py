"""Boots that are not like the first: after a cut, with a dead clock, with a bad slot; and the network."""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING

from image.smoke import disk as disks
from image.smoke.checks_open import drive_is_readable, first_page, told
from image.smoke.errors import CheckError
from image.smoke.media import run as tool

if TYPE_CHECKING:
    from pathlib import Path

    from image.smoke.box import VirtualBox
    from image.smoke.run import Run
    from image.smoke.wire import Wire

OPEN = {80, 443}
IMAGE_YEAR = 2026


def only_pages_are_open(wire: Wire, version: int = 4) -> str:
    """Of all TCP ports a neighbour finds none open but those of pages, whichever Internet protocol (4, 6) it speaks."""
    wire.wait_lease(600)
    opened, refused = wire.knock(range(1, 65536), version=version)
    if not opened <= OPEN or not refused <= OPEN or (version == 4 and 80 not in opened):
        raise CheckError(f"open {sorted(opened)}, refused {sorted(refused)[:20]}")
    return f"65,535 knocked at: open {sorted(opened)}, refused {sorted(refused)}, silent all others"


def tells_its_name(wire: Wire) -> str:
    """The box answers to its name on the local network."""
    if not wire.ask_name("library.local"):
        raise CheckError(f"no answer to library.local; {len(wire.named)} messages of mDNS")
    return "library.local is 192.168.77.20"


def sends_nothing_else(wire: Wire) -> str:
    """What the box sent unasked: DHCP, mDNS, and what tells neighbours and multicast groups (IGMP, ICMP)."""
    told, asked = {0, 1, 2, 58}, {67, 68, 5353, 5355, 123, 53}  # protocols; ports
    others = {(p, s, d) for p, s, d in wire.heard if p not in told and not {s, d} & asked}
    if others:
        raise CheckError(f"(protocol, from, to): {sorted(others)[:12]}")
    return f"{sorted(wire.heard)[:12]}"


def still_this_library(run: Run, box: VirtualBox) -> str:
    """After a cold start the box still is the library's, and its drive is served without a hand."""
    seen = first_page(box)
    box.wait(lambda: run.boxes.library in box.client.get("/").words, "the library's name", 120)
    return f"{seen}; {drive_is_readable(box, '', None, plug=False)}"


def clock_is_plausible(box: VirtualBox, earliest: int = IMAGE_YEAR) -> str:
    """The box's own clock is never before the system was made."""
    said = box.client.get("/").headers.get("date", "")
    year = email.utils.parsedate_to_datetime(said).year
    if year < earliest:
        raise CheckError(f"it says {said}")
    return f"it says {said}"


def service_never_restarted(run: Run, box: VirtualBox) -> str:
    """In the journal on the disk: in the boot that just ended the service was started once."""
    partition = data_partition(run, box.disk, box.name)
    entries = disks.journal(partition, run.scratch)
    if not entries:
        raise CheckError("no journal on the disk")
    boot = entries[-1]["_BOOT_ID"]
    starts = disks.starts_of(entries, "shuxiang.service", boot)
    if starts != 1:
        raise CheckError(f"{starts} starts in the last boot of {len({e['_BOOT_ID'] for e in entries})}")
    faults = {"exit-code", "signal", "core-dump", "timeout", "watchdog", "start-limit-hit"}
    failed = sorted({e.get("UNIT", "") for e in entries if e.get("UNIT_RESULT") in faults})
    return f"one start; units that failed in any boot: {failed or 'none'}"


def data_partition(run: Run, disk: Path, name: str) -> Path:
    """The state of a box as a file, its journal replayed."""
    from image.smoke.box import raw_copy

    plain = raw_copy(disk, run.scratch / f"{name}.plain")
    partition = disks.cut_out(plain, disks.DATA, run.scratch / f"{name}.data")
    plain.unlink()
    disks.replay(partition)
    return partition


def spoil_newer_slot(run: Run, plain: Path) -> str:
    """Put a system with a higher number into slot B that does not start: its root is noise.

    Args:
        run: for its scratch folder.
        plain: a plain copy of the image; changed.
    """
    boot = disks.cut_out(plain, disks.ESP, run.scratch / "bad.esp")
    (name, text), *_ = disks.entries(boot).items()
    version = next(line.split()[1] for line in text.splitlines() if line.startswith("version"))
    newer = str(int(version) + 1)
    folder = f"::shuxiang/{newer}"
    tool("mmd", "-i", boot, folder)
    for part in ("vmlinuz", "initrd"):
        tool(
            "mcopy", "-i", boot, "-", f"{folder}/{part}", said=tool("mtype", "-i", boot, f"::shuxiang/{version}/{part}")
        )
    changed = text.replace(f"/{version}/", f"/{newer}/").replace(f"version {version}", f"version {newer}")
    changed = _root_b(changed, plain)
    tool("mcopy", "-i", boot, "-", f"::loader/entries/shuxiang-{newer}+3.conf", said=changed.encode())
    disks.put_back(plain, disks.ESP, boot)
    noise = run.scratch / "bad.root"
    noise.write_bytes(b"\xa5" * (1 << 20))
    disks.put_back(plain, disks.ROOT_B, noise)
    return f"{name} and shuxiang-{newer}+3.conf"


def spoil_state(plain: Path) -> str:
    """Make noise of the whole state of a box, as of a worn-out disk. plain: a plain copy of the image; changed."""
    first, size = disks.partitions(plain)[disks.DATA]
    noise, left = b"\xa5" * (4 << 20), size
    with plain.open("r+b") as out:
        out.seek(first)
        while left:
            left -= out.write(noise[: min(left, len(noise))])
    return f"{size >> 20} MiB are noise"


def serves_without_state(run: Run, box: VirtualBox) -> str:
    """A box that has lost its state says so, takes its drive, and readers read."""
    seen = first_page(box)
    degraded = told(box, "box.degraded", 120)
    return f"{seen}; {degraded}; {drive_is_readable(box, 'drive', run.releases.newer)}"


def falls_back(run: Run, box: VirtualBox) -> str:
    """A system that does not start is tried three times, then the one before starts by itself."""
    seconds = box.wait_page(3600)
    box.qmp.command("query-status")  # events come with answers
    resets = sum(name == "RESET" for name, _ in box.qmp.events)
    box.cut_power()
    left = disks.entries(disks.cut_out(box.disk, disks.ESP, run.scratch / "after.esp"))
    spent = [name for name in left if "+0" in name]
    if not spent:
        raise CheckError(f"page after {seconds:.0f} s, but the entries are {sorted(left)}")
    return f"page after {seconds:.0f} s and {resets} resets; entries {sorted(left)}"


def watchdog_restarts_it(box: VirtualBox) -> str:
    """A box whose processors hang is started again by its own watchdog, and its page comes back."""
    before = {name: sum(seen == name for seen, _ in box.qmp.events) for name in ("WATCHDOG", "RESET")}
    box.freeze()
    begun = time.monotonic()

    def fired() -> bool:
        box.qmp.command("query-status")  # events come with answers
        return all(sum(seen == name for seen, _ in box.qmp.events) > count for name, count in before.items())

    seconds = box.wait(fired, "the watchdog", 600)
    box.started = time.monotonic()
    page = box.wait_page()
    return f"hung; the watchdog fired after {seconds:.0f} s; page {page:.0f} s later ({time.monotonic() - begun:.0f} s)"


def _root_b(entry: str, plain: Path) -> str:
    """The same entry for slot B, whatever names the slot in it."""
    import json

    found = json.loads(tool("sfdisk", "-J", plain))["partitiontable"]["partitions"]
    a, b = (next(p["uuid"] for p in found if p.get("name") == name) for name in (disks.ROOT_A, disks.ROOT_B))
    lines = []
    for line in entry.splitlines():
        if line.startswith("options"):
            for old, new in ((a, b), (a.lower(), b.lower()), (disks.ROOT_A, disks.ROOT_B)):
                line = line.replace(old, new)
        lines.append(line)
    return "\n".join(lines) + "\n"
