"""People who sign one after the other: who has signed, and whether another list was published before they were done."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tuf.api.metadata import Metadata, Targets

from packager.authority import public_keys, read_published
from packager.request import read_request


def is_overtaken(work: Path, keys: Path) -> bool:
    """Whether the request in `work` can never be published, because another list took its number meanwhile.

    Raises:
        SigningError: the request is malformed.
        OSError: a disk does not answer.
    """
    before = read_published((keys / "tuf", work / "tuf"), (keys / "root.json").read_bytes())
    request = read_request(work, before)
    published = before.verified.versions["targets"] if before.verified else 0
    return Metadata[Targets].from_bytes(request.targets).signed.version <= published


def signer_names(keys: Path, signed: Collection[str]) -> tuple[str, ...]:
    """Names (`targets-1`) of the signers with these key ids, as far as their public keys are in `keys`."""
    try:
        known = public_keys(keys)["targets"]
    except OSError:
        return ()
    return tuple(f"targets-{n}" for n, key in enumerate(known, 1) if key.id in signed)
