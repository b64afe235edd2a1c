"""One person withdraws resources: the notice of the role that can do nothing else, made, kept and published.

`keys/withdrawals.json` is the newest notice, in the form in which it travels alone. It is made with one key and no
ceremony; whoever has the online key publishes it with the rest, and until then it may be carried to boxes by hand.
Two people delegate the role, once (`packager.signing`, `DELEGATE`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from tuf.api.metadata import Metadata, TargetFile, Targets

from packager.authority import Passphrases, Published, add_signature, expiry, publish, read_published
from packager.errors import NotListedError, SigningError
from packager.format.delegation import delegated_keys, prove_notice
from packager.format.errors import FormatError, TrustError
from packager.format.files import Files
from packager.format.listing import read_listing
from packager.format.withdrawals import MAX_NOTICE, NOTICE, TARGET, Notice, Withdrawal, open_notice, write_list
from provisioning.keys import COST, Key, load_public_key, save_key
from provisioning.roles import withdrawal_key_names

Change = Callable[[dict[str, Withdrawal]], dict[str, Withdrawal]]


def make_keys(keys: Path, passphrases: Passphrases, files: Files, *, replace: bool = False, cost: int = COST) -> None:
    """Make the keys that can only withdraw, where there are none.

    Args:
        keys: the folder of keys.
        passphrases: asked once for each new key.
        files: the writer.
        replace: remove older ones first, after one was lost or stolen.
        cost: work of scrypt, see `provisioning.keys.save_key`.

    Raises:
        PassphraseError: a passphrase is too weak.
        OSError: the disk is full or does not answer.
    """
    for name in withdrawal_key_names():
        path = keys / f"{name}.pem"
        if replace:
            for old in (path, path.with_name(f"{path.name}.pub")):
                files.remove(old)
        if not path.exists():
            save_key(Key.new(), path, passphrases(name), cost=cost)


def withdrawal_keys(keys: Path) -> list[str]:
    """The public keys that can only withdraw, in hexadecimal, sorted.

    Raises:
        KeyFileError: one is no public key.
        OSError: one is missing.
    """
    return sorted(load_public_key(keys / f"{name}.pem.pub").raw.hex() for name in withdrawal_key_names())


def newest_notice(keys: Path, before: Published, targets: bytes) -> Notice | None:
    """The newest notice that `targets` let withdraw: the one that is kept, or the one that was published last.

    Args:
        keys: the folder of keys.
        before: what was published last.
        targets: bytes of the list that is published with it.
    """
    published = before.verified.notice if before.verified else None
    found = None
    for pair in (_kept(keys), (published.metadata, published.content) if published else None):
        if pair is None:
            continue
        try:
            notice = prove_notice(targets, *pair)
        except TrustError:
            continue
        if found is None or notice.version > found.version:
            found = notice
    return found


def known_notice(keys: Path, before: Published) -> Notice | None:
    """The newest notice by what was published last; None when there is none."""
    return newest_notice(keys, before, before.verified.metadata["targets"]) if before.verified else None


def sign_notice(keys: Path, change: Change, key: Key, day: date, files: Files) -> Notice:
    """Make the next notice from the newest one, sign it and keep it durably; nothing is published yet.

    Args:
        keys: the folder of keys, with the register.
        change: makes the next list, by resource id, from the last one.
        key: one of the keys that can only withdraw.
        day: of the notice.
        files: the writer.

    Raises:
        SigningError: the list would be longer than a box takes.
        TrustError: what was published before is not what was signed.
        OSError: the disk is full or does not answer.
    """
    before = published(keys)
    last = known_notice(keys, before)
    # What two people lifted is left out: the next number would withdraw it again.
    counting = read_listing(before.verified.listed).counting(last) if before.verified else ()
    known = {withdrawal.id: withdrawal for withdrawal in counting}
    withdrawn = tuple(sorted(change(known).values()))
    try:
        content = write_list(withdrawn)
    except FormatError as error:
        raise SigningError(f"the list of withdrawn resources cannot be made: {error}") from error
    signed = Targets((last.version if last else 0) + 1, expires=expiry(day, "withdrawals"))
    signed.targets[TARGET] = TargetFile.from_data(TARGET, content, ["sha256"])
    metadata = add_signature(Metadata(signed).to_bytes(), key)
    notice = Notice(signed.version, metadata, content, withdrawn)
    files.write_atomic(keys / NOTICE, notice.to_bytes())
    return notice


def check_key(keys: Path, key: Key) -> None:
    """Prove that a key may withdraw by what was published.

    Raises:
        NotListedError: it may not.
        TrustError: as `sign_notice`.
    """
    before = published(keys)
    if before.verified is None or key.id not in delegated_keys(before.verified.metadata["targets"]):
        raise NotListedError(f"key {key.id[:12]} may not withdraw; see `packager keys withdrawals`")


def publish_notice(keys: Path, online: Key, day: date, files: Files) -> None:
    """Publish the kept notice in the register: the list stays as it is, snapshot and timestamp are signed anew.

    Raises:
        SigningError: `online` is not the online key, or nothing was published yet.
        TrustError, OSError: as `sign_notice`.
    """
    before = published(keys)
    if before.verified is None:
        raise SigningError("nothing was published yet")
    targets = before.verified.metadata["targets"]
    publish((keys / "tuf",), before, targets, {}, online, day, files, notice=newest_notice(keys, before, targets))


def withdrawing(found: Iterable[Withdrawal]) -> Change:
    """Withdraws these too; one that is withdrawn already keeps its day."""
    more = {withdrawal.id: withdrawal for withdrawal in found}
    return lambda known: {**more, **known}


def giving_back(ids: Iterable[str]) -> Change:
    """Gives these back."""
    gone = frozenset(ids)
    return lambda known: {name: known[name] for name in known if name not in gone}


def _kept(keys: Path) -> tuple[bytes, bytes] | None:
    try:
        with (keys / NOTICE).open("rb") as file:
            return open_notice(file.read(MAX_NOTICE + 1))
    except (FileNotFoundError, FormatError):
        return None


def published(keys: Path) -> Published:
    """What the register of a folder of keys published last.

    Raises:
        TrustError: it is not what was signed.
        OSError: the disk does not answer.
    """
    return read_published((keys / "tuf",), (keys / "root.json").read_bytes())
