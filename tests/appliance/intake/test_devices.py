"""Devices that are no drives: what their event files say, and what hostile ones cannot do."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.intake import publisher
from appliance.intake.devices import MAX_DEVICES, Device, read_devices
from appliance.intake.look import glance
from appliance.intake.mounts import Candidate, Mount
from tests.appliance.intake.driving import driven

if TYPE_CHECKING:
    from pathlib import Path

    from tests.appliance.stock import Stock

AT = 1_795_737_600


def event(device: str = "sdb1", state: str = "refused", **others: Any) -> bytes:
    body = {"schema": 1, "device": device, "state": state, "file_system": "ntfs", "label": "x", "at": AT, **others}
    return json.dumps(body).encode()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    for name in ("class/block/sdb1", "class/block/sdc", "bus/usb/devices/1-1.4"):
        (tmp_path / "sys" / name).mkdir(parents=True)
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


def found(spool: Path, *mounted: str) -> tuple[Device, ...]:
    return read_devices(spool, mounted, system=spool.parent / "sys")


@pytest.mark.parametrize(
    ("device", "content", "sentence"),
    [
        ("sdb1", event(), "intake.refused.format"),
        ("sdb1", event(file_system="crypto_LUKS"), "intake.refused.locked"),
        ("sdb1", event(file_system="BitLocker"), "intake.refused.locked"),
        ("sdb1", event(state="failed"), "intake.refused.unreadable"),
        ("sdc", event("sdc", "unreadable"), "intake.refused.unreadable"),
        ("usb-1-1.4", event("usb-1-1.4", "blocked"), "box.not_storage"),
    ],
)
def test_each_state_has_its_sentence(spool: Path, device: str, content: bytes, sentence: str) -> None:
    (spool / f"{device}.json").write_bytes(content)
    assert found(spool) == (Device(device, sentence, "2026-11-27T00:00:00Z"),)


@pytest.mark.parametrize(
    "content",
    [
        event(state="mounted"), event(state="removed"), event(state="?"), event("sdz"), event(at=1e300), event(at="x"),
        b"", b"[]", b"{}", b"\xff", b"[" * 4000, event(label="x" * 5000),
    ],
)  # fmt: skip
def test_nothing_else_is_told(spool: Path, content: bytes) -> None:
    (spool / "sdb1.json").write_bytes(content)
    assert found(spool) == ()


def test_the_kernel_and_the_mount_table_are_believed_before_any_file(spool: Path) -> None:
    (spool / "sdb1.json").write_bytes(event())
    assert found(spool, "/dev/sdb1") == ()
    (spool.parent / "sys/class/block/sdb1").rmdir()
    assert found(spool) == ()
    (spool / "..json").write_bytes(event(".."))
    (spool / "usb-1-9.json").write_bytes(event("usb-1-9", "blocked"))
    assert found(spool) == ()
    assert read_devices(None, ()) == ()


def test_links_pipes_and_floods_are_borne(spool: Path) -> None:
    (spool / "real").write_bytes(event("sdc"))
    (spool / "sdc.json").symlink_to(spool / "real")
    os.mkfifo(spool / "sdb1.json")
    for n in range(200):
        (spool.parent / f"sys/class/block/sd{n}x").mkdir()
        (spool / f"sd{n}x.json").write_bytes(event(f"sd{n}x"))
    assert len(found(spool)) == MAX_DEVICES


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_no_bytes_bring_it_down(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("spool")
    (folder / "sdb1.json").write_bytes(content)
    assert read_devices(folder, (), system=folder / "none") == ()


def test_a_device_is_a_line_for_staff_until_it_goes(
    stock: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "events"
    spool.mkdir()
    real = publisher.read_devices
    monkeypatch.setattr(publisher, "read_devices", lambda s, m: real(s, m, system=tmp_path / "none"))
    with driven(stock.settings(event_spool=spool)) as box:
        (spool / "sdb1.json").write_bytes(event())
        assert box.drive("refused", "intake.refused.format").path == ""
        (spool / "sdb1.json").write_bytes(event(state="removed"))
        box.until(lambda holdings: not holdings.drives)


def test_a_stick_for_the_box_step_is_no_drive_and_hides_none(tmp_path: Path) -> None:
    here = Candidate(tmp_path, Mount(7, "8:17", "/x", read_only=True, kind="vfat", source="/dev/sdb1"))
    (tmp_path / "COUNTY-510726.BOX").write_bytes(b"x")
    assert not glance(here).there
    (tmp_path / "bag").mkdir()
    assert glance(here).there
