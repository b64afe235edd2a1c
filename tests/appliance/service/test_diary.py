"""The diary: what is new is said once, whatever comes and goes; and how it reaches the journal."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import pytest

from appliance.clock import FixedClock
from appliance.service.journal import Voice, hears, plain, set_up_logging
from appliance.store.diary import MAX_BYTES, MOST_AN_HOUR, MOST_LINES, Diary, Entry
from packager.format.files import RealFiles

WELL = Entry("home.normal||", "normal", "home.normal", {}, "", "一切正常，读者可以使用。")


def entry(key: str = "intake.sick", *, since: str = "1", light: str = "attention", drive: str = "a") -> Entry:
    return Entry(f"{key}|{drive}|{since}", light, key, {"drive": "国家版"}, drive, f"{key} {since}")


class Told:
    """A diary and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, FixedClock()
        self.said: list[str] = []
        self.begin()

    def begin(self) -> None:
        self.diary = Diary(
            self.folder / "diary.json", RealFiles(), self.clock, lambda text, _key, _light: self.said.append(text)
        )

    def take(self, *entries: Entry, well: bool | None = None) -> list[str]:
        before = len(self.said)
        fine = not any(e.light != "normal" for e in entries) if well is None else well
        self.diary.take(entries, WELL if fine else None)
        return self.said[before:]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_what_comes_is_said_once_and_that_all_is_well_again(told: Told) -> None:
    assert told.take() == [WELL.text]
    assert told.take() == []
    assert told.take(entry()) == ["intake.sick 1"]
    assert told.take(entry()) == []
    assert told.take(entry(), entry("intake.trusted", light="normal", drive="b")) == ["intake.trusted 1"]
    assert told.take() == [WELL.text]
    assert [line.key for line in told.diary.lines] == ["home.normal", "intake.sick", "intake.trusted", "home.normal"]


def test_news_without_trouble_is_not_followed_by_all_is_well(told: Told) -> None:
    told.take()
    assert told.take(entry("sync.applied", light="normal")) == ["sync.applied 1"]
    assert told.take() == []


def test_what_comes_and_goes_again_and_again_is_said_once_an_hour(told: Told) -> None:
    told.take()
    check = entry("check.running", since="", light="normal")
    assert told.take(check) == ["check.running "]
    for _ in range(5):
        told.clock.advance(60)
        assert told.take() == []
        assert told.take(check) == []
    told.clock.advance(3600)
    told.take()
    assert told.take(check) == ["check.running "]


def test_loose_cable_does_not_fill_the_journal(told: Told) -> None:
    said = 0
    for n in range(40):
        said += len(told.take(entry("intake.unplugged.idle", since=str(n))))
        told.take()
        told.clock.advance(10)
    assert said <= 2 * MOST_AN_HOUR + 1
    told.clock.advance(3600)
    assert told.take(entry("intake.unplugged.idle", since="later")) == ["intake.unplugged.idle later"]


def test_next_process_goes_on_and_says_nothing_twice(told: Told) -> None:
    told.take(entry())
    told.begin()
    assert told.take(entry()) == []
    assert told.take() == [WELL.text]
    told.begin()
    assert told.take() == []


def test_document_is_bounded(told: Told) -> None:
    for n in range(3 * MOST_LINES):
        told.take(entry("intake.sick", since=str(n), drive=str(n)))
    assert len(told.diary.lines) == MOST_LINES
    assert (told.folder / "diary.json").stat().st_size < MAX_BYTES


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"lines": [{"at": 1}], "standing": [], "troubled": 1}', b"\xff"]
)
def test_damaged_document_begins_anew(told: Told, content: bytes) -> None:
    (told.folder / "diary.json").write_bytes(content)
    told.begin()
    assert told.diary.lines == ()
    assert told.take(entry()) == ["intake.sick 1"]


def test_full_disk_keeps_it_in_memory(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    (told.folder / "diary.json").mkdir()
    told.begin()
    assert told.take(entry()) == ["intake.sick 1"]
    assert len(told.diary.lines) == 1


# — the journal —


def test_entry_of_the_journal_has_sentence_key_light_and_priority(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "socket"))
        journal.settimeout(5)
        voice = Voice(heard=True, address=tmp_path / "socket")
        voice.say("《假\nPRIORITY=0\n\u202e书》有损坏。", "check.damage.whole", "attention")
        lines = journal.recv(4096).decode().splitlines()
    assert lines == [
        "MESSAGE=《假 PRIORITY=0 书》有损坏。", "PRIORITY=4", "SYSLOG_IDENTIFIER=shuxiang",
        "SHUXIANG_KEY=check.damage.whole", "SHUXIANG_LIGHT=attention",
    ]  # fmt: skip


def test_without_the_socket_the_sentence_goes_to_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Voice(heard=True, address=tmp_path / "none").say("一切正常。", "home.normal", "normal")
    assert capsys.readouterr().err == "<5>一切正常。\n"


def test_without_a_journal_it_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Voice(heard=False).say("一切正常。", "home.normal", "normal")
    assert [record.getMessage() for record in caplog.records] == ["一切正常。"]


def test_journal_is_known_by_its_own_output() -> None:
    facts = os.fstat(2)
    assert hears({"JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"})
    assert not hears({"JOURNAL_STREAM": "1:1"})
    assert not hears({})


def test_plain_text_has_no_signs_that_are_obeyed() -> None:
    assert plain("一\x1b[31m\r\n二\u2066三\t四") == "一 [31m 二 三 四"


@pytest.mark.parametrize(("level", "said"), [("INFO", ["<4>w", "<3>e"]), ("DEBUG", ["<7>d", "<6>i", "<4>w", "<3>e"])])
def test_log_in_the_journal_has_priorities_and_keeps_to_faults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: str, said: list[str]
) -> None:
    monkeypatch.setattr("appliance.service.journal.hears", lambda: True)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    set_up_logging(level)
    log = logging.getLogger("x")
    for tell, text in ((log.debug, "d"), (log.info, "i"), (log.warning, "w"), (log.error, "e")):
        tell(text)
    assert capsys.readouterr().err.splitlines() == [line.replace(">", ">x: ") for line in said]
