"""After an update words are found inside what came by it, read from the SSD, proved, with the origin gone."""

from __future__ import annotations

import pytest

from appliance.library.carriers import SSD
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.serving.texts import TextSearch
from appliance.serving.texts_made import MadeIndexes
from appliance.store.carried import CarriedStore
from tests.appliance.sync.test_updater import boxes, live_is, origin, tree

NEW, OLD, ADDED = "新书的正文", "春江潮水连海平", "新添的一句"
__all__ = ["boxes", "origin", "tree"]


class Texts:
    """Texts of a box, opened as they are now, and what was found damaged."""

    def __init__(self, box, *, made=None):
        self.box, self.damaged = box, []
        self.pools = DrivePools()
        store = ChunkStore(on_damage=lambda item, index: self.damaged.append((item.drive, index)))
        self.search_ = TextSearch(lambda: box.keeper.library, store, self.pools, made=made)
        self.search_.refresh()

    def found(self, query):
        """Ids of the resources whose texts hold a query, with the marked words."""
        texts = self.search_.search(query, seconds=20)
        ids = {}
        for folder, inside in texts.inside.items():
            (shelf,) = [s for s in self.box.keeper.library.shelves if s.release.folder == folder]
            rows = inside.rows.tolist()
            shown = self.search_.excerpts(texts, [(folder, row) for row in rows])
            for row in rows:
                ids[shelf.catalogue.rows([row])[0].id] = shown[folder, row].match
        return ids

    def drives(self):
        """Where the open indexes lie."""
        return {drive for key, opened in self.search_._opened.items() if opened.index for drive, _ in key[2]}


@pytest.fixture
def texts():
    made = []

    def open_(box, **options):
        made.append(Texts(box, **options))
        return made[-1]

    yield open_
    for found in made:
        found.search_.close()
        found.pools.close()


@pytest.fixture
def updated(boxes, origin):
    box = boxes()
    assert box.updater.turn().key == "sync.applied"
    box.until(live_is(2))
    origin.refuse = lambda _name: True
    return box


def test_words_inside_what_came_by_an_update_are_found(updated, texts):
    opened = texts(updated)
    assert opened.search_.covers_all
    assert SSD in opened.drives()
    assert opened.found(NEW) == {"new": NEW}
    assert opened.found(ADDED) == {"edited": ADDED}
    assert opened.found(OLD) == {"edited": OLD}
    assert not opened.damaged


def test_what_came_is_proved_when_it_is_read(updated, texts):
    store = CarriedStore(updated.settings.carried_folder)
    folder = updated.settings.releases_folder / updated.keeper.library.shelves[0].release.folder
    lines = (folder / "meta/items.txt").read_text().splitlines()
    (digest,) = [line.split()[0] for line in lines if line.endswith("sections-1/sections.txt")]
    path = store.path(digest)
    content = bytearray(path.read_bytes())
    content[content.index(NEW.encode())] ^= 1
    path.write_bytes(content)
    opened = texts(updated)
    assert not opened.found(NEW)
    assert opened.damaged == [(SSD, 0)]
    assert not opened.search_.covers_all


def test_a_drive_that_is_away_takes_its_resources_along_and_not_those_that_came(updated, tree, texts):
    away = tree[1].rename(tree[1].with_name("away"))
    try:
        updated.until(lambda holdings: holdings.drives[0].state == "gone")
        opened = texts(updated)
        assert opened.found(NEW) == {"new": NEW}
        assert opened.drives() == {SSD}
    finally:
        away.rename(tree[1])


def test_an_index_is_made_here_of_texts_on_drive_and_ssd(boxes, texts, monkeypatch, tmp_path, origin):
    box = boxes()
    box.updater.turn()
    box.until(live_is(2))
    # As of a release that brings no index: its lists name none.
    monkeypatch.setattr("appliance.library.texts.sections_file", lambda _path: None)
    opened = texts(box, made=MadeIndexes(tmp_path / "made"))
    assert opened.search_.covers_all
    assert opened.found(NEW) == {"new": NEW}
    assert opened.found(ADDED) == {"edited": ADDED}
