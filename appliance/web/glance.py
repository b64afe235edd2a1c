"""The state of the box for this request: the light in every footer and on the staff's first page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from flask import current_app, g

from appliance.web.context import library, services
from appliance.web.status import Status, choose, for_public

if TYPE_CHECKING:
    from appliance.store.faults import Fault

ACKNOWLEDGED = "shuxiang.acknowledged"
_MOST_ACKNOWLEDGED = 1000


@dataclass(slots=True)
class Acknowledged:
    """What staff have read and put away, until the process ends. Safe in any number of threads."""

    _tokens: dict[str, None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, token: str) -> None:
        """Put one away; beyond a thousand the oldest is forgotten."""
        with self._lock:
            self._tokens.pop(token, None)
            self._tokens[token] = None
            while len(self._tokens) > _MOST_ACKNOWLEDGED:
                del self._tokens[next(iter(self._tokens))]

    def tokens(self) -> frozenset[str]:
        """All that is put away."""
        with self._lock:
            return frozenset(self._tokens)


@dataclass(frozen=True, slots=True)
class Damage:
    """What is damaged of one resource, in readers' words.

    Attributes:
        resource_id, title: of the resource.
        item_ids: damaged items in the record's order. labels: what readers call them.
        whole: whether nothing of it can be opened. cover_only: whether only the cover's picture is damaged.
        peaks_only: whether only the picture of its sound is.
        found: ISO time when the first was seen.
    """

    resource_id: str
    title: str
    item_ids: tuple[str, ...]
    labels: tuple[str, ...]
    whole: bool
    cover_only: bool
    peaks_only: bool
    found: str


def status() -> Status:
    """What staff see."""
    if "status" not in g:
        tokens = current_app.extensions[ACKNOWLEDGED].tokens()
        now: dt.datetime = services().clock.now()
        g.status = choose(library().holdings, len(damages()), now, tokens)
    found: Status = g.status
    return found


def public_status() -> Status:
    """What anybody sees."""
    return for_public(status())


def damages() -> list[Damage]:
    """Resources with known damage, the last found first; damage of resources that are no longer held is left out."""
    if "damages" not in g:
        g.damages = _gathered(services().faults.standing(200))
    found: list[Damage] = g.damages
    return found


def _gathered(faults: Iterable[Fault]) -> list[Damage]:
    by_resource: dict[str, dict[str, str]] = {}
    records, owners = {}, dict[str, str]()
    for fault in faults:
        if fault.item_id not in owners:
            # A record is asked for once, however many of its thousand files are damaged.
            held = library().item(fault.item_id)
            if held is None:
                continue
            records[held.resource.id] = held.resource
            owners.update((item.id, held.resource.id) for item in held.resource.items)
        by_resource.setdefault(owners[fault.item_id], {}).setdefault(fault.item_id, fault.found)
    out = []
    for resource_id, found in by_resource.items():
        resource = records[resource_id]
        hit = [item for item in resource.items if item.id in found]
        readable = {item.id for item in resource.readable_items}
        out.append(
            Damage(
                resource_id=resource_id,
                title=resource.title,
                item_ids=tuple(item.id for item in hit),
                labels=tuple(item.label for item in hit if item.label),
                whole=bool(readable) and readable <= found.keys(),
                cover_only=all(item.role == "cover" for item in hit),
                peaks_only=all(item.role == "peaks" for item in hit),
                found=min(found.values()),
            )
        )
    return out
