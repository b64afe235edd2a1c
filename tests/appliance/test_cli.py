"""Tests of appliance.cli: the commands as people and service units call them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from appliance import cli
from appliance.people.accounts import DIRECTOR
from appliance.service import asking
from appliance.settings import load_settings
from appliance.store.holdings import (
    read_holdings,
)
from tests.appliance.stock import Stock
from tests.box import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stock(tmp_path):
    stock = Stock(tmp_path)
    (tmp_path / "media").mkdir()
    return stock


@pytest.fixture
def settings_file(stock):
    path = stock.folder / "settings.toml"
    path.write_text(
        f'data_folder = "data"\nroot_file = "root.json"\ndrive_folders = ["media"]\nreserve_bytes = 0\n'
        f'listen_host = "127.0.0.1"\nlisten_port = {free_port()}\nchunk_cache_bytes = 16777216\n'
    )
    return path


def run(*words):
    return cli.main([*words[:-1], "--settings", str(words[-1])])


def test_settings_check_good_and_bad(settings_file, capsys):
    assert run("settings-check", settings_file) == 0
    assert "可用" in capsys.readouterr().out
    settings_file.write_text("colour = 1")
    assert run("settings-check", settings_file) == cli.EXIT_SETTINGS
    assert "colour" in capsys.readouterr().err
    assert run("settings-check", settings_file.parent / "none.toml") == cli.EXIT_SETTINGS


def test_settings_check_missing_root_is_told(settings_file, stock, capsys):
    stock.root_file.unlink()
    assert run("settings-check", settings_file) == cli.EXIT_SETTINGS
    assert "root_file" in capsys.readouterr().err


def test_account_init_prints_the_first_password_once(settings_file, capsys):
    assert run("account", "init", settings_file) == 0
    first = capsys.readouterr().out
    assert re.search(rf"{DIRECTOR}\s.*[a-z2-9]{{4}}-[a-z2-9]{{4}}-[a-z2-9]{{4}}", first)
    assert run("account", "init", settings_file) == 0
    assert capsys.readouterr().out == ""


def test_account_init_broken_database_fails_with_its_code(settings_file, stock, capsys):
    (stock.folder / "data").mkdir()
    (stock.folder / "data/accounts.db").write_bytes(b"x" * 5000)
    assert run("account", "init", settings_file) == cli.EXIT_FAILED
    assert capsys.readouterr().err.startswith("store:")


def test_status_of_a_box_that_does_not_run(settings_file, capsys):
    assert run("status", settings_file) == 3
    assert capsys.readouterr().out.startswith("▲ ")


@pytest.mark.parametrize(("light", "code", "symbol"), [("attention", 2, "▲"), ("working", 1, "◔"), ("normal", 0, "●")])
def test_status_one_light_one_sentence_and_what_else_there_is(settings_file, capsys, monkeypatch, light, code, symbol):
    health = asking.Health(light, "一切正常，读者可以使用。", ("新内容已备好，今天闭馆后启用。",))
    monkeypatch.setattr(asking, "ask", lambda _settings: health)
    assert run("status", settings_file) == code
    assert capsys.readouterr().out == f"{symbol} 一切正常，读者可以使用。\n  新内容已备好，今天闭馆后启用。\n"


def test_command_line_without_a_command_or_settings_is_refused(capsys):
    for words in ([], ["serve"], ["account"], ["nonsense", "--settings", "x"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        assert caught.value.code == 2
    capsys.readouterr()


def wait_for(ready, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def test_serve_whole_life_of_a_box(settings_file, stock):
    """Starts, takes a drive in, loses its worker, goes on, restarts it, stops on SIGTERM leaving nothing behind."""
    settings = load_settings(settings_file)
    stock.drive(stock.work(ready=True))
    log = (stock.folder / "log").open("wb")
    box = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(settings_file)],
        cwd=ROOT, stdout=log, stderr=log,
    )  # fmt: skip

    def health():
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.listen_port}/health", timeout=60) as answer:
            return json.load(answer)

    def worker():
        return read_holdings(settings.holdings_file).worker.pid

    try:
        wait_for(lambda: health()["resources"] == 4)
        assert run("status", settings_file) == 0
        first = worker()
        os.kill(first, signal.SIGKILL)
        assert health()["resources"] == 4
        wait_for(lambda: worker() not in {0, first})
        assert health()["drives"] == 1
        second = worker()
    finally:
        box.send_signal(signal.SIGTERM)
        code = box.wait(60)
        log.close()
    assert code == 0, (stock.folder / "log").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


def test_serve_port_that_is_taken_fails_and_leaves_no_worker(settings_file, stock, capsys):
    settings = load_settings(settings_file)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.listen_port))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(settings_file)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == cli.EXIT_FAILED
    assert "Address already in use" in done.stderr
    assert not (stock.folder / "data/worker.lock").exists()
