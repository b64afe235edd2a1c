"""kill -9 in the middle of updates: readers have the old edition or the new one, and nothing finished comes twice."""

from __future__ import annotations

import os
import sys

import pytest

from packager.drives import write_drive
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.sync.killing import PIECE, Kills
from tests.simulator import DAY

COUNT = int(os.environ.get("SHUXIANG_KILLS", "500"))


@pytest.fixture
def rounds(published, tmp_path):
    publisher, archive, work = published
    publish(work, publisher.keys, FolderSite(tmp_path / "origin", RealFiles()), DAY)
    write_drive(archive, tmp_path / "drive", RealFiles(), quiet=True)
    (tmp_path / "root.json").write_bytes(publisher.root)
    made = Kills(tmp_path, tmp_path / "root.json", tmp_path / "drive", tmp_path / "origin")
    yield made
    made.close()


def test_worker_killed_in_an_update_goes_on_where_it_was(rounds):
    rounds.kill(5)
    assert rounds.finished


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_worker_killed_hundreds_of_times_in_updates(rounds, capsys):
    rounds.kill(COUNT)
    most = rounds.finished * rounds.needed + rounds.kills * 2 * PIECE
    with capsys.disabled():
        sys.stdout.write(
            f"\n{rounds.kills} kills, {rounds.finished} updates to the end; found: {dict(rounds.seen)}; "
            f"an update needs {rounds.needed:,} bytes in {rounds.seconds:.1f} s; fetched {rounds.fetched:,}\n"
        )
    assert rounds.finished * rounds.needed <= rounds.fetched <= most
    assert len(rounds.seen) >= 4
