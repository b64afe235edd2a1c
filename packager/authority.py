"""The publisher's own keys, root and repository: what the signed metadata is made of and where it is kept.

A folder of keys holds

    <name>.pem, <name>.pem.pub      root-1 … root-3, targets-1 … targets-3, online
    root.json                       the first root: what a box is given when it is provisioned
    tuf/metadata, tuf/targets       the register: everything that was ever published, newest last

On a drive the register stands as `/tuf`. Dates are passed in; nothing here reads a clock.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from packager.errors import SigningError
from packager.format.errors import TrustError
from packager.format.files import Files
from packager.format.layout import DriveLayout
from packager.format.repository import Verified, reader_of_folder, verify
from packager.format.withdrawals import TARGET, Notice
from provisioning.keys import COST, Key, PublicKey, load_public_key, save_key
from provisioning.roles import OFFLINE_ROLES, ONLINE_KEY, ROLES, WITHDRAWALS, key_names

log = logging.getLogger(__name__)

LIFETIME = {"root": 3650, "targets": 3650, "snapshot": 400, "timestamp": 400, "withdrawals": 3650}
"""Days until the metadata of a role expires. A box refuses nothing for that; it says how old its list is."""

Passphrases = Callable[[str], str]
"""Gives the passphrase of a key by the key's name (`targets-1`)."""


@dataclass(frozen=True, slots=True)
class Published:
    """A verified state of the repository: `verified` proves it, `targets` is its list; None before the first."""

    root: bytes
    verified: Verified | None
    targets: Targets | None


def init_keys(folder: Path, passphrases: Passphrases, day: date, files: Files, *, cost: int = COST) -> bytes:
    """Make all keys of a new authority and its first root, signed by the three root keys.

    For a demonstration or a rehearsal one machine makes them all; in earnest each holder makes a key alone
    (`provisioning.keys`), and the root is made of their public keys (`new_root`, `add_signature`).

    Args:
        folder: for the keys; made if missing. Keys that are there are never overwritten.
        passphrases: asked once for each name.
        day: from which the root's lifetime counts.
        files: the writer.
        cost: work of scrypt, see `provisioning.keys.save_key`.

    Returns:
        The root, as written to `root.json`.

    Raises:
        PassphraseError: a passphrase is too weak.
        KeyFileError: there is a key already.
        OSError: the disk is full or does not answer.
    """
    files.make_dir(folder)
    folder.chmod(0o700)
    keys: dict[str, Key] = {}
    for name in key_names():
        keys[name] = Key.new()
        save_key(keys[name], folder / f"{name}.pem", passphrases(name), cost=cost)
    root = new_root(public_keys(folder), day)
    for n in range(1, OFFLINE_ROLES[0].keys + 1):
        root = add_signature(root, keys[f"root-{n}"])
    write_root(folder / "tuf", root, files)
    files.write_atomic(folder / "root.json", root)
    return root


def public_keys(folder: Path) -> dict[str, list[PublicKey]]:
    """The public keys in a folder of keys, by role.

    Raises:
        KeyFileError: one is not a public key.
        OSError: one is missing.
    """
    found: dict[str, list[PublicKey]] = {}
    for role in ROLES:
        names = [f"{role.name}-{n}" for n in range(1, role.keys + 1)] if role.offline else [ONLINE_KEY]
        found[role.name] = [load_public_key(folder / f"{name}.pem.pub") for name in names]
    return found


def new_root(keys: Mapping[str, Sequence[PublicKey]], day: date, previous: bytes | None = None) -> bytes:
    """An unsigned root that names these keys; add signatures with `add_signature`.

    Args:
        keys: by role, for every role.
        day: from which its lifetime counts.
        previous: the root before; the new one has the next version and needs the old root keys' signatures too.
    """
    version = Metadata[Root].from_bytes(previous).signed.version + 1 if previous else 1
    root = Root(version=version, expires=expiry(day, "root"), consistent_snapshot=True)
    for role in ROLES:
        for key in keys[role.name]:
            root.add_key(signing_key(key), role.name)
        root.roles[role.name].threshold = role.threshold
    return Metadata(root).to_bytes()


def add_signature(metadata: bytes, key: Key) -> bytes:
    """The same metadata with one signature more."""
    parsed: Metadata[Root] = Metadata.from_bytes(metadata)
    parsed.sign(CryptoSigner(key.private), append=True)
    return parsed.to_bytes()


def write_root(repository: Path, root: bytes, files: Files) -> None:
    """Write a signed root to a repository (the folder that holds `metadata/`), durably.

    Raises:
        OSError: the disk is full or does not answer.
    """
    version = Metadata[Root].from_bytes(root).signed.version
    files.make_dir(repository / "metadata")
    files.write_atomic(repository / "metadata" / f"{version}.root.json", root)


def read_published(repositories: Sequence[Path], root: bytes) -> Published:
    """The newest verified state among repositories; one without a list yet is passed over.

    Raises:
        TrustError: no repository is what was signed, and one is something else.
    """
    best = Published(root, None, None)
    fault: TrustError | None = None
    for repository in repositories:
        if not (repository / "metadata" / "timestamp.json").exists():
            continue
        try:
            with DriveLayout(repository).opened() as folder:
                verified = verify(reader_of_folder(folder), root)
        except TrustError as error:
            log.warning("a repository is passed over: %s", error)
            fault = error
            continue
        if best.verified is None or _age(verified) > _age(best.verified):
            targets = Metadata[Targets].from_bytes(verified.metadata["targets"]).signed
            best = Published(verified.root, verified, targets)
    if best.verified is None and fault is not None:
        raise fault
    return best


def _age(verified: Verified) -> tuple[int, int, int]:
    return verified.versions["root"], verified.versions["targets"], verified.versions["timestamp"]


def publish(
    repositories: Sequence[Path],
    before: Published,
    targets: bytes,
    contents: Mapping[str, bytes],
    online: Key,
    day: date,
    files: Files,
    *,
    root: bytes | None = None,
    notice: Notice | None = None,
) -> None:
    """Sign snapshot and timestamp for a signed list and write all of it, durably, the timestamp last.

    An interruption leaves the state before, or the new one; doing it again is harmless.

    Args:
        repositories: folders that hold `metadata/`; each gets the whole (the register and the work folder).
        before: the state that `targets` was made from.
        targets: the signed list.
        contents: new target files by target name.
        online: signs snapshot and timestamp.
        day: from which their lifetimes count.
        files: the writer.
        root: a new signed root, published together with the rest.
        notice: of the role that can only withdraw; the one that was published last when not given.

    Raises:
        SigningError: `online` is not the online key of the root.
        OSError: the disk is full or does not answer.
    """
    root_bytes = root or before.root
    newest = Metadata[Root].from_bytes(root_bytes).signed
    if any(online.id not in newest.roles[role].keyids for role in ("snapshot", "timestamp")):
        raise SigningError("the online key is not the one that the root names")
    versions = before.verified.versions if before.verified else {}
    number = Metadata[Targets].from_bytes(targets).signed.version
    snapshot = Snapshot(versions.get("snapshot", 0) + 1, expires=expiry(day, "snapshot"))
    snapshot.meta = {"targets.json": _described(number, targets)}
    notice = notice or (before.verified.notice if before.verified else None)
    if notice is not None:
        snapshot.meta[f"{WITHDRAWALS.name}.json"] = _described(notice.version, notice.metadata)
    snapshot_bytes = add_signature(Metadata(snapshot).to_bytes(), online)
    timestamp = Timestamp(versions.get("timestamp", 0) + 1, expires=expiry(day, "timestamp"))
    timestamp.snapshot_meta = _described(snapshot.version, snapshot_bytes)
    written = dict(before.verified.files) if before.verified else {}
    written.update({target_file(name, content): content for name, content in contents.items()})
    if notice is not None:
        written[f"metadata/{notice.version}.{WITHDRAWALS.name}.json"] = notice.metadata
        written[target_file(TARGET, notice.content)] = notice.content
    written[f"metadata/{newest.version}.root.json"] = root_bytes
    written[f"metadata/{number}.targets.json"] = targets
    written[f"metadata/{snapshot.version}.snapshot.json"] = snapshot_bytes
    written["metadata/timestamp.json"] = add_signature(Metadata(timestamp).to_bytes(), online)
    for repository in repositories:
        write_repository(repository, written, files)


def write_repository(repository: Path, written: Mapping[str, bytes], files: Files) -> None:
    """Write the files of a repository by name, durably: roots first, the timestamp, which makes it current, last.

    Raises:
        OSError: the disk is full or does not answer.
    """
    for name in sorted(
        written, key=lambda name: (name.endswith("timestamp.json"), not name.endswith("root.json"), name)
    ):
        files.make_dir((repository / name).parent)
        files.write_atomic(repository / name, written[name])


def target_file(name: str, content: bytes) -> str:
    """The place of a target in a repository: its digest stands before its file name (TUF consistent snapshots)."""
    folder, _, last = name.rpartition("/")
    return f"targets/{folder}/{hashlib.sha256(content).hexdigest()}.{last}"


def expiry(day: date, role: str) -> datetime:
    """When metadata of a role that is made on `day` expires, UTC."""
    return datetime.combine(day, time(), UTC) + timedelta(days=LIFETIME[role])


def _described(version: int, content: bytes) -> MetaFile:
    return MetaFile(version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})


def signing_key(key: PublicKey) -> SSlibKey:
    """A public key as TUF metadata names it."""
    return SSlibKey(key.id, "ed25519", "ed25519", {"public": key.raw.hex()})
