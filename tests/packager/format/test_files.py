"""The durable writer: whole or not at all, on the real disk and in every state after a power cut."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from packager.format.errors import DigestError, LayoutError, TooLargeError
from packager.format.files import TEMPORARY_SUFFIX, Files, RealFiles, SharedFiles
from packager.format.layout import CHUNK
from packager.format.source_file import SourceReadError, read_chunk
from tests.packager.format.simulated_files import SimulatedFiles

FILES = RealFiles()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_write_atomic_bytes_returns_digest_and_size(tmp_path: Path) -> None:
    assert FILES.write_atomic(tmp_path / "a", b"hello") == (digest(b"hello"), 5)
    assert (tmp_path / "a").read_bytes() == b"hello"
    assert names(tmp_path) == ["a"]


def test_write_atomic_blocks_are_joined(tmp_path: Path) -> None:
    assert FILES.write_atomic(tmp_path / "a", iter([b"he", b"", b"llo"])) == (digest(b"hello"), 5)


def test_write_atomic_other_digest_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(DigestError) as caught:
        FILES.write_atomic(tmp_path / "a", b"new", expected=digest(b"else"))
    assert caught.value.found == digest(b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_write_atomic_failing_source_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def blocks():
        yield b"new"
        raise ValueError("the source broke")

    with pytest.raises(ValueError, match="the source broke"):
        FILES.write_atomic(tmp_path / "a", blocks())
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_write_atomic_over_a_left_over_replaces_it(tmp_path: Path) -> None:
    (tmp_path / f"a{TEMPORARY_SUFFIX}").write_bytes(b"a longer left-over of a crash")
    FILES.write_atomic(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_write_atomic_never_writes_through_a_planted_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / f"a{TEMPORARY_SUFFIX}").symlink_to("precious")
    with pytest.raises(OSError, match="symbolic link"):
        FILES.write_atomic(tmp_path / "a", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_write_atomic_not_durable_is_there_at_once(tmp_path: Path) -> None:
    FILES.write_atomic(tmp_path / "a", b"x", durable=False)
    FILES.sync_all()
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_copy_hashed_any_size_copies_and_reports(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "src").write_bytes(content)
    steps: list[int] = []
    blocks: list[bytes] = []
    found = FILES.copy_hashed(
        tmp_path / "src", tmp_path / "dst", max_size=size, expected=digest(content), progress=steps.append,
        each=blocks.append,
    )  # fmt: skip
    assert found == (digest(content), size)
    assert (tmp_path / "dst").read_bytes() == content == b"".join(blocks)
    assert sum(steps) == size
    assert all(len(block) == CHUNK for block in blocks[:-1])


def test_copy_hashed_too_large_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "src").write_bytes(b"12345")
    with pytest.raises(TooLargeError):
        FILES.copy_hashed(tmp_path / "src", tmp_path / "dst", max_size=4)
    assert names(tmp_path) == ["src"]


def test_copy_hashed_other_digest_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "src").write_bytes(b"12345")
    with pytest.raises(DigestError):
        FILES.copy_hashed(tmp_path / "src", tmp_path / "dst", max_size=5, expected=digest(b"12346"))
    assert names(tmp_path) == ["src"]


def test_copy_hashed_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"secret")
    (tmp_path / "src").symlink_to("real")
    with pytest.raises(LayoutError):
        FILES.copy_hashed(tmp_path / "src", tmp_path / "dst", max_size=100)


def test_copy_hashed_fifo_and_folder_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder"):
        with pytest.raises(LayoutError):
            FILES.copy_hashed(tmp_path / name, tmp_path / "dst", max_size=100)


def test_copy_hashed_missing_source_raises_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FILES.copy_hashed(tmp_path / "src", tmp_path / "dst", max_size=100)


def test_copy_hashed_unreadable_source_is_told_from_a_full_disk(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)  # reading a folder fails as a dead disk does
    try:
        with pytest.raises(SourceReadError) as caught:
            FILES.copy_hashed(descriptor, tmp_path / "dst", max_size=100)
    finally:
        os.close(descriptor)
    assert caught.value.errno == errno.EISDIR
    assert names(tmp_path) == []


def test_read_chunk_short_reads_are_joined() -> None:
    reading, writing = os.pipe()
    content = os.urandom(300_000)  # more than a pipe holds: it comes in pieces

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert read_chunk(reading) == content
        assert read_chunk(reading) == b""
    finally:
        thread.join()
        os.close(reading)


def test_replace_file_and_folder_move_durably(tmp_path: Path) -> None:
    FILES.make_dir(tmp_path / "a" / "b")
    FILES.write_atomic(tmp_path / "a" / "b" / "f", b"x")
    FILES.replace(tmp_path / "a" / "b", tmp_path / "c")
    assert (tmp_path / "c" / "f").read_bytes() == b"x"
    FILES.replace(tmp_path / "c" / "f", tmp_path / "c" / "g")
    assert names(tmp_path / "c") == ["g"]


def test_make_dir_over_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OSError, match="Not a directory"):
        FILES.make_dir(tmp_path / "a" / "b")


def test_remove_missing_is_fine_and_folder_is_not(tmp_path: Path) -> None:
    FILES.remove(tmp_path / "a")
    FILES.write_atomic(tmp_path / "a", b"")
    FILES.remove(tmp_path / "a")
    assert names(tmp_path) == []
    (tmp_path / "d").mkdir()
    with pytest.raises(OSError, match="directory"):
        FILES.remove(tmp_path / "d")


def test_discard_removes_what_is_there_and_follows_no_link(tmp_path: Path) -> None:
    FILES.make_dir(tmp_path / "d" / "e")
    FILES.write_atomic(tmp_path / "d" / "e" / "f", b"")
    FILES.make_dir(tmp_path / "precious")
    FILES.write_atomic(tmp_path / "precious" / "p", b"precious")
    (tmp_path / "d" / "link").symlink_to(tmp_path / "precious")
    FILES.write_atomic(tmp_path / "file", b"")
    for name in ("d", "file", "missing"):
        FILES.discard(tmp_path / name)
    assert names(tmp_path) == ["precious"]
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    FILES.discard(tmp_path / "link")
    assert names(tmp_path) == ["precious"]
    assert names(tmp_path / "precious") == ["p"]


def test_discard_what_cannot_be_removed_is_no_error(tmp_path: Path) -> None:
    class Stuck(RealFiles):
        def _unlink(self, path: Path) -> None:
            raise OSError(errno.EIO, "bad sector", str(path))

    FILES.write_atomic(tmp_path / "f", b"")
    Stuck().discard(tmp_path)
    assert names(tmp_path) == ["f"]


def test_free_space_is_a_number_of_bytes(tmp_path: Path) -> None:
    assert FILES.free_space(tmp_path) > CHUNK


# --- power cuts ---------------------------------------------------------------------------------------------------


def release_like(files: Files, root: Path) -> None:
    """What a box does: objects, the release that needs them, READY, then the pointer."""
    files.write_atomic(root / "current", b"1")
    files.make_dir(root / "objects")
    files.make_dir(root / "releases" / "2")
    files.write_atomic(root / "objects" / "new", iter([b"NE", b"W" * 50]))
    files.write_atomic(root / "releases" / "2" / "list", b"objects/new")
    files.write_atomic(root / "releases" / "2" / "READY", b"ready")
    files.write_atomic(root / "current", b"2")


def consistent(state: dict[str, bytes], finished: bool) -> bool:
    current = state.get("current")
    if finished and current != b"2":
        return False
    if current == b"2":
        return (
            state.get("releases/2/list") == b"objects/new"
            and state.get("releases/2/READY") == b"ready"
            and state.get("objects/new") == b"NE" + b"W" * 50
        )
    return current in {None, b"1"}


def broken_states(files: SimulatedFiles, per_cut: int) -> tuple[int, int]:
    states = list(files.states(per_cut=per_cut))
    bad = sum(not consistent(state, done == len(files.journal)) for done, state in states)
    return bad, len(states)


def test_files_power_cut_at_any_moment_leaves_old_or_new(tmp_path: Path) -> None:
    files = SimulatedFiles(tmp_path)
    release_like(files, tmp_path)
    bad, count = broken_states(files, per_cut=200)
    assert count > 100
    assert bad == 0


def test_files_any_dropped_fsync_is_found_by_the_simulator(tmp_path: Path) -> None:
    whole = SimulatedFiles(tmp_path / "whole")
    (tmp_path / "whole").mkdir()
    release_like(whole, whole.root)
    harmless = []
    for what in ("sync", "fsync_dir"):
        for n in range(whole.counts[what]):
            root = tmp_path / f"{what}-{n}"
            root.mkdir()
            faulty = SimulatedFiles(root, ignore=lambda kind, k, what=what, n=n: (kind, k) == (what, n))
            release_like(faulty, root)
            bad, _ = broken_states(faulty, per_cut=120)
            if not bad:
                harmless.append((what, n))
    # Only folders that are made durable once more before anything depends on them.
    assert harmless == [("fsync_dir", 0), ("fsync_dir", 1), ("fsync_dir", 5)]


def test_files_not_durable_writes_are_lost_until_sync_all(tmp_path: Path) -> None:
    files = SimulatedFiles(tmp_path)
    files.write_atomic(tmp_path / "a", b"x" * 10, durable=False)
    last = [state for done, state in files.states(per_cut=50) if done == len(files.journal)]
    assert {} in last
    files.sync_all()
    last = [state for done, state in files.states(per_cut=50) if done == len(files.journal)]
    assert all(state == {"a": b"x" * 10} for state in last)


def test_files_for_other_machines_are_readable_whatever_a_service_keeps_private(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        files = SharedFiles()
        files.make_dir(tmp_path / "bag/data")
        files.write_atomic(tmp_path / "bag/data/x", b"x")
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "bag", tmp_path / "bag/data", tmp_path / "bag/data/x")]
    assert modes == [0o755, 0o755, 0o644]
