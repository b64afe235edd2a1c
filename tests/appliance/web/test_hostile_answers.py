"""What the box answers for hostile files of a signed drive, at every address of each: calm, inert, no mistake of ours.

The works are those that the browser opens in `tests/browser/test_hostile_drive.py`, without the bombs, which only take
time: of them `tests/spine/test_bombs.py` is.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from indexer.checks import KNOWN_TYPES, UNKNOWN
from provisioning.words import Words
from tests.appliance.web.holding import World, make_app
from tests.appliance.web.reading import reading_world
from tests.hostile_drive import all_records
from tests.hostile_files import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.wrappers import Response

    from indexer.model import Item, Resource

TARGET = Target()
BOMBS = re.compile(r"bomb|lying|overlapping|deep|million|long-spine|calls|huge|paragraphs|elements")
CALM = {200, 206, 302, 304, 404, 415, 416, 422}
"""Shown, elsewhere, not there, not to be shown by browsers, not to be made into pages."""
SENTENCES = ("error.notfound.resource", "error.notfound", "reader.damaged.whole", "reader.page_range")
MADE_TYPES = {"image/jpeg", "image/png", "image/gif", "image/webp", "text/vtt", "application/json"}
RUN = re.compile("html|svg|xml|script")
ADDRESSES = frozenset({"href", "src", "data", "action", "formaction", "poster", "srcset", "xlink:href"})
OURS = re.compile(r"(/(?!/)|#|\?|data:image/)")
MOST_ITEMS = 4


class Marks(HTMLParser):
    """Goes through a page of ours and keeps what only a hostile file would have put into it.

    The page of pictures has a style element, an empty one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        ours = values.get("type") == "application/json" or values.get("src", "").startswith(("/static/", "/reader/"))
        if tag in {"iframe", "object", "embed", "base", "frame"} or (tag == "script" and not ours):
            self.found.append(f"<{tag}>")
        self.found += [name for name in values if name.startswith("on") or name in {"style", "srcdoc"}]
        self.found += [v for name, v in values.items() if name in ADDRESSES and v and not OURS.match(v)]

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style" and self.cdata_elem == "style":
            self.found.append(f"<style>{data[:80]}")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    records = [(record, dict(files)) for record, files in all_records(TARGET) if not BOMBS.search(record.id)]
    with reading_world(tmp_path_factory.mktemp("hostile"), records) as made:
        yield made


@pytest.fixture
def client(world: World) -> FlaskClient:
    made: FlaskClient = make_app(world).test_client()
    return made


def of_work(work: Resource) -> list[str]:
    """Addresses that a work has whatever its files are."""
    return [f"/resources/{work.id}", f"/api/resources/{work.id}", f"/read/{work.id}", f"/covers/{work.id}"]


def pages_of(work: Resource, item: Item) -> list[str]:
    """Pages about one file: its reader, and what is read page by page; also those that are for other kinds."""
    plain = [
        f"/read/{work.id}/{way}/{n}?item={item.id}" for way in ("pages", "chapters", "text") for n in (1, 2, 99999)
    ]
    return [f"/read/{work.id}?item={item.id}", f"/read/{work.id}?item={item.id}&at=javascript:x", *plain]


def bytes_of(work: Resource, item: Item) -> list[str]:
    """Addresses of a file's bytes and of what is made of them."""
    own, mark = f"/read/{work.id}", item.sha256[:16]
    inside = ("OPS/c1.xhtml", "c1.xhtml", "a.svg", "../../etc/passwd", "%2e%2e/x", "META-INF/container.xml")
    return [
        f"/items/{item.id}",
        f"/items/{item.id}?v={mark}",
        f"/items/{item.id}/download",
        f"{own}/pages/{item.id}/1?w=320",
        f"{own}/pages/{item.id}/2?w=99999",
        f"{own}/captions/{item.id}",
        f"{own}/peaks/{item.id}",
        *(f"{own}/book/{item.id}/{name}" for name in inside),
        *(f"{own}/tiles/{item.id}/{mark}/{n:04}.dzi" for n in range(1, 9)),
        f"{own}/tiles/{item.id}/{mark}/0001_files/0/0_0.webp",
    ]


def faults_of(path: str, answer: Response, *, made: bool) -> list[str]:
    """What is wrong with an answer; `made`: its body is bytes of a hostile file or something made of them."""
    headers, policy = answer.headers, answer.headers.get("Content-Security-Policy", "")
    kind = answer.mimetype or ""
    found = []
    if answer.status_code not in CALM:
        found.append(f"answers {answer.status_code}")
    scripts = policy.partition("script-src")[2].partition(";")[0]
    if headers.get("X-Content-Type-Options") != "nosniff" or "default-src 'none'" not in policy or "unsafe" in scripts:
        found.append(f"has headers {dict(headers)}")
    if any(cookie.startswith("pwned") for cookie in headers.getlist("Set-Cookie")):
        found.append("sets a cookie of the file's")
    if not headers.get("Location", "/").startswith("/") or headers.get("Location", "").startswith("//"):
        found.append(f"leads to {headers['Location']}")
    if kind == "text/html":
        found += faults_of_page(answer)
    elif made and answer.status_code in {200, 206}:
        played = kind.startswith(("audio/", "video/"))
        if not played and not policy.startswith("sandbox;"):
            found.append(f"is no sandbox: {policy}")
        if kind not in KNOWN_TYPES | MADE_TYPES | {UNKNOWN} or re.search("html|svg|xml|script", kind):
            found.append(f"is sent as {kind}")
    return [f"{path} {fault}" for fault in found]


def faults_of_page(answer: Response) -> list[str]:
    """What is wrong with a page: marks of an attack in it, or an error that is told in other words than ours."""
    text = answer.get_data(as_text=True)
    marks = Marks()
    marks.feed(text)
    found = [f"holds {mark!r}" for mark in marks.found]
    if answer.status_code >= 400 and text:
        spoken = Words.load("zh-Hans")
        if not any(re.split(r"[{]", spoken.template(key).text)[0] in text for key in SENTENCES):
            found.append(f"says none of our sentences: {text[-400:]}")
        if "Traceback" in text or "Error" in text:
            found.append("tells of a program")
    return found


def test_hostile_files_are_answered_calmly_at_every_address(
    client: FlaskClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    faults: list[str] = []
    asked = 0
    for work in world.records.values():
        paths = [(path, False) for path in of_work(work)]
        for item in work.items[:MOST_ITEMS]:
            paths += [(path, False) for path in pages_of(work, item)] + [(path, True) for path in bytes_of(work, item)]
        for path, made in paths:
            with client.get(path, buffered=True) as answer:
                faults += faults_of(path, answer, made=made or path.startswith("/covers/"))
            asked += 1
    assert not faults, "\n".join(faults[:40])
    assert [r.getMessage() for r in caplog.records if r.levelname in {"ERROR", "CRITICAL"}] == []
    assert len(world.records) > 40
    assert asked > 1500


def test_hostile_claims_change_no_header(client: FlaskClient, world: World) -> None:
    """One web page under every claim: by head, by range, to keep."""
    for item in (*world.records["evil.claims"].items, *world.records["evil.captions"].items):
        for method, headers in (("HEAD", {}), ("GET", {"Range": "bytes=0-9"}), ("GET", {"Range": "bytes=-0"})):
            with client.open(f"/items/{item.id}", method=method, headers=headers, buffered=True) as answer:
                assert faults_of(item.media_type, answer, made=True) == []
