"""A real box for tests: keys, a built and signed drive, `appliance serve` in its own processes, on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
ISSUED = "2026-11-22"
_CHANCE = random.Random()


def command(module: str, *arguments: str | Path, expect: tuple[int, ...] = (0,)) -> str:
    """Run one of our command lines as its user would; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode in expect, f"{module} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def make_keys(folder: Path) -> Path:
    """Demonstration keys in `folder`."""
    if not folder.exists():
        command("packager.cli", "keys", "init", folder, "--demonstration")
    return folder


def make_drive(
    source: Path, work: Path, keys: Path, target: Path, *build: str, expect: tuple[int, ...] = (0, 1)
) -> str:
    """Build, sign and write `source`; returns what the build printed."""
    said = command(
        "packager.cli",
        "build",
        source,
        "--work",
        work,
        "--issued",
        ISSUED,
        "--edition",
        "2026.11",
        *build,
        expect=expect,
    )
    sign(work, keys)
    command("packager.cli", "drive", work, target)
    return said


def sign(work: Path, keys: Path) -> None:
    """Both signers sign what is built in `work`."""
    command("packager.cli", "sign", work, "--keys", keys, "--passphrases", keys / "demonstration-passphrases.txt")


def free_port() -> int:
    """A TCP port that nobody listens on now, and that the system gives to no connection that goes out meanwhile."""
    while True:
        port = _CHANCE.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Box:
    """One box and its state."""

    data: Path
    root_file: Path
    drive_paths: list[Path] = field(default_factory=list)
    drive_folders: list[Path] = field(default_factory=list)
    threads: int = 8
    port: int = 0
    extra: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def write_settings(self) -> Path:
        """Write the settings file."""

        def paths(values: list[Path]) -> str:
            return json.dumps([str(v) for v in values])

        self.data.mkdir(parents=True, exist_ok=True)
        settings = self.data / "settings.toml"
        settings.write_text(
            f'data_folder = "{self.data / "appliance"}"\nroot_file = "{self.root_file}"\n'
            f'library_name = "清溪县图书馆"\nlisten_host = "127.0.0.1"\nlisten_port = {self.port}\n'
            f"threads = {self.threads}\nreconcile_seconds = 1\n"
            f"drive_paths = {paths(self.drive_paths)}\ndrive_folders = {paths(self.drive_folders)}\n{self.extra}",
            encoding="utf-8",
        )
        return settings

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.port = self.port or free_port()
        settings = self.write_settings()
        log = (self.data / "log.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(settings)],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        wait_for(lambda: self.get("/health").status == 200, "the box to answer", self.log)

    def stop(self) -> None:
        """Stop it as the system would; kill what does not stop."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)
        self.process = None

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request; an error status is an answer too."""
        request = urllib.request.Request(  # noqa: S310
            self.url + path, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except OSError:
            return Answer(0, {}, b"")

    def search(self, q: str = "", **params: str | int) -> Any:
        """The search API's answer."""
        return self.get("/api/search?" + urllib.parse.urlencode({"q": q, **params})).json()

    def health(self) -> Any:
        """The health document."""
        return self.get("/health").json()

    def wait_resources(self, count: int, seconds: float = 120) -> None:
        """Wait until `count` resources are there and search answers."""
        wait_for(
            lambda: self.health()["resources"] == count and self.get("/api/search?q=").status == 200,
            f"{count} resources", lambda: f"{self.health()}\n{self.log()}", seconds,
        )  # fmt: skip

    def log(self) -> str:
        """What it wrote."""
        path = self.data / "log.txt"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""


def wait_for(ready: Callable[[], bool], what: str, why: Callable[[], str] = str, seconds: float = 120) -> None:
    """Wait until `ready`; fail naming `what`, with what `why` says."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(KeyError, ValueError):
            if ready():
                return
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for {what}\n{why()}")


@contextlib.contextmanager
def running(box: Box) -> Iterator[Box]:
    """The box, started, and stopped at the end."""
    try:
        box.start()
        yield box
    finally:
        box.stop()


def copy_drive(source: Path, target: Path) -> Path:
    """A copy of a drive's folder to spoil."""
    shutil.copytree(source, target)
    return target
