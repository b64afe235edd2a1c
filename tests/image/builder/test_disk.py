"""The partition table, the loader's entry, and what is fetched."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from image.builder import disk, packages
from image.builder.plan import IMAGE, Plan
from image.builder.tree import OPTIONS


@pytest.mark.skipif(shutil.which("sfdisk", path="/usr/sbin:/sbin:/usr/bin") is None, reason="sfdisk is not installed")
def test_the_table_has_two_slots_between_boot_and_state(tmp_path):
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate((sum(p.size for p in disk.PARTITIONS) + 2) * disk.MIB)
    sfdisk = shutil.which("sfdisk", path="/usr/sbin:/sbin:/usr/bin")
    subprocess.run((sfdisk, "--quiet", str(image)), input=disk.table().encode(), check=True, capture_output=True)
    said = subprocess.run((sfdisk, "--json", str(image)), check=True, capture_output=True).stdout
    table = json.loads(said)["partitiontable"]
    assert [p["name"] for p in table["partitions"]] == [
        "shuxiang-esp", "shuxiang-root-a", "shuxiang-root-b", "shuxiang-data",
    ]  # fmt: skip
    assert table["partitions"][1]["size"] == table["partitions"][2]["size"]
    assert all(p["start"] % 2048 == 0 for p in table["partitions"])


def test_an_entry_names_its_slot_and_its_version(tmp_path):
    plan = Plan(work=tmp_path, cache=tmp_path, epoch=0, version=12, source="", trust=None, offline=True)
    a, b = disk.entry(plan, "a"), disk.entry(plan, "b")
    assert "linux /shuxiang/12/vmlinuz" in a
    assert a.endswith(f"options root=PARTUUID={disk.PARTITIONS[1].guid} {OPTIONS}\n")
    assert disk.PARTITIONS[2].guid in b


def test_packages_are_named_one_a_line():
    names = packages.names()
    assert {"systemd", "usbguard", "nftables", "linux-image-amd64"} <= set(names)
    assert not {"openssh-server", "sudo", "ntfs-3g", "apt"} & set(names)
    assert packages.wanted("# no\na # yes\n\n b\n") == ["a", "b"]


def test_what_apt_would_install_is_read():
    said = (
        "NOTE: a simulation\nInst base-files (12.4+deb12u15 Debian:12.15/oldstable [amd64])\nConf base-files (12.4)\n"
    )
    assert packages.resolved(said) == {"base-files": "12.4+deb12u15"}


def test_nothing_in_the_overlay_names_a_place_that_packages_come_from():
    for path in (path for path in IMAGE.rglob("*") if path.is_file() and path.suffix not in {".pyc", ".png"}):
        assert b"deb." + b"debian" not in path.read_bytes(), path
