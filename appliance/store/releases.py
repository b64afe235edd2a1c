"""Releases on the SSD: the truth of each, verified while it was copied, and what is derived from it.

    releases/<bundle>/<seq>-<12 digits of the truth>/
        READY               what is here, written last; without it the folder is nothing
        release.json        the signed document
        parts.json          which derived files are finished
        meta/catalogue.jsonl items.txt chunks.bin        the truth
        meta/catalogue.db  meta/search/                  derived, from the drive or made here (catalogue.2.db, search.2)
        disks/<n>.items     which items drive n of the set carries (sets of more than one drive only)

A folder is filled in the scratch folder and gets its place in one step, so after a power cut a release is there whole
or not at all. Only the worker writes here; the serving process reads what the holdings document names.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance.errors import StoreError
from appliance.store.disks import write_disk_items
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.manifest import read_manifest
from packager.format.release import MAX_RELEASE, Digest, Release

_log = logging.getLogger(__name__)

FORMAT = 1
PARTS = ("catalogue", "search")
MAX_STATE = 1 << 20
_STEM = {"catalogue": ("catalogue", ".db"), "search": ("search", "")}


@dataclass(frozen=True, slots=True)
class Stored:
    """A release that is on the SSD.

    Attributes:
        folder: its name below the releases folder. path: the folder itself.
        release: the signed document.
        parts: finished derived files: `catalogue` or `search` → name below `path`.
        disks: drives of the set whose lists are known here.
    """

    folder: str
    path: Path
    release: Release
    parts: Mapping[str, str]
    disks: frozenset[int] = frozenset()

    @property
    def catalogue_jsonl(self) -> Path:
        """The truth's catalogue."""
        return self.path / "meta" / "catalogue.jsonl"

    @property
    def items_txt(self) -> Path:
        """The truth's items."""
        return self.path / "meta" / "items.txt"


def truth_digest(truth: Mapping[str, Digest]) -> str:
    """SHA-256 (hexadecimal) over the lines `<sha256> <size> <name>` of the truth files, sorted by name."""
    lines = "".join(f"{truth[name].sha256} {truth[name].size} {name}\n" for name in sorted(truth))
    return hashlib.sha256(lines.encode()).hexdigest()


def folder_name(release: Release) -> str:
    """Where a release stands below the releases folder: all drives of a set share it."""
    return f"{release.bundle}/{release.seq}-{truth_digest(release.truth)[:12]}"


class ReleaseStore:
    """The releases folder; one writer."""

    def __init__(self, root: Path, scratch: Path, files: Files) -> None:
        """Name the folders.

        Args:
            root: `Settings.releases_folder`.
            scratch: `Settings.scratch_folder`, in the same file system.
            files: the writer.
        """
        self._root, self._scratch, self._files = root, scratch, files

    def start(self) -> None:
        """Make the folders and throw away what an interrupted run left half done.

        Raises:
            OSError: the SSD does not answer.
        """
        shutil.rmtree(self._scratch, ignore_errors=True)  # nothing there is ever the only copy
        self._files.make_dir(self._scratch)
        self._files.make_dir(self._root)
        for path in self._folders():
            if not (path / "READY").is_file():
                shutil.rmtree(path, ignore_errors=True)

    def stage(self, name: str) -> Path:
        """An empty folder of that name in the scratch folder."""
        path = self._scratch / name
        shutil.rmtree(path, ignore_errors=True)
        self._files.make_dir(path)
        return path

    def all(self) -> list[Stored]:
        """Everything that is ready, by folder name; damaged folders are logged and left out."""
        found = []
        for path in self._folders():
            try:
                found.append(self._read(path))
            except (StoreError, FormatError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                _log.warning("release folder %s is left out: %s", path.name, error)
        return found

    def get(self, folder: str) -> Stored | None:
        """The release in that folder, None when it is not there or not whole."""
        return next((s for s in self.all() if s.folder == folder), None)

    def add(self, staged: Path, release: Release, disk: int, parts: Mapping[str, str]) -> Stored:
        """Give a staged folder its place. Durable on return; before, nothing is visible.

        Args:
            staged: from `stage`, holding the verified, durable tag files of a drive (`meta/…` and its manifest).
            release: the signed document.
            disk: number of the drive that it came from.
            parts: derived files that came along: `catalogue` or `search` → name below the folder.

        Raises:
            StoreError: a truth file is missing or of another size.
            OSError: the SSD is full or does not answer.
        """
        path = self._root / folder_name(release)
        self._files.write_atomic(staged / "release.json", release.to_bytes())
        self._write_parts(staged, parts)
        self._write_disk(staged, release, disk, staged / "manifest-sha256.txt")
        for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt", "bagit.txt"):
            self._files.remove(staged / name)
        _check_truth(staged, release)
        self._files.write_atomic(staged / "READY", _ready(release))
        self._files.make_dir(path.parent)
        if path.exists():
            shutil.rmtree(path)  # it had no READY, or `get` would have found it
        self._files.replace(staged, path)
        return self._read(path)

    def add_disk(self, stored: Stored, disk: int, manifest: Path) -> Stored:
        """Learn from its verified manifest what another drive of a set carries.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        if disk not in stored.disks:
            self._write_disk(stored.path, stored.release, disk, manifest)
        return self._read(stored.path)

    def part_name(self, stored: Stored, part: str) -> str:
        """A name below the release's folder that the next copy of a derived file may take."""
        stem, suffix = _STEM[part]
        number = 1
        while (stored.path / "meta" / f"{stem}.{number}{suffix}").exists():
            number += 1
        return f"meta/{stem}.{number}{suffix}"

    def adopt(self, stored: Stored, part: str, made: Path) -> Stored:
        """Take a derived file or folder that was made in the scratch folder. Durable on return.

        Raises:
            OSError: the SSD does not answer.
        """
        self._files.sync_all()  # the builders do not sync each file
        name = self.part_name(stored, part)
        self._files.replace(made, stored.path / name)
        return self.set_parts(stored, {**stored.parts, part: name})

    def set_parts(self, stored: Stored, parts: Mapping[str, str]) -> Stored:
        """Record which derived files are finished. Durable on return."""
        self._write_parts(stored.path, parts)
        return replace(stored, parts=dict(parts))

    def tidy(self, stored: Stored) -> None:
        """Remove derived files that were replaced. Call it when nobody can have them open: at the worker's start."""
        keep = {name.split("/")[1] for name in stored.parts.values()}
        for path in (stored.path / "meta").iterdir():
            if path.name.split(".")[0] in PARTS and path.name != "catalogue.jsonl" and path.name not in keep:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def drop(self, stored: Stored) -> None:
        """Remove a release; after a power cut it is there whole or not at all."""
        self._files.remove(stored.path / "READY")
        shutil.rmtree(stored.path, ignore_errors=True)

    def free_space(self) -> int:
        """Bytes that may still be written."""
        return self._files.free_space(self._root)

    def _folders(self) -> Iterator[Path]:
        for bundle in sorted(p for p in self._root.glob("*") if p.is_dir()):
            yield from sorted(p for p in bundle.glob("*-*") if p.is_dir())

    def _read(self, path: Path) -> Stored:
        ready = _load(path / "READY")
        document = _bounded(path / "release.json", MAX_RELEASE)
        if ready["format"] != FORMAT or ready["release"] != hashlib.sha256(document).hexdigest():
            raise StoreError("READY belongs to another release")
        release = Release.from_bytes(document)
        _check_truth(path, release)
        folder = f"{path.parent.name}/{path.name}"
        if folder != folder_name(release):
            raise StoreError(f"holds the release of {folder_name(release)}")
        disks = frozenset(int(p.stem) for p in (path / "disks").glob("*.items") if p.stem.isdecimal())
        return Stored(folder, path, release, _parts(path), disks)

    def _write_parts(self, path: Path, parts: Mapping[str, str]) -> None:
        text = json.dumps({"format": FORMAT, "parts": dict(parts)}, sort_keys=True)
        self._files.write_atomic(path / "parts.json", text.encode())

    def _write_disk(self, path: Path, release: Release, disk: int, manifest: Path) -> None:
        if len(release.disks) == 1:
            return
        self._files.make_dir(path / "disks")
        write_disk_items(path / "disks" / f"{disk}.items", (line.path for line in read_manifest(manifest)), self._files)


def _ready(release: Release) -> bytes:
    body = {
        "format": FORMAT,
        "release": hashlib.sha256(release.to_bytes()).hexdigest(),
        "truth": {name: {"sha256": d.sha256, "size": d.size} for name, d in release.truth.items()},
    }
    return json.dumps(body, sort_keys=True).encode()


def _check_truth(path: Path, release: Release) -> None:
    for name, digest in release.truth.items():
        size = (path / "meta" / name).stat().st_size
        if size != digest.size:
            raise StoreError(f"{name} has {size} bytes, expected {digest.size}")


def _parts(path: Path) -> dict[str, str]:
    """Finished derived files that are really there; an unreadable record means none, and they are made again."""
    try:
        parts = _load(path / "parts.json")["parts"]
        return {p: n for p, n in parts.items() if p in PARTS and _is_part(p, n) and (path / n).exists()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_part(part: str, name: object) -> bool:
    stem, suffix = _STEM[part]
    if not isinstance(name, str) or not name.startswith(f"meta/{stem}") or not name.endswith(suffix):
        return False
    middle = name.removeprefix(f"meta/{stem}").removesuffix(suffix)
    return not middle or (middle[0] == "." and middle[1:].isdecimal())


def _load(path: Path) -> Any:
    return json.loads(_bounded(path, MAX_STATE))


def _bounded(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise StoreError(f"{path.name} has more than {most} bytes")
    return content
