"""A copy for a branch is cut at any of its writes: no drive before it is whole, and it goes on where it was."""

from __future__ import annotations

import shutil
import sys
from itertools import count as numbers

import pytest

from appliance.branch import copying
from appliance.branch.command import branch_copy
from appliance.branch.copying import Copier
from packager.format.files import RealFiles
from tests.powercut.recording import KilledError, RecordingFiles, states

LAST = "bag/tagmanifest-sha256.txt"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(copying, "BATCH_FILES", 3)


def copy(box, disk, files):
    disk.mkdir(exist_ok=True)
    return branch_copy(box.settings, files, box.root.read_bytes(), disk)


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plug(state, folder):
    """The disk as a cut left it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in state.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(content)


def faults_of(ops, box, whole, folder, *, cap, every, first=False):
    """What is wrong in states that a cut leaves; every n-th is gone on with to the end."""
    found, seen = set(), 0
    for done, replay, state in states(ops, cap=cap):
        seen += 1
        found |= {f"{said} ({done})" for said in replay.broken_promises(state)}
        if LAST in state and any(state.get(name) != content for name, content in whole.items()):
            found.add(f"a drive that is not whole ({done})")
        if found and first:
            break
        if seen % every == 0:
            plug(state, folder)
            copy(box, folder, RealFiles())
            if tree(folder) != whole:
                found.add(f"another drive in the end ({done})")
    return found, seen


@pytest.fixture(scope="module")
def whole(updated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "disk"
    copy(updated, folder, RealFiles())
    return tree(folder)


def test_power_cut_leaves_no_drive_or_a_whole_one_and_the_copy_goes_on(updated, whole, tmp_path):
    files = RecordingFiles(tmp_path / "disk")
    copy(updated, tmp_path / "disk", files)
    assert tree(tmp_path / "disk") == whole
    faults, seen = faults_of(files.ops, updated, whole, tmp_path / "cut", cap=2, every=41)
    assert not faults
    assert seen > 200


class NeverSynced(RecordingFiles):
    """Says that files are durable, and they are not."""

    def _sync(self, handle):
        pass


class ListsFirst:
    """Lets the tagmanifest stand before the payload does."""

    def __enter__(self):
        self._payload = Copier._payload
        payload, written = self._payload, Copier._lists

        def first(copier, mark):
            written(copier)
            return payload(copier, mark)

        Copier._payload = first

    def __exit__(self, *_):
        Copier._payload = self._payload


def test_seeded_faults_are_seen(updated, whole, tmp_path):
    files = NeverSynced(tmp_path / "first")
    copy(updated, tmp_path / "first", files)
    faults, _ = faults_of(files.ops, updated, whole, tmp_path / "cut", cap=2, every=10**9, first=True)
    assert any("was written durably" in said for said in faults)
    with ListsFirst():
        files = RecordingFiles(tmp_path / "second")
        copy(updated, tmp_path / "second", files)
    faults, _ = faults_of(files.ops, updated, whole, tmp_path / "cut", cap=2, every=10**9, first=True)
    assert any("a drive that is not whole" in said for said in faults)


def kill_at(count, box, folder):
    files, left = RecordingFiles(folder), [count]

    def dies(_op):
        left[0] -= 1
        return left[0] < 0

    files.dies = dies
    try:
        copy(box, folder, files)
    except KilledError:
        return False
    return True


@pytest.mark.parametrize("count", range(1, 400, 57))
def test_killed_after_so_many_writes_it_ends_the_same(updated, whole, tmp_path, count):
    ended = kill_at(count, updated, tmp_path / "disk")
    if not ended:
        assert LAST not in tree(tmp_path / "disk") or tree(tmp_path / "disk").items() >= whole.items()
        copy(updated, tmp_path / "disk", RealFiles())
    assert tree(tmp_path / "disk") == whole


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_power_cut_at_every_write_of_a_copy(updated, whole, tmp_path, capsys):
    files = RecordingFiles(tmp_path / "disk")
    copy(updated, tmp_path / "disk", files)
    faults, seen = faults_of(files.ops, updated, whole, tmp_path / "cut", cap=96, every=20)
    with capsys.disabled():
        sys.stdout.write(f"\na copy for a branch: {len(files.ops)} operations, {seen} states\n")
    assert not faults


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_after_any_write_it_ends_the_same(updated, whole, tmp_path):
    for count in numbers(1):
        folder = tmp_path / "disk"
        ended = kill_at(count, updated, folder)
        if not ended:
            copy(updated, folder, RealFiles())
        assert tree(folder) == whole, count
        shutil.rmtree(folder)
        if ended:
            return
