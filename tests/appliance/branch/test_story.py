"""A stick and a copy on real disks, with real boxes: the worker dies in the middle, the copy goes to the branch."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from appliance.store.holdings import read_holdings
from tests.box import Box, command, running, wait_for

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(900)]
SECONDS = 240


class Disk:
    """An ext4 file system in a file, that is mounted and pulled."""

    def __init__(self, image: Path, size: int, content: Path | None = None):
        self.image = image
        with image.open("wb") as file:
            file.truncate(size)
        more = ["-d", str(content)] if content else []
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-m", "0", *more, str(image)], check=True)

    def plug(self, folder: Path, options: str = "ro,nosuid,nodev,noexec,noload"):
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-o", f"loop,{options}", str(self.image), str(folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"this machine mounts no loop devices: {done.stderr.decode()}")

    @staticmethod
    def pull(folder: Path):
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def edition(box: Box) -> list[tuple[int, str]]:
    """Number and state of the search of what readers have."""
    path = box.data / "appliance/holdings.json"
    return [(r.seq, r.search.state) for r in read_holdings(path).live()] if path.exists() else []


@pytest.fixture
def places(tmp_path):
    made = [tmp_path / "media/usb", tmp_path / "media/blank", tmp_path / "branch-media/disk"]
    yield made
    for folder in made:
        Disk.pull(folder)


def test_stick_updates_a_box_and_a_copy_carries_it_to_the_branch(editions, tmp_path, places):
    publisher, drive, _, stick = editions
    usb, blank, there = places
    root = tmp_path / "root.json"
    root.write_bytes(publisher.root)
    shutil.copytree(drive, tmp_path / "drive")
    shutil.copytree(stick, tmp_path / "made/更新")
    update, target = Disk(tmp_path / "usb.img", 48 << 20, tmp_path / "made"), Disk(tmp_path / "copy.img", 64 << 20)
    extra = 'update_apply = "at-once"\nreserve_bytes = 0\n'
    with running(Box(tmp_path / "box", root, [tmp_path / "drive"], [usb.parent], extra=extra)) as box:
        wait_for(lambda: edition(box) == [(1, "ready")], "the first edition", box.log, SECONDS)
        update.plug(usb)
        incoming = box.data / "appliance/incoming"
        wait_for(incoming.exists, "the stick to be read", box.log, SECONDS)
        for child in Path(f"/proc/{box.process.pid}/task/{box.process.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)  # in the middle, and another worker goes on
        wait_for(lambda: edition(box) == [(3, "ready")], "the third edition", box.log, SECONDS)
        Disk.pull(usb)
        assert box.get("/api/resources/third").status == 200
        target.plug(blank, "rw")
        settings = str(box.data / "settings.toml")
        said = command("appliance.cli", "branch-copy", "--settings", settings, "--to", str(blank))
        assert "已复制完毕" in said
        Disk.pull(blank)
        assert box.get("/api/resources/third").status == 200
    target.plug(there)
    with running(Box(tmp_path / "branch", root, [], [there.parent], extra=extra)) as box:
        wait_for(lambda: edition(box) == [(3, "ready")], "the copy to serve", box.log, SECONDS)
        item = box.get("/api/resources/third").json()["items"][0]
        answer = box.get(item["url"])
        assert (answer.status, len(answer.body)) == (200, item["size"])
        assert box.get("/api/resources/stays").status in {404, 410}
