"""A box whose own disk is broken, read-only or full, or whose databases are damaged: readers read all the same."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from appliance.clock import FixedClock
from appliance.serve import ServingBox
from appliance.service.asking import Health, ask
from appliance.settings import Settings, load_settings
from appliance.store.starts import read_starts
from packager.format.files import RealFiles
from tests.appliance.stock import Stock
from tests.box import Box, free_port, wait_for

ROOT = Path(__file__).resolve().parents[3]
DEGRADED = "书箱自带的存储有故障，目前只能阅读。"
FULL = "书箱空间已满，阅读照常，其他事务暂停。"
DATABASES = ("accounts", "faults", "wishes", "checks", "repairs")


def slow(value: str) -> object:
    return pytest.param(value, marks=pytest.mark.slow)


@dataclass
class Degraded:
    """A box with one drive, started as the system starts it."""

    folder: Path
    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    memory: Path = field(init=False)

    def __post_init__(self) -> None:
        self.memory = self.folder / "memory"
        self.memory.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def running(self, before: str = ":", serve: Sequence[str] = ("-m",)) -> Iterator[Degraded]:
        """The box runs after a shell command, in mounts of its own when there is one, or another program before it."""
        words = ["unshare", "-m"] if (before, *serve) != (":", "-m") else []
        words += ["sh", "-c"]
        serve = shlex.join([sys.executable, *serve, "appliance.cli", "serve", "--settings", str(self.file)])
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*words, f"{before} && exec {serve}"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "RUNTIME_DIRECTORY": str(self.memory)},
            )  # fmt: skip
        try:
            self.process = process
            wait_for(lambda: self.health() is not None, "the box to answer", self.log, 90)
            yield self
        finally:
            process.terminate()
            code = process.wait(60)
        assert code == 0, self.log()

    @property
    def file(self) -> Path:
        return self.folder / "settings.toml"

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def health(self) -> Health | None:
        return ask(self.settings)

    def tells(self, sentence: str) -> bool:
        """Whether it says so; first comes what became of the drive that was just plugged in."""
        health = self.health()
        return health is not None and sentence in (health.sentence, *health.also)

    def reads(self) -> bool:
        """Whether the drive is in use, and a book is read and found."""
        box = Box(self.folder, self.folder, port=self.settings.listen_port)
        if box.health()["drives"] != 1:
            return False
        (item,) = box.get("/api/resources/red-chamber").json()["items"]
        assert box.get(item["url"]).body == "满纸荒唐言，一把辛酸泪。\n".encode()
        assert box.get("/").status == 200
        assert box.get("/staff/sign-in").status in {200, 503}
        return box.search("红楼梦")["total"] == 1


@pytest.fixture
def box(tmp_path: Path) -> Degraded:
    stock = Stock(tmp_path)
    stock.drive(stock.work(ready=True))
    (tmp_path / "settings.toml").write_text(
        f'data_folder = "ssd/data"\nroot_file = "root.json"\ndrive_folders = ["media"]\nreserve_bytes = 0\n'
        f'listen_host = "127.0.0.1"\nlisten_port = {free_port()}\nchunk_cache_bytes = 16777216\n'
        'update_origins = ["http://127.0.0.1:9/"]\n'
    )
    (tmp_path / "ssd").mkdir()
    return Degraded(tmp_path, load_settings(tmp_path / "settings.toml"))


def test_box_without_a_disk_takes_its_drive_in_and_is_read(box: Degraded) -> None:
    (box.folder / "ssd").rmdir()
    (box.folder / "ssd").write_bytes(b"no disk")
    with box.running():
        wait_for(box.reads, "the drive", box.log, 90)
        assert box.tells(DEGRADED), box.health()
        assert len(list(box.memory.iterdir())) == 1
    assert list(box.memory.iterdir()) == []
    assert (box.folder / "ssd").read_bytes() == b"no disk"


READ_ONLY = "mount --bind {ssd} {ssd} && mount -o remount,bind,ro {ssd}"
FILLED = (
    "cp -a {ssd} {keep} && mount -t tmpfs -o size=8m none {ssd} && cp -a {keep}/. {ssd}/ && "
    "(head -c 16M /dev/zero > {ssd}/filler || true)"
)


@pytest.mark.root
@pytest.mark.parametrize(
    ("before", "sentence"),
    [pytest.param(READ_ONLY, DEGRADED, id="read-only"), pytest.param(FILLED, FULL, id="full", marks=pytest.mark.slow)],
)
def test_disk_that_was_good_and_takes_nothing_any_more(box: Degraded, before: str, sentence: str) -> None:
    """What it held is used: the drive is known again, nothing is copied, and nothing there is changed."""
    with box.running():
        wait_for(box.reads, "the drive", box.log, 90)
    data = box.folder / "ssd/data"
    before_it = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    with box.running(before.format(ssd=box.folder / "ssd", keep=box.folder / "keep")):
        wait_for(box.reads, "the drive", box.log, 90)
        assert box.tells(sentence), box.health()
        (spare,) = box.memory.iterdir()
        (records,) = spare.glob("releases/*/*/meta/catalogue.jsonl")
        assert records.is_symlink()
        assert "Traceback" not in box.log()
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()} == before_it


def test_box_with_every_document_damaged_is_read(box: Degraded) -> None:
    data = box.folder / "ssd/data"
    data.mkdir()
    for name in DATABASES:
        (data / f"{name}.db").write_bytes(b"x" * 9000)
    for name in ("holdings.json", "verified.json", "starts.json", "diary.json", "home-place.txt", "intake.jsonl"):
        (data / name).write_bytes(b"\xff{")
    with box.running():
        wait_for(box.reads, "the drive", box.log, 90)
        assert box.tells(DEGRADED), box.health()
        assert "Traceback" not in box.log()
    for name in ("faults", "checks", "repairs"):
        assert (data / f"{name}.db.damaged").read_bytes() == b"x" * 9000
    # Nobody can make these again: what was wished stays beside, and who may sign in is nobody's to begin anew.
    assert (data / "wishes.db.damaged-1").read_bytes() == b"x" * 9000
    assert (data / "accounts.db").read_bytes() == b"x" * 9000


HANGING = """
import ctypes, os, sys
fuse = os.open("/dev/fuse", os.O_RDWR)  # a file system whose daemon never answers
os.set_inheritable(fuse, True)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0".encode()
if ctypes.CDLL(None, use_errno=True).mount(b"hanging", sys.argv[1].encode(), b"fuse", 0, options):
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


@pytest.mark.root
@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="needs FUSE")  # noqa: PTH110
def test_drive_that_hangs_at_the_start_holds_nobody_up(box: Degraded) -> None:
    hanging = box.folder / "media/hanging"
    hanging.mkdir()
    with box.running(serve=["-c", HANGING, str(hanging), "-m"]):
        wait_for(box.reads, "the drive", box.log, 90)


def test_box_that_was_killed_says_at_its_next_start_that_it_recovered(box: Degraded) -> None:
    with contextlib.suppress(AssertionError), box.running():
        family = psutil.Process(box.process.pid)
        children = family.children(recursive=True)
        family.kill()
        psutil.wait_procs(children, 20)
    with box.running():
        wait_for(lambda: box.tells("书箱刚才自动恢复了一次，现在一切正常。"), "the sentence", box.log, 90)
    assert read_starts(box.settings.data_folder).running == ""


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("harm", [slow("garbage"), "middle", slow("folder")])
def test_one_damaged_database_does_not_keep_the_box_from_serving(tmp_path: Path, name: str, harm: str) -> None:
    stock = Stock(tmp_path)
    settings = stock.settings()
    ServingBox(settings, FixedClock(), RealFiles()).close()
    path = settings.data_folder / f"{name}.db"
    if harm == "folder":
        path.unlink(missing_ok=True)
        path.mkdir()
    elif harm == "garbage" or not path.exists():
        path.write_bytes(b"x" * 9000)
    else:
        content = bytearray(path.read_bytes())
        content[4096:8192] = b"\xff" * 4096
        path.write_bytes(content)
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    made = ServingBox(settings, FixedClock(), RealFiles())
    try:
        client = made.app.test_client()
        health = client.get("/health").get_json()
        told = DEGRADED in (health["sentence"], *health["also"])
        assert told is (name == "accounts" or (name, harm) == ("wishes", "folder"))
        assert client.get("/").status_code == 200
        signing = client.get("/staff/sign-in")
        assert (signing.status_code, DEGRADED in signing.get_data(as_text=True)) == (
            (503, True) if name == "accounts" else (200, False)
        )
    finally:
        made.close()
