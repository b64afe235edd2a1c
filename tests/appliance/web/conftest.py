"""Fixtures for the tests of pages: one real holding a module, an application and a client a test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import PASSWORD, World, make_app, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        yield made


@pytest.fixture
def app(world: World) -> Flask:
    return make_app(world)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def token_of(client: FlaskClient, path: str = "/") -> str:
    """The form token of a page, as a browser would send it back."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found.group(1)


def post(client: FlaskClient, path: str, page: str = "/", **form: str):
    """Send a form from `page` with its token."""
    return client.post(path, data={**form, "csrf_token": token_of(client, page)})


def set_display(client: FlaskClient, **choice: str) -> None:
    """Choose face, theme, size or language through the form."""
    assert post(client, "/display", **choice).status_code == 303


@pytest.fixture
def staff(client: FlaskClient, world: World) -> FlaskClient:
    """A client whose librarian is signed in with a password of their own."""
    given = world.accounts.first_start()
    assert given
    name = world.accounts.all()[0].name
    world.accounts.set_password(name, PASSWORD)
    answer = post(client, "/staff/sign-in", "/staff/sign-in", name=name, password=PASSWORD)
    assert answer.status_code == 303
    return client
