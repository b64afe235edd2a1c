"""Bringing everything that is signed to an origin, in an order in which readers never see half of it.

    objects/ab/<SHA-256>      lists of releases, packs of deltas, items
    tuf/targets/…             signed documents, documents of deltas
    tuf/metadata/…            signed metadata; `timestamp.json`, which makes all of it current, last
    kept.json                 since when objects are named by nothing that is listed (`cleaning`)

Everything is named by its digest or its version, so what is there already is not brought again and an interrupted run
goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from packager.authority import Published, read_published
from packager.delta.listing import deltas_in, describe
from packager.delta.packs import pack_name
from packager.errors import PublishError
from packager.format.disktable import DISKS_NAME
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from packager.format.origin import delta_document, object_path
from packager.format.release import Release
from packager.publishing.cleaning import clean

if TYPE_CHECKING:
    from packager.publishing.sites import Site

TIMESTAMP = "tuf/metadata/timestamp.json"
GRACE_DAYS = 30
Progress = Callable[[int, int], None]
"""Called with objects done and bytes brought."""


@dataclass(slots=True)
class Brought:
    """What a run did.

    Attributes:
        release: what was published.
        objects, size: brought now. there: objects that were there before.
        removed: objects past their grace. waiting: objects that nothing names, still in it.
    """

    release: Release
    objects: int = 0
    size: int = 0
    there: int = 0
    removed: int = 0
    waiting: int = 0


def publish(
    work: Path,
    keys: Path,
    site: Site,
    day: date,
    *,
    payload: bool = True,
    lists: bool = True,
    grace: int = GRACE_DAYS,
    progress: Progress = lambda _n, _size: None,
) -> Brought:
    """Bring the signed release of `work`, its deltas and the newest signed lists to a site, and clean up there.

    Args:
        work: a work folder whose release is signed.
        keys: a folder with `root.json` and the register; no private key is needed.
        site: where it goes.
        day: today.
        payload: bring the items too, so that boxes can be repaired, or fetch what no delta leads to.
        lists: bring the lists of the release too, for boxes to which no delta leads; without, nothing is cleaned up.
        grace: days for which an object stays that nothing names any more.
        progress: called after every object.

    Raises:
        PublishError: the release is not signed, what is there is newer, or the storage does not answer.
        FormatError: something in the work folder is malformed, or not what its list says.
        OSError: a disk does not answer.
    """
    before = read_published((keys / "tuf", work / "tuf"), (keys / "root.json").read_bytes())
    done = Brought(_release_of(work, before))
    check_newer(site, before)
    there = _Present(site)
    for sha256, size, source in _objects(work, done.release, before, lists=lists, payload=payload):
        name = object_path(sha256)
        if there.has(name, size):
            done.there += 1
        else:
            site.put(name, source, size, sha256)
            done.objects, done.size = done.objects + 1, done.size + size
        progress(done.objects + done.there, done.size)
    site.settle()
    for name, content in _documents(work, before):
        site.write(name, content)
    metadata = metadata_of(before, keys)
    for name in sorted(metadata, key=lambda name: (name == TIMESTAMP, name)):
        site.write(name, metadata[name])
    if lists:
        done.removed, done.waiting = clean(site, before, day, grace)
    return done


def _release_of(work: Path, before: Published) -> Release:
    release = Release.from_bytes((work / "release.json").read_bytes())
    listed = before.verified.listed if before.verified else {}
    if listed.get(release.target) != release.to_bytes():
        raise PublishError("the release of this work folder is not signed")
    return release


def check_newer(site: Site, before: Published) -> None:
    """Refuse to go back: boxes would take it for an attack, and be right.

    Raises:
        PublishError: what is there is newer.
    """
    content = site.read(TIMESTAMP)
    if content is None:
        return
    try:
        there = int(json.loads(content)["signed"]["version"])
    except (ValueError, KeyError, TypeError):
        return  # something else stands there; ours replaces it
    ours = before.verified.versions["timestamp"] if before.verified else 0
    if there > ours:
        raise PublishError(f"the origin has list {there}, this folder {ours}")


class _Present:
    """What a site has, asked for a folder at a time: there are 256 of objects."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, dict[str, int]] = {}

    def has(self, name: str, size: int) -> bool:
        folder = name.rpartition("/")[0]
        if folder not in self._known:
            self._known[folder] = dict(self._site.names(folder))
        found = self._known[folder].get(name) == size
        self._known[folder][name] = size  # two items may have the same bytes
        return found


def _objects(
    work: Path, release: Release, before: Published, *, lists: bool, payload: bool
) -> Iterator[tuple[str, int, Path]]:
    """Digest, size and file of everything that the release and its listed deltas name."""
    layout = DriveLayout(work)
    if (table := release.accelerators.get(DISKS_NAME)) is not None:
        # Small, and nothing that comes by an update tells it: whoever makes drives of a set needs it.
        yield table.sha256, table.size, layout.meta_file(DISKS_NAME)
    for name, digest in sorted(release.truth.items()) if lists else ():
        yield digest.sha256, digest.size, layout.meta_file(name)
    for path, head in deltas_in(work, release.bundle):
        if _is_listed(before, head.target, path):
            for n, pack in enumerate(head.packs):
                yield pack.sha256, pack.size, path.parent / pack_name(n)
    if payload:
        for line in read_items(layout.items):
            yield line.sha256, line.size, layout.payload(line.path)


def _is_listed(before: Published, target: str, path: Path) -> bool:
    listed = before.targets.targets.get(target) if before.targets else None
    return listed is not None and [listed.hashes["sha256"], listed.length] == describe(path)


def _documents(work: Path, before: Published) -> Iterator[tuple[str, bytes]]:
    """Signed targets: what boxes read at once, and the documents of listed deltas."""
    yield from signed_targets(before)
    for bundle in sorted(path.name for path in (work / "deltas").glob("*")):
        for path, head in deltas_in(work, bundle):
            if _is_listed(before, head.target, path):
                yield delta_document(head.target, str(describe(path)[0])), path.read_bytes()


def signed_targets(before: Published) -> Iterator[tuple[str, bytes]]:
    """What boxes read at once, by the name that it has at a site."""
    for name, content in sorted(before.verified.files.items() if before.verified else ()):
        if name.startswith("targets/"):
            yield f"tuf/{name}", content


def metadata_of(before: Published, keys: Path) -> dict[str, bytes]:
    """All signed metadata by the name that it has at a site."""
    roots = (keys / "tuf" / "metadata").glob("*.root.json")
    found = {f"tuf/metadata/{path.name}": path.read_bytes() for path in roots}
    files = before.verified.files if before.verified else {}
    return found | {f"tuf/{name}": content for name, content in files.items() if name.startswith("metadata/")}
