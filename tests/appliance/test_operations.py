"""docs/operations.md names every setting, command, error code and state file of the box."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import appliance.errors
import indexer.errors
import packager.errors
import packager.format.errors
from appliance import cli
from appliance.settings import Settings, settings_from

TEXT = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_and_nothing_else():
    documented = set(
        re.findall(r"^\| `([a-z_]+)` \| .* \| .* \|$", TEXT.split("## Settings")[1].split("## State")[0], re.M)
    )
    assert documented == {f.name for f in fields(Settings)}


def test_every_error_code_is_documented():
    modules = (appliance.errors, indexer.errors, packager.errors, packager.format.errors)
    codes = {c.code for m in modules for c in vars(m).values() if isinstance(c, type) and hasattr(c, "code")}
    assert {c for c in codes if f"| `{c}` |" not in TEXT} == set()


def test_every_command_is_documented():
    commands = next(a for a in cli._parser()._actions if a.dest == "command").choices
    assert {c for c in commands if f"    appliance {c}" not in TEXT} == set()


def test_every_state_file_is_documented(tmp_path):
    settings = settings_from({"data_folder": "d", "root_file": "r"}, base=tmp_path)
    paths = [
        getattr(settings, n) for n in dir(Settings) if n.endswith(("_folder", "_file", "_path")) and n != "root_file"
    ]
    names = {p.name for p in paths if p is not None and p.parent == settings.data_folder}
    assert len(names) >= 9
    assert {n for n in names if f"`{n}" not in TEXT} == set()
