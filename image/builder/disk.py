"""From the tree to a disk: squashfs, boot partition, /var, partition table. No loop device, no mount."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from image.builder import tree
from image.builder.commands import run
from image.builder.plan import Plan

MIB = 1 << 20
_GUID = "7c5a4f8e-0000-4000-8000-0000000000"
DISK_ID = f"{_GUID}01"
X86_64_ROOT = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
EFI = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
VAR = "4D21B016-B534-45C2-A9FB-5C16E091FD2D"
TRIES = 3
"""How often a new system is started before the other slot is."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: its GPT name, size in MiB, type and own GUID."""

    name: str
    size: int
    kind: str
    guid: str


PARTITIONS = (
    Partition("shuxiang-esp", 256, EFI, f"{_GUID}e5"),
    Partition("shuxiang-root-a", 1024, X86_64_ROOT, f"{_GUID}0a"),
    Partition("shuxiang-root-b", 1024, X86_64_ROOT, f"{_GUID}0b"),
    Partition("shuxiang-data", 768, VAR, f"{_GUID}da"),
)
IMAGE_FILE = "shuxiang.img"
NAMES = {"root": "root.squashfs", "kernel": "vmlinuz", "initrd": "initrd"}
"""Parts of a system, and their files in `system/`."""


def table() -> str:
    """What `sfdisk` is told."""
    lines = ["label: gpt", f"label-id: {DISK_ID}", "first-lba: 2048"]
    lines += [f"size={p.size}MiB, type={p.kind}, name={p.name}, uuid={p.guid}" for p in PARTITIONS]
    return "\n".join(lines) + "\n"


def entry(plan: Plan, slot: str) -> str:
    """The loader's entry for this system in slot `a` or `b`."""
    guid = next(p.guid for p in PARTITIONS if p.name == f"shuxiang-root-{slot}")
    return (
        f"title 书箱 {plan.version}\nsort-key shuxiang\nversion {plan.version}\n"
        f"linux /shuxiang/{plan.version}/vmlinuz\ninitrd /shuxiang/{plan.version}/initrd\n"
        f"options root=PARTUUID={guid} {tree.OPTIONS}\n"
    )


def squash(plan: Plan) -> Path:
    """The root as squashfs; the same tree gives the same bytes."""
    system = plan.work / "system"
    system.mkdir(exist_ok=True)
    target = system / NAMES["root"]
    target.unlink(missing_ok=True)
    empty = [part for name in ("boot", "var", "run", "tmp", "proc", "sys", "dev") for part in ("-e", f"{name}/*")]
    command = (
        "mksquashfs", str(plan.tree), str(target), "-comp", "zstd", "-Xcompression-level", "12", "-b", "256K",
        "-noappend", "-quiet", "-no-progress", "-no-exports", "-wildcards", *empty,
    )  # fmt: skip
    run(plan, command)
    for part, source in zip(("kernel", "initrd"), tree.kernel(plan), strict=True):
        shutil.copyfile(source, system / NAMES[part])
    values = {**tree.identity(plan), "options": tree.OPTIONS}
    (system / "system.json").write_text(json.dumps(values) + "\n")
    return target


def make(plan: Plan) -> Path:
    """Put the disk together; returns the raw image, sparse."""
    parts = {"shuxiang-esp": _esp(plan), "shuxiang-root-a": plan.work / "system" / NAMES["root"]}
    parts["shuxiang-data"] = _data(plan)
    image = plan.work / "shuxiang.img.new"
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate((sum(p.size for p in PARTITIONS) + 2) * MIB)
    run(plan, ("sfdisk", "--quiet", str(image)), given=table().encode())
    laid = json.loads(run(plan, ("sfdisk", "--json", str(image))))["partitiontable"]["partitions"]
    for partition in laid:
        source = parts.get(partition["name"])
        if source is not None:
            seek = f"seek={partition['start'] * 512}"
            where = ("bs=1M", "oflag=seek_bytes", seek, "conv=notrunc,sparse", "status=none")
            run(plan, ("dd", f"if={source}", f"of={image}", *where))
    for name in ("esp.img", "data.img"):
        (plan.work / name).unlink()
    return image.rename(plan.work / IMAGE_FILE)


def _esp(plan: Plan) -> Path:
    esp = plan.work / "esp.img"
    esp.unlink(missing_ok=True)
    with esp.open("wb") as file:
        file.truncate(PARTITIONS[0].size * MIB)
    # Clusters of 2 KiB: one holds the whole menu. The firmware counts tries in the names of its entries, and must not
    # have to make the folder longer for that, which a power cut could leave half done.
    run(plan, ("mkfs.vfat", "-F", "32", "-s", "4", "-n", "SHUXIANG", "-i", "5B0C5E50", "--invariant", str(esp)))
    here = f"::shuxiang/{plan.version}"
    folders = ("::EFI", "::EFI/BOOT", "::EFI/systemd", "::loader", "::loader/entries", "::shuxiang", here)
    run(plan, ("mmd", "-i", str(esp), *folders))
    boot = plan.tree / "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
    loader = b"timeout 0\nconsole-mode keep\neditor no\nauto-entries no\nauto-firmware no\n"
    system = plan.work / "system"
    for source, target in (
        (boot, "::EFI/BOOT/BOOTX64.EFI"),
        (boot, "::EFI/systemd/systemd-bootx64.efi"),
        (system / NAMES["kernel"], f"{here}/vmlinuz"),
        (system / NAMES["initrd"], f"{here}/initrd"),
        (loader, "::loader/loader.conf"),
        (entry(plan, "a").encode(), f"::loader/entries/shuxiang-{plan.version}+{TRIES}.conf"),
    ):
        given = source if isinstance(source, bytes) else source.read_bytes()
        run(plan, ("mcopy", "-i", str(esp), "-", target), given=given)
    return esp


def _data(plan: Plan) -> Path:
    """/var: empty, all in it is made when the box starts."""
    data = plan.work / "data.img"
    data.unlink(missing_ok=True)
    empty = plan.work / "empty"
    empty.mkdir(exist_ok=True)
    features = f"hash_seed={_GUID}db,lazy_itable_init=1,resize=67108864"
    size = next(p.size for p in PARTITIONS if p.name == "shuxiang-data")
    names = ("-L", "shuxiang-data", "-U", f"{_GUID}da", "-E", features)
    run(plan, ("mke2fs", "-q", "-t", "ext4", "-m", "1", *names, "-d", str(empty), str(data), f"{size - 1}M"))
    return data


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest(plan: Plan, image: Path, bill: Path) -> dict[str, object]:
    """What was built, by digests."""

    def fact(path: Path) -> dict[str, object]:
        return {"path": str(path.relative_to(plan.work)), "size": path.stat().st_size, "sha256": sha256(path)}

    parts = {part: fact(plan.work / "system" / name) for part, name in NAMES.items()}
    whole = fact(image)
    # As `sha256sum --check` reads it; whoever writes the image onto a disk compares.
    (plan.work / f"{IMAGE_FILE}.sha256").write_text(f"{whole['sha256']}  {IMAGE_FILE}\n")
    return {
        **tree.identity(plan),
        "image": whole,
        **parts,
        "options": tree.OPTIONS,
        "bill": fact(bill),
        "partitions": [{"name": p.name, "mib": p.size, "guid": p.guid} for p in PARTITIONS],
    }
