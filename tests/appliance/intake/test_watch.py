"""Tests of appliance.intake.watch: hints arrive, none is lost for good, nothing is believed."""

from __future__ import annotations

import threading

import pytest

from appliance.intake.watch import Watch


@pytest.fixture
def poked():
    return threading.Event()


@pytest.fixture
def watching(tmp_path, poked):
    watch = Watch([tmp_path / "spool", tmp_path / "later", tmp_path / "spool"], poked.set)
    (tmp_path / "spool").mkdir()
    watch.start()
    yield watch
    watch.close()


def rest(poked):
    """Wait until nothing more is told of what was done before."""
    while poked.wait(0.5):
        poked.clear()


def test_watch_file_in_the_spool_is_a_hint(watching, poked, tmp_path):
    poked.clear()
    (tmp_path / "spool/sdb1.json").write_bytes(b"{}")
    assert poked.wait(60)


def test_watch_reading_alone_is_no_hint(watching, poked, tmp_path):
    (tmp_path / "spool/x").write_bytes(b"")
    assert poked.wait(60)
    rest(poked)
    (tmp_path / "spool/x").read_bytes()
    assert not poked.wait(0.5)


def test_watch_folder_that_appears_or_is_replaced_is_watched_after_renewal(watching, poked, tmp_path):
    (tmp_path / "later").mkdir()
    watching.renew()
    poked.clear()
    (tmp_path / "later/x").mkdir()
    assert poked.wait(60)
    (tmp_path / "later").rename(tmp_path / "old")
    (tmp_path / "later").mkdir()
    watching.renew()
    rest(poked)
    (tmp_path / "later/y").mkdir()
    assert poked.wait(60)


def test_watch_folder_that_goes_is_forgotten(watching, tmp_path):
    (tmp_path / "spool").rmdir()
    watching.renew()
    watching.renew()
    assert watching._watched == {}


def test_watch_folder_that_cannot_be_watched_is_no_error(watching, tmp_path, monkeypatch, caplog):
    def full(*_args, **_kwargs):
        raise OSError(28, "no space left for watches")

    monkeypatch.setattr(watching._observer, "schedule", full)
    (tmp_path / "later").mkdir()
    watching.renew()
    assert "cannot be watched" in caplog.text
