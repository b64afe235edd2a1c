"""Removing from an origin what nothing names any more, after a grace for boxes that are still fetching it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from packager.format.deltas import parse_target, read_delta
from packager.format.disktable import DISKS_NAME
from packager.format.items import read_items
from packager.format.origin import delta_document, object_path
from packager.format.release import Release, canonical_json, is_date, is_sha256
from packager.format.systems import System, version_of

if TYPE_CHECKING:
    from packager.authority import Published
    from packager.publishing.sites import Site

KEPT = "kept.json"
"""Object → the day since which nothing names it."""


def clean(site: Site, before: Published, day: date, grace: int) -> tuple[int, int]:
    """Remove objects that were named by nothing for `grace` days; note those that are since today.

    What a listed release or delta names is known from the origin itself, so the desks of several bundles may share one.
    Where a list is not there, nothing is removed. Memory: 100 bytes an object.

    Returns:
        How many were removed, and how many wait.

    Raises:
        PublishError: the storage does not answer.
        FormatError: what it gives is malformed.
    """
    needed = _needed(site, before)
    if needed is None:
        return 0, 0
    since = _since(site)
    removed = 0
    kept: dict[str, str] = {}
    for name, _ in site.names("objects"):
        sha256 = name.rpartition("/")[2]
        if not is_sha256(sha256) or object_path(sha256) != name or bytes.fromhex(sha256) in needed:
            continue
        first = since.get(sha256, day.isoformat())
        if date.fromisoformat(first) + timedelta(days=grace) <= day and sha256 in since:
            site.remove(name)
            removed += 1
        else:
            kept[sha256] = first
    if kept != since:
        site.write(KEPT, canonical_json(kept))
    return removed, len(kept)


def _since(site: Site) -> dict[str, str]:
    try:
        found = json.loads(site.read(KEPT) or b"{}")
    except ValueError:
        return {}
    return (
        {key: day for key, day in found.items() if is_sha256(key) and is_date(day)} if isinstance(found, dict) else {}
    )


def _needed(site: Site, before: Published) -> set[bytes] | None:
    """Digests of all objects that something listed names; None when that cannot be known."""
    found: set[bytes] = set()
    with tempfile.TemporaryDirectory(prefix="shuxiang-") as scratch:
        for name, content in (before.verified.listed if before.verified else {}).items():
            if not name.startswith("releases/"):
                continue
            release = Release.from_bytes(content)
            truth, table = release.truth, release.accelerators.get(DISKS_NAME)
            found |= {bytes.fromhex(digest.sha256) for digest in truth.values()}
            found |= {bytes.fromhex(table.sha256)} if table is not None else set()
            path = Path(scratch, "items.txt")
            if site.fetch(object_path(truth["items.txt"].sha256), path):
                found |= {bytes.fromhex(line.sha256) for line in read_items(path)}
            elif _newest(before, name):
                return None
        found |= _of_systems(site, before)
        for target, sha256 in _deltas(before):
            path = Path(scratch, "delta.jsonl")
            if not site.fetch(delta_document(target, sha256), path):
                return None
            found |= {bytes.fromhex(pack.sha256) for pack in read_delta(path)[0].packs}
    return found


def _newest(before: Published, name: str) -> bool:
    """Whether a release is the newest of its bundle: an older one may be from before there was an origin."""
    folder, _, last = name.rpartition("/")
    listed = before.verified.listed if before.verified else {}
    numbers = [int(n.rpartition("/")[2].removesuffix(".json")) for n in listed if n.startswith(f"{folder}/")]
    return int(last.removesuffix(".json")) == max(numbers)


def _deltas(before: Published) -> Iterator[tuple[str, str]]:
    for name, target in (before.targets.targets if before.targets else {}).items():
        if parse_target(name):
            yield name, target.hashes["sha256"]


def _of_systems(site: Site, before: Published) -> set[bytes]:
    """What the listed systems name whose documents are at this origin; others have nothing here."""
    found: set[bytes] = set()
    for name, target in (before.targets.targets if before.targets else {}).items():
        content = site.read(delta_document(name, target.hashes["sha256"])) if version_of(name) else None
        if content is not None:
            found |= {bytes.fromhex(digest.sha256) for _, digest in System.from_bytes(content).parts()}
    return found
