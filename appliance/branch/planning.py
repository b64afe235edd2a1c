"""What can be copied now, from the holdings as the worker published them: a plugged drive, or the library as it is.

The library as it is, is the live release of a bundle: its lists are on the SSD, its items on drives and among what
updates brought. Its bags are made again (`lists`), so that a branch gets the drive, or the drives, of the newest
edition, and its box takes them in like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.branch.at_hand import check_at_hand
from appliance.branch.copying import Plan
from appliance.branch.lists import bag_lists
from appliance.branch.reading import Reader, Shelf, items_of, placed
from appliance.branch.signatures import signed_lists
from appliance.errors import BranchError, StoreError
from appliance.store.carried import CarriedStore
from appliance.store.objects import ObjectStore
from appliance.store.placement import placed_on
from packager.format.bag import hash_file
from packager.format.errors import DigestError, FormatError
from packager.format.layout import DriveLayout
from packager.format.release import MAX_RELEASE, Release

if TYPE_CHECKING:
    from appliance.serving.pools import DrivePools
    from appliance.settings import Settings
    from appliance.store.holdings import HeldDrive, HeldRelease, Holdings
    from packager.format.files import Files


@contextmanager
def plan_of_drive(
    drive: HeldDrive, settings: Settings, holdings: Holdings, pools: DrivePools, files: Files, root: bytes
) -> Iterator[Plan]:
    """A copy of a plugged drive, as it was signed; bad places are mended from whatever is here.

    Raises:
        BranchError: it does not serve, or its lists are not on the SSD.
    """
    held = next((release for release in holdings.releases if release.folder == drive.folder), None)
    if not drive.serves or held is None:
        raise BranchError("branch.nothing", "the drive does not serve")
    first = [Shelf(f"copy {drive.key}", Path(drive.path))]
    with _plan(held, drive.disk or 1, first, settings, holdings, pools, files, root) as plan:
        yield plan


def live_of(bundle: str, holdings: Holdings) -> HeldRelease:
    """What readers have of a bundle.

    Args:
        bundle: id; empty for the only one.
        holdings: as the worker published them.

    Raises:
        BranchError: there is no such bundle, or several.
    """
    live = [release for release in holdings.live() if bundle in {"", release.bundle}]
    if len(live) != 1:
        raise BranchError("branch.nothing", f"{len(live)} bundles are here; one must be named")
    return live[0]


@contextmanager
def plan_of_library(
    held: HeldRelease,
    disk: int,
    settings: Settings,
    holdings: Holdings,
    pools: DrivePools,
    files: Files,
    root: bytes,
) -> Iterator[Plan]:
    """A copy of what readers have of a bundle, with what updates brought, as one drive of its set.

    Args:
        held: from `live_of`.
        disk: number of the drive, from 1.
        settings: of the box.
        holdings: as the worker published them.
        pools: read with a deadline.
        files: the writer.
        root: the root metadata that this box was given.

    Raises:
        BranchError: it is not known what that drive carries (`branch.set`), or a drive is not plugged in that has some
            of it (`branch.away`).
    """
    if not 0 < disk <= held.disks:
        raise BranchError("branch.nothing", f"there is no drive {disk} of {held.disks}")
    with _plan(held, disk, [], settings, holdings, pools, files, root) as plan:
        check_at_hand(plan.items, held, holdings, settings)
        yield plan


@contextmanager
def _plan(
    held: HeldRelease,
    disk: int,
    first: list[Shelf],
    settings: Settings,
    holdings: Holdings,
    pools: DrivePools,
    files: Files,
    root: bytes,
) -> Iterator[Plan]:
    folder = settings.releases_folder / held.folder
    try:
        with (folder / "release.json").open("rb") as file:
            release = Release.from_bytes(file.read(MAX_RELEASE + 1))
        items_txt = folder / "meta" / "items.txt"
        on_drive = placed_on(folder, disk, len(release.disks))
        items = items_of(items_txt, on_drive)
        lists = bag_lists(release, disk, items)
        serving = [drive for drive in holdings.drives if drive.serves and drive.bundle == release.bundle]
        shelves = [
            *first,
            Shelf("copy carried", CarriedStore(settings.carried_folder).folder, carried=True),
            *(Shelf(f"copy {d.key}", Path(d.path)) for d in serving if Path(d.path) not in {s.root for s in first}),
        ]
        drives = [Path(drive.path) for drive in serving]
        with ExitStack() as stack:
            reader = Reader(folder / "meta" / "chunks.bin", shelves, pools, ObjectStore(settings.objects_folder))
            stack.callback(reader.close)
            yield Plan(
                release=release,
                disk=disk,
                lists=lists,
                items=items,
                placed=partial(placed, items_txt, on_drive),
                blocks=reader.blocks,
                meta=_meta(release, folder, [path for drive, path in zip(serving, drives, strict=True)
                                             if drive.folder == held.folder]),
                beside=signed_lists(settings.trust_folder, root, drives, release, files),
            )  # fmt: skip
    except (DigestError, StoreError) as error:
        raise BranchError("branch.set", f"which items it carries is not known: {error}") from error
    except FormatError as error:
        raise BranchError("branch.not_copied", str(error)) from error


def _meta(release: Release, folder: Path, drives: list[Path]) -> dict[str, Path]:
    """Truth from the SSD, where it is proved; of accelerators those that a drive of this release has whole."""
    found = {name: folder / "meta" / name for name in release.truth}
    for name, wanted in release.accelerators.items():
        for drive in drives:
            try:
                with DriveLayout(drive).opened() as root:
                    if hash_file(root, f"bag/meta/{name}") == wanted.sha256:
                        found[name] = DriveLayout(drive).meta_file(name)
                        break
            except (OSError, FormatError):
                continue
    return found
