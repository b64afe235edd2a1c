"""The role that can only withdraw: its list, its notices, and what a box takes of them (docs/format.md, 2.4)."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tuf.api.metadata import DelegatedRole, Metadata, TargetFile, Targets

from packager.authority import add_signature
from packager.errors import NotListedError, NumberDiffersError, SigningError
from packager.format.errors import (
    FormatError,
    HalfCopiedError,
    ListChangedError,
    RetiredError,
    TooLargeError,
    TrustError,
    UnknownIssuerError,
)
from packager.format.files import RealFiles
from packager.format.release import canonical_json
from packager.format.trust import OLDER, SAME, UPDATED
from packager.format.withdrawals import (
    MAX_LIST,
    MAX_NOTICE,
    NOTICE,
    ROLE,
    TARGET,
    Withdrawal,
    open_notice,
    read_list,
    write_list,
)
from packager.signing import approve, request_delegation
from packager.withdrawing import check_key, make_keys, publish_notice, sign_notice, withdrawing
from provisioning.keys import Key
from tests.notices import delegate, notice
from tests.packager.format.drives import plug, tagmanifest
from tests.simulator import COST, DAY, FastFiles, passphrase

A, B = Withdrawal("A1", "旧书", "版权到期", "2026-11-22"), Withdrawal("b-2", "", "", "2026-11-23")


# --- the list -----------------------------------------------------------------------------------------------------


def test_write_list_is_read_back_sorted() -> None:
    assert read_list(write_list([B, A])) == (A, B)
    assert read_list(write_list([])) == ()


@pytest.mark.parametrize(
    "entries",
    [
        5, [5], [{"id": "A1"}], [{"id": "A1", "title": "", "reason": "", "since": "2026-13-01"}],
        [{"id": "../etc", "title": "", "reason": "", "since": "2026-11-22"}],
        [{"id": 5, "title": "", "reason": "", "since": "2026-11-22"}],
        [{"id": "A1", "title": "x" * 201, "reason": "", "since": "2026-11-22"}],
        [{"id": "A1", "title": "a\nb", "reason": "", "since": "2026-11-22"}],
        [{"id": "A1", "title": "", "reason": "", "since": "20261122"}],
        [{"id": i, "title": "", "reason": "", "since": "2026-11-22"} for i in ("b", "a")],
        [{"id": i, "title": "", "reason": "", "since": "2026-11-22"} for i in ("a", "a")],
    ],
)  # fmt: skip
def test_read_list_of_another_shape_is_refused(entries: object) -> None:
    with pytest.raises(FormatError):
        read_list(canonical_json({"withdrawn": entries}))


def test_read_list_too_many_or_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLargeError):
        read_list(b" " * (MAX_LIST + 1))
    monkeypatch.setattr("packager.format.withdrawals.MAX_WITHDRAWALS", 1)
    with pytest.raises(TooLargeError):
        write_list([A, B])


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_open_notice_and_read_list_of_anything_raise_only_format_errors(content: bytes) -> None:
    for reader in (open_notice, read_list):
        with pytest.raises(FormatError):
            reader(content)


def test_open_notice_is_bounded() -> None:
    with pytest.raises(TooLargeError):
        open_notice(b" " * (MAX_NOTICE + 1))
    with pytest.raises(TooLargeError):
        open_notice(json.dumps({"metadata": " " * 70_000, "list": ""}).encode())


# --- how a box gets it --------------------------------------------------------------------------------------------


def test_trap_withdrawal_and_its_undo_by_one_key_on_every_carrier(national, state, two, box) -> None:
    assert notice(national, "red-chamber", publish=True)
    national.refresh(two[1] / "tuf")
    found = box.offer(two[1] / "tuf")  # 1: a drive whose metadata was refreshed
    assert (found.outcome, found.withdrawn) == (UPDATED, {"red-chamber"})
    assert found.withdrawals == (Withdrawal("red-chamber", "题名 red-chamber", "版权到期", "2026-11-22"),)
    found = box.offer_notice(notice(national, "big-map", key="withdrawals-2"))  # 2: a notice alone, not published
    assert (found.outcome, sorted(found.withdrawn)) == (UPDATED, ["big-map", "red-chamber"])
    for drive in two:  # an older drive, and the newest one again: neither brings anything back
        box.admit_drive(drive / "tuf", tagmanifest(drive))
        assert sorted(box.current().withdrawn) == ["big-map", "red-chamber"]
    assert sorted(national.box(state).current().withdrawn) == ["big-map", "red-chamber"]
    assert box.offer_notice(notice(national, "red-chamber", undo=True)).withdrawn == {"big-map"}
    assert national.box(state).current().withdrawn == {"big-map"}
    publish_notice(national.keys, national.key("online"), DAY, national.files)
    assert box.offer(national.keys / "tuf").withdrawn == {"big-map"}  # 3: a stick with the register


def test_notice_is_small_enough_for_a_phone(national, box) -> None:
    assert len(notice(national, "red-chamber")) < 1500
    many = notice(national, *(f"resource-{n:04}" for n in range(300)))
    assert len(many) < 64 << 10


def test_two_signers_list_and_the_role_are_united(national, box, tmp_path) -> None:
    national.withdraw("big-map")
    notice(national, "red-chamber", publish=True)
    found = box.offer(national.keys / "tuf")
    assert found.withdrawn == {"big-map", "red-chamber"}
    assert [withdrawal.id for withdrawal in found.withdrawals] == ["red-chamber"]
    assert box.offer_notice(notice(national, "big-map", "red-chamber", undo=True)).withdrawn == {"big-map"}


def test_release_that_follows_carries_the_unpublished_notice(national, box) -> None:
    notice(national, "red-chamber")
    work = national.release(3, supersedes=2)
    assert box.offer(work / "tuf").withdrawn == {"red-chamber"}


def test_newer_notice_of_a_repository_that_is_no_news_is_taken_all_the_same(national, state, two, box) -> None:
    """A box knows the newest lists; a stick made meanwhile elsewhere has an older timestamp and a newer notice."""
    national.fork(state.parent / "elsewhere")
    other = national.fork(state.parent / "other")
    notice(other, "red-chamber", publish=True)
    national.release(3, supersedes=2)
    national.release(4, supersedes=3)
    box.offer(national.keys / "tuf")
    found = box.offer(other.keys / "tuf")
    assert (found.outcome, found.withdrawn) == (OLDER, {"red-chamber"})
    assert national.box(state).current().withdrawn == {"red-chamber"}


# --- what is refused ----------------------------------------------------------------------------------------------


def altered(content: bytes, key: Key | None, change) -> bytes:
    """A notice with its metadata changed, signed by `key` alone (None: by nobody)."""
    document = json.loads(content)
    metadata = Metadata[Targets].from_bytes(document["metadata"].encode())
    document["list"] = change(metadata.signed, document["list"]) or document["list"]
    metadata.signatures.clear()
    made = metadata.to_bytes()
    document["metadata"] = (add_signature(made, key) if key else made).decode()
    return canonical_json(document)


def reach(signed: Targets, _text: str) -> None:
    name = "releases/national/9.json"
    signed.targets[name] = TargetFile.from_data(name, b"{}", ["sha256"])


def elsewhere(signed: Targets, _text: str) -> None:
    signed.targets["withdrawals/other.json"] = signed.targets.pop(TARGET)


def later(signed: Targets, _text: str) -> None:
    signed.version += 5


@pytest.mark.parametrize(
    ("signer", "change", "expected"),
    [
        ("withdrawals-1", reach, ListChangedError),
        ("withdrawals-1", elsewhere, ListChangedError),
        ("targets-1", later, UnknownIssuerError),
        ("online", later, UnknownIssuerError),
        ("stranger", later, UnknownIssuerError),
        ("", later, UnknownIssuerError),
        ("withdrawals-1", lambda _signed, text: text.replace("big-map", "bog-map"), ListChangedError),
    ],
)
def test_notice_forged_or_reaching_wider_is_refused(national, state, box, signer, change, expected) -> None:
    box.offer_notice(notice(national, "red-chamber"))
    before = {path: path.read_bytes() for path in state.iterdir()}
    key = Key.new() if signer == "stranger" else national.key(signer) if signer else None
    spoilt = altered(notice(national, "big-map"), key, lambda signed, text: later(signed, text) or change(signed, text))
    with pytest.raises(expected):
        box.offer_notice(spoilt)
    assert box.current().withdrawn == {"red-chamber"}
    assert {path: path.read_bytes() for path in state.iterdir()} == before


def test_notice_older_same_or_another_of_the_same_number(national, box) -> None:
    first, second = notice(national, "red-chamber"), notice(national, "big-map")
    box.offer_notice(second)
    assert box.offer_notice(second).outcome == SAME
    with pytest.raises(RetiredError):
        box.offer_notice(first)
    with pytest.raises(ListChangedError, match="another notice of the same number"):
        box.offer_notice(altered(second, national.key("withdrawals-2"), lambda *_: None))
    assert sorted(box.current().withdrawn) == ["big-map", "red-chamber"]


def text_in(content: bytes) -> str:
    """The metadata in a notice."""
    return str(json.loads(content)["metadata"])


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda _: b"", ListChangedError),
        (lambda _: b"{}", ListChangedError),
        (lambda content: content[:-40], ListChangedError),
        (lambda _: b"[" * 100_000, ListChangedError),
        (lambda _: b" " * (MAX_NOTICE + 1), ListChangedError),
        (lambda content: canonical_json({"list": "", "metadata": text_in(content)[:200]}), HalfCopiedError),
        (lambda _: canonical_json({"list": "", "metadata": "{}"}), ListChangedError),
    ],
)  # fmt: skip
def test_notice_that_is_none_is_refused(national, box, spoil, expected) -> None:
    with pytest.raises(expected):
        box.offer_notice(spoil(notice(national, "red-chamber")))


def test_notice_that_a_phone_laid_out_anew_is_the_same_notice(national, box) -> None:
    content = json.dumps(json.loads(notice(national, "red-chamber")), indent=4).encode()
    assert box.offer_notice(content).withdrawn == {"red-chamber"}


def test_notice_before_the_first_drive_without_delegation_or_in_strict_mode_is_refused(
    national, state, two, tmp_path
) -> None:
    with pytest.raises(UnknownIssuerError):
        national.box(tmp_path / "new").offer_notice(b"{}")
    early = national.box(tmp_path / "early")
    early.offer(two[1] / "tuf")
    delegate(national)
    content = notice(national, "red-chamber")
    with pytest.raises(UnknownIssuerError):
        early.offer_notice(content)
    strict = national.box(tmp_path / "strict", strict=True)
    with pytest.raises(TrustError):
        strict.offer_notice(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda roles: setattr(roles[ROLE], "paths", ["*"]),
        lambda roles: setattr(roles[ROLE], "name", 5),
        lambda roles: roles.update(other=DelegatedRole("other", roles[ROLE].keyids, 1, terminating=True, paths=["x"])),
    ],
)
def test_targets_that_delegate_anything_else_are_refused(national, state, box, change) -> None:
    """Signed by two, as a faulty tool or two stolen keys could: a box takes nothing of such a list."""
    before = box.current()
    national.forge(national.keys / "tuf", edit=lambda targets: change(targets.delegations.roles))
    with pytest.raises(ListChangedError):
        box.offer(national.keys / "tuf")
    assert box.current().versions == before.versions


def test_repository_whose_role_is_missing_or_changed_is_refused(national, state, box, tmp_path) -> None:
    work = national.release(3, supersedes=2)
    (metadata,) = (work / "tuf/metadata").glob("*.withdrawals.json")
    whole = metadata.read_bytes()
    for spoilt, expected in ((whole[:100], HalfCopiedError), (whole.replace(b"2036", b"2046"), ListChangedError)):
        metadata.write_bytes(spoilt)
        with pytest.raises(expected):
            national.box(tmp_path / "x").offer(work / "tuf")
    metadata.unlink()
    with pytest.raises(HalfCopiedError):
        national.box(tmp_path / "y").offer(work / "tuf")


def test_kept_notice_that_is_damaged_is_passed_over(national, state, box) -> None:
    from packager.format.floors import TwoCopies

    box.offer_notice(notice(national, "red-chamber"))
    copies = TwoCopies(state, "trusted", RealFiles())
    content = copies.read()
    assert content is not None
    document = json.loads(content)
    for damaged in (5, "x", document["notice"].replace("red-chamber", "red-chambers")):
        copies.write(canonical_json({**document, "notice": damaged}))
        assert national.box(state).current().withdrawn == frozenset()
    copies.write(content)
    assert national.box(state).current().withdrawn == {"red-chamber"}


# --- keys ---------------------------------------------------------------------------------------------------------


def test_stolen_key_of_the_role_is_replaced_and_its_notices_with_it(national, state, box) -> None:
    """A thief withdraws everything under a number that nobody reaches; two signers name other keys."""
    thief = national.key("withdrawals-1")
    honest = notice(national, "red-chamber", publish=True)
    box.offer_notice(honest)

    def fast(signed: Targets, _text: str) -> None:
        signed.version = 1 << 30

    stolen = altered(notice(national.fork(state.parent / "thief"), "big-map", "two-parts"), thief, fast)
    assert box.offer_notice(stolen).withdrawn == {"red-chamber", "big-map", "two-parts"}
    delegate(national, replace=True)
    assert box.offer(national.keys / "tuf").withdrawn == {"red-chamber"}  # the honest list goes on under the new key
    with pytest.raises(UnknownIssuerError):
        box.offer_notice(stolen)
    assert box.offer_notice(notice(national, "entry-only")).withdrawn == {"red-chamber", "entry-only"}
    assert national.key("withdrawals-1").id != thief.id


def test_approve_delegation_to_other_keys_than_ones_own_folder_holds_is_refused(national, two, tmp_path) -> None:
    make_keys(national.keys, passphrase, national.files, cost=COST)
    request_delegation(tmp_path / "w", national.keys, DAY, national.files)
    make_keys(national.keys, passphrase, national.files, replace=True, cost=COST)
    with pytest.raises(NumberDiffersError):
        approve(tmp_path / "w", national.keys, national.key("targets-1"), national.files)


def test_delegation_without_a_notice_of_the_new_key_is_not_published(national, two) -> None:
    from packager.signing import SIGNERS, finish

    make_keys(national.keys, passphrase, national.files, cost=COST)
    request_delegation(national.keys, national.keys, DAY, national.files)
    for name in SIGNERS:
        approve(national.keys, national.keys, national.key(name), national.files)
    with pytest.raises(NotListedError):
        finish(national.keys, national.keys, national.key("online"), national.files)


def test_check_key_and_publish_before_anything_is_delegated_or_published(national, tmp_path) -> None:
    key = Key.new()
    with pytest.raises(NotListedError):
        check_key(national.keys, key)
    with pytest.raises(SigningError):
        publish_notice(national.keys, key, DAY, FastFiles())
    national.release(1)
    with pytest.raises(NotListedError):
        check_key(national.keys, key)


def test_sign_notice_of_what_a_box_would_not_take_is_refused(national, box) -> None:
    with pytest.raises(SigningError):
        sign_notice(national.keys, withdrawing([Withdrawal("x", "a\nb", "", "")]), Key.new(), DAY, national.files)
    assert not json.loads(json.loads((national.keys / NOTICE).read_bytes())["list"])["withdrawn"]


def test_withdrawn_again_keeps_its_first_day(national, box) -> None:
    notice(national, "red-chamber")
    found = box.offer_notice(notice(national, "red-chamber", day=date(2027, 3, 1)))
    assert found.withdrawals[0].since == DAY.isoformat()


def test_drives_before_and_after_the_delegation_are_both_read(national, two, box) -> None:
    fresh = plug(national, national.release(3, supersedes=2), "fresh")
    assert box.admit_drive(fresh / "tuf", tagmanifest(fresh)).newest
    assert not box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).newest
