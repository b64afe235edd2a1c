"""The Linux framebuffer: how large it is, how its pixels are laid out, and putting a picture there.

What the driver itself says (`FBIOGET_VSCREENINFO`) comes first; where it says nothing, what stands below
/sys/class/graphics, with the layout that nearly all drivers have.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

GRAPHICS = Path("/sys/class/graphics")
MOST_SIDE = 16384
LEAST_WIDTH, LEAST_HEIGHT = 320, 200
_VSCREENINFO, _FSCREENINFO = 0x4600, 0x4602
_FIX = struct.Struct("@16sLIIIIHHHI")
_LAYOUTS = {
    (32, 16, 8, 0): "BGRX",
    (32, 0, 8, 16): "RGBX",
    (32, 8, 16, 24): "XRGB",
    (32, 24, 16, 8): "XBGR",
    (24, 16, 8, 0): "BGR",
    (24, 0, 8, 16): "RGB",
    (16, 11, 5, 0): "565",
    (16, 0, 5, 11): "565 turned",
    (16, 10, 5, 0): "555",
}
"""Bits of a pixel and the places of red, green and blue in it → the order of bytes in memory."""
_USUAL = {32: "BGRX", 24: "BGR", 16: "565"}


@dataclass(frozen=True, slots=True)
class Geometry:
    """A framebuffer.

    Attributes:
        width, height: pixels. stride: bytes from one row to the next. bits: of a pixel.
        layout: order of bytes, see `_LAYOUTS`. start: byte at which the picture that is shown begins.
    """

    width: int
    height: int
    stride: int
    bits: int
    layout: str
    start: int = 0

    @property
    def row(self) -> int:
        """Bytes of the pixels of one row."""
        return self.width * self.bits // 8

    def checked(self) -> Geometry:
        """Itself.

        Raises:
            OSError: nobody can draw there.
        """
        sides = LEAST_WIDTH <= self.width <= MOST_SIDE and LEAST_HEIGHT <= self.height <= MOST_SIDE
        if not sides or self.bits not in _USUAL or self.stride < self.row or self.start < 0:
            raise OSError(f"not a screen to draw on: {self}")
        return self


class Framebuffer:
    """One framebuffer; opened and closed again with every picture, since drivers come and go."""

    def __init__(self, device: Path, graphics: Path = GRAPHICS) -> None:
        """Name it: /dev/fb0."""
        self._device, self._facts = device, graphics / device.name

    def geometry(self) -> Geometry:
        """How large it is now.

        Raises:
            OSError: it is not there, or nobody can draw on it.
        """
        descriptor = os.open(self._device, os.O_RDWR | os.O_CLOEXEC)
        try:
            return self._geometry(descriptor)
        finally:
            os.close(descriptor)

    def show(self, image: Image.Image) -> None:
        """Put a picture of just its size there.

        Raises:
            OSError: it is not there any more, or has another size now.
        """
        descriptor = os.open(self._device, os.O_RDWR | os.O_CLOEXEC)
        try:
            there = self._geometry(descriptor)
            if image.size != (there.width, there.height):
                raise OSError(f"the screen is {there.width} by {there.height} now")
            length = there.start + there.stride * there.height
            with mmap.mmap(descriptor, length) as memory:
                for y, row in enumerate(rows_of(image, there)):
                    at = there.start + y * there.stride
                    memory[at : at + there.row] = row
        except ValueError as error:  # the driver gives less memory than it says
            raise OSError(str(error)) from error
        finally:
            os.close(descriptor)

    def _geometry(self, descriptor: int) -> Geometry:
        try:
            return _asked(descriptor).checked()
        except OSError:
            return self._read().checked()

    def _read(self) -> Geometry:
        try:
            width, height = (int(word) for word in (self._facts / "virtual_size").read_text().split(","))
            bits, stride = (int((self._facts / name).read_text()) for name in ("bits_per_pixel", "stride"))
        except ValueError as error:
            raise OSError(f"{self._facts.name} is not understood: {error}") from error
        return Geometry(width, height, stride, bits, _USUAL.get(bits, ""))


def _asked(descriptor: int) -> Geometry:
    """What the driver says.

    Raises:
        OSError: it is no framebuffer, or its pixels are laid out in a way that we do not know.
    """
    seen = fcntl.ioctl(descriptor, _VSCREENINFO, bytes(160))
    width, height, _, _, left, above, bits, grey = struct.unpack_from("8I", seen)
    red, green, blue = (struct.unpack_from("3I", seen, 32 + 12 * n)[0] for n in range(3))
    stride = _FIX.unpack_from(fcntl.ioctl(descriptor, _FSCREENINFO, bytes(80)))[9]
    layout = _LAYOUTS.get((bits, red, green, blue), "")
    if grey or not layout:
        raise OSError(f"pixels of {bits} bits with red, green, blue at {red}, {green}, {blue}")
    return Geometry(width, height, stride, bits, layout, above * stride + left * bits // 8)


def rows_of(image: Image.Image, there: Geometry) -> list[memoryview]:
    """The rows of a picture as bytes of a framebuffer."""
    plain = image.convert("RGB")
    content = _sixteen(plain, there.layout) if there.bits == 16 else plain.tobytes("raw", there.layout)
    view = memoryview(content)
    return [view[at : at + there.row] for at in range(0, len(view), there.row)]


def _sixteen(image: Image.Image, layout: str) -> bytes:
    import numpy as np

    red, green, blue = (plane.astype(np.uint16) for plane in np.moveaxis(np.asarray(image), 2, 0))
    if layout == "565 turned":
        red, blue = blue, red
    if layout == "555":
        packed = (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3
    else:
        packed = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
    return bytes(packed.astype("<u2").tobytes())
