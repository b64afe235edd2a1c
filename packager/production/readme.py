"""What a PC shows of a drive: README.txt in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packager.format.release import canonical_json
from packager.production.serials import spaced
from provisioning.words import LANGUAGES, Words

if TYPE_CHECKING:
    from packager.format.release import Release

README = "README.txt"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who stands behind a drive, as labels name them. support, phone: empty leaves room to write."""

    issuer: str = "国家图书馆"
    support: str = ""
    phone: str = ""

    @property
    def support_line(self) -> str:
        """Whom to call, with the number when there is one."""
        return f"{self.support}　{self.phone}".strip() or "＿" * 10


def info_document(release: Release, disk: int) -> bytes:
    """What tells a box that this partition is no drive but the papers of one (`packager.format.layout.INFO_NAME`)."""
    return canonical_json(
        {
            "bundle": release.bundle,
            "disk": disk,
            "edition": release.edition,
            "format": "shuxiang-info-1",
            "seq": release.seq,
        }
    )


def readme(release: Release, disk: int, sender: Sender, serial: str = "") -> bytes:
    """README.txt: UTF-8 with a byte order mark and CR LF, as the oldest Notepad wants it.

    Args:
        release: what is on the drive.
        disk: which drive of the set.
        sender: who made it.
        serial: the drive's number; empty on drives of a duplicating house, where only the label has it.
    """
    parts = []
    for language in LANGUAGES:
        words = Words.load(language)
        number = words.label("disk.readme_by_label")
        if serial:
            number = words.label("disk.readme_number", serial=spaced(serial))
        total = len(release.disks)
        of_set = words.label("disk.set", n=disk, total=total) if total > 1 else words.label("disk.set_one")
        parts.append(
            [
                words.label("disk.product"),
                "",
                words.label("disk.readme_1", issuer=sender.issuer),
                words.label("disk.readme_2"),
                words.label("disk.readme_3"),
                "",
                f"{words.bundle(release.bundle, release.name)}　{words.edition(release.edition)}　{of_set}",
                number,
                words.label("disk.support", support=sender.support_line),
                "",
                words.label("disk.readme_warning"),
            ]
        )
    lines = [*parts[0], "", "-" * 40, "", *parts[1], ""]
    return ("\ufeff" + "\r\n".join(lines)).encode()
