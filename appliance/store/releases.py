"""Releases on the SSD: the truth of each, verified while it was copied, and what is derived from it.

    releases/<bundle>/<seq>-<12 digits of the truth>/
        READY               what is here, written last; without it the folder is nothing
        release.json        the signed document
        parts.json          which derived files are finished
        meta/catalogue.jsonl items.txt chunks.bin        the truth; catalogue.jsonl may follow, see `Stored.whole`
        meta/catalogue.db  meta/search/                  derived, from the drive or made here (catalogue.2.db, search.2;
                            a catalogue that lies over an older one's is a folder, catalogue.2)
        disks/<n>.sample    some items of drive n of the set, to see quickly whether a drive is whole
        disks/<n>.items     which items drive n carries (sets of more than one drive only); of drives that were not
                            here yet as meta/disks.bin tells it

A folder is filled in the scratch folder and gets its place in one step, so after a power cut a release is there whole
or not at all. Only the worker writes here; the serving process reads what the holdings document names.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance.errors import StoreError
from appliance.store.samples import Sample, read_sample, write_sample
from packager.format.bag import READY, RECORDS, TagFiles
from packager.format.disktable import DISKS_NAME
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.manifest import read_manifest
from packager.format.release import MAX_RELEASE, Admission, Digest, Release

_log = logging.getLogger(__name__)

FORMAT = 1
PARTS = ("catalogue", "search")
MAX_STATE = 1 << 20
_UNUSABLE = (StoreError, FormatError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a damaged folder can raise."""
_STEM = {"catalogue": ("catalogue", ".db"), "search": ("search", "")}


@dataclass(frozen=True, slots=True)
class Stored:
    """A release that is on the SSD.

    Attributes:
        folder: its name below the releases folder. path: the folder itself.
        release: the signed document.
        parts: finished derived files: `catalogue` or `search` → name below `path`.
        samples: numbers of the drives of the set that were here.
        whole: whether all of its truth is here. Else catalogue.jsonl is lacking: nothing can be derived from it before
            a drive has brought it.
    """

    folder: str
    path: Path
    release: Release
    parts: Mapping[str, str]
    samples: frozenset[int] = frozenset()
    whole: bool = True

    @property
    def catalogue_jsonl(self) -> Path:
        """The truth's records, there when it is whole."""
        return self.path / "meta" / RECORDS

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
    """The releases folder; one process writes, in any of its threads."""

    def __init__(self, root: Path, scratch: Path, files: Files) -> None:
        """Name the folders.

        Args:
            root: `Settings.releases_folder`.
            scratch: `Settings.scratch_folder`, in the same file system.
            files: the writer.
        """
        self._root, self._scratch, self._files = root, scratch, files
        self._lock = threading.Lock()

    def start(self) -> None:
        """Make the folders, throw away what an interrupted run left half done, make durable what it finished.

        A run that was killed between giving a name and making it durable leaves a release that is there for all who
        look, until a power cut takes it. Nobody may be told of it before that cannot happen any more.

        Raises:
            OSError: the SSD does not answer.
        """
        self._files.discard(self._scratch)  # nothing there is ever the only copy
        self._files.make_dir(self._scratch)
        self._files.make_dir(self._root)
        self._files.fsync_dir(self._root)
        for bundle in [path for path in self._root.iterdir() if path.is_dir()]:
            self._files.fsync_dir(bundle)
        for path in self._folders():
            if not (path / "READY").is_file():
                self._files.discard(path)
                continue
            for folder in (path, path / "meta", path / "disks"):
                if folder.is_dir():
                    self._files.fsync_dir(folder)

    def stage(self, name: str) -> Path:
        """An empty folder of that name in the scratch folder."""
        path = self._scratch / name
        self._files.discard(path)
        self._files.make_dir(path)
        return path

    def unstage(self, name: str) -> None:
        """Throw a folder of the scratch folder away."""
        self._files.discard(self._scratch / name)

    def all(self) -> list[Stored]:
        """Everything that is ready, by folder name; folders that are not whole are left out."""
        found = (self.get(f"{path.parent.name}/{path.name}") for path in self._folders())
        return [stored for stored in found if stored is not None]

    def get(self, folder: str) -> Stored | None:
        """The release in that folder, None when it is not there or not whole."""
        try:
            return self._read(self._root / folder)
        except _UNUSABLE as error:
            if not isinstance(error, FileNotFoundError):
                _log.warning("release folder %s cannot be used: %s", folder, error)
            return None

    def add(self, tags: TagFiles, admission: Admission, parts: Mapping[str, str]) -> Stored:
        """Give verified tag files their place. Durable on return; before, nothing of a new release is visible.

        Of a release that is here already only what is new is kept: what this drive of the set carries, and what was
        lacking of the truth and of derived files.

        Args:
            tags: from `verify_tag_files`, in a folder from `stage`.
            admission: of the drive.
            parts: derived files that came along: `catalogue` or `search` → name below the folder.

        Raises:
            StoreError: a truth file is missing or of another size; only catalogue.jsonl may follow, and only when the
                catalogue came along.
            OSError: the SSD is full or does not answer.
        """
        with self._lock:
            there = self.get(folder_name(admission.release))
            stored = self._place(tags, admission, parts) if there is None else self._join(there, tags, admission, parts)
            self._files.discard(tags.folder)
            return stored

    def add_made(self, staged: Path, release: Release) -> Stored:
        """Give truth files that were made of another release's their place. Durable on return, as `add`.

        Args:
            staged: a folder from `stage`; its `meta/` holds the proved truth, durable.
            release: what they are of.

        Raises:
            StoreError: a truth file is missing or of another size.
            OSError: the SSD is full or does not answer.
        """
        with self._lock:
            return self.get(folder_name(release)) or self._seal(staged, release, {})

    def sample(self, stored: Stored, disk: int) -> Sample:
        """Some items of a drive that was here."""
        return read_sample(stored.path / "disks" / f"{disk}.sample")

    def _place(self, tags: TagFiles, admission: Admission, parts: Mapping[str, str]) -> Stored:
        self._write_disk(tags.folder, tags, admission)
        # The names of the drive's own lists go for good when READY is written into the same folder.
        for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt", "bagit.txt"):
            self._files.discard(tags.folder / name)
        return self._seal(tags.folder, admission.release, parts)

    def _seal(self, staged: Path, release: Release, parts: Mapping[str, str]) -> Stored:
        """Write what makes a folder a release, and give it its place in one step."""
        path = self._root / folder_name(release)
        # The names become durable when READY is written into the same folder.
        self._files.write_atomic(staged / "release.json", release.to_bytes(), named=False)
        self._write_parts(staged, parts, named=False)
        if not _check_truth(staged, release) and "catalogue" not in parts:
            raise StoreError(f"{RECORDS} is missing, and nothing to browse without it")
        self._files.write_atomic(staged / "READY", _ready(release))
        self._files.make_dir(path.parent)
        self._files.remove(path / "READY")  # it is not whole, or `get` would have found it
        self._files.discard(path)
        self._files.replace(staged, path)
        return self._read(path)

    def _join(self, there: Stored, tags: TagFiles, admission: Admission, parts: Mapping[str, str]) -> Stored:
        if admission.disk.n not in there.samples:
            self._write_disk(there.path, tags, admission)
        if not there.whole and (records := tags.folder / "meta" / RECORDS).exists():
            self._files.replace(records, there.catalogue_jsonl)
        for part, name in parts.items():
            if part not in there.parts:
                there = self._adopt(there, part, tags.folder / name)
        return self._read(there.path)

    def complete(self, stored: Stored, records: Path) -> Stored:
        """Take the records that a release lacked. Durable on return; before, it lacks them or has them whole.

        Args:
            stored: the release.
            records: its catalogue.jsonl, proved and durable, in the scratch folder; left there when it is not needed.

        Raises:
            StoreError: the release is no longer here.
            OSError: the SSD does not answer.
        """
        with self._lock:
            fresh = self._fresh(stored)
            if not fresh.whole:
                self._files.replace(records, fresh.catalogue_jsonl)
            return self._read(fresh.path)

    def adopt(self, stored: Stored, part: str, made: Path, *, durable: bool = False) -> Stored:
        """Take a derived file or folder that was made in the scratch folder. Durable on return.

        Args:
            stored: the release.
            part: `catalogue` or `search`.
            made: the file or folder.
            durable: whether it is durable already.

        Raises:
            StoreError: the release is no longer here.
            OSError: the SSD does not answer.
        """
        with self._lock:
            return self._adopt(self._fresh(stored), part, made, durable=durable)

    def _fresh(self, stored: Stored) -> Stored:
        fresh = self.get(stored.folder)
        if fresh is None:
            raise StoreError(f"{stored.folder} is no longer here")
        return fresh

    def _adopt(self, stored: Stored, part: str, made: Path, *, durable: bool = False) -> Stored:
        if not durable:
            self._files.sync_all()  # the builders do not sync each file
        name = self._part_name(stored, part, is_folder=made.is_dir())
        self._files.replace(made, stored.path / name)
        return self.set_parts(stored, {**stored.parts, part: name})

    def _part_name(self, stored: Stored, part: str, *, is_folder: bool) -> str:
        """A name below the release's folder that the next copy of a derived file may take."""
        stem, suffix = _STEM[part]
        number = 1
        while any((stored.path / "meta" / f"{stem}.{number}{end}").exists() for end in ("", suffix)):
            number += 1
        return f"meta/{stem}.{number}{'' if is_folder else suffix}"

    def set_parts(self, stored: Stored, parts: Mapping[str, str]) -> Stored:
        """Record which derived files are finished. Durable on return."""
        self._write_parts(stored.path, parts)
        return replace(stored, parts=dict(parts))

    def outdated(self, stored: Stored) -> tuple[Path, ...]:
        """Derived files that were replaced. They may go when no document names them and nobody can open them anew."""
        keep = {name.split("/")[1] for name in stored.parts.values()}
        derived = (p for p in (stored.path / "meta").iterdir() if p.name.split(".")[0] in PARTS)
        return tuple(sorted(p for p in derived if p.name != RECORDS and p.name not in keep))

    def discard_outdated(self, path: Path) -> None:
        """Throw away what `outdated` named, if it is so still: another may have got this name meanwhile."""
        with self._lock:
            stored = self.get(path.parents[1].relative_to(self._root).as_posix())
            if stored is None or path in self.outdated(stored):
                self._files.discard(path)

    def drop(self, stored: Stored) -> None:
        """Remove a release; after a power cut it is there whole or not at all."""
        self._files.remove(stored.path / "READY")
        self._files.discard(stored.path)

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
        whole = _check_truth(path, release)
        folder = f"{path.parent.name}/{path.name}"
        if folder != folder_name(release):
            raise StoreError(f"holds the release of {folder_name(release)}")
        samples = frozenset(int(p.stem) for p in (path / "disks").glob("*.sample") if p.stem.isdecimal())
        return Stored(folder, path, release, _parts(path), samples, whole)

    def _write_parts(self, path: Path, parts: Mapping[str, str], *, named: bool = True) -> None:
        text = json.dumps({"format": FORMAT, "parts": dict(parts)}, sort_keys=True)
        self._files.write_atomic(path / "parts.json", text.encode(), named=named)

    def _write_disk(self, path: Path, tags: TagFiles, admission: Admission) -> None:
        """What this drive carries: a sample, and for a set the whole list."""
        folder, disk = path / "disks", admission.disk.n
        self._files.make_dir(folder)
        if len(admission.release.disks) > 1:
            from appliance.store.disks import write_disk_items  # with NumPy, which single drives do without

            paths = (line.path for line in read_manifest(tags.manifest))
            write_disk_items(folder / f"{disk}.items", paths, self._files)
            self._write_told(folder, tags, admission)
        write_sample(folder / f"{disk}.sample", tags.manifest, tags.items, tags.count, self._files)

    def _write_told(self, folder: Path, tags: TagFiles, admission: Admission) -> None:
        """What the other drives of the set carry, so that readers and staff can be told which one is missing."""
        total = len(admission.release.disks)
        others = [n for n in range(1, total + 1) if not (folder / f"{n}.items").exists()]
        if tags.accelerators.get(DISKS_NAME) != READY or not others:
            return
        from appliance.store.disks import write_told_items

        try:
            write_told_items(folder, tags.folder / "meta" / DISKS_NAME, tags.items, others, total, self._files)
        except FormatError as error:
            _log.warning("%s is left out: %s", DISKS_NAME, error)


def _ready(release: Release) -> bytes:
    document = hashlib.sha256(release.to_bytes()).hexdigest()
    truth = {name: {"sha256": d.sha256, "size": d.size} for name, d in release.truth.items()}
    return json.dumps({"format": FORMAT, "release": document, "truth": truth}, sort_keys=True).encode()


def _check_truth(path: Path, release: Release) -> bool:
    """Whether all of the truth is there, by its sizes; False when the records are lacking, which may follow."""
    whole = True
    for name, digest in release.truth.items():
        try:
            size = (path / "meta" / name).stat().st_size
        except FileNotFoundError:
            if name != RECORDS:
                raise
            whole = False
            continue
        if size != digest.size:
            raise StoreError(f"{name} has {size} bytes, expected {digest.size}")
    return whole


def _parts(path: Path) -> dict[str, str]:
    """Finished derived files that are really there; an unreadable record means none, and they are made again."""
    try:
        parts = _load(path / "parts.json")["parts"]
        return {p: n for p, n in parts.items() if p in PARTS and _is_part(p, n) and (path / n).exists()}
    except _UNUSABLE:
        return {}


def _is_part(part: str, name: object) -> bool:
    stem, suffix = _STEM[part]
    if not isinstance(name, str) or not name.startswith(f"meta/{stem}"):
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
