"""A stick with updates comes in by the same door: lists, documents, packs, all proved; pulled out, it goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import RealClock
from appliance.store.editions import STAGED
from appliance.store.holdings import read_holdings
from appliance.store.updating import read_state
from appliance.sync import sticks as module
from appliance.sync.incoming import PIECE, SourceError
from appliance.sync.sources import FolderFiles
from appliance.sync.updater import Updater
from packager.drives import write_drive
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.sync.test_updater import Box, live_is
from tests.simulator import DAY, Publisher

FILES = RealFiles()


@pytest.fixture(scope="module")
def stick_tree(published, tmp_path_factory):
    """What `packager stick` writes, and a drive of the first edition."""
    publisher, archive, work = published
    folder = tmp_path_factory.mktemp("stick")
    publish(work, publisher.keys, FolderSite(folder / "stick", FILES), DAY, payload=False, lists=False)
    write_drive(archive, folder / "drive", FILES, quiet=True)
    return folder / "stick", folder / "drive"


class Desk:
    """A box with a drive, and a place for sticks."""

    def __init__(self, box, slot, tree):
        self.box, self.slot, self.tree = box, slot, tree
        self.sticks = box.updater.sticks

    def plug(self, folder="", spoil=lambda _root: None):
        """Plug the stick in, its tree in a folder of it; changed by `spoil` before the box sees it."""
        made = self.slot.parent.with_name("made")
        root = shutil.copytree(self.tree, made / folder)
        spoil(root)
        made.rename(self.slot)

    def pull(self):
        self.slot.rename(self.slot.parent.with_name(f"pulled-{len(list(self.slot.parent.parent.iterdir()))}"))

    def stick(self, *keys):
        """Wait until the box says one of these of the stick; its message."""
        path = str(self.slot)

        def holds(holdings):
            return any(d.path == path and d.message.key in keys for d in holdings.drives)

        holdings = self.box.until(holds)
        return next(d.message for d in holdings.drives if d.path == path)

    def read(self):
        """Have the stick recognised, then read."""
        self.stick("sync.stick.reading")
        self.sticks.turn()

    def seqs(self):
        self.box.until(lambda _holdings: True)
        return {release.seq for release in self.box.intake.door().store.all() for release in [release.release]}


@pytest.fixture
def desks(published, stick_tree, tmp_path):
    made = []

    def make(drive=True, **settings):
        slot = tmp_path / "media/usb"
        slot.parent.mkdir(exist_ok=True)
        here = shutil.copytree(stick_tree[1], tmp_path / "drive", dirs_exist_ok=True)
        settings = {"update_apply": "at-once"} | settings
        box = Box(tmp_path / "box", published[0], here, drive_folders=(slot.parent,), **settings)
        made.append(box)
        if drive:
            box.until(lambda holdings: any(release.search.state == "ready" for release in holdings.live()))
        box.updater.sticks.turn()  # the drive itself is looked at: nothing is on it
        return Desk(box, slot, stick_tree[0])

    yield make
    for box in made:
        box.close()


def packs_of(root):
    return sorted(path for path in (root / "objects").rglob("*") if path.is_file() and len(path.name) == 64)


def notices(desk):
    desk.box.until(lambda _h: True)
    return [message.key for message in read_holdings(desk.box.settings.holdings_file).notices]


def test_update_comes_from_a_stick_in_a_folder_and_the_stick_may_be_pulled_while_it_is_applied(desks):
    desk = desks()
    desk.plug("更新 2026年11月")
    assert desk.stick("sync.stick.reading").params["duration"] >= 1
    assert desk.sticks.waiting()
    desk.sticks.turn()
    desk.box.until(live_is(2))
    assert desk.stick("sync.applied").params["added"] == 1
    state = read_state(desk.box.settings.updates_folder)
    assert (state.applied, list(state.counts.values())) == (desk.box.intake.door().store.all()[-1].folder, [(1, 4, 1)])
    library = desk.box.keeper.library
    assert library.resource("gone") is None
    assert library.resource("renamed").resource.title == "题名已正"
    assert not desk.sticks.waiting()
    desk.pull()
    desk.box.until(lambda h: not any(d.path == str(desk.slot) for d in h.drives))
    desk.plug()
    desk.read()
    assert desk.stick("sync.stick.older")


def test_edition_of_a_stick_is_staged_like_any_other(desks):
    desk = desks(update_apply="closing", opening_hours="")
    desk.plug()
    desk.read()
    said = desk.stick("sync.stick.ready")
    assert [said.params[name] for name in ("added", "changed", "withdrawn")] == [1, 4, 1]
    holdings = desk.box.until(lambda h: [r.held_back for r in h.releases if r.seq == 2] == [STAGED])
    assert [release.seq for release in holdings.live()] == [1]
    desk.sticks.turn()
    assert desk.stick("sync.stick.ready")
    desk.box.updater.command({"do": "update-apply"})
    desk.sticks.turn()
    assert desk.stick("sync.stick.older")
    desk.box.until(live_is(2))


def test_nothing_waits_for_window_or_cap(desks):
    desk = desks(update_window="03:00-03:01", update_cap_bytes=1)
    desk.plug()
    desk.read()
    desk.box.until(live_is(2))


def test_stick_that_is_pulled_goes_on_where_it_was_and_reads_nothing_twice(desks, monkeypatch):
    desk = desks()
    monkeypatch.setattr("appliance.sync.incoming.PIECE", 1 << 17)
    desk.plug()
    read, given, pulled = FolderFiles.stretch, [], []

    def stretch(self, name, size, offset, length):
        if name.startswith("objects/"):
            if len(given) == 2 and not pulled:
                pulled.append(desk.pull())
                desk.box.until(lambda h: not any(d.path == str(desk.slot) for d in h.drives))
            else:
                given.append((name, offset))
        return read(self, name, size, offset, length)

    monkeypatch.setattr(FolderFiles, "stretch", stretch)
    desk.read()
    assert notices(desk)[-1] == "sync.stick.unplugged"
    assert desk.seqs() == {1}
    desk.plug()
    desk.read()
    assert len(given) > 5
    assert len(given) == len(set(given))
    desk.box.until(live_is(2))
    assert "sync.stick.unplugged" not in notices(desk)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def link_folder(path):
    folder = path.parent
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


def huge(path):
    with path.open("r+b") as file:
        file.truncate(1 << 33)


def folder(path):
    path.unlink()
    path.mkdir()


SPOILS = [Path.unlink, cut, flip, pipe, link, link_folder, huge, folder]


@pytest.mark.parametrize("spoil", [spoil for spoil in SPOILS if spoil is not flip], ids=lambda spoil: spoil.__name__)
def test_what_is_no_plain_file_of_the_signed_size_is_not_there(stick_tree, tmp_path, spoil):
    root = shutil.copytree(stick_tree[0], tmp_path / "stick")
    pack = packs_of(root)[0]
    size, name = pack.stat().st_size, pack.relative_to(root).as_posix()
    right = FolderFiles(root).stretch(name, size, 5, 7)
    assert right == pack.read_bytes()[5:12]
    spoil(pack)
    assert FolderFiles(root).stretch(name, size, 5, 7) is None


@pytest.mark.parametrize(
    "name", ["../stick/x", "objects//x", "", ".", "a\0b", "objects/./x", "/etc/passwd", "x" * 5000]
)
def test_names_that_lead_elsewhere_lead_nowhere(tmp_path, name):
    (tmp_path / "stick/objects").mkdir(parents=True)
    (tmp_path / "stick/x").write_bytes(b"12345")
    with contextlib.suppress(SourceError):
        assert FolderFiles(tmp_path / "stick").stretch(name, 5, 0, 1) is None


@given(offset=st.integers(0, 5000), length=st.integers(1, 5000), size=st.integers(1, 5000))
def test_stretch_is_exactly_what_was_asked_for_or_nothing(stretched, offset, length, size):
    root, content = stretched
    try:
        found = FolderFiles(root).stretch("file", size, offset, length)
    except SourceError:
        found = None
    fits = size == len(content) and offset + length <= size
    assert found == (content[offset : offset + length] if fits else None)


@pytest.fixture(scope="module")
def stretched(tmp_path_factory):
    root, content = tmp_path_factory.mktemp("stretched"), os.urandom(3000)
    (root / "file").write_bytes(content)
    return root, content


@pytest.mark.parametrize(("what", "spoil"), [("pack", flip), ("document", Path.unlink)])
def test_what_is_spoiled_on_a_stick_is_not_taken_and_the_right_one_is_after(desks, spoil, what):
    def do(root):
        documents = [path for path in (root / "tuf/targets/deltas").rglob("*") if path.is_file()]
        spoil((packs_of(root) if what == "pack" else documents)[0])

    desk = desks()
    desk.plug(spoil=do)
    desk.read()
    said = desk.stick("sync.stick.incomplete", "sync.stick.gap")
    assert said.key == ("sync.stick.incomplete" if what == "pack" else "sync.stick.gap")
    assert said.params.get("edition") in {None, "2026.10"}
    assert desk.seqs() == {1}
    desk.pull()
    desk.box.until(lambda h: not any(d.path == str(desk.slot) for d in h.drives))
    desk.plug()
    desk.read()
    desk.box.until(live_is(2))


def test_clutter_is_passed_over(desks):
    def clutter(root):
        for name in ("照片", "a\nb", "-rf", "%2e%2e", "objects/zz", "tuf/targets/deltas/national/more"):
            (root / name).mkdir(parents=True)
        os.mkfifo(root / "照片/管道")
        (root / "objects/00").mkdir(exist_ok=True)
        for n in range(300):
            (root / "objects/00" / f"{n:064x}").write_bytes(b"")
        deep = root / "objects"
        for _ in range(60):
            deep = deep / "d"
            deep.mkdir()
        (root / "loop").symlink_to(root)

    desk = desks()
    desk.plug("x", clutter)
    desk.read()
    desk.box.until(live_is(2))


def test_stick_of_strangers_is_refused_and_nothing_of_it_is_read(desks, tmp_path):
    def strange(root):
        stranger = Publisher(tmp_path / "stranger")
        stranger.release(9)
        shutil.rmtree(root / "tuf/metadata")
        shutil.copytree(stranger.keys / "tuf/metadata", root / "tuf/metadata")

    desk = desks()
    desk.plug(spoil=strange)
    desk.stick("intake.refused.unknown_issuer", "intake.refused.list_changed")
    desk.sticks.turn()
    assert desk.seqs() == {1}
    assert not desk.box.settings.incoming_folder.exists()


def test_pieces_that_came_by_the_line_survive_a_stick_with_other_bytes(desks, stick_tree, monkeypatch):
    monkeypatch.setattr("appliance.sync.incoming.PIECE", 1 << 16)
    desk = desks(update_origins=("http://127.0.0.1:9",))
    pack = packs_of(stick_tree[0])[0]
    kept = desk.box.settings.incoming_folder / pack.name / "00000"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(pack.read_bytes()[: 1 << 16])
    desk.plug(spoil=lambda root: flip(packs_of(root)[0]))
    desk.read()
    assert desk.stick("sync.stick.incomplete")
    assert kept.exists()


def test_drive_that_is_away_lets_the_update_wait_and_it_is_applied_when_it_comes(desks, published):
    desk = desks()
    drive = Path(desk.box.settings.drive_paths[0])
    away = drive.rename(drive.with_name("away"))
    desk.box.until(lambda holdings: any(d.state == "gone" for d in holdings.drives))
    desk.plug()
    desk.read()
    assert desk.stick("sync.stick.drive_away")
    assert desk.seqs() == {1}
    desk.pull()
    desk.box.until(lambda h: not any(d.path == str(desk.slot) for d in h.drives))
    again = Updater(desk.box.settings, RealClock(), FILES, desk.box.intake.door(), published[0].root)
    again.sticks.turn()
    assert desk.seqs() == {1}
    away.rename(drive)
    desk.box.until(lambda holdings: any(d.state == "ready" for d in holdings.drives))
    again.sticks.turn()
    desk.box.until(live_is(2))
    assert not (desk.box.settings.incoming_folder / "documents" / module.WHOLE).exists()
    again.close()


def test_too_little_room_is_said_before_anything_is_written_and_it_goes_on_when_there_is(desks, monkeypatch):
    desk = desks()
    store = desk.box.intake.door().store
    monkeypatch.setattr(store, "free_space", lambda: 1000)
    desk.plug()
    desk.read()
    assert desk.stick("space.update_waits").params["size"] > 2_000_000
    assert not [p for p in desk.box.settings.incoming_folder.iterdir() if p.name != "documents"]
    monkeypatch.undo()
    desk.sticks.turn()
    desk.box.until(live_is(2))


def test_stick_that_never_answers_is_given_up_and_stops_nobody(desks, monkeypatch):
    desk = desks(drive_deadline_seconds=1)
    read = FolderFiles._read
    import threading

    hold = threading.Event()

    def dead(self, name, *rest):
        if name.startswith("objects/"):
            hold.wait(60)
        return read(self, name, *rest)

    monkeypatch.setattr(FolderFiles, "_read", dead)
    desk.plug()
    desk.read()
    assert desk.stick("sync.stick.incomplete")
    hold.set()


def test_wire_gives_way_to_a_stick_that_is_plugged_in(desks):
    from appliance.sync.allowance import WaitError

    desk = desks()
    desk.plug()
    desk.stick("sync.stick.reading")
    with pytest.raises(WaitError):
        desk.box.updater._allowance.allow(PIECE)
    desk.sticks.turn()
    desk.box.updater._allowance.allow(PIECE)


def test_box_without_any_release_takes_the_lists(desks):
    desk = desks(drive=False)
    drive = Path(desk.box.settings.drive_paths[0])
    shutil.rmtree(drive)
    desk.plug()
    desk.read()
    assert desk.stick("sync.list.taken", "sync.stick.gap", "sync.stick.older")
