"""Watches a browser for everything that a hostile file could make it do, and a host outside that must stay unasked."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

REPORT = """(() => {
  window.addEventListener("securitypolicyviolation", (e) => window.__report?.(
    { page: location.pathname, blocked: e.blockedURI, directive: e.effectiveDirective, source: e.sourceFile }), true);
})()"""
TRACES = """async () => {
  const safe = async (look, empty) => { try { return (await look()) ?? empty; } catch { return empty; } };
  return {
    pwned: window.__pwned ?? null,
    title: document.title,
    cookie: await safe(() => document.cookie, ""),
    local: await safe(() => Object.keys(localStorage), []),
    session: await safe(() => Object.keys(sessionStorage).filter((name) => !name.startsWith("reader.")), []),
    workers: (await safe(() => navigator.serviceWorker.getRegistrations(), [])).length,
    databases: (await safe(() => indexedDB.databases(), [])).map(({ name }) => name),
    caches: await safe(() => caches.keys(), []),
  };
}"""
QUIET = {"pwned": None, "cookie": "", "local": [], "session": [], "workers": 0, "databases": [], "caches": []}


class Outside:
    """A host beside the box that counts whoever comes; nobody may."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.visits: list[str] = []
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    head = connection.recv(2000).decode("latin-1")
                except OSError:
                    head = ""
                self.visits.append(head.partition("\r\n")[0] or "a connection")

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@contextmanager
def outside() -> Iterator[Outside]:
    """Such a host, closed at the end."""
    made = Outside()
    try:
        yield made
    finally:
        made.close()


@dataclass
class Watch:
    """A browser context and all that happened in it.

    Attributes:
        asked: (method, address) of every request. blocked: reports of the security policy.
        errors: of pages' scripts. console: errors and warnings. harm: what may never happen, in words.
    """

    context: BrowserContext
    base: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    blocked: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    harm: list[str] = field(default_factory=list)
    _expected: bool = False
    _last: Page | None = None

    def __post_init__(self) -> None:
        self.context.expose_binding("__report", lambda _source, report: self.blocked.append(report))
        self.context.add_init_script(REPORT)
        self.context.on("request", lambda request: self.asked.append((request.method, request.url)))
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.context.on("dialog", self._dialog)
        self.context.on("page", self._opened)
        self.context.on("serviceworker", lambda worker: self.harm.append(f"a service worker: {worker.url}"))

    def page(self) -> Page:
        """A page of ours; any other is a popup."""
        self._expected = True
        page = self.context.new_page()
        self._expected = False
        page.on("download", lambda download: self.harm.append(f"a download: {download.url}"))
        page.on("crash", lambda _page: self.harm.append("a page crashed"))
        return page

    def page_again(self) -> Page:
        """The page that was used last, or a new one."""
        self._last = self._last or self.page()
        return self._last

    def forget_page(self) -> None:
        """Close the page that was used last: it hangs or broke."""
        if self._last is not None:
            self._last.close()
        self._last = None

    def _opened(self, page: Page) -> None:
        if not self._expected:
            self.harm.append(f"a popup: {page.url}")

    def _dialog(self, dialog: Any) -> None:
        self.harm.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _said(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.console.append(message.text)

    def look(self, page: Page, where: str) -> None:
        """Take down what the page's scripts left behind, and where it went."""
        if page.url.startswith("blob:") or urlsplit(page.url).netloc != urlsplit(self.base).netloc:
            self.harm.append(f"{where}: went to {page.url}")
            return
        traces = page.evaluate(TRACES)
        title = traces.pop("title")
        if traces != QUIET or title == "pwned":
            self.harm.append(f"{where}: left {traces} {title}")


@contextmanager
def watching(browser: Browser, base: str, **options: Any) -> Iterator[Watch]:
    """A watched context of a terminal, closed at the end."""
    context = browser.new_context(base_url=base, viewport={"width": 1366, "height": 768}, **options)
    context.set_default_timeout(20_000)
    try:
        yield Watch(context, base)
    finally:
        context.close()
