"""Reports go away on a stick, the national desk takes them, and the stick brings receipts back by the usual door."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime

import pytest

from appliance.clock import RealClock
from appliance.store.holdings import read_holdings
from appliance.sync.receipts import FOLDER
from appliance.sync.reporter import Reporter
from appliance.worker import begin, prepare
from packager.cli import main
from packager.format.files import RealFiles
from packager.format.machine_keys import machine_key
from packager.format.reports import MAX_RECEIPT, make_receipt
from tests.appliance.stock import Stock
from tests.image.drive.lending import Machine

FILES = RealFiles()


class County:
    """A box without a line, its stick, and the national desk."""

    def __init__(self, folder, **options):
        self.folder, self.media = folder, folder / "media"
        self.media.mkdir(exist_ok=True)
        self.stick, self.pocket = self.media / "usb", folder / "pocket"
        self.store, self.keys = folder / "store", folder / "keys"
        self.receiver = machine_key(self.store / "receiver.key")
        self.settings = Stock(folder).settings(library_id="SC-511702", **options)
        prepare(self.settings, FILES)
        self.intake = begin(self.settings, RealClock(), FILES)
        self.said = []
        self.reporter = Reporter(self.settings, RealClock(), FILES, say=self.said.append)

    def until(self, holds, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.intake.turn(0.05)
            if holds(found := read_holdings(self.settings.holdings_file).drives):
                return found
        raise AssertionError(read_holdings(self.settings.holdings_file))

    def plug(self, key):
        """Plug the stick in; what is said of it."""
        shutil.move(self.pocket, self.stick)
        return self.until(lambda drives: any(d.message.key == key for d in drives))[0]

    def pull(self):
        shutil.move(self.stick, self.pocket)
        self.until(lambda drives: not drives)

    def take(self):
        """What the national desk does with the stick in its hand."""
        self.keys.mkdir(exist_ok=True)
        for path in (self.pocket / FOLDER).glob("*.pub"):
            shutil.copy(path, self.keys)
        return main(["returns", "take", str(self.pocket), "--store", str(self.store), "--keys", str(self.keys)])

    def save(self, drive):
        self.reporter.command({"do": "report-export", "drive": drive.key})
        self.reporter._save(self.reporter._asked.get())
        return self.said[-1]


@pytest.fixture
def county(tmp_path):
    made = []

    def make(**options):
        made.append(County(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.reporter.close()
        one.intake.close()


def test_report_of_a_county_without_a_line_is_received_and_counts_once(county, tmp_path, capsys):
    box = county(report_key=machine_key(tmp_path / "store/receiver.key").public.raw.hex())
    (report,) = box.reporter.make()
    box.pocket.mkdir()
    (box.pocket / "照片.jpg").write_bytes(b"x")
    said = box.save(box.plug("intake.refused.not_ours"))
    assert (said.key, said.params) == ("report.saved", {"month": report.head.month})
    assert {p.name for p in (box.stick / FOLDER).iterdir()} == {"SC-511702.pub", "SC-511702.device", report.file_name}
    box.until(lambda drives: drives[0].message.key == "report.stick.none")  # it is said what is on it
    box.pull()
    assert box.take() == 0
    assert box.take() == 0
    assert "重复送来，只计一次" in capsys.readouterr().out
    drive = box.plug("report.received")
    assert (drive.state, drive.message.params) == ("told", {"month": report.head.month})
    assert box.reporter.outbox.waiting() == []
    assert box.reporter.outbox.receipt(report) is not None
    assert box.save(drive).key == "report.saved"  # and the same stick goes away again
    box.pull()
    assert box.plug("report.received").state == "told"


def test_reports_are_not_put_through_a_link(county, tmp_path):
    box = county()
    box.reporter.make()
    box.pocket.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (box.pocket / FOLDER).symlink_to(tmp_path / "elsewhere")
    assert box.save(box.plug("intake.refused.not_ours")).key == "report.not_saved"
    assert not list((tmp_path / "elsewhere").iterdir())


def test_receipts_come_on_a_stick_with_updates_and_at_its_root_too(county, tmp_path):
    box = county()
    (report,) = box.reporter.make()
    receipt = make_receipt(report, datetime(2026, 12, 1, tzinfo=UTC), box.receiver)
    stock = Stock(tmp_path / "other")
    box.pocket.mkdir()
    shutil.copytree(stock.publisher.keys / "tuf", box.pocket / "tuf", dirs_exist_ok=True)
    (box.pocket / report.file_name.replace(".report", ".receipt")).write_bytes(receipt.content)
    shutil.move(box.pocket, box.stick)
    box.until(lambda drives: any(d.state in {"told", "refused"} for d in drives))
    assert box.reporter.outbox.waiting() == []


@pytest.mark.parametrize("spoiled", ["key", "other", "link", "large", "garbage", "folder"])
def test_what_is_no_receipt_of_ours_leaves_the_report_waiting(county, tmp_path, spoiled):
    box = county(report_key=machine_key(tmp_path / "store/receiver.key").public.raw.hex())
    (report,) = box.reporter.make()
    at = datetime(2026, 12, 1, tzinfo=UTC)
    right = make_receipt(report, at, box.receiver).content
    folder = box.pocket / FOLDER
    folder.mkdir(parents=True)
    (folder / report.file_name).write_bytes(report.content)
    path = folder / report.file_name.replace(".report", ".receipt")
    if spoiled == "key":
        path.write_bytes(make_receipt(report, at, machine_key(tmp_path / "stranger.key")).content)
    elif spoiled == "other":
        path.write_bytes(right.replace(report.sha256.encode(), b"0" * 64))
    elif spoiled == "link":
        (tmp_path / "elsewhere").write_bytes(right)
        path.symlink_to(tmp_path / "elsewhere")
    elif spoiled == "large":
        path.write_bytes(right + b" " * MAX_RECEIPT)
    elif spoiled == "garbage":
        path.write_bytes(b"\xff{[" * 100)
    else:
        path.mkdir()
    box.plug("report.stick.none")
    assert box.reporter.outbox.waiting() == [report]
    assert box.reporter.outbox.receipt(report) is None


def test_stick_that_is_gone_or_full_is_said_and_the_report_stays(county, monkeypatch):
    box = county()
    (report,) = box.reporter.make()
    box.pocket.mkdir()
    (box.pocket / "照片.jpg").write_bytes(b"x")
    drive = box.plug("intake.refused.not_ours")
    monkeypatch.setattr("appliance.sync.reporter.carry", _full)
    assert box.save(drive).key == "report.not_saved"
    box.pull()
    assert box.save(drive).key == "report.not_saved"
    assert box.reporter.outbox.waiting() == [report]


@pytest.mark.parametrize("given", [True, False])
def test_a_stick_that_is_mounted_for_reading_only_is_asked_for(county, tmp_path, monkeypatch, given):
    root = Machine(tmp_path / "root", monkeypatch, media=tmp_path / "media")
    box = county(box_folder=root.base, event_spool=root.spool)
    box.reporter.make()
    box.pocket.mkdir()
    (box.pocket / "照片.jpg").write_bytes(b"x")
    drive = box.plug("intake.refused.not_ours")
    root.plug("usb")
    root.fails |= set() if given else {"rw"}
    with root.following():
        assert box.save(drive).key == ("report.saved" if given else "report.not_saved")
    assert (box.stick / FOLDER).exists() == given
    assert root.asked[-1] == "mount ro usb"
    assert not root.event("usb").writable


def _full(*_):
    raise OSError(28, "No space left on device")
