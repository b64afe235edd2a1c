"""Which deltas stand in a work folder, and whether they are the ones that are to be signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packager.delta.making import DOCUMENT
from packager.errors import NumberDiffersError, SequenceError
from packager.format.deltas import Delta, delta_target, read_delta
from packager.format.release import Release, target_name

if TYPE_CHECKING:
    from packager.authority import Published

Described = Sequence[str | int]
"""SHA-256 and bytes of a document."""


def delta_folder(work: Path, bundle: str, old: int, new: int) -> Path:
    """Where the delta between two releases stands in a work folder."""
    return work / "deltas" / bundle / f"{old}-{new}"


def deltas_in(work: Path, bundle: str) -> Iterator[tuple[Path, Delta]]:
    """The finished deltas of a bundle with their documents, by name.

    Raises:
        FormatError: one is malformed.
    """
    for path in sorted((work / "deltas" / bundle).glob(f"*-*/{DOCUMENT}")):
        yield path, read_delta(path)[0]


def unlisted(work: Path, before: Published, release: Release) -> dict[str, Described]:
    """What is to be signed: deltas to `release` from releases that are listed, and that are not listed so themselves.

    Raises:
        FormatError: a document is malformed.
        OSError: it does not answer.
    """
    found: dict[str, Described] = {}
    for path, head in deltas_in(work, release.bundle):
        described = describe(path)
        if head.new != release.seq or _fault(before, head) or _listed(before).get(head.target) == described:
            continue
        found[head.target] = described
    return found


def check_deltas(work: Path, before: Published, wanted: Mapping[str, Described]) -> None:
    """Prove that the deltas to be signed stand in this work folder, between releases that are signed.

    What they make is proved where they are made and again in every library; here it is their names and numbers.

    Raises:
        NumberDiffersError: one is not here, or is another.
        SequenceError: one of its releases is not on the list, or another.
        FormatError: one is malformed.
        OSError: a file does not answer.
    """
    here = {head.target: (path, head) for bundle in _bundles(work) for path, head in deltas_in(work, bundle)}
    for name, described in wanted.items():
        if name not in here or describe(here[name][0]) != list(described):
            raise NumberDiffersError(f"{name} is not the one in this work folder")
        fault = _fault(before, here[name][1])
        if fault:
            raise SequenceError(fault)


def describe(path: Path) -> list[str | int]:
    """SHA-256 and bytes of a document."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return [digest, path.stat().st_size]


def _bundles(work: Path) -> list[str]:
    folder = work / "deltas"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _listed(before: Published) -> dict[str, list[str | int]]:
    targets = before.targets.targets if before.targets else {}
    return {name: [target.hashes["sha256"], target.length] for name, target in targets.items()}


def _fault(before: Published, head: Delta) -> str:
    """Why a delta cannot be listed: a release that it is about is not listed, or another one."""
    listed = before.verified.listed if before.verified else {}
    for seq, number in ((head.old, head.old_number), (head.new, head.new_number)):
        name = target_name(head.bundle, seq)
        if name not in listed:
            return f"{name} is not on the list"
        if Release.from_bytes(listed[name]).number != number:
            return f"{delta_target(head.bundle, head.old, head.new)} is about another {name}"
    return ""
