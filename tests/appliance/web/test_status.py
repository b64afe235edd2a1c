"""The light is a pure function; its order is section 0 of the sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance.store.holdings import HeldDrive, HeldRelease, Holdings, Message, Part, WorkerState
from appliance.web.status import State, choose, for_public

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
OLD, FRESH, LATER = "2026-11-22T05:00:00Z", "2026-11-22T07:55:00Z", "2026-11-22T07:58:00Z"
RELEASE = HeldRelease("national", 7, "2026.11", "2026-11-20", "国家图书馆", "国家版", "national/7-a", "ab", 12)
WELL = Holdings(3, "", (RELEASE,), (), (), WorkerState(1, OLD, "2026-11-22T07:59:30Z"))


def drive(key: str, since: str = OLD, state: str = "ready", name: str = "d1", **params: str | int) -> HeldDrive:
    return HeldDrive(name, "/nowhere", "国家版", state, Message(key, params), since=since)


def said(holdings: Holdings, damaged: int = 0) -> list[tuple[str, str]]:
    return [(s.light, s.message.key) for s in choose(holdings, damaged, NOW).all]


def test_choose_nothing_wrong_is_normal_with_the_newest_month() -> None:
    status = choose(replace(WELL, drives=(drive("intake.trusted"),)), 0, NOW)
    assert (status.light, status.first.message) == ("normal", Message("home.normal", {"month": "2026-11"}))
    assert status.more == ()


def test_choose_before_the_worker_wrote_anything_is_starting() -> None:
    assert said(Holdings()) == [("working", "home.starting")]


def test_choose_without_drive_and_release_asks_for_a_drive() -> None:
    assert said(replace(WELL, releases=())) == [("attention", "home.no_drive")]
    told = replace(WELL, releases=(), notices=(Message("home.no_drive"),))
    assert said(told) == [("attention", "home.no_drive")]


def test_choose_fresh_result_stands_before_everything_for_ten_minutes() -> None:
    drives = (drive("intake.recognising", FRESH, "recognising", "d2"), drive("intake.trusted", LATER, issuer="国"))
    assert said(replace(WELL, drives=drives), damaged=2)[0] == ("normal", "intake.trusted")
    aged = tuple(replace(d, since=OLD) for d in drives)
    assert said(replace(WELL, drives=aged), damaged=2)[0] == ("working", "intake.recognising")


@pytest.mark.parametrize(
    "key",
    [
        "intake.recognising",
        "intake.reading_catalogue",
        "intake.unplug.waiting",
        "sync.withdrawn.file.refused",
        "sync.list.taken",
    ],
)
def test_choose_what_was_done_last_stands_before_what_was_done_before_it(key: str) -> None:
    before = drive("intake.trusted", FRESH, issuer="国")
    after = drive(key, LATER, "recognising", "d2")
    for drives in ((before, after), (after, before)):
        assert said(replace(WELL, drives=drives))[0][1] in {key, "intake.unplug.closing"}


def test_choose_first_drive_of_a_set_says_what_lacks_once_and_leaves_it_to_the_notice_after_ten_minutes() -> None:
    lacking = Message("intake.set.missing.several", {"bundle": "国家版", "total": 3, "n": 2, "count": 62})
    part = drive("intake.set.part", FRESH, bundle="国家版", n=1, total=3, left=2, done=35, count=62)
    assert said(replace(WELL, drives=(part,), notices=(lacking,))) == [("attention", "intake.set.part")]
    aged = replace(WELL, drives=(replace(part, since=OLD),), notices=(lacking,))
    assert said(aged) == [("attention", "intake.set.missing.several")]
    other = replace(lacking, params={**lacking.params, "bundle": "少儿版"})
    assert len(said(replace(WELL, drives=(part,), notices=(other,)))) == 2


def test_choose_stick_whose_data_do_not_match_stands_before_the_list_saved_on_it() -> None:
    saved = State("normal", Message("repair.list.saved"), "u1", FRESH)
    wrong = State("attention", Message("repair.stick.not_matching"), "u1", LATER)
    assert choose(WELL, 0, NOW, others=(saved, wrong)).first == wrong
    worn = State("attention", Message("intake.sick.replace"), "d1", LATER)
    assert choose(WELL, 0, NOW, others=(saved, worn)).first == saved


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("intake.recognising", "intake.unplugged.idle"),
        ("intake.unplugged.idle", "intake.refused.not_ours"),
        ("intake.sick", "intake.refused.list_changed"),
        ("intake.refused.half_copied", "check.damage.found"),
        ("check.damage.found", "space.low"),
        ("space.full", "intake.refused.blank"),
        ("clock.implausible", "backup.due"),
    ],
)
def test_choose_order_of_ranks(first: str, second: str) -> None:
    for order in ((first, second), (second, first)):
        assert [key for _, key in said(replace(WELL, notices=tuple(map(Message, order))))] == [first, second]


def test_choose_newer_first_within_a_rank() -> None:
    drives = (
        drive("intake.refused.blank", "2026-11-22T05:00:00Z", "refused", "d1"),
        drive("intake.refused.not_ours", "2026-11-22T06:00:00Z", "refused", "d2"),
    )
    assert [key for _, key in said(replace(WELL, drives=drives))] == ["intake.refused.not_ours", "intake.refused.blank"]


def test_choose_damage_counts_titles() -> None:
    status = choose(WELL, 3, NOW)
    assert status.first.message == Message("check.damage.found", {"count": 3})
    assert status.light == "attention"


def test_choose_search_in_the_making_unless_a_notice_says_it() -> None:
    making = replace(RELEASE, search=Part("rebuilding", "", 40, 300))
    held = replace(WELL, releases=(making,))
    assert choose(held, 0, NOW).first.message == Message("index.rebuilding", {"duration": 300})
    told = replace(held, notices=(Message("index.titles_ready", {"duration": 300}),))
    assert said(told) == [("normal", "index.titles_ready")]
    failed = replace(WELL, releases=(replace(RELEASE, search=Part("failed")),))
    assert said(failed) == [("attention", "index.not_built")]
    pulled = replace(WELL, releases=(replace(RELEASE, search=Part("unplugged")),))
    assert said(pulled) == [("attention", "index.unplugged")]


def test_choose_silent_worker_is_told() -> None:
    silent = replace(WELL, worker=WorkerState(1, OLD, f"{NOW - timedelta(minutes=6):%Y-%m-%dT%H:%M:%SZ}"))
    assert said(silent) == [("attention", "box.worker_silent")]


def test_choose_acknowledged_occurrence_is_put_away_and_a_new_one_is_not() -> None:
    holdings = replace(WELL, drives=(drive("intake.refused.blank", OLD, "refused"),))
    token = choose(holdings, 0, NOW).first.token
    assert choose(holdings, 0, NOW, {token}).light == "normal"
    again = replace(holdings, drives=(drive("intake.refused.blank", FRESH, "refused"),))
    assert choose(again, 0, NOW, {token}).light == "attention"


def test_choose_waiting_for_nobody_is_said_without_a_nought() -> None:
    waiting = replace(WELL, drives=(drive("intake.unplug.waiting", OLD, "ejecting", count=0, minutes=0),))
    assert choose(waiting, 0, NOW).first.message.key == "intake.unplug.closing"


def test_for_public_hides_what_only_staff_may_read() -> None:
    status = choose(replace(WELL, notices=(Message("backup.due", {"days": 40}),)), 0, NOW)
    assert status.first.message.key == "backup.due"
    assert for_public(status).first.message.key == "public.attention"
    assert for_public(status).more == ()
    shown = choose(replace(WELL, notices=(Message("home.no_drive"), Message("backup.due", {"days": 40}))), 0, NOW)
    assert [s.message.key for s in for_public(shown).all] == ["home.no_drive"]


def test_choose_unknown_key_is_for_staff() -> None:
    status = choose(replace(WELL, notices=(Message("future.thing"),)), 0, NOW)
    assert (status.light, status.first.public) == ("attention", False)


@pytest.mark.parametrize(
    "message",
    [
        Message("sync.applied", {"edition": "2026.11", "added": 12, "changed": 3, "withdrawn": 1}),
        Message("sync.unreachable"),
        Message("sync.paused.window", {"time": "22:00", "percent": 40}),
        Message("sync.paused.cap", {"date": "2026-12-01", "percent": 40}),
        Message("sync.refused.untrusted"),
        Message("sync.not_applied"),
        Message("space.intake_waits", {"size": 3_000_000_000}),
    ],
    ids=lambda message: message.key,
)
def test_what_an_update_says_is_told_to_staff(message):
    assert message.key in [key for _, key in said(replace(WELL, notices=(message,)))]


def test_while_a_system_is_written_nothing_says_that_it_waits() -> None:
    stick = drive("box.system.ready", LATER, "refused", minutes=5)
    holdings = replace(WELL, drives=(stick,))
    assert [s.message.key for s in choose(holdings, 0, NOW).all] == ["box.system.ready"]
    writing = State("working", Message("box.system.updating", {"minutes": 5}), since=LATER)
    assert [s.message.key for s in choose(holdings, 0, NOW, others=(writing,)).all] == ["box.system.updating"]
