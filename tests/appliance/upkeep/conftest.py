"""Short waits for the tests of checks and repairs."""

from __future__ import annotations

import pytest

from appliance.upkeep import check, upkeep
from tests.appliance.upkeep.room import Room


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(check, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(check, "TOLD_SECONDS", 0.2)
    monkeypatch.setattr(check, "SAVE_SECONDS", 0.05)
    monkeypatch.setattr(check, "SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(upkeep, "TURN_SECONDS", 0.02)


@pytest.fixture
def room(tmp_path):
    room = Room(tmp_path)
    yield room
    room.close()
