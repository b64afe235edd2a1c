"""The network file of systemd-networkd from a box file; addresses are parsed and written anew: nothing else gets in."""

from __future__ import annotations

import ipaddress

from provisioning.box_file import BoxFile

NAME = "10-shuxiang.network"
_HEAD = "# Made from the box file at every boot.\n[Match]\nName=en* eth*\n\n[Network]\n"


def network_text(box: BoxFile | None) -> str:
    """The file for the wired line: a fixed address where the box file gives one, else what the network gives.

    Raises:
        ValueError: an address is none.
    """
    if box is None or box.network.mode != "static":
        return f"{_HEAD}DHCP=yes\nLinkLocalAddressing=yes\n"
    network = box.network
    lines = [f"Address={ipaddress.ip_interface(network.address)}"]
    if network.gateway:
        lines.append(f"Gateway={ipaddress.ip_address(network.gateway)}")
    lines += [f"DNS={ipaddress.ip_address(server)}" for server in network.dns]
    return _HEAD + "\n".join(lines) + "\nLinkLocalAddressing=yes\n"
