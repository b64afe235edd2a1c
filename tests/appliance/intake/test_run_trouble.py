"""Tests of appliance.intake.run: no room, hanging disks, restarts, commands."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

import pytest

from appliance.intake import place as place_module
from appliance.intake import publisher as publisher_module
from appliance.intake import run as module
from appliance.intake.mounts import Mount
from appliance.store.holdings import read_holdings, write_holdings
from packager.format.files import RealFiles
from tests.appliance.intake.driving import all_ready, drive_of_first, driven
from tests.appliance.stock import Stock


def test_no_room_waits_and_goes_on_when_there_is(stock):
    class Small(RealFiles):
        free = 1000

        def free_space(self, folder: Path) -> int:
            return self.free

    drive_of_first(stock)
    files = Small()
    with driven(stock.settings(), files) as box:
        waiting = box.drive("waiting", "space.intake_waits")
        size = waiting.message.params["size"]
        assert isinstance(size, int)
        assert size > 1000
        files.free = 1 << 30
        box.drive("ready")


def test_full_disk_is_not_blamed_on_the_drive_that_is_taken_when_there_is_room(stock):
    class Full(RealFiles):
        free = 0

        def free_space(self, folder: Path) -> int:
            return self.free

        def make_dir(self, path: Path, *, durable: bool = True) -> None:
            if not self.free and path.name.startswith("trust-"):
                raise OSError(errno.ENOSPC, "full")
            super().make_dir(path, durable=durable)

    drive_of_first(stock)
    files = Full()
    with driven(stock.settings(), files) as box:
        assert box.drive("waiting", "space.intake_waits").bundle == ""
        files.free = 1 << 30
        box.drive("ready")


def test_too_many_drives_the_next_one_waits_for_staff(stock):
    drive_of_first(stock, "media/one")
    with driven(stock.settings(max_drives=1)) as box:
        box.drive("ready")
        drive_of_first(stock, "media/two")
        box.drive("refused", "intake.refused.too_many")
        shutil.rmtree(stock.folder / "media/one")
        box.drive("gone")
        box.command(do="look-again")
        box.until(lambda h: [d.state for d in h.drives] == ["ready"])


def test_eject_and_keep(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        key = box.drive("ready").key
        box.command(do="eject", drive="another")
        box.command(do="eject", drive=key)
        box.drive("ejecting", "intake.unplug.waiting")
        box.command(do="keep", drive=key)
        box.drive("ready")
        box.command(do="eject", drive=key)
        box.drive("ejecting")
        box.command(do="released", drive=key)
        box.drive("ejected", "intake.unplug.safe")
        shutil.rmtree(stock.folder / "media/one")
        box.until(lambda h: h.drives == ())


def test_restart_keeps_the_last_document_until_the_drives_are_looked_at(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        before = box.until(all_ready)
    with driven(stock.settings()) as box:
        states = [[d.state for d in h.drives] for h in box.during(1.5)]
        assert {tuple(s) for s in states} == {("ready",)}
        after = read_holdings(box.settings.holdings_file)
        assert after.generation > before.generation
        assert after.releases == before.releases
    shutil.rmtree(stock.folder / "media/one")
    with driven(stock.settings()) as box:
        box.drive("gone")


def test_restart_with_a_damaged_document_goes_on_from_the_drives(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
    box.settings.holdings_file.write_bytes(b"torn")
    box.settings.holdings_file.unlink()
    with driven(stock.settings()) as box:
        box.drive("ready")


def test_heartbeat_is_published_without_anything_new(stock, monkeypatch):
    monkeypatch.setattr(publisher_module, "BEAT_SECONDS", 0.3)
    with driven(stock.settings()) as box:
        generations = [h.generation for h in box.during(1.2)]
        assert generations[-1] - generations[0] >= 2


def test_releases_nobody_needs_are_dropped(tmp_path):
    stock = Stock(tmp_path)
    with driven(stock.settings()) as box:
        for seq in (1, 2, 3):
            made = stock.work(seq, ready=True, sources={f"only-{seq}": ("书", {"a.txt": b"a"})})
            shutil.rmtree(tmp_path / "media", ignore_errors=True)
            stock.drive(made, f"media/d{seq}")
            box.until(lambda h, seq=seq: [r.seq for r in h.live()] == [seq])
        holdings = box.until(lambda h: [r.seq for r in h.releases] == [3, 2])
        assert sorted(p.name.split("-")[0] for p in (box.settings.releases_folder / "national").iterdir()) == ["2", "3"]
        assert holdings.live()[0].seq == 3


@pytest.fixture
def hanging(monkeypatch):
    """Disks that do not answer: folder names; a thread that looks at one waits until the name is taken out."""
    names: set[str] = set()
    real = place_module.glance

    def glance(candidate, watched):
        while candidate.folder.name in names:
            time.sleep(0.02)
        return real(candidate, watched)

    monkeypatch.setattr(place_module, "glance", glance)
    yield names
    names.clear()


def test_disk_that_hangs_is_sick_and_the_others_go_on(stock, hanging):
    drive_of_first(stock, "media/bad")
    with driven(stock.settings(drive_deadline_seconds=1)) as box:
        box.drive("ready")
        hanging.add("bad")
        sick = box.drive("sick", "intake.sick")
        assert sick.message.params == {"drive": "国家版"}
        drive_of_first(stock, "media/good")
        box.until(lambda h: sorted(d.state for d in h.drives) == ["ready", "sick"])
        hanging.clear()
        box.until(lambda h: [d.state for d in h.drives] == ["ready", "ready"])


def test_disk_that_hangs_and_is_unmounted_is_left_behind(stock, hanging, monkeypatch):
    drive_of_first(stock)
    folder = str(stock.folder / "media/one")
    mount = Mount(70, "8:17", folder, read_only=True, kind="ext4", source="/dev/sdb1")
    mounts = {folder: mount}
    monkeypatch.setattr(module, "read_mounts", lambda: dict(mounts))
    with driven(stock.settings(drive_deadline_seconds=1)) as box:
        box.drive("ready")
        hanging.add("one")
        box.drive("sick")
        mounts.clear()
        box.drive("gone")
        hanging.clear()
        mounts[folder] = Mount(71, "8:33", folder, read_only=True, kind="ext4", source="/dev/sdc1")
        box.drive("ready", "intake.trusted.back")


def test_drive_that_is_mounted_anew_is_looked_at_anew(stock, monkeypatch):
    drive_of_first(stock)
    folder = str(stock.folder / "media/one")
    mounts = {folder: Mount(70, "8:17", folder, read_only=True, kind="ext4", source="/dev/sdb1")}
    monkeypatch.setattr(module, "read_mounts", lambda: dict(mounts))
    with driven(stock.settings()) as box:
        first = box.drive("ready")
        mounts[folder] = Mount(71, "8:17", folder, read_only=True, kind="ext4", source="/dev/sdb1")
        again = box.until(lambda h: [(d.state, d.message.key) for d in h.drives] == [("ready", "intake.trusted.back")])
        assert again.drives[0].key == first.key


def test_mount_table_that_cannot_be_read_leaves_what_is_known(stock, monkeypatch):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")

        def broken():
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(module, "read_mounts", broken)
        assert {tuple(d.state for d in h.drives) for h in box.during(1.5)} == {("ready",)}


def test_holdings_that_cannot_be_written_are_tried_again(stock, monkeypatch):
    drive_of_first(stock)
    calls = []

    def failing(*args):
        calls.append(1)
        if len(calls) < 3:
            raise OSError(28, "full")
        return write_holdings(*args)

    monkeypatch.setattr(publisher_module, "write_holdings", failing)
    with driven(stock.settings()) as box:
        box.drive("ready")


def test_look_again_on_command(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        key = box.drive("ready").key
        generation = read_holdings(box.settings.holdings_file).generation
        box.command(do="look-again", drive=key)
        box.until(lambda h: h.generation > generation and [d.message.key for d in h.drives] == ["intake.trusted.back"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_drive_without_permission_is_unreadable(stock):  # pragma: no cover - not as root
    drive = drive_of_first(stock)
    (drive / "bag/tagmanifest-sha256.txt").chmod(0)
    with driven(stock.settings()) as box:
        box.drive("refused", "intake.refused.unreadable")
