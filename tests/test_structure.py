"""The structure that import-linter holds is the structure of the tree."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def contracts() -> dict[str, dict]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return {c["id"]: c for c in tomllib.load(file)["tool"]["importlinter"]["contracts"]}


def test_forbidden_builders_are_all_of_packager_but_format():
    found = {
        f"packager.{p.stem}" for p in (ROOT / "packager").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    expected = found - {"packager.__init__", "packager.format"}
    assert set(contracts()["no-builders-in-counties"]["forbidden_modules"]) == expected


def test_floors_of_the_appliance_name_every_room():
    layers = " | ".join(contracts()["appliance-floors"]["layers"]).split(" | ")
    rooms = {
        f"appliance.{p.stem}"
        for p in (ROOT / "appliance").iterdir()
        if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert set(layers) == rooms - {"appliance.__init__"}
