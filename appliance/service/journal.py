"""Speaking into the system's journal: the diary's sentences as entries of their own, faults with their priority.

`journalctl -u shuxiang -o cat` then reads as what happened, in Chinese. Where there is no journal, the sentences are
lines of the ordinary log.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

_log = logging.getLogger(__name__)

SOCKET = Path("/run/systemd/journal/socket")
_PRIORITIES = {"attention": 4, "working": 5, "normal": 5}
"""Of lights: warning, notice."""
_LEVELS = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


def hears(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether what this process writes goes to the journal, as systemd.exec(5) says it is found out."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    for number in (1, 2):
        try:
            facts = os.fstat(number)
        except OSError:
            continue
        if (device, inode) == (str(facts.st_dev), str(facts.st_ino)):
            return True
    return False


def plain(text: str) -> str:
    """One line without signs that a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class Voice:
    """Says sentences. Safe in any thread; it never raises."""

    def __init__(self, *, heard: bool, address: Path = SOCKET) -> None:
        """heard: whether there is a journal. address: its socket."""
        self._heard, self._address = heard, address

    def say(self, text: str, key: str, light: str) -> None:
        """One sentence: MESSAGE, PRIORITY, SHUXIANG_KEY and SHUXIANG_LIGHT of an entry."""
        text, priority = plain(text), _PRIORITIES.get(light, 5)
        if not self._heard:
            _log.info("%s", text)
            return
        members = {
            "MESSAGE": text,
            "PRIORITY": str(priority),
            "SYSLOG_IDENTIFIER": "shuxiang",
            "SHUXIANG_KEY": plain(key),
            "SHUXIANG_LIGHT": plain(light),
        }
        entry = "".join(f"{name}={value}\n" for name, value in members.items()).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(1.0)
                out.sendto(entry, str(self._address))
        except OSError:
            sys.stderr.write(f"<{priority}>{text}\n")


def set_up_logging(level: str, who: str = "") -> None:
    """The log of a process: with times on a terminal, with priorities in the journal.

    In the journal lines of level INFO are left out, unless `level` is DEBUG: the diary says the same in words.

    Args:
        level: `Settings.log_level`.
        who: stands before the level; empty for the serving process and the parent.
    """
    if not hears():
        name = f"{who} " if who else ""
        logging.basicConfig(level=level, format=f"%(asctime)s {name}%(levelname)s %(name)s: %(message)s")
        return
    handler = logging.StreamHandler()
    handler.setFormatter(_Prioritised(f"{who} %(name)s: %(message)s".strip()))
    quiet = level if level == "DEBUG" else max(logging.getLevelName(level), logging.WARNING)
    logging.basicConfig(level=quiet, handlers=[handler])


class _Prioritised(logging.Formatter):
    """Every line of a record begins with its priority: each is an entry of its own."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _LEVELS if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())
