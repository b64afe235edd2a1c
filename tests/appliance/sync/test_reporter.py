"""A box's reports: what they tell, when they are made, and that they lie in the outbox until they are received."""

from __future__ import annotations

import shutil
import stat
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from appliance import cli
from appliance.clock import FixedClock
from appliance.errors import StoreError
from appliance.settings import Settings
from appliance.store.faults import FaultStore
from appliance.store.holdings import HeldDrive, HeldRelease, Holdings, Message, write_holdings
from appliance.store.identity import device_key
from appliance.store.outbox import Outbox
from appliance.store.wishes import WishStore
from appliance.sync import reporter as reporting
from appliance.sync.carrying import carry, report_lines
from appliance.sync.facts import wishes_at
from appliance.sync.reporter import CHECK_SECONDS, Reporter
from packager.format.files import RealFiles
from packager.format.machine_keys import machine_key
from packager.format.reports import Head, make_receipt, make_report, moment_text, read_report
from packager.returns.application import Receiver
from packager.returns.enrolled import Enrolled
from packager.returns.server import server_of
from packager.returns.store import ReturnStore, kept_in
from provisioning.device_file import read_device
from provisioning.keys import Key, load_public_key
from tests.faulty_server import FaultyServer
from tests.powercut.box import put
from tests.powercut.recording import RecordingFiles, states

FILES = RealFiles()
DIGEST = "ab" * 32
LATER = timedelta(days=8)


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 11, 27, 3, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path):
    made = Settings(data_folder=tmp_path / "data", root_file=tmp_path / "root.json", library_id="SC-511702")
    made.data_folder.mkdir()
    return made


def held(*, seq=2, withdrawn=()):
    release = HeldRelease(
        "national", seq, "2026.11", "2026-11-22", "国家图书馆", "国家版", f"national/{seq}-x", DIGEST, 7
    )
    drive = HeldDrive("k", "/media/one", "国家版", "ready", Message("drive.ready"), "national", seq, tagmanifest=DIGEST)
    return Holdings(releases=(release,), drives=(drive,), notices=(Message("sync.applied"),), withdrawn=withdrawn)


def reporter_of(settings, clock, **options):
    return Reporter(settings, clock, FILES, **options)


def test_report_tells_what_the_box_knows_and_nothing_of_readers(settings, clock):
    write_holdings(settings.holdings_file, held(withdrawn=("A0001",)), FILES)
    faults = FaultStore(settings.faults_file, clock)
    for chunk in (1, 2):
        faults.record(DIGEST, chunk, item_id="abcdefghijabcdefghij", drive="k")
    faults.close()
    wishes = WishStore(settings.wishes_file)
    wishes.add(
        "words",
        "养蜂",
        "想看养蜂的书",
        who="mark",
        day=date(2026, 11, 26),
        at="2026-11-26T03:00:00Z",
        note="张三 13900000000",
    )
    wishes.close()
    made = reporter_of(
        settings, clock, wishes=wishes_at(settings.wishes_file), fetched=lambda month: 4096 * (month == "2026-11"),
        stale=lambda: ["mirror.example"],
    )  # fmt: skip
    (report,) = made.make()
    assert report.head == Head("SC-511702", "2026-11", 1, "2026-11-27T03:00:00Z", report.head.version)
    told = {}
    for fact in report.facts:
        told.setdefault(fact["of"], []).append({k: v for k, v in fact.items() if k != "of"})
    assert told == {
        "edition": [{"bundle": "national", "live": True, "seq": 2, "truth": DIGEST}],
        "drive": [{"bundle": "national", "disk": 0, "seq": 2, "state": "ready", "tagmanifest": DIGEST}],
        "damage": [{"item": "abcdefghijabcdefghij", "places": 2}],
        "update": [{"fetched": 4096, "state": "sync.applied"}],
        "mirror": [{"host": "mirror.example", "state": "stale"}],
        "withdrawn": [{"resource": "A0001"}],
        "wish": [{"count": 1, "kind": "words", "resource": "", "words": "想看养蜂的书"}],
    }
    report.prove(device_key(settings.device_key_file).public)
    for secret in ("张三", "13900000000", "mark", "/media"):
        assert secret.encode() not in report.content


def test_new_box_reports_though_it_has_nothing(settings, clock):
    (report,) = reporter_of(settings, clock).make()
    assert [fact["of"] for fact in report.facts] == ["update"]


def test_key_is_made_once_for_this_user_alone_and_a_damaged_one_is_not_replaced(settings, clock):
    reporter_of(settings, clock).make()
    path = settings.device_key_file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert device_key(path).id == device_key(path).id
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError):
        device_key(path)
    reporter_of(settings, clock).turn()  # goes on all the same
    assert path.read_bytes() != content
    path.write_bytes(Key.new().public.to_pem())
    with pytest.raises(StoreError):
        device_key(path)


def test_box_without_an_id_reports_under_one_made_of_its_key(settings, clock):
    (report,) = reporter_of(replace(settings, library_id=""), clock).make()
    assert report.head.library == f"box-{report.key[:16]}"


def test_report_is_made_again_when_something_is_different_and_at_last_when_the_month_is_over(settings, clock):
    box = reporter_of(settings, clock)
    assert [r.head.number for r in box.make()] == [1]
    assert box.make() == []
    clock.at += timedelta(days=1)
    write_holdings(settings.holdings_file, held(), FILES)
    assert box.make() == []  # a week has not passed
    clock.at = datetime(2026, 12, 1, 3, tzinfo=UTC)
    assert [(r.head.month, r.head.number) for r in box.make()] == [("2026-11", 2), ("2026-12", 1)]
    assert box.make() == []
    clock.at += LATER
    assert box.make() == []  # nothing is different
    write_holdings(settings.holdings_file, held(seq=3), FILES)
    assert [(r.head.month, r.head.number) for r in box.make()] == [("2026-12", 2)]
    assert [(r.head.month, r.head.number) for r in box.outbox.waiting()] == [("2026-11", 2), ("2026-12", 2)]


def test_clock_that_cannot_be_believed_makes_no_report(settings, clock):
    for year in (2001, 2090):
        clock.at = datetime(year, 1, 1, tzinfo=UTC)
        assert reporter_of(settings, clock).make() == []


# — sending —


class National:
    """The receiver behind its real server."""

    def __init__(self, folder, clock):
        (folder / "keys").mkdir()
        self.folder, self.key = folder, machine_key(folder / "receiver.key")
        store = ReturnStore(folder / "store", Enrolled(folder / "keys"), self.key, FILES, clock.now)
        self.server = server_of(Receiver(store, clock.monotonic), "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self.server.effective_port}/returns"
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()

    def enrol(self, settings):
        (self.folder / "keys" / f"{settings.library_id}.pub").write_bytes(
            device_key(settings.device_key_file).public.to_pem()
        )

    def kept(self):
        return [(k.report.head.month, k.report.head.number) for k in kept_in(self.folder / "store")]

    def close(self):
        self.server.close()
        self._thread.join(60)


@pytest.fixture
def national(tmp_path, clock):
    (tmp_path / "national").mkdir()
    made = National(tmp_path / "national", clock)
    yield made
    made.close()


def test_report_is_sent_received_and_kept_with_its_receipt(settings, clock, national):
    settings = replace(settings, report_url=national.address, report_key=national.key.public.raw.hex())
    device_key(settings.device_key_file)
    national.enrol(settings)
    box = reporter_of(settings, clock)
    box.turn()
    assert national.kept() == [("2026-11", 1)]
    assert box.outbox.waiting() == []
    box.turn()  # nothing is due
    write_holdings(settings.holdings_file, held(), FILES)
    clock.advance(LATER.total_seconds())
    box.turn()
    assert national.kept() == [("2026-11", 2), ("2026-12", 1)]  # eight days later November is over
    assert [(r.head.month, r.head.number) for r in box.outbox.reports()] == [("2026-11", 2), ("2026-12", 1)]


def test_receipt_that_was_lost_is_asked_for_again_and_the_report_counts_once(settings, clock, national):
    settings = replace(settings, report_url=national.address)
    device_key(settings.device_key_file)
    national.enrol(settings)
    box = reporter_of(settings, clock)
    box.turn()
    for path in settings.outbox_folder.glob("*.receipt"):
        path.unlink()
    again = reporter_of(settings, clock)  # the box was killed before it kept the receipt
    assert len(again.outbox.waiting()) == 1
    again.turn()
    assert again.outbox.waiting() == []
    assert national.kept() == [("2026-11", 1)]


def test_box_that_is_not_enrolled_waits_and_tries_again_when_it_is(settings, clock, national):
    settings = replace(settings, report_url=national.address)
    box = reporter_of(settings, clock)
    box.turn()
    assert len(box.outbox.waiting()) == 1
    national.enrol(settings)
    box.turn()
    assert len(box.outbox.waiting()) == 1  # it rests
    clock.advance(CHECK_SECONDS)
    box.turn()
    assert box.outbox.waiting() == []


def test_report_that_is_never_taken_does_not_keep_the_others_waiting(settings, clock, national):
    settings = replace(settings, report_url=national.address)
    key = device_key(settings.device_key_file)
    national.enrol(settings)
    box = reporter_of(settings, clock)
    # The clock was in the past once, and the national library has a later report of October.
    for month, made in (("2021-03", "2021-03-02T00:00:00Z"), ("2026-10", "2026-10-02T00:00:00Z")):
        box.outbox.add(make_report(Head("SC-511702", month, 1, made, "1"), [], key))
    later = make_report(Head("SC-511702", "2026-10", 5, "2026-10-20T00:00:00Z", "1"), [], key)
    reporting.send(national.address, later.content, 1 << 16, 10)
    before = clock.monotonic()
    box.turn()
    assert national.kept() == [("2026-10", 5), ("2026-11", 1)]
    assert [report.head.month for report in box.outbox.waiting()] == ["2021-03", "2026-10"]
    assert box._next >= before + 100  # and what is not taken is not sent again and again


def test_receipt_by_another_key_or_for_another_report_is_not_believed(settings, clock, national, monkeypatch):
    settings = replace(settings, report_url=national.address, report_key=Key.new().public.raw.hex())
    device_key(settings.device_key_file)
    national.enrol(settings)
    box = reporter_of(settings, clock)
    box.turn()
    assert len(box.outbox.waiting()) == 1
    other = make_report(Head("SC-1", "2026-11", 1, moment_text(clock.now()), "1"), [], Key.new())
    receipt = make_receipt(other, clock.now(), national.key)
    monkeypatch.setattr(reporting, "send", lambda *_: (200, receipt.content))
    reporter_of(replace(settings, report_key=""), clock).turn()
    assert len(box.outbox.waiting()) == 1
    assert not list(settings.outbox_folder.glob("*.receipt"))


@pytest.mark.parametrize("name", ["gzipped", "chunked", "redirect", "busy", "endless", "page", "garbage", "hangs_up"])
def test_server_that_does_wrong_takes_no_report_away(name, settings, clock, tmp_path):
    from tests.faulty_server import FAULTS

    (tmp_path / "web").mkdir()
    (tmp_path / "web/returns").mkdir()
    (tmp_path / "web/returns/index").write_bytes(b"x" * 1000)
    server = FaultyServer(tmp_path / "web")
    server.fault = FAULTS[name]
    try:
        box = reporter_of(replace(settings, report_url=f"{server.address}/returns/index"), clock)
        before = clock.monotonic()
        box.turn()
        assert len(box.outbox.waiting()) == 1
        assert box._next >= before + (1200 if name == "busy" else 100)
    finally:
        server.close()


# — cuts —


def test_power_cut_leaves_every_report_that_was_made_and_no_half_one(tmp_path):
    (tmp_path / "disk").mkdir()
    files = RecordingFiles(tmp_path / "disk")
    outbox = Outbox(files.root / "outbox", files)
    key, receiver, done = Key.new(), Key.new(), []
    for number in (1, 2):
        report = make_report(Head("SC-1", "2026-11", number, "2026-11-27T03:00:00Z", "1"), [], key)
        outbox.add(report)
        done.append((len(files.ops), number))
        outbox.received(report, make_receipt(report, datetime(2026, 11, 27, tzinfo=UTC), receiver))
    for count, (at, replay, state) in enumerate(states(files.ops, cap=24)):
        assert not replay.broken_promises(state)
        put(state, folder := tmp_path / f"cut-{count}")
        there = [report.head.number for report in Outbox(folder / "outbox", FILES).reports()]
        shutil.rmtree(folder)
        newest = max([number for since, number in done if since <= at], default=0)
        assert (there[-1] if there else 0) in {newest, newest + 1}, (at, there)


# — carrying —


def test_reports_and_the_public_key_are_carried_by_files(settings, clock, tmp_path, capsys):
    box = reporter_of(settings, clock)
    (report,) = box.make()
    (tmp_path / "stick").mkdir()
    carried = carry(settings, tmp_path / "stick", date(2026, 11, 27))
    assert carried == ["SC-511702.pub", "SC-511702.device", report.file_name]
    device = read_device((tmp_path / "stick/SC-511702.device").read_bytes())
    assert (device.library, device.key) == ("SC-511702", load_public_key(tmp_path / "stick/SC-511702.pub"))
    assert device.text in "\n".join(report_lines(settings, date(2026, 11, 27)))
    assert read_report((tmp_path / "stick" / report.file_name).read_bytes()) == report
    report.prove(load_public_key(tmp_path / "stick/SC-511702.pub"))
    file = tmp_path / "settings.toml"
    file.write_text(f'data_folder = "{settings.data_folder}"\nroot_file = "r"\nlibrary_id = "SC-511702"\n')
    assert cli.main(["report", "--settings", str(file), "--to", str(tmp_path / "stick")]) == 0
    said = capsys.readouterr().out
    assert "SC-511702" in said
    assert "2026-11 第 1 份　等待报送" in said
    settings.device_key_file.unlink()
    assert cli.main(["report", "--settings", str(file)]) == 1
    assert not settings.device_key_file.exists()  # the worker makes it, for itself
