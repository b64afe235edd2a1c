"""The library of an updated box, or a drive of it, on another disk: compared, taken in by another box, and served."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from appliance.branch import copying
from appliance.branch.command import branch_copy
from appliance.branch.copying import Copier
from appliance.branch.target import MARK, Mark, Target
from appliance.errors import BranchError
from appliance.intake.look import glance
from appliance.intake.mounts import Candidate
from packager.format.files import RealFiles
from packager.format.items import read_items
from tests.appliance.sync.test_updater import Box, live_is

FILES = RealFiles()


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copy(box, target, **options):
    target.mkdir(exist_ok=True)
    return branch_copy(box.settings, FILES, box.root.read_bytes(), target, **options)


def test_library_of_an_updated_box_is_edition_3_at_the_branch_with_withdrawals(updated, editions, tmp_path):
    publisher, _, work, _ = editions
    done = copy(updated, tmp_path / "disk")
    assert done.kept == 0
    assert done.written == len(list(read_items(work / "bag/meta/items.txt")))
    made = tree(tmp_path / "disk")
    assert not [name for name in made if name.partition("/")[0] not in {"bag", "tuf"}]
    signed = tree(work / "bag")
    assert {n: c for n, c in made.items() if n.startswith("bag/") and not n.startswith("bag/meta/")} == {
        f"bag/{n}": c for n, c in signed.items() if not n.startswith("meta/")
    }
    branch = Box(tmp_path / "branch", publisher, tmp_path / "disk")
    try:
        branch.until(live_is(3))
        library = branch.keeper.library
        assert branch.until(lambda _h: True).withdrawn == ("stays",)
        assert library.resource("gone") is None
        for name in ("third", "edited", "grown", "moved", "new", "renamed"):
            held = library.resource(name)
            assert held.available
            for item in held.resource.readable_items:
                at = library.item(item.id)
                descriptor = at.open(at.places[0])
                assert hashlib.sha256(os.pread(descriptor, item.size, 0)).hexdigest() == item.sha256
                os.close(descriptor)
    finally:
        branch.close()


def test_copy_of_a_drive_is_that_drive_and_damage_is_mended_from_what_is_here(updated, editions, tmp_path):
    drive = Path(updated.settings.drive_paths[0])
    signed = tree(editions[1] / "bag")
    spoiled = next(drive.rglob("bag/data/*/*.epub"))
    original = spoiled.read_bytes()
    try:
        spoiled.write_bytes(bytes(len(original)))
        with pytest.raises(BranchError) as lost:
            copy(updated, tmp_path / "disk", source=drive)
        assert (lost.value.sentence, lost.value.params) == ("branch.items_lost", {"count": 1})
        assert not (tmp_path / "disk/bag/tagmanifest-sha256.txt").exists()
    finally:
        spoiled.write_bytes(original)
    done = copy(updated, tmp_path / "disk", source=drive)
    assert (done.written, done.kept) == (1, len([n for n in signed if n.startswith("data/")]) - 1)
    assert tree(tmp_path / "disk/bag") == signed
    assert not (tmp_path / "disk" / MARK).exists()


def test_disk_with_something_else_is_refused_and_untouched(updated, tmp_path):
    target = tmp_path / "disk"
    target.mkdir()
    (target / "照片.jpg").write_bytes(b"x")
    (target / "lost+found").mkdir()
    with pytest.raises(BranchError) as refused:
        copy(updated, target)
    assert refused.value.sentence == "branch.not_empty"
    assert refused.value.params == {"item": "照片.jpg", "count": 1}
    assert tree(target) == {"照片.jpg": b"x"}
    (target / "照片.jpg").unlink()
    done = copy(updated, target)
    before = tree(target)
    again = copy(updated, target)  # compared once more
    assert (again.written, again.kept) == (0, done.written)
    assert tree(target) == before
    with pytest.raises(BranchError):
        copy(updated, target, source=Path(updated.settings.drive_paths[0]))  # another drive is something else


@pytest.mark.parametrize("where", ["bag", "bag/data", "tuf", "bag/data/aa"])
def test_nothing_is_written_through_a_link(updated, tmp_path, where):
    target, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    elsewhere.mkdir()
    target.mkdir()
    (target / MARK).write_bytes(Mark("").to_bytes())
    (target / where).parent.mkdir(parents=True, exist_ok=True)
    (target / where).symlink_to(elsewhere)
    with pytest.raises(BranchError) as refused:
        copy(updated, target)
    assert refused.value.sentence == "branch.not_empty"
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("mark", [b"", b"{}", b"[]", b'{"done":1,"drive":"x"}', b"\xff", b"[" * 4000])
def test_spoiled_mark_means_that_everything_is_compared_again(updated, tmp_path, mark):
    target = tmp_path / "disk"
    target.mkdir()
    (target / MARK).write_bytes(mark)
    (target / "bag/data/zz").mkdir(parents=True)
    (target / "bag/data/zz/old").write_bytes(b"of an older copy")
    copy(updated, target)
    assert not (target / "bag/data/zz/old").exists()


def test_too_small_disk_is_said_in_bytes_before_anything_is_written(updated, tmp_path):
    class Small(RealFiles):
        def free_space(self, _folder):
            return 1000

    (tmp_path / "disk").mkdir()
    with pytest.raises(BranchError) as small:
        branch_copy(updated.settings, Small(), updated.root.read_bytes(), tmp_path / "disk")
    assert small.value.sentence == "branch.too_small"
    assert small.value.params["size"] > 9_000_000
    assert not list((tmp_path / "disk").iterdir())


def test_disk_that_the_box_uses_is_no_target(updated, tmp_path):
    drive = Path(updated.settings.drive_paths[0])
    for target in (drive, drive / "bag", updated.settings.data_folder, updated.settings.data_folder.parent):
        with pytest.raises(BranchError):
            branch_copy(updated.settings, FILES, updated.root.read_bytes(), target)
    assert not (drive / MARK).exists()


def test_one_copy_at_a_time_goes_to_a_disk_and_intake_passes_over_it(updated, tmp_path):
    target = Target(tmp_path, FILES)
    target.note(Mark("x"))
    (tmp_path / "bag").mkdir()
    place = Candidate(tmp_path, None)
    with target.alone():
        assert not glance(place).there
        with pytest.raises(BranchError) as running:
            copy(updated, tmp_path)
        assert running.value.sentence == "branch.running"
    assert glance(place).there


def test_disk_that_loses_what_is_written_counts_as_bad(updated, tmp_path, monkeypatch):
    read, seen = copying.read_back, []

    def forgetful(path):
        seen.append(path.name)
        return "0" * 64 if path.suffix == ".epub" else read(path)

    monkeypatch.setattr(copying, "read_back", forgetful)
    with pytest.raises(BranchError) as bad:
        copy(updated, tmp_path / "disk")
    assert bad.value.sentence == "branch.not_copied"
    assert not (tmp_path / "disk/bag/tagmanifest-sha256.txt").exists()
    assert (tmp_path / "disk" / MARK).exists()


def test_copy_that_is_broken_off_goes_on_and_copies_nothing_twice(updated, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "BATCH_FILES", 2)

    class CutError(Exception):
        pass

    total = len(list(read_items(next(updated.settings.releases_folder.glob("national/3-*/meta/items.txt")))))
    written = []
    fill = Copier._fill
    monkeypatch.setattr(
        Copier, "_fill", lambda self, handle, item, first: (fill(self, handle, item, first), written.append(item.path))
    )

    def cut_at(last):
        def progress(done, _total):
            if done >= last > 0:
                raise CutError

        return progress

    size = sum(i.size for i in read_items(next(updated.settings.releases_folder.glob("national/3-*/meta/items.txt"))))
    for part in (1, 3, 5, 7, 9):
        with pytest.raises(CutError):
            copy(updated, tmp_path / "disk", progress=cut_at(size * part // 10))
        assert not (tmp_path / "disk/bag/tagmanifest-sha256.txt").exists()
    copy(updated, tmp_path / "disk")
    assert len(set(written)) == total
    # Of a batch that was broken off some files were whole, but had no name yet.
    assert len(written) <= total + 2 * 5
    assert not list((tmp_path / "disk").rglob("*.tmp~"))


def test_command_says_in_words_what_came_of_it(updated, tmp_path, capsys):
    from appliance.cli import main

    settings = tmp_path / "box.toml"
    made = updated.settings
    settings.write_text(
        f'data_folder = "{made.data_folder}"\nroot_file = "{made.root_file}"\n',
        encoding="utf-8",
    )
    (tmp_path / "disk").mkdir()
    assert main(["branch-copy", "--settings", str(settings), "--to", str(tmp_path / "disk")]) == 0
    assert "分馆用的硬盘已复制完毕" in capsys.readouterr().out
    (tmp_path / "disk/more").mkdir()
    assert main(["branch-copy", "--settings", str(settings), "--to", str(tmp_path / "disk")]) == 1
    assert "这块盘上有别的内容" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "disk")
    assert main(["branch-copy", "--settings", str(settings), "--to", str(tmp_path / "disk")]) == 1
