"""What every answer holds to, whatever the request calls the box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@pytest.mark.parametrize(
    "host", ["a" * 64, "a" * 5000, "a..b", "box@evil.example", 'x"><script>', "a:port", "[::1", "图书馆"]
)
def test_host_that_is_none_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host.encode().decode("latin-1")})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["library.local", "192.168.1.5:8080", "[fe80::1]:80", "LIB_1.", "xn--fiq228c.example"])
def test_host_of_any_name_is_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_redirect_stays_here_whatever_the_host(client: FlaskClient) -> None:
    for path, target in (("/staff?a=1", "/staff/?a=1"), ("/staff/drives", "/staff/sign-in?next=/staff/drives")):
        assert client.get(path, headers={"Host": "evil.example"}).headers["Location"] == target
