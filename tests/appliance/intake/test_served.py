"""Tests of appliance.intake.served: which drives go on as before a restart, and which came back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.intake.served import Served
from appliance.intake.states import Carried, Drive
from appliance.store.holdings import HeldDrive, Holdings, Message

TAG, SINCE = "ab" * 32, "2026-11-22T08:00:00Z"
LAST = Carried("national", 11, "2026.11", "国家图书馆", "国家版", "national/11-aa", TAG)
GONE = Drive("gone", 1, last=LAST)
HELD = HeldDrive("a", "/a", "国家版", "ready", Message("intake.trusted"), tagmanifest=TAG, since=SINCE)


def before(*drives: HeldDrive) -> Served:
    return Served.of(Holdings(generation=1, drives=drives))


def test_drive_that_served_goes_on_since_it_was_plugged_in_and_only_once():
    served = before(HELD)
    served.stepped(GONE, Drive("recognising", 2, last=LAST))
    served.stepped(Drive("recognising", 2, last=LAST), Drive("reading", 2, carried=LAST, last=LAST))
    assert served.serves(TAG) == (False, SINCE)
    assert served.serves(TAG) == (True, "")


@pytest.mark.parametrize("key", ["intake.trusted.back", "intake.sick.back"])
def test_drive_that_had_just_come_back_is_still_said_to_have(key):
    assert before(replace(HELD, message=Message(key))).serves(TAG) == (True, SINCE)


@pytest.mark.parametrize("phase", ["gone", "refused", "sick", "waiting"])
def test_drive_of_which_something_else_was_said_comes_back(phase):
    served = before(HELD)
    served.stepped(GONE, Drive(phase, 2))
    assert served.serves(TAG) == (True, "")


@pytest.mark.parametrize("state", ["gone", "sick", "ejected", "ejecting"])
def test_drive_that_did_not_serve_any_more_comes_back(state):
    assert before(replace(HELD, state=state)).serves(TAG) == (True, "")


def test_drive_that_never_served_is_new_though_its_first_reading_was_cut_off():
    assert before(replace(HELD, state="reading")).serves(TAG) == (False, "")
    assert before().serves(TAG) == (False, "")


def test_each_of_two_equal_drives_goes_on():
    served = before(HELD, replace(HELD, key="b", since="2026-11-22T09:00:00Z"))
    assert served.serves(TAG) == (False, SINCE)
    served.stepped(GONE, Drive())  # the other is known to be needless before it is looked at
    assert served.serves(TAG) == (False, "2026-11-22T09:00:00Z")
