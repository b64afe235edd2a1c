"""kill -9 in every stage of updates: readers have the old edition or the new one, and nothing finished comes twice."""

from __future__ import annotations

import os
import sys

import pytest

from tests.appliance.sync.four_editions import make_editions
from tests.appliance.sync.killing import PIECE, STAGES, Kills

COUNT = int(os.environ.get("SHUXIANG_KILLS", "500"))


@pytest.fixture
def rounds(published, tmp_path):
    made = Kills(tmp_path, make_editions(published, tmp_path))
    yield made
    made.close()


def test_worker_killed_in_an_update_goes_on_where_it_was(rounds):
    rounds.kill(5)
    assert rounds.finished


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_worker_killed_hundreds_of_times_in_updates(rounds, capsys):
    def told():
        with capsys.disabled():
            sys.stdout.write(f"\n{rounds.kills} kills, {rounds.finished} updates to the end: {dict(rounds.found)}")
            sys.stdout.flush()

    rounds.kill(COUNT, told=told)
    most = rounds.finished * rounds.needed + rounds.kills * 2 * PIECE
    with capsys.disabled():
        sys.stdout.write(f"\nan update needs {rounds.needed:,} bytes; fetched {rounds.fetched:,}\n")
        for stage in STAGES:
            sys.stdout.write(f"{stage}: {rounds.found[stage]} kills, lasts {rounds.lasts.get(stage, 0):.3f} s\n")
    assert rounds.finished * rounds.needed <= rounds.fetched <= most
    assert all(rounds.found[stage] >= COUNT // 50 for stage in STAGES[:-1]), rounds.found
