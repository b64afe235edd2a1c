"""What repairs ask before they fetch by the line, and how a round asks it.

Hours, traffic and rate are chosen for updates (`appliance.sync`), which this room does not know; the worker hands the
line in. Drives, folders and sticks are never asked about here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from appliance.store.holdings import Message


class Line(Protocol):
    """The line and its rules. For the thread of repairs."""

    def origins(self) -> Sequence[str]:
        """Addresses of the servers, in the order in which they are asked."""
        ...

    def refusal(self, size: int, *, urgent: bool) -> Message | None:
        """What staff read while so many bytes may not be fetched; None: they may."""
        ...

    def delay(self, size: int) -> float:
        """Seconds to wait before so many bytes are asked for."""
        ...

    def took(self, size: int) -> None:
        """Count so many bytes that came, after every question that was allowed."""
        ...


class NoLine:
    """A box that fetches nothing."""

    def origins(self) -> Sequence[str]:
        """Nobody."""
        return ()

    def refusal(self, size: int, *, urgent: bool) -> Message | None:  # noqa: ARG002 - as the protocol says
        """Nothing is said of what is never asked."""
        return None

    def delay(self, size: int) -> float:  # noqa: ARG002 - as the protocol says
        """None."""
        return 0.0

    def took(self, size: int) -> None:
        """Nothing comes."""


class Fetching:
    """What one round may fetch. For the thread of repairs.

    Attributes:
        refused: why nothing more is fetched in this round.
        broken_off: whether it gave way to something nearer: a drive or a stick came, or staff asked for something.
    """

    def __init__(self, line: Line, stopping: threading.Event) -> None:
        """Name the line; `stopping` is set when the process is to end."""
        self._line, self._stopping, self._urgent = line, stopping, False
        self._news: Callable[[], bool] = lambda: False
        self.refused: Message | None = None
        self.broken_off = False

    def begin(self, *, urgent: bool, news: Callable[[], bool]) -> None:
        """A round begins.

        Args:
            urgent: staff asked for it.
            news: whether something nearer is to be looked at than servers.
        """
        self._urgent, self._news = urgent, news
        self.refused, self.broken_off = None, False

    def allow(self, size: int) -> bool:
        """Whether so many bytes may be asked for; waits for the rate. What was refused is not asked again."""
        if self.refused is None and not self._gives_way():
            self.refused = self._line.refusal(size, urgent=self._urgent)
            if self.refused is None:
                self._wait(self._line.delay(size))
                if not self._gives_way():
                    return True
                self._line.took(0)
        return False

    def took(self, size: int) -> None:
        """Count what came."""
        self._line.took(size)

    def _wait(self, seconds: float) -> None:
        while seconds > 0 and not self._gives_way():
            self._stopping.wait(min(1.0, seconds))
            seconds -= 1.0

    def _gives_way(self) -> bool:
        self.broken_off = self.broken_off or self._news()
        return self.broken_off or self._stopping.is_set()
