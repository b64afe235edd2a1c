"""Tests of appliance.intake.states: the life of a drive as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.intake.states import (
    Asked,
    Carried,
    Copied,
    Do,
    Drive,
    Forgotten,
    Missing,
    Refused,
    Room,
    Seen,
    Short,
    Stalled,
    Trusted,
    after_power_cut,
    step,
)
from appliance.store.holdings import DRIVE_STATES, Message

NATIONAL = Carried("national", 11, "2026.11", "国家图书馆", "国家版", "national/11-aa", "ab" * 32, count=9)
OTHER = replace(NATIONAL, seq=12)
BAD = Message("intake.refused.list_changed")
FULL = Message("space.intake_waits", {"size": 5})
SLOW = Message("intake.sick", {"drive": "国家版"})
TELL = (Do.JOURNAL, Do.PUBLISH)

ABSENT = Drive()
RECOGNISING = Drive("recognising", 1, "m")
READING = Drive("reading", 1, "m", carried=NATIONAL)
WAITING = Drive("waiting", 1, "m", FULL, NATIONAL)
UNJUDGED = replace(RECOGNISING, phase="waiting", reason=FULL)
READY = Drive("ready", 1, "m", carried=NATIONAL, last=NATIONAL)
REFUSED = Drive("refused", 1, "m", BAD)
SICK = replace(READY, phase="sick", reason=SLOW)
EJECTING = replace(READY, phase="ejecting")
EJECTED = replace(READY, phase="ejected")
GONE = Drive("gone", 2, last=NATIONAL)
AGAIN = Drive("recognising", 3, "m", last=NATIONAL)
ALL = (ABSENT, RECOGNISING, READING, WAITING, READY, REFUSED, SICK, EJECTING, EJECTED, GONE, AGAIN)

TABLE = [
    # a drive comes
    ("comes", ABSENT, Seen("m"), RECOGNISING, (Do.TRUST, *TELL)),
    ("seen again", RECOGNISING, Seen("m"), RECOGNISING, ()),
    ("trusted", RECOGNISING, Trusted(1, NATIONAL), READING, (Do.COPY, *TELL)),
    ("ready", READING, Copied(1, NATIONAL), READY, (*TELL, Do.FOLLOW)),
    ("ready and steady", READY, Seen("m"), READY, ()),
    ("refused", RECOGNISING, Refused(1, BAD), REFUSED, TELL),
    ("refused while reading", READING, Refused(1, BAD), REFUSED, TELL),
    ("refused and the same", REFUSED, Seen("m"), REFUSED, ()),
    # a half-copied drive goes on being copied
    ("refused changes", REFUSED, Seen("n"), Drive("recognising", 2, "n"), (Do.TRUST, *TELL)),
    ("changes while recognised", RECOGNISING, Seen("n"), Drive("recognising", 2, "n"), (Do.STOP, Do.TRUST, *TELL)),
    ("changes while read", READING, Seen("n"), Drive("recognising", 2, "n"), (Do.STOP, Do.TRUST, *TELL)),
    ("changes while ready", READY, Seen("n"), Drive("recognising", 2, "n", last=NATIONAL),
     (Do.STOP, Do.TRUST, *TELL)),
    # late answers of an older attempt
    ("late trust", replace(RECOGNISING, attempt=2), Trusted(1, NATIONAL), replace(RECOGNISING, attempt=2), ()),
    ("late copy", replace(READING, attempt=2), Copied(1, OTHER), replace(READING, attempt=2), ()),
    ("late refusal", replace(READING, attempt=2), Refused(1, BAD), replace(READING, attempt=2), ()),
    ("late shortage", replace(READING, attempt=2), Short(1, FULL), replace(READING, attempt=2), ()),
    ("trusted twice", READY, Trusted(1, OTHER), READY, ()),
    ("copied though absent", ABSENT, Copied(0, NATIONAL), ABSENT, ()),
    ("refused after a close look", READY, Refused(1, BAD), REFUSED, TELL),
    ("refused though ejecting", EJECTING, Refused(1, BAD), EJECTING, ()),
    # no room
    ("no room", READING, Short(1, FULL), WAITING, TELL),
    ("no room though ready", READY, Short(1, FULL), READY, ()),
    ("no room to judge it", RECOGNISING, Short(1, FULL), UNJUDGED, TELL),
    ("room to judge it", UNJUDGED, Room(), Drive("recognising", 2, "m"), (Do.TRUST, *TELL)),
    ("room", WAITING, Room(), READING, (Do.COPY, *TELL)),
    ("room though ready", READY, Room(), READY, ()),
    ("waiting is pulled", WAITING, Missing(), Drive(attempt=2), TELL),
    # the cable is pulled
    ("pulled while recognised", RECOGNISING, Missing(), Drive(attempt=2), (Do.STOP, *TELL)),
    ("pulled while read", READING, Missing(), Drive(attempt=2), (Do.STOP, *TELL)),
    ("pulled while serving", READY, Missing(), GONE, (Do.STOP, *TELL)),
    ("pulled when sick", SICK, Missing(), GONE, TELL),
    ("pulled when refused", REFUSED, Missing(), Drive(attempt=2), TELL),
    ("pulled after ejecting", EJECTED, Missing(), Drive(attempt=2), TELL),
    ("pulled while ejecting", EJECTING, Missing(), Drive(attempt=2), TELL),
    ("still absent", ABSENT, Missing(), ABSENT, ()),
    ("still gone", GONE, Missing(), GONE, ()),
    # it comes back
    ("back", GONE, Seen("m"), AGAIN, (Do.TRUST, *TELL)),
    ("back but pulled at once", AGAIN, Missing(), replace(GONE, attempt=4), (Do.STOP, *TELL)),
    ("back and ready", READING, Copied(1, NATIONAL, back=True), replace(READY, back=True),
     (*TELL, Do.FOLLOW)),
    ("plugged in elsewhere", GONE, Forgotten(), Drive(attempt=3), TELL),
    ("forgotten though here", READY, Forgotten(), READY, ()),
    # a disk that does not answer
    ("stalls while recognised", RECOGNISING, Stalled(SLOW), replace(RECOGNISING, phase="sick", reason=SLOW), TELL),
    ("stalls while serving", READY, Stalled(SLOW), SICK, TELL),
    ("stalls still", SICK, Stalled(SLOW), SICK, ()),
    ("stalls though refused", REFUSED, Stalled(SLOW), REFUSED, ()),
    ("answers again", SICK, Seen("m"), Drive("recognising", 2, "m", last=NATIONAL, recovered=True), (Do.TRUST, *TELL)),
    ("a read did not come back", READY, Asked("sick"),
     Drive("recognising", 2, "m", last=NATIONAL, recovered=True), (Do.STOP, Do.TRUST, *TELL)),
    ("changes while it recovers", Drive("recognising", 2, "m", recovered=True), Seen("n"),
     Drive("recognising", 3, "n", recovered=True), (Do.STOP, Do.TRUST, *TELL)),
    ("finishes after all", replace(SICK, last=None), Copied(1, NATIONAL), READY, (*TELL, Do.FOLLOW)),
    ("trusted after all", replace(SICK, carried=None), Trusted(1, NATIONAL),
     replace(READING, last=NATIONAL), (Do.COPY, *TELL)),
    ("refused after all", SICK, Refused(1, BAD), REFUSED, TELL),
    # buttons
    ("eject", READY, Asked("eject"), EJECTING, (Do.STOP, *TELL)),
    ("eject a sick one", SICK, Asked("eject"), replace(SICK, phase="ejecting"), TELL),
    ("released", EJECTING, Asked("released"), EJECTED, TELL),
    ("keep", EJECTING, Asked("keep"), READY, (*TELL, Do.FOLLOW)),
    ("keep after all", EJECTED, Asked("keep"), READY, (*TELL, Do.FOLLOW)),
    ("ejected stays", EJECTED, Seen("m"), EJECTED, ()),
    ("eject what is not ready", READING, Asked("eject"), READING, ()),
    ("released though serving", READY, Asked("released"), READY, ()),
    ("look again", REFUSED, Asked("look-again"), Drive("recognising", 2, "m"), (Do.TRUST, *TELL)),
    ("look again at nothing", ABSENT, Asked("look-again"), ABSENT, ()),
    ("look again at one gone", GONE, Asked("look-again"), GONE, ()),
]  # fmt: skip


@pytest.mark.parametrize(("drive", "event", "after", "actions"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_step_table(drive, event, after, actions):
    assert step(drive, event) == (after, actions)


POWER_CUTS = [
    (ABSENT, Drive(attempt=1)),
    (RECOGNISING, Drive(attempt=2)),
    (READING, Drive(attempt=2)),
    (WAITING, Drive(attempt=2)),
    (REFUSED, Drive(attempt=2)),
    (READY, GONE),
    (SICK, GONE),
    (EJECTING, Drive(attempt=2)),
    (EJECTED, Drive(attempt=2)),
    (GONE, replace(GONE, attempt=3)),
    (AGAIN, replace(GONE, attempt=4)),
]


@pytest.mark.parametrize(("before", "after"), POWER_CUTS, ids=[f"{d.phase}-{d.attempt}" for d, _ in POWER_CUTS])
def test_power_cut_in_every_state(before, after):
    assert after_power_cut(before) == after


@pytest.mark.parametrize("before", ALL, ids=lambda d: f"{d.phase}-{d.attempt}")
def test_power_cut_the_drive_becomes_ready_again_by_itself(before):
    drive, _ = step(after_power_cut(before), Seen("m"))
    assert drive.phase == "recognising"
    drive, _ = step(drive, Trusted(drive.attempt, NATIONAL))
    drive, _ = step(drive, Copied(drive.attempt, NATIONAL))
    assert drive.phase == "ready"


EVENTS = st.one_of(
    st.builds(Seen, st.sampled_from("mn")),
    st.just(Missing()),
    st.builds(Trusted, st.integers(0, 6), st.sampled_from([NATIONAL, OTHER])),
    st.builds(Copied, st.integers(0, 6), st.sampled_from([NATIONAL, OTHER]), st.booleans()),
    st.builds(Refused, st.integers(0, 6), st.just(BAD)),
    st.builds(Short, st.integers(0, 6), st.just(FULL)),
    st.just(Room()),
    st.just(Stalled(SLOW)),
    st.just(Forgotten()),
    st.builds(Asked, st.sampled_from(["eject", "released", "keep", "look-again", "nonsense"])),
)


@given(st.lists(EVENTS, max_size=40))
def test_step_any_story_keeps_the_promises(story):
    drive = Drive()
    for event in story:
        before, (drive, actions) = drive, step(drive, event)
        assert drive.phase == "absent" or drive.phase in DRIVE_STATES
        assert drive.attempt >= before.attempt
        if drive == before:
            assert actions == ()
        else:
            assert [a for a in actions if a is not Do.FOLLOW][-2:] == list(TELL)
            assert (Do.FOLLOW in actions) == (drive.phase == "ready")
        if drive.phase == "ready":
            assert drive.carried is not None
            assert drive.last is not None
        if drive.phase in {"refused", "waiting"}:
            assert drive.reason is not None
        if drive.phase == "gone":
            assert drive.last is not None
        if Do.TRUST in actions:
            assert drive.attempt == before.attempt + 1
        if before.phase in {"recognising", "reading", "ready"} and drive.attempt != before.attempt:
            assert Do.STOP in actions
        if drive.phase == "ready" and before.phase not in {"ready", "ejecting", "ejected"}:
            assert isinstance(event, Copied)
            assert event.attempt == before.attempt
