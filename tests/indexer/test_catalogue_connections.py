from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from indexer.catalogue import Catalogue, build_catalogue
from indexer.catalogue_connections import CACHE_KIB, KEPT, Connections
from indexer.errors import IndexFormatError
from tests.indexer.shelf import generated, write_truth


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    build_catalogue(*write_truth(folder, generated(9)), folder / "catalogue.db")
    return folder / "catalogue.db"


def test_connections_follow_the_questions_at_one_time_and_not_the_threads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", counted)
    catalogue = Catalogue(path)
    for _ in range(20):
        thread = threading.Thread(target=catalogue.get, args=("b1",))
        thread.start()
        thread.join()
    assert len(opened) <= 2  # one of the catalogue, one in which the expected tables are made
    assert opened[0].execute("PRAGMA cache_size").fetchone() == (-CACHE_KIB,)
    catalogue.close()


def test_connections_of_a_crowd_close_after_it_but_for_some(path: Path) -> None:
    connections = Connections(path, 1 << 20)
    lent = [connections._taken() for _ in range(3 * KEPT)]
    for connection in lent:
        connections._given_back(connection)
    assert connections._waiting == lent[:KEPT]
    for connection in lent[KEPT:]:
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
    assert connections._taken() is lent[KEPT - 1]
    connections.close()
    connections._given_back(lent[KEPT - 1])
    for connection in lent[:KEPT]:
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
    with pytest.raises(IndexFormatError, match="closed"):
        connections.ask("SELECT 1")


def test_connections_are_usable_after_a_question_that_failed(path: Path) -> None:
    connections = Connections(path, 1 << 20)
    with pytest.raises(IndexFormatError):
        connections.ask("SELECT nothing FROM nowhere")
    assert connections.ask("SELECT 1") == [(1,)]
    assert len(connections._waiting) == 1
    connections.close()
