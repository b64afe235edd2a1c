"""Killed at any moment, a batch leaves a whole ledger, and the next run gives what an undisturbed one gives."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provisioning.ledger import Ledger
from tests.provisioning.desk import counties, write_csv

COUNT = 60
_RUN = """
import sys
from datetime import date
from pathlib import Path
from provisioning.issuing import enter_made, plan_batch
from provisioning.ledger import Ledger
from provisioning.library_list import Defaults, read_list
from provisioning.making import write_boxes
from tests.provisioning.box_files import BOX_KEY
from tests.provisioning.desk import ENTRY, SECRET, terms
folder, day = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
rows = read_list(folder / "list.csv", Defaults()).rows
print("begun", flush=True)
with Ledger(folder / "ledger.db") as ledger:
    planned = plan_batch(ledger, rows, terms(issued=day), ENTRY)
    made = write_boxes(planned, folder / "out", BOX_KEY, SECRET, workers=2, tell=lambda done: None)
    enter_made(ledger, made.files, ENTRY)
"""


def start(folder: Path, day: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _RUN, str(folder), day]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)


def prepared(folder: Path) -> Path:
    folder.mkdir()
    write_csv(folder / "list.csv", counties(COUNT))
    return folder


def result(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "out").rglob("*.*") if path.suffix != ".tmp~"}


def killed_and_resumed(folder: Path, delays: list[float]) -> tuple[int, dict[str, bytes]]:
    """Kill a run after each delay, counted from its first line; how often it came in the middle, and what came out."""
    middle = issued = 0
    for delay in delays:
        process = start(folder, "2026-11-27")
        assert process.stdout
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        middle += process.wait() != 0
        process.stdout.close()
        with Ledger(folder / "ledger.db") as ledger:
            ledger.check()
            issued = len(ledger.lines("issued"))
            assert issued in {0, COUNT}
            assert len(ledger.lines("made")) in {0, COUNT}
    # what was entered keeps its day, whatever day it is now
    process = start(folder, "2026-12-24" if issued else "2026-11-27")
    process.communicate()
    assert process.returncode == 0
    with Ledger(folder / "ledger.db") as ledger:
        assert ledger.check()[0] == 1 + 2 * COUNT
    return middle, result(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, dict[str, bytes]]:
    folder = prepared(tmp_path_factory.mktemp("kills") / "whole")
    process = start(folder, "2026-11-27")
    assert process.stdout
    process.stdout.readline()
    began = time.monotonic()
    process.communicate()
    assert process.returncode == 0
    return time.monotonic() - began, result(folder)


def test_a_killed_batch_goes_on_to_the_same_end(undisturbed: tuple[float, dict[str, bytes]], tmp_path: Path) -> None:
    seconds, whole = undisturbed
    middle, found = killed_and_resumed(prepared(tmp_path / "killed"), [seconds * part for part in (0.02, 0.2, 0.5)])
    assert found == whole
    assert middle


@pytest.mark.slow
def test_many_kills(undisturbed: tuple[float, dict[str, bytes]], tmp_path: Path) -> None:
    seconds, whole = undisturbed
    chance = random.Random(7)
    middle = 0
    for n in range(30):
        delays = [chance.uniform(0, seconds) for _ in range(3)]
        came, found = killed_and_resumed(prepared(tmp_path / f"killed-{n}"), delays)
        middle += came
        assert found == whole
    assert middle > 45
