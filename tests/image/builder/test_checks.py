"""What may not be shipped is found: on a small tree, and on the one that was built, where it is there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from image.builder import checks, disk
from image.builder.plan import PROJECT
from image.builder.tree import OPTIONS

BUILT = PROJECT / "build/image"
MASKED = ("getty@.service", "serial-getty@.service", "console-getty.service", "debug-shell.service")


@pytest.fixture
def tree(tmp_path):
    units = tmp_path / "etc/systemd/system"
    for folder in (units / "multi-user.target.wants", units / "boot-complete.target.requires", tmp_path / "usr/lib"):
        folder.mkdir(parents=True)
    for name in MASKED:
        (units / name).symlink_to("/dev/null")
    (units / "boot-complete.target.requires/shuxiang-healthy.service").symlink_to("/lib/x")
    (units / "multi-user.target.wants/shuxiang.service").symlink_to("/lib/x")
    (tmp_path / "etc/shadow").write_text("root:!*:1::::::\nshuxiang:!:1::::::\n")
    (tmp_path / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/usr/sbin/nologin\nshuxiang:x:700:700::/nonexistent:/usr/sbin/nologin\n"
    )
    return tmp_path


def test_a_right_tree_may_be_shipped(tree):
    assert checks.complaints(tree) == []


def spoil_password(tree: Path) -> None:
    (tree / "etc/shadow").write_text("root:$y$abc:1::::::\n")


def spoil_empty_password(tree: Path) -> None:
    (tree / "etc/shadow").write_text("tester::1::::::\n")


def spoil_second_root(tree: Path) -> None:
    (tree / "etc/passwd").write_text("toor:x:0:0::/root:/usr/sbin/nologin\n")


def spoil_shell(tree: Path) -> None:
    (tree / "etc/passwd").write_text("tester:x:1000:1000::/home:/bin/bash\n")


def spoil_key(tree: Path) -> None:
    (tree / "usr/share/shuxiang").mkdir(parents=True)
    (tree / "usr/share/shuxiang/box-1").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")


def spoil_door(tree: Path) -> None:
    (tree / "root/.ssh").mkdir(parents=True)


def spoil_console(tree: Path) -> None:
    (tree / "etc/systemd/system/serial-getty@.service").unlink()


def spoil_unit(tree: Path) -> None:
    folder = tree / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    (folder / "shuxiang-dbg.service").write_text("[Service]\nTTYPath=/dev/ttyS0\n")


def spoil_wanted(tree: Path) -> None:
    (tree / "etc/systemd/system/multi-user.target.wants/ssh.service").symlink_to("/lib/x")


def spoil_blessing(tree: Path) -> None:
    (tree / "etc/systemd/system/boot-complete.target.requires/shuxiang-healthy.service").unlink()


def spoil_mode(tree: Path) -> None:
    (tree / "usr/lib/su").write_text("")
    (tree / "usr/lib/su").chmod(0o4755)


def spoil_command(tree: Path) -> None:
    folder = tree / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    (folder / "shuxiang.service").write_text("[Service]\nExecReload=/bin/kill -HUP $MAINPID\n")


@pytest.mark.parametrize("spoil", [value for name, value in list(globals().items()) if name.startswith("spoil_")])
def test_what_may_not_be_shipped_is_found(tree, spoil):
    spoil(tree)
    assert len(checks.complaints(tree)) == 1


def test_the_kernel_speaks_to_the_screen_only():
    assert [word for word in OPTIONS.split() if word.startswith("console=")] == ["console=tty0"]
    assert "usbcore.authorized_default=2" in OPTIONS
    assert not any(checks._bad_option(word) for word in OPTIONS.split())
    assert checks._bad_option("console=ttyS0,115200")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_no_unit_can_reach_more_than_it_may():
    found = checks.exposures()
    assert len(found) >= 9
    assert [name for name, fits in found.items() if not fits] == []


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or not (BUILT / "manifest.json").exists(), reason="no image was built in this checkout"
)
def test_what_was_built_is_what_is_shipped():
    assert checks.complaints(BUILT / "root") == []
    manifest = json.loads((BUILT / "manifest.json").read_bytes())
    for part in ("root", "kernel", "initrd", "bill"):
        assert disk.sha256(BUILT / manifest[part]["path"]) == manifest[part]["sha256"]
    named = {
        component["purl"].split("@")[0]
        for component in json.loads((BUILT / "bill.cdx.json").read_bytes())["components"]
    }
    assert {"pkg:deb/debian/systemd", "pkg:pypi/shuxiang", "pkg:pypi/flask", "pkg:npm/htmx.org"} <= named
