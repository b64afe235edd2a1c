"""The data folder that can be written, is full, is read-only, hangs; the spare in its place; starts and stops."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.service.ground import FULL, MARKED, UNWRITABLE, VARIABLE, Ground, ground_of, look, settled
from appliance.service.spare import make_spare, remove_spare
from appliance.settings import Settings
from appliance.store.holdings import HeldRelease, Holdings, Message, Part
from appliance.store.starts import MOST, NAME, Start, Starts, begin, end, read_starts, restarted
from appliance.web.start_states import start_states
from packager.format.files import RealFiles

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
FILES = RealFiles()


class Broken(RealFiles):
    """A disk that fails at every byte."""

    def __init__(self, number: int) -> None:
        self.number = number

    def _append(self, handle: int, block: bytes) -> None:
        raise OSError(self.number, os.strerror(self.number))


class Hanging(RealFiles):
    """A disk that does not answer."""

    def __init__(self) -> None:
        self.free = threading.Event()

    def _append(self, handle: int, block: bytes) -> None:
        self.free.wait()


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.ENOSPC, FULL), (errno.EDQUOT, FULL), (errno.EROFS, UNWRITABLE), (errno.EIO, UNWRITABLE)],
)
def test_disk_that_fails_is_told_apart_from_one_that_is_full(tmp_path: Path, number: int, why: str) -> None:
    assert look(tmp_path / "data", Broken(number), marker=tmp_path / "none") == why
    assert list((tmp_path / "data").iterdir()) == []


def test_disk_that_hangs_counts_as_broken_after_a_while(tmp_path: Path) -> None:
    hanging = Hanging()
    assert look(tmp_path / "data", hanging, marker=tmp_path / "none", seconds=0.2) == UNWRITABLE
    hanging.free.set()


def test_sound_disk_is_left_as_it_was_and_a_marker_counts(tmp_path: Path) -> None:
    assert look(tmp_path / "data", FILES, marker=tmp_path / "marker") == ""
    assert list((tmp_path / "data").iterdir()) == []
    (tmp_path / "marker").touch()
    assert look(tmp_path / "data", FILES, marker=tmp_path / "marker") == MARKED


@pytest.mark.parametrize(
    ("ground", "kept"),
    [
        (Ground(), 512 << 20),
        (Ground(FULL), 512 << 20),
        (Ground(MARKED), 16 << 20),
        (Ground(UNWRITABLE, "/run/shuxiang/spare"), 16 << 20),
    ],
    ids=["sound", "full", "in memory", "spare"],
)
def test_in_memory_less_is_kept_free(tmp_path: Path, ground: Ground, kept: int) -> None:
    """Of a quarter of the memory half a gigabyte is all, or more: no drive would ever be taken."""
    settings = Settings(data_folder=tmp_path, root_file=tmp_path / "root.json")
    assert settled(settings, ground).reserve_bytes == kept
    assert settled(replace(settings, reserve_bytes=0), ground).reserve_bytes == 0


def test_folder_that_cannot_be_made_counts_as_broken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert look(tmp_path / "file/data", FILES, marker=tmp_path / "none") == UNWRITABLE


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"why": "magic"}'])
def test_ground_that_is_not_understood_is_firm(text: str) -> None:
    assert ground_of({VARIABLE: text}) == Ground()


def test_ground_travels_in_the_environment() -> None:
    ground = Ground(FULL, "/run/spare")
    assert ground_of({VARIABLE: ground.to_text()}) == ground
    assert ground_of({}) == Ground()


def test_settings_of_a_box_without_its_disk_promise_nothing_that_writes(tmp_path: Path) -> None:
    made = Settings(
        data_folder=tmp_path, root_file=tmp_path / "r", secret_file=tmp_path / "s", update_origins=("http://a",),
        repair_origins=("http://a",), report_url="http://b",
    )  # fmt: skip
    assert settled(made, Ground()) is made
    marked = settled(made, Ground(MARKED))
    assert (marked.data_folder, marked.secret_file, marked.update_origins) == (tmp_path, tmp_path / "s", ())
    spare = settled(made, Ground(FULL, "/run/spare"))
    assert (spare.data_folder, spare.secret_file) == (Path("/run/spare"), None)
    assert (spare.check_months, spare.repair_bytes, spare.repair_origins, spare.report_url) == (0, 0, (), "")


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "memory").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "memory"))
    return tmp_path / "memory"


def test_spare_copies_what_is_small_links_what_is_large_and_leaves_both_alone(memory: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("accounts.db", "secret.key", "tuf/root.json", "objects/ab/x", "releases/n/1-a/READY",
                 "releases/n/1-a/meta/items.txt", "releases/n/1-a/meta/search/terms", "releases/n/2-b/meta/items.txt",
                 "cache/renditions/x", "scratch/x"):  # fmt: skip
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(name.encode())
    before = sorted(str(path) for path in data.rglob("*"))
    spare = make_spare(data)
    assert spare.parent == memory
    assert spare.stat().st_mode & 0o777 == 0o700
    assert (spare / "secret.key").read_bytes() == b"secret.key"
    assert not (spare / "tuf/root.json").is_symlink()
    release = spare / "releases/n/1-a"
    assert not release.is_symlink()
    assert not (release / "READY").is_symlink()
    assert (release / "meta/items.txt").is_symlink()
    assert (release / "meta/search/terms").read_bytes() == b"releases/n/1-a/meta/search/terms"
    assert not (spare / "releases/n/2-b").exists()
    assert not (spare / "cache").exists()
    FILES.discard(release)
    remove_spare(spare)
    assert not spare.exists()
    assert sorted(str(path) for path in data.rglob("*")) == before


def test_spare_of_a_killed_run_goes_and_that_of_another_box_stays(memory: Path, tmp_path: Path) -> None:
    left, other = make_spare(tmp_path / "data"), make_spare(tmp_path / "other")
    spare = make_spare(tmp_path / "data")
    assert {*memory.iterdir()} == {spare, other}
    assert left != spare


def test_link_in_the_place_of_a_spare_is_not_followed(memory: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (memory / "spare").symlink_to(tmp_path / "precious")
    remove_spare(memory / "spare")
    assert (tmp_path / "precious").is_dir()


# — starts —


def test_stop_that_was_told_leaves_nothing_to_say(tmp_path: Path) -> None:
    begin(tmp_path, FILES, boot="a", now=NOW)
    end(tmp_path, FILES)
    assert begin(tmp_path, FILES, boot="b", now=NOW).unwanted == ()


def test_end_in_another_boot_is_a_cut_and_in_the_same_a_restart(tmp_path: Path) -> None:
    begin(tmp_path, FILES, boot="a", now=NOW)
    begin(tmp_path, FILES, boot="a", now=NOW)
    found = begin(tmp_path, FILES, boot="b", now=NOW + timedelta(hours=1))
    assert found.unwanted == (Start("restart", "2026-11-27T06:00:00Z"), Start("power", "2026-11-27T07:00:00Z"))
    assert restarted(tmp_path, FILES, now=NOW).unwanted[-1].kind == "restart"
    assert read_starts(tmp_path).running == "b"


def test_list_is_bounded_and_a_full_disk_is_no_error(tmp_path: Path) -> None:
    for _ in range(MOST + 10):
        restarted(tmp_path, FILES, now=NOW)
    assert len(read_starts(tmp_path).unwanted) == MOST
    assert begin(tmp_path, Broken(errno.ENOSPC), boot="a", now=NOW).running == "a"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"running": "a", "unwanted": [{"kind": 1}]}', b"\xff", b"[" * 9999]
)
def test_document_that_is_damaged_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert read_starts(tmp_path) == Starts()


def said(starts: Starts, holdings: Holdings | None = None, degraded: str = "", now: datetime = NOW) -> list[str]:
    return [s.message.key for s in start_states(starts, holdings or Holdings(), degraded, now=now, task="检索准备")]


def unwanted(kind: str, *minutes: int) -> Starts:
    return Starts("a", tuple(Start(kind, f"{NOW - timedelta(minutes=m):%Y-%m-%dT%H:%M:%SZ}") for m in minutes))


def test_cut_is_told_for_half_an_hour() -> None:
    assert said(unwanted("power", 5)) == ["power.recovered"]
    assert said(unwanted("power", 45)) == []
    assert said(unwanted("power", -5)) == []  # a clock that went back


def test_cut_during_work_says_what_goes_on_and_an_update_speaks_for_itself() -> None:
    release = HeldRelease("n", 1, "", "2026-11-01", "", "", "n/1", "", 1, search=Part("rebuilding"))
    assert said(unwanted("power", 5), Holdings(1, releases=(release,))) == ["power.recovered.continues"]
    kept = Holdings(1, notices=(Message("power.recovered.kept_old"),))
    assert said(unwanted("power", 5), kept) == []


def test_three_cuts_in_a_week_need_somebody() -> None:
    assert said(unwanted("power", 9000, 3000, 5)) == ["power.recovered.often"]
    assert said(unwanted("power", 11000, 3000, 5)) == ["power.recovered"]


def test_restart_is_told_and_three_in_a_day_need_somebody() -> None:
    assert said(unwanted("restart", 5)) == ["box.restarted"]
    assert said(unwanted("restart", 180, 60, 5)) == ["box.restarted.often"]
    assert said(unwanted("restart", 1500, 1450, 5)) == ["box.restarted"]


@pytest.mark.parametrize(("why", "key"), [(FULL, "space.full"), (UNWRITABLE, "box.degraded"), (MARKED, "box.degraded")])
def test_broken_and_full_disks_are_told(why: str, key: str) -> None:
    assert said(Starts(), degraded=why) == [key]
