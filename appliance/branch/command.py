"""`appliance branch-copy`: the copy as a command, in a process of its own beside the box."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.branch.copying import Copied, Copier
from appliance.branch.gathering import Gathering
from appliance.branch.planning import live_of, plan_of_drive, plan_of_library
from appliance.branch.target import Target
from appliance.errors import BranchError
from appliance.serving.pools import DrivePools, PoolLimits
from appliance.store.holdings import read_holdings

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.branch.copying import Plan
    from appliance.settings import Settings
    from packager.format.files import Files


def branch_copy(
    settings: Settings,
    files: Files,
    root: bytes,
    target: Path,
    *,
    source: Path | None = None,
    bundle: str = "",
    disk: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Copied:
    """Copy a plugged drive, or the library as it is, to another disk; goes on where it was broken off.

    Args:
        settings: of the box.
        files: the writer.
        root: the root metadata that this box was given.
        target: folder of the disk, mounted for writing.
        source: folder of a plugged drive; None: the library as it is.
        bundle: of the library, when it has several.
        disk: of a set the number of one drive; 0: all, each in a folder of its number.
        progress: called with bytes of payload done and in all; may raise to break off.

    Raises:
        BranchError: it cannot be made, or not to its end; what is compared stays.
        HoldingsError: the box has never run.
        OSError: a disk of ours, or the target, is full or does not answer.
    """
    holdings = read_holdings(settings.holdings_file)
    target = target.resolve(strict=True)
    _check_apart(settings, target, [Path(drive.path) for drive in holdings.drives if drive.serves])
    pools = DrivePools(PoolLimits(threads=1, deadline=float(settings.drive_deadline_seconds)))
    with ExitStack() as stack:
        stack.callback(pools.close)
        if source is None:
            held = live_of(bundle, holdings)

            def plan_of(number: int) -> AbstractContextManager[Plan]:
                return plan_of_library(held, number, settings, holdings, pools, files, root)

            if held.disks > 1 and not disk:
                return Gathering(held.truth, held.disks, plan_of, target, files, progress).run()
            plan = stack.enter_context(plan_of(disk or 1))
        else:
            found = [drive for drive in holdings.drives if Path(drive.path).resolve() == source.resolve()]
            if not found:
                raise BranchError("branch.nothing", f"no drive is plugged in at {source.name}")
            plan = stack.enter_context(plan_of_drive(found[0], settings, holdings, pools, files, root))
        return Copier(plan, Target(target, files), files, progress).run()


def _check_apart(settings: Settings, target: Path, drives: list[Path]) -> None:
    """The copy goes onto no disk that the box uses."""
    for other in (settings.data_folder.resolve(), *(drive.resolve() for drive in drives)):
        if target == other or target in other.parents or other in target.parents:
            raise BranchError("branch.not_empty", "the box uses this disk", item=target.name, count=1)
