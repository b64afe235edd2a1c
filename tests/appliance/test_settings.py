"""Tests of appliance.settings."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.errors import SettingsError
from appliance.settings import MAX_SETTINGS_BYTES, Settings, load_settings, settings_from

LEAST = {"data_folder": "data", "root_file": "root.json"}


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_load_settings_full_file_is_read(tmp_path):
    path = write(
        tmp_path,
        """
        data_folder = "state"
        root_file = "/etc/box/root.json"
        library_name = "清平县图书馆"
        drive_paths = ["drive", "/media/two"]
        drive_folders = ["media"]
        event_spool = ""
        secret_file = "key"
        image_date = 2026-11-20
        strict_trust = true
        listen_port = 0
        premises_networks = ["192.168.7.0/24"]
        """,
    )
    settings = load_settings(path)
    assert settings.data_folder == tmp_path / "state"
    assert settings.root_file == Path("/etc/box/root.json")
    assert settings.drive_paths == (tmp_path / "drive", Path("/media/two"))
    assert settings.event_spool is None
    assert settings.secret_path == tmp_path / "key"
    assert settings.earliest == datetime(2026, 11, 20, tzinfo=UTC)
    assert settings.horizon.year == 2046
    assert settings.strict_trust


def test_settings_state_folders_lie_in_the_data_folder(tmp_path):
    settings = settings_from(LEAST, base=tmp_path)
    names = ("releases_folder", "trust_folder", "scratch_folder", "cache_folder", "holdings_file", "commands_folder")
    files = ("journal_file", "faults_file", "accounts_file", "secret_path")
    assert all(getattr(settings, name).parent == tmp_path / "data" for name in (*names, *files))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"data_folder": 7}, "data_folder"),
        ({"data_folder": ""}, "data_folder"),
        ({"data_folder": "a\0b"}, "data_folder"),
        ({"listen_port": "80"}, "listen_port"),
        ({"listen_port": True}, "listen_port"),
        ({"listen_port": 70000}, "listen_port"),
        ({"threads": 0}, "threads"),
        ({"drive_paths": "one"}, "drive_paths"),
        ({"drive_paths": [1]}, "drive_paths"),
        ({"language": "fr"}, "language"),
        ({"library_name": ""}, "library_name"),
        ({"premises_networks": ["192.168.0.1/16"]}, "premises_networks"),
        ({"image_date": "2026-11-01"}, "image_date"),
        ({"image_date": datetime(2026, 1, 1, tzinfo=UTC)}, "image_date"),
        ({"log_level": "LOUD"}, "log_level"),
    ],
)
def test_settings_bad_value_is_an_error_that_names_the_key(tmp_path, change, key):
    with pytest.raises(SettingsError) as caught:
        settings_from({**LEAST, **change}, base=tmp_path)
    assert caught.value.key == key
    assert key in str(caught.value)


def test_settings_missing_key_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match="root_file: is missing"):
        settings_from({"data_folder": "x"}, base=tmp_path)


@pytest.mark.parametrize("text", ["data_folder = ", "\x00", "x" * (MAX_SETTINGS_BYTES + 1)])
def test_load_settings_broken_file_is_an_error(tmp_path, text):
    with pytest.raises(SettingsError):
        load_settings(write(tmp_path, text))


def test_load_settings_file_that_is_no_text_is_an_error(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b'library_name = "\xff"')
    with pytest.raises(SettingsError, match="not TOML"):
        load_settings(path)


def test_load_settings_absent_file_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings(tmp_path / "none.toml")


def test_every_setting_is_documented_in_its_docstring():
    text = Settings.__doc__ or ""
    assert [f.name for f in fields(Settings) if f"{f.name}:" not in text] == []
