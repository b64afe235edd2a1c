"""Sets of drives and their editions: which drives of a set lack, and which editions stand beside each other."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.intake.states import Carried


def missing_disks(carried: Carried, serving: Iterable[Carried]) -> list[int]:
    """Numbers of the drives of a set that do not serve."""
    here = {other.disk for other in serving if other.folder == carried.folder}
    return [n for n in range(1, carried.disks + 1) if n not in here]


def is_mixed(bundle: str, folder: str, others: Iterable[Carried]) -> bool:
    """Whether another edition of the bundle than that of `folder` is among the drives in hand."""
    return any(other.bundle == bundle and other.folder != folder for other in others)


def is_superseded(carried: Carried, serving: Iterable[Carried]) -> bool:
    """Whether a newer edition of its bundle is plugged in completely: the drive need not be asked for."""
    serving = list(serving)
    newer = [other for other in serving if other.bundle == carried.bundle and other.seq > carried.seq]
    return any(not missing_disks(other, serving) for other in newer)
