"""The service asks for a stick to write on: it is given, and taken back whatever happens."""

from __future__ import annotations

import json

import pytest

from image.drive import lending, owners
from image.drive.lending import LEASE_SECONDS, RefusedError, check_place
from tests.image.drive.lending import USB, Machine


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def ask(machine, device="sdb1", purpose="files", at=7):
    values = {"schema": 1, "device": device, "purpose": purpose, "at": at}
    (machine.requests / f"{device}.json").write_text(json.dumps(values))


def test_a_stick_is_given_and_taken_back(machine):
    machine.plug()
    ask(machine)
    assert machine.lender.turn(0.0)
    assert machine.event().writable
    assert machine.asked == ["unmount sdb1", "open sdb", "open sdb1", "mount rw sdb1"]
    machine.asked.clear()
    assert machine.lender.turn(1.0)
    assert machine.asked == []
    (machine.requests / "sdb1.json").unlink()
    assert not machine.lender.turn(2.0)
    assert machine.asked[:2] == ["sync sdb1", "unmount sdb1"]
    assert sorted(machine.asked[2:4]) == ["protect sdb", "protect sdb1"]
    assert machine.asked[4:] == ["mount ro sdb1"]
    event = machine.event()
    assert (event.state, event.writable, event.at, event.label) == ("mounted", False, 7, "U")


def test_it_is_taken_back_when_nobody_renews(machine):
    machine.plug()
    ask(machine)
    machine.lender.turn(0.0)
    machine.lender.turn(LEASE_SECONDS - 1)
    assert machine.event().writable
    assert not machine.lender.turn(LEASE_SECONDS)
    assert not machine.event().writable
    assert list(machine.requests.iterdir()) == []


def test_who_renews_keeps_it(machine):
    machine.plug()
    for now in range(5):
        ask(machine)
        machine.lender.turn(now * (LEASE_SECONDS - 1))
    assert machine.event().writable
    assert machine.asked.count("mount rw sdb1") == 1


def test_a_stick_that_was_pulled_is_left_alone(machine):
    machine.plug()
    ask(machine)
    machine.lender.turn(0.0)
    machine.pull()
    machine.asked.clear()
    assert not machine.lender.turn(1.0)
    assert (machine.asked, machine.event().state) == ([], "removed")


def test_another_stick_under_the_same_name_is_not_given_for_it(machine):
    machine.plug()
    ask(machine)
    machine.lender.turn(0.0)
    machine.pull()
    machine.plug(at=11, under=USB.replace("host6", "host7"))
    machine.asked.clear()
    assert not machine.lender.turn(1.0)
    assert machine.asked == []
    ask(machine, at=7)
    assert not machine.lender.turn(2.0)
    assert machine.asked == []


def test_a_request_that_becomes_another_ends_it(machine):
    machine.plug()
    ask(machine)
    machine.lender.turn(0.0)
    ask(machine, purpose="copy")
    machine.lender.turn(1.0)
    assert not machine.event().writable


@pytest.mark.parametrize("kind", ["ntfs", "ext3", "iso9660", "", "ext4,suid"])
def test_other_file_systems_are_not_written(machine, kind):
    machine.plug(kind=kind)
    ask(machine)
    assert not machine.lender.turn(0.0)
    assert machine.asked == []


@pytest.mark.parametrize(("purpose", "name"), [("files", "bag"), ("copy", "photographs"), ("files", "1/bag")])
def test_what_stands_on_it_decides(machine, purpose, name):
    top = machine.plug()
    top.chmod(0o755)
    (top / name).mkdir(parents=True)
    ask(machine, purpose=purpose)
    assert not machine.lender.turn(0.0)
    assert (machine.asked, machine.event().writable) == ([], False)


def test_what_stands_beside_it_decides(machine):
    machine.plug("sdb1")
    drive = machine.plug("sdb2")
    drive.chmod(0o755)
    (drive / "bag").mkdir()
    ask(machine)
    assert not machine.lender.turn(0.0)
    assert machine.asked == []


def test_a_disk_of_the_box_is_never_given(machine):
    machine.plug()
    (machine.base / "own/sdb").touch()
    ask(machine)
    assert not machine.lender.turn(0.0)
    assert machine.asked == []


def test_only_usb_devices_are_given(tmp_path):
    with pytest.raises(RefusedError):
        check_place("sda1", tmp_path / "pci0/ata1/block/sda/sda1", own=tmp_path)
    with pytest.raises(RefusedError):
        check_place("sda1", tmp_path / "usb2/block/sdb/sdb1", own=tmp_path)
    check_place("sdb1", tmp_path / "usb2/block/sdb/sdb1", own=tmp_path)


def test_what_was_never_plugged_in_is_not_given(machine):
    ask(machine, "sda2")
    ask(machine, "mem")
    (machine.requests / "sdc1.json").symlink_to("/etc/shadow")
    assert not machine.lender.turn(0.0)
    assert machine.asked == []
    assert list(machine.requests.iterdir()) == []


@pytest.mark.parametrize("fails", ["rw", "switch"])
def test_a_stick_with_a_switch_is_as_it_was(machine, fails):
    machine.plug()
    machine.fails.add(fails)
    ask(machine)
    assert not machine.lender.turn(0.0)
    assert machine.asked[-1] == "mount ro sdb1"
    assert {"protect sdb", "protect sdb1"} <= set(machine.asked)
    assert (machine.event().state, machine.event().writable) == ("mounted", False)


def test_a_stick_that_somebody_holds_is_as_it_was(machine):
    machine.plug()
    machine.fails.add("free")
    ask(machine)
    machine.lender.turn(0.0)
    assert "mount rw sdb1" not in machine.asked
    assert machine.asked[-1] == "mount ro sdb1"


def test_a_stick_that_cannot_be_mounted_again_is_told(machine):
    machine.plug()
    ask(machine)
    machine.lender.turn(0.0)
    machine.fails.add("ro")
    (machine.requests / "sdb1.json").unlink()
    machine.lender.turn(1.0)
    assert (machine.event().state, machine.event().reason) == ("failed", "mount")


def test_an_empty_ext4_disk_becomes_the_services(machine, monkeypatch):
    top = machine.plug(kind="ext4")
    taken = []
    monkeypatch.setattr(lending.os, "chown", lambda *words, **_: taken.append(words))
    machine.lender._user += 1
    real = lending.requests.read_all
    monkeypatch.setattr(lending.requests, "read_all", lambda folder, user: real(folder, user - 1))
    top.chmod(0o755)
    ask(machine, purpose="copy")
    machine.lender.turn(0.0)
    assert [(words[0], words[1]) for words in taken] == [(top, machine.lender._user)]


def test_what_a_run_that_broke_off_had_lent_is_taken_up_or_back(machine):
    machine.plug("sdb1")
    machine.plug("sdc1")
    ask(machine, "sdb1")
    ask(machine, "sdc1")
    machine.lender.turn(0.0)
    (machine.requests / "sdc1.json").unlink()
    machine.asked.clear()
    machine.lender.lent.clear()
    machine.lender.resume(5.0)
    assert list(machine.lender.lent) == ["sdb1"]
    assert machine.asked[-1] == "mount ro sdc1"
    assert (machine.event("sdb1").writable, machine.event("sdc1").writable) == (True, False)


def test_a_disk_with_another_partition_that_is_lent_stays_open(machine):
    for device in ("sdb1", "sdb2"):
        machine.plug(device)
        ask(machine, device)
    machine.lender.turn(0.0)
    machine.asked.clear()
    (machine.requests / "sdb2.json").unlink()
    machine.lender.turn(1.0)
    assert "protect sdb2" in machine.asked
    assert "protect sdb" not in machine.asked


def test_a_folder_with_the_name_of_a_request_harms_nobody(machine):
    (machine.requests / "sdb1.json/x").mkdir(parents=True)
    assert machine.lender.turn(0.0)
    machine.plug("sdc1")
    ask(machine, "sdc1")
    machine.lender.turn(1.0)
    assert machine.event("sdc1").writable


def test_the_place_of_a_name_is_what_took_it(machine):
    assert owners.place_of("sdb1") is None
    machine.plug()
    assert owners.place_of("sdb1").name == "sdb1"
