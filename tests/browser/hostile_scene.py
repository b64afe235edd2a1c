"""A real box with a validly signed drive of hostile files, and a browser that opens them all, watched."""

from __future__ import annotations

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
READ_ROLES = ("part", "page")
SETTLED = 30
"""Milliseconds for what happens by itself; whatever comes later is seen in the same tab or by the host outside."""
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

    def memory(self) -> int:
        """Bytes of the largest of them."""
        sizes = []
        for process in self.processes():
            try:
                sizes.append(process.memory_info().rss)
            except psutil.Error:
                continue
        return max(sizes)


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
