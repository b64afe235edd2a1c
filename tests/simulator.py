"""A whole publisher in a temporary folder: keys, tiny releases, signatures, drives, and every way to spoil them.

    national = Publisher(tmp_path)
    work = national.release(seq=1)            # built and signed
    drive = national.drive(work, tmp_path / "drive")
    box = national.box(tmp_path / "state")    # a TrustStore with this publisher's root

Everything is real (keys, signatures, bags, TUF metadata); only sizes are small and scrypt is cheap.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, Targets

from indexer.model import Creator, Item, PublicationDate, Resource, dump_line, item_id
from packager.authority import (
    add_signature,
    init_keys,
    new_root,
    public_keys,
    publish,
    read_published,
    write_root,
)
from packager.disks import write_disks
from packager.drives import write_drive
from packager.format.chunks import ChunkHasher, ChunkWriter
from packager.format.disktable import DISKS_FORMAT, DISKS_NAME, write_disk_table
from packager.format.files import Files, RealFiles
from packager.format.items import item_lines, write_items
from packager.format.layout import CHUNK, DriveLayout, item_path
from packager.format.release import Accelerator, Digest, Release
from packager.format.trust import TrustStore
from packager.signing import RETIRE, REVOKE, SIGNERS, change_release, sign_release, withdraw_resources
from provisioning.keys import Key, load_key, save_key

DAY = date(2026, 11, 22)
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
COST = 2
"""Work of scrypt in tests."""

SMALL = {
    "red-chamber": ("红楼梦", {"红楼梦.txt": "满纸荒唐言，一把辛酸泪。\n".encode()}),
    "big-map": ("大地图", {"map.bin": bytes(range(256)) * (CHUNK // 256) + b"the last, short chunk"}),
    "two-parts": ("上下册", {"a.txt": b"first\n", "b.txt": b"second\n"}),
    "entry-only": ("只有目录", {}),
}
"""Four resources: id to title and files. One item is larger than a chunk, one resource has no file."""

Sources = Mapping[str, tuple[str, Mapping[str, bytes]]]
Record = tuple[Resource, Mapping[str, bytes]]


def passphrase(name: str) -> str:
    """The passphrase of every key of a simulated publisher."""
    return f"passphrase of {name}"


class FastFiles(RealFiles):
    """The real disk without its waits, for what need not survive a power cut."""

    def _sync(self, handle: int) -> None:
        pass

    def fsync_dir(self, folder: Path) -> None:
        pass


class Publisher:
    """The national desk: an authority with its keys, and what it published.

    Attributes:
        folder: holds `keys/` and `work-<bundle>-<seq>/`.
        keys: the folder of keys, with the register.
        root: the first root, as a box gets it.
    """

    def __init__(self, folder: Path, *, files: Files | None = None) -> None:
        self.folder = folder
        self.files = files or FastFiles()
        self.keys = folder / "keys"
        self.root = init_keys(self.keys, passphrase, DAY, self.files, cost=COST)

    def fork(self, folder: Path) -> Publisher:
        """The same authority as it is now, in other hands."""
        other = copy.copy(self)
        other.folder, other.keys = folder, folder / "keys"
        shutil.copytree(self.keys, other.keys)
        return other

    def key(self, name: str) -> Key:
        """One of its keys: root-1 … targets-3, online."""
        return load_key(self.keys / f"{name}.pem", passphrase(name))

    def release(
        self,
        seq: int = 1,
        *,
        bundle: str = "national",
        sources: Sources | None = None,
        issued: date = DAY,
        edition: str = "",
        requires: Sequence[str] = ("chunks-v1",),
        meta: Mapping[str, bytes] | None = None,
        supersedes: int | None = None,
        signers: Sequence[str] = SIGNERS,
        sign: bool = True,
        records: Sequence[Record] = (),
        drives: int = 1,
        name: str = "",
    ) -> Path:
        """Build a tiny release and sign it; returns its work folder (`bag/`, `release.json`, `tuf/`).

        Args:
            seq, bundle, issued, edition, requires, supersedes: of the release.
            sources: id to (title, file name to bytes); `SMALL` unless given.
            records: instead of `sources`, records as they shall stand in the catalogue, each with its payload by
                path: nothing about them is checked, they are signed as they are.
            meta: accelerators, name to bytes.
            signers: names of the targets keys that sign.
            sign: False leaves it unsigned.
            drives: how many drives there are in the set, see `deal`.
            name: of the bundle, as signed.
        """
        work = self.folder / f"work-{bundle}-{seq}"
        release = build_work(
            work,
            SMALL if sources is None and not records else sources or {},
            records,
            bundle=bundle,
            seq=seq,
            issued=issued.isoformat(),
            edition=edition or f"2026.{seq:02d}",
            requires=tuple(sorted(requires)),
            meta=meta or {},
            supersedes=supersedes,
            files=self.files,
            drives=drives,
            bundle_name=name,
        )
        self.files.write_atomic(work / "release.json", release.to_bytes())
        if sign:
            sign_release(work, self.keys, passphrase, self.files, signers=signers)
        return work

    def drive(self, work: Path, folder: Path, disk: int = 0) -> Path:
        """Copy a work folder's bag and metadata to the folder of a drive; `disk` of a set."""
        if disk:
            write_drive(work, folder, self.files, disk=disk, quiet=True)
            return folder
        for part in ("bag", "tuf"):
            if (work / part).exists():
                shutil.copytree(work / part, folder / part)
        return folder

    def box(self, state: Path, **options: Any) -> TrustStore:
        """The trust of a box that was given this publisher's root."""
        options = {"earliest": EARLIEST, **options}
        return TrustStore(state, self.root, options.pop("files", self.files), **options)

    def revoke(self, work: Path, *, retire: bool = False) -> None:
        """Take the release of `work` off the list (also in `work/tuf`)."""
        release = Release.from_bytes((work / "release.json").read_bytes())
        self.change(RETIRE if retire else REVOKE, release.bundle, release.seq, work)

    def change(self, kind: str, bundle: str, seq: int, work: Path | None = None) -> None:
        """Revoke, retire or restore a release, signed by two."""
        change_release(work or self.keys, self.keys, passphrase, kind, bundle, seq, DAY, self.files)

    def withdraw(self, *resources: str, bundle: str = "national", into: Path | None = None, lift: bool = False) -> None:
        """Withdraw resources, or lift that; `into` is a work folder whose `tuf` gets the new list too."""
        work = into or self.folder / "withdrawals"
        self.files.make_dir(work)
        withdraw_resources(work, self.keys, passphrase, bundle, resources, DAY, self.files, lift=lift)

    def rotate(self, *names: str, times: int = 1, into: Sequence[Path] = ()) -> None:
        """Replace keys (`online`, `targets-1`, `root-1`) by new ones under the next root, and publish that.

        With no names it only makes the next version. `into`: further repositories (`work/tuf`) that get it.
        """
        for _ in range(times):
            before = read_published((self.keys / "tuf",), self.root)
            signers = [self.key(f"root-{n}") for n in (1, 2, 3)]
            for name in names:
                for suffix in (".pem", ".pem.pub"):
                    (self.keys / f"{name}{suffix}").unlink()
                save_key(Key.new(), self.keys / f"{name}.pem", passphrase(name), cost=COST)
            root = new_root(public_keys(self.keys), DAY, before.root)
            for key in (*signers[:2], *(self.key(f"root-{n}") for n in (1, 2, 3))):
                root = add_signature(root, key)
            repositories = (self.keys / "tuf", *into)
            if before.targets is None:
                write_root(self.keys / "tuf", root, self.files)
                continue
            before.targets.version += 1
            targets = Metadata(before.targets).to_bytes()
            for name in SIGNERS:
                targets = add_signature(targets, self.key(name))
            publish(repositories, before, targets, {}, self.key("online"), DAY, self.files, root=root)

    def refresh(self, tuf: Path) -> None:
        """Copy the newest published metadata into a drive's `tuf`, as an update over the network would."""
        shutil.copytree(self.keys / "tuf", tuf, dirs_exist_ok=True)

    def forge(
        self,
        tuf: Path,
        *,
        edit: Callable[[Targets], None] = lambda _targets: None,
        signers: Sequence[str] = SIGNERS,
        online: str = "online",
    ) -> None:
        """Publish an edited list into one repository only, signed by `signers`; snapshot and timestamp by `online`."""
        before = read_published((tuf,), self.root)
        assert before.targets is not None
        edit(before.targets)
        before.targets.version += 1
        content = Metadata(before.targets).to_bytes()
        for name in signers:
            content = add_signature(content, self.key(name))
        publish((tuf,), before, content, {}, self.key(online), DAY, self.files)


def build_work(
    work: Path,
    sources: Sources,
    records: Sequence[Record] = (),
    *,
    bundle: str,
    seq: int,
    issued: str,
    edition: str,
    requires: tuple[str, ...],
    meta: Mapping[str, bytes],
    supersedes: int | None,
    files: Files,
    drives: int = 1,
    bundle_name: str = "",
) -> Release:
    """Write a bag of tiny resources and describe it; the shortest way through the format."""
    layout = DriveLayout(work)
    files.make_dir(layout.meta)
    chunks: dict[str, bytes] = {}
    for _, contents in records:
        for path, content in contents.items():
            _payload(path, content, layout, chunks, files)
    made = [
        _resource(identity, title, content, layout, chunks, files) for identity, (title, content) in sources.items()
    ]
    resources = sorted((*made, *(record for record, _ in records)), key=lambda resource: resource.id.encode())
    lines = item_lines(resources)
    truth = {
        "catalogue.jsonl": Digest(*files.write_atomic(layout.catalogue, map(dump_line, resources))),
        "items.txt": Digest(*write_items(layout.items, lines, files)),
    }
    with ChunkWriter(layout.chunks, files) as table:
        for line in lines:
            table.add(line, chunks[line.path])
    truth["chunks.bin"] = Digest(table.sha256, table.size)
    accelerators = {}
    for name, content in meta.items():
        files.make_dir(layout.meta_file(name).parent)
        sha256, size = files.write_atomic(layout.meta_file(name), content)
        accelerators[name] = Accelerator(sha256, size, "simulator 1", "1")
    disk_of, counts = deal(resources, drives)
    if drives > 1:
        table = write_disk_table(layout.meta / DISKS_NAME, (disk_of[line.path] for line in lines), files)
        accelerators[DISKS_NAME] = Accelerator(*table, "simulator 1", DISKS_FORMAT)
    return Release(
        bundle=bundle,
        seq=seq,
        issued=issued,
        edition=edition,
        truth=truth,
        disks=write_disks(
            work, lambda: ((line, disk_of[line.path]) for line in lines), counts,
            bundle=bundle, seq=seq, issued=issued, files=files,
        ),
        accelerators=accelerators,
        supersedes=supersedes,
        requires=requires,
        count=len(resources),
        name=bundle_name,
    )  # fmt: skip


def deal(resources: Sequence[Resource], drives: int) -> tuple[dict[str, int], list[int]]:
    """Path → drive, and resources on each drive. The drive follows from the id, so that it is the same next time."""
    disk_of: dict[str, int] = {}
    counts = [0] * drives
    for resource in resources:
        if resource.items:
            disk = 1 + sum(resource.id.encode()) % drives
            counts[disk - 1] += 1
            disk_of.update(dict.fromkeys((item.path for item in resource.items), disk))
    return disk_of, counts


def _resource(
    identity: str,
    title: str,
    contents: Mapping[str, bytes],
    layout: DriveLayout,
    chunks: dict[str, bytes],
    files: Files,
) -> Resource:
    items = []
    for order, (name, content) in enumerate(contents.items()):
        extension = name.rpartition(".")[2]
        path = item_path(item_id(identity, "part", name), extension)
        sha256, size = _payload(path, content, layout, chunks, files)
        media_type = {"txt": "text/plain", "epub": "application/epub+zip", "pdf": "application/pdf"}.get(extension)
        items.append(
            Item(
                id=item_id(identity, "part", name),
                role="part",
                order=order,
                path=path,
                media_type=media_type or "application/octet-stream",
                size=size,
                sha256=sha256,
            )
        )
    return Resource(
        id=identity,
        title=title,
        type="book",
        creators=(Creator("佚名", "著"),),
        date=PublicationDate("2026", 2026, 2026, certainty="exact"),
        language=("zh-Hans",),
        items=tuple(items),
    )


def _payload(path: str, content: bytes, layout: DriveLayout, chunks: dict[str, bytes], files: Files) -> tuple[str, int]:
    files.make_dir(layout.payload(path).parent)
    sha256, size = files.write_atomic(layout.payload(path), content)
    hasher = ChunkHasher()
    hasher.update(content)
    chunks[path] = hasher.digests()
    return sha256, size


def flip(path: Path, offset: int = 0) -> None:
    """Change one bit of a file; a negative offset counts from its end."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(bytes(content))


def newest(metadata: Path, role: str) -> Path:
    """The newest `N.<role>.json` in a folder of metadata."""
    return max(metadata.glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))
