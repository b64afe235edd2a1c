"""What a box does not take, each in its own words: box files, drives, keyboards."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from image.smoke.checks_open import item_of, said
from image.smoke.errors import CheckError
from image.smoke.media import blank_disk, empty_disk, noise_disk, spoiled, stick, there
from image.smoke.releases import NEWS, RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from image.smoke.box import VirtualBox
    from image.smoke.run import Run

STATUS, DRIVES = "/staff/", "/staff/drives"


def box_file_refused(run: Run, box: VirtualBox, path: Path, key: str) -> str:
    """A stick with a box file that is not taken: its sentence, and the library stays what it was."""
    before = box.client.get("/").words.count(run.boxes.library)
    name = f"stick-{path.parent.name}"
    box.plug(name, stick(run.scratch / f"{name}.img", {path.name: path.read_bytes()}))
    try:
        seen = said(box, key, STATUS)
        after = box.client.get("/").words.count(run.boxes.library)
        if bool(before) != bool(after):
            raise CheckError("the library's name changed")
    finally:
        box.unplug(name)
        time.sleep(5)
    return seen


def drives_to_refuse(run: Run) -> dict[str, tuple[Callable[[Path], Path], str]]:
    """Name → (maker of the disk, key of the sentence that staff must read)."""
    line = _a_line_of_the_list(run)
    changed = (b"1" if line[:1] == b"0" else b"0") + line[1:]
    made: dict[str, tuple[Callable[[Path], Path], str]] = {
        "blank": (blank_disk, "intake.refused.unreadable"),
        "empty ext4": (lambda path: empty_disk(path, "ext4"), "intake.refused.blank"),
        "noise": (noise_disk, "intake.refused.unreadable"),
        "of another issuer": (lambda _: run.releases.stranger, "intake.refused.unknown_issuer"),
        "with a changed list": (
            lambda path: spoiled(path, run.releases.older, line, changed), "intake.refused.list_changed",
        ),
    }  # fmt: skip
    if there("mkfs.exfat"):
        made["empty exFAT"] = (lambda path: empty_disk(path, "exfat"), "intake.refused.blank")
    if there("mkntfs"):
        made["NTFS"] = (lambda path: empty_disk(path, "ntfs"), "intake.refused.format")
    return made


def drive_refused(run: Run, box: VirtualBox, name: str, make: Callable[[Path], Path], key: str) -> str:
    """A drive that is not served: its sentence on the staff's page; nothing of it reaches readers."""
    image = make(run.scratch / f"refused-{name.replace(' ', '-')}.img")
    before = box.health()["resources"]
    box.plug("refused", image)
    try:
        seen = said(box, key, DRIVES, 240)
        if box.health()["resources"] != before:
            raise CheckError("readers see other resources than before")
    finally:
        box.unplug("refused")
        time.sleep(5)
    return seen


def spoiled_bytes_never_arrive(run: Run, box: VirtualBox) -> str:
    """On a drive on which a recording was changed in one byte, that part of it is not sent.

    One that nobody read before: of others the box may still have sound bytes in memory, and sends these.
    """
    content = run.releases.news
    middle = content[12_000_000:12_000_064]
    image = spoiled(
        run.scratch / "spoiled.img", run.releases.newer, middle, bytes((middle[0] ^ 1,)) + middle[1:]
    )  # fmt: skip
    box.plug("spoiled", image)
    try:
        box.wait(lambda: bool(box.health()["drives"]), "the drive", 300)
        box.wait(lambda: bool(item_of(box, NEWS)), "the recording", 120)
        item = item_of(box, NEWS)
        first = {"Range": "bytes=0-999999"}
        box.wait(lambda: box.client.get(str(item["url"]), 60, **first).status == 206, "its sound beginning", 180)
        received = bytearray()
        with suppress(OSError, ValueError):
            for block in box.client.stream(str(item["url"]), 120):
                received += block
        whole = len(received) >= len(content)
        if not received or whole or bytes(received) != content[: len(received)]:
            raise CheckError(f"{len(received)} bytes came, sound: {bytes(received) == content[: len(received)]}")
    finally:
        box.unplug("spoiled")
        time.sleep(5)
    return f"{len(received)} sound bytes came, then the connection ended before the changed one"


def unplug_in_mid_read(run: Run, box: VirtualBox, name: str, image: Path) -> str:
    """The drive is pulled while a reader hears the recording: the reading ends, the box does not; then it is back."""
    item = item_of(box, RECORDING)
    received, failure = bytearray(), []

    def read() -> None:
        try:
            for block in box.client.stream(str(item["url"]), 120):
                received.extend(block)
        except (OSError, ValueError) as error:
            failure.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    box.wait(lambda: len(received) > 2_000_000 or not reader.is_alive(), "the first bytes", 120)
    at = len(received)
    box.unplug(name)
    page = box.client.get("/", 120)
    reader.join(180)
    if reader.is_alive() or page.status != 200:
        raise CheckError(f"the reading hangs: {reader.is_alive()}; first page {page.status}")
    content = run.releases.recording
    if len(received) >= len(content):
        raise CheckError("all of it was there already; nothing was interrupted")
    if bytes(received) != content[: len(received)]:
        raise CheckError("wrong bytes came")
    box.plug(name, image)
    seconds = box.wait(lambda: bool(box.health()["drives"]), "the drive again", 300)
    again = box.client.get(str(item["url"]), 120, Range="bytes=0-999999")
    if hashlib.sha256(again.body).digest() != hashlib.sha256(content[:1_000_000]).digest():
        raise CheckError(f"after it came back: {again.status}, {len(again.body)} bytes")
    ended = failure[0] if failure else "the connection was closed"
    return f"pulled at {at} bytes, {len(received)} arrived ({ended}); page at once; back and read after {seconds:.0f} s"


def keyboard_is_refused(box: VirtualBox) -> str:
    """A keyboard on USB is told to staff, and nobody listens to its keys."""
    box.plug_keyboard()
    seen = said(box, "box.not_storage", STATUS, 120)
    box.press("ret", "ctrl", "esc", "spc")
    box.qmp.command("send-key", keys=[{"type": "qcode", "data": key} for key in ("ctrl", "alt", "delete")])
    time.sleep(20)
    if box.client.get("/", 60).status != 200:
        raise CheckError("after Ctrl-Alt-Delete there is no page")
    restarted = [name for name, _ in box.qmp.events if name in {"RESET", "SHUTDOWN"}]
    box.qmp.command("device_del", id="keyboard-hot")
    if restarted:
        raise CheckError(f"it did {restarted}")
    return f"{seen}; Ctrl-Alt-Delete does nothing"


def _a_line_of_the_list(run: Run) -> bytes:
    """A line of the older edition's signed list of files: digest, size, path.

    Of the edition in use the box has its own lists, proved before, and asks no drive for them again.
    """
    with (run.releases.work_older / "bag/meta/items.txt").open("rb") as file:
        return file.readline()
