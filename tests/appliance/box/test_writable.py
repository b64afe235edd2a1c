"""The service asks root for a stick to write on, waits, writes and gives it back. Root is real, its kernel is not."""

from __future__ import annotations

import json
import os
import threading
import time
from types import SimpleNamespace

import pytest

from appliance.box import writable
from appliance.box.writable import COPY, FILES, give_all_back, lent
from appliance.errors import NotWritableError
from tests.image.drive.lending import Machine


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(writable, "WAIT_SECONDS", 3.0)
    monkeypatch.setattr(writable, "_LOOK_SECONDS", 0.01)
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def settings(machine):
    return SimpleNamespace(box_folder=machine.base, event_spool=machine.spool)


@pytest.fixture
def root(machine):
    with machine.following():
        yield machine


def mode(top):
    return top.stat().st_mode & 0o777


def test_a_stick_is_had_for_as_long_as_it_is_needed(root, settings):
    top = root.plug()
    with lent(settings, top, FILES):
        assert mode(top) == 0o755
        (top / "reports").mkdir()
    assert mode(top) == 0o555
    assert not root.event().writable
    assert list(root.requests.iterdir()) == []
    assert root.asked.count("mount rw sdb1") == 1


def test_it_is_given_back_whatever_happens(root, settings):
    top = root.plug()
    with pytest.raises(ZeroDivisionError), lent(settings, top, FILES):
        raise ZeroDivisionError
    assert mode(top) == 0o555


def test_it_can_be_had_again_at_once(root, settings):
    top = root.plug()
    for _ in range(3):
        with lent(settings, top, FILES):
            assert mode(top) == 0o755
    assert mode(top) == 0o555


def test_a_refusal_is_heard_at_once(root, settings):
    top = root.plug()
    top.chmod(0o755)
    (top / "holidays").mkdir()
    began = time.monotonic()
    with pytest.raises(NotWritableError), lent(settings, top, COPY):
        pytest.fail("it was given")
    assert time.monotonic() - began < 10  # it would wait for fifteen


def test_one_that_cannot_be_written_is_not_had(root, settings):
    top = root.plug()
    root.fails.add("rw")
    with pytest.raises(NotWritableError), lent(settings, top, FILES):
        pytest.fail("it was given")


def test_nobody_waits_for_ever(machine, settings, monkeypatch):
    monkeypatch.setattr(writable, "WAIT_SECONDS", 0.2)
    top = machine.plug()
    with pytest.raises(NotWritableError), lent(settings, top, FILES):
        pytest.fail("it was given")
    assert list(machine.requests.iterdir()) == []


def test_what_is_not_mounted_is_not_asked_for(machine, settings):
    with pytest.raises(NotWritableError), lent(settings, machine.media / "sdb1", FILES):
        pytest.fail("it was given")
    top = machine.plug()
    machine.pull()
    with pytest.raises(NotWritableError), lent(settings, top, FILES):
        pytest.fail("it was given")


def test_two_at_a_time_do_not_take_it_from_each_other(root, settings):
    top = root.plug()
    with lent(settings, top, FILES):
        with pytest.raises(NotWritableError), lent(settings, top, FILES):
            pytest.fail("it was given twice")
        assert mode(top) == 0o755


def test_what_an_earlier_run_had_is_given_back_first(root, settings):
    top = root.plug()
    with lent(settings, top, FILES):
        give_all_back(settings)
        writable._taken.clear()  # as in a new process
        with lent(settings, top, FILES):
            assert mode(top) == 0o755
    assert root.asked.count("mount rw sdb1") == 2


def test_a_disk_that_is_written_on_is_asked_for_again(root, settings, monkeypatch):
    top = root.plug()
    with lent(settings, top, FILES) as keep:
        request = root.requests / "sdb1.json"
        os.utime(request, (1, 1))
        keep()
        assert request.stat().st_mtime == 1
        monkeypatch.setattr(writable, "RENEW_SECONDS", 0.0)
        keep()
        assert request.stat().st_mtime > 1


@pytest.mark.parametrize("missing", ["box_folder", "event_spool", "folder"])
def test_where_no_such_step_runs_nothing_is_asked(machine, settings, missing):
    if missing == "folder":
        machine.requests.rmdir()
    else:
        setattr(settings, missing, None)
    with lent(settings, machine.media / "usb", FILES) as keep:
        keep()
    give_all_back(settings)


def test_a_request_says_which_plugging_in_is_meant(machine, settings):
    top = machine.plug(at=4711)
    seen = []

    def look():
        request = machine.requests / "sdb1.json"
        while not request.exists():
            time.sleep(0.01)
        seen.append(json.loads(request.read_bytes()))
        request.unlink()

    thread = threading.Thread(target=look)
    thread.start()
    with pytest.raises(NotWritableError), lent(settings, top, COPY):
        pytest.fail("it was given")
    thread.join()
    assert seen == [{"schema": 1, "device": "sdb1", "purpose": "copy", "at": 4711}]
