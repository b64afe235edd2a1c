"""A line for tests of repairs: servers that may always be asked, or may not."""

from __future__ import annotations

import threading

from appliance.store.holdings import Message
from appliance.upkeep.line import Fetching


class OpenLine:
    """See `appliance.upkeep.line.Line`.

    Attributes:
        why: refuses everything, but what is urgent. taken: bytes. delays: how often the rate was asked for.
    """

    def __init__(self, *addresses: str, why: Message | None = None, seconds: float = 0.0) -> None:
        self.addresses, self.why, self.seconds = addresses, why, seconds
        self.taken, self.delays = 0, 0

    def origins(self) -> tuple[str, ...]:
        return self.addresses

    def refusal(self, size: int, *, urgent: bool) -> Message | None:
        return None if urgent else self.why

    def delay(self, size: int) -> float:
        self.delays += 1
        return self.seconds

    def took(self, size: int) -> None:
        self.taken += size


def fetching(line: OpenLine | None = None) -> Fetching:
    """What a round may fetch by it."""
    return Fetching(line or OpenLine(), threading.Event())
