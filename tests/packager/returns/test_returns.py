"""Receiving reports: once each, from whom is known, the newest of a month; whatever else comes changes nothing."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from appliance.clock import RealClock
from packager import cli
from packager.format.errors import (
    FormatError,
    OlderReportError,
    ReportSignatureError,
    ReportTimeError,
    TooLargeError,
    UnknownDeviceError,
)
from packager.format.files import RealFiles
from packager.format.origin import OriginError, send
from packager.format.reports import MAX_REPORT, Head, make_report, moment_text, read_receipt
from packager.returns.application import PER_HOUR, Receiver
from packager.returns.enrolled import Enrolled
from packager.returns.store import ReturnStore, alone, kept_in
from provisioning.keys import Key
from tests.box import ROOT
from tests.powercut.box import put
from tests.powercut.recording import RecordingFiles, states

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
BOX, RECEIVER = Key.new(), Key.new()


def report(number=1, *, library="SC-1", month="2026-11", made=NOW, key=BOX, resource="a"):
    facts = [{"of": "withdrawn", "resource": resource}]
    return make_report(Head(library, month, number, moment_text(made), "1"), facts, key)


def enrolled(folder, **keys):
    folder.mkdir(exist_ok=True)
    for library, key in keys.items():
        (folder / f"{library.replace('_', '-')}.pub").write_bytes(key.public.to_pem())
    return Enrolled(folder)


def store_in(folder, files=None, now=lambda: NOW):
    known = enrolled(folder / "keys", SC_1=BOX, SC_2=BOX)
    return ReturnStore(folder / "store", known, RECEIVER, files or RealFiles(), now)


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def kept(tmp_path):
    return [(k.report.head.library, k.report.head.month, k.report.head.number) for k in kept_in(tmp_path / "store")]


def test_report_is_kept_and_answered_with_a_receipt(store, tmp_path):
    taken = store.take(report().content)
    assert (taken.again, taken.receipt.is_for(report())) == (False, True)
    taken.receipt.prove(RECEIVER.public)
    assert kept(tmp_path) == [("SC-1", "2026-11", 1)]


def test_same_report_again_counts_once_and_is_answered_the_same(store, tmp_path):
    first = store.take(report().content)
    again = store_in(tmp_path, now=lambda: NOW + timedelta(hours=1)).take(report().content)
    assert again.again
    assert again.receipt == first.receipt
    assert kept(tmp_path) == [("SC-1", "2026-11", 1)]


def test_later_one_of_a_month_replaces_and_an_earlier_one_is_refused(store, tmp_path):
    store.take(report(2).content)
    store.take(report(3, resource="b").content)
    with pytest.raises(OlderReportError):
        store.take(report(2).content)
    with pytest.raises(OlderReportError):
        store.take(report(3, resource="c").content)  # the same number, another report
    store.take(report(1, month="2026-10").content)
    store.take(report(1, library="SC-2").content)
    assert kept(tmp_path) == [("SC-1", "2026-10", 1), ("SC-1", "2026-11", 3), ("SC-2", "2026-11", 1)]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", FormatError),
        (b" " * (MAX_REPORT + 1), TooLargeError),
        (report(key=Key.new()).content, UnknownDeviceError),
        (report(library="SC-9").content, UnknownDeviceError),
        (report(resource="abc").content.replace(b'"abc"', b'"abd"'), ReportSignatureError),
        (report(made=NOW + timedelta(days=3)).content, ReportTimeError),
        (report(month="2026-12", made=NOW).content, ReportTimeError),
        (report(month="2023-10").content, ReportTimeError),
        (report(month="2001-01", made=datetime(2001, 1, 1, tzinfo=UTC)).content, ReportTimeError),
    ],
)
def test_what_is_not_taken_is_refused_by_kind_and_leaves_nothing(content, error, store, tmp_path):
    with pytest.raises(error) as caught:
        store.take(content)
    assert type(caught.value) is error
    assert kept(tmp_path) == []


def test_report_made_in_the_night_of_a_new_month_is_taken(tmp_path):
    store = store_in(tmp_path, now=lambda: datetime(2026, 11, 30, 21, tzinfo=UTC))
    store.take(report(month="2026-12", made=datetime(2026, 11, 30, 20, tzinfo=UTC)).content)


def test_device_that_is_enrolled_later_is_known_at_once(store, tmp_path):
    other = Key.new()
    with pytest.raises(UnknownDeviceError):
        store.take(report(library="SC-3", key=other).content)
    enrolled(tmp_path / "keys", SC_3=other)
    (tmp_path / "keys/SC-3.second.pub").write_bytes(BOX.public.to_pem())
    (tmp_path / "keys/SC-4.pub").write_bytes(b"no key")
    store.take(report(library="SC-3", key=other).content)
    store.take(report(2, library="SC-3").content)


def test_damaged_file_is_passed_over_and_replaced(store, tmp_path):
    store.take(report(5).content)
    (tmp_path / "store/2026-11/SC-1.return").write_bytes(b"torn")
    assert kept(tmp_path) == []
    store.take(report(4).content)
    assert kept(tmp_path) == [("SC-1", "2026-11", 4)]


def test_power_cut_leaves_the_old_report_or_the_new_and_what_was_answered_is_there(tmp_path):
    (tmp_path / "disk").mkdir()
    files = RecordingFiles(tmp_path / "disk")
    known = enrolled(tmp_path / "keys", SC_1=BOX)
    store = ReturnStore(files.root / "store", known, RECEIVER, files, lambda: NOW)
    answered = []
    for number in (1, 2):
        store.take(report(number).content)
        answered.append(len(files.ops))
    for count, (done, replay, state) in enumerate(states(files.ops, cap=24)):
        assert not replay.broken_promises(state)
        put(state, folder := tmp_path / f"cut-{count}")
        there = [k.report.head.number for k in kept_in(folder / "store")] if (folder / "store").is_dir() else []
        shutil.rmtree(folder)
        last = sum(at <= done for at in answered)
        assert there in ([[], [1]] if last == 0 else [[1], [2]] if last == 1 else [[2]])


# — over HTTP —


def ask(receiver, body, *, method="POST", address="10.0.0.1", length=None):
    told = {}
    environ = {
        "REQUEST_METHOD": method, "REMOTE_ADDR": address, "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
    }  # fmt: skip
    (answer,) = receiver(environ, lambda status, fields: told.update(status=int(status[:3]), fields=dict(fields)))
    return told["status"], answer, told["fields"]


def code(answer):
    return json.loads(answer)["code"]


def test_receiver_answers_with_the_receipt_or_why_not(store):
    receiver = Receiver(store, lambda: 0.0)
    status, answer, _ = ask(receiver, report(2).content)
    assert status == 200
    assert read_receipt(answer).is_for(report(2))
    for body, expected in (
        (b"x", (400, "format")),
        (report(1).content, (409, "report-older")),
        (report(key=Key.new()).content, (403, "report-unknown")),
        (report(resource="abc").content.replace(b'"abc"', b'"abd"'), (403, "report-signature")),
        (report(month="2001-01").content, (422, "report-time")),
    ):
        status, answer, _ = ask(receiver, body)
        assert (status, code(answer)) == expected
    assert ask(receiver, b"x", length=str(MAX_REPORT + 1))[0] == 413
    assert ask(receiver, b"x", length="")[0] == 413
    assert ask(receiver, b"x", length="-1")[0] == 413
    assert ask(receiver, b"x", length="2")[0] == 400
    assert ask(receiver, b"", method="GET")[0] == 405


def test_receiver_bounds_how_often_one_address_asks(store):
    ticks = [0.0]
    receiver = Receiver(store, lambda: ticks[0])
    found = [ask(receiver, b"x")[0] for _ in range(PER_HOUR + 1)]
    assert found == [400] * PER_HOUR + [429]
    status, _, fields = ask(receiver, b"x")
    assert (status, 0 < int(fields["Retry-After"]) <= 61) == (429, True)
    assert ask(receiver, b"x", address="10.0.0.2")[0] == 400
    ticks[0] += 61
    assert ask(receiver, b"x")[0] == 400


def test_receiver_that_cannot_keep_says_so(store, monkeypatch):
    monkeypatch.setattr(store._files, "write_atomic", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert ask(Receiver(store, lambda: 0.0), report().content)[0] == 503


class Receiving:
    """`packager returns receive` as a process."""

    def __init__(self, folder, port=0):
        self.folder = folder
        options = ["--store", folder / "store", "--keys", folder / "keys"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "packager.cli", "returns", "receive", "--listen", f"127.0.0.1:{port}", *options],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.port = int(said.split(":")[1].split()[0])
        self.address = f"http://127.0.0.1:{self.port}/returns"
        self.key = said.rsplit("：", 1)[1].strip()

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


def test_receiver_killed_at_any_moment_counts_every_report_once(tmp_path):
    enrolled(tmp_path / "keys", SC_1=BOX)
    months = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 11)]
    made = [report(1, month=month, made=datetime(2026, 11, 1, tzinfo=UTC)) for month in months]
    receipts: dict[str, bytes] = {}
    port, kills = 0, 0
    while len(receipts) < len(made):
        receiver = Receiving(tmp_path, port)
        port = receiver.port
        timer = threading.Timer(0.01 + 0.004 * kills, receiver.process.kill)
        if kills < 2:
            timer.start()
        try:
            for one in made:
                status, answer = send(receiver.address, one.content, 4096, 5)
                assert status == 200
                assert receipts.setdefault(one.sha256, answer) == answer  # the same receipt, whenever it is asked for
        except (OSError, OriginError):
            assert kills < 2
        finally:
            timer.cancel()
            receiver.kill()
        kills += 1
    found = list(kept_in(tmp_path / "store"))
    assert sorted(k.report.sha256 for k in found) == sorted(one.sha256 for one in made)
    assert {k.report.sha256: k.receipt.content for k in found} == receipts


# — as people use it —


def run(*words, expect=0, capsys=None):
    assert cli.main([*map(str, words)]) == expect
    return capsys.readouterr().out if capsys else ""


def test_reports_of_a_stick_are_taken_once_and_listed(tmp_path, capsys):
    stick = tmp_path / "stick/outbox"
    stick.mkdir(parents=True)
    made = RealClock().now()
    month = f"{made:%Y-%m}"
    enrolled(tmp_path / "keys", SC_1=BOX, SC_2=Key.new())
    whole = report(1, month=month, made=made)
    (stick / whole.file_name).write_bytes(whole.content)
    (stick / "broken.report").write_bytes(whole.content[:-5])
    options = ("--store", tmp_path / "store", "--keys", tmp_path / "keys")
    said = run("returns", "take", tmp_path / "stick", *options, expect=1, capsys=capsys)
    assert "已收下　SC-1" in said
    assert "没有计入　broken.report" in said
    assert read_receipt((stick / f"SC-1-{month}-1.receipt").read_bytes()).is_for(whole)
    (stick / "broken.report").unlink()
    assert "只计一次" in run("returns", "take", tmp_path / "stick", *options, capsys=capsys)
    said = run("returns", "list", *options, capsys=capsys)
    assert "共 1 份，1 个馆" in said
    assert "有 1 个馆连续三个月没有报送" in said
    with alone(tmp_path / "store"):
        run("returns", "take", tmp_path / "stick", *options, expect=3)
    run("returns", "list", "--store", tmp_path / "none", expect=3)


def test_listen_address_is_checked(tmp_path, capsys):
    for text in ("8090", "a:b", "127.0.0.1:70000", ":1"):
        with pytest.raises(SystemExit):
            run("returns", "receive", "--listen", text, "--store", tmp_path, "--keys", tmp_path)
        assert "127.0.0.1:8090" in capsys.readouterr().err


def test_second_receiver_of_a_store_does_not_begin(tmp_path):
    enrolled(tmp_path / "keys", SC_1=BOX)
    with alone(tmp_path / "store") as first:
        assert first
        run("returns", "receive", "--listen", "127.0.0.1:0", "--store", tmp_path / "store", "--keys", tmp_path / "keys",
            expect=3)  # fmt: skip
