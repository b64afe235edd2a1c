"""bagit.txt and bag-info.txt: the two small texts of a bag, each in exactly one form (docs/format.md, "The bag")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packager.format.errors import FormatError, TooLargeError
from packager.format.release import MAX_BYTES, MAX_DISKS, MAX_SEQ, is_date

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""All of bagit.txt."""

MAX_BAG_TEXT = 64 << 10
"""Most bytes that are read of bagit.txt and of bag-info.txt."""

_NAME = "bag-info.txt"
_FORM = re.compile(
    rb"Bag-Count: ([1-9][0-9]{0,2}) of ([1-9][0-9]{0,2})\n"
    rb"Bag-Group-Identifier: ([a-z][a-z0-9-]{0,31})-([1-9][0-9]{0,9})\n"
    rb"Bagging-Date: ([0-9]{4}-[0-9]{2}-[0-9]{2})\n"
    rb"Payload-Oxum: (0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,7})\n"
)


@dataclass(frozen=True, slots=True)
class BagInfo:
    """What bag-info.txt says of its drive.

    Attributes:
        disk: number of this drive in its set, from 1. disks: drives in the set.
        bundle, seq, issued: of the release.
        size: bytes of the payload on this drive. files: how many.
    """

    disk: int
    disks: int
    bundle: str
    seq: int
    issued: str
    size: int
    files: int

    def to_bytes(self) -> bytes:
        """The text."""
        return (
            f"Bag-Count: {self.disk} of {self.disks}\nBag-Group-Identifier: {self.bundle}-{self.seq}\n"
            f"Bagging-Date: {self.issued}\nPayload-Oxum: {self.size}.{self.files}\n"
        ).encode("ascii")

    @classmethod
    def from_bytes(cls, content: bytes) -> BagInfo:
        """Read what `to_bytes` wrote.

        Raises:
            TooLargeError: longer than `MAX_BAG_TEXT`.
            FormatError: it is something else.
        """
        if len(content) > MAX_BAG_TEXT:
            raise TooLargeError("is too large", path=_NAME, expected=f"at most {MAX_BAG_TEXT} bytes")
        match = _FORM.fullmatch(content)
        if match is None:
            raise FormatError("is not the four lines that it must be", path=_NAME, found=repr(content[:120]))
        disk, disks, bundle, seq, issued, size, files = (part.decode("ascii") for part in match.groups())
        info = cls(int(disk), int(disks), bundle, int(seq), issued, int(size), int(files))
        if info.disk > info.disks or info.disks > MAX_DISKS or info.seq > MAX_SEQ or info.size > MAX_BYTES:
            raise FormatError("holds a number that is out of bounds", path=_NAME)
        if not is_date(issued):
            raise FormatError("holds a date that there is not", path=_NAME, found=issued)
        return info
