"""Drives that come and go while the box serves."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import time

import pytest

from tests.box import Box, copy_drive, running, wait_for
from tests.spine.checks import sentence, shown

pytestmark = pytest.mark.timeout(600)


def test_drive_folder_comes_and_goes_without_restart(bench, drive, generated, tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    with running(Box(tmp_path / "box", bench / "keys/root.json", drive_folders=[media])) as box:
        assert box.health()["resources"] == 0
        copy_drive(drive, media / "one")
        box.wait_resources(len(generated.good))
        url = box.get("/api/resources/zj-2024.001").json()["items"][0]["url"]
        wait_for(lambda: box.get(url).status == 200, "the drive to be ready", box.log)
        (media / "one").rename(tmp_path / "away")
        wait_for(lambda: box.get(url).status == 503, "the drive to be gone", box.log)
        assert box.get("/resources/zj-2024.001").status == 200
        told = sentence("intake.unplugged.idle")
        wait_for(lambda: told in shown(box, "/staff"), told, lambda: shown(box, "/staff"))
        (tmp_path / "away").rename(media / "one")
        wait_for(lambda: box.get(url).status == 200, "the drive to be back", box.log)


@pytest.mark.root
def test_ext4_image_appears_serves_and_disappears_while_serving(bench, drive, generated, tmp_path):
    image, media = tmp_path / "drive.img", tmp_path / "media"
    mount = media / "sdb2"
    mount.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(
        ["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", str(drive), str(image)],
        check=True,
    )
    with running(Box(tmp_path / "box", bench / "keys/root.json", drive_folders=[media])) as box:
        assert box.health()["resources"] == 0
        mounted = subprocess.run(
            ["mount", "-o", "loop,ro,nosuid,nodev,noexec,noload", str(image), str(mount)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"this machine mounts no loop devices: {mounted.stderr.decode()}")
        try:
            begun = time.monotonic()
            box.wait_resources(len(generated.good))
            assert time.monotonic() - begun < 60
            item = next(i for i in box.get("/api/resources/zj-2024.002").json()["items"] if i["role"] == "part")
            assert hashlib.sha256(box.get(item["url"]).body).hexdigest() == item["sha256"]
            stalled = socket.create_connection(("127.0.0.1", box.port))
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.sendall(f"GET {item['url']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            time.sleep(0.5)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)
        wait_for(lambda: box.get(item["url"]).status == 503, "the drive to be gone", box.log)
        assert box.get("/").status == 200
        stalled.close()
        subprocess.run(["mount", "-o", "loop,ro,noload", str(image), str(mount)], check=True)
        try:
            wait_for(lambda: box.get(item["url"]).status == 200, "the drive to be back", box.log)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)
