"""A reading-room terminal in a real Chromium under the policies of `provisioning kiosk`: what opens, and what stays.

The policies are put over /etc/chromium/policies in a mount namespace of the browser's own, so nothing of the machine
changes. Driving a browser needs the developer's protocol, which the policies forbid: the driven ones lack those two
members and nothing else, and the two have a test of their own.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error

from provisioning.kiosk import AUTOSTART, POLICY, Terminal, terminal_files
from tests.appliance.web.reading import SENTENCE
from tests.browser.reading_room import BOOK_VISIBLE, INK, address, opened, settled, world
from tests.conftest import CHROMIUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Playwright

    from provisioning.kiosk import Policy

__all__ = ["address", "world"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

TERMINAL, HERE = Terminal("library.local"), Terminal("127.0.0.1")
HOME, OUTSIDE = "http://library.local/", "http://outside.example/"
DRIVEN: Policy = {"DeveloperToolsAvailability": 1, "RemoteDebuggingAllowed": True}
POLICIES = "/etc/chromium/policies"
OF_THE_BROWSER = [
    "chrome://settings/", "chrome://policy/", "chrome://version/", "chrome://flags/", "chrome://history/",
    "chrome://downloads/", "chrome://extensions/", "chrome://inspect/", "chrome://net-export/", "chrome://print/",
    "chrome-untrusted://print/", "devtools://devtools/bundled/inspector.html",
]  # fmt: skip
ELSEWHERE = [
    OUTSIDE, "https://outside.example/", "http://library.local.outside.example/", "http://sub.library.local/",
    "ftp://library.local/", "file:///", "file:///etc/passwd", f"view-source:{HOME}", "data:text/html,<b>hi",
    f"filesystem:{HOME}temporary/x",
]  # fmt: skip


def policies(terminal: Terminal = TERMINAL, /, **others: Any) -> Policy:
    """What the command writes; others: instead of some."""
    return {**json.loads(terminal_files(terminal)[POLICY]), **others}


def chromium(folder: Path, policy: Policy) -> Path:
    """A command that is Chromium with these policies and no others."""
    if not Path(POLICIES).is_dir():
        pytest.skip(f"{POLICIES} is not there to be covered")
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine gives no mount namespace")
    (folder / "policies/managed").mkdir(parents=True)
    (folder / "policies/managed" / POLICY).write_text(json.dumps(policy))
    covered = f'mount --make-rprivate / && mount --bind "$0" {POLICIES} && exec {CHROMIUM} "$@"'
    command = folder / "chromium"
    line = shlex.join([*unshare, "sh", "-c", covered, str(folder / "policies")])
    command.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
    command.chmod(0o755)
    return command


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        saved = self.path.startswith("/save")
        content = b"a file" if saved else b'<!doctype html><title>here</title><a href="/save" download>save</a>'
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if saved else "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@dataclass
class Hosts:
    """Two places: the library's and another. asked: what the other one was asked for."""

    library: int
    outside: int
    asked: list[str] = field(default_factory=list)

    @property
    def rule(self) -> str:
        """Names → ports; every other name is not found."""
        inside = f"MAP library.local 127.0.0.1:{self.library}, MAP *.library.local 127.0.0.1:{self.outside}"
        return f"{inside}, MAP *outside.example 127.0.0.1:{self.outside}, MAP * ~NOTFOUND"


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) for _ in range(2)]
    for server in servers:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Hosts(servers[0].server_port, servers[1].server_port, servers[1].asked)  # type: ignore[attr-defined]
    for server in servers:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def driven(playwright: Playwright, folder: Path, policy: Policy, hosts: Hosts, **options: Any) -> Iterator[Page]:
    """A page of a terminal; the browser's own folder is `folder/profile` and stays for the next one."""
    command = folder / "chromium"
    if not command.exists():
        chromium(folder, policy)
    context = playwright.chromium.launch_persistent_context(
        folder / "profile", executable_path=command, timeout=120_000, ignore_default_args=["--disable-extensions"],
        args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={hosts.rule}"], **options,
    )  # fmt: skip
    context.set_default_timeout(60_000)
    try:
        yield context.pages[0] if context.pages else context.new_page()
    finally:
        context.close()


def refused(page: Page, target: str) -> bool:
    """Whether the browser says that whoever manages it forbids an address; its page about that has come then."""
    page.goto(HOME)
    try:
        page.goto(target, timeout=15_000)
    except Error as error:
        forbidden = "ERR_BLOCKED_BY_ADMINISTRATOR" in str(error) or "chrome-error://" in str(error)
        if forbidden:
            page.wait_for_url("chrome-error://**", wait_until="load")
        return forbidden
    return False


def test_the_library_opens_and_nothing_else(playwright: Playwright, tmp_path: Path, hosts: Hosts) -> None:
    before = sorted(Path(POLICIES).rglob("*"))
    hosts.asked.clear()
    with driven(playwright, tmp_path, policies(**DRIVEN), hosts) as page:
        page.goto(HOME)
        assert page.title() == "here"
        assert [one for one in ELSEWHERE + OF_THE_BROWSER if not refused(page, one)] == []
        page.evaluate("to => { location = to; }", OUTSIDE)
        page.wait_for_url("chrome-error://**")
        page.goto(HOME)
        # a window of another site, and one that says it is the page's own
        for script in (f"window.open('{OUTSIDE}')", "document.write('<iframe src=\"http://outside.example/\">')"):
            page.evaluate(script)
            page.wait_for_timeout(500)
    assert hosts.asked == []
    assert sorted(Path(POLICIES).rglob("*")) == before


def test_without_policies_all_of_it_opens(playwright: Playwright, tmp_path: Path, hosts: Hosts) -> None:
    with driven(playwright, tmp_path, {}, hosts) as page:
        assert not any(refused(page, one) for one in (OUTSIDE, "file:///etc/passwd", "chrome://version/"))


def test_every_reader_opens(playwright: Playwright, tmp_path: Path, address: str) -> None:
    hosts = Hosts(int(address.rpartition(":")[2]), 9)
    with driven(playwright, tmp_path, policies(**DRIVEN), hosts) as page:
        opened(page, f"{HOME}read/r.book")
        settled(page, BOOK_VISIBLE, SENTENCE)
        opened(page, f"{HOME}read/r.pdf")
        settled(page, f"() => ({INK})('canvas') > 1")
        for name in ("painting", "scans"):
            opened(page, f"{HOME}read/r.{name}")
        page.goto(f"{HOME}read/r.sound")
        settled(page, "() => document.getElementById('player').readyState >= 1")


@pytest.mark.parametrize("downloads", [False, True], ids=["not", "allowed"])
def test_files_are_saved_only_where_the_library_allows(
    playwright: Playwright, tmp_path: Path, hosts: Hosts, downloads: bool
) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    asked = policies(Terminal("library.local", downloads=downloads), **DRIVEN)["PromptForDownloadLocation"]
    assert asked == downloads  # nobody answers here
    policy = policies(Terminal("library.local", downloads=downloads), **DRIVEN, PromptForDownloadLocation=False)
    with driven(playwright, tmp_path, {**policy, "DownloadDirectory": str(saved)}, hosts) as page:
        page.goto(HOME)
        # the driver saves by itself, whatever the policies say, until it is told not to
        page.context.new_cdp_session(page).send("Browser.setDownloadBehavior", {"behavior": "default"})
        page.click("text=save")
        page.wait_for_timeout(4_000)
    assert [path.read_bytes() for path in saved.iterdir()] == ([b"a file"] if downloads else [])


def test_nothing_of_a_reader_is_there_when_the_next_one_begins(
    playwright: Playwright, tmp_path: Path, hosts: Hosts
) -> None:
    kept = {}
    for name, policy in (("with", policies(**DRIVEN)), ("without", {})):
        for turn in range(2):
            (tmp_path / name).mkdir(exist_ok=True)
            with driven(playwright, tmp_path / name, policy, hosts) as page:
                page.goto(f"{HOME}reader-{turn}")
                kept[name, turn] = page.evaluate("document.cookie + (localStorage.getItem('place') || '')")
                page.evaluate("document.cookie = 'face=night; max-age=99999'; localStorage.setItem('place', '12');")
                page.wait_for_timeout(1_500)
    assert kept == {("with", 0): "", ("with", 1): "", ("without", 0): "", ("without", 1): "face=night12"}


@pytest.mark.parametrize("allowed", [False, True], ids=["forbidden", "allowed"])
def test_nobody_looks_into_it_with_developers_tools(tmp_path: Path, allowed: bool) -> None:
    command = chromium(tmp_path, policies(**(DRIVEN if allowed else {})))
    profile = tmp_path / "profile"
    options = ["--headless=new", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    process = subprocess.Popen([command, *options, "about:blank"], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    watch = threading.Timer(60, process.kill)
    watch.start()
    try:
        for line in process.stderr:
            if "DevTools" in line:
                break
    finally:
        watch.cancel()
        process.kill()
        process.wait()
        process.stderr.close()
    assert ("listening" in line) == allowed
    assert ("disallowed" in line) == (not allowed)


def test_chromium_knows_every_policy(playwright: Playwright, tmp_path: Path, hosts: Hosts) -> None:
    policy = policies(**DRIVEN, URLBlocklist=["*"])
    with driven(playwright, tmp_path, policy, hosts) as page:
        page.goto("chrome://policy/")
        page.wait_for_timeout(2_000)
        rows = page.evaluate(
            """() => {
              const found = [];
              const walk = (root) => root.querySelectorAll("*").forEach((one) => {
                if (one.shadowRoot) walk(one.shadowRoot);
                if (one.classList.contains("policy") && one.innerText) found.push(one.innerText);
              });
              walk(document);
              return found.map((text) => text.trim().split(/\\s+/)).map((cells) => [cells[0], cells.at(-1)]);
            }"""
        )
    said = dict(rows)
    assert {name: said.get(name) for name in policy if said.get(name) not in {"OK", "Deprecated"}} == {}


def looked_up(folder: Path, flags: list[str], target: str) -> int:
    """How often a browser with these flags asks for a name in its first half minute."""
    log = folder / "net.json"
    options = ["--headless=new", "--no-sandbox", f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}"]
    with subprocess.Popen(
        [chromium(folder, policies(HERE)), *options, *flags, target], stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.terminate()  # it writes the end of its log
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    heads, _, events = log.read_text(errors="replace").partition('"events"')
    kinds = re.findall(r'"HOST_RESOLVER_(?:SYSTEM|DNS)_TASK":([0-9]+)', heads)
    assert kinds
    assert target in events
    return sum(events.count(f'"type":{kind}}}') + events.count(f'"type":{kind},') for kind in kinds)


def test_nobody_outside_is_looked_for(tmp_path: Path, hosts: Hosts) -> None:
    target = f"http://127.0.0.1:{hosts.library}/"
    started = terminal_files(HERE)[AUTOSTART].decode().partition("chromium ")[2].partition(";")[0]
    flags = [one for one in shlex.split(started) if one.startswith(("--disable", "--host"))]
    counts = {}
    for name, used in (("with", flags), ("without", [])):
        (tmp_path / name).mkdir()
        counts[name] = looked_up(tmp_path / name, used, target)
    assert counts["with"] == 0
    assert counts["without"] > 0
