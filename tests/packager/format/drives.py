"""Plugging drives in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tuf.api.metadata import Metadata, MetaFile, Timestamp

from packager.authority import add_signature
from packager.format.bag import read_candidate
from packager.format.layout import DriveLayout
from tests.simulator import Publisher


def plug(publisher: Publisher, work: Path, name: str) -> Path:
    return publisher.drive(work, publisher.folder.parent / name)


def tagmanifest(drive: Path) -> str:
    return read_candidate(DriveLayout(drive)).tagmanifest


def push_timestamp(national: Publisher, tuf: Path, version: int, *, snapshot: tuple[int, bytes] | None = None) -> None:
    """Sign another timestamp with the online key, perhaps for another snapshot: what a thief of that key can do."""
    path = tuf / "metadata/timestamp.json"
    metadata = Metadata[Timestamp].from_bytes(path.read_bytes())
    metadata.signed.version = version
    if snapshot is not None:
        number, content = snapshot
        metadata.signed.snapshot_meta = MetaFile(number, len(content), {"sha256": hashlib.sha256(content).hexdigest()})
    metadata.signatures.clear()
    path.write_bytes(add_signature(metadata.to_bytes(), national.key("online")))
