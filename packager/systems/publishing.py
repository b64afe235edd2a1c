"""Bringing a signed system to an origin, a stick or a drive, in the order of `packager.publishing`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packager.authority import read_published
from packager.errors import PublishError
from packager.format.origin import delta_document, object_path
from packager.format.systems import System
from packager.publishing.publish import TIMESTAMP, check_newer, metadata_of, signed_targets
from packager.systems.making import FILES, listed_here, read_system

if TYPE_CHECKING:
    from packager.authority import Published
    from packager.publishing.sites import Site


@dataclass(frozen=True, slots=True)
class BroughtSystem:
    """What a run did. size: bytes brought now."""

    system: System
    size: int


def publish_system(folder: Path, keys: Path, site: Site) -> BroughtSystem:
    """Bring a system that is signed, and the newest signed lists, to a site.

    Args:
        folder: what the image build left.
        keys: a folder with `root.json` and the register; no private key is needed.
        site: where it goes.

    Raises:
        PublishError: it is not signed, what is there is newer, or the storage does not answer.
        SystemFolderError: it is no such folder.
        FormatError, OSError: as `publish.publish`.
    """
    before = read_published((keys / "tuf",), (keys / "root.json").read_bytes())
    system = _signed(folder, keys, before)
    check_newer(site, before)
    brought = 0
    for name, digest in system.parts():
        path = object_path(digest.sha256)
        there = dict(site.names(path.rpartition("/")[0]))
        if there.get(path) != digest.size:
            site.put(path, folder / FILES[name], digest.size, digest.sha256)
            brought += digest.size
    site.settle()
    for name, content in signed_targets(before):
        site.write(name, content)
    document = system.to_bytes()
    site.write(delta_document(system.target, hashlib.sha256(document).hexdigest()), document)
    metadata = metadata_of(before, keys)
    for name in sorted(metadata, key=lambda name: (name == TIMESTAMP, name)):
        site.write(name, metadata[name])
    return BroughtSystem(system, brought)


def _signed(folder: Path, keys: Path, before: Published) -> System:
    """The system in a folder, as it was signed."""
    found = read_system(folder)
    for path in (keys / "tuf" / "targets" / "system").glob(f"*.shuxiang-{found.version}.json"):
        signed = System.from_bytes(path.read_bytes())
        if listed_here(before, signed) and signed == replace(found, minimum=signed.minimum):
            return signed
    raise PublishError("这个系统还没有签发，或签发后改动过")
