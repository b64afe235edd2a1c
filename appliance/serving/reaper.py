"""When the server gives up on a connection: pure rules over what is known of it.

waitress never ends a connection whose client has stopped reading, and a header that trickles in renews itself for
ever. A paused video is a client that has stopped reading, so patience is long while there is room, and short when
the connections run out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long connections may make no progress, in seconds.

    Attributes:
        idle: between two requests.
        stalled: with an answer that the client does not take.
        header: from the first byte of a request to the end of its header.
        body_grace: for the start of a request's body; after it the body must keep `body_rate`.
        body_rate: bytes a second of a request's body, on average.
        crowded: share of the connection limit from which `idle` and `stalled` shrink to `hurry`.
        hurry: seconds for idle and stalled connections when it is crowded.
    """

    idle: float = 75.0
    stalled: float = 300.0
    header: float = 20.0
    body_grace: float = 30.0
    body_rate: float = 1024.0
    crowded: float = 0.8
    hurry: float = 10.0


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What is known of one connection; times in seconds before now.

    Attributes:
        quiet: since bytes last came or went.
        answering: a view works on its request, or waits for a chunk.
        unsent: bytes of an answer that the socket has not taken.
        waits_for_us: the answer waits for a chunk or for the client's share of bytes: not the client's fault.
        request_age: since the first byte of a request that is still coming in; None when none is.
        in_body: that request's header is complete.
        body_bytes: bytes of its body so far.
    """

    quiet: float
    answering: bool = False
    unsent: int = 0
    waits_for_us: bool = False
    request_age: float | None = None
    in_body: bool = False
    body_bytes: int = 0


def reason_to_end(facts: ConnectionFacts, patience: Patience, *, crowded: bool) -> str:
    """Why this connection is to be ended now: `stalled`, `slow header`, `slow body`, `idle`; empty to keep it."""
    if facts.unsent:
        limit = min(patience.stalled, patience.hurry) if crowded else patience.stalled
        return "stalled" if not facts.waits_for_us and facts.quiet > limit else ""
    if facts.answering:
        return ""
    if facts.request_age is not None:
        return _slow_request(facts, facts.request_age, patience)
    limit = min(patience.idle, patience.hurry) if crowded else patience.idle
    return "idle" if facts.quiet > limit else ""


def _slow_request(facts: ConnectionFacts, age: float, patience: Patience) -> str:
    if not facts.in_body:
        return "slow header" if age > patience.header else ""
    allowed = patience.header + patience.body_grace + facts.body_bytes / patience.body_rate
    return "slow body" if age > allowed else ""
