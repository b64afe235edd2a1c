"""Trap 1 of docs/format.md: lost state, power cuts and leaked keys open no way back."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from packager.format import trust
from packager.format.errors import (
    RetiredError,
    TrustError,
)
from packager.format.files import RealFiles
from packager.format.trust import OLDER, SAME, UPDATED
from tests.packager.format.drives import plug, push_timestamp, tagmanifest
from tests.packager.format.simulated_files import SimulatedFiles, write_state
from tests.simulator import Publisher, flip

# --- trap 1: floors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["zeroed", "emptied", "removed"])
def test_trap1_lost_state_and_an_old_drive_is_no_rollback(
    national: Publisher, state: Path, two: tuple[Path, Path], lost: str
) -> None:
    national.box(state).offer(two[1] / "tuf")
    for path in state.glob("trusted.*"):
        if lost == "removed":
            path.unlink()
        else:
            path.write_bytes(bytes(path.stat().st_size) if lost == "zeroed" else b"")
    box = national.box(state)
    assert box.current().versions == {}
    assert box.offer(two[0] / "tuf").outcome == OLDER
    assert box.current().releases == ()
    with pytest.raises(RetiredError):
        box.admit(tagmanifest(two[0]))
    assert box.offer(two[1] / "tuf").outcome == UPDATED  # the way back is the newer drive
    assert not box.admit(tagmanifest(two[0])).newest


def test_trap1_one_damaged_copy_of_each_is_made_good(national: Publisher, state: Path, two: tuple[Path, Path]) -> None:
    national.box(state).offer(two[1] / "tuf")
    (state / "trusted.a").write_bytes(b"")
    flip(state / "floor.b", -3)
    box = national.box(state)
    assert box.current().versions["targets"] == 2
    assert box.offer(two[0] / "tuf").outcome == OLDER


def test_trap1_lost_floors_are_made_again_from_what_is_trusted(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.box(state).offer(two[1] / "tuf")
    for path in state.glob("floor.*"):
        path.write_bytes(path.read_bytes().replace(b'"version":2', b'"version":"'))
    box = national.box(state)
    assert box.offer(two[0] / "tuf").outcome == OLDER


def test_trap1_floors_that_are_no_floors_are_passed_over(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.box(state).offer(two[1] / "tuf")
    trust.TwoCopies(state, "floor", RealFiles()).write(b'{"reference":null,"roles":5}\n')
    assert national.box(state).current().versions["targets"] == 2


def test_trap1_older_copy_brought_back_by_hand_is_below_the_floor(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    box = national.box(state)
    box.offer(two[0] / "tuf")
    kept = {path: path.read_bytes() for path in state.glob("trusted.*")}
    box.offer(two[1] / "tuf")
    for path, content in kept.items():
        path.write_bytes(content)
    assert national.box(state).current().releases == ()


@pytest.mark.parametrize(
    "content", [b"{}\n", b"[]", b'{"anchor":"!","files":{}}\n', b'{"anchor":"","files":{"a":5}}\n']
)
def test_trap1_kept_document_of_another_shape_is_passed_over(national: Publisher, state: Path, content: bytes) -> None:
    state.mkdir()
    trust.TwoCopies(state, "trusted", RealFiles()).write(content)
    assert national.box(state).current().releases == ()


def test_trap1_power_cut_while_taking_an_update_never_opens_a_way_back(
    national: Publisher, two: tuple[Path, Path], tmp_path: Path
) -> None:
    live = tmp_path / "live"
    live.mkdir()
    files = SimulatedFiles(live)
    box = national.box(live / "state", files=files)
    box.offer(two[0] / "tuf")
    begun = len(files.journal)
    box.offer(two[1] / "tuf")
    checked: dict[frozenset[tuple[str, bytes]], int] = {}
    count = 0
    for done, after in files.states(per_cut=100, start=begun):
        count += 1
        key = frozenset(after.items())
        if key not in checked:
            folder = write_state(after, tmp_path / f"cut-{count}") / "state"
            reopened = national.box(folder)
            checked[key] = reopened.current().versions["targets"]
            assert reopened.offer(two[0] / "tuf").outcome == (SAME if checked[key] == 1 else OLDER)
            assert reopened.offer(two[1] / "tuf").outcome == (UPDATED if checked[key] == 1 else SAME)
        if done == len(files.journal):
            assert checked[key] == 2
    assert count > 100
    assert set(checked.values()) == {1, 2}


def test_trap1_power_cut_between_metadata_and_floors_is_made_good_at_the_next_start(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    """The floors of this state stayed low until the next update; a list lost to bad sectors then opened a way back."""
    box = national.box(state)
    box.offer(two[0] / "tuf")
    low = {path: path.read_bytes() for path in state.glob("floor.*")}
    box.offer(two[1] / "tuf")
    for path, content in low.items():
        path.write_bytes(content)
    national.box(state)
    for path in state.glob("trusted.*"):
        path.unlink()
    assert national.box(state).offer(two[0] / "tuf").outcome == OLDER


@pytest.mark.parametrize("name", ["trusted", "floor"])
def test_trap1_power_cut_between_two_copies_is_made_good_at_the_next_start(
    national: Publisher, state: Path, two: tuple[Path, Path], name: str
) -> None:
    box = national.box(state)
    box.offer(two[0] / "tuf")
    behind = (state / f"{name}.b").read_bytes()
    box.offer(two[1] / "tuf")
    (state / f"{name}.b").write_bytes(behind)
    national.box(state)
    first, second = trust.TwoCopies(state, name, RealFiles()).newest_first()
    assert first == second
    settled = (state / f"{name}.a").read_bytes()
    national.box(state)
    assert (state / f"{name}.a").read_bytes() == settled  # and is not written again


def test_trap1_newest_copy_that_cannot_be_used_is_left_as_it_is(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.box(state).offer(two[1] / "tuf")
    copies = trust.TwoCopies(state, "trusted", RealFiles())
    copies.write(b'{"of":"a later version"}\n')
    kept = (state / "trusted.a").read_bytes()
    assert national.box(state).current().releases == ()
    assert (state / "trusted.a").read_bytes() == kept


def test_trap1_full_disk_at_the_start_keeps_nobody_from_starting(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    class Full(RealFiles):
        def _append(self, handle: int, block: bytes) -> None:
            raise OSError(errno.ENOSPC, "full")

    national.box(state).offer(two[1] / "tuf")
    (state / "floor.b").unlink()
    assert national.box(state, files=Full()).current().versions["targets"] == 2


def test_trap1_dropped_fsync_while_taking_an_update_is_found(
    national: Publisher, two: tuple[Path, Path], tmp_path: Path
) -> None:
    live = tmp_path / "live"
    live.mkdir()
    files = SimulatedFiles(live, ignore=lambda what, _n: what == "sync")
    national.box(live / "state", files=files).offer(two[1] / "tuf")
    done = [after for n, after in files.states(per_cut=30) if n == len(files.journal)]
    versions = set()
    for n, after in enumerate(done):
        versions.add(
            national.box(write_state(after, tmp_path / f"cut-{n}") / "state").current().versions.get("targets")
        )
    assert None in versions


def test_trap1_leaked_online_key_is_survived_by_a_new_root(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    """A thief publishes timestamp 1000; after the key is replaced, ordinary numbers must count again."""
    box = national.box(state)
    thief = national.key("online")
    stolen = plug(national, national.folder / "work-national-2", "stolen")
    push_timestamp(national, stolen / "tuf", 1000)
    assert box.offer(stolen / "tuf").versions["timestamp"] == 1000
    assert box.offer(two[1] / "tuf").outcome == OLDER
    national.rotate("online")
    fresh = plug(national, national.release(3, supersedes=2), "fresh")
    assert box.offer(fresh / "tuf").outcome == UPDATED
    assert box.current().versions["timestamp"] == 4
    assert national.box(state).current().versions["timestamp"] == 4
    assert national.key("online").id != thief.id
    assert box.offer(stolen / "tuf").outcome == OLDER  # the thief's number is worth nothing any more
    assert box.offer(fresh / "tuf").outcome == SAME


def test_trap1_root_rotation_alone_keeps_the_floors(national: Publisher, state: Path, two: tuple[Path, Path]) -> None:
    box = national.box(state)
    box.offer(two[1] / "tuf")
    national.rotate("root-1")
    national.refresh(two[1] / "tuf")
    assert box.offer(two[1] / "tuf").versions["root"] == 2
    assert box.offer(two[0] / "tuf").outcome == OLDER


def test_trap1_newer_root_survives_the_loss_of_the_rest(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.rotate("online", "targets-1")
    national.refresh(two[1] / "tuf")
    national.box(state).offer(two[1] / "tuf")
    for path in state.glob("trusted.*"):
        path.unlink()
    box = national.box(state)
    assert box.offer(two[0] / "tuf").outcome == OLDER  # its root is below the floor


def test_trap1_root_forked_with_keys_that_were_replaced_is_no_update(
    national: Publisher, state: Path, tmp_path: Path
) -> None:
    """Old root keys are worth nothing to a box that has climbed past them, whatever numbers a thief writes."""
    thief = national.fork(tmp_path / "thief")
    work = national.release(1)
    national.rotate("root-1", "root-2", "root-3", "targets-1", "targets-2", "online")
    national.refresh(work / "tuf")
    drive = plug(national, work, "drive")
    box = national.box(state)
    box.offer(drive / "tuf")
    thief.release(1)
    thief.rotate("root-1", "root-2", "root-3", "targets-1", "targets-2", "online")
    thief.rotate(times=5)
    forged = plug(thief, thief.release(9, edition="2099.01"), "forged")
    assert box.offer(forged / "tuf").outcome == OLDER
    with pytest.raises(TrustError):
        box.admit_drive(forged / "tuf", tagmanifest(forged))
    assert [release.seq for release in national.box(state).current().releases] == [1]
