"""A real box with a validly signed drive of hostile files, and a browser that opens them all, watched."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Error

from tests.box import Box, free_port, running
from tests.browser.watching import Outside, Watch, outside, watching
from tests.hostile_drive import SCRIPT_ITEM, HostileDrive, hostile_drive
from tests.hostile_files import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from indexer.model import Item, Resource
    from tests.simulator import Record

OPENED = "html[data-opened], html[data-script], .rpage, .rtext, .void"
ATTACKS = ("#victim", "#way", "#tab", "#own", "#ping", "#send")
READERS = {"application/epub+zip": "chapters", "application/pdf": "pages"}
PARSED = {("script-src-attr", "inline"), ("base-uri", ""), ("media-src", "")}
"""What the policy stops while any book is parsed for cleaning: (directive, beginning of what it blocks)."""
READ_ROLES = ("part", "page")
SETTLED = 30
"""Milliseconds for what happens by itself; whatever comes later is seen in the same tab or by the host outside."""
MIB = 1 << 20
MOST_MEMORY = 600 * MIB
"""Of a process of the box; the children that parse have limits of their own."""
BOMB = 60_000
"""Milliseconds until a reader says that a bomb cannot be shown; a machine that does other things needs most of them."""


@dataclass
class Scene:
    """The box, its drive, the host outside."""

    box: Box
    drive: HostileDrive
    outside: Outside

    def processes(self) -> list[psutil.Process]:
        """The box's processes."""
        assert self.box.process is not None
        first = psutil.Process(self.box.process.pid)
        return [first, *first.children(recursive=True)]

    def memory(self, *, confined: bool | None = None) -> int:
        """Bytes of the largest of them; `confined`: of the children that parse alone, or of the others alone."""
        sizes = [0]
        for process in self.processes():
            try:
                if confined is None or confined == is_confined(process):
                    sizes.append(process.memory_info().rss)
            except psutil.Error:
                continue
        return max(sizes)

    def known_blocks(self) -> dict[str, set[tuple[str, str]]]:
        """What the policy stops while a book is parsed for cleaning, by work: (directive, what it blocks)."""
        out = self.outside.url
        return {
            "everything.epub": {
                ("script-src-attr", "inline"),
                ("base-uri", out),
                ("base-uri", ""),
                ("media-src", out),
                ("media-src", self.box.url),
            }
        }


def is_confined(process: psutil.Process) -> bool:
    """Whether it is a child that parses."""
    return "serve(int(" in " ".join(process.cmdline())


@dataclass
class Peak:
    """The most bytes that a process of the box held: one of its own, one of the children that parse."""

    own: int = 0
    confined: int = 0


@contextmanager
def measured(scene: Scene, peak: Peak, seconds: float = 0.25) -> Iterator[None]:
    """Watch the box's memory meanwhile and keep its peak."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(seconds):
            peak.own = max(peak.own, scene.memory(confined=False))
            peak.confined = max(peak.confined, scene.memory(confined=True))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@contextmanager
def hostile_scene(folder: Path, records: Callable[[Target], Sequence[Record]]) -> Iterator[Scene]:
    """Make the drive of `records`, plug it in, serve; everything ends with it."""
    port = free_port()
    with outside() as host:
        made = records(Target(host.url, f"http://127.0.0.1:{port}", SCRIPT_ITEM))
        drive = hostile_drive(folder, made)
        with running(Box(folder / "box", drive.root_file, [drive.path], port=port)) as box:
            box.wait_resources(len(made), 120)
            yield Scene(box, drive, host)


def own(resource: Resource) -> tuple[str, ...]:
    """Addresses that pages of this work may ask for by themselves."""
    identity = resource.id
    items = tuple(f"/items/{item.id}" for item in resource.items)
    return ("/static/", "/reader/", f"/read/{identity}", f"/covers/{identity}", f"/resources/{identity}", *items)


@dataclass
class Visit:
    """One work opened in every way, and what is held against it."""

    watch: Watch
    resource: Resource
    page: Page

    @classmethod
    def of(cls, watch: Watch, resource: Resource) -> Visit:
        """Begin without reproach; in the tab of the visit before, as at a terminal, unless that broke."""
        page = watch.page_again()
        page.goto("about:blank")  # what the work before still asks for is not held against this one
        for kept in (watch.asked, watch.blocked, watch.errors, watch.console, watch.harm):
            kept.clear()
        return cls(watch, resource, page)

    def open(self, path: str, wait: str = "") -> None:
        """Open an address; a page that hangs or breaks is harm."""
        try:
            self.page.goto(path, timeout=BOMB)
            if wait:
                self.page.wait_for_selector(wait, state="attached", timeout=BOMB)
        except Error as error:
            self.watch.harm.append(f"{path}: {str(error).splitlines()[0]}")
            self.watch.forget_page()
            return
        self._press()
        self.page.wait_for_timeout(SETTLED)
        try:
            self.watch.look(self.page, path)
        except Error:  # the reader went on to its other page just now; what it shows then counts
            self.page.wait_for_load_state("load")
            self.page.wait_for_timeout(SETTLED)
            self.watch.look(self.page, path)

    def _press(self) -> None:
        """Press whatever the book offers to press."""
        for frame in self.page.frames[1:]:
            for name in ATTACKS:
                if frame.locator(name).count():
                    frame.locator(name).first.dispatch_event("click")

    def strange(self) -> list[str]:
        """Requests that no page of this work makes by itself."""
        allowed, base = own(self.resource), urlsplit(self.watch.base).netloc
        out = []
        for method, url in self.watch.asked:
            parts = urlsplit(url)
            if parts.scheme in {"data", "blob", "about"}:
                continue
            if parts.netloc != base or method not in {"GET", "HEAD"} or not parts.path.startswith(allowed):
                out.append(f"{method} {url}")
        return out

    def faults(self, expected: set[tuple[str, str]]) -> list[str]:
        """All that is held against it; `expected`: (directive, beginning of what it blocks) of its reports."""
        reports = {(report["directive"], report["blocked"]) for report in self.watch.blocked}
        unexpected = [r for r in reports if not any(r[0] == d and r[1].startswith(b) for d, b in expected)]
        told = [line for line in self.watch.console if "Content Security Policy" in line or "Blocked script" in line]
        found = [*self.watch.harm, *self.strange(), *self.watch.errors, *map(str, unexpected)]
        found += [line[:200] for line in told if not expected]
        return [f"{self.resource.id}: {fault}" for fault in found]


def read_items(resource: Resource, most: int) -> list[Item]:
    """The files of a work that a reader opens."""
    return [item for item in resource.items if item.role in READ_ROLES][:most]


@contextmanager
def visiting(browser: Browser, scene: Scene, *, script: bool = True) -> Iterator[Watch]:
    """A watched terminal in front of the box."""
    with watching(browser, scene.box.url, java_script_enabled=script) as watch:
        yield watch


def raw_addresses(scene: Scene) -> list[str]:
    """Every address that gives bytes of an item, or something made of them, without a page around it."""
    out = []
    for identity, resource in scene.drive.records.items():
        out.append(f"/api/resources/{identity}")
        if scene.box.get(f"/covers/{identity}").status == 200:
            out.append(f"/covers/{identity}")
        for item in resource.items[: 3 if identity in {"evil.pages", "evil.captions"} else 40]:
            if item.size <= 4 * MIB:  # plain text without end only takes time
                out.append(f"/items/{item.id}")
            if item.role == "tilepack":
                names = [f"{n:04}.dzi" for n in range(1, 8)] + ["0001_files/0/0_0.webp"]
                out += [f"/read/{identity}/tiles/{item.id}/{item.sha256[:16]}/{name}" for name in names]
            if item.role == "caption" and item.media_type in {"text/vtt", "application/x-subrip"}:
                out.append(f"/read/{identity}/captions/{item.id}")
    return out


def faults_of_bytes(browser: Browser, scene: Scene) -> list[str]:
    """What is held against the bytes of the drive when they are opened by themselves."""
    with visiting(browser, scene) as watch:
        page = watch.page()
        saved = set()
        for path in raw_addresses(scene):
            try:
                page.goto(path, timeout=20_000)
            except Error as error:
                if "Download is starting" not in str(error):
                    raise
                # Whoever opens an address by hand may get a file to keep; nothing else.
                saved.add(f"a download: {scene.box.url}{path}")
            else:
                watch.look(page, path)
    outside = [url for _, url in watch.asked if not url.startswith((scene.box.url, "chrome"))]
    return [*(h for h in watch.harm if h not in saved), *outside, *scene.outside.visits]
