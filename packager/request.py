"""A request for signatures: what is to change in the signed list, and the next list made from it.

`work/request/change.json` says what is asked for, `work/request/targets.json` is the next list with the signatures so
far. Everybody who signs makes the list again from the change and from what was published, and compares.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, Root, TargetFile, Targets

from packager.authority import Published, expiry, signing_key, target_file
from packager.errors import NumberDiffersError, SequenceError, SigningError
from packager.format.deltas import DELTA_PREFIX, joins
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.listing import MAX_RETIRED
from packager.format.release import Release, canonical_json, is_sha256, load_canonical, target_name
from packager.format.systems import MAX_SYSTEMS, system_target, version_of
from packager.format.withdrawals import PATTERN, ROLE
from packager.withdrawn_list import LIFT, WITHDRAW
from provisioning.keys import PublicKey
from provisioning.roles import WITHDRAWALS

RELEASE, REVOKE, RETIRE, RESTORE, DELEGATE = "release", "revoke", "retire", "restore", "delegate"
DELTAS, SYSTEM = "deltas", "system"
_REMOVALS = frozenset({REVOKE, RETIRE})
_KINDS = frozenset({RELEASE, RESTORE, WITHDRAW, LIFT, DELEGATE, DELTAS, SYSTEM, *_REMOVALS})
_MAX_REQUEST = 4 << 20
_YEARS = (2000, 2999)
"""Of a request's day: dates of metadata have four digits, and lifetimes are added to them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a request asks for.

    Attributes:
        kind: `RELEASE`; `REVOKE`; `RETIRE`; `RESTORE`: a revoked or retired release is listed again, as it was;
            `WITHDRAW`, `LIFT`: resources, by that list; `DELEGATE`: other keys may withdraw by themselves; `DELTAS`:
            ways to a release are listed; `SYSTEM`: a system for boxes is listed.
        bundle: of the release; of `WITHDRAW` and `LIFT` whose desk keeps the list; of `DELEGATE` empty.
        seq: of the release; of `SYSTEM` its version; of the others 0.
        day: ISO date from which the lifetime of the list counts.
        contents: new target files as text, by target name.
        keys: of `DELEGATE`: the public keys, 64 hexadecimal digits each, sorted.
        deltas: of `DELTAS`: SHA-256 and bytes of each document, by target name.
    """

    kind: str
    bundle: str
    seq: int
    day: str
    contents: Mapping[str, str] = field(default_factory=dict)
    keys: Sequence[str] = ()
    deltas: Mapping[str, Sequence[str | int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A request and how far it is.

    Attributes:
        change: what it asks for.
        signed: ids of the keys that have signed, sorted; only right signatures count.
        threshold: how many must sign.
        targets: the next list, with the signatures so far.
    """

    change: Change
    signed: tuple[str, ...]
    threshold: int
    targets: bytes

    @property
    def ready(self) -> bool:
        """Whether enough have signed."""
        return len(self.signed) >= self.threshold


def retired_contents(before: Published, bundle: str, seq: int) -> dict[str, str]:
    """The list of retired drives with those of a release added, as target content by name.

    Raises:
        SequenceError: the release is not on the list.
    """
    listed = before.verified.listed if before.verified else {}
    if target_name(bundle, seq) not in listed:
        raise SequenceError(f"{target_name(bundle, seq)} is not on the list")
    release = Release.from_bytes(listed[target_name(bundle, seq)])
    name = f"retired/{bundle}.json"
    drives = dict(load_canonical(listed[name], MAX_RETIRED, name)["tagmanifests"]) if name in listed else {}
    drives.update({disk.tagmanifest: release.edition for disk in release.disks})
    return {name: canonical_json({"bundle": bundle, "tagmanifests": drives}).decode()}


def restored_contents(before: Published, repositories: Sequence[Path], bundle: str, seq: int) -> dict[str, str]:
    """A release that was taken off the list, as it was published, as target content by name; its drives not retired.

    Args:
        before: what was published.
        repositories: where its document is looked for (the register keeps every one).
        bundle: of the release.
        seq: of the release.

    Raises:
        SequenceError: it is on the list, or no repository holds it.
        SigningError: what is there is not one document under its own digest.
    """
    name = target_name(bundle, seq)
    listed = before.verified.listed if before.verified else {}
    if name in listed:
        raise SequenceError(f"{name} is on the list")
    found = {
        path.read_bytes() for at in repositories for path in (at / "targets/releases" / bundle).glob(f"*.{seq}.json")
    }
    if not found:
        raise SequenceError(f"{name} was never published")
    content = found.pop()
    # The register was written by the signers; two documents of one number mean that somebody else wrote there too.
    if found or not any((at / target_file(name, content)).exists() for at in repositories):
        raise SigningError(f"{name} is kept in several forms, or damaged")
    release = Release.from_bytes(content)
    contents = {name: content.decode()}
    retired = f"retired/{bundle}.json"
    if retired in listed:
        drives = dict(load_canonical(listed[retired], MAX_RETIRED, retired)["tagmanifests"])
        left = {key: drives[key] for key in drives if release.disk_of(key) is None}
        if left != drives:
            contents[retired] = canonical_json({"bundle": bundle, "tagmanifests": left}).decode()
    return contents


def next_list(before: Published, change: Change) -> bytes:
    """The unsigned list that follows from what was published and the change.

    Raises:
        SequenceError: a release to be removed is not on the list.
    """
    day = date.fromisoformat(change.day)
    targets = copy.deepcopy(before.targets) if before.targets else Targets()
    targets.version = before.targets.version + 1 if before.targets else 1
    targets.expires = expiry(day, "targets")
    if change.kind in _REMOVALS:
        name = target_name(change.bundle, change.seq)
        if targets.targets.pop(name, None) is None:
            raise SequenceError(f"{name} is not on the list")
        for way in [name for name in targets.targets if joins(name, change.bundle, change.seq)]:
            del targets.targets[way]
    for name, (sha256, length) in change.deltas.items():
        targets.targets[name] = TargetFile(int(length), {"sha256": str(sha256)}, name)
    if change.kind == DELEGATE:
        targets.delegations = _delegation(change.keys)
    if change.kind == SYSTEM:
        _drop_old_systems(targets)
    for name, text in change.contents.items():
        targets.targets[name] = TargetFile.from_data(name, text.encode(), ["sha256"])
    return Metadata(targets).to_bytes()


def _drop_old_systems(targets: Targets) -> None:
    """Of the systems that are listed the newest stay: a box that is far behind may need one on the way."""
    listed = sorted(version for name in targets.targets if (version := version_of(name)))
    for version in listed[: max(0, len(listed) + 1 - MAX_SYSTEMS)]:
        del targets.targets[system_target(version)]


def _delegation(keys: Sequence[str]) -> Delegations:
    """The one delegation that there is: to the role that can only withdraw."""
    found = {key.keyid: key for key in (signing_key(PublicKey(bytes.fromhex(text))) for text in keys)}
    role = DelegatedRole(ROLE, sorted(found), WITHDRAWALS.threshold, terminating=True, paths=[PATTERN])
    return Delegations(dict(sorted(found.items())), {ROLE: role})


def write_request(work: Path, before: Published, change: Change, files: Files) -> Request:
    """Write a request, durably, replacing an earlier one.

    Raises:
        SequenceError: as `next_list`.
        OSError: the disk is full or does not answer.
    """
    content = next_list(before, change)
    folder = work / "request"
    files.make_dir(folder)
    files.remove(folder / "targets.json")
    files.write_atomic(folder / "change.json", canonical_json(asdict(change)))
    files.write_atomic(folder / "targets.json", content)
    return read_request(work, before)


def write_signed(work: Path, targets: bytes, files: Files) -> None:
    """Keep the next list with one signature more, durably.

    Raises:
        OSError: the disk is full or does not answer.
    """
    files.write_atomic(work / "request" / "targets.json", targets)


def remove_request(work: Path, files: Files) -> None:
    """Remove a request that was published.

    Raises:
        OSError: the disk does not answer.
    """
    for name in ("targets.json", "change.json"):
        files.remove(work / "request" / name)


def read_request(work: Path, before: Published) -> Request:
    """The request in a work folder.

    Raises:
        SigningError: there is none, or it is malformed.
        OSError: the disk does not answer.
    """
    try:
        targets = (work / "request" / "targets.json").read_bytes()
        raw = (work / "request" / "change.json").read_bytes()
    except FileNotFoundError as error:
        raise SigningError("there is no request in this work folder") from error
    try:
        change = _change(load_canonical(raw, _MAX_REQUEST, "change.json"))
        metadata = Metadata[Targets].from_bytes(targets)
        root = Metadata[Root].from_bytes(before.root).signed
        result = root.get_verification_result("targets", metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, FormatError, TypeError, ValueError, AttributeError) as error:
        raise SigningError(f"the request is malformed: {error}") from error
    return Request(change, tuple(sorted(result.signed)), root.roles["targets"].threshold, targets)


def _change(document: dict[str, object]) -> Change:
    change = Change(**document)  # type: ignore[arg-type]  # the next line looks at every member
    texts = (change.kind, change.bundle, change.day, *change.contents, *change.contents.values(), *change.keys)
    if change.kind not in _KINDS or not all(isinstance(text, str) for text in texts):
        raise TypeError("a member is of another shape")
    if not all(map(is_sha256, change.keys)):
        raise TypeError("keys are no public keys")
    for name, (sha256, length) in change.deltas.items():
        if not name.startswith(DELTA_PREFIX) or not is_sha256(sha256) or type(length) is not int:
            raise TypeError("deltas are no deltas")
    if type(change.seq) is not int:
        raise TypeError("seq is no number")
    day = date.fromisoformat(change.day)
    if day.isoformat() != change.day or not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ValueError("day is none from which a lifetime can count")
    return change


def only_release(change: Change) -> Release:
    """The one release that a change adds.

    Raises:
        NumberDiffersError: it changes something else.
    """
    if len(change.contents) == 1:
        name, text = next(iter(change.contents.items()))
        release = Release.from_bytes(text.encode())
        if name == release.target and (release.bundle, release.seq) == (change.bundle, change.seq):
            return release
    raise NumberDiffersError("the request changes something else than one release")


def check_list(before: Published, request: Request) -> None:
    """Prove that the list to be signed is the one that follows from the change.

    Raises:
        SequenceError: something else was published meanwhile; or as `next_list`.
        NumberDiffersError: it is another list.
    """
    expected = Metadata[Targets].from_bytes(next_list(before, request.change))
    found = Metadata[Targets].from_bytes(request.targets)
    if found.signed.version != expected.signed.version:
        raise SequenceError(f"list {expected.signed.version} is due, the request is for {found.signed.version}")
    if found.signed_bytes != expected.signed_bytes:
        raise NumberDiffersError("the list to be signed is not the one that follows from the change")
