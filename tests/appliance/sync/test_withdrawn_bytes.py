"""A notice that comes by wire stops the bytes themselves within a minute, on drive and SSD, whole and in part."""

from __future__ import annotations

import shutil
import time

import pytest

from appliance.clock import RealClock
from appliance.serve import ServingBox
from packager.format.files import RealFiles
from packager.signing import withdraw_resources
from tests.appliance.sync.test_updater import boxes, live_is, origin, tree  # noqa: F401 - fixtures
from tests.simulator import DAY, passphrase

FILES = RealFiles()
WITHDRAWN = ("stays", "new")
"""One whose file stands on the drive, and one whose file came by wire."""


@pytest.fixture
def served(boxes):  # noqa: F811
    """A box that brought the second edition, its thread of updates, and the serving process's own parts."""
    box = boxes(update_glance_seconds=2)
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    serving = ServingBox(box.settings, RealClock(), FILES)
    serving.start()
    box.updater.start()
    yield box, serving
    serving.close()


def test_bytes_of_what_was_withdrawn_are_refused_within_a_minute(served, published, tmp_path, origin):  # noqa: F811
    box, serving = served
    client = serving.app.test_client()
    addresses = {}
    for name in (*WITHDRAWN, "renamed"):
        item = box.keeper.library.resource(name).resource.readable_items[0]
        addresses[name] = f"/items/{item.id}"
        assert client.get(addresses[name]).status_code == 200, name

    publisher, _, work = published
    keys, again = shutil.copytree(publisher.keys, tmp_path / "keys"), shutil.copytree(work, tmp_path / "work")
    withdraw_resources(again, keys, passphrase, "national", list(WITHDRAWN), DAY, FILES)
    shutil.copytree(origin.folder, tmp_path / "origin")
    shutil.copytree(again / "tuf", tmp_path / "origin/tuf", dirs_exist_ok=True)
    began, origin.folder = time.monotonic(), tmp_path / "origin"

    def refused(_holdings):
        return all(client.get(addresses[name]).status_code != 200 for name in WITHDRAWN)

    box.until(refused, 60)
    assert time.monotonic() - began < 60
    for name in WITHDRAWN:
        for address in (addresses[name], f"{addresses[name]}/download"):
            for fields in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": "*"}):
                answer = client.get(address, headers=fields)
                assert answer.status_code in {403, 404, 410, 451}, (name, address, fields)
            assert client.head(address).status_code in {403, 404, 410, 451}
    assert client.get(addresses["renamed"]).status_code == 200
