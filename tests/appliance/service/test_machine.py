"""What the machine tells of itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.service import machine
from appliance.service.machine import disk_facts, machine_facts

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_facts_of_a_machine(tmp_path: Path) -> None:
    put(tmp_path / "proc/loadavg", "0.50 0.25 0.10 1/200 4242\n")
    put(tmp_path / "proc/uptime", "86400.52 1000.00\n")
    put(tmp_path / "proc/meminfo", "MemTotal:        4038996 kB\nMemAvailable:    1000 kB\nBuffers: 5 kB\n")
    put(tmp_path / "sys/class/thermal/thermal_zone0/temp", "61500\n")
    put(tmp_path / "sys/class/net/enp1s0/operstate", "up\n")
    put(tmp_path / "sys/class/net/enp1s0/address", "52:54:00:12:34:56\n")
    put(tmp_path / "sys/class/net/lo/operstate", "unknown\n")
    found = machine_facts(tmp_path)
    assert found["load"] == ["0.50", "0.25", "0.10"]
    assert found["up_seconds"] == 86400
    assert found["memory_kib"] == {"MemTotal": 4038996, "MemAvailable": 1000}
    assert found["degrees"] == [61]
    assert found["network"] == {"enp1s0": "up"}
    assert "52:54" not in repr(found)


def test_a_machine_that_tells_nothing_breaks_nothing(tmp_path: Path) -> None:
    found = machine_facts(tmp_path)
    assert (found["load"], found["up_seconds"], found["memory_kib"], found["network"]) == ([], 0, {}, {})


def test_what_the_check_of_the_disk_said_has_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "degraded", "")
    put(
        tmp_path / "fsck.log",
        "Entry 'secret.webp' in /cache/secret (17) has deleted inode 9.  Clear? yes\n",
    )
    monkeypatch.setattr(machine, "MARKER", tmp_path / "degraded")
    monkeypatch.setattr(machine, "FSCK_LOG", tmp_path / "fsck.log")
    assert machine_facts()["degraded_log"] == ["Entry … in … (17) has deleted inode 9.  Clear? yes"]


def test_room_on_the_disk(tmp_path: Path) -> None:
    put(tmp_path / "faults.db", "x" * 100)
    put(tmp_path / "cache/a", "x")
    found = disk_facts(tmp_path)
    assert found["answers"] is True
    assert found["sizes"] == {"faults.db": 100}
    assert 0 < found["free"] <= found["bytes"]
    assert disk_facts(tmp_path / "away") == {"answers": True, "errno": 2}


def test_a_disk_that_does_not_answer_is_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(machine, "DISK_SECONDS", 0.05)
    monkeypatch.setattr(machine, "_disk", lambda _folder: {"late": os.read(reading, 1)})
    assert disk_facts(tmp_path) == {"answers": False}
    os.write(writing, b"x")
