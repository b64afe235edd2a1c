"""An image goes onto the disk that was meant, whole or not at all; the rest is refused in words."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from provisioning.disks.medium import DiskMedium
from provisioning.flash.commands import DONE, NOT_DONE, add_flash_command, run
from provisioning.flash.errors import FlashError
from provisioning.flash.source import Source, expected_digest
from provisioning.flash.target import confirm, judge
from provisioning.flash.writing import COMPARING, WRITING, flash
from tests.provisioning.disks.fake_machine import FakeMachine
from tests.provisioning.disks.media import FaultyMedium, MemoryMedium
from tests.provisioning.flash.images import BOOT_AT, BOOT_SIZE, MIB, SIZE, fat, mtools, system_image

SYSTEM = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
needs_mtools = pytest.mark.skipif(shutil.which("mcopy") is None, reason="mtools is not installed")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return system_image(tmp_path_factory.mktemp("image") / "shuxiang-1.raw")


@pytest.fixture
def machine(tmp_path):
    """sda: the system's; sdb: a USB disk."""
    machine = FakeMachine(tmp_path / "machine")
    machine.disk_at("sda", "8:0", 2 * SIZE, bus="ata1", partitions=3, serial="SYSTEM")
    machine.disk_at("sdb", "8:16", SIZE + 3 * MIB, serial="WD-1234 5678")
    machine.mount("8:1", "/")
    return machine


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_flash_command(parser.add_subparsers())
    return parser.parse_args(["flash", *map(str, words)])


def refused(machine, path, **more):
    with pytest.raises(FlashError) as error:
        judge(path, machine, SIZE, **more)
    return error.value.sentence


# — which disk —


def test_disk_of_the_system_is_refused_whatever_is_said(machine):
    assert refused(machine, machine.device("sda"), fixed=True) == "desk.drive.system_disk"
    machine.disk_at("sdc", "8:32", SIZE, partitions=1)
    machine.swap(machine.device("sdc1"))
    assert refused(machine, machine.device("sdc"), fixed=True) == "desk.drive.system_disk"


def test_disk_in_use_is_refused_mounted_or_held(machine):
    machine.disk_at("sdc", "8:32", SIZE, partitions=1)
    machine.mount("8:33", "/media/someone")
    assert refused(machine, machine.device("sdc")) == "desk.drive.in_use"
    machine.disk_at("sdd", "8:48", SIZE, partitions=1)
    machine.mapped("dm-1", "253:1", "sdd1")
    assert refused(machine, machine.device("sdd")) == "desk.drive.in_use"


def test_partition_small_read_only_built_in_and_missing_are_refused(machine, tmp_path):
    assert refused(machine, machine.device("sda1")) == "desk.drive.not_disk"
    assert refused(machine, tmp_path) == "desk.drive.not_disk"
    assert refused(machine, tmp_path / "no/such") == "desk.drive.absent"
    machine.disk_at("sdc", "8:32", SIZE - 512)
    assert refused(machine, machine.device("sdc")) == "desk.drive.small"
    machine.disk_at("sdd", "8:48", SIZE)
    (machine.root / "sys/block/sdd").resolve().joinpath("ro").write_text("1\n")
    assert refused(machine, machine.device("sdd")) == "desk.flash.read_only"
    machine.disk_at("sde", "8:64", SIZE, sector=4096)
    assert refused(machine, machine.device("sde")) == "desk.drive.sector"
    machine.disk_at("sdf", "8:80", SIZE, bus="ata2")
    assert refused(machine, machine.device("sdf")) == "desk.drive.not_removable"
    assert judge(machine.device("sdf"), machine, SIZE, fixed=True).device


def test_number_confirms_and_size_stands_in_for_a_missing_one(machine):
    target = judge(machine.device("sdb"), machine, SIZE)
    confirm(target, " wd-12345678 ")
    for other in ("", "yes", "SYSTEM", "WD-1234567"):
        with pytest.raises(FlashError, match="WD-1234 5678"):
            confirm(target, other)
    machine.disk_at("sdc", "8:32", SIZE, serial="")
    nameless = judge(machine.device("sdc"), machine, SIZE)
    assert nameless.number == str(SIZE)
    with pytest.raises(FlashError):
        confirm(nameless, "")


# — the writing —


def test_image_is_on_the_disk_and_old_tables_are_gone_at_both_ends(image):
    medium = MemoryMedium(SIZE + 3 * MIB)
    medium.content[:] = b"\xff" * medium.size
    heard = {WRITING: 0, COMPARING: 0}

    def listen(phase, count):
        heard[phase] += count

    with Source(image) as source:
        done = flash(source, medium, listen)
    content = image.read_bytes()
    assert medium.content[:SIZE] == content
    assert medium.content[-MIB:] == bytes(MIB)
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert done.zeros > 60 * MIB
    assert heard == {WRITING: SIZE, COMPARING: SIZE}


@pytest.mark.parametrize("how", ["flip", "drop"])
@pytest.mark.parametrize("until", [2 * MIB + 4096, 44 * MIB, SIZE])
def test_disk_that_gives_back_other_bytes_is_refused_and_boots_nothing(image, how, until):
    medium = FaultyMedium(SIZE, how, until)
    medium.content[:] = b"\xa5" * SIZE
    with Source(image) as source, pytest.raises(FlashError) as error:
        flash(source, medium)
    assert error.value.sentence == "desk.flash.differs"
    assert medium.content[510:520] != image.read_bytes()[510:520]


def test_interruption_leaves_no_table(image):
    medium = MemoryMedium(SIZE)
    medium.content[:MIB] = image.read_bytes()[:MIB]

    def stop(phase, _count):
        if phase == COMPARING:
            raise KeyboardInterrupt

    with Source(image) as source, pytest.raises(KeyboardInterrupt):
        flash(source, medium, stop)
    assert medium.content[:MIB] == bytes(MIB)


def test_disk_that_fails_is_an_error_of_the_system(image):
    with Source(image) as source, pytest.raises(OSError, match="Input/output"):
        flash(source, FaultyMedium(SIZE, "error", 8 * MIB))


# — the command —


def test_command_writes_a_file_after_its_name_was_given(image, tmp_path, capsys):
    out = tmp_path / "out.raw"
    assert run(parsed(image, out), ask=lambda _: "other.raw") == NOT_DONE
    assert not out.exists()
    assert run(parsed(image, out, "--serial", "out.raw")) == DONE
    assert out.read_bytes() == image.read_bytes()
    said = capsys.readouterr()
    assert "系统盘已写好" in said.out
    assert hashlib.sha256(image.read_bytes()).hexdigest() in said.out
    assert "写入 0%" in said.err


def test_command_without_anyone_to_ask_writes_nothing(image, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "provisioning.flash", "flash", image, tmp_path / "out.raw"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == NOT_DONE
    assert "没有确认盘号" in done.stderr
    assert not (tmp_path / "out.raw").exists()


def test_image_that_is_not_what_its_digest_says_touches_no_disk(image, tmp_path, capsys):
    copy = tmp_path / "shuxiang-1.raw"
    shutil.copyfile(image, copy)
    listed = copy.with_name(copy.name + ".sha256")
    listed.write_text(f"{hashlib.sha256(copy.read_bytes()).hexdigest()}  shuxiang-1.raw\n")
    assert expected_digest(copy)
    out = tmp_path / "out.raw"
    assert run(parsed(copy, out, "--serial", "out.raw")) == DONE
    out.unlink()
    with copy.open("r+b") as file:
        file.seek(50 * MIB)
        file.write(b"!")
    assert run(parsed(copy, out, "--serial", "out.raw")) == NOT_DONE
    assert "与校验值不符" in capsys.readouterr().err
    assert not out.exists()
    listed.write_text("nothing\n")
    assert run(parsed(copy, out, "--serial", "out.raw")) == NOT_DONE


def test_digest_may_stand_in_the_manifest_of_the_builder(image, tmp_path, capsys):
    copy = tmp_path / "shuxiang.img"
    shutil.copyfile(image, copy)
    manifest = tmp_path / "manifest.json"
    for said, code in (
        ({"path": "shuxiang.img", "sha256": hashlib.sha256(copy.read_bytes()).hexdigest()}, DONE),
        ({"path": "shuxiang.img", "sha256": "0" * 64}, NOT_DONE),
        ({"path": "other.img", "sha256": "0" * 64}, NOT_DONE),
        ({"path": "shuxiang.img"}, NOT_DONE),
    ):
        (tmp_path / "out.raw").unlink(missing_ok=True)
        manifest.write_text(json.dumps({"image": said}))
        assert run(parsed(copy, tmp_path / "out.raw", "--serial", "out.raw")) == code
    assert "与校验值不符" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"x" * 511])
def test_file_that_is_no_disk_is_no_image(tmp_path, content, capsys):
    bad = tmp_path / "bad.raw"
    bad.write_bytes(content)
    assert run(parsed(bad, tmp_path / "out.raw", "--serial", "out.raw")) == NOT_DONE
    assert "不是系统映像" in capsys.readouterr().err


@needs_mtools
def test_box_file_is_put_into_the_boot_partition_and_nothing_else_differs(tmp_path, capsys):
    image = system_image(tmp_path / "system.raw", fat(tmp_path / "boot.fat"))
    box = tmp_path / "county-510726.box"
    box.write_bytes(b'{"signed":{}}')
    out = tmp_path / "out.raw"
    assert run(parsed(image, out, "--serial", "out.raw", "--box", box)) == DONE, capsys.readouterr().err
    before, after = image.read_bytes(), out.read_bytes()
    assert before[:BOOT_AT] == after[:BOOT_AT]
    assert before[BOOT_AT + BOOT_SIZE :] == after[BOOT_AT + BOOT_SIZE :]
    listed = mtools(["mtype", "-i", f"{out}@@{BOOT_AT}", "::shuxiang/county-510726.box"])
    assert listed == '{"signed":{}}'


@needs_mtools
def test_box_file_of_another_kind_or_image_without_boot_partition_is_refused(image, tmp_path, capsys):
    box = tmp_path / "county-510726.txt"
    box.write_bytes(b"{}")
    out = tmp_path / "out.raw"
    assert run(parsed(image, out, "--serial", "out.raw", "--box", box)) == NOT_DONE
    assert "不是开通文件" in capsys.readouterr().err
    good = box.rename(tmp_path / "county-510726.box")
    bare = tmp_path / "bare.raw"
    bare.write_bytes(bytes(SIZE))
    assert run(parsed(bare, out, "--serial", "out.raw", "--box", good)) == NOT_DONE
    assert run(parsed(image, out, "--serial", "out.raw", "--box", good)) == NOT_DONE, "no file system in there"
    assert not out.exists()


# — real devices of the kernel —


@pytest.fixture
def loop(tmp_path):
    """A loop device over a file somewhat larger than the image; skips where there are none."""
    backing = tmp_path / "backing.img"
    with backing.open("wb") as out:
        out.truncate(SIZE + 2 * MIB)
        out.write(b"\xff" * MIB)
    losetup = shutil.which("losetup", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if losetup is None or os.getuid() != 0:
        pytest.skip("loop devices need losetup and root")
    made = subprocess.run([losetup, "-f", "--show", str(backing)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    device = made.stdout.strip()
    yield device, backing
    subprocess.run(["blockdev", "--setrw", device], check=True, env=SYSTEM)  # the kernel keeps the flag after us
    subprocess.run([losetup, "-d", device], check=True)


def test_loop_device_is_written_behind_its_flags_and_refused_while_held(image, loop, capsys):
    device, backing = loop
    number = device.rsplit("/", 1)[-1]
    assert run(parsed(image, device, "--serial", number)) == NOT_DONE
    assert "不是移动盘" in capsys.readouterr().err
    holder = DiskMedium(type(image)(device))  # for itself alone, as a mount holds it
    try:
        assert run(parsed(image, device, "--serial", number, "--fixed")) == NOT_DONE
        assert "正在使用" in capsys.readouterr().err
        assert backing.read_bytes()[:MIB] == b"\xff" * MIB
    finally:
        holder.close()
    assert run(parsed(image, device, "--serial", number, "--fixed")) == DONE, capsys.readouterr().err
    assert backing.read_bytes()[:SIZE] == image.read_bytes()


def test_loop_device_that_is_mounted_is_refused(image, tmp_path, loop, capsys):
    device, _ = loop
    subprocess.run(["mke2fs", "-q", "-F", device], check=True, env=SYSTEM)
    folder = tmp_path / "mounted"
    folder.mkdir()
    mounted = subprocess.run(["mount", device, folder], env=SYSTEM, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted: {mounted.stderr.strip()}")
    try:
        assert run(parsed(image, device, "--serial", device.rsplit("/", 1)[-1], "--fixed")) == NOT_DONE
        assert "正在使用" in capsys.readouterr().err
    finally:
        subprocess.run(["umount", folder], env=SYSTEM, check=True)


def test_loop_device_that_is_read_only_is_refused(image, tmp_path, loop, capsys):
    device, _ = loop
    subprocess.run(["blockdev", "--setro", device], check=True, env=SYSTEM)
    assert run(parsed(image, device, "--serial", device.rsplit("/", 1)[-1], "--fixed")) == NOT_DONE
    assert "写保护" in capsys.readouterr().err
