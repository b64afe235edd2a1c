"""The certificate of a drive: what was written to it, that it was read back, by whom made, on which day.

Plain canonical JSON, not signed: what is on the drive is proved by the release's signatures, and nobody should believe
more because of this paper.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packager.format.release import canonical_json
from packager.production.serials import spaced

if TYPE_CHECKING:
    from packager.production.cloning import Cloned
    from packager.production.facts import ImageFacts
    from packager.production.readme import Sender

CERTIFICATE, SEGMENTS, SERIAL = "certificate.json", "segments.txt", "serial.txt"


@dataclass(frozen=True, slots=True)
class DriveFacts:
    """A drive that was written.

    Attributes:
        serial: its number. model, hardware: of the disk, empty for a file. size: bytes of the disk.
        date: ISO day of writing. person: who wrote it, empty when nobody said so.
    """

    serial: str
    model: str
    hardware: str
    size: int
    date: str
    person: str = ""


def certificate(facts: ImageFacts, drive: DriveFacts, cloned: Cloned, sender: Sender) -> bytes:
    """The certificate's bytes. `segments_sha256` is the digest of segments.txt beside it."""
    release = facts.release
    return canonical_json(
        {
            "bundle": release.bundle,
            "build_number": release.number,
            "count": release.count,
            "date": drive.date,
            "disk": facts.disk.n,
            "disks": len(release.disks),
            "edition": release.edition,
            "format": "shuxiang-certificate-1",
            "hardware": {"model": drive.model, "serial": drive.hardware, "size": drive.size},
            "image_sha256": facts.sha256,
            "issuer": sender.issuer,
            "person": drive.person,
            "read_back": "all segments compared",
            "rewritten": cloned.rewritten,
            "segments_sha256": hashlib.sha256(facts.segment_list()).hexdigest(),
            "seq": release.seq,
            "serial": drive.serial,
            "tagmanifest_sha256": facts.disk.tagmanifest,
            "used_bytes": facts.used,
        }
    )


def serial_text(serial: str) -> bytes:
    """What stands in serial.txt."""
    return f"{spaced(serial)}\r\n".encode("ascii")
