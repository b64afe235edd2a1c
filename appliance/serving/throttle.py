"""Bytes are shared out by browser: a token bucket that empties as bytes leave and fills with time."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class TokenBucket:
    """Bytes that a client may still take. Thread-safe.

    The level may fall below zero by what was already handed to the socket; it is paid back before the next byte.

    Args:
        rate: bytes a second.
        burst: bytes that may go out at once after a pause; the bucket starts full.
        now: seconds on a clock that never goes back.
    """

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0 or burst <= 0:
            raise ValueError("rate and burst are positive numbers of bytes")
        self._rate, self._burst, self._now = rate, burst, now
        self._level, self._at = burst, now()
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Count bytes that went out."""
        with self._lock:
            self._fill()
            self._level -= count

    def delay(self) -> float:
        """Seconds until the next byte may leave; 0.0 when it may leave now."""
        with self._lock:
            self._fill()
            return 0.0 if self._level > 0 else (1 - self._level) / self._rate

    def _fill(self) -> None:
        now = self._now()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now


READING_RATE = 8_000_000
"""Bytes a second that reading is never slowed below: a film of 64 Mbit/s, more than any that a library lends."""
_BURST_SECONDS = 2.0
_MIN_BURST = 16 << 20


class ByteShares:
    """How fast one browser may take bytes: to keep them, and, apart from that, to read, listen and watch.

    Saving a file never slows the film of the same browser. Reading has a share too, or a copying script would ask for
    the reader's address; it is at least `READING_RATE`.

    Args:
        rate: bytes a second of all downloads of one browser together.
    """

    def __init__(self, rate: float) -> None:
        reading = max(rate, READING_RATE)
        self._downloads = DownloadLimiter(rate, max(_MIN_BURST, rate * _BURST_SECONDS))
        self._reading = DownloadLimiter(reading, max(_MIN_BURST, reading * _BURST_SECONDS))

    def bucket(self, client: str, *, download: bool) -> TokenBucket:
        """The share of a client: an address, or any other name that stands for one browser."""
        return (self._downloads if download else self._reading).bucket(client)


class DownloadLimiter:
    """A bucket for each client, the most recent `clients` of them.

    A client that is forgotten starts with a full bucket again: the bound costs fairness, never memory.

    Args:
        rate: bytes a second for one client.
        burst: bytes that one client may take at once.
        clients: how many buckets are kept.
    """

    def __init__(self, rate: float, burst: float, *, clients: int = 4096) -> None:
        self._rate, self._burst, self._clients = rate, burst, clients
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._lock = threading.Lock()

    def bucket(self, name: str) -> TokenBucket:
        """The bucket of the client of that address, or of that other name."""
        client = client_of(name)
        with self._lock:
            bucket = self._buckets.pop(client, None) or TokenBucket(self._rate, self._burst)
            self._buckets[client] = bucket
            while len(self._buckets) > self._clients:
                self._buckets.popitem(last=False)
            return bucket


def client_of(address: str) -> str:
    """What counts as one client: an address without its zone; IPv4 in IPv6 clothes counts as IPv4.

    Whole IPv6 addresses, not networks: all devices of a library's LAN share one network.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
