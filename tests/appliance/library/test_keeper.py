"""Tests of the keeper: following the document, swapping views, telling what cannot be opened."""

from __future__ import annotations

import gc
import shutil
import threading

import pytest

from appliance.errors import SearchNotReadyError
from appliance.library.keeper import LibraryKeeper
from indexer.search import SearchRequest


def test_keeper_follows_the_document_in_a_thread(national):
    keeper = national.keeper(poll_seconds=0.01)
    keeper.start()
    before = keeper.library
    national.unplug("one")
    national.publish()
    for _ in range(500):
        if keeper.library is not before:
            break
        threading.Event().wait(0.01)
    assert keeper.library.stats().drives == 0
    assert before.stats().drives == 1
    keeper.close()


def test_keeper_damaged_document_keeps_the_last_view(national):
    keeper = national.keeper()
    before = keeper.library
    national.file.write_bytes(b"torn")
    assert not keeper.refresh()
    assert keeper.library is before
    national.publish()
    assert keeper.refresh()


def test_keeper_carries_open_files_over_and_closes_them_with_the_last_user(national):
    keeper = national.keeper()
    old = keeper.library
    opened = next(iter(keeper._opened.values()))
    national.unplug("one")
    national.publish()
    keeper.refresh()
    assert next(iter(keeper._opened.values())) is opened
    item = old.item(old.resource("big-map").resource.items[0].id)
    national.trusted.clear()
    national.publish()
    keeper.refresh()
    assert keeper.library.stats().releases == 0
    finalizer = opened.close
    del opened, old
    gc.collect()
    assert finalizer.alive
    assert len(item.digest(1)) == 32  # a stream that is still going
    del item
    gc.collect()
    assert not finalizer.alive


@pytest.mark.parametrize("part", ["catalogue", "search"])
def test_keeper_derived_file_that_cannot_be_opened_is_told_once(national, part):
    stored = national.store.all()[0]
    path = stored.path / stored.parts[part]
    if path.is_dir():
        for file in path.iterdir():
            file.write_bytes(b"damaged")
    else:
        path.write_bytes(b"damaged" * 1000)
    told = []
    keeper = national.keeper(broken=lambda folder, part: told.append((folder, part)))
    assert told == [(stored.folder, part)]
    national.publish()
    keeper.refresh()
    assert told == [(stored.folder, part)]
    if part == "search":
        assert len(keeper.library.browse()) == 4
    with pytest.raises(SearchNotReadyError):
        keeper.library.search(SearchRequest(q="x"))


def test_keeper_view_that_cannot_be_made_leaves_the_last_one(national, monkeypatch, caplog):
    keeper = national.keeper(poll_seconds=0.01)
    before = keeper.library
    monkeypatch.setattr(keeper, "_view", lambda _holdings: 1 / 0)
    keeper.start()
    national.publish()
    threading.Event().wait(0.2)
    keeper.close()
    assert keeper.library is before
    assert "the last one stays" in caplog.text


def test_release_folder_that_vanished_is_told_and_the_rest_goes_on(national):
    national.publish()
    shutil.rmtree(national.store.all()[0].path / "meta")
    told = []
    keeper = LibraryKeeper(national.file, national.releases, broken=lambda *what: told.append(what))
    assert keeper.library.stats().resources == 0
    assert [part for _, part in told] == ["catalogue"]
