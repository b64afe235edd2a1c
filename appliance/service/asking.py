"""Asking the box how it is, as whoever is on its own machine asks: one small request for `/health`.

By hand over a socket: the box's parent asks every few seconds and is to stay small.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass

from appliance.settings import Settings

MAX_ANSWER = 256 << 10
_ANY = {"::": "::1", "": "::1", "*": "::1", "0.0.0.0": "127.0.0.1"}  # noqa: S104
SYMBOLS = {"normal": "●", "working": "◔", "attention": "▲"}


@dataclass(frozen=True, slots=True)
class Health:
    """What anybody may know of the box.

    Attributes:
        light: normal, working or attention. sentence: what it says, in Chinese.
        also: what else there is to say, the most pressing first.
        edition: of the content, such as 2026.11; empty: there is none.
    """

    light: str
    sentence: str
    also: tuple[str, ...] = ()
    edition: str = ""

    @property
    def line(self) -> str:
        """Light and sentence in one line."""
        return f"{SYMBOLS.get(self.light, '▲')} {self.sentence}"


def ask(settings: Settings, *, port: int = 0, seconds: float = 3.0) -> Health | None:
    """How the box is; None when it does not answer so.

    Args:
        settings: of the box; they say where it listens.
        port: where it really listens, when the settings leave that to the system.
        seconds: for all of it.
    """
    host = _ANY.get(settings.listen_host, settings.listen_host)
    for place in dict.fromkeys((host, "127.0.0.1") if host == "::1" else (host,)):
        try:
            return _health(_answer(place, port or settings.listen_port, seconds))
        except (TimeoutError, ValueError, RecursionError):
            return None
        except OSError:
            continue
    return None


def _answer(host: str, port: int, seconds: float) -> bytes:
    until = time.monotonic() + seconds
    with socket.create_connection((host, port), timeout=seconds) as link:
        link.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        found = bytearray()
        while len(found) <= MAX_ANSWER:
            link.settimeout(max(0.01, until - time.monotonic()))
            block = link.recv(1 << 16)
            if not block:
                break
            found += block
    head, _, body = bytes(found).partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].split(b" ")
    if status[1:2] != [b"200"]:
        raise ValueError(f"answered {head[:40]!r}")
    return body


def _health(body: bytes) -> Health:
    found = json.loads(body)
    if not isinstance(found, dict) or found.get("ok") is not True:
        raise ValueError("not the box")
    texts = {name: str(found.get(name, "")) for name in ("light", "sentence", "edition")}
    also = found.get("also", [])
    return Health(**texts, also=tuple(map(str, also)) if isinstance(also, list) else ())
