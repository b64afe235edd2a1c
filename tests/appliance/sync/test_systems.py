"""Systems of the box: fetched by sync or from a stick, proved, and installed by root only when it is closed."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.box.offered import offers, prove
from appliance.box.system_state import FELL_BACK, REFUSED, SystemState, write_system_state
from appliance.clock import FixedClock
from appliance.errors import IntakeError
from appliance.intake.door import Carrier, Door
from appliance.intake.trusting import SharedTrust
from appliance.settings import Settings
from appliance.store.preferences import PreferenceStore
from appliance.store.releases import ReleaseStore
from appliance.store.updating import read_state
from appliance.sync.board import StateBoard
from appliance.sync.incoming import PIECE, SourceError
from appliance.sync.sources import directly
from appliance.sync.stick_supply import StickSupply
from appliance.sync.system_sticks import SystemSticks
from appliance.sync.systems import Systems
from appliance.sync.updater import Updater
from packager.format.files import Files, RealFiles
from packager.format.origin import OriginError, object_path
from packager.format.trust import TrustStore
from packager.publishing.sites import FolderSite
from packager.systems.commands import sign_system
from packager.systems.making import read_system
from packager.systems.publishing import publish_system
from tests.faulty_server import Asked, FaultyServer
from tests.packager.system_folders import system_folder
from tests.powercut.box import put
from tests.powercut.recording import RecordingFiles, states
from tests.simulator import DAY, EARLIEST, Publisher, passphrase

FILES = RealFiles()
DAYTIME, NIGHT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC), datetime(2026, 12, 1, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> tuple[Publisher, Path]:
    """A publisher with systems 4 (5 MiB) and 6, which only boxes of 5 may take; and a stick with both."""
    folder = tmp_path_factory.mktemp("national")
    publisher = Publisher(folder / "publisher")
    publisher.release(1)
    site = FolderSite(folder / "stick", FILES)
    for version, minimum in ((4, 2), (6, 5)):
        made = system_folder(folder / str(version), version, size=PIECE + (1 << 20))
        sign_system(made, publisher.keys, passphrase, DAY, FILES, minimum=minimum)
        publish_system(made, publisher.keys, site)
    return publisher, folder / "stick"


class Desk:
    """The service's part of a box that runs system 3, with one stick."""

    def __init__(self, folder: Path, publisher: Publisher, running: int = 3, files: Files = FILES) -> None:
        self.files = files
        (folder / "run").mkdir(parents=True)
        (folder / "root.json").write_bytes(publisher.root)
        self.settings = Settings(
            data_folder=folder / "data", root_file=folder / "root.json", box_folder=folder / "run", reserve_bytes=0,
            opening_hours="9:00-17:00",
        )  # fmt: skip
        self.clock = FixedClock(DAYTIME)
        trust = TrustStore(self.settings.trust_folder, publisher.root, self.files, earliest=EARLIEST)
        trust.offer(publisher.keys / "tuf")
        self.store = ReleaseStore(self.settings.releases_folder, self.settings.scratch_folder, self.files)
        self.store.start()
        self.door = Door(self.store, SharedTrust(trust), SimpleNamespace(), {}, lambda _news: None)  # type: ignore[arg-type]
        self.board = StateBoard(self.settings.updates_folder, self.files)
        self.root(SystemState(running))
        self.begin()

    def root(self, state: SystemState) -> None:
        """What root says."""
        assert self.settings.box_folder is not None
        write_system_state(self.settings.box_folder, state, FILES)

    def begin(self) -> None:
        """Another start of the worker."""
        preferences = PreferenceStore(self.settings, self.files)
        self.systems = Systems(
            self.settings, self.clock, self.files, self.door, preferences, self.board, boot=lambda: "this boot"
        )

    def bring(self, stick: Path, allow=lambda _size: None) -> int:
        supply = StickSupply(stick, directly, allow, lambda _size: None)
        return self.systems.bring(supply, self.door.trust.current())

    @property
    def asked(self) -> list[int]:
        return [offer.version for offer in offers(self.settings.systems_folder)]


@pytest.fixture
def desk(national: tuple[Publisher, Path], tmp_path: Path) -> Desk:
    return Desk(tmp_path / "box", national[0])


def test_the_newest_that_fits_is_brought_and_root_proves_it(desk: Desk, national: tuple[Publisher, Path]) -> None:
    assert desk.bring(national[1]) == 4  # 6 needs 5 first
    desk.systems.turn()
    assert desk.board.state.system == 4
    assert desk.asked == []
    desk.clock.at = NIGHT
    desk.systems.turn()
    assert desk.asked == [4]
    assert (desk.settings.systems_folder / "asked").is_file()
    (offer,) = offers(desk.settings.systems_folder)
    assert offer.boot == "this boot"
    system = prove(offer, national[0].root, 3)
    for name, digest in system.parts():
        assert (offer.folder / name).stat().st_size == digest.size
    (offer.folder / "ready.json").unlink()
    desk.systems.turn()
    assert desk.asked == []  # once a night
    desk.clock.advance(24 * 3600)
    desk.systems.turn()
    assert desk.asked == [4]
    (offer.folder / "ready.json").unlink()
    desk.begin()
    desk.systems.turn()
    assert desk.asked == [4]  # the power went before root was done


def test_the_director_need_not_wait(desk: Desk, national: tuple[Publisher, Path]) -> None:
    desk.systems.ask()
    desk.bring(national[1])
    desk.systems.ask()
    assert desk.asked == [4]


def test_a_pulled_stick_goes_on_where_it_was(desk: Desk, national: tuple[Publisher, Path]) -> None:
    taken: list[int] = []

    def pulled(size: int) -> None:
        if len(taken) == 2:
            raise SourceError("gone")
        taken.append(size)

    with pytest.raises((SourceError, OriginError)):
        desk.bring(national[1], pulled)
    desk.begin()
    more: list[int] = []
    assert desk.bring(national[1], more.append) == 4
    system = read_system(national[1].parent / "4")
    assert sum(taken) + sum(more) <= system.size + 2000  # and the document


def test_a_stick_with_other_bytes_gives_nothing(desk: Desk, national: tuple[Publisher, Path], tmp_path: Path) -> None:
    stick = Path(shutil.copytree(national[1], tmp_path / "stick"))
    part = stick / object_path(read_system(national[1].parent / "4").root.sha256)
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    with pytest.raises(OriginError):
        desk.bring(stick)
    assert desk.systems.waiting() == 0
    assert desk.bring(national[1]) == 4


def test_there_must_be_room_before_a_byte_is_written(desk: Desk, national: tuple[Publisher, Path]) -> None:
    desk.settings = replace(desk.settings, reserve_bytes=1 << 60)
    desk.begin()
    with pytest.raises(IntakeError):
        desk.bring(national[1])
    assert not any(desk.settings.systems_folder.glob("incoming/*"))


@pytest.mark.parametrize("state", [SystemState(4, "updated", 4), SystemState(3, FELL_BACK, 4)])
def test_what_runs_or_did_not_start_goes_and_is_not_brought_again(
    desk: Desk, national: tuple[Publisher, Path], state: SystemState
) -> None:
    desk.bring(national[1])
    desk.root(state)
    desk.begin()
    desk.systems.turn()
    assert not (desk.settings.systems_folder / "4").exists()
    assert desk.board.state.system == 0
    assert desk.bring(national[1]) == 0


def test_what_root_refused_is_brought_anew(desk: Desk, national: tuple[Publisher, Path]) -> None:
    desk.bring(national[1])
    desk.systems.ask()
    desk.systems.turn()
    (desk.settings.systems_folder / "4" / "ready.json").unlink()
    desk.root(SystemState(3, REFUSED, 4))
    desk.systems.turn()
    assert desk.systems.waiting() == 0
    assert desk.bring(national[1]) == 4
    desk.systems.turn()
    assert desk.systems.waiting() == 4


def test_a_machine_without_slots_brings_nothing(national: tuple[Publisher, Path], tmp_path: Path) -> None:
    desk = Desk(tmp_path / "box", national[0], running=0)
    assert desk.bring(national[1]) == 0
    desk.systems.turn()
    assert not desk.settings.systems_folder.exists()


@pytest.mark.parametrize(("running", "said"), [(3, "box.system.ready"), (9, "box.system.older"), (6, "")])
def test_a_stick_is_read_once_and_told(
    national: tuple[Publisher, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: int, said: str
) -> None:
    desk = Desk(tmp_path / "box", national[0], running)
    told: list[str] = []
    carrier = Carrier("d1", 1, 1, national[1], is_stick=True)
    monkeypatch.setattr(Door, "carriers", lambda _door: [carrier])
    monkeypatch.setattr(Door, "tell", lambda _door, _carrier, message: told.append(message.key))
    sticks = SystemSticks(desk.settings, desk.door, desk.systems, lambda: None)
    try:
        sticks.turn()
        sticks.turn()
    finally:
        sticks.close()
    assert told == [said] * bool(said)


def test_what_is_asked_names_this_boot(desk: Desk, national: tuple[Publisher, Path]) -> None:
    desk.bring(national[1])
    desk.systems.ask()
    body = json.loads((desk.settings.systems_folder / "4" / "ready.json").read_bytes())
    assert body == {"schema": 1, "version": 4, "boot": "this boot"}


def test_by_wire_it_goes_on_after_a_cut_and_is_asked_for_by_the_button(
    national: tuple[Publisher, Path], tmp_path: Path
) -> None:
    desk = Desk(tmp_path / "box", national[0])
    server = FaultyServer(national[1])
    board = SimpleNamespace(
        say_of_updates=lambda _said: None, releases=list, editions=SimpleNamespace(holds=dict), changed=lambda: None
    )
    door = replace(desk.door, board=board)  # type: ignore[arg-type]
    settings = replace(desk.settings, update_origins=(server.address,))
    root = settings.root_file.read_bytes()
    try:
        for fault, said in (
            (lambda asked: asked.out.close() if "/system/" in asked.name else asked.right(), "sync.current"),
            (lambda asked: asked.out.close() if asked.start >= PIECE else asked.right(), "sync.unreachable"),
        ):  # a mirror that holds content only is no trouble; a line that breaks off is
            server.fault = fault
            updater = Updater(settings, desk.clock, FILES, door, root)
            assert updater.turn().key == said
            updater.close()
        server.fault = Asked.right
        updater = Updater(settings, desk.clock, FILES, door, root)
        assert updater.turn().key == "sync.current"
        big = object_path(read_system(national[1].parent / "4").root.sha256)
        assert sorted(offset for offset, _ in server.taken[big]) == [0, PIECE]
        assert read_state(settings.updates_folder).system == 4
        updater.command({"do": "system-apply"})
        updater.look()
        assert desk.asked == [4]
    finally:
        updater.close()
        server.close()


def test_after_new_keys_root_proves_it_from_the_root_that_the_box_was_given(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.release(1)
    publisher.rotate("root-1", "targets-2", "online")
    made = system_folder(tmp_path / "system")
    sign_system(made, publisher.keys, passphrase, DAY, FILES)
    publish_system(made, publisher.keys, FolderSite(tmp_path / "stick", FILES))
    desk = Desk(tmp_path / "box", publisher)
    assert desk.bring(tmp_path / "stick") == 4
    desk.systems.ask()
    (offer,) = offers(desk.settings.systems_folder)
    assert prove(offer, publisher.root, 3).version == 4


def test_at_every_power_cut_what_asks_root_is_whole(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.release(1)
    made = system_folder(tmp_path / "system")
    sign_system(made, publisher.keys, passphrase, DAY, FILES)
    publish_system(made, publisher.keys, FolderSite(tmp_path / "stick", FILES))
    (tmp_path / "box").mkdir()
    recorder = RecordingFiles(tmp_path / "box" / "data")
    FILES.make_dir(recorder.root)
    desk = Desk(tmp_path / "box", publisher, files=recorder)
    recorder.sync_all()
    begin = len(recorder.ops)
    desk.bring(tmp_path / "stick")
    desk.systems.ask()
    cuts = asking = 0
    system = read_system(made)
    for done, _, state in states(recorder.ops, start=begin, cap=6):
        cuts += 1
        if state.get("system/4/system.json") is not None:  # counts as whole
            for name, digest in system.parts():
                content = state.get(f"system/4/{name}")
                assert content is not None, done
                assert hashlib.sha256(content).hexdigest() == digest.sha256, done
        if state.get("system/4/ready.json"):
            asking += 1
            folder = tmp_path / f"cut-{cuts}"
            put({path: content for path, content in state.items() if path.startswith("system/4/")}, folder)
            (offer,) = offers(folder / "system")
            assert prove(offer, publisher.root, 3) == system, done
    assert cuts > 100
    assert asking
