"""What a box can know of its line: whether there is one at all, and whether it is paid for by its traffic.

NetworkManager is asked by the property that it documents (`Metered`: 1 yes, 2 no, 3 and 4 guesses of the same), with an
end to the asking; where it is not there, or does not know, the line is not metered.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)

ASK_SECONDS = 3.0
BUS = "org.freedesktop.NetworkManager"
BUSCTL = ("busctl", "--system", "get-property", BUS, "/org/freedesktop/NetworkManager", BUS, "Metered")
NMCLI = ("nmcli", "-t", "-f", "GENERAL.METERED", "device", "show")
_YES = frozenset({1, 3})
_ROUTES = (Path("/proc/net/route"), Path("/proc/net/ipv6_route"))
_MAX = 1 << 20
_UP = 0x1

Ask = Callable[[tuple[str, ...]], str]
"""What a command prints; empty when it is not there, fails or takes too long."""


def is_metered(setting: str, ask: Ask | None = None) -> bool:
    """Whether the line is paid for by its traffic.

    Args:
        setting: `yes`, `no`, or `auto`: what NetworkManager says.
        ask: runs a command.
    """
    if setting != "auto":
        return setting == "yes"
    run = ask or asked
    kind, _, value = run(BUSCTL).strip().partition(" ")
    if kind == "u" and value.isdecimal():
        return int(value) in _YES
    lines = (line.partition(":")[2].strip().lower() for line in run(NMCLI).splitlines())
    return any(value == "yes" or value.startswith("yes ") for value in lines)


def asked(command: tuple[str, ...]) -> str:
    """Run a command that answers at once or not at all."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=ASK_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.debug("%s: %s", command[0], error)
        return ""
    return done.stdout[:_MAX].decode("utf-8", "replace") if done.returncode == 0 else ""


def has_line(routes: tuple[Path, ...] = _ROUTES) -> bool:
    """Whether any route leads out of the library; True where that cannot be known."""
    known = False
    for path in routes:
        try:
            with path.open("rb") as file:
                lines = file.read(_MAX).decode("ascii", "replace").splitlines()
        except OSError:
            continue
        known = True
        if any(_leads_out(line.split()) for line in lines):
            return True
    return not known


def _leads_out(fields: list[str]) -> bool:
    """Whether a line of a table of routes is a default route that is up, on a device other than the loop."""
    try:
        if len(fields) >= 11:  # IPv4: device, destination, gateway, flags, …, mask, …
            return fields[1] == fields[7] == "00000000" and bool(int(fields[3], 16) & _UP) and fields[0] != "lo"
        if len(fields) == 10:  # IPv6: destination, its length, …, flags, device
            none = set(fields[0]) == {"0"} and fields[1] == "00"
            return none and bool(int(fields[8], 16) & _UP) and fields[9] != "lo"
    except ValueError:
        return False
    return False
