"""Which connections go when their clients leave too much unread: pure rules over what is known of them.

An answer that is not taken lies in memory or, when it is long, in a temporary file; so does the body of a request that
is still coming in. Verified files do not count: they hold nothing of their own (`appliance.serving.chunks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MUCH = 64 << 10
"""Bytes of one connection from which on the sums are looked at: a page that is on its way is less."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What one connection holds.

    Attributes:
        name: of the connection, as the caller knows it.
        client: whose it is.
        held: bytes that lie here for it.
        quiet: seconds since bytes last came or went.
    """

    name: int
    client: str
    held: int
    quiet: float


@dataclass(frozen=True, slots=True)
class UnreadLimits:
    """Bounds in bytes: of one client's connections together, and of all."""

    per_client: int = 64 << 20
    all_clients: int = 512 << 20


def connections_to_end(found: Iterable[Unread], limits: UnreadLimits) -> list[int]:
    """Names of the connections to end so that both bounds hold; those that stand still the longest go first."""
    ended: list[int] = []
    by_client: dict[str, list[Unread]] = {}
    for one in found:
        by_client.setdefault(one.client, []).append(one)
    kept: list[Unread] = []
    for group in by_client.values():
        kept += _within(group, limits.per_client, ended)
    _within(kept, limits.all_clients, ended)
    return ended


def _within(group: list[Unread], bound: int, ended: list[int]) -> list[Unread]:
    """Those that stay; the names of the others are added to `ended`."""
    total = sum(one.held for one in group)
    kept = sorted(group, key=lambda one: (one.held > 0, one.quiet))
    while kept and total > bound:
        gone = kept.pop()
        ended.append(gone.name)
        total -= gone.held
    return kept
