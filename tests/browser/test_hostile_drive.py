"""A signed drive of hostile files, opened in a real browser in every way: nothing runs, leaves, stays or hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.browser.hostile_scene import (
    MOST_MEMORY,
    OPENED,
    READERS,
    Scene,
    Visit,
    faults_of_bytes,
    hostile_scene,
    is_confined,
    read_items,
    visiting,
)
from tests.hostile_drive import all_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

LISTS = ("/", "/new", "/browse", "/browse/list", "/search?q=%E6%81%B6%E6%84%8F", "/search?q=script")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with hostile_scene(tmp_path_factory.mktemp("hostile"), all_records) as made:
        yield made


def test_hostile_works_open_on_their_page_and_in_their_reader(browser: Browser, scene: Scene) -> None:
    faults: list[str] = []
    known = scene.known_blocks()
    with visiting(browser, scene) as watch:
        for identity, resource in scene.drive.records.items():
            visit = Visit.of(watch, resource)
            visit.open(f"/resources/{identity}")
            for item in read_items(resource, 3 if identity.startswith("evil.") else 1):
                visit.open(f"/read/{identity}?item={item.id}", OPENED)
            faults += visit.faults(known.get(identity, set()))
    assert not faults, "\n".join(faults)
    assert scene.outside.visits == []


def test_hostile_works_open_without_scripts(browser: Browser, scene: Scene) -> None:
    faults: list[str] = []
    with visiting(browser, scene, script=False) as watch:
        for identity, resource in scene.drive.records.items():
            visit = Visit.of(watch, resource)
            for item in read_items(resource, 1):
                way = READERS.get(item.media_type, "pages" if item.media_type.startswith("image/") else "")
                if not way:
                    continue  # the same page as with scripts
                visit.open(f"/read/{identity}/{way}/1?item={item.id}")
            faults += visit.faults(set())
    assert not faults, "\n".join(faults)
    assert scene.outside.visits == []


def test_hostile_lists_show_their_titles_and_covers(browser: Browser, scene: Scene) -> None:
    with visiting(browser, scene) as watch:
        page = watch.page()
        for path in LISTS:
            page.goto(path)
            page.wait_for_timeout(100)
            watch.look(page, path)
        assert "pwned" not in page.title()
    assert watch.harm == watch.blocked == watch.errors == []
    assert [url for _, url in watch.asked if not url.startswith(scene.box.url)] == []
    assert {method for method, _ in watch.asked} == {"GET"}
    assert scene.outside.visits == []


def test_hostile_bytes_opened_by_themselves_do_nothing(browser: Browser, scene: Scene) -> None:
    assert faults_of_bytes(browser, scene) == []


PROBE = """async (addresses) => {
  const add = (tag, attributes) => document.body.append(Object.assign(document.createElement(tag), attributes));
  const ran = (what) => () => { window.__pwned = what; };
  const tried = [];
  for (const src of addresses) {
    for (const tag of ["img", "iframe", "embed", "video", "audio"]) add(tag, { src });
    add("object", { data: src });
    for (const type of ["text/javascript", "module"]) add("script", { src, type, onload: ran("a script") });
    for (const rel of ["manifest", "icon", "preload", "modulepreload"]) add("link", { rel, href: src });
    add("link", { rel: "stylesheet", href: src, onload: ran("a style sheet") });
    for (const type of ["classic", "module"]) { try { new Worker(src, { type }); } catch {} }
    tried.push(navigator.serviceWorker.register(src).then(ran("a service worker")), import(src).then(ran("a module")));
  }
  await Promise.allSettled(tried);
  await new Promise((done) => setTimeout(done, 300));
}"""


def test_hostile_bytes_named_by_a_page_of_the_box_do_nothing(browser: Browser, scene: Scene) -> None:
    """A page of our origin without any policy of its own names every item as everything: their headers alone hold."""
    wanted = (
        "evil.claims",
        "everything",
        "script",
        "style",
        "html-as",
        "gif-and-js",
        "page",
        "markup",
        "jpg-and",
        "svg",
        "drawing",
    )
    addresses = [
        f"/items/{item.id}"
        for identity, resource in scene.drive.records.items()
        if identity.startswith(wanted)
        for item in resource.items
        if item.size < 1 << 20
    ]
    with visiting(browser, scene) as watch:
        bare = "<!doctype html><title>probe</title><body></body>"
        watch.context.route("**/__probe", lambda route: route.fulfill(body=bare, content_type="text/html"))
        page = watch.page()
        page.goto("/__probe")
        for start in range(0, len(addresses), 12):
            page.evaluate(PROBE, addresses[start : start + 12])
        watch.look(page, "probe")
        assert page.title() == "probe"
        shown = [frame.url for frame in page.frames if frame != page.main_frame]
        assert set(shown) <= {"", "about:blank", "chrome-error://chromewebdata/"}
    # What the page itself asked for does not count: that it saves files, that it tries to register workers.
    assert [h for h in watch.harm if not h.startswith(("a download", "a service worker"))] == []
    assert scene.outside.visits == []


def test_hostile_drive_leaves_the_box_well(scene: Scene) -> None:
    """After all of it: it answers, is as small as before, has nothing left over and no child that lives on."""
    time.sleep(1.5)
    assert scene.box.get("/health").status == 200
    assert scene.memory() < MOST_MEMORY
    children = [p for p in scene.processes() if is_confined(p)]
    assert len(children) <= 1, children
    assert [p for p in scene.processes() if p.status() == "zombie"] == []
    cache = scene.box.data / "appliance/cache"
    assert [p.name for p in cache.rglob(".new-*")] == []
    assert [p for p in (scene.box.data / "appliance/scratch").rglob("*") if not p.is_dir()] == []
