"""How far the indexes of the live releases are, from the holdings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.store.holdings import Holdings, Part

_SETTLED = frozenset({"ready", "failed"})


def progress(holdings: Holdings) -> tuple[int, int]:
    """Percent of the slowest index that is being made, and the seconds that all of them need; zeros when none is."""
    waiting = _waiting(holdings)
    return (min(p.percent for p in waiting), sum(p.seconds_left for p in waiting)) if waiting else (0, 0)


def percent_ready(holdings: Holdings) -> int:
    """Percent of the slowest index that is being made; 100 when none is."""
    return min((p.percent for p in _waiting(holdings)), default=100)


def wanted(holdings: Holdings) -> frozenset[str]:
    """Folders of the live releases that are to be searched, now or when their index is made."""
    return frozenset(r.folder for r in holdings.live() if "failed" not in {r.catalogue.state, r.search.state})


def _waiting(holdings: Holdings) -> list[Part]:
    return [r.search for r in holdings.live() if r.search.state not in _SETTLED]
