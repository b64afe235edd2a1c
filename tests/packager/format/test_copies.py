"""Tests of packager.format.copies: the pipeline, its errors, and what a power cut leaves of it."""

from __future__ import annotations

import errno
import hashlib
import threading
from pathlib import Path

import pytest

from packager.format import copies as module
from packager.format.copies import Copies
from packager.format.errors import DigestError, LayoutError, TooLargeError
from packager.format.files import Files, RealFiles
from packager.format.layout import CHUNK
from packager.format.source_file import SourceReadError
from tests.packager.format.simulated_files import SimulatedFiles

BIG = bytes(range(256)) * (3 * CHUNK // 256) + b"end"


class Threaded(SimulatedFiles):
    """Records what several threads do."""

    threads = True


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for n, content in enumerate((b"", b"one", BIG)):
        (folder / str(n)).write_bytes(content)
    return folder


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    (tmp_path / "dest").mkdir()
    return tmp_path / "dest"


def test_copies_that_are_not_kept_are_there_and_not_flushed(source: Path, dest: Path) -> None:
    files = SimulatedFiles(dest)
    with Copies(files) as copies:
        copies.copy(source / "2", dest / "thrown away", max_size=len(BIG), kept=False)
        copies.copy(source / "1", dest / "kept", max_size=3)
    assert (dest / "thrown away").read_bytes() == BIG
    assert [path for what, path, _ in files.journal if what == "sync"] == ["kept.tmp~"]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("flush", [1, CHUNK, 16 * CHUNK])
def test_copies_arrive_whole_with_digest_size_and_progress(
    source: Path, dest: Path, flush: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH", flush)
    seen: list[int] = []
    kept = bytearray()
    with Copies(RealFiles()) as copies:
        for path in sorted(source.iterdir()):
            content = path.read_bytes()
            found = copies.copy(
                path, dest / path.name, max_size=len(content), progress=seen.append, each=kept.extend,
                expected=hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
            assert found == (hashlib.sha256(content).hexdigest(), len(content))
    assert [(dest / name).read_bytes() for name in "012"] == [b"", b"one", BIG]
    assert names(dest) == ["0", "1", "2"]
    assert sum(seen) == len(BIG) + 3
    assert kept == b"one" + BIG


def test_copies_of_wrong_sources_keep_nothing_of_them_and_go_on(source: Path, dest: Path) -> None:
    (source / "link").symlink_to("1")
    with Copies(RealFiles()) as copies:
        with pytest.raises(TooLargeError):
            copies.copy(source / "2", dest / "large", max_size=CHUNK)
        with pytest.raises(DigestError):
            copies.copy(source / "2", dest / "other", max_size=len(BIG), expected="00" * 32)
        with pytest.raises(LayoutError):
            copies.copy(source / "link", dest / "link", max_size=9)
        with pytest.raises(SourceReadError):
            copies.copy(-1, dest / "unreadable", max_size=9)
        copies.copy(source / "1", dest / "good", max_size=3)
    assert names(dest) == ["good"]


def test_copies_broken_off_leave_no_half_file(source: Path, dest: Path) -> None:
    def stop(_size: int) -> None:
        raise InterruptedError

    before = threading.active_count()
    with pytest.raises(InterruptedError), Copies(RealFiles()) as copies:  # noqa: PT012 - the context raises it too
        copies.copy(source / "1", dest / "first", max_size=3)
        copies.copy(source / "2", dest / "second", max_size=len(BIG), progress=stop)
    assert set(names(dest)) <= {"first"}
    assert threading.active_count() == before


@pytest.mark.parametrize("step", ["_append", "_sync", "_rename", "_open_new"])
def test_copies_tell_what_our_own_disk_says(source: Path, dest: Path, step: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    full = type("Full", (RealFiles,), {step: fail})()
    with pytest.raises(OSError, match="full"), Copies(full) as copies:  # noqa: PT012 - the context raises it too
        for name in "012":
            copies.copy(source / name, dest / name, max_size=len(BIG))
    assert [name for name in names(dest) if not name.isdecimal()] == []


def test_copies_disk_that_fails_stops_a_long_file(source: Path, dest: Path) -> None:
    class Full(RealFiles):
        written = 0

        def _append(self, handle: int, block: bytes) -> None:
            self.written += len(block)
            if self.written > CHUNK:
                raise OSError(errno.ENOSPC, "full")
            super()._append(handle, block)

    (source / "long").write_bytes(bytes(64 * CHUNK))
    read: list[int] = []
    with pytest.raises(OSError, match="full"), Copies(Full()) as copies:
        copies.copy(source / "long", dest / "long", max_size=64 * CHUNK, progress=read.append)
    assert len(read) < 64
    assert names(dest) == []


def test_copies_work_beside_finds_the_files_that_were_given_before(source: Path, dest: Path) -> None:
    with Copies(RealFiles()) as copies:
        copies.copy(source / "1", dest / "1", max_size=3)
        found = copies.beside((dest / "1").read_bytes)
        failed = copies.beside((dest / "none").read_bytes)
        copies.copy(source / "2", dest / "2", max_size=len(BIG))
    assert found.result(0) == b"one"
    with pytest.raises(FileNotFoundError):
        failed.result(0)


def copy_then_tell(files: Files, source: Path, root: Path) -> None:
    with Copies(files) as copies:
        for name in "12":
            copies.copy(source / name, root / name, max_size=len(BIG))
    files.write_atomic(root / "READY", b"ready")


@pytest.mark.parametrize("kind", [SimulatedFiles, Threaded])
def test_copies_power_cut_at_any_moment_never_leaves_ready_without_them(
    source: Path, dest: Path, kind: type[SimulatedFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH", CHUNK)
    (source / "2").write_bytes(b"x" * 9000)
    files = kind(dest)
    copy_then_tell(files, source, dest)
    states = list(files.states(per_cut=100))
    whole = [s for _, s in states if "READY" in s]
    assert len(states) > 30
    assert whole
    assert all(s.get("1") == b"one" and s.get("2") == b"x" * 9000 for s in whole)


@pytest.mark.parametrize("what", ["sync", "fsync_dir"])
def test_copies_dropped_flush_is_found_by_the_simulator(source: Path, dest: Path, what: str) -> None:
    (source / "2").write_bytes(b"x" * 9000)
    files = SimulatedFiles(dest, ignore=lambda kind, n: (kind, n) == (what, 0))
    copy_then_tell(files, source, dest)
    assert any(
        "READY" in s and not (s.get("1") == b"one" and s.get("2") == b"x" * 9000) for _, s in files.states(per_cut=100)
    )
