"""What one query may cost, so that none starves the others: postings, texts compared, and time."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_POSTINGS = 12_000_000
"""Postings that one query may read: all rows of an index of a million for twelve terms."""

MAX_SECONDS = 0.15
"""Seconds of processor time that matching may take; an ordinary query takes one or two thousandths."""

PAGE_SECONDS = 0.05
"""Seconds that comparing what a page shows may take, where not all that matches was compared."""

Clock = Callable[[], float]


class Budget:
    """Counts what a query has cost. When it is spent the answer is what was found so far, and says so.

    Attributes:
        spent: whether something was left out for it.
    """

    def __init__(
        self, clock: Clock = time.thread_time, *, postings: int = MAX_POSTINGS, seconds: float = MAX_SECONDS
    ) -> None:
        """Start now.

        Args:
            clock: seconds; of the thread, so that who waits for others does not pay for them.
            postings: how many may be read.
            seconds: how long it may take.
        """
        self._clock, self._postings = clock, postings
        self._end = clock() + seconds
        self._begun = False
        self.spent = False

    def allows(self, postings: int) -> bool:
        """Whether so many postings may be read now; they are counted. Once it says no it never says yes again.

        The first ones always may: a query of one term is answered, however many rows hold it.
        """
        if not self.spent:
            self._postings -= postings
            over = self._postings < 0 or self._clock() > self._end
            self.spent = over and self._begun
            self._begun = True
        return not self.spent

    def has_time(self) -> bool:
        """Whether there is time left to go on."""
        self._begun = True
        return self.allows(0)

    def for_a_page(self) -> Budget:
        """Another of the same clock, for what a page shows."""
        return Budget(self._clock, seconds=PAGE_SECONDS)

    def again(self) -> Budget:
        """Another for what is asked instead: postings anew, in what is left of the time, but a page's at least."""
        return Budget(self._clock, seconds=max(PAGE_SECONDS, self._end - self._clock()))

    def another(self, postings: int, seconds: float) -> Budget:
        """Another of the same clock, for what is looked for beside the query."""
        return Budget(self._clock, postings=postings, seconds=seconds)
