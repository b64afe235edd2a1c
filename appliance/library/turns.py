"""So many searches at a time, the others in the order in which they came; too many are asked to come again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from appliance.errors import BusyError

AT_ONCE = 2
"""Searches that run at a time: the processors of a small box. More only wait for each other, each of them longer."""

IN_LINE = 24
"""Searches that wait: a class of pupils. With those that run they take 26 of the 32 threads; the others stay for pages
and bytes."""

SECONDS = 10.0
"""Longest wait; ordinary searches take thousandths of a second."""

BROWSING_AT_ONCE, BROWSING_IN_LINE, BROWSING_SECONDS = 16, 8, 5.0
"""Questions without a query: half of the threads. Kept or quick, they do not wait for each other; those that have to
count first do, two at a time (`indexer.kept_answers`), where nobody else is kept up."""

TYPING_AT_ONCE, TYPING_IN_LINE, TYPING_SECONDS = 8, 8, 1.0
"""Suggestions: a thousandth of a second each, and of no use any more to who has typed on."""


class Turns:
    """A fair gate: who comes first goes first, and nobody waits for ever."""

    def __init__(self, at_once: int = AT_ONCE, in_line: int = IN_LINE, seconds: float = SECONDS) -> None:
        """Open the gate.

        Args:
            at_once: how many may be inside.
            in_line: how many may wait before it.
            seconds: how long each may.
        """
        self._at_once, self._in_line, self._seconds = at_once, in_line, seconds
        self._lock = threading.Lock()
        self._inside = 0
        self._line: deque[threading.Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and have it.

        Raises:
            BusyError: too many wait already, or it took too long.
        """
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._inside < self._at_once:
                self._inside += 1
                return
            if len(self._line) >= self._in_line:
                raise BusyError(f"{len(self._line)} searches wait already")
            mine = threading.Lock()
            mine.acquire()
            self._line.append(mine)
        if mine.acquire(timeout=self._seconds):
            return
        with self._lock:
            if mine not in self._line:
                return  # it was handed over in this moment
            self._line.remove(mine)
        raise BusyError(f"no turn within {self._seconds:g} s")

    def _leave(self) -> None:
        with self._lock:
            if self._line:
                self._line.popleft().release()  # the turn goes on to the first in line
            else:
                self._inside -= 1


@dataclass(frozen=True, slots=True)
class Gates:
    """The rows in which questions to the index wait, each kind for itself: nobody who browses waits for searches.

    Attributes:
        searches: queries. browsing: names, classes, places, what is related. typing: suggestions.
    """

    searches: Turns = field(default_factory=Turns)
    browsing: Turns = field(default_factory=lambda: Turns(BROWSING_AT_ONCE, BROWSING_IN_LINE, BROWSING_SECONDS))
    typing: Turns = field(default_factory=lambda: Turns(TYPING_AT_ONCE, TYPING_IN_LINE, TYPING_SECONDS))
