"""Fixtures for the tests of pages: one real holding a module, an application and a client a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import World, make_app, make_world

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
