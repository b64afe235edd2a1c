"""The other end of a box's network cable: a neighbour that hands out an address and knocks at every door.

QEMU sends each Ethernet frame as a datagram to a local port, so no bridge and no administrator is needed, and nothing
between the box and the one who knocks hides or adds an open port.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Self

from image.smoke import frames
from image.smoke.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterable

_OWN = bytes.fromhex("525400aabb01")
_EVERYONE = b"\xff" * 6
_MDNS_GROUP, _MDNS_HARDWARE = bytes((224, 0, 0, 251)), bytes.fromhex("01005e0000fb")
ADDRESS, GIVEN = bytes((192, 168, 77, 1)), bytes((192, 168, 77, 20))
_BATCH = 64
_KNOWN = 80
"""A port that the firewall lets through: it answers, whoever listens there."""


class Wire:
    """The neighbour. Use as a context.

    Attributes:
        local, remote: UDP ports; QEMU sends to `local` from `remote`.
        named: names that the box told by itself over mDNS, as bytes of its messages.
        heard: (protocol, sender's port, port) of all that came from the box without being asked.
    """

    def __init__(self) -> None:
        """Take two free ports."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.5)
        self.local = int(self._socket.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.remote = int(probe.getsockname()[1])
        self.hardware: bytes | None = None
        self._doors: dict[tuple[bytes, int], bool] = {}
        self.named: list[bytes] = []
        self.heard: set[tuple[int, int, int]] = set()
        self._leased = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    @property
    def ports(self) -> tuple[int, int]:
        """(QEMU's own, ours), as `box.Options.wire` wants them."""
        return self.remote, self.local

    def wait_lease(self, limit: float) -> None:
        """Wait until the box asked for an address and took it.

        Raises:
            CheckError: it never did.
        """
        if not self._leased.wait(limit):
            raise CheckError("the box asked for no address")

    def knock(self, ports: Iterable[int], *, version: int = 4) -> tuple[set[int], set[int]]:
        """(open, refused) of TCP ports; all others never answered.

        Every port is tried twice; a door known to answer is tried after every few others.

        Args:
            ports: which.
            version: of the Internet protocol, 4 or 6 (there at the address which a card gives itself).

        Raises:
            CheckError: answers of the known door were lost, so silence says nothing; or there was no lease yet.
        """
        if self.hardware is None:
            raise CheckError("the box has no address yet")
        here, there = (ADDRESS, GIVEN) if version == 4 else (frames.link_local(_OWN), frames.link_local(self.hardware))
        wanted = [port for port in ports if port != _KNOWN]
        known = (there, _KNOWN)
        asked = answered = 0
        for source in (40001, 40002):
            for first in range(0, len(wanted), _BATCH):
                for port in wanted[first : first + _BATCH]:
                    self._send_tcp(here, there, (source, port))
                self._doors.pop(known, None)
                self._send_tcp(here, there, (50_000 + asked % 10_000, _KNOWN))  # the same caller twice is made to wait
                asked += 1
                end = time.monotonic() + 2
                while known not in self._doors and time.monotonic() < end:
                    time.sleep(0.005)
                answered += known in self._doors
        time.sleep(2)
        if answered < asked * 0.95:
            raise CheckError(f"port {_KNOWN} answered {answered} of {asked} times")
        found = {port: opened for (address, port), opened in dict(self._doors).items() if address == there}
        return {port for port, opened in found.items() if opened}, {
            port for port, opened in found.items() if not opened
        }

    def ask_name(self, name: str, limit: float = 30) -> bool:
        """Whether the box answers to a name over mDNS."""
        end = time.monotonic() + limit
        label = name.split(".")[0].encode()
        while time.monotonic() < end:
            packet = frames.udp(ADDRESS, _MDNS_GROUP, (frames.MDNS, frames.MDNS), frames.mdns_question(name))
            self._send(_MDNS_HARDWARE, frames.IPV4, packet)
            time.sleep(2)
            if any(GIVEN in message and label in message for message in self.named):
                return True
        return False

    def _send_tcp(self, here: bytes, there: bytes, ports: tuple[int, int]) -> None:
        self._send(self.hardware or _EVERYONE, _kind(there), frames.tcp(here, there, ports, frames.SYN))

    def _hang_up(self, answer: frames.Packet) -> None:
        """Leave no half of a connection behind: the box would soon answer nobody."""
        bye = frames.tcp(answer.to, answer.sender, (answer.port, answer.sender_port), frames.RST, sequence=2)
        self._send(self.hardware or _EVERYONE, _kind(answer.sender), bye)

    def _send(self, to: bytes, kind: int, content: bytes) -> None:
        self._socket.sendto(frames.frame(to, _OWN, kind, content), ("127.0.0.1", self.remote))

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                data = self._socket.recv(65536)
            except OSError:
                continue
            found = frames.read_frame(data)
            if found is None or found.sender == _OWN:
                continue
            if found.kind == frames.ARP:
                self._answer_arp(found)
            elif found.kind in {frames.IPV4, frames.IPV6}:
                self._take(found)

    def _answer_arp(self, found: frames.Frame) -> None:
        asked = frames.read_arp(found.content)
        if asked and asked[0] == 1 and asked[3] == ADDRESS:
            answer = frames.arp(2, (_OWN, ADDRESS), (asked[1], asked[2]))
            self._send(found.sender, frames.ARP, answer)

    def _take(self, found: frames.Frame) -> None:
        packet = frames.read_packet(found.content)
        if packet is None:
            return
        if frames.asked_neighbour(packet) == frames.link_local(_OWN):
            answer = frames.neighbour(frames.link_local(_OWN), packet.sender, _OWN)
            self._send(found.sender, frames.IPV6, answer)
            return
        if packet.protocol == frames.UDP and packet.port == frames.DHCP_SERVER:
            self._lease(found.sender, packet.content)
        elif packet.protocol == frames.UDP and packet.port == frames.MDNS:
            self.named.append(packet.content)
        elif packet.protocol == frames.TCP and packet.to in {ADDRESS, frames.link_local(_OWN)}:
            if packet.flags & frames.RST:
                self._doors[packet.sender, packet.sender_port] = False
            elif packet.flags & frames.SYN and packet.flags & frames.ACK:
                self._doors[packet.sender, packet.sender_port] = True
                self._hang_up(packet)
            return
        self.heard.add((packet.protocol, packet.sender_port, packet.port))

    def _lease(self, hardware: bytes, request: bytes) -> None:
        answer = frames.dhcp_answer(request, ADDRESS, GIVEN)
        if answer is None:
            return
        ports = (frames.DHCP_SERVER, frames.DHCP_CLIENT)
        self._send(hardware, frames.IPV4, frames.udp(ADDRESS, GIVEN, ports, answer))
        if b"\x35\x01\x03" in request[240:]:
            self.hardware = hardware
            self._leased.set()


def _kind(address: bytes) -> int:
    return frames.IPV4 if len(address) == 4 else frames.IPV6
