"""A world of releases for each test of the library."""

from __future__ import annotations

import pytest

from tests.appliance.library.world import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def national(world):
    world.take(world.stock.work(1, ready=True), "one")
    return world
