"""Two people sign: in one go, in turn on two machines, and everything that must stop them."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from packager.authority import init_keys, read_published
from packager.errors import (
    NotListedError,
    NumberDiffersError,
    OneSignatureError,
    SamePersonError,
    SequenceError,
    SigningError,
)
from packager.format.bag import read_candidate
from packager.format.errors import TrustError
from packager.format.layout import DriveLayout
from packager.format.release import Release, canonical_json
from packager.request import RETIRE, REVOKE, read_request
from packager.signing import (
    approve,
    change_release,
    finish,
    request_change,
    request_release,
    sign_release,
)
from provisioning.errors import KeyFileError, PassphraseError
from tests.packager.format.simulated_files import SimulatedFiles
from tests.simulator import DAY, FastFiles, Publisher, flip, newest, passphrase

FILES = FastFiles()


@pytest.fixture
def national(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "national")


@pytest.fixture
def work(national: Publisher) -> Path:
    return national.release(1, sign=False)


def release_in(work: Path) -> Release:
    return Release.from_bytes((work / "release.json").read_bytes())


# --- in one go ----------------------------------------------------------------------------------------------------


def test_sign_release_publishes_to_the_register_and_the_work_folder(national: Publisher, work: Path) -> None:
    signed = sign_release(work, national.keys, passphrase, FILES)
    assert (signed.release, signed.version) == (release_in(work), 1)
    assert signed.number == release_in(work).number
    for tuf in (national.keys / "tuf", work / "tuf"):
        published = read_published([tuf], national.root)
        assert published.verified is not None
        assert published.verified.listed["releases/national/1.json"] == (work / "release.json").read_bytes()
        assert sorted(p.name for p in (tuf / "metadata").iterdir()) == [
            "1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json",
        ]  # fmt: skip
    assert list((work / "request").iterdir()) == []


def test_sign_release_again_changes_nothing_but_makes_good(national: Publisher, work: Path) -> None:
    sign_release(work, national.keys, passphrase, FILES)
    before = {p: p.read_bytes() for p in (national.keys / "tuf").rglob("*.json")}
    shutil.rmtree(work / "tuf")
    assert sign_release(work, national.keys, passphrase, FILES).version == 1
    assert {p: p.read_bytes() for p in (national.keys / "tuf").rglob("*.json")} == before
    assert (work / "tuf/metadata/timestamp.json").exists()


def test_sign_release_second_one_is_added_to_the_list(national: Publisher) -> None:
    national.release(1)
    work = national.release(2, supersedes=1)
    published = read_published([work / "tuf"], national.root)
    assert published.verified is not None
    assert sorted(published.verified.listed) == ["releases/national/1.json", "releases/national/2.json"]
    assert published.verified.versions["targets"] == 2


def test_sign_release_full_reads_the_payload(national: Publisher, work: Path) -> None:
    steps: list[int] = []
    sign_release(work, national.keys, passphrase, FILES, full=True, progress=steps.append)
    assert sum(steps) > 2 * release_in(work).disks[0].bytes


@pytest.mark.parametrize("signers", [["targets-1"], []])
def test_sign_release_by_one_or_nobody_publishes_nothing(national: Publisher, work: Path, signers: list[str]) -> None:
    with pytest.raises(OneSignatureError) as caught:
        sign_release(work, national.keys, passphrase, FILES, signers=signers)
    assert caught.value.sentence == "desk.sign.one"
    assert not (work / "tuf").exists()


def test_sign_release_wrong_people_are_told_why(national: Publisher, work: Path) -> None:
    with pytest.raises(SamePersonError) as same:
        sign_release(work, national.keys, passphrase, FILES, signers=["targets-1", "targets-1"])
    assert same.value.sentence == "desk.sign.same_person"
    with pytest.raises(NotListedError) as foreign:
        sign_release(work, national.keys, passphrase, FILES, signers=["root-1", "targets-1"])
    assert foreign.value.sentence == "desk.sign.not_listed"
    with pytest.raises(PassphraseError) as wrong:
        sign_release(work, national.keys, lambda _: "not the passphrase", FILES)
    assert wrong.value.sentence == "desk.sign.passphrase"
    assert not (work / "tuf").exists()


@pytest.mark.parametrize("seq", [1, 2])
def test_sign_release_that_does_not_follow_is_refused(national: Publisher, seq: int) -> None:
    national.release(2, edition="2026.12")
    with pytest.raises(SequenceError) as caught:
        national.release(seq, edition="another", sources={"other": ("另一种", {"a.txt": b"other"})})
    assert caught.value.params == {"edition": "2026.12"}


def test_sign_release_number_of_a_revoked_one_is_not_used_again(national: Publisher) -> None:
    national.revoke(national.release(1))
    with pytest.raises(SequenceError):
        national.release(1, edition="another", sources={"other": ("另一种", {"a.txt": b"other"})})
    national.release(2)


@pytest.mark.parametrize("part", ["items", "chunks", "catalogue", "tagmanifest", "manifest", "bag_info"])
def test_sign_release_other_bag_differs_in_number(national: Publisher, work: Path, part: str) -> None:
    flip(getattr(DriveLayout(work), part), 2)
    with pytest.raises(NumberDiffersError) as caught:
        sign_release(work, national.keys, passphrase, FILES)
    assert caught.value.sentence == "desk.sign.number_differs"
    assert not (work / "tuf").exists()


def test_sign_release_keys_made_twice_are_refused(national: Publisher) -> None:
    with pytest.raises(KeyFileError):
        init_keys(national.keys, passphrase, DAY, FILES, cost=2)


# --- in turn, on two machines -------------------------------------------------------------------------------------


@pytest.fixture
def machines(national: Publisher, tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of keys: each holds one signer's key, the public register and the first root."""
    folders = []
    for n, names in enumerate((["targets-1", "online"], ["targets-2"]), 1):
        folder = tmp_path / f"machine-{n}"
        shutil.copytree(national.keys / "tuf", folder / "tuf")
        shutil.copy(national.keys / "root.json", folder)
        for name in names:
            shutil.copy(national.keys / f"{name}.pem", folder)
        folders.append(folder)
    return folders[0], folders[1]


def test_two_people_on_two_machines_sign_in_turn(national: Publisher, work: Path, machines, tmp_path: Path) -> None:
    first, second = machines
    asked = request_release(work, first, FILES)
    assert (asked.signed, asked.threshold, asked.ready) == ((), 2, False)
    once = approve(work, first, national.key("targets-1"), FILES)
    assert once.signed == (national.key("targets-1").id,)
    with pytest.raises(OneSignatureError) as caught:
        finish(work, first, national.key("online"), FILES)
    assert caught.value.params["name"] == national.key("targets-1").id[:8]

    shutil.copytree(work, tmp_path / "carried")  # on a stick, to the other machine and back
    twice = approve(tmp_path / "carried", second, national.key("targets-2"), FILES, full=True)
    assert twice.ready
    shutil.copytree(tmp_path / "carried" / "request", work / "request", dirs_exist_ok=True)
    assert finish(work, first, national.key("online"), FILES) == 1
    box = national.box(tmp_path / "state")
    drive = national.drive(work, tmp_path / "drive")
    assert box.admit_drive(drive / "tuf", read_candidate(DriveLayout(drive)).tagmanifest).newest


def test_approve_second_machine_with_another_build_differs(national: Publisher, work: Path, machines) -> None:
    first, second = machines
    request_release(work, first, FILES)
    approve(work, first, national.key("targets-1"), FILES)
    other = national.release(7, sign=False, sources={"other": ("另一种", {"a.txt": b"other"})})
    shutil.copytree(work / "request", other / "request")
    with pytest.raises(NumberDiffersError):
        approve(other, second, national.key("targets-2"), FILES)


def test_approve_twice_by_one_person_is_refused(national: Publisher, work: Path) -> None:
    request_release(work, national.keys, FILES)
    approve(work, national.keys, national.key("targets-1"), FILES)
    with pytest.raises(SamePersonError):
        approve(work, national.keys, national.key("targets-1"), FILES)


def test_approve_list_with_a_hidden_change_is_refused(national: Publisher, work: Path) -> None:
    """The list to be signed must be the one that follows from the change that is shown, and nothing else."""
    national.release(5, bundle="children")
    request_release(work, national.keys, FILES)
    path = work / "request" / "targets.json"
    document = json.loads(path.read_bytes())
    del document["signed"]["targets"]["releases/children/5.json"]
    path.write_text(json.dumps(document))
    with pytest.raises(NumberDiffersError, match="list to be signed"):
        approve(work, national.keys, national.key("targets-1"), FILES)


def edit_change(work: Path, **members: object) -> None:
    path = work / "request" / "change.json"
    path.write_bytes(canonical_json({**json.loads(path.read_bytes()), **members}))


def test_approve_change_of_more_than_one_release_is_refused(national: Publisher, work: Path) -> None:
    request_release(work, national.keys, FILES)
    content = (work / "release.json").read_text()
    for contents in ({"releases/national/1.json": content, "x": "y"}, {"releases/national/2.json": content}):
        edit_change(work, contents=contents)
        with pytest.raises(NumberDiffersError):
            approve(work, national.keys, national.key("targets-1"), FILES)


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "other"}, {"seq": "1"}, {"bundle": 5}, {"contents": {"a": 5}}, {"contents": 5}, {"contents": "text"},
        {"more": 1}, {"day": "yesterday"}, {"day": "20261122"}, {"day": "0026-11-22"}, {"day": "9999-12-31"},
    ],
)  # fmt: skip
def test_read_request_malformed_is_refused(national: Publisher, work: Path, members: dict[str, object]) -> None:
    request_release(work, national.keys, FILES)
    edit_change(work, **members)
    with pytest.raises(SigningError, match="malformed"):
        read_request(work, read_published([], national.root))


def test_read_request_missing_is_told(national: Publisher, work: Path) -> None:
    with pytest.raises(SigningError, match="no request"):
        finish(work, national.keys, national.key("online"), FILES)


def test_finish_after_something_else_was_published_is_refused(national: Publisher, work: Path) -> None:
    request_release(work, national.keys, FILES)
    for n in (1, 2):
        approve(work, national.keys, national.key(f"targets-{n}"), FILES)
    national.release(1, bundle="children")
    with pytest.raises(SequenceError):
        finish(work, national.keys, national.key("online"), FILES)


def test_finish_with_another_key_than_the_online_one_is_refused(national: Publisher, work: Path) -> None:
    request_release(work, national.keys, FILES)
    for n in (1, 2):
        approve(work, national.keys, national.key(f"targets-{n}"), FILES)
    with pytest.raises(SigningError, match="online"):
        finish(work, national.keys, national.key("targets-3"), FILES)


def test_finish_power_cut_leaves_a_register_that_can_be_finished(national: Publisher, tmp_path: Path) -> None:
    """At every moment the timestamp on disk names metadata that is there."""
    live = tmp_path / "live"
    live.mkdir()
    files = SimulatedFiles(live)
    publisher = Publisher(live, files=files)
    publisher.release(1)
    begun = len(files.journal)
    publisher.release(2, supersedes=1)
    count = 0
    for _, state in files.states(per_cut=4, start=begun):
        tuf = {
            name.removeprefix("keys/tuf/"): content for name, content in state.items() if name.startswith("keys/tuf/")
        }
        timestamp = json.loads(tuf["metadata/timestamp.json"])
        number = timestamp["signed"]["meta"]["snapshot.json"]["version"]
        snapshot = json.loads(tuf[f"metadata/{number}.snapshot.json"])
        listed = json.loads(tuf[f"metadata/{snapshot['signed']['meta']['targets.json']['version']}.targets.json"])
        for name, target in listed["signed"]["targets"].items():
            folder, _, last = name.rpartition("/")
            assert f"targets/{folder}/{target['hashes']['sha256']}.{last}" in tuf
        count += 1
    assert count > 300


# --- taking back --------------------------------------------------------------------------------------------------


def test_revoke_release_takes_it_off_the_list(national: Publisher) -> None:
    work = national.release(1)
    national.release(2, supersedes=1)
    assert change_release(work, national.keys, passphrase, REVOKE, "national", 1, date(2027, 1, 5), FILES) == 3
    published = read_published([national.keys / "tuf"], national.root)
    assert published.verified is not None
    assert sorted(published.verified.listed) == ["releases/national/2.json"]


def test_retire_release_names_its_drives_and_keeps_earlier_ones(national: Publisher) -> None:
    works = [national.release(n) for n in (1, 2, 3)]
    for work in works[:2]:
        national.revoke(work, retire=True)
    published = read_published([national.keys / "tuf"], national.root)
    assert published.verified is not None
    retired = json.loads(published.verified.listed["retired/national.json"])["tagmanifests"]
    assert retired == {release_in(work).disks[0].tagmanifest: f"2026.0{n}" for n, work in enumerate(works[:2], 1)}


@pytest.mark.parametrize("retire", [True, False])
def test_request_removal_of_what_is_not_listed_is_refused(national: Publisher, retire: bool, tmp_path: Path) -> None:
    with pytest.raises(SequenceError):
        request_change(tmp_path / "w", national.keys, RETIRE if retire else REVOKE, "national", 1, DAY, FILES)
    national.release(1)
    with pytest.raises(SequenceError):
        request_change(tmp_path / "w", national.keys, RETIRE if retire else REVOKE, "national", 2, DAY, FILES)


def test_approve_removal_with_other_contents_is_refused(national: Publisher) -> None:
    work = national.release(1)
    for retire in (True, False):
        request_change(work, national.keys, RETIRE if retire else REVOKE, "national", 1, DAY, FILES)
        edit_change(work, contents={"retired/national.json": "{}\n"})
        with pytest.raises(NumberDiffersError):
            approve(work, national.keys, national.key("targets-1"), FILES)


# --- the register -------------------------------------------------------------------------------------------------


def test_read_published_takes_the_newest_and_passes_a_spoilt_one_over(national: Publisher) -> None:
    old = national.release(1) / "tuf"
    national.release(2, supersedes=1)
    register = national.keys / "tuf"
    for order in ([old, register], [register, old]):
        found = read_published(order, national.root)
        assert found.verified is not None
        assert found.verified.versions["targets"] == 2
    flip(newest(register / "metadata", "targets"), -50)
    found = read_published([register, old], national.root)
    assert found.verified is not None
    assert found.verified.versions["targets"] == 1
    with pytest.raises(TrustError):
        read_published([register], national.root)
