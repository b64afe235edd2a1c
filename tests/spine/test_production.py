"""A disk made from an image, plugged into a box with both of its partitions mounted."""

from __future__ import annotations

import hashlib
import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from packager.production.facts import read_facts
from packager.production.geometry import FAT_AT
from packager.production.programs import run
from tests.box import Box, command, running
from tests.packager.production.conftest import need_programs

pytestmark = pytest.mark.timeout(600)


def mounted(stack, disk, folder, kind, at, size):
    """Whether the kernel mounts a part of `disk` on `folder`; a machine may have no loop devices."""
    options = f"loop,ro,nosuid,nodev,noexec,offset={at},sizelimit={size}" + (",noload" if kind == "ext4" else "")
    done = subprocess.run(["mount", "-t", kind, "-o", options, disk, folder], capture_output=True, check=False)
    if done.returncode == 0:
        stack.callback(subprocess.run, ["umount", "-l", folder], check=True)
    return done.returncode == 0


@pytest.mark.root
def test_disk_written_from_an_image_serves_and_its_papers_are_passed_over(bench, drive, generated, tmp_path):
    need_programs()
    image, disk, media = tmp_path / "drive.img", tmp_path / "disk", tmp_path / "media"
    command("packager.cli", "image", bench / "work", image)
    command("packager.cli", "write", image, disk, "--serial", "SX2600000011")
    places = read_facts(image).geometry
    with ExitStack() as stack:
        for name in ("sdb1", "sdb2"):
            (media / name).mkdir(parents=True)
        if not mounted(stack, disk, media / "sdb2", "ext4", places.ext4_at, places.ext4_size):
            pytest.skip("this machine mounts no loop devices")
        if not mounted(stack, disk, media / "sdb1", "vfat", FAT_AT, places.fat_size):  # a kernel without it
            run("mcopy", ["-i", f"{disk}@@{FAT_AT}", "::*", str(media / "sdb1")], 0)
        assert (media / "sdb1/README.txt").is_file()
        with running(Box(tmp_path / "box", bench / "keys/root.json", drive_folders=[media])) as box:
            box.wait_resources(len(generated.good))
            item = next(i for i in box.get("/api/resources/zj-2024.002").json()["items"] if i["role"] == "part")
            assert hashlib.sha256(box.get(item["url"]).body).hexdigest() == item["sha256"]
            held = json.loads(next((tmp_path / "box").rglob("holdings.json")).read_text("utf-8"))
            assert [Path(found["path"]).name for found in held["drives"]] == ["sdb2"]
