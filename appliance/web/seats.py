"""Seats: how many readers use a licensed resource at the same time. Kept in memory only, and forgotten soon."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.clock import Clock

REST_SECONDS = 600.0
"""A seat without a request or a byte sent for so long is free again."""

MOST = 20_000
"""Seats kept at once, of all resources together; above it no new seat is given, so that memory stays bounded."""

_SWEEP_SECONDS = 60.0


class Seats:
    """Who has a seat at which resource. Thread-safe; at most `MOST` entries of about 300 bytes.

    A reader is one or two names: the first is the one a seat is kept under, a seat under the second counts as the
    same reader's (a browser whose first request came without its cookie). Names are made by the caller and say
    nothing of the person.
    """

    def __init__(self, clock: Clock, *, rest: float = REST_SECONDS, most: int = MOST) -> None:
        """No seat is taken yet.

        Args:
            clock: its monotonic seconds count.
            rest: seconds after the last use when a seat is free again.
            most: seats kept at once.
        """
        self._clock, self._rest, self._most = clock, rest, most
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, float]] = {}
        """Resource, name, moment of the last use; the longest unused first."""
        self._swept = clock.monotonic()

    def take(self, resource_id: str, reader: Sequence[str], seats: int) -> bool:
        """Take a seat, or keep the one that the reader has; whether there is one.

        Args:
            resource_id: of the resource.
            reader: the reader's names, at least one.
            seats: how many the resource has.
        """
        with self._lock:
            now = self._now()
            held = self._live(resource_id, now)
            mine = [name for name in reader if name in held]
            if not mine and (len(held) >= seats or not self._has_room(now)):
                return False
            for name in mine:
                del held[name]
            held[reader[0]] = now
            self._held[resource_id] = held
            return True

    def keep(self, resource_id: str, name: str) -> None:
        """Something was sent to a reader: the seat goes on if it is still theirs."""
        with self._lock:
            now = self._now()
            held = self._live(resource_id, now)
            if name in held:
                del held[name]
                held[name] = now

    def taken(self, resource_id: str, but: Sequence[str] = ()) -> int:
        """How many others have a seat; the reader with the names `but` does not count."""
        with self._lock:
            return sum(name not in but for name in self._live(resource_id, self._now()))

    def give_back(self, reader: Sequence[str]) -> None:
        """Free all seats of a reader at once."""
        with self._lock:
            for resource_id, held in list(self._held.items()):
                for name in reader:
                    held.pop(name, None)
                if not held:
                    del self._held[resource_id]

    def forget(self) -> None:
        """Forget what has lapsed, at most once a minute; call it now and then for when nobody opens such a work."""
        with self._lock:
            self._now()

    def __len__(self) -> int:
        """Seats that are kept, lapsed ones for at most a minute."""
        with self._lock:
            return sum(map(len, self._held.values()))

    def _now(self) -> float:
        now = self._clock.monotonic()
        if now - self._swept >= _SWEEP_SECONDS:
            self._sweep(now)
        return now

    def _sweep(self, now: float) -> None:
        """Forget what has lapsed: nothing of a reader stays because nobody asked for that resource again."""
        self._swept = now
        for resource_id in list(self._held):
            self._live(resource_id, now)

    def _live(self, resource_id: str, now: float) -> dict[str, float]:
        """The seats of a resource without those that lapsed."""
        held = self._held.get(resource_id, {})
        while held:
            name = next(iter(held))
            if now - held[name] < self._rest:
                return held
            del held[name]
        self._held.pop(resource_id, None)
        return held

    def _has_room(self, now: float) -> bool:
        if sum(map(len, self._held.values())) < self._most:
            return True
        self._sweep(now)
        return sum(map(len, self._held.values())) < self._most
