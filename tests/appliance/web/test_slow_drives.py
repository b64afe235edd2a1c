"""Drives that do not answer hold no thread: whatever is read for a page waits outside of the threads."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from appliance.library.model import HeldItem
from appliance.serving.server import VerifyingServer, make_server
from tests.appliance.serving.conftest import Bench, read_answer, send_request
from tests.appliance.web.holding import make_app
from tests.appliance.web.listening import listening
from tests.appliance.web.reading import reading_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.appliance.web.holding import World

THREADS = 4


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[World]:
    with reading_world(tmp_path, listening()) as made:
        yield made


@pytest.fixture
def server(shelf: World) -> Iterator[VerifyingServer]:
    made = make_server(make_app(shelf), host="127.0.0.1", port=0, threads=THREADS)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.close(grace=0.2)
    thread.join(60)


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A drive on which every open blocks until the event is set."""
    release, opened = threading.Event(), HeldItem.open

    def slow(self: HeldItem, place: object) -> int:
        release.wait(60)
        return opened(self, place)  # type: ignore[arg-type]

    monkeypatch.setattr(HeldItem, "open", slow)
    yield release
    release.set()


@pytest.mark.parametrize("kind", ["captions", "peaks"])
def test_blocked_drive_leaves_the_threads_to_the_pages(
    shelf: World, server: VerifyingServer, blocked: threading.Event, kind: str
) -> None:
    """Twelve readers wait for small files of a drive that blocks; there are four threads."""
    work, role = {"captions": ("m.short", "caption"), "peaks": ("m.wave", "peaks")}[kind]
    item = next(i for i in shelf.records[work].items if i.role == role)
    bench = Bench(server, shelf.services.chunks, shelf.services.pools)
    with ExitStack() as kept:
        waiting = [kept.enter_context(closing(bench.connect())) for _ in range(3 * THREADS)]
        for sock in waiting:
            send_request(sock, f"/read/{work}/{kind}/{item.id}")
        time.sleep(0.3)
        began = time.monotonic()
        assert bench.get("/health").status == 200
        assert time.monotonic() - began < 40  # the drive holds its readers for sixty
        blocked.set()
        assert {read_answer(sock).status for sock in waiting} == {200}
