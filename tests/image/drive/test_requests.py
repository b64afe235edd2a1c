"""A request is read as a stranger's word."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.drive.requests import COPY, FILES, MAX_BYTES, MAX_REQUESTS, Asked, Request, parse, read_all

GOOD = {"schema": 1, "device": "sdb1", "purpose": "files", "at": 7}


def put(folder, name="sdb1.json", **values):
    (folder / name).write_text(json.dumps(GOOD | values))


def asked(folder, user=None):
    return read_all(folder, os.getuid() if user is None else user)


@pytest.mark.parametrize("purpose", [FILES, COPY])
def test_a_request_is_understood(tmp_path, purpose):
    put(tmp_path, purpose=purpose)
    assert asked(tmp_path)["sdb1"].request == Request("sdb1", purpose, 7)


@pytest.mark.parametrize(
    "values",
    [
        {"schema": 2}, {"schema": True}, {"schema": "1"}, {"device": "sdc1"}, {"device": "../sda1"}, {"device": None},
        {"purpose": "all"}, {"purpose": ["files"]}, {"at": "7"}, {"at": 7.0}, {"at": True}, {"options": "suid"},
    ],
)  # fmt: skip
def test_what_is_not_to_the_letter_is_none(values):
    assert parse("sdb1", json.dumps(GOOD | values).encode()) is None


@pytest.mark.parametrize("left_out", sorted(GOOD))
def test_every_key_is_needed(left_out):
    assert parse("sdb1", json.dumps({key: GOOD[key] for key in GOOD if key != left_out}).encode()) is None


@pytest.mark.parametrize("content", [b"", b"[" * MAX_BYTES, b"[]", b"null", b"\xff", b'{"schema":1}', b"1e999"])
def test_what_is_no_object_is_none(content):
    assert parse("sdb1", content) is None


def test_a_huge_one_is_none(tmp_path):
    (tmp_path / "sdb1.json").write_text(json.dumps(GOOD) + " " * MAX_BYTES)
    assert asked(tmp_path)["sdb1"].request is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read(content):
    assert parse("sdb1", content) is None


def test_links_pipes_and_folders_make_no_sense(tmp_path):
    put(tmp_path, "elsewhere")
    (tmp_path / "sdb1.json").symlink_to("elsewhere")
    os.mkfifo(tmp_path / "sdc1.json")
    (tmp_path / "sdd1.json").mkdir()
    put(tmp_path, "another", device="sde1")
    os.link(tmp_path / "another", tmp_path / "sde1.json")
    assert {device: one.request for device, one in asked(tmp_path).items()} == dict.fromkeys(
        ("sdb1", "sdc1", "sdd1", "sde1")
    )


def test_somebody_else_may_not_ask(tmp_path):
    put(tmp_path)
    assert asked(tmp_path, user=os.getuid() + 1)["sdb1"].request is None


@pytest.mark.parametrize(
    "name", ["..json", "sdb1", "SDB1.json", "sdb 1.json", ".sdb1.json.new", "1sda.json", "sdb1.json\n"]
)
def test_other_names_are_passed_over(tmp_path, name):
    put(tmp_path, name)
    assert asked(tmp_path) == {}


def test_few_are_looked_at(tmp_path):
    for number in range(MAX_REQUESTS * 2):
        put(tmp_path, f"sd{number}.json")
    assert len(asked(tmp_path)) <= MAX_REQUESTS


def test_the_folder_is_no_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    with pytest.raises(OSError):  # noqa: PT011
        asked(tmp_path / "link")


def test_touching_it_is_seen(tmp_path):
    put(tmp_path)
    before = asked(tmp_path)["sdb1"]
    os.utime(tmp_path / "sdb1.json", (1, 1))
    after = asked(tmp_path)["sdb1"]
    assert before.mark != after.mark
    assert Asked(before.request, after.mark) == after
