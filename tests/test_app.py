"""The application factory: headers, session key, nothing global."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.app import create_app
from appliance.web.security import load_secret
from tests.appliance.web.holding import make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with make_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.settings, world.services).test_client()


@pytest.mark.parametrize("path", ["/", "/nope", "/api/search", "/api/none", "/health", "/staff/", "/static/tokens.css"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in headers


def test_pages_are_never_kept_and_static_files_are(client: FlaskClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store"
    marked = client.get("/").get_data(as_text=True).split('rel="stylesheet" href="')[-1].split('"')[0]
    assert "?v=" in marked
    with client.get(marked) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_session_cookie_is_strict_and_out_of_scripts_reach(client: FlaskClient) -> None:
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Expires" not in cookie


def test_language_until_a_reader_chooses_is_the_settings_own(world: World) -> None:
    english = create_app(replace(world.settings, language="en"), world.services).test_client()
    assert '<html lang="en"' in english.get("/").get_data(as_text=True)


def test_create_app_twice_shares_nothing_but_services(world: World) -> None:
    first, second = (create_app(world.settings, world.services) for _ in range(2))
    assert first is not second
    assert first.extensions["shuxiang.acknowledged"] is not second.extensions["shuxiang.acknowledged"]
    assert first.secret_key == second.secret_key


def test_load_secret_makes_a_private_key_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    key = load_secret(path)
    assert len(key) == 32
    assert load_secret(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"short")
    assert len(load_secret(path)) == 32
