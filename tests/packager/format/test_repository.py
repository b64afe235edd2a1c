"""Proving one repository: every tampering is found, and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.ngclient import Updater

from packager.authority import add_signature
from packager.format import repository
from packager.format.errors import (
    HalfCopiedError,
    ListChangedError,
    OneSignerError,
    TrustError,
    UnknownIssuerError,
    UnreadableError,
)
from packager.format.layout import DriveLayout
from packager.format.repository import (
    NO_EXPIRY,
    Verified,
    reader_of_folder,
    reader_of_mapping,
    root_version,
    set_reference_time,
    verify,
)
from provisioning.keys import Key
from tests.simulator import DAY, Publisher, flip, newest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    publisher = Publisher(tmp_path_factory.mktemp("publisher"))
    publisher.release(1)
    publisher.rotate("root-3")
    publisher.release(2, supersedes=1)
    return publisher


@pytest.fixture
def tuf(made: Publisher, tmp_path: Path) -> Path:
    shutil.copytree(made.keys / "tuf", tmp_path / "tuf")
    return tmp_path / "tuf"


def prove(tuf: Path, root: bytes, **options) -> Verified:
    with DriveLayout(tuf).opened() as folder:
        return verify(reader_of_folder(folder), root, **options)


def test_verify_whole_repository_is_proved(made: Publisher, tuf: Path) -> None:
    found = prove(tuf, made.root)
    assert found.versions == {"root": 2, "timestamp": 3, "snapshot": 3, "targets": 3}
    assert sorted(found.listed) == ["releases/national/1.json", "releases/national/2.json"]
    assert found.thresholds == {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 2}
    assert len(found.keys["root"]) == 3
    assert sorted(found.roots) == [2]
    assert root_version(found.root) == 2
    again = verify(reader_of_mapping(found.files), made.root)
    assert (again.versions, again.listed) == (found.versions, found.listed)


FILES = ["1.root.json", "2.root.json", "timestamp.json", "snapshot.json", "targets.json", "release"]


def file_of(tuf: Path, name: str) -> Path:
    metadata = tuf / "metadata"
    if name == "release":
        return next((tuf / "targets/releases/national").glob("*.2.json"))
    return newest(metadata, name.split(".")[0]) if name in {"snapshot.json", "targets.json"} else metadata / name


def huge(path: Path) -> None:
    with path.open("ab") as file:
        file.truncate(1 << 40)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


FAULTS: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b"") and None,
    "short": lambda path: path.write_bytes(path.read_bytes()[:-40]) and None,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)) and None,
    "not metadata": lambda path: path.write_bytes(b'{"a":1}') and None,
    "nested": lambda path: path.write_bytes(b"[" * 16000 + b"}") and None,
    "huge": huge,
    "link": link,
    "folder": folder,
    "missing": Path.unlink,
}
HALF = {"empty", "short", "zeros"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("fault", FAULTS)
def test_verify_spoilt_file_is_refused(made: Publisher, tuf: Path, name: str, fault: str) -> None:
    FAULTS[fault](file_of(tuf, name))
    if fault == "missing" and name.endswith("root.json"):
        if name == "1.root.json":  # every box has it
            prove(tuf, made.root)
        else:  # the chain seems to end before it; nothing but the root has changed its keys
            assert prove(tuf, made.root).versions["root"] == 1
        return
    with pytest.raises(TrustError) as caught:
        prove(tuf, made.root)
    expected = HalfCopiedError if fault in {*HALF, "missing"} else ListChangedError
    assert type(caught.value) is expected


@pytest.mark.parametrize("name", FILES)
def test_verify_flipped_byte_anywhere_is_refused(made: Publisher, tuf: Path, name: str) -> None:
    """All of it, but for the surplus signatures of a root: TUF asks for two good ones, not for no bad one."""
    path = file_of(tuf, name)
    whole = path.read_bytes()
    surplus = whole.index(b'"signed"') if name == "2.root.json" else 0
    for at in range(surplus, len(whole) - 1, max(1, len(whole) // 40)):
        path.write_bytes(whole)
        flip(path, at)
        with pytest.raises(TrustError):
            prove(tuf, made.root)


def test_verify_edited_version_is_a_changed_list(made: Publisher, tuf: Path) -> None:
    for name in ("timestamp.json", "2.root.json"):
        path = file_of(tuf, name)
        whole = path.read_bytes()
        document = json.loads(whole)
        document["signed"]["expires"] = "2099-01-01T00:00:00Z"
        path.write_text(json.dumps(document))
        with pytest.raises(ListChangedError, match="differs"):
            prove(tuf, made.root)
        path.write_bytes(whole)


def test_verify_no_timestamp_at_all_is_half_copied(made: Publisher, tuf: Path) -> None:
    shutil.rmtree(tuf / "metadata")
    with pytest.raises(HalfCopiedError):
        prove(tuf, made.root)


def test_verify_foreign_publisher_is_unknown(made: Publisher, tmp_path: Path) -> None:
    stranger = Publisher(tmp_path / "stranger")
    stranger.release(1)
    tuf = stranger.keys / "tuf"
    with pytest.raises(UnknownIssuerError):  # its first root is not ours
        prove(tuf, made.root)
    (tuf / "metadata" / "1.root.json").unlink()
    with pytest.raises(UnknownIssuerError):
        prove(tuf, made.root)
    stranger.rotate()
    with pytest.raises(UnknownIssuerError):  # nor does its second follow from ours
        prove(tuf, made.root)


def test_verify_targets_by_one_of_two_names_one_signer(made: Publisher, tuf: Path) -> None:
    made.forge(tuf, signers=["targets-2"])
    with pytest.raises(OneSignerError) as caught:
        prove(tuf, made.root)
    assert caught.value.found == "1 of 2"
    assert caught.value.sentence == "intake.refused.one_signer"


def test_verify_signature_taken_out_names_one_signer(made: Publisher, tuf: Path) -> None:
    path = newest(tuf / "metadata", "targets")
    document = json.loads(path.read_bytes())
    del document["signatures"][0]
    path.write_text(json.dumps(document))
    with pytest.raises(OneSignerError):
        prove(tuf, made.root)


def test_verify_one_key_signing_twice_is_one_signer(made: Publisher, tuf: Path) -> None:
    made.forge(tuf, signers=["targets-1", "targets-1"])
    with pytest.raises(OneSignerError):
        prove(tuf, made.root)


def test_verify_targets_by_nobody_or_strangers_is_unknown(made: Publisher, tuf: Path) -> None:
    made.forge(tuf, signers=[])
    with pytest.raises(UnknownIssuerError):
        prove(tuf, made.root)


def test_verify_targets_by_root_keys_is_unknown(made: Publisher, tuf: Path) -> None:
    made.forge(tuf, signers=["root-1", "root-2"])
    with pytest.raises(UnknownIssuerError):
        prove(tuf, made.root)


def test_verify_next_root_by_one_of_two_names_one_signer(made: Publisher, tuf: Path) -> None:
    metadata = Metadata[Root].from_bytes((tuf / "metadata" / "2.root.json").read_bytes())
    metadata.signed.version = 3
    metadata.signatures.clear()
    (tuf / "metadata" / "3.root.json").write_bytes(add_signature(metadata.to_bytes(), made.key("root-1")))
    with pytest.raises(OneSignerError):
        prove(tuf, made.root)


def test_verify_next_root_with_strangers_keys_is_unknown(made: Publisher, tuf: Path) -> None:
    metadata = Metadata[Root].from_bytes((tuf / "metadata" / "2.root.json").read_bytes())
    metadata.signed.version = 3
    metadata.signatures.clear()
    content = add_signature(add_signature(metadata.to_bytes(), Key.new()), Key.new())
    (tuf / "metadata" / "3.root.json").write_bytes(content)
    with pytest.raises(UnknownIssuerError):
        prove(tuf, made.root)


def test_verify_old_snapshot_for_a_new_timestamp_is_refused(made: Publisher, tuf: Path) -> None:
    metadata = tuf / "metadata"
    shutil.copy(metadata / "1.snapshot.json", newest(metadata, "snapshot"))
    with pytest.raises(ListChangedError):
        prove(tuf, made.root)


def test_verify_metadata_of_another_role_is_refused(made: Publisher, tuf: Path) -> None:
    metadata = tuf / "metadata"
    shutil.copy(newest(metadata, "snapshot"), metadata / "timestamp.json")
    with pytest.raises(ListChangedError):
        prove(tuf, made.root)


def test_verify_exact_bytes_of_the_first_root_are_asked_for(made: Publisher, tuf: Path) -> None:
    path = tuf / "metadata" / "1.root.json"
    path.write_bytes(json.dumps(json.loads(path.read_bytes()), indent=1).encode())
    with pytest.raises(ListChangedError):
        prove(tuf, made.root)


def test_verify_begins_at_something_that_is_no_root(tuf: Path) -> None:
    with pytest.raises(UnknownIssuerError):
        prove(tuf, b"{}")


def test_verify_root_not_signed_by_itself_is_no_beginning(made: Publisher, tuf: Path) -> None:
    metadata = Metadata[Root].from_bytes(made.root)
    metadata.signatures.clear()
    (tuf / "metadata" / "1.root.json").unlink()
    with pytest.raises(UnknownIssuerError):
        prove(tuf, metadata.to_bytes())


def test_verify_dead_disk_is_told(made: Publisher) -> None:
    def read(name: str, max_size: int) -> bytes:
        if name == "metadata/timestamp.json":
            raise UnreadableError("cannot be read", path=name)
        return files(name, max_size)

    files = reader_of_mapping(made_files(made))
    with pytest.raises(UnreadableError):
        verify(read, made.root)


def made_files(made: Publisher) -> dict[str, bytes]:
    tuf = made.keys / "tuf"
    return {p.relative_to(tuf).as_posix(): p.read_bytes() for p in tuf.rglob("*.json")}


def test_reader_of_folder_input_error_is_a_bad_disk(tmp_path: Path) -> None:
    with DriveLayout(tmp_path).opened() as root, pytest.raises(UnreadableError):
        reader_of_folder(root)("x" * 300, 10)


def test_reader_of_mapping_is_bounded() -> None:
    read = reader_of_mapping({"a": b"123"})
    assert read("a", 3) == b"123"
    with pytest.raises(ListChangedError):
        read("a", 2)
    with pytest.raises(FileNotFoundError):
        read("b", 2)


def test_verify_more_than_the_bound_in_all_is_refused(
    made: Publisher, tuf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "MAX_REPOSITORY", 5000)
    with pytest.raises(ListChangedError, match="too large"):
        prove(tuf, made.root)


def test_verify_too_many_releases_are_refused(made: Publisher, tuf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MAX_LISTED", 1)
    with pytest.raises(ListChangedError, match="too many"):
        prove(tuf, made.root)


def test_verify_long_chain_of_roots_is_climbed_in_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MAX_STEPS", 4)
    publisher = Publisher(tmp_path / "p")
    publisher.release(1)
    publisher.rotate("online", times=3)
    publisher.rotate(times=6)
    publisher.rotate("targets-1", "online")
    found = prove(publisher.keys / "tuf", publisher.root)
    assert found.versions["root"] == 11
    assert sorted(found.roots) == list(range(2, 12))
    flip(publisher.keys / "tuf/metadata/timestamp.json", 30)
    with pytest.raises(TrustError):
        prove(publisher.keys / "tuf", publisher.root)


def test_trap4_only_small_targets_are_read(made: Publisher, tuf: Path) -> None:
    """`download_target` writes every file twice: deltas and payload must never go through it."""

    def add_delta(targets: Targets) -> None:
        targets.targets["deltas/10-11/pack-0000.bin"] = TargetFile(
            64 << 20, {"sha256": "0" * 64}, "deltas/10-11/pack-0000.bin"
        )

    made.forge(tuf, edit=add_delta)
    found = prove(tuf, made.root)  # the pack is not even there
    assert not [name for name in found.files if "delta" in name]


def test_verify_too_large_release_document_is_refused(made: Publisher, tuf: Path) -> None:
    content = b"x" * (repository.MAX_LISTED_SIZE + 1)

    def add(targets: Targets) -> None:
        name = "releases/national/3.json"
        targets.targets[name] = TargetFile.from_data(name, content, ["sha256"])
        digest = targets.targets[name].hashes["sha256"]
        (tuf / f"targets/releases/national/{digest}.3.json").write_bytes(content)

    made.forge(tuf, edit=add)
    with pytest.raises(ListChangedError):
        prove(tuf, made.root)


def test_verify_targets_that_climb_out_are_refused(made: Publisher, tuf: Path) -> None:
    def add(targets: Targets) -> None:
        name = "releases/../../../etc/passwd"
        targets.targets[name] = TargetFile.from_data(name, b"x", ["sha256"])

    made.forge(tuf, edit=add)
    with pytest.raises(ListChangedError):
        prove(tuf, made.root)


# --- trap 3: time -------------------------------------------------------------------------------------------------


def test_trap3_lever_sets_the_time_that_tuf_judges_by(made: Publisher, tuf: Path, tmp_path: Path) -> None:
    """The private attribute must exist and matter; an upgrade of python-tuf that moves it shows here."""
    updater = Updater(
        str(tmp_path), "metadata", str(tmp_path), "targets", repository.Fetcher(lambda *_: b""), bootstrap=made.root
    )
    assert isinstance(updater._trusted_set.reference_time, datetime)
    when = datetime(2031, 1, 1, tzinfo=UTC)
    set_reference_time(updater, when)
    assert updater._trusted_set.reference_time == when
    late = datetime.combine(DAY, datetime.min.time(), UTC) + timedelta(days=500)
    with pytest.raises(TrustError):
        prove(tuf, made.root, reference_time=late)
    assert prove(tuf, made.root, reference_time=late - timedelta(days=200)).versions["root"] == 2
    assert prove(tuf, made.root, reference_time=NO_EXPIRY).versions["root"] == 2


def test_verify_expiry_is_reported_by_role(made: Publisher, tuf: Path) -> None:
    found = prove(tuf, made.root)
    day = datetime.combine(DAY, datetime.min.time(), UTC)
    assert found.expires["timestamp"] == day + timedelta(days=400)
    assert found.expires["root"] == day + timedelta(days=3650)


def test_verify_with_local_metadata_refuses_what_is_older(made: Publisher, tuf: Path, tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "p")
    first = publisher.release(1) / "tuf"
    second = publisher.release(2, supersedes=1) / "tuf"
    local = prove(second, publisher.root).metadata
    with pytest.raises(TrustError):
        prove(first, publisher.root, local=local)
    assert prove(second, publisher.root, local=local).versions["timestamp"] == 2
