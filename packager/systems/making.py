"""The signed document of a system, from the folder that an image build leaves.

In it stand `root.squashfs`, `vmlinuz` and `initrd`; version, day and kernel command line are in its `system.json`, or
in `manifest.json` of the folder above.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import NumberDiffersError, SequenceError, SystemFolderError
from packager.format.errors import FormatError
from packager.format.release import Digest
from packager.format.systems import MAX_DOCUMENT, System, version_of

if TYPE_CHECKING:
    from packager.authority import Published
    from packager.request import Change

FACTS, MANIFEST = "system.json", "manifest.json"
FILES = {"root": "root.squashfs", "kernel": "vmlinuz", "initrd": "initrd"}


def read_system(folder: Path, *, minimum: int = 1) -> System:
    """The system in a folder; reads all of it.

    Args:
        folder: what the image build left.
        minimum: the lowest version that may be replaced by it.

    Raises:
        SystemFolderError: it is no such folder.
        OSError: the disk does not answer.
    """
    try:
        facts = json.loads(_facts(folder).read_bytes()[:MAX_DOCUMENT])
        parts = {name: _described(folder / file) for name, file in FILES.items()}
        return System(
            version=facts["version"], made=facts["made"], options=facts.get("options", ""), minimum=minimum, **parts
        )
    except FileNotFoundError as error:
        raise SystemFolderError(f"缺少 {Path(error.filename).name}") from error
    except (ValueError, KeyError, TypeError, FormatError) as error:
        raise SystemFolderError(str(error)) from error


def _facts(folder: Path) -> Path:
    above = folder.absolute().parent / MANIFEST
    return above if above.exists() and not (folder / FACTS).exists() else folder / FACTS


def _described(path: Path) -> Digest:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Digest(digest, file.tell())


def contents_of(system: System) -> dict[str, str]:
    """What is to be listed, as target content by name."""
    return {system.target: system.to_bytes().decode()}


def check_newer(repositories: tuple[Path, ...], version: int) -> None:
    """A system must be newer than every one that was ever published.

    Raises:
        SequenceError: it is not.
    """
    last = max((_published(folder) for folder in repositories), default=0)
    if version <= last:
        raise SequenceError(f"系统 {last} 已经发布过，{version} 不比它新")


def _published(repository: Path) -> int:
    names = (path.name.partition(".")[2] for path in (repository / "targets" / "system").glob("*.json"))
    return max((version_of(f"system/{name}") for name in names), default=0)


def listed_here(before: Published, system: System) -> bool:
    """Whether this very system is listed already."""
    found = before.targets.targets.get(system.target) if before.targets else None
    digest = hashlib.sha256(system.to_bytes()).hexdigest()
    return found is not None and found.hashes.get("sha256") == digest


def check_system(work: Path, keys: Path, change: Change) -> None:
    """Prove that the system to be signed is the one in this folder, and newer than any before.

    Raises:
        NumberDiffersError: it is another one, or more than one is to be listed.
        SequenceError: as `check_newer`.
        SystemFolderError, OSError: as `read_system`.
    """
    try:
        (text,) = change.contents.values()
        asked = System.from_bytes(text.encode())
    except (ValueError, FormatError) as error:
        raise NumberDiffersError("the request changes something else than one system") from error
    found = read_system(work, minimum=asked.minimum)
    if contents_of(found) != dict(change.contents) or change.seq != found.version:
        raise NumberDiffersError("the system to be listed is not the one in this folder")
    check_newer((keys / "tuf",), found.version)
