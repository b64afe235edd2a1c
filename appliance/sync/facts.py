"""What a box tells of itself in a report: what it holds and what became of it. Nothing about readers is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import HoldingsError
from appliance.store.faults import FaultReader
from appliance.store.holdings import Holdings, read_holdings
from appliance.store.wishes import WishStore

if TYPE_CHECKING:
    from appliance.settings import Settings

MOST = 2000
"""Most facts of a kind: the worst box must still be able to report."""
UPDATES = "sync."

Fact = Mapping[str, Any]
Wishes = Callable[[str], Iterable[tuple[str, str, str, int]]]
"""Wishes of a month: kind, resource (may be empty), words, how often."""


def facts_of(
    settings: Settings, month: str, *, wishes: Wishes, fetched: int = 0, stale: Iterable[str] = ()
) -> list[Fact]:
    """The facts of a report.

    Args:
        settings: of the box.
        month: `2026-11`.
        wishes: what readers wish for.
        fetched: bytes of updates in that month.
        stale: hosts of mirrors that were behind.
    """
    try:
        holdings = read_holdings(settings.holdings_file)
    except (HoldingsError, OSError):
        holdings = Holdings()  # what is not known is not told
    found: list[Fact] = [*_held(settings, holdings)]
    states = [notice.key for notice in holdings.notices if notice.key.startswith(UPDATES)]
    found += [{"of": "update", "state": states[0] if states else "sync.current", "fetched": fetched}]
    found += [{"of": "mirror", "host": host, "state": "stale"} for host in sorted(set(stale))[:MOST]]
    found += [{"of": "withdrawn", "resource": resource} for resource in holdings.withdrawn[:MOST]]
    told: Counter[tuple[str, str, str]] = Counter()
    for kind, resource, words, count in wishes(month):
        told[kind, resource, _plain(words)] += count
    found += [
        {"of": "wish", "kind": kind, "resource": resource, "words": words, "count": count}
        for (kind, resource, words), count in told.most_common(MOST)
    ]
    return found


def _held(settings: Settings, holdings: Holdings) -> Iterator[Fact]:
    for release in holdings.releases[:MOST]:
        yield {
            "of": "edition", "bundle": release.bundle, "seq": release.seq, "truth": release.truth,
            "live": release.live,
        }  # fmt: skip
    drives = {(drive.tagmanifest, drive.disk): drive for drive in holdings.drives if drive.tagmanifest or drive.bundle}
    for drive in list(drives.values())[:MOST]:
        yield {
            "of": "drive", "bundle": drive.bundle, "seq": drive.seq, "disk": drive.disk, "state": drive.state,
            "tagmanifest": drive.tagmanifest,
        }  # fmt: skip
    if not settings.faults_file.exists():
        return
    faults = FaultReader(settings.faults_file)
    try:
        damaged = Counter(fault.item_id for fault in faults.standing())
    finally:
        faults.close()
    for item, places in damaged.most_common(MOST):
        yield {"of": "damage", "item": item, "places": places}


def wishes_at(path: Path) -> Wishes:
    """The wishes that the serving process keeps in a database; none while there is none, or it is damaged."""

    def wished(month: str) -> Iterator[tuple[str, str, str, int]]:
        if not path.exists():
            return
        store = WishStore(path)
        try:
            # What readers wrote beside a wish stays here: it may say who they are.
            yield from ((wish.kind, wish.resource_id, wish.words, wish.count) for wish in store.for_report(month))
        finally:
            store.close()

    return wished


def _plain(words: str) -> str:
    """Words on one line, and not too many of them."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())[:200]
