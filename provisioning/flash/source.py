"""The bytes that go onto a disk: an image file, over one stretch of which another file may lie.

The other file is a copy of the boot partition with the library's box file in it. So the box file goes through the
same write and the same comparison as all the rest, and the image itself stays as it was shipped.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Self

from provisioning.disks.gpt import SECTOR
from provisioning.disks.medium import BLOCK, aligned_buffer
from provisioning.flash.errors import FlashError

if TYPE_CHECKING:
    from pathlib import Path

_LISTED = re.compile(r"(?:SHA256 \(.*\) = )?([0-9a-f]{64})(?: [ *].*)?\s*\Z")
_MAX_LIST = 1 << 20


class Source:
    """What will stand on the disk, read at any place."""

    def __init__(self, image: Path) -> None:
        """Open an image.

        Raises:
            FlashError: it is none: not there, empty, or not of whole sectors.
        """
        try:
            self._image = os.open(image, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise FlashError("desk.flash.no_image", f"{image}: {error.strerror}") from error
        self.path = image
        self.size = os.fstat(self._image).st_size
        if not self.size or self.size % SECTOR:
            self.close()
            raise FlashError("desk.flash.no_image", f"{image} has {self.size} bytes, which is no disk")
        self._over, self._over_at, self._over_size = -1, 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        for handle in (self._image, getattr(self, "_over", -1)):
            if handle >= 0:
                os.close(handle)

    def lay_over(self, path: Path, at: int) -> None:
        """From now on the bytes from `at` are those of the file at `path`, as many as it has."""
        self._over = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._over_at, self._over_size = at, os.fstat(self._over).st_size

    def read(self, at: int, block: memoryview) -> None:
        """Fill `block`.

        Raises:
            FlashError: the image ends before, because it changed.
        """
        _fill(self._image, block, at)
        first, last = max(at, self._over_at), min(at + len(block), self._over_at + self._over_size)
        if first < last:
            _fill(self._over, block[first - at : last - at], first - self._over_at)

    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal."""
        digest, buffer = hashlib.sha256(), aligned_buffer()
        for at in range(0, self.size, BLOCK):
            block = buffer[: min(BLOCK, self.size - at)]
            self.read(at, block)
            digest.update(block)
        return digest.hexdigest()


def expected_digest(image: Path) -> str | None:
    """The digest that came with an image; None when none did.

    It stands in `<image>.sha256`, as sha256sum writes it, or in `manifest.json`, as the builder of images does.

    Raises:
        FlashError: there is such a file, and it says nothing of this image.
    """
    path = image.with_name(image.name + ".sha256")
    if path.exists():
        listed = _LISTED.match(_short_text(path))
        if listed is None:
            raise FlashError("desk.flash.damaged", f"{path} holds no SHA-256")
        return listed[1]
    path = image.with_name("manifest.json")
    if not path.exists():
        return None
    try:
        said = json.loads(_short_text(path))["image"]
        digest = str(said["sha256"])
        named = said["path"] == image.name and _LISTED.match(digest)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FlashError("desk.flash.damaged", f"{path} cannot be used: {error}") from error
    if not named:
        raise FlashError("desk.flash.damaged", f"{path} says nothing of {image.name}")
    return digest


def _short_text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_LIST).decode("utf-8", "replace")


def check_digest(source: Source, wanted: str) -> None:
    """Read the image once before any disk is touched.

    Raises:
        FlashError: it is another image, or damaged.
    """
    found = source.digest()
    if found != wanted.casefold():
        raise FlashError("desk.flash.damaged", f"{source.path} has SHA-256 {found}, not {wanted}")


def _fill(handle: int, block: memoryview, at: int) -> None:
    if os.preadv(handle, [block], at) != len(block):
        raise FlashError("desk.flash.damaged", f"the image ended at byte {at}; it was changed meanwhile")
