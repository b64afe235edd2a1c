"""Telling systemd how the service is: one datagram a time, as sd_notify(3) says; nothing where nobody listens."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

_log = logging.getLogger(__name__)

_MICROSECONDS = 1_000_000
MAX_STATUS = 400
"""Characters of `STATUS=`: one sentence."""


class Notifier:
    """The service's side of `Type=notify`. Safe in any thread; it never raises."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Take the address and the patience of whoever started us.

        Args:
            environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID` of it are used.
        """
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._status = ""
        meant = environment.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        micro = environment.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(micro) / _MICROSECONDS if meant and micro.isdecimal() else 0.0
        """So long the system waits for a sign of life before it starts us again; 0: it does not wait for any."""

    def ready(self) -> None:
        """Readers are served; also at the end of `reloading`."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The processes are being replaced; `ready` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The service ends of its own will."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """A sign of life, for the watchdog."""
        self._tell("WATCHDOG=1")

    def takes_longer(self, seconds: float) -> None:
        """A start or a stop may take `seconds` more from now on."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}")

    def status(self, sentence: str) -> None:
        """What `systemctl status` shows; only when it is another than before."""
        line = " ".join(sentence.split())[:MAX_STATUS]
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(1.0)
                out.sendto(words.encode(), self._address)
        except OSError as error:
            _log.warning("the system cannot be told %r: %s", words.partition("\n")[0], error)
