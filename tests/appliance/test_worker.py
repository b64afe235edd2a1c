"""Tests of appliance.worker: the process that takes drives in, alone and mortal."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from appliance import worker
from appliance.clock import RealClock
from appliance.errors import SettingsError
from appliance.store.checks import CheckReader
from appliance.store.holdings import Holdings, read_holdings
from packager.format.errors import UnknownIssuerError
from packager.format.files import RealFiles
from tests.appliance.stock import Stock

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stock(tmp_path):
    stock = Stock(tmp_path)
    (tmp_path / "media").mkdir()
    return stock


def wait_for(ready, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.05)
    return False


def states(settings):
    return [d.state for d in read_holdings(settings.holdings_file).drives]


def test_run_drive_appears_and_goes_while_it_works(stock):
    settings, stop = stock.settings(drive_paths=(stock.folder / "later",)), threading.Event()
    away = stock.drive(stock.work(ready=True), "away")
    thread = threading.Thread(target=worker.run, args=(settings, RealClock(), RealFiles(), stop))
    thread.start()
    try:
        assert wait_for(lambda: read_holdings(settings.holdings_file).generation > 0)
        away.rename(stock.folder / "media/one")
        assert wait_for(lambda: states(settings) == ["ready"])
        (stock.folder / "media/one").rename(away)
        assert wait_for(lambda: states(settings) == ["gone"])
        away.rename(stock.folder / "later")
        assert wait_for(lambda: states(settings) == ["ready"])
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_run_second_worker_waits_for_the_first(stock):
    settings = stock.settings()
    first, second = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=worker.run, args=(settings, RealClock(), RealFiles(), stop)) for stop in (first, second)
    ]
    threads[0].start()
    assert wait_for(lambda: read_holdings(settings.holdings_file).generation > 0)
    threads[1].start()
    time.sleep(0.5)
    second.set()
    threads[1].join(60)
    assert not threads[1].is_alive()
    first.set()
    threads[0].join(60)


def test_run_ends_when_its_parent_is_gone(stock):
    settings = stock.settings()
    begun = time.monotonic()
    worker.run(settings, RealClock(), RealFiles(), threading.Event(), parent=1 if os.getppid() != 1 else 2)
    assert time.monotonic() - begun < 60


def test_prepare_makes_durable_what_a_killed_run_left_where_it_may(stock):
    """A service may own its folder and not be allowed to look into the one above."""
    synced: list[Path] = []

    class Closed(RealFiles):
        def fsync_dir(self, folder: Path) -> None:
            if folder == settings.data_folder.parent:
                raise PermissionError(errno.EACCES, "closed", str(folder))
            synced.append(folder)

    settings = stock.settings()
    settings.data_folder.mkdir()
    worker.prepare(settings, Closed())
    assert settings.commands_folder.is_dir()
    assert synced[-1] == settings.data_folder


def test_read_root_absent_large_or_foreign_is_an_error(stock, tmp_path):
    with pytest.raises(SettingsError, match="root_file"):
        worker.read_root(tmp_path / "none")
    (tmp_path / "large").write_bytes(b"x" * (worker.MAX_ROOT + 1))
    with pytest.raises(SettingsError, match="more than"):
        worker.read_root(tmp_path / "large")
    (tmp_path / "foreign").write_bytes(b"{}")
    settings = stock.settings(root_file=tmp_path / "foreign")
    with pytest.raises(UnknownIssuerError):
        worker.run(settings, RealClock(), RealFiles(), threading.Event())


def test_last_holdings_damaged_document_is_empty(tmp_path):
    (tmp_path / "h.json").write_bytes(b"torn")
    assert worker.last_holdings(tmp_path / "h.json") == Holdings()


def test_watched_folders_are_where_drives_can_appear(stock, tmp_path):
    settings = stock.settings(drive_paths=(tmp_path / "a/one",), event_spool=tmp_path / "spool")
    found = worker.watched_folders(settings)
    assert {tmp_path / "spool", tmp_path / "media", tmp_path / "a", tmp_path / "a/one"} <= set(found)


def settings_file(stock, **options):
    path = stock.folder / "settings.toml"
    lines = {"data_folder": "data", "root_file": "root.json", **options}
    text = "".join(f"{k} = {v!r}\n" if isinstance(v, int) else f'{k} = "{v}"\n' for k, v in lines.items())
    path.write_text(text + 'drive_folders = ["media"]\nreserve_bytes = 0\n')
    return path


def spawn_worker(path):
    code = f"from pathlib import Path; from appliance.worker import main; main(Path({str(path)!r}))"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)


def at_work(settings):
    """Whether a worker holds the lock: its signals are then its own."""
    with contextlib.suppress(FileNotFoundError), (settings.data_folder / "worker.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_main_killed_at_any_moment_the_next_one_brings_the_drive_up(stock):
    """Kills while it takes a drive in; after the last kill the drive becomes ready all the same."""
    path, settings = settings_file(stock), stock.settings()
    stock.drive(stock.work())
    for wait in (0.0, 0.1, 0.25, 0.4, 0.6):
        process = spawn_worker(path)
        assert wait_for(lambda: at_work(settings))
        time.sleep(wait)
        process.kill()
        process.wait()
        holdings = read_holdings(settings.holdings_file)  # whole at every moment
        for release in holdings.releases:
            assert (settings.releases_folder / release.folder / "READY").is_file()
    process = spawn_worker(path)
    try:
        assert wait_for(lambda: at_work(settings))
        assert wait_for(lambda: states(settings) == ["ready"])
        assert wait_for(lambda: read_holdings(settings.holdings_file).live()[0].search.state == "ready")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_run_drive_is_checked_and_told_to_whoever_reads_the_record(stock):
    settings, stop = stock.settings(check_after_seconds=0), threading.Event()
    drive = stock.drive(stock.work(ready=True))
    spoilt = next(p for p in (drive / "bag/data").rglob("*") if p.is_file())
    spoilt.write_bytes(b"other bytes than were signed for")
    thread = threading.Thread(target=worker.run, args=(settings, RealClock(), RealFiles(), stop))
    thread.start()
    reader = CheckReader(settings.checks_file)
    try:
        assert wait_for(lambda: any(run.state == "finished" for run in reader.runs()))
    finally:
        stop.set()
        thread.join(60)
    assert [(f.item_id, f.kind) for _, f in reader.findings(0)] == [(spoilt.stem, "damaged")]
    reader.close()
