"""Failures to sign in under names that nobody has, counted as for accounts: nobody learns which names there are.

In memory alone, and bounded. For the lock of whoever keeps the accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta


class Strangers:
    """Names that nobody has, with their failures."""

    def __init__(self, tries: int, rest: timedelta, now: Callable[[], datetime]) -> None:
        """Begin with none.

        Args:
            tries: failures in a row before a name rests.
            rest: for how long.
            now: the time.
        """
        self._tries, self._rest, self._now = tries, rest, now
        self._known: dict[str, tuple[int, datetime]] = {}

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._known)

    def failed(self, name: str, most: int) -> int:
        """Count a failure, and remember `most` names at most; how many tries are left, none or less: it rests."""
        now = self._now()
        failures, _ = self._known.pop(name, (0, now))
        self._known[name] = (failures + 1, now)
        while len(self._known) > most:
            del self._known[next(iter(self._known))]
        return self._tries - failures - 1

    def until(self, name: str) -> str:
        """When the rest of a name ends, ISO time; empty: it does not rest."""
        failures, last = self._known.get(name, (0, None))
        if last is None or failures < self._tries:
            return ""
        if not timedelta() <= self._now() - last < self._rest:
            del self._known[name]
            return ""
        return (last + self._rest).isoformat()
