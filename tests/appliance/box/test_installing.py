"""A system into the other slot: what is installed, what is refused, and every power cut on the way."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from appliance.box import offered
from appliance.box.booted import note_boot
from appliance.box.entries import read_entries
from appliance.box.slot_writing import DeviceSlot
from appliance.box.slots import find_slots
from appliance.box.system_state import (
    FELL_BACK,
    OLDER,
    REFUSED,
    UPDATED,
    WRITTEN,
    SystemState,
    read_system_state,
    system_messages,
)
from appliance.clock import FixedClock
from appliance.errors import SystemInstallError
from packager.format.files import RealFiles
from tests.appliance.box.slotting import GUID, Box, FileSlot, signed_system
from tests.powercut.box import put
from tests.powercut.recording import RecordingFiles, states
from tests.simulator import Publisher


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> tuple[Publisher, Path]:
    """A publisher that has a release, and its signed system 4."""
    folder = tmp_path_factory.mktemp("national")
    publisher = Publisher(folder / "publisher")
    publisher.release(1)
    return publisher, signed_system(publisher, folder / "system")


@pytest.fixture
def box(national: tuple[Publisher, Path], tmp_path: Path) -> Box:
    made = Box(tmp_path / "box")
    made.furnish(national[0].root)
    return made


def names(box: Box) -> list[str]:
    return sorted(path.name for path in box.entries.iterdir())


def test_a_signed_system_is_written_and_comes_first(box: Box, national: tuple[Publisher, Path]) -> None:
    folder = box.bring(*national)
    (folder.parent / "asked").touch()
    state = box.install()
    assert not (folder.parent / "asked").exists()  # it would be started for ever
    assert (state.state, state.version, state.percent) == (WRITTEN, 4, 100)
    assert read_system_state(box.places.run) == state
    assert (box.folder / "dev" / "b").read_bytes() == (national[1] / "root.squashfs").read_bytes()
    assert (box.folder / "dev" / "a").read_bytes() == box.root_of(3)
    assert names(box) == ["shuxiang-3.conf", "shuxiang-4+3.conf"]
    text = (box.entries / "shuxiang-4+3.conf").read_text()
    assert f"options root=PARTUUID={GUID['b']} ro quiet\n" in text
    assert "linux /shuxiang/4/vmlinuz\n" in text
    assert (box.places.efi / "4" / "initrd").read_bytes() == (national[1] / "initrd").read_bytes()
    assert not (box.places.efi / "2").exists()
    assert (box.places.run / "reboot").exists()
    assert not (folder / "ready.json").exists()
    box.places.run.joinpath("reboot").unlink()
    assert box.install() == state  # nothing asks any more
    assert not (box.places.run / "reboot").exists()


def spoil(name: str, content: bytes | None = None) -> object:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-1] + b"!" if content is None else content)

    return change


def spoil_list(folder: Path) -> None:
    newest = max((folder / "tuf/metadata").glob("*.targets.json"), key=lambda p: int(p.name.split(".")[0]))
    newest.write_bytes(newest.read_bytes()[:-2] + b"!}")


def link(folder: Path) -> None:
    (folder / "root").rename(folder / "real")
    (folder / "root").symlink_to(folder / "real")


def pipe(folder: Path) -> None:
    (folder / "kernel").unlink()
    os.mkfifo(folder / "kernel")


SPOILED = {
    "root": spoil("root"),
    "kernel": spoil("kernel"),
    "initrd": spoil("initrd"),
    "short": spoil("root", b"x"),
    "document": spoil("system.json"),
    "no document": lambda folder: (folder / "system.json").unlink(),
    "no list": lambda folder: (folder / "tuf" / "metadata" / "timestamp.json").unlink(),
    "list": spoil_list,
    "link": link,
    "pipe": pipe,
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILED)
def test_what_is_not_as_signed_is_not_started(box: Box, national: tuple[Publisher, Path], what: str) -> None:
    folder = box.bring(*national)
    SPOILED[what](folder)  # type: ignore[operator]
    assert box.install().state == REFUSED
    assert not (box.places.run / "reboot").exists()
    assert names(box) == ["shuxiang-2.conf", "shuxiang-3.conf"]  # the one to fall back to is not given up for it
    assert (box.folder / "dev" / "a").read_bytes() == box.root_of(3)
    assert (box.folder / "dev" / "b").read_bytes() == box.root_of(2)
    assert (box.places.efi / "2" / "vmlinuz").exists()


def test_a_part_that_changes_after_it_was_compared_is_not_started(box: Box, national: tuple[Publisher, Path]) -> None:
    folder = box.bring(*national)

    class Late(FileSlot):
        def write(self, blocks: Iterable[bytes]) -> None:
            spoil("initrd")(folder)  # type: ignore[operator]
            spoil("root")(folder)  # type: ignore[operator]
            super().write(blocks)

    assert box.install(slot=lambda path: Late(path, box.files)).state == REFUSED
    assert not any(entry.version == 4 for entry in read_entries(box.entries))
    assert names(box) == ["shuxiang-3.conf"]


def test_a_stranger_is_not_believed(box: Box, national: tuple[Publisher, Path], tmp_path: Path) -> None:
    other = Publisher(tmp_path / "stranger")
    other.release(1)
    box.bring(other, signed_system(other, tmp_path / "theirs"))
    assert box.install().state == REFUSED
    assert (box.folder / "dev" / "b").read_bytes() == box.root_of(2)


def test_an_older_one_or_one_that_skips_is_refused_before_anything_is_touched(
    box: Box, national: tuple[Publisher, Path], tmp_path: Path
) -> None:
    box.running = 4
    box.bring(*national)
    state = box.install()
    assert state.state == OLDER
    assert [m.key for m, _ in system_messages(state, ready=0)] == ["box.system.older"]
    box.running = 3
    publisher = national[0].fork(tmp_path / "fork")
    box.bring(publisher, signed_system(publisher, tmp_path / "later", 9, minimum=5))
    assert box.install().state == REFUSED
    assert names(box) == ["shuxiang-2.conf", "shuxiang-3.conf"]


def test_what_was_asked_for_in_another_boot_waits_for_closing_time(box: Box, national: tuple[Publisher, Path]) -> None:
    folder = box.bring(*national, boot="before the power cut")
    assert box.install() == SystemState()
    assert not (folder / "ready.json").exists()
    assert names(box) == ["shuxiang-2.conf", "shuxiang-3.conf"]


def test_a_slot_that_is_too_small_or_lies_is_not_used(
    box: Box, national: tuple[Publisher, Path], tmp_path: Path
) -> None:
    publisher = national[0].fork(tmp_path / "fork")
    box.bring(publisher, signed_system(publisher, tmp_path / "large", 5, size=61_000))
    assert box.install().state == REFUSED
    assert names(box) == ["shuxiang-2.conf", "shuxiang-3.conf"]

    class Lies(FileSlot):
        def digest(self, size: int) -> str:
            return hashlib.sha256(b"\0" * size).hexdigest()

    box.bring(*national)
    assert box.install(slot=lambda path: Lies(path, box.files)).state == REFUSED
    assert names(box) == ["shuxiang-3.conf"]


def test_nothing_is_touched_when_the_running_system_has_no_entry(box: Box, national: tuple[Publisher, Path]) -> None:
    (box.entries / "shuxiang-3.conf").unlink()
    box.bring(*national)
    assert box.install().state == REFUSED
    assert names(box) == ["shuxiang-2.conf"]
    assert (box.folder / "dev" / "b").read_bytes() == box.root_of(2)


def test_the_system_before_stays_until_the_running_one_has_shown_that_it_serves(
    box: Box, national: tuple[Publisher, Path]
) -> None:
    (box.entries / "shuxiang-3.conf").rename(box.entries / "shuxiang-3+2-1.conf")
    box.bring(*national)
    state = box.install()
    assert list(system_messages(state, ready=0)) == []
    assert names(box) == ["shuxiang-2.conf", "shuxiang-3+2-1.conf"]
    assert (box.folder / "dev" / "b").read_bytes() == box.root_of(2)


def bootable(state: dict[str, bytes | None], signed: dict[int, dict[str, bytes]]) -> dict[str, int]:
    """The slots that entries start, each with its version; every entry there must start a whole system."""
    found = {}
    for path, content in state.items():
        if not path.startswith("efi/loader/entries/") or not path.endswith(".conf"):
            continue
        text = (content or b"").decode()
        slot = next((slot for slot, guid in GUID.items() if f"root=PARTUUID={guid} " in text), None)
        assert slot is not None, f"{path} starts nothing: {text!r}"
        version = int(text.split("\nversion ")[1].split("\n")[0])
        wanted = signed[version]
        assert (state[f"dev/{slot}"] or b"")[: len(wanted["root"])] == wanted["root"], path
        for name in ("vmlinuz", "initrd"):
            assert state.get(f"efi/shuxiang/{version}/{name}") == wanted[name], path
        found[slot] = version
    return found


def test_at_every_power_cut_the_old_system_starts_and_no_entry_starts_anything_else(
    national: tuple[Publisher, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offered, "BLOCK", 16 << 10)
    recorder = RecordingFiles(tmp_path / "box")
    box = Box(tmp_path / "box", files=recorder)
    box.furnish(national[0].root)
    box.bring(*national)
    recorder.sync_all()
    begin = len(recorder.ops)
    assert box.install().state == WRITTEN
    signed = {
        version: {"root": box.root_of(version), **{n: f"{n} of {version}".encode() for n in ("vmlinuz", "initrd")}}
        for version in (2, 3)
    }
    files = {"root": "root.squashfs", "vmlinuz": "vmlinuz", "initrd": "initrd"}
    signed[4] = {name: (national[1] / file).read_bytes() for name, file in files.items()}
    seen, cuts, kept = set(), 0, []
    chance = random.Random(7)
    for done, _, state in states(recorder.ops, start=begin, cap=48):
        found = bootable(state, signed)
        assert found["a"] == 3, done
        seen.add(found.get("b"))
        cuts += 1
        if chance.random() < 0.03:
            kept.append(dict(state))
    assert seen == {2, None, 4}
    assert cuts > 300
    for n, state in enumerate(kept[:12]):  # whatever was left, the next time it is installed
        again = Box(tmp_path / f"again-{n}")
        put(state, again.folder)
        ready = again.places.data / "system" / "4" / "ready.json"
        ready.write_text(json.dumps({"schema": 1, "boot": "this boot"}))
        assert again.install().state == WRITTEN
        assert names(again) == ["shuxiang-3.conf", "shuxiang-4+3.conf"]


def test_the_boot_after_says_what_became_of_it(box: Box, national: tuple[Publisher, Path]) -> None:
    def boots(running: int, boot: str) -> SystemState:
        (box.places.run / "system.json").unlink(missing_ok=True)
        return note_boot(box.places, running, boot, FixedClock(), RealFiles())

    assert boots(3, "first") == SystemState(3)
    box.bring(*national)
    box.install()
    assert boots(3, "this boot").state == ""
    assert boots(4, "next boot").state == UPDATED
    assert boots(3, "next boot").state == ""  # its entry has tries left: it was not tried
    (box.entries / "shuxiang-4+3.conf").rename(box.entries / "shuxiang-4+0-3.conf")
    box.entries.rename(box.entries.with_name("away"))
    assert boots(3, "next boot").state == ""  # the boot partition comes late
    box.entries.with_name("away").rename(box.entries)
    state = note_boot(box.places, 3, "next boot", FixedClock(), RealFiles())
    assert (state.state, state.version) == (FELL_BACK, 4)
    assert [m.key for m, _ in system_messages(state, ready=0)] == ["box.system.fell_back"]
    assert note_boot(box.places, 3, "next boot", FixedClock(), RealFiles()) == state
    (box.entries / "shuxiang-4+0-3.conf").unlink()
    assert boots(3, "next boot").state == ""


def test_a_device_is_written_in_place_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "slot"
    path.write_bytes(b"z" * 100)
    slot = DeviceSlot(path)
    assert slot.size() == 100
    slot.write(iter([b"a" * 30, b"b" * 20]))
    assert path.read_bytes() == b"a" * 30 + b"b" * 20 + b"z" * 50
    assert slot.digest(50) == hashlib.sha256(b"a" * 30 + b"b" * 20).hexdigest()


def test_only_the_slots_of_the_own_disk_are_found(tmp_path: Path) -> None:
    numbers = {"/": 2, "root-a": 2, "root-b": 3, "guid-of-a": 2, "guid-of-b": 3, "guid-of-a-stick": 9}
    for name in numbers:
        if name.startswith("guid"):
            (tmp_path / name).touch()

    def of(path: Path) -> int:
        return numbers[path.name or "/"]

    slots = find_slots(links=tmp_path / "dev", by_guid=tmp_path, number=of)
    assert (slots.running, slots.other, slots.device) == ("guid-of-a", "guid-of-b", tmp_path / "dev" / "root-b")
    for wrong in ({"root-a": 7}, {"root-b": 2}, {"guid-of-b": 8}):
        with pytest.raises(SystemInstallError):
            find_slots(
                links=tmp_path / "dev", by_guid=tmp_path, number=lambda p, w=wrong: {**numbers, **w}[p.name or "/"]
            )
    with pytest.raises(SystemInstallError):
        find_slots(links=tmp_path / "none", by_guid=tmp_path)
