"""Several drives at a time: real files, and disks that fail in every way, beside each other."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from packager.cli import DONE, LEFT_OUT, NOT_DONE, main
from packager.format.files import RealFiles
from packager.production import programs
from packager.production.bench import Bench, BenchOptions, Job
from packager.production.board import Board
from packager.production.facts import read_facts
from packager.production.geometry import FAT_AT, MIB, table_of
from packager.production.serials import following
from packager.production.targets import Target
from provisioning.disks.gpt import read_table
from tests.box import ROOT
from tests.provisioning.disks.media import FaultyMedium, MemoryMedium

FIRST = "SX2611040372"
SERIALS = following(FIRST, 9)


def assert_complete(facts, path, serial):
    content = path.read_bytes()
    for segment in facts.segments():
        if segment.sha256:
            assert hashlib.sha256(content[segment.at : segment.at + segment.size]).hexdigest() == segment.sha256
    assert read_table(lambda at, n: content[at : at + n], len(content)) == table_of(facts.geometry, serial)
    return content


def jobs(count, path):
    places = range(1, count + 1)
    return [Job(n, Target(path, True, 0, "M", f"H{n}"), SERIALS[n - 1]) for n in places]


def test_failing_drives_stop_no_other(made, tmp_path):
    image, facts = made
    until = facts.used // 2 + 2 * MIB
    media = {
        1: MemoryMedium(facts.size),
        2: FaultyMedium(facts.size, "error", until),
        3: FaultyMedium(facts.size, "block", until),
        4: FaultyMedium(facts.size, "flip", until),
        5: MemoryMedium(facts.size + 512),
    }
    options = BenchOptions(tmp_path / "records", "2026-11-26", deadline=2.0)
    bench = Bench(facts, image, options, RealFiles(), open_medium=lambda job: media[job.n])
    begun = time.monotonic()
    outcomes = bench.run(jobs(5, tmp_path))
    assert time.monotonic() - begun < 60
    assert [o.done for o in outcomes] == [True, False, False, False, True]
    assert [o.sentence for o in outcomes[1:4]] == ["desk.drive.faulty", "desk.drive.silent", "desk.drive.one_bad"]
    for n in (2, 3, 4):
        assert not any(media[n].content[:512]), "no table, so nobody takes it"
        assert not (tmp_path / f"records/{SERIALS[n - 1]}/certificate.json").exists()
    media[3].release.set()
    for thread in [t for t in threading.enumerate() if t.name == "drive-3"]:
        thread.join(60)
    assert not any(media[3].content[:512]), "a drive that was given up is not finished when it wakes up"
    assert not outcomes[2].done


def test_drive_that_cannot_be_opened_fails_alone(made, tmp_path):
    image, facts = made

    def opened(job):
        if job.n == 1:
            raise PermissionError(13, "Permission denied")
        return MemoryMedium(facts.size)

    bench = Bench(facts, image, BenchOptions(tmp_path, "2026-11-26"), RealFiles(), open_medium=opened)
    first, second = bench.run(jobs(2, tmp_path))
    assert (first.done, first.sentence, second.done) == (False, "desk.drive.faulty", True)


def test_disk_that_came_in_place_of_the_judged_one_is_not_touched(made, tmp_path):
    image, facts = made
    medium = MemoryMedium(facts.size + 512)
    job = Job(1, Target(tmp_path, True, facts.size, "M", "H"), FIRST)
    bench = Bench(facts, image, BenchOptions(tmp_path, "2026-11-26"), RealFiles(), open_medium=lambda _: medium)
    outcome = bench.run([job])[0]
    assert (outcome.done, outcome.sentence) == (False, "desk.drive.wrong_disk")
    assert not any(medium.content)


def test_disk_that_was_mounted_meanwhile_is_in_use(made, tmp_path):
    def opened(_):
        raise OSError(16, "Device or resource busy")

    bench = Bench(*made[::-1], BenchOptions(tmp_path, "2026-11-26"), RealFiles(), open_medium=opened)
    assert bench.run(jobs(1, tmp_path))[0].sentence == "desk.drive.in_use"


def test_stopped_by_hand_the_threads_end_and_the_next_run_goes_on(made, tmp_path):
    image, facts = made
    medium = MemoryMedium(facts.size, operation=lambda _: time.sleep(0.02))
    bench = Bench(facts, image, BenchOptions(tmp_path, "2026-11-26"), RealFiles(), open_medium=lambda _: medium)

    def show(running):
        if running[0].phase_done > 4 * facts.segment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.run(jobs(1, tmp_path), show)
    assert not any(thread.name == "drive-1" for thread in threading.enumerate())
    assert not any(medium.content[:512])
    medium.operation = lambda _: None
    outcome = bench.run(jobs(1, tmp_path))[0]
    assert outcome.done
    assert outcome.cloned.written < facts.used


def write(image, *more):
    return main(["write", str(image), *map(str, more)])


def test_command_writes_files_with_numbers_labels_certificates_and_report(made, tmp_path, capsys):
    image, facts = made
    targets = [tmp_path / "a.img", tmp_path / "b.img"]
    records = tmp_path / "records"
    options = ("--serial", FIRST, "--records", records, "--date", "2026-11-26", "--by", "王敏", "--phone", "010-1")
    assert write(image, *targets, *options, "--report", tmp_path / "report.json") == DONE
    said = capsys.readouterr().out
    assert "2 块硬盘写入并复检完毕" in said
    assert "SX26 1104 0372" in said
    for target, serial in zip(targets, SERIALS, strict=False):
        assert_complete(facts, target, serial)
        listed = programs.run("mcopy", ["-i", f"{target}@@{FAT_AT}", "::serial.txt", "-"], 0)
        assert listed.replace(" ", "").strip() == serial
        paper = json.loads(programs.run("mcopy", ["-i", f"{target}@@{FAT_AT}", "::certificate.json", "-"], 0))
        assert paper == json.loads((records / serial / "certificate.json").read_text("utf-8"))
        assert (paper["serial"], paper["date"], paper["person"]) == (serial, "2026-11-26", "王敏")
        assert paper["rewritten"] == 0
        assert paper["image_sha256"] == facts.sha256
        assert "SX26 1104" in programs.run("mcopy", ["-i", f"{target}@@{FAT_AT}", "::README.txt", "-"], 0)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [d["done"] for d in report["drives"]] == [True, True]
    assert (records / "labels.html").read_text("utf-8").count("<section") == 4
    assert write(image, *targets, *options) == DONE, "the same command again finds everything done"
    assert write(image, *targets, "--check") == DONE
    assert "复检相符" in capsys.readouterr().out


def test_segments_list_can_be_checked_with_dd_and_sha256sum(made, tmp_path):
    image = made[0]
    target = tmp_path / "a.img"
    assert write(image, target, "--serial", FIRST, "--records", tmp_path / "r") == DONE
    lines = (tmp_path / f"r/{FIRST}/segments.txt").read_text("ascii").splitlines()
    sha256, at, size = lines[-1].split()
    command = f"dd if={target} bs=4096 skip={int(at) // 4096} count={int(size) // 4096} status=none | sha256sum"
    said = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: S602
    assert said.split()[0] == sha256


def test_check_finds_a_changed_drive_and_says_which(made, tmp_path, capsys):
    image, facts = made
    targets = [tmp_path / "a.img", tmp_path / "b.img"]
    assert write(image, *targets, "--serial", FIRST, "--records", tmp_path / "r") == DONE
    victim = next(s for s in facts.segments() if s.sha256)
    with targets[1].open("r+b") as file:
        file.seek(victim.at + 5)
        byte = file.read(1)
        file.seek(victim.at + 5)
        file.write(bytes([byte[0] ^ 1]))
    assert write(image, *targets, "--check") == LEFT_OUT
    said = capsys.readouterr()
    assert "2 号" in said.err
    assert "复检 2 块：1 块相符，1 块不符" in said.out


def test_image_copied_by_a_house_to_a_larger_disk_passes_the_check(made, tmp_path):
    target = tmp_path / "larger.img"
    target.write_bytes(made[0].read_bytes() + bytes(3 * MIB))
    assert write(made[0], target, "--check") == DONE


def test_one_refused_target_keeps_all_untouched(made, tmp_path, capsys):
    image = made[0]
    good, bad = tmp_path / "good.img", tmp_path / "bad.img"
    bad.write_bytes(b"someone's photos" * 6_000_000)
    before = bad.read_bytes()
    arguments = (image, good, bad, "--serial", FIRST, "--records", tmp_path / "r")
    assert write(*arguments) == NOT_DONE
    said = capsys.readouterr().err
    assert "第 2 个" in said
    assert "--replace" in said
    assert not good.exists()
    assert bad.read_bytes() == before
    assert write(*arguments, "--replace", "other.img") == NOT_DONE
    assert write(*arguments, "--replace", "bad.img") == DONE
    assert_complete(made[1], bad, SERIALS[1])


def test_disks_that_changed_places_keep_their_numbers(made, tmp_path):
    image, facts = made
    targets = [tmp_path / "a.img", tmp_path / "b.img"]
    options = ("--serial", FIRST, "--records", tmp_path / "r")
    assert write(image, *targets, *options) == DONE
    assert write(image, targets[1], targets[0], *options) == DONE
    assert_complete(facts, targets[1], SERIALS[1])


def test_wrong_number_missing_number_and_damaged_image_are_told(made, tmp_path, capsys):
    image, _ = made
    assert write(image, tmp_path / "a.img", "--serial", "SX26 1104 0373") == NOT_DONE
    assert "编号" in capsys.readouterr().err
    assert write(image, tmp_path / "a.img") == NOT_DONE
    assert "--serial" in capsys.readouterr().err
    assert write(tmp_path / "none.img", tmp_path / "a.img", "--serial", FIRST) == NOT_DONE
    assert not (tmp_path / "a.img").exists()


@pytest.fixture
def in_memory(tmp_path):
    """A folder in memory where there is one: kill -9 takes nothing from it, and it syncs at once."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="shuxiang-drive-") as folder:
        yield Path(folder)


CHILD = """
import os, signal, sys
import provisioning.disks.medium as medium, packager.production.run_journal as run_journal
left = int(sys.argv[1])
def counted(kind, name):
    real = getattr(kind, name)
    def wrapper(self, *arguments, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, *arguments, **named)
    setattr(kind, name, wrapper)
for name in ("write", "read", "sync"):
    counted(medium.DiskMedium, name)
for name in ("note", "begin", "finish"):
    counted(run_journal.RunJournal, name)
from packager.cli import main
for line in sys.stdin:  # one run a line, each in a child of its own: imports are paid once
    left = int(line)
    child = os.fork()
    if child == 0:
        sys.stdin.close()
        sys.stdout = sys.stderr = open(os.devnull, "w")
        os._exit(main(sys.argv[2:]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def killed_runs(image, target, records, points):
    """Exit codes of runs that were killed (-9) before their n-th operation; 0 ends."""
    arguments = ["write", str(image), str(target), "--serial", FIRST, "--records", str(records), "--date", "2026-11-26"]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for point in points:
            process.stdin.write(f"{point}\n")
            process.stdin.flush()
            yield int(process.stdout.readline())
        process.stdin.close()


def test_killed_at_every_operation_it_goes_on_and_ends_complete(made, in_memory):
    """kill -9 before operation 1, 2, 3 … of what is left; more than fifty kills on one drive, then it is complete."""
    image, facts = made
    target, records = in_memory / "target.img", in_memory / "records"
    target.touch()
    kills = 0
    points = [*(n % 8 + 1 for n in range(56)), *range(4, 120, 4), 10**9]  # the end is one stretch of 30
    for code in killed_runs(image, target, records, points):
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        assert not any(head_of(target)) or read_table_of(target) == table_of(facts.geometry, FIRST)
    assert kills >= 50
    assert_complete(facts, target, FIRST)
    assert (records / FIRST / "label.html").exists()


def head_of(path):
    with path.open("rb") as file:
        return file.read(512)


def read_table_of(path):
    content = path.read_bytes()
    return read_table(lambda at, n: content[at : at + n], len(content))


def test_board_tells_place_phase_share_and_time_left():
    class Drive:
        def __init__(self, n, phase, done, outcome=None):
            self.job = Job(n, None, "")
            self.phase, self.phase_done, self.outcome = phase, done, outcome

    now = [0.0]
    board = Board(1000, clock=lambda: now[0], stream=io.StringIO())
    now[0] = 3600
    line = board.line([Drive(1, "writing", 500), Drive(2, "comparing", 500), Drive(3, "finishing", 1)])
    assert line == "1 号 写入 50%，2 号 复检 50%，3 号 收尾，还需约 3 小时"


def test_facts_of_the_image_are_those_beside_it(made):
    assert read_facts(made[0]) == dataclasses.replace(made[1])


@pytest.mark.root
def test_block_device_is_written_and_the_kernel_mounts_it(made, tmp_path, capsys):
    image, facts = made
    backing, mount = tmp_path / "disk", tmp_path / "mount"
    mount.mkdir()
    with backing.open("wb") as file:
        file.truncate(facts.size + 5 * MIB)
    found = subprocess.run(["losetup", "-f", "--show", str(backing)], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"this machine has no loop devices: {found.stderr}")
    device = found.stdout.strip()
    arguments = (image, device, "--serial", FIRST, "--records", tmp_path / "r")
    try:
        assert write(*arguments) == NOT_DONE
        assert "不是移动盘" in capsys.readouterr().err
        assert write(*arguments, "--fixed") == DONE
        place = f"offset={facts.geometry.ext4_at},sizelimit={facts.geometry.ext4_size}"
        options = f"loop,ro,nosuid,nodev,noexec,noload,{place}"
        mounted = subprocess.run(["mount", "-o", options, device, str(mount)], capture_output=True, check=False)
        if mounted.returncode:
            pytest.skip(f"this machine mounts no loop devices: {mounted.stderr.decode()}")
        try:
            assert (mount / "bag/tagmanifest-sha256.txt").is_file()
        finally:
            subprocess.run(["umount", str(mount)], check=True)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
    assert_complete(facts, backing, FIRST)
