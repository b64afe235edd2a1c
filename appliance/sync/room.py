"""Room on the SSD for what an update brings, looked at before a byte is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import IntakeError

if TYPE_CHECKING:
    from appliance.store.releases import ReleaseStore
    from packager.format.release import Release


def lists_of(release: Release) -> int:
    """Bytes of the lists of a release."""
    return sum(digest.size for digest in release.truth.values())


def room_of(release: Release) -> int:
    """Bytes of its lists and of what is derived from them: some three times the catalogue."""
    return lists_of(release) + 3 * release.truth["catalogue.jsonl"].size


def check_room(store: ReleaseStore, reserve: int, need: int) -> None:
    """See that there is room for `need` bytes, above the `reserve` that stays free.

    Raises:
        IntakeError: there is not (`space.update_waits` with the bytes lacking).
    """
    free = store.free_space() - reserve
    if free < need:
        raise IntakeError("space.update_waits", "no room on the SSD", size=need - free)
