"""Two people sign a release.

Either on one machine in one go (`sign_release`), or in turn on two:

1. `request` writes what is to be signed to `work/request/`: the next list (`targets.json`) and what it changes.
2. `approve`, by each signer, with the bag at hand: makes the list again from what was published before, computes the
   build number from the bag, compares both, and only then adds a signature to the file.
3. `finish`, when enough have signed: the online key signs snapshot and timestamp, and all of it is published to the
   register and to `work/tuf`.

A release is taken back (revoked), retired or listed again, and a resource withdrawn, in the same three steps. What the
boxes make of it is in `packager.format.trust`; the keys are in `packager.authority`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tuf.api.metadata import Metadata, Root

from packager.authority import (
    Passphrases,
    Published,
    add_signature,
    init_keys,
    publish,
    read_published,
    write_repository,
)
from packager.delta.listing import check_deltas
from packager.errors import NotListedError, NumberDiffersError, OneSignatureError, SamePersonError, SequenceError
from packager.format.files import Files
from packager.format.release import Release
from packager.recompute import Progress, check_release
from packager.request import (
    DELEGATE,
    DELTAS,
    RELEASE,
    RESTORE,
    RETIRE,
    REVOKE,
    SYSTEM,
    Change,
    Request,
    check_list,
    only_release,
    read_request,
    remove_request,
    restored_contents,
    retired_contents,
    write_request,
    write_signed,
)
from packager.systems.making import check_system
from packager.withdrawing import known_notice, newest_notice, withdrawal_keys
from packager.withdrawn_list import LIFT, WITHDRAW, check_contents, lifted_contents, withdrawn_contents
from provisioning.keys import Key, load_key
from provisioning.roles import ONLINE_KEY

__all__ = [
    "RESTORE",
    "RETIRE",
    "REVOKE",
    "Change",
    "Request",
    "Signed",
    "approve",
    "change_release",
    "finish",
    "init_keys",
    "request_change",
    "request_delegation",
    "request_release",
    "request_withdrawal",
    "sign_release",
    "withdraw_resources",
]

SIGNERS = ("targets-1", "targets-2")
"""The keys that `sign_release` uses when nothing else is said."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A release that is published. number: its build number; signers: names of the keys; version: of the list."""

    release: Release
    number: str
    signers: tuple[str, ...]
    version: int


def sign_release(
    work: Path,
    keys: Path,
    passphrases: Passphrases,
    files: Files,
    *,
    signers: Sequence[str] = SIGNERS,
    full: bool = False,
    progress: Progress | None = None,
) -> Signed:
    """Request, approve (by each of `signers`) and finish on one machine. Signing the same release again is harmless.

    Args:
        work: the work folder with `bag/` and `release.json`; gets `tuf/`.
        keys: the folder of keys, with the register (`packager.authority`).
        passphrases: asked for each signer and for the online key.
        files: the writer.
        signers: names of keys in `keys`.
        full: each signer reads the whole payload too.
        progress: called with the number of bytes read in each step.

    Raises:
        SequenceError: the release does not follow the last one published.
        NumberDiffersError: the bag is not the one that the release describes.
        NotListedError, SamePersonError, OneSignatureError: too few of the right people.
        PassphraseError, KeyFileError: a key cannot be opened.
        TrustError: what was published before is not what was signed.
        OSError: a disk is full or does not answer.
    """
    release = _release_in(work)
    before = _published(work, keys)
    if before.verified is not None and before.verified.listed.get(release.target) == release.to_bytes():
        number = check_release(work, release, full=full, progress=progress)
        write_repository(work / "tuf", before.verified.files, files)
        return Signed(release, number, tuple(signers), before.verified.versions["targets"])
    request_release(work, keys, files)
    for name in signers:
        key = load_key(keys / f"{name}.pem", passphrases(name))
        approve(work, keys, key, files, full=full, progress=progress)
    online = load_key(keys / f"{ONLINE_KEY}.pem", passphrases(ONLINE_KEY))
    version = finish(work, keys, online, files)
    return Signed(release, release.number, tuple(signers), version)


def request_release(work: Path, keys: Path, files: Files) -> Request:
    """Ask for signatures on `work/release.json`. Replaces an earlier request in this work folder.

    Args:
        work: the work folder.
        keys: a folder with `root.json` and the register; no private key is needed.
        files: the writer.

    Raises:
        SequenceError: the release does not follow the last one published.
        TrustError: what was published before is not what was signed.
        OSError: a disk is full or does not answer.
    """
    release = _release_in(work)
    before = _published(work, keys)
    _check_sequence(work, keys, release)
    change = Change(RELEASE, release.bundle, release.seq, release.issued, {release.target: release.to_bytes().decode()})
    return write_request(work, before, change, files)


def request_change(work: Path, keys: Path, kind: str, bundle: str, seq: int, day: date, files: Files) -> Request:
    """Ask for signatures on taking a release off the list, or on listing it again.

    Args:
        work: a work folder; it needs no bag.
        keys: a folder with `root.json` and the register.
        kind: `REVOKE`; `RETIRE`: it is too old to be offered, and boxes say so; `RESTORE`: list it again.
        bundle: of the release.
        seq: of the release.
        day: today.
        files: the writer.

    Raises:
        SequenceError: it is not on the list, or to be restored and on the list or unknown.
        TrustError: what was published before is not what was signed.
        OSError: a disk is full or does not answer.
    """
    before = _published(work, keys)
    change = Change(kind, bundle, seq, day.isoformat(), _contents(work, keys, before, kind, bundle, seq))
    return write_request(work, before, change, files)


def request_withdrawal(
    work: Path, keys: Path, bundle: str, resources: Iterable[str], day: date, files: Files, *, lift: bool = False
) -> Request:
    """Ask for signatures on withdrawing resources (下架), in every release of every bundle and on every drive.

    Args:
        work: a work folder; it needs no bag.
        keys: a folder with `root.json` and the register.
        bundle: whose desk keeps the list.
        resources: ids of the resources.
        day: of the notice.
        files: the writer.
        lift: give them back instead: what this list and the notices so far say of them no longer counts.

    Raises:
        SigningError: one is no id of a resource, or the list is too long; nothing is there to be lifted.
        TrustError: what was published before is not what was signed.
        OSError: a disk is full or does not answer.
    """
    before = _published(work, keys)
    if lift:
        contents = lifted_contents(before, bundle, resources, known_notice(keys, before))
    else:
        contents = withdrawn_contents(before, bundle, resources, day.isoformat())
    change = Change(LIFT if lift else WITHDRAW, bundle, 0, day.isoformat(), contents)
    return write_request(work, before, change, files)


def request_delegation(work: Path, keys: Path, day: date, files: Files) -> Request:
    """Ask for signatures on letting the keys in `keys` withdraw resources by themselves, and no others.

    Args:
        work: a work folder; it needs no bag.
        keys: a folder with `root.json`, the register and the public keys (`withdrawing.make_keys`).
        day: today.
        files: the writer.

    Raises:
        KeyFileError: one is no public key.
        TrustError: what was published before is not what was signed.
        OSError: a key is missing, or a disk is full or does not answer.
    """
    change = Change(DELEGATE, "", 0, day.isoformat(), keys=withdrawal_keys(keys))
    return write_request(work, _published(work, keys), change, files)


def approve(
    work: Path, keys: Path, key: Key, files: Files, *, full: bool = False, progress: Progress | None = None
) -> Request:
    """Add one signer's signature to the request in `work`, after making everything again.

    Args:
        work: the work folder with the request and, for a release, the bag.
        keys: this signer's folder with `root.json` and the register.
        key: the signer's targets key.
        files: the writer.
        full: read the whole payload too.
        progress: called with the number of bytes read in each step.

    Raises:
        NotListedError: the key is not one of the targets keys.
        SamePersonError: it has signed already.
        NumberDiffersError: the bag is another, or the list to be signed is not the one that follows from the change.
        SequenceError: something else was published meanwhile.
        OSError: a disk is full or does not answer.
    """
    before = _published(work, keys)
    root = Metadata[Root].from_bytes(before.root).signed
    if key.id not in root.roles["targets"].keyids:
        raise NotListedError(f"key {key.id[:12]} is not a targets key")
    found = read_request(work, before)
    if key.id in found.signed:
        raise SamePersonError(f"key {key.id[:12]} has signed already")
    _check_change(work, keys, before, found, full=full, progress=progress)
    content = add_signature(found.targets, key)
    write_signed(work, content, files)
    return read_request(work, before)


def finish(work: Path, keys: Path, online: Key, files: Files) -> int:
    """Publish a request that enough people have signed: to the register in `keys` and to `work/tuf`, durably.

    Returns:
        The version of the list.

    Raises:
        OneSignatureError: too few have signed.
        NumberDiffersError, SequenceError: as `approve`.
        SigningError: `online` is not the online key.
        OSError: a disk is full or does not answer; doing it again is harmless.
    """
    before = _published(work, keys)
    found = read_request(work, before)
    if not found.ready:
        names = "、".join(identity[:8] for identity in found.signed)
        raise OneSignatureError(f"{len(found.signed)} of {found.threshold} have signed", name=names)
    check_list(before, found)
    contents = {name: text.encode() for name, text in found.change.contents.items()}
    day = date.fromisoformat(found.change.day)
    notice = newest_notice(keys, before, found.targets)
    if found.change.kind == DELEGATE and notice is None:
        raise NotListedError("the list of withdrawn resources is not signed by one of the new keys yet")
    publish((keys / "tuf", work / "tuf"), before, found.targets, contents, online, day, files, notice=notice)
    remove_request(work, files)
    return (before.verified.versions["targets"] if before.verified else 0) + 1


def change_release(
    work: Path,
    keys: Path,
    passphrases: Passphrases,
    kind: str,
    bundle: str,
    seq: int,
    day: date,
    files: Files,
    *,
    signers: Sequence[str] = SIGNERS,
) -> int:
    """Request, approve and finish a change of the list on one machine; arguments as `request_change`.

    Returns:
        The version of the list.

    Raises:
        SequenceError: as `request_change`.
        SigningError, PassphraseError, KeyFileError, TrustError, OSError: as `sign_release`.
    """
    request_change(work, keys, kind, bundle, seq, day, files)
    for name in signers:
        approve(work, keys, load_key(keys / f"{name}.pem", passphrases(name)), files)
    return finish(work, keys, load_key(keys / f"{ONLINE_KEY}.pem", passphrases(ONLINE_KEY)), files)


def withdraw_resources(
    work: Path,
    keys: Path,
    passphrases: Passphrases,
    bundle: str,
    resources: Iterable[str],
    day: date,
    files: Files,
    *,
    signers: Sequence[str] = SIGNERS,
    lift: bool = False,
) -> int:
    """Request, approve and finish withdrawing or lifting, on one machine; arguments as `request_withdrawal`.

    Returns:
        The version of the list.

    Raises:
        SigningError, PassphraseError, KeyFileError, TrustError, OSError: as `sign_release`.
    """
    request_withdrawal(work, keys, bundle, resources, day, files, lift=lift)
    for name in signers:
        approve(work, keys, load_key(keys / f"{name}.pem", passphrases(name)), files)
    return finish(work, keys, load_key(keys / f"{ONLINE_KEY}.pem", passphrases(ONLINE_KEY)), files)


def _release_in(work: Path) -> Release:
    return Release.from_bytes((work / "release.json").read_bytes())


def _published(work: Path, keys: Path) -> Published:
    return read_published((keys / "tuf", work / "tuf"), (keys / "root.json").read_bytes())


def _check_sequence(work: Path, keys: Path, release: Release) -> None:
    """A release must be newer than every one that was ever published, revoked ones included."""
    found = [
        (int(path.name.split(".")[-2]), path)
        for repository in (keys / "tuf", work / "tuf")
        for path in (repository / "targets" / "releases" / release.bundle).glob("*.[0-9]*.json")
    ]
    if not found:
        return
    last, path = max(found)
    if release.seq <= last:
        edition = Release.from_bytes(path.read_bytes()).edition
        raise SequenceError(f"release {last} of {release.bundle} is published already", edition=edition)


def _check_change(
    work: Path, keys: Path, before: Published, request: Request, *, full: bool, progress: Progress | None
) -> None:
    change = request.change
    if change.kind == RELEASE:
        release = only_release(change)
        _check_sequence(work, keys, release)
        check_release(work, release, full=full, progress=progress)
    elif change.kind in {WITHDRAW, LIFT}:
        notice = known_notice(keys, before)
        check_contents(change.kind, before, change.bundle, change.day, change.contents, notice)
    elif change.kind == DELEGATE:
        if change.contents or list(change.keys) != withdrawal_keys(keys):
            raise NumberDiffersError("the keys that may withdraw are not those in this folder of keys")
    elif change.kind == DELTAS:
        check_deltas(work, before, change.deltas)
    elif change.kind == SYSTEM:
        check_system(work, keys, change)
    elif change.contents != _contents(work, keys, before, change.kind, change.bundle, change.seq):
        raise NumberDiffersError("the documents to be listed are not those that follow from the change")
    check_list(before, request)


def _contents(work: Path, keys: Path, before: Published, kind: str, bundle: str, seq: int) -> dict[str, str]:
    """The documents that a change of the list brings along."""
    if kind == RETIRE:
        return retired_contents(before, bundle, seq)
    if kind == RESTORE:
        return restored_contents(before, (keys / "tuf", work / "tuf"), bundle, seq)
    return {}
