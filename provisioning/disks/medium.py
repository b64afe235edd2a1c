"""What is written to: a disk or a file, past the page cache where that works.

Everything above goes through these few calls, so that tests bring disks that fail, block, lie or lose power.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from provisioning.disks.gpt import SECTOR

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 4 << 20
"""Most bytes of one call."""
_BLKRRPART = 0x125F
"""Asks the kernel to read the partition table again."""
_BLKZEROOUT = 0x127F
"""Asks the kernel for zeros: by the disk itself where it can, else written by the kernel."""


def aligned_buffer(size: int = BLOCK) -> memoryview:
    """Memory that begins at a page, as direct input and output want it."""
    return memoryview(mmap.mmap(-1, size))


class Medium(ABC):
    """A disk as a row of bytes. Offsets and lengths are multiples of 512; buffers are from `aligned_buffer`.

    Attributes:
        size: bytes.
    """

    size: int

    @abstractmethod
    def write(self, at: int, block: memoryview) -> None:
        """Write all of `block`. It may be lost in a power cut until `sync` returned."""

    @abstractmethod
    def read(self, at: int, block: memoryview) -> None:
        """Fill all of `block`, from the disk and not from memory."""

    def zero(self, at: int, size: int) -> None:
        """Make `size` bytes zeros, as `write` would."""
        block = aligned_buffer(min(BLOCK, size))
        for offset in range(0, size, BLOCK):
            self.write(at + offset, block[: min(BLOCK, size - offset)])

    @abstractmethod
    def sync(self) -> None:
        """Make everything written durable."""

    @abstractmethod
    def close(self) -> None:
        """Give it back."""

    @abstractmethod
    def tell_kernel(self) -> None:
        """Have the partition table read anew, where there is a kernel that does; never fails."""


class DiskMedium(Medium):
    """A block device or a plain file.

    O_DIRECT where the file system knows it; else through the cache, which is emptied before what was written is read.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open it; to be written, a block device is opened for ourselves alone.

        Raises:
            OSError: it cannot be opened; EBUSY when something of it is mounted.
        """
        self._path = path
        self._device = stat.S_ISBLK(path.stat().st_mode)
        self._direct, self._read_only = True, read_only
        self._handle = self._open()
        self.size = os.lseek(self._handle, 0, os.SEEK_END) // SECTOR * SECTOR

    def _open(self) -> int:
        flags = os.O_RDONLY if self._read_only else os.O_RDWR | (os.O_EXCL if self._device else 0)
        flags |= os.O_CLOEXEC
        if self._direct:
            try:
                return os.open(self._path, flags | os.O_DIRECT)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._direct = False
        return os.open(self._path, flags)

    def _buffered(self) -> None:
        """Go on through the cache: this place does not take direct calls of this alignment."""
        os.close(self._handle)
        self._direct = False
        self._handle = self._open()

    def write(self, at: int, block: memoryview) -> None:
        """Write all of `block`.

        Raises:
            OSError: the disk does not take it.
        """
        done = 0
        while done < len(block):
            try:
                count = os.pwrite(self._handle, block[done:], at + done)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._direct:
                    raise
                self._buffered()
                continue
            if count == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self._path))
            done += count

    def read(self, at: int, block: memoryview) -> None:
        """Fill all of `block` from the disk.

        Raises:
            OSError: the disk does not give it, or ends before.
        """
        if not self._direct:
            os.posix_fadvise(self._handle, at, len(block), os.POSIX_FADV_DONTNEED)
        done = 0
        while done < len(block):
            try:
                count = os.preadv(self._handle, [block[done:]], at + done)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._direct:
                    raise
                self._buffered()
                continue
            if count == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self._path))
            done += count

    def zero(self, at: int, size: int) -> None:
        """Make `size` bytes zeros; a disk that can do that by itself is asked to.

        Raises:
            OSError: the disk does not take it.
        """
        if self._device:
            try:
                fcntl.ioctl(self._handle, _BLKZEROOUT, struct.pack("@QQ", at, size))
            except OSError as error:
                if error.errno not in {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY}:
                    raise
            else:
                return
        super().zero(at, size)

    def sync(self) -> None:
        """Make everything written durable, the disk's own cache included.

        Raises:
            OSError: the disk does not answer.
        """
        os.fsync(self._handle)

    def close(self) -> None:
        """Close it."""
        os.close(self._handle)

    def tell_kernel(self) -> None:
        """Have the kernel read the partition table again."""
        if self._device:
            with contextlib.suppress(OSError):  # an automounter was quicker; it sees the table at the next plug-in
                fcntl.ioctl(self._handle, _BLKRRPART)
