"""Staff ask for a copy on the box: an empty disk is plugged in, the copy is made, and the disk is a drive."""

from __future__ import annotations

import shutil
from pathlib import Path

from appliance.branch import copying, desk
from appliance.branch.desk import BranchDesk
from appliance.clock import RealClock
from appliance.intake.publishing import drive_key
from packager.format.files import RealFiles
from tests.appliance.sync.test_updater import Box, live_is

FILES = RealFiles()


def test_copy_is_made_told_and_taken_in_as_a_second_drive(editions, tmp_path, monkeypatch):
    publisher, drive, _, _ = editions
    media = tmp_path / "media"
    (media / "blank").mkdir(parents=True)
    (media / "blank/lost+found").mkdir()
    box = Box(tmp_path / "box", publisher, shutil.copytree(drive, tmp_path / "drive"), drive_folders=(media,))
    monkeypatch.setattr(copying, "BATCH_FILES", 2)
    monkeypatch.setattr(desk, "TELL_SECONDS", 0.0)
    board, told = box.intake.door().board, []
    say = board.say_of_branch
    monkeypatch.setattr(board, "say_of_branch", lambda message: (told.append(message and message.key), say(message)))
    branch = BranchDesk(box.settings, RealClock(), FILES, board, publisher.root)
    try:
        box.until(live_is(1))
        key = drive_key(media / "blank")
        branch.command({"do": "branch-copy", "drive": key, "bundle": "national"})
        branch.wait(60)
        assert told[-1] == "branch.nothing"  # a plain folder without content is no disk
        monkeypatch.setattr(desk, "COPY_TARGETS", frozenset({"intake.refused.not_ours"}))
        (media / "blank/x").write_bytes(b"")
        box.until(lambda h: any(d.key == key and d.state == "refused" for d in h.drives))
        (media / "blank/x").unlink()
        branch.command({"do": "branch-copy", "drive": key, "bundle": "national"})
        branch.wait(60)
        assert told[-1] == "branch.copied"
        assert told.count("branch.copying") > 3
        holdings = box.until(lambda h: any(d.key == key and d.state == "ready" for d in h.drives))
        assert [d.duplicate for d in holdings.drives if d.key == key] == [True]
        assert "branch.copied" in [message.key for message in holdings.notices]
    finally:
        branch.close()
        box.close()


def test_copy_that_is_stopped_keeps_what_is_compared(editions, tmp_path, monkeypatch):
    publisher, drive, _, _ = editions
    monkeypatch.setattr(copying, "BATCH_FILES", 1)
    monkeypatch.setattr(desk, "COPY_TARGETS", frozenset({"intake.refused.not_ours"}))
    media = tmp_path / "media"
    (media / "disk").mkdir(parents=True)
    (media / "disk/x").write_bytes(b"")
    box = Box(tmp_path / "box", publisher, shutil.copytree(drive, tmp_path / "drive"), drive_folders=(media,))
    board = box.intake.door().board
    branch = BranchDesk(box.settings, RealClock(), FILES, board, publisher.root)
    told = []
    try:
        box.until(lambda h: live_is(1)(h) and any(d.state == "refused" for d in h.drives))
        (media / "disk/x").unlink()

        def stop(message):
            told.append(message and message.key)
            if Path(media / "disk/bag/data").exists():
                branch.command({"do": "branch-stop"})

        monkeypatch.setattr(desk, "TELL_SECONDS", 0.0)
        monkeypatch.setattr(board, "say_of_branch", stop)
        branch.command({"do": "branch-copy", "drive": drive_key(media / "disk"), "bundle": ""})
        branch.wait(60)
        assert told[-1] is None
        assert list((media / "disk/bag/data").rglob("*"))
        assert not (media / "disk/bag/tagmanifest-sha256.txt").exists()
    finally:
        branch.close()
        box.close()
