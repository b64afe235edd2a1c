"""Where the root steps of a box read and write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and files of a box.

    Attributes:
        run: what is made at every boot, and the inbox. state: what root keeps over boots. efi: box files on the boot
            partition. trust: what the image trusts. networkd: the folder of the network file. data: the service's own
            state. media: where drives are mounted. system: which system this is.
    """

    run: Path = Path("/run/shuxiang")
    state: Path = Path("/var/lib/shuxiang-box")
    efi: Path = Path("/efi/shuxiang")
    trust: Path = Path("/usr/share/shuxiang/trust")
    networkd: Path = Path("/run/systemd/network")
    data: Path = Path("/var/lib/shuxiang")
    media: Path = Path("/run/media/shuxiang")
    system: Path = Path("/usr/share/shuxiang/system.json")

    @property
    def inbox(self) -> Path:
        """Copies of what sticks brought."""
        return self.run / "inbox"
