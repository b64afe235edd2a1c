"""What the screen shows now: the box's own answer to `/health`, and what the machine itself knows of its network."""

from __future__ import annotations

import array
import datetime as dt
import fcntl
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.words import CHINESE, Words

if TYPE_CHECKING:
    from appliance.service.asking import Health
    from appliance.settings import Settings

NETWORK = Path("/sys/class/net")
STARTING_SECONDS = 300.0
"""So long after the screen's own start, or after the last answer, a box that does not answer is starting."""
_SIOCGIFCONF = 0x8912
_INTERFACE = 40
_MOST_INTERFACES = 32


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the screen; two that are equal look the same.

    Attributes:
        light: normal, working or attention. word: its name. sentence: what it says.
        more: how many other things there are to say, in words; empty when there are none.
        library: name on the door. hours: when it is open; may be empty.
        updated: the month of the content, in words; may be empty.
        hint: what to do with the address. address: what patrons type. code: what the QR code holds.
        numbers: the address in numbers, in words, for phones that do not know the name; may be empty.
        day, time: of the clock on the wall.
    """

    light: str
    word: str
    sentence: str
    library: str
    hint: str
    address: str
    code: str
    more: str = ""
    hours: str = ""
    updated: str = ""
    numbers: str = ""
    day: str = ""
    time: str = ""


def view_of(
    settings: Settings, health: Health | None, now: dt.datetime, *, silent: float, linked: bool, number: str
) -> View:
    """What to show.

    Args:
        settings: of the box.
        health: its answer; None: it does not answer.
        now: wall time at the library.
        silent: seconds since it answered last, or since the screen began.
        linked: whether a cable of the library's network is plugged in.
        number: the box's own address in numbers; empty when it has none.
    """
    words = Words.load(CHINESE)
    light, sentence = _said(health, words, silent=silent, linked=linked)
    also = len(health.also) if health is not None else 0
    return View(
        light=light,
        word=words.label(f"light.{light}"),
        sentence=sentence,
        more=words.sentence("home.more", count=also).text if also else "",
        library=settings.library_name,
        hours=settings.opening_hours,
        updated=_updated(health, words),
        hint=words.template("screen.address").text.partition("{address}")[0].strip(),
        address=settings.address,
        code=f"http://{settings.address}/",
        numbers=words.label("screen.numbers", address=number) if number and number != settings.address else "",
        day=words.day(now.date()),
        time=f"{now:%H:%M}",
    )


def _said(health: Health | None, words: Words, *, silent: float, linked: bool) -> tuple[str, str]:
    if health is not None and (linked or health.light == "working"):
        return health.light, health.sentence
    if health is not None:
        said = words.sentence("screen.no_lan")
    elif silent < STARTING_SECONDS:
        said = words.sentence("home.starting", minutes=1)
    else:
        said = words.sentence("screen.no_answer")
    return said.light, said.text


def _updated(health: Health | None, words: Words) -> str:
    try:
        year, month = map(int, (health.edition if health is not None else "").split("."))
        return words.label("home.updated", month=words.month(dt.date(year, month, 1)))
    except ValueError:
        return ""


def is_linked(network: Path = NETWORK) -> bool:
    """Whether any cable of this machine is plugged in; True where that cannot be known."""
    try:
        every = [path for path in network.iterdir() if path.name != "lo"]
    except OSError:
        return True
    real = [path for path in every if (path / "device").exists()] or every
    return not real or any(_carrier(path) for path in real)


def _carrier(interface: Path) -> bool:
    try:
        return (interface / "carrier").read_text().strip() == "1"
    except OSError:  # it is not even switched on
        return False


def own_number() -> str:
    """An IPv4 address of this machine that others can reach; empty when there is none."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            names = array.array("B", bytes(_INTERFACE * _MOST_INTERFACES))
            wanted = struct.pack("iL", len(names), names.buffer_info()[0])
            (size,) = struct.unpack_from("i", fcntl.ioctl(asked, _SIOCGIFCONF, wanted))
    except OSError:
        return ""
    raw = names.tobytes()[:size]
    found = [socket.inet_ntoa(raw[at + 20 : at + 24]) for at in range(0, size - _INTERFACE + 1, _INTERFACE)]
    return next((number for number in found if not number.startswith(("127.", "169.254."))), "")
