"""Shares of bytes: by browser, not by the address that many of them have together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.serving.throttle import ByteShares
from tests.appliance.web.holding import make_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


class Asked(ByteShares):
    """Remembers whose shares were asked for."""

    def __init__(self) -> None:
        super().__init__(1e9)
        self.names: list[tuple[str, bool]] = []

    def bucket(self, client: str, *, download: bool):
        self.names.append((client, download))
        return super().bucket(client, download=download)


@pytest.fixture
def shares(world: World) -> Asked:
    made = Asked()
    world.services = replace(world.services, shares=made)
    return made


def get(client: FlaskClient, path: str, address: str = "192.168.1.7") -> None:
    assert client.get(path, environ_base={"REMOTE_ADDR": address}).status_code == 200


def test_download_of_two_browsers_behind_one_address_has_two_shares(world: World, shares: Asked) -> None:
    app = make_app(world)
    address = f"/items/{world.records['x.odd'].items[0].id}/download"
    one, two, none = app.test_client(), app.test_client(), app.test_client(use_cookies=False)
    for client in (one, two, none):
        for _ in range(3):
            get(client, address)
    names = [name for name, _download in shares.names]
    assert all(download for _name, download in shares.names)
    assert names[1] == names[2] != names[4] == names[5]
    assert names[1].startswith("mark ")
    assert names[6:] == ["at 192.168.1.7"] * 3


def test_reading_counts_apart_from_downloads(world: World, shares: Asked) -> None:
    client = make_app(world).test_client()
    item = world.records["x.odd"].items[0].id
    get(client, f"/items/{item}")
    get(client, f"/items/{item}/download")
    get(client, f"/items/{item}")
    assert [download for _name, download in shares.names] == [False, True, False]
