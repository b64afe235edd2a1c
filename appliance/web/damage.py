"""Known damage by resource, with what readers miss of each; gathered again only when something changed."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.web.harm import ASIDE, Harm, HarmFinder

if TYPE_CHECKING:
    from appliance.library.library import Library
    from appliance.library.model import HeldItem
    from appliance.serving.upkeep_view import UpkeepState
    from appliance.store.faults import Fault, FaultStore

MOST_FAULTS = 10_000
"""Damaged places that are named by title; a drive with more must be replaced."""
QUICK_SECONDS, RESTS, MOST_REST = 0.05, 20, 10.0
"""A gathering that took longer than the first is not repeated before so many times its length, or so many seconds."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is damaged of one resource, in readers' words.

    Attributes:
        resource_id, title: of the resource; no id and no title: the index of texts, which belongs to none.
        item_ids: damaged items in the record's order. labels: what readers call them. harms: of each, what is missed.
        whole: whether nothing of it can be opened. cover_only: whether only the cover's picture is damaged.
        peaks_only: whether only the picture of its sound is.
        found: ISO time when the first was seen.
        places: damaged places. tried: those of them for which nobody had the bytes.
        closed: items of which nothing can be opened.
    """

    resource_id: str
    title: str
    item_ids: tuple[str, ...]
    labels: tuple[str, ...]
    harms: tuple[Harm, ...]
    whole: bool
    cover_only: bool
    peaks_only: bool
    found: str
    places: int
    tried: int
    closed: tuple[str, ...] = ()


class DamageBoard:
    """Keeps the last gathering. Thread-safe."""

    def __init__(self, finder: HarmFinder, of_index: Callable[[str], bool] = lambda _sha256: False) -> None:
        """Know nothing yet.

        Args:
            finder: tells what readers miss.
            of_index: tells by its digest whether a file is of an index of texts.
        """
        self.finder, self._of_index = finder, of_index
        self._lock = threading.Lock()
        self._made: tuple[tuple[int, ...], list[Damage]] = ((), [])
        self._rests_until = 0.0

    def damages(self, library: Library, faults: FaultStore, upkeep: UpkeepState) -> list[Damage]:
        """Resources with known damage, the last found first."""
        mark = (faults.version, library.generation, upkeep.version, self.finder.version)
        known, found = self._made
        if (
            known == mark
            or (known and time.monotonic() < self._rests_until)
            or not self._lock.acquire(blocking=not known)
        ):
            return found  # perhaps what was true a moment ago: no reader waits for a list that grows by the second
        try:
            start = time.monotonic()
            self._made = mark, self._gathered(library, faults.standing(MOST_FAULTS), upkeep)
            spent = time.monotonic() - start
            rest = min(spent * RESTS, MOST_REST) if spent > QUICK_SECONDS else 0.0
            self._rests_until = start + spent + rest
            return self._made[1]
        finally:
            self._lock.release()

    def _gathered(self, library: Library, faults: list[Fault], upkeep: UpkeepState) -> list[Damage]:
        by_item: dict[str, list[Fault]] = defaultdict(list)
        for fault in faults:
            by_item[fault.item_id].append(fault)
        by_resource: dict[str, list[HeldItem]] = defaultdict(list)
        for item_id in by_item:
            held = library.item(item_id)
            if held is not None:
                by_resource[held.resource.id].append(held)
        index = [fault for fault in faults if self._of_index(fault.sha256)]
        found = [self._damage(items, by_item, upkeep) for items in by_resource.values()]
        return [*found, _of_index(index, upkeep)] if index else found

    def _damage(self, hurt: list[HeldItem], by_item: dict[str, list[Fault]], upkeep: UpkeepState) -> Damage:
        resource = hurt[0].resource
        order = {item.id: place for place, item in enumerate(resource.items)}
        hurt = sorted(hurt, key=lambda held: order.get(held.item.id, 0))
        faults = [fault for held in hurt for fault in by_item[held.item.id]]
        harms = tuple(self.finder.harm(held, [f.chunk for f in by_item[held.item.id]]) for held in hurt)
        lost = {h.item.id for h, harm in zip(hurt, harms, strict=True) if harm.whole or h.item.role == "page"}
        places = {(f.sha256, f.chunk) for f in faults}
        readable = {item.id for item in resource.readable_items}
        return Damage(
            resource_id=resource.id,
            title=resource.title,
            item_ids=tuple(held.item.id for held in hurt),
            labels=tuple(held.item.label for held in hurt if held.item.label),
            harms=harms,
            whole=bool(readable) and readable <= lost,
            cover_only=all(held.item.role == "cover" for held in hurt),
            peaks_only=all(held.item.role == "peaks" for held in hurt),
            found=min(f.found for f in faults),
            places=len(places),
            tried=len(places & upkeep.attempts),
            closed=tuple(held.item.id for held in hurt if held.item.id in lost),
        )


def _of_index(faults: Sequence[Fault], upkeep: UpkeepState) -> Damage:
    """Damage of the index of texts: search does without it, reading is not affected."""
    places, ids = {(f.sha256, f.chunk) for f in faults}, tuple(dict.fromkeys(f.item_id for f in faults))
    return Damage(
        "", "", ids, (), (Harm(ASIDE),), whole=False, cover_only=False, peaks_only=False,
        found=min(f.found for f in faults), places=len(places), tried=len(places & upkeep.attempts),
    )  # fmt: skip


def joined(damage: Damage) -> Harm:
    """What readers miss of a resource altogether, as one sentence can say it."""
    if damage.whole:
        return Harm("whole")
    harms = [harm for harm in damage.harms if harm.kind != ASIDE]
    kinds = {harm.kind for harm in harms}
    if not harms:
        return Harm(ASIDE)
    if kinds == {"pages"}:
        return Harm("pages", pages=tuple(sorted({page for harm in harms for page in harm.pages})))
    if len(harms) == 1:
        return Harm("part") if harms[0].whole else harms[0]  # one file of several cannot be opened
    return Harm("part")
