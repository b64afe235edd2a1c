"""The whole story between a national library and a county, each in a network of its own, by real processes.

A first drive; editions that come by wire, once through a cable that is cut; new keys; a withdrawal; a release taken
back; going back and forward by staff; an edition on a stick while there is no line; a copy for a branch, which has a
box of its own; the monthly report, by wire. The national side signs in this process
(`tests.simulator`); the box, the origin and the receiver of reports are processes of their own.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import RealClock
from appliance.settings import Settings
from appliance.store import commands
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.returns.store import kept_in
from tests.box import ROOT, Answer, Box, wait_for
from tests.simulator import DAY, Publisher, passphrase
from tests.spine.namespaces import ORIGIN, Cable, cable, inside, within

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

WEB, RETURNS = 8080, 8090
PATIENCE = 120
NOISE = {
    name: random.Random(name).randbytes(size) for name, size in (("two", 900_000), ("three", 40_000), ("four", 40_000))
}
FIRST = {
    "stays": ("不变的书", {"s.txt": "满纸荒唐言。\n".encode()}),
    "edited": ("改过的书", {"e.txt": "一把辛酸泪。\n".encode() * 50}),
    "leaves": ("要下架的书", {"l.txt": "都云作者痴。\n".encode()}),
}
SECOND = {
    **FIRST,
    "edited": ("改过的书", {"e.txt": "一把辛酸泪。\n".encode() * 40}),
    "two": ("第二版新书", {"n.bin": NOISE["two"]}),
}
THIRD = {**SECOND, "three": ("第三版新书", {"n.bin": NOISE["three"]})}
FOURTH = {**THIRD, "four": ("第四版新书", {"n.bin": NOISE["four"]})}


class CountyBox(Box):
    """A box in the county's network, reached from there."""

    cable: Cable

    def start(self) -> None:
        self.port = self.port or 8088
        settings = self.write_settings()
        log = (self.data / "log.txt").open("ab")
        serve = [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(settings)]
        self.process = subprocess.Popen(
            [*inside(self.cable.county), *serve], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        wait_for(lambda: self.get("/health").status == 200, "the box to answer", self.log, PATIENCE)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return within(self.cable.county, lambda: Box.get(self, path, method, **headers))


@dataclass
class Story:
    """Everybody in it. released: work folders by number."""

    folder: Path
    cable: Cable
    stack: ExitStack
    released: dict[int, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.folder / "publisher")
        self.origin, self.media = self.folder / "origin", self.folder / "media"
        self.media.mkdir()
        (self.folder / "keys").mkdir()
        (self.folder / "root.json").write_bytes(self.publisher.root)

    # The national library

    def release(self, seq: int, sources: Any) -> None:
        """Build and sign an edition, and the delta that leads to it."""
        work = self.released[seq] = self.publisher.release(seq=seq, sources=sources)
        if seq == 1:
            return
        old, new = edition_of([self.released[seq - 1]]), edition_of([work])
        make_delta(old, new, delta_folder(work, "national", seq - 1, seq), RealFiles())
        sign_deltas(work, self.publisher.keys, passphrase, new.release, DAY, RealFiles())

    def publish(self, seq: int, site: Path | None = None, **options: Any) -> None:
        """Bring an edition and the newest lists to the origin, or a stick."""
        publish(
            self.released[seq], self.publisher.keys, FolderSite(site or self.origin, RealFiles()), DAY, payload=False,
            **options,
        )  # fmt: skip

    def publish_lists(self) -> None:
        """Bring nothing but the newest signed lists to the origin."""
        shutil.copytree(self.publisher.keys / "tuf", self.origin / "tuf", dirs_exist_ok=True)

    def process(self, name: str, *words: str | Path) -> subprocess.Popen[str]:
        """A process in the origin's network, until the end; it has said its first line."""
        with (self.folder / f"{name}.txt").open("wb") as log:
            made = subprocess.Popen(
                [*inside(self.cable.origin), sys.executable, "-m", *map(str, words)],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self.stack.callback(_end, made)
        assert made.stdout is not None
        assert made.stdout.readline(), (self.folder / f"{name}.txt").read_text()
        return made

    # The county

    def start(self) -> CountyBox:
        known = {f.name for f in fields(Settings)}
        extra = [
            f'update_origins = ["http://{ORIGIN}:{WEB}"]', f'report_url = "http://{ORIGIN}:{RETURNS}/returns"',
            'library_id = "SC-511702"', *(['update_apply = "at-once"'] if "update_apply" in known else []),
        ]  # fmt: skip
        box = self.box = CountyBox(
            self.folder / "box", self.folder / "root.json", drive_folders=[self.media], extra="\n".join(extra)
        )
        box.cable = self.cable
        self.stack.callback(box.stop)
        box.start()
        return box

    def look(self) -> None:
        """Have the box look at its origin now: staff ask, or it begins anew."""
        if "update-check" in commands.COMMANDS:
            self.command(do="update-check")
        else:
            self.again()

    def again(self) -> None:
        """The box's processes begin anew, wherever they are; readers do not notice."""
        assert self.box.process is not None
        self.box.process.send_signal(signal.SIGHUP)

    def command(self, **command: str) -> None:
        commands.send(self.box.data / "appliance/commands", command, clock=RealClock(), files=RealFiles())

    def until(self, name: str, status: int) -> None:
        """A resource is there (200), or is not (404, 410)."""
        wait_for(
            lambda: self.box.get(f"/api/resources/{name}").status == status, f"{name} {status}",
            lambda: f"{self.box.get(f'/api/resources/{name}').status} {self.box.health()}\n{self.box.log()}", PATIENCE,
        )  # fmt: skip

    def reads(self, name: str) -> None:
        """Every byte of a resource that readers get is what was signed."""
        for item in self.box.get(f"/api/resources/{name}").json()["items"]:
            assert hashlib.sha256(self.box.get(item["url"]).body).hexdigest() == item["sha256"]


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(60)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture
def story(tmp_path):
    with ExitStack() as stack:
        laid = stack.enter_context(cable())
        yield Story(tmp_path, laid, stack)


def begin(story: Story) -> None:
    """The first drive, and a line to an origin that has nothing newer."""
    story.release(1, FIRST)
    story.publish(1)
    story.publisher.drive(story.released[1], story.media / "drive")
    story.web = story.process("web", "tests.spine.origin", story.origin, ORIGIN, str(WEB))  # type: ignore[attr-defined]
    story.process(
        "returns", "packager.cli", "returns", "receive", "--listen", f"{ORIGIN}:{RETURNS}",
        "--store", story.folder / "store", "--keys", story.folder / "keys",
    )  # fmt: skip
    story.start()
    story.until("stays", 200)
    story.reads("stays")


def cut_and_mend(story: Story) -> None:
    """The second edition comes by wire; the cable is pulled while its pack is on the way."""
    story.release(2, SECOND)
    story.publish(2)
    story.look()
    story.web.stdout.readline()  # type: ignore[attr-defined]  # the pack is on the way
    time.sleep(0.3)
    story.cable.cut()
    story.until("two", 404)
    story.reads("edited")
    story.again()
    story.cable.mend()
    story.look()
    story.until("two", 200)
    for name in ("stays", "edited", "two"):
        story.reads(name)


def enrol(story: Story) -> None:
    """The device's public key goes to the national library, as a file."""
    key = story.box.data / "appliance/device.key"
    wait_for(key.exists, "the key of the device", story.box.log, PATIENCE)
    settings = story.box.data / "settings.toml"
    subprocess.run(
        [sys.executable, "-m", "appliance.cli", "report", "--settings", settings, "--to", story.folder / "keys"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip


def reported(story: Story) -> None:
    """The report of the month is received, once."""

    def kept() -> list[str]:
        folder = story.folder / "store"
        return [found.report.head.library for found in kept_in(folder)]

    wait_for(lambda: kept() == ["SC-511702"], "the report", story.box.log, PATIENCE)
    assert list((story.box.data / "appliance/outbox").glob("*.receipt"))


def test_drive_then_an_edition_through_a_cut_cable_then_the_report(story: Story) -> None:
    begin(story)
    enrol(story)
    cut_and_mend(story)
    reported(story)


def branch(story: Story) -> None:
    """The library as it is goes to a disk for a branch, whose own box serves it."""
    disk = story.folder / "branch/media/disk"
    disk.mkdir(parents=True)
    settings = story.box.data / "settings.toml"
    subprocess.run(
        [sys.executable, "-m", "appliance.cli", "branch-copy", "--settings", settings, "--to", disk],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    county, story.box = (
        story.box,
        CountyBox(story.folder / "branch/box", story.folder / "root.json", drive_folders=[disk.parent]),
    )
    story.box.cable, story.box.port = story.cable, county.port + 1
    story.stack.callback(story.box.stop)
    try:
        story.box.start()
        story.until("three", 200)
        for name in ("stays", "edited", "two", "three"):
            story.reads(name)
        assert story.box.get("/api/resources/leaves").status in {404, 410}
    finally:
        story.box.stop()
        story.box = county


@pytest.mark.slow
def test_whole_story(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    begin(story)
    enrol(story)
    cut_and_mend(story)
    story.publisher.rotate("root-1", "online", "targets-1")  # everybody gets new keys
    story.release(3, THIRD)
    story.publish(3)
    story.look()
    story.until("three", 200)
    story.publisher.withdraw("leaves", into=story.released[3])
    story.publish(3)
    story.look()
    wait_for(
        lambda: story.box.get("/api/resources/leaves").status in {404, 410}, "the withdrawal", story.box.log, PATIENCE
    )
    story.cable.cut()  # no line: the fourth edition comes on a stick
    story.release(4, FOURTH)
    story.publish(4, story.folder / "stick", lists=False)
    shutil.copytree(story.folder / "stick", story.media / "stick")
    story.until("four", 200)
    story.reads("four")
    shutil.rmtree(story.media / "stick")
    story.cable.mend()
    story.publisher.revoke(story.released[4])
    story.publish_lists()
    story.look()
    story.until("four", 404)
    story.reads("three")
    if "update-undo" in commands.COMMANDS:
        story.command(do="update-undo", bundle="national")
        story.until("three", 404)
        story.command(do="update-again", bundle="national")
        story.until("three", 200)
    assert story.box.get("/api/resources/leaves").status in {404, 410}
    branch(story)
    reported(story)
