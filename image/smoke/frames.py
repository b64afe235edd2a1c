"""Ethernet frames by hand: ARP, IPv4, IPv6, TCP, UDP, ICMP and DHCP, as little of each as a scan of a box needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
SYN, ACK, RST = 0x02, 0x10, 0x04
DHCP_SERVER, DHCP_CLIENT, MDNS = 67, 68, 5353
_COOKIE = b"\x63\x82\x53\x63"
_SOLICITATION, _ADVERTISEMENT = 135, 136
_DISCOVER, _OFFER, _REQUEST, _GIVEN = 1, 2, 3, 5


@dataclass(frozen=True, slots=True)
class Frame:
    """An Ethernet frame. to, sender: six bytes each; kind: of what is in it."""

    to: bytes
    sender: bytes
    kind: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet, IPv4 or IPv6. protocol: TCP, UDP or ICMP; ports are 0 where there are none; flags: of TCP."""

    sender: bytes
    to: bytes
    protocol: int
    sender_port: int
    port: int
    flags: int
    content: bytes


def read_frame(data: bytes) -> Frame | None:
    """The frame in `data`; None when it is too short for one."""
    if len(data) < 14:
        return None
    return Frame(data[:6], data[6:12], int.from_bytes(data[12:14], "big"), data[14:])


def frame(to: bytes, sender: bytes, kind: int, content: bytes) -> bytes:
    """A frame's bytes, filled up to the shortest that there are."""
    return (to + sender + struct.pack(">H", kind) + content).ljust(60, b"\0")


def read_packet(data: bytes) -> Packet | None:
    """The packet in an IPv4 or IPv6 frame; None for what is none, or broken. Of IPv6 no further headers are read."""
    if len(data) >= 40 and data[0] >> 4 == 6:
        end = 40 + int.from_bytes(data[4:6], "big")
        return None if end > len(data) else _content(data[6], data[8:24], data[24:40], data[40:end])
    if len(data) < 20 or data[0] >> 4 != 4:
        return None
    header, total = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    if header < 20 or not header <= total <= len(data):
        return None
    return _content(data[9], data[12:16], data[16:20], data[header:total])


def _content(protocol: int, sender: bytes, to: bytes, rest: bytes) -> Packet | None:
    if protocol == TCP and len(rest) >= 20:
        first, second = struct.unpack(">HH", rest[:4])
        return Packet(sender, to, TCP, first, second, rest[13], rest[(rest[12] >> 4) * 4 :])
    if protocol == UDP and len(rest) >= 8:
        first, second = struct.unpack(">HH", rest[:4])
        return Packet(sender, to, UDP, first, second, 0, rest[8:])
    if protocol in {TCP, UDP}:
        return None
    return Packet(sender, to, protocol, 0, 0, 0, rest)


def ipv4(sender: bytes, to: bytes, protocol: int, content: bytes) -> bytes:
    """An IPv4 packet's bytes."""
    bare = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(content), 0, 0, 255, protocol, 0, sender, to)
    return bare[:10] + struct.pack(">H", checksum(bare)) + bare[12:] + content


def ipv6(sender: bytes, to: bytes, protocol: int, content: bytes) -> bytes:
    """An IPv6 packet's bytes."""
    return struct.pack(">IHBB16s16s", 6 << 28, len(content), protocol, 255, sender, to) + content


def tcp(sender: bytes, to: bytes, ports: tuple[int, int], flags: int, sequence: int = 1) -> bytes:
    """A TCP segment without content in its packet, IPv4 or IPv6 by the length of the addresses."""
    bare = struct.pack(">HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 1024, 0, 0)
    pseudo = sender + to + struct.pack(">BBH", 0, TCP, len(bare))  # the same sum in both, whatever the fields' widths
    wrap = ipv4 if len(sender) == 4 else ipv6
    return wrap(sender, to, TCP, bare[:16] + struct.pack(">H", checksum(pseudo + bare)) + bare[18:])


def link_local(hardware: bytes) -> bytes:
    """The IPv6 address that a card gives itself (RFC 4291, appendix A)."""
    return (
        b"\xfe\x80" + bytes(6) + bytes((hardware[0] ^ 2,)) + hardware[1:3] + b"\xff\xfe" + hardware[3:]
    )  # fmt: skip


def asked_neighbour(packet: Packet) -> bytes | None:
    """The IPv6 address whose hardware address is asked for (RFC 4861); None for other messages."""
    if packet.protocol != ICMP6 or len(packet.content) < 24 or packet.content[0] != _SOLICITATION:
        return None
    return packet.content[8:24]


def neighbour(sender: bytes, to: bytes, hardware: bytes) -> bytes:
    """The answer: `sender` has this hardware address."""
    body = struct.pack(">BBHI16sBB6s", _ADVERTISEMENT, 0, 0, 0x60000000, sender, 2, 1, hardware)
    pseudo = sender + to + struct.pack(">IHBB", len(body), 0, 0, ICMP6)
    return ipv6(sender, to, ICMP6, body[:2] + struct.pack(">H", checksum(pseudo + body)) + body[4:])


def udp(sender: bytes, to: bytes, ports: tuple[int, int], content: bytes) -> bytes:
    """A UDP datagram in its packet; its checksum is left out, as IPv4 allows."""
    return ipv4(sender, to, UDP, struct.pack(">HHHH", *ports, 8 + len(content), 0) + content)


def checksum(data: bytes) -> int:
    """The Internet checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def arp(operation: int, sender: tuple[bytes, bytes], to: tuple[bytes, bytes]) -> bytes:
    """ARP: operation 1 asks, 2 answers; pairs of hardware and IPv4 address."""
    return struct.pack(">HHBBH", 1, IPV4, 6, 4, operation) + b"".join(sender) + b"".join(to)


def read_arp(data: bytes) -> tuple[int, bytes, bytes, bytes] | None:
    """(operation, sender's hardware address, sender's address, address asked for)."""
    if len(data) < 28 or data[:6] != struct.pack(">HHBB", 1, IPV4, 6, 4):
        return None
    return int.from_bytes(data[6:8], "big"), data[8:14], data[14:18], data[24:28]


def dhcp_answer(request: bytes, server: bytes, given: bytes) -> bytes | None:
    """What a DHCP server says to a client: one address, no gateway, no names. None for other messages."""
    if len(request) < 240 or request[:1] != b"\1" or request[236:240] != _COOKIE:
        return None
    kind = _dhcp_options(request[240:]).get(53, b"\0")[0]
    if kind not in {_DISCOVER, _REQUEST}:
        return None
    answer = _OFFER if kind == _DISCOVER else _GIVEN
    options = (
        bytes((53, 1, answer, 54, 4)) + server + bytes((51, 4)) + (86400).to_bytes(4, "big")
        + bytes((1, 4, 255, 255, 255, 0, 255))
    )  # fmt: skip
    head = b"\2\1\6\0" + request[4:8] + bytes(4) + bytes(4) + given + server + bytes(4) + request[28:44]
    return head.ljust(236, b"\0") + _COOKIE + options


def _dhcp_options(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 1 < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1]
        found[data[at]] = data[at + 2 : at + 2 + length]
        at += 2 + length
    return {code: value for code, value in found.items() if value}


def mdns_question(name: str) -> bytes:
    """A question for the IPv4 address of a name on the local network."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 0, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
