"""The traps of trust, each under its own name, each as a publisher and a box meet it (docs/format.md, "Trust").

What is behind each of them is tested piece by piece in the other modules of trust.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Snapshot

from packager.authority import add_signature, new_root, public_keys, write_root
from packager.format import repository
from packager.format.errors import (
    HalfCopiedError,
    ListChangedError,
    NeedsNewerBoxError,
    OneSignerError,
    RetiredError,
    RevokedError,
    TrustError,
)
from packager.format.trust import OLDER, SAME, UPDATED
from packager.signing import RESTORE, RETIRE, REVOKE
from tests.packager.format.drives import plug, push_timestamp, tagmanifest
from tests.simulator import DAY, EARLIEST, Publisher, newest


def work_of(national: Publisher, seq: int) -> Path:
    return national.folder / f"work-national-{seq}"


# --- rollback and admission ---------------------------------------------------------------------------------------


def test_trap_zeroed_tuf_state_plus_old_drive_is_no_rollback(national, state, two) -> None:
    national.box(state).offer(two[1] / "tuf")
    for path in state.glob("trusted.*"):
        path.write_bytes(bytes(path.stat().st_size))
    box = national.box(state)
    assert box.offer(two[0] / "tuf").outcome == OLDER
    with pytest.raises(RetiredError):
        box.admit(tagmanifest(two[0]))


def test_trap_older_legitimate_drive_after_a_newer_sync_is_admitted(national, state, two) -> None:
    box = national.box(state)
    box.offer(national.keys / "tuf")  # as a sync over the network brings it: the register, no drive
    assert not box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).newest


def test_trap_same_drive_revoked_is_refused_with_its_sentence(national, state, two) -> None:
    box = national.box(state)
    box.admit_drive(two[0] / "tuf", tagmanifest(two[0]))
    national.change(REVOKE, "national", 1)
    box.offer(national.keys / "tuf")
    with pytest.raises(RevokedError) as caught:
        box.admit_drive(two[0] / "tuf", tagmanifest(two[0]))
    assert (caught.value.sentence, caught.value.params) == ("intake.refused.revoked", {"edition": "2026.01"})


def test_trap_revoked_drive_with_refreshed_metadata_still_says_revoked_after_a_restart(national, state, two) -> None:
    """Its own metadata no longer names it: only the box can know that it was listed once."""
    national.box(state).offer(two[1] / "tuf")
    national.change(REVOKE, "national", 1)
    national.refresh(two[0] / "tuf")
    box = national.box(state)
    with pytest.raises(RevokedError) as caught:
        box.admit_drive(two[0] / "tuf", tagmanifest(two[0]))
    assert caught.value.params == {"edition": "2026.01"}
    with pytest.raises(RevokedError):
        national.box(state).admit(tagmanifest(two[0]))


def test_trap_once_listed_learnt_from_an_older_drive_is_kept_over_a_restart(national, state, two) -> None:
    national.change(REVOKE, "national", 1)
    box = national.box(state)
    box.offer(national.keys / "tuf")
    assert box.offer(two[0] / "tuf").outcome == OLDER
    with pytest.raises(RevokedError):
        national.box(state).admit(tagmanifest(two[0]))


def test_trap_release_revoked_and_listed_again_is_admitted_again(national, state, two) -> None:
    box = national.box(state)
    for kind, refusal in ((REVOKE, RevokedError), (RETIRE, RetiredError)):
        national.change(kind, "national", 1)
        box.offer(national.keys / "tuf")
        with pytest.raises(refusal):
            box.admit_drive(two[0] / "tuf", tagmanifest(two[0]))
        national.change(RESTORE, "national", 1)
        assert box.offer(national.keys / "tuf").outcome == UPDATED
        assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).release.edition == "2026.01"
    assert national.box(state).admit(tagmanifest(two[0])).release.seq == 1


def test_trap_mixed_disks_of_two_editions_are_each_judged_by_the_newest_list(national, state, two) -> None:
    box = national.box(state)
    for drive, newest_one in ((two[1], True), (two[0], False), (two[1], True)):
        assert box.admit_drive(drive / "tuf", tagmanifest(drive)).newest is newest_one
    national.change(REVOKE, "national", 2)
    national.refresh(two[0] / "tuf")
    assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).newest  # the older one leads again
    with pytest.raises(RevokedError):
        box.admit_drive(two[1] / "tuf", tagmanifest(two[1]))


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1970, 2099])
def test_trap_clock_at_1970_and_2099_changes_no_judgement(national, state, two, monkeypatch, year: int) -> None:
    import tuf.ngclient._internal.trusted_metadata_set as tuf_time

    class WrongClock(datetime):
        @classmethod
        def now(cls, _tz=None):
            return datetime(year, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(tuf_time.datetime, "datetime", WrongClock)
    found = national.box(state).offer(two[1] / "tuf")
    assert (found.outcome, found.reference_time) == (UPDATED, datetime.combine(DAY, datetime.min.time(), UTC))


def test_trap_expired_metadata_serves_on_and_says_how_old_it_is(national, state, two) -> None:
    box = national.box(state, earliest=EARLIEST + timedelta(days=4000))
    found = box.offer(two[1] / "tuf")
    assert found.expired == ("root", "snapshot", "targets", "timestamp")
    assert max(release.issued for release in found.releases) == DAY.isoformat()  # 内容更新至 2026年11月
    assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).release.seq == 1


# --- keys ---------------------------------------------------------------------------------------------------------


def test_trap_40_root_rotations_behind_is_climbed(national, state, two) -> None:
    box = national.box(state)
    box.offer(two[0] / "tuf")
    root = national.root
    for _ in range(39):  # nothing else is published meanwhile
        root = new_root(public_keys(national.keys), DAY, root)
        for name in ("root-1", "root-3"):
            root = add_signature(root, national.key(name))
        write_root(national.keys / "tuf", root, national.files)
    national.rotate("root-1", "targets-2", "online")
    assert box.offer(national.keys / "tuf").versions["root"] == 41
    assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).release.seq == 1
    assert national.box(state).current().versions["root"] == 41


def test_trap_more_root_rotations_than_the_limit_is_a_typed_error(national, state, two, monkeypatch) -> None:
    monkeypatch.setattr(repository, "MAX_STEPS", 4)
    monkeypatch.setattr(repository, "MAX_ROOTS", 8)
    box = national.box(state)
    box.offer(two[0] / "tuf")
    national.rotate(times=7)
    assert box.offer(national.keys / "tuf").versions["root"] == 8
    national.rotate(times=1)
    with pytest.raises(NeedsNewerBoxError, match="too many roots"):
        box.offer(national.keys / "tuf")
    assert box.current().versions["root"] == 8


def test_trap_leaked_online_key_is_recovered_from_by_a_root_that_resets_its_floors(national, state, two) -> None:
    box = national.box(state)
    stolen = plug(national, work_of(national, 2), "stolen")
    fast_forward(national, stolen / "tuf", 1 << 30)
    assert box.offer(stolen / "tuf").versions["snapshot"] == 1 << 30
    national.release(3, supersedes=2)
    assert box.offer(national.keys / "tuf").outcome == OLDER  # the honest numbers are far below
    national.rotate("online")
    found = box.offer(national.keys / "tuf")
    assert (found.outcome, found.versions["snapshot"] < 10, found.versions["timestamp"] < 10) == (UPDATED, True, True)
    assert box.offer(stolen / "tuf").outcome == OLDER
    assert [release.seq for release in national.box(state).current().releases] == [1, 2, 3]


def fast_forward(national: Publisher, tuf: Path, version: int) -> None:
    """What a thief of the online key can do to snapshot and timestamp."""
    metadata = Metadata[Snapshot].from_bytes(newest(tuf / "metadata", "snapshot").read_bytes())
    metadata.signed.version = version
    metadata.signatures.clear()
    content = add_signature(metadata.to_bytes(), national.key("online"))
    (tuf / f"metadata/{version}.snapshot.json").write_bytes(content)
    push_timestamp(national, tuf, version, snapshot=(version, content))


def test_trap_one_signature_of_two_is_refused(national, state, two) -> None:
    national.forge(two[1] / "tuf", signers=["targets-1"])
    with pytest.raises(OneSignerError) as caught:
        national.box(state).admit_drive(two[1] / "tuf", tagmanifest(two[1]))
    assert caught.value.sentence == "intake.refused.one_signer"


# --- hostile metadata ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [("truncated", HalfCopiedError), ("huge", ListChangedError), ("nested", ListChangedError),
     ("duplicate", ListChangedError)],
)  # fmt: skip
def test_trap_truncated_huge_nested_or_duplicate_metadata_is_refused(
    national, state, two, role: str, fault: str, expected: type[TrustError]
) -> None:
    metadata = two[1] / "tuf/metadata"
    path = metadata / "timestamp.json" if role == "timestamp" else newest(metadata, role)
    whole = path.read_bytes()
    text = whole.decode()
    path.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "huge": whole + b" " * 6_000_000,
            "nested": b'{"signed":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
            # The last one counts for python-tuf, so its signatures would hold.
            "duplicate": text.replace('"version":', '"version": 999, "version":', 1).encode(),
        }[fault]
    )
    box = national.box(state)
    with pytest.raises(expected):
        box.admit_drive(two[1] / "tuf", tagmanifest(two[1]))
    assert box.current().versions == {}
    path.write_bytes(whole)
    assert box.offer(two[1] / "tuf").outcome == UPDATED
    assert box.offer(two[1] / "tuf").outcome == SAME


def test_trap_unknown_requires_refuses_that_release_only(national, state, two, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("packager.format.release.FEATURES", frozenset({"chunks-v1", "magic-v2"}))
        work = national.release(3, requires=("chunks-v1", "magic-v2"), edition="2030.01", supersedes=2)
    box = national.box(state)
    box.offer(work / "tuf")
    future = plug(national, work, "future")
    with pytest.raises(NeedsNewerBoxError) as caught:
        box.admit_drive(future / "tuf", tagmanifest(future))
    assert (caught.value.sentence, caught.value.found) == ("intake.refused.needs_newer_box", "magic-v2")
    assert box.admit_drive(two[1] / "tuf", tagmanifest(two[1])).release.seq == 2


def test_trap_state_of_an_older_version_knows_no_editions_and_is_read(national, state, two) -> None:
    from packager.format.files import RealFiles
    from packager.format.floors import TwoCopies
    from packager.format.release import canonical_json

    national.box(state).offer(two[1] / "tuf")
    copies = TwoCopies(state, "trusted", RealFiles())
    content = copies.read()
    assert content is not None
    document = json.loads(content)
    del document["known"]
    copies.write(canonical_json(document))
    assert [release.seq for release in national.box(state).current().releases] == [1, 2]
    document["known"] = {"x": 5, "0" * 64: ["no label"], "1" * 64: "2025.01"}
    copies.write(canonical_json(document))
    with pytest.raises(RevokedError):
        national.box(state).admit("1" * 64)
    with pytest.raises(ListChangedError):
        national.box(state).admit("0" * 64)
    shutil.rmtree(state)
