"""The helper as its units call it: what it asks of the system, and what it says in the end."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from image.drive import __main__ as helper
from image.drive import events, mounting, owners, sticks
from image.drive.probe import Found

FIRST = "/sys/devices/pci0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/sdb1"
AGAIN = FIRST.replace("host6", "host7")
FOUND = Found(device="sdb1", size=1 << 30, partition=True, siblings=1, usage="filesystem", kind="ext4", label="LIBRARY")


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Events that the helper wrote; nothing is mounted, and the box step is not called but noted."""
    said = []
    monkeypatch.setattr(events, "write", said.append)
    monkeypatch.setattr(events, "state_of", lambda _device: next((e.state for e in said[::-1] if e != "box step"), ""))
    for name in ("held", "take", "belongs", "leave"):
        monkeypatch.setattr(owners, name, functools.partial(getattr(owners, name), folder=tmp_path))
    monkeypatch.setattr(helper, "probe", lambda _place: FOUND)
    monkeypatch.setattr(mounting, "mount", lambda *_words: (True, ""))
    monkeypatch.setattr(mounting, "unmount", lambda _device: None)
    monkeypatch.setattr(sticks, "collect", lambda *_words: 0)
    monkeypatch.setattr(sticks, "forget", lambda _device: 0)
    monkeypatch.setattr(sticks, "call_box_step", lambda: said.append("box step"))
    return said


def test_a_drive_is_mounted_and_told(said):
    assert helper.main(["attach", FIRST]) == 0
    assert [(e.state, e.path, e.label) for e in said] == [("mounted", "/run/media/shuxiang/sdb1", "LIBRARY")]


def test_a_box_file_calls_the_box_step_after_it_is_told(said, monkeypatch):
    monkeypatch.setattr(sticks, "collect", lambda *_words: 1)
    helper.main(["attach", FIRST])
    assert said[0].state == "mounted"
    assert said[1:] == ["box step"]


def test_a_mount_that_fails_is_told(said, monkeypatch):
    monkeypatch.setattr(mounting, "mount", lambda *_words: (False, "wrong fs type"))
    helper.main(["attach", FIRST])
    assert [(e.state, e.reason, e.detail) for e in said] == [("failed", "mount", "wrong fs type")]


def test_a_drive_that_has_gone_at_once_is_not_told(said, monkeypatch):
    def gone(_place):
        raise FileNotFoundError

    monkeypatch.setattr(helper, "probe", gone)
    assert helper.main(["attach", FIRST]) == 0
    assert said == []


def test_leaving_is_told_when_there_was_something_to_leave(said, monkeypatch):
    helper.main(["detach", FIRST])
    assert said == []
    helper.main(["attach", FIRST])
    monkeypatch.setattr(sticks, "forget", lambda _device: 1)
    helper.main(["detach", FIRST])
    assert [e if e == "box step" else e.state for e in said] == ["mounted", "removed", "box step"]


def test_a_drive_that_follows_under_the_same_name_is_not_taken_for_the_one_that_left(said):
    helper.main(["attach", FIRST])
    helper.main(["attach", AGAIN])
    helper.main(["detach", FIRST])
    assert [e.state for e in said] == ["mounted", "mounted"]
    helper.main(["detach", AGAIN])
    assert [e.state for e in said] == ["mounted", "mounted", "removed"]


def test_a_drive_whose_name_went_to_another_meanwhile_is_not_told(said, monkeypatch):
    def slow(*_words):
        owners.take("sdb1", Path(AGAIN))
        return True, ""

    monkeypatch.setattr(mounting, "mount", slow)
    helper.main(["attach", FIRST])
    assert said == []


def test_a_keyboard_is_told_by_its_name(said, monkeypatch, tmp_path):
    monkeypatch.setattr(helper, "_PLACE", helper.re.compile(".*"))
    device = tmp_path / "1-4.1"
    device.mkdir()
    (device / "product").write_text("QEMU USB Keyboard\n")
    helper.main(["blocked", str(device)])
    event = said[0]
    assert (event.device, event.state, event.reason, event.detail.strip()) == (
        "usb-1-4.1", "blocked", "not_storage", "QEMU USB Keyboard",
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["attach"],
        ["attach", "sda"],
        ["attach", FIRST + "; reboot"],
        ["attach", "/sys/devices/../dev/sda"],
        ["blocked", "/etc/shadow"],
        ["mount", FIRST],
    ],
)
def test_a_command_line_that_no_unit_has_does_nothing(said, words):
    assert helper.main(words) == 2
    assert said == []


def test_a_mount_that_is_in_the_way_is_let_go_of(monkeypatch):
    asked = []

    class Done:
        def __init__(self, command):
            asked.append(command[0].rpartition("/")[2])
            self.returncode, self.stderr = int(asked == ["systemd-mount"]), b"exists"

    monkeypatch.setattr(mounting.subprocess, "run", lambda command, **_: Done(command))
    assert mounting.mount("sdb1", "ext4", "ro") == (True, "")
    assert asked == ["systemd-mount", "systemd-umount", "systemd-mount"]


def test_a_mount_ends_with_its_device(monkeypatch):
    asked = []

    class Done:
        returncode, stderr = 0, b""

    monkeypatch.setattr(mounting.subprocess, "run", lambda command, **_: asked.append(command) or Done)
    assert mounting.mount("sdb1", "ext4", "ro,noload") == (True, "")
    command = asked[0]
    assert command[0] == "/usr/bin/systemd-mount"
    assert {"--type=ext4", "--options=ro,noload", "--property=BindsTo=dev-sdb1.device", "--fsck=no"} <= set(command)
    assert command[-2:] == ("/dev/sdb1", "/run/media/shuxiang/sdb1")
