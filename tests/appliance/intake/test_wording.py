"""Tests of appliance.intake.wording and publishing: which sentence, which light's words, what is live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.intake.editions import is_superseded, missing_disks
from appliance.intake.publishing import (
    Standing,
    drive_key,
    held_drives,
    held_releases,
    newest_numbers,
    restored,
    up_to_date,
)
from appliance.intake.states import Carried, Drive
from appliance.intake.wording import Around, drive_message, drive_name, notices
from appliance.store.holdings import DRIVE_STATES, HeldRelease, Message, Part
from appliance.store.releases import Stored, folder_name
from packager.format.release import Digest, Disk, Release
from provisioning.words import Words

CARRIED = Carried("national", 11, "2026.11", "国家图书馆", "国家版", "national/11-aa", "ab" * 32, count=9)
FIRST = replace(CARRIED, disks=2, disk=1, tagmanifest="01" * 32)
SECOND = replace(CARRIED, disks=2, disk=2, tagmanifest="02" * 32)
CHILDREN = replace(CARRIED, bundle="children", name="少儿版", folder="children/1-bb", tagmanifest="cd" * 32)
READY = Drive("ready", 1, "m", carried=CARRIED, last=CARRIED)
HELD = HeldRelease(
    "national",
    11,
    "2026.11",
    "2026-11-22",
    "国家图书馆",
    "国家版",
    "national/11-aa",
    "0" * 64,
    9,
    disks=2,
    shares=(3, 6),
)
REASON = Message("intake.refused.list_changed")

MESSAGES = [
    (Drive("recognising"), Around(), "intake.recognising"),
    (Drive("reading", carried=CARRIED), Around(seconds_left=61), "intake.reading_catalogue"),
    (Drive("refused", reason=REASON), Around(), REASON.key),
    (Drive("waiting", reason=Message("space.intake_waits", {"size": 5})), Around(), "space.intake_waits"),
    (Drive("ready", carried=CARRIED, back=True, recovered=True), Around(), "intake.sick.back"),
    (Drive("sick", reason=Message("intake.sick", {"drive": "国家版"})), Around(), "intake.sick"),
    (
        Drive("told", reason=Message("sync.withdrawn.file", {"count": 2, "issuer": "国"})),
        Around(),
        "sync.withdrawn.file",
    ),
    (READY, Around(), "intake.trusted"),
    (READY, Around(serving=[CHILDREN]), "intake.trusted.second_bundle"),
    (READY, Around(serving=[CARRIED], twin_first=True), "intake.duplicate"),
    (replace(READY, back=True), Around(), "intake.trusted.back"),
    (replace(READY, carried=replace(CARRIED, newest=False)), Around(), "intake.trusted.older"),
    (replace(READY, carried=FIRST), Around(), "intake.set.part.edition"),
    (replace(READY, carried=FIRST), Around(release=HELD), "intake.set.part"),
    (replace(READY, carried=FIRST), Around(release=HELD, mixed=True), "intake.set.part.edition"),
    (replace(READY, carried=SECOND), Around(serving=[FIRST]), "intake.set.complete"),
    (Drive("gone", last=CARRIED), Around(missed=9), "intake.unplugged.idle"),
    (Drive("gone", last=SECOND), Around(missed=9, mixed=True), "intake.unplugged.edition"),
    (replace(READY, phase="ejecting"), Around(), "intake.unplug.waiting"),
    (replace(READY, phase="ejected"), Around(), "intake.unplug.safe"),
]


@pytest.mark.parametrize(("drive", "around", "key"), MESSAGES, ids=[f"{d.phase}-{k}" for d, _, k in MESSAGES])
def test_drive_message_is_the_right_sentence_and_can_be_said(drive, around, key):
    message = drive_message(drive, around)
    assert message.key == key
    said = Words.load("zh-Hans").message(message.key, message.params)
    assert said.text
    assert "{" not in said.text


def test_every_state_has_a_sentence():
    assert {d.phase for d, _, _ in MESSAGES} == set(DRIVE_STATES)


def test_drive_message_reading_counts_minutes_up():
    assert drive_message(Drive("reading", carried=CARRIED), Around(seconds_left=61)).params == {"minutes": 2}
    assert drive_message(Drive("reading", carried=CARRIED), Around()).params == {"minutes": 1}


def test_names_are_those_on_the_label():
    bundle = Words.load("zh-Hans").bundle
    assert [bundle(b) for b in ("national", "children", "county-7")] == ["国家版", "少儿版", "county-7"]
    assert [bundle(b, "四川版") for b in ("province", "sichuan")] == ["四川版", "四川版"]
    assert Words.load("en").bundle("children") == "Children's edition"
    assert [drive_name(c) for c in (None, CARRIED, SECOND)] == ["", "国家版", "国家版第 2 块"]


def test_set_missing_tells_the_resources_of_each_drive_as_signed():
    third = replace(FIRST, disks=3)
    told = held(disks=3, shares=(3, 4, 2), name="四川版")
    (one,) = notices([replace(READY, carried=c) for c in (third, replace(third, disk=3))], [told], seen_any=True)
    assert one.params == {"bundle": "四川版", "total": 3, "n": 2, "count": 4}
    (several,) = notices([replace(READY, carried=replace(third, disk=2))], [told], seen_any=True)
    assert several.params == {"bundle": "四川版", "total": 3, "n": 2, "count": 5}
    (place,) = held_drives([Standing("a", Path("/a"), Drive("gone", last=replace(third, disk=3)))], [told])
    assert place.message.params["count"] == 2


def test_the_first_drive_of_a_set_says_what_it_brings_and_what_is_still_to_come():
    third = replace(FIRST, disks=3, count=97)
    told = held(disks=3, shares=(35, 40, 22), count=97)
    (drive,) = held_drives([Standing("a", Path("/a"), Drive("ready", carried=third))], [told])
    said = Words.load("zh-Hans").message(drive.message.key, drive.message.params)
    assert (said.light, said.text) == ("attention", "国家版第 1 块已接上，共 3 块，还差 2 块。")
    assert said.second == "本块 35 种，现在就能用；其余 62 种接上另外 2 块后才能打开，目前只能查目录。"


def test_a_drive_that_is_gone_names_its_edition_while_another_edition_is_in_hand():
    newer = replace(FIRST, seq=12, edition="2026.12", folder="national/12-cc")
    gone, here = (
        Standing("a", Path("/a"), Drive("gone", last=SECOND)),
        Standing("b", Path("/b"), Drive("ready", carried=newer)),
    )
    message = held_drives([gone, here], [HELD])[0].message
    assert Words.load("zh-Hans").message(message.key, message.params).text == (
        "硬盘“国家版第 2 块”（2026年11月版）已断开，请接回。"
    )
    assert held_drives([gone], [HELD])[0].message.key == "intake.unplugged.idle"


def test_a_drive_is_superseded_once_every_drive_of_a_newer_edition_is_here():
    newer = [replace(c, seq=12, folder="national/12-cc") for c in (FIRST, SECOND)]
    assert is_superseded(SECOND, newer)
    assert not is_superseded(SECOND, newer[:1])
    assert not is_superseded(newer[0], [FIRST, SECOND])
    assert not is_superseded(CHILDREN, newer)


def test_missing_disks_counts_only_drives_of_the_same_release():
    assert missing_disks(FIRST, [FIRST, replace(SECOND, folder="national/12-cc")]) == [2]
    assert missing_disks(FIRST, [FIRST, SECOND]) == []


def held(**values):
    return replace(HELD, **{"disks": 1, "shares": (), **values})


MAKING = Part("rebuilding", percent=40, seconds_left=600)

NOTICES = [
    ([], [], False, ["home.no_drive"]),
    ([READY], [held()], True, []),
    ([READY], [held(search=MAKING)], True, ["index.rebuilding"]),
    ([READY], [held(search=MAKING, live=False)], True, []),
    ([READY], [held(search=Part("failed", percent=0))], True, ["index.not_built"]),
    ([Drive("gone", last=FIRST)], [held(search=Part("unplugged", percent=0))], True, ["index.unplugged"]),
    ([READY], [held(catalogue=Part("unplugged", percent=0), search=MAKING)], True, ["index.rebuilding"]),
    ([replace(READY, carried=FIRST)], [held(disks=2)], True, ["intake.set.missing"]),
    ([replace(READY, carried=FIRST), replace(READY, carried=SECOND)], [held(disks=2)], True, []),
    ([replace(READY, carried=FIRST), Drive("gone", last=SECOND)], [held(disks=2)], True, []),
    ([replace(READY, carried=FIRST), replace(READY, phase="sick", carried=SECOND)], [held(disks=2)], True, []),
    ([replace(READY, carried=FIRST), Drive("recognising", last=SECOND)], [held(disks=2)], True, []),
    ([replace(READY, carried=FIRST), Drive("refused", last=SECOND)], [held(disks=2)], True, ["intake.set.missing"]),
    ([replace(READY, carried=replace(FIRST, disks=3))], [held(disks=3)], True, ["intake.set.missing.several"]),
    (
        [replace(READY, carried=FIRST), replace(READY, carried=replace(SECOND, folder="national/10-dd"))],
        [held(disks=2)],
        True,
        ["intake.set.mixed", "intake.set.missing.edition"],
    ),
    (
        [replace(READY, carried=FIRST), replace(READY, carried=replace(CHILDREN, disks=2))],
        [held(disks=2), held(bundle="children", folder="children/1-bb", disks=2)],
        True,
        ["intake.set.missing"] * 2,
    ),
    ([replace(READY, carried=replace(FIRST, folder="national/10-dd"))], [held(disks=2)], True, []),
]


@pytest.mark.parametrize(("drives", "releases", "seen", "keys"), NOTICES)
def test_notices_say_what_single_drives_do_not(drives, releases, seen, keys):
    found = notices(drives, releases, seen_any=seen)
    assert [m.key for m in found] == keys
    for message in found:
        assert "{" not in Words.load("zh-Hans").message(message.key, message.params).text


def release(seq, bundle="national", truth="a"):
    digest = Digest(truth * 64, 1)
    return Release(
        bundle, seq, "2026-11-22", f"2026.{seq}", dict.fromkeys(("catalogue.jsonl", "chunks.bin", "items.txt"), digest),
        (Disk(1, f"{seq:02d}" * 32, 1),), count=3,
    )  # fmt: skip


def stored(found):
    return Stored(folder_name(found), Path("/x"), found, {})


def test_held_releases_newest_that_can_be_browsed_is_live():
    old, new, other = release(1), release(2), release(1, "children")
    waiting = {folder_name(new)}

    def part(found, name):
        return Part("waiting", percent=0) if found.folder in waiting and name == "catalogue" else Part("ready", "x")

    every = [stored(old), stored(new), stored(other)]
    found = held_releases(every, [old, new, other], part, "国家图书馆")
    assert [(r.bundle, r.seq, r.live) for r in found] == [
        ("children", 1, True), ("national", 2, False), ("national", 1, True),
    ]  # fmt: skip
    waiting.clear()
    found = held_releases(every, [old, new, other], part, "国家图书馆")
    assert [r.seq for r in found if r.live] == [1, 2]
    waiting.update(folder_name(r) for r in (old, new))
    found = held_releases(every[:2], [old, new], part, "国家图书馆")
    assert [r.seq for r in found if r.live] == [2]


def test_held_releases_what_is_no_longer_listed_is_not_held():
    old, new = release(1), release(2)
    assert [r.seq for r in held_releases([stored(old), stored(new)], [new], lambda *_: Part(), "x")] == [2]
    assert held_releases([stored(old)], [release(1, truth="b")], lambda *_: Part(), "x") == ()


def test_up_to_date_drive_ages_with_the_list():
    newest = newest_numbers([release(10), release(12)])
    assert newest == {"national": 12}
    assert not up_to_date(READY, newest).carried.newest
    assert up_to_date(READY, {"national": 11}).carried.newest
    assert up_to_date(Drive(), newest) == Drive()


def test_held_drives_twin_is_the_one_that_came_later():
    places = [Standing("b", Path("/b"), READY, order=2), Standing("a", Path("/a"), READY, order=1)]
    first, second = held_drives(places, [])
    assert (first.key, first.duplicate, second.duplicate) == ("a", False, True)


def test_held_drives_absent_places_are_left_out_and_gone_ones_keep_what_they_were():
    gone = Drive("gone", last=CARRIED)
    places = [Standing("a", Path("/a"), Drive()), Standing("b", Path("/b"), gone)]
    (found,) = held_drives(places, [held(count=7)])
    assert (found.folder, found.seq, found.name, found.message.params["count"]) == (CARRIED.folder, 11, "国家版", 7)


def test_restored_drive_is_what_the_document_said():
    (document,) = held_drives([Standing("a", Path("/a"), READY)], [])
    assert restored(document, [held()]).last == CARRIED
    assert restored(document, []).last is None


def test_drive_key_is_short_and_stable():
    assert drive_key(Path("/media/one")) == drive_key(Path("/media/one"))
    assert len(drive_key(Path("/media/one"))) == 12
