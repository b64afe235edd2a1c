"""Frames made and read by hand are those of the protocols, and strangers' bytes break nothing."""

from __future__ import annotations

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from image.smoke import frames
from image.smoke.wire import ADDRESS, GIVEN, Wire

HARDWARE = bytes.fromhex("525400000002")


def dhcp(kind, transaction=b"abcd"):
    head = (b"\1\1\6\0" + transaction + bytes(20) + HARDWARE).ljust(236, b"\0")
    return head + b"\x63\x82\x53\x63" + bytes((53, 1, kind, 12, 3)) + b"box" + b"\xff"


def test_checksums_are_right():
    packet = frames.tcp(ADDRESS, GIVEN, (40001, 80), frames.SYN)
    assert frames.checksum(packet[:20]) == 0
    segment = packet[20:]
    assert frames.checksum(ADDRESS + GIVEN + struct.pack(">BBH", 0, 6, len(segment)) + segment) == 0
    assert frames.checksum(bytes.fromhex("4500003c1c4640004006b1e6ac100a63ac100a0c")) == 0


def test_packets_come_back_as_they_went():
    found = frames.read_packet(frames.tcp(ADDRESS, GIVEN, (40001, 443), frames.SYN | frames.ACK))
    assert (found.protocol, found.sender_port, found.port, found.flags) == (6, 40001, 443, 0x12)
    found = frames.read_packet(frames.udp(GIVEN, ADDRESS, (5353, 5353), b"name") + b"filling")
    assert (found.protocol, found.port, found.content) == (17, 5353, b"name")


def test_client_is_offered_an_address_and_then_given_it():
    for asked, answered in ((1, 2), (3, 5)):
        answer = frames.dhcp_answer(dhcp(asked), ADDRESS, GIVEN)
        assert answer[:8] == b"\2\1\6\0abcd"
        assert socket.inet_ntoa(answer[16:20]) == "192.168.77.20"
        assert answer[28:34] == HARDWARE
        assert bytes((53, 1, answered)) in answer
    assert frames.dhcp_answer(dhcp(7), ADDRESS, GIVEN) is None


def test_ipv6_packets_come_back_and_neighbours_are_told():
    here, there = frames.link_local(bytes.fromhex("525400aabb01")), frames.link_local(HARDWARE)
    assert socket.inet_ntop(socket.AF_INET6, there) == "fe80::5054:ff:fe00:2"
    packet = frames.tcp(here, there, (40001, 22), frames.SYN)
    found = frames.read_packet(packet + b"filling")
    assert (found.sender, found.to, found.protocol, found.port, found.flags) == (here, there, 6, 22, frames.SYN)
    assert frames.checksum(here + there + struct.pack(">IHBB", 20, 0, 0, 6) + packet[40:]) == 0
    asks = frames.ipv6(there, here, frames.ICMP6, bytes((135, 0, 0, 0)) + bytes(4) + here + b"\1\1" + HARDWARE)
    assert frames.asked_neighbour(frames.read_packet(asks)) == here
    told = frames.neighbour(here, there, bytes(6))
    assert frames.checksum(here + there + struct.pack(">IHBB", 32, 0, 0, 58) + told[40:]) == 0
    assert frames.asked_neighbour(frames.read_packet(told)) is None


@given(st.binary(max_size=400))
def test_bytes_of_strangers_are_answered_or_left(data):
    frames.read_packet(data)
    frames.read_arp(data)
    frames.read_frame(data)
    frames.dhcp_answer(dhcp(1)[:240] + data, ADDRESS, GIVEN)


def test_neighbour_gives_an_address_and_finds_the_open_doors():
    """Against a box made of sixty lines: it asks for an address, answers on 80 and 443, refuses 22."""
    with Wire() as wire, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:
        box.bind(("127.0.0.1", wire.remote))
        box.settimeout(10)

        def send(kind, content):
            box.sendto(frames.frame(b"\xff" * 6, HARDWARE, kind, content), ("127.0.0.1", wire.local))

        for kind in (1, 3):
            send(frames.IPV4, frames.udp(bytes(4), b"\xff" * 4, (68, 67), dhcp(kind)))
            assert frames.read_packet(frames.read_frame(box.recv(2000)).content).port == 68
        wire.wait_lease(5)
        send(frames.ARP, frames.arp(1, (HARDWARE, GIVEN), (bytes(6), ADDRESS)))
        assert frames.read_arp(frames.read_frame(box.recv(2000)).content)[0] == 2

        import threading

        ended = threading.Event()

        def answer():
            while not ended.is_set():
                try:
                    found = frames.read_packet(frames.read_frame(box.recv(2000)).content)
                except TimeoutError:
                    continue
                flags = {80: 0x12, 443: 0x12, 22: frames.RST | frames.ACK}.get(found.port)
                if flags and (len(found.to) == 4 or found.port != 80):
                    kind = frames.IPV4 if len(found.to) == 4 else frames.IPV6
                    send(kind, frames.tcp(found.to, found.sender, (found.port, found.sender_port), flags))
                elif found.port == 80:  # nobody listens there by IPv6
                    answer = frames.tcp(found.to, found.sender, (80, found.sender_port), frames.RST | frames.ACK)
                    send(frames.IPV6, answer)

        box.settimeout(0.3)
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            assert wire.knock(range(1, 600)) == ({80, 443}, {22})
            assert wire.knock(range(1, 600), version=6) == ({443}, {80, 22})
        finally:
            ended.set()
            thread.join()
