"""The delegation of the role that can only withdraw: who may sign it, and proving what was signed. Keeps nothing."""

from __future__ import annotations

from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Metadata, Role, Targets

from packager.format.errors import (
    FormatError,
    HalfCopiedError,
    ListChangedError,
    OneSignerError,
    UnknownIssuerError,
)
from packager.format.withdrawals import PATTERN, ROLE, TARGET, Notice, Withdrawal, read_list

_PATH = f"{ROLE}.json"


def delegated_keys(targets: bytes) -> tuple[str, ...]:
    """Ids of the keys that may withdraw by these trusted targets, sorted; none when they delegate nothing.

    Args:
        targets: bytes of proved targets metadata.
    """
    role = _role(Metadata[Targets].from_bytes(targets).signed)
    return tuple(sorted(role.keyids)) if role else ()


def check_delegations(targets: Targets) -> None:
    """Prove that targets delegate nothing but the one power to withdraw.

    Raises:
        ListChangedError: they name another role, or give this one more.
    """
    if targets.delegations is None:
        return
    roles = targets.delegations.roles
    if roles is None or not set(roles) <= {ROLE} or any(role.paths != [PATTERN] for role in roles.values()):
        raise ListChangedError("delegates more than withdrawing resources", path="targets.json")


def prove_notice(targets: bytes, metadata: bytes, content: bytes) -> Notice:
    """Prove that a list was signed by the role, and that the role stays within its one power.

    Its version and expiry are not judged.

    Args:
        targets: bytes of the newest proved targets metadata, which delegate.
        metadata: bytes of the role's metadata.
        content: bytes of the list.

    Raises:
        UnknownIssuerError: nobody may withdraw by these targets, or it is signed by none who may.
        OneSignerError: fewer signed than the delegation asks for.
        HalfCopiedError: it is cut short.
        ListChangedError: it differs from what was signed, or reaches wider than a list of withdrawn resources.
    """
    delegator = Metadata[Targets].from_bytes(targets).signed
    role = _role(delegator)
    if role is None:
        raise UnknownIssuerError("nobody may withdraw by the newest list", path=_PATH)
    if not metadata.rstrip().endswith(b"}"):
        raise HalfCopiedError("is empty or cut short", path=_PATH)
    try:
        parsed: Metadata[Targets] = Metadata.from_bytes(metadata)
        signed = len(delegator.get_verification_result(ROLE, parsed.signed_bytes, parsed.signatures).signed)
    except (RepositoryError, ValueError) as error:
        raise ListChangedError(f"is not metadata: {error}", path=_PATH) from error
    if signed < role.threshold:
        if signed:
            raise OneSignerError("is signed by too few people", path=_PATH, found=f"{signed} of {role.threshold}")
        if not set(role.keyids) & set(parsed.signatures):
            raise UnknownIssuerError("is signed by no key that may withdraw", path=_PATH)
        raise ListChangedError("differs from what was signed", path=_PATH)
    return Notice(parsed.signed.version, metadata, content, _read(parsed.signed, content))


def _role(delegator: Targets) -> Role | None:
    roles = delegator.delegations.roles if delegator.delegations else None
    return roles.get(ROLE) if roles else None


def _read(signed: object, content: bytes) -> tuple[Withdrawal, ...]:
    """What a proved list names, if nothing else is signed beside it."""
    if not isinstance(signed, Targets) or set(signed.targets) != {TARGET} or signed.delegations is not None:
        raise ListChangedError("signs more than a list of withdrawn resources", path=_PATH)
    try:
        signed.targets[TARGET].verify_length_and_hashes(content)
        return read_list(content)
    except (LengthOrHashMismatchError, FormatError) as error:
        raise ListChangedError(f"is not the list that was signed: {error}", path=TARGET) from error
