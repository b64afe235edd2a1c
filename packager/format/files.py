"""The one small writer: how bytes reach a disk so that a power cut leaves the old file or the new one.

A file is written under a temporary name in its own folder, checked, made durable (fsync), given its name, and the
folder is made durable. Everything above these few primitives is written once, in `Files`; `RealFiles` does them for
real, the tests' simulator records them and shows every state that a power cut could leave.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from packager.format.errors import DigestError
from packager.format.source_file import opened_source, source_blocks

TEMPORARY_SUFFIX = ".tmp~"
"""Ends the name of a file that is not finished. No finished file has it; what is left of a crash may be removed."""


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A link or a pipe that somebody left under the temporary name on a stick is neither followed nor waited for."""


class Output:
    """A file being written; from `Files.create`.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, block: bytes) -> None:
        """Append `block`.

        Raises:
            OSError: the disk is full or does not answer.
        """
        self._write(block)
        self._hash.update(block)
        self.size += len(block)

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written so far, hexadecimal."""
        return self._hash.hexdigest()


def compare(expected: str | None, found: str, name: str) -> None:
    """Raise DigestError when a file has not the digest that it must have; None: it may have any."""
    if expected not in {None, found}:
        raise DigestError("has other bytes", path=name, expected=expected or "", found=found)


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + TEMPORARY_SUFFIX)


class Files(ABC):
    """What may be done to files that must survive a power cut. Paths are the caller's own, never from a drive."""

    # The primitives. Nothing above them touches the file system for writing.

    @abstractmethod
    def _open_new(self, path: Path) -> int:
        """Create `path` empty (replacing a left-over) and return a handle for `_append`."""

    @abstractmethod
    def _append(self, handle: int, block: bytes) -> None:
        """Write all of `block` at the end."""

    @abstractmethod
    def _sync(self, handle: int) -> None:
        """Make the bytes durable."""

    @abstractmethod
    def _close(self, handle: int) -> None:
        """Give the handle back."""

    @abstractmethod
    def _rename(self, old: Path, new: Path) -> None:
        """Give `old` the name `new`, replacing what is there."""

    @abstractmethod
    def _unlink(self, path: Path) -> None:
        """Remove a file. A missing one raises FileNotFoundError."""

    @abstractmethod
    def _make_dir(self, path: Path) -> None:
        """Make one folder whose parent exists. An existing one raises FileExistsError."""

    @abstractmethod
    def _remove_dir(self, path: Path) -> None:
        """Remove an empty folder. A missing one raises FileNotFoundError."""

    @abstractmethod
    def fsync_dir(self, folder: Path) -> None:
        """Make the names in `folder` durable."""

    @abstractmethod
    def sync_all(self) -> None:
        """Make everything durable that was written with `durable=False`. May take seconds."""

    @abstractmethod
    def free_space(self, folder: Path) -> int:
        """Bytes that may still be written below `folder`."""

    # What is made of them.

    @contextlib.contextmanager
    def create(
        self, path: Path, *, expected: str | None = None, durable: bool = True, named: bool = True
    ) -> Iterator[Output]:
        """A new `path` to write in pieces; it gets its name only when the block ends without an exception.

        Args:
            path: in a folder that exists.
            expected: SHA-256 that the whole must have, hexadecimal.
            durable: fsync the file and its folder. With False a power cut may lose the file or leave it torn,
                until `sync_all` returned.
            named: fsync the folder too. With False the bytes are durable, the name is not before something else in this
                folder is made durable.

        Raises:
            DigestError: the whole has another digest; nothing is kept, an older `path` stays.
            OSError: the disk is full or does not answer; nothing is kept, an older `path` stays.
        """
        handle = self.begin(path)
        try:
            out = Output(lambda block: self._append(handle, block))
            yield out
            compare(expected, out.sha256, path.name)
        except BaseException:
            self.drop(handle, path)
            raise
        self.finish(handle, path, durable=durable)
        if durable and named:
            self.fsync_dir(path.parent)

    # The steps of `create` one by one, for `copies.Copies`, where several threads share them.

    threads: ClassVar[bool] = True
    """Whether the steps may be done by several threads."""

    def begin(self, path: Path) -> int:
        """A handle to a new file that will be `path`, in a folder that exists."""
        return self._open_new(_temporary(path))

    def append(self, handle: int, block: bytes) -> None:
        """Write at the end."""
        self._append(handle, block)

    def flush(self, handle: int) -> None:
        """Make durable what was written so far; another thread may write meanwhile."""
        self._sync(handle)

    def finish(self, handle: int, path: Path, *, durable: bool = True) -> None:
        """Make the bytes durable and give the file its name, which is not yet; after an error nothing is kept."""
        try:
            try:
                if durable:
                    self._sync(handle)
            finally:
                self._close(handle)
            self._rename(_temporary(path), path)
        except BaseException:
            with contextlib.suppress(OSError):
                self._unlink(_temporary(path))
            raise

    def drop(self, handle: int, path: Path) -> None:
        """Keep nothing of it."""
        self._close(handle)
        with contextlib.suppress(OSError):
            self._unlink(_temporary(path))

    def keep_names(self, paths: Collection[Path]) -> None:
        """Make the names of finished files durable."""
        for folder in dict.fromkeys(path.parent for path in paths):
            self.fsync_dir(folder)

    def write_atomic(
        self,
        path: Path,
        content: bytes | Iterable[bytes],
        *,
        expected: str | None = None,
        durable: bool = True,
        named: bool = True,
    ) -> tuple[str, int]:
        """Write `path` whole: afterwards it is the old file or the new one, never a mixture.

        Args:
            path: in a folder that exists.
            content: the bytes, or blocks of them in order.
            expected: SHA-256 that they must have.
            durable: see `create`.
            named: see `create`.

        Returns:
            SHA-256 (hexadecimal) and size in bytes.

        Raises:
            DigestError, OSError: as `create`.
        """
        with self.create(path, expected=expected, durable=durable, named=named) as out:
            for block in (content,) if isinstance(content, bytes) else content:
                out.write(block)
        return out.sha256, out.size

    def copy_hashed(
        self,
        src: Path | int,
        dst: Path,
        *,
        max_size: int,
        expected: str | None = None,
        progress: Callable[[int], None] | None = None,
        each: Callable[[bytes], None] | None = None,
        durable: bool = True,
    ) -> tuple[str, int]:
        """Copy a plain file, hashing the bytes that are written. Memory: one chunk (1 MiB).

        Args:
            src: a path, whose last part may not be a link; or an open descriptor, read from its position and left
                open (`layout.open_nofollow` gives one that is safe on a hostile drive).
            dst: in a folder that exists.
            max_size: most bytes to take.
            expected: SHA-256 that they must have.
            progress: called after every chunk with the number of bytes just copied.
            each: called with every chunk (1 MiB, the last one shorter) before it is written;
                `chunks.ChunkHasher.update` fits.
            durable: see `create`.

        Returns:
            SHA-256 (hexadecimal) and size in bytes.

        Raises:
            TooLargeError: there are more than `max_size` bytes; nothing is kept.
            LayoutError: `src` is a link or not a plain file.
            SourceReadError: the disk of `src` does not answer; nothing is kept.
            DigestError, OSError: as `create`.
        """
        with opened_source(src) as descriptor, self.create(dst, expected=expected, durable=durable) as out:
            for block in source_blocks(descriptor, max_size, dst.name):
                if each is not None:
                    each(block)
                out.write(block)
                if progress is not None:
                    progress(len(block))
        return out.sha256, out.size

    def replace(self, old: Path, new: Path) -> None:
        """Give the finished file or folder `old` the name `new`, durably. Both in one file system.

        Raises:
            OSError: `old` is not there, or `new` is a folder that is not empty.
        """
        self._rename(old, new)
        self.fsync_dir(new.parent)
        if old.parent != new.parent:
            self.fsync_dir(old.parent)

    def make_dir(self, path: Path, *, durable: bool = True) -> None:
        """Make a folder and its missing parents. An existing one is fine.

        Args:
            path: of the folder.
            durable: fsync the parents. With False a power cut may lose the folders until `sync_all` returned.

        Raises:
            OSError: something that is not a folder stands in the way, or the disk is full.
        """
        if path.is_dir():
            return
        self.make_dir(path.parent, durable=durable)
        with contextlib.suppress(FileExistsError):
            self._make_dir(path)
        if durable:
            self.fsync_dir(path.parent)

    def remove(self, path: Path) -> None:
        """Remove a file, durably. A missing one is fine.

        Raises:
            OSError: it is a folder, or the disk does not answer.
        """
        with contextlib.suppress(FileNotFoundError):
            self._unlink(path)
            self.fsync_dir(path.parent)

    def discard(self, path: Path) -> None:
        """Throw away a file, or a folder with all that is in it, following no link; never an error.

        Not durable: after a power cut any part of it may be there again. What must not be taken for whole then
        (`READY`) is to be removed before.
        """
        if path.is_symlink() or not path.is_dir():
            with contextlib.suppress(OSError):
                self._unlink(path)
            return
        for folder, folders, files in os.walk(path, topdown=False):
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for name in (*files, *links):
                with contextlib.suppress(OSError):
                    self._unlink(Path(folder, name))
            with contextlib.suppress(OSError):
                self._remove_dir(Path(folder))


class RealFiles(Files):
    """The real disk."""

    def _open_new(self, path: Path) -> int:
        return os.open(path, _NEW, 0o644)

    def _append(self, handle: int, block: bytes) -> None:
        view = memoryview(block)
        while view:
            view = view[os.write(handle, view) :]

    def _sync(self, handle: int) -> None:
        os.fsync(handle)

    def _close(self, handle: int) -> None:
        os.close(handle)

    def _rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def _unlink(self, path: Path) -> None:
        path.unlink()

    def _make_dir(self, path: Path) -> None:
        path.mkdir()

    def _remove_dir(self, path: Path) -> None:
        path.rmdir()

    def fsync_dir(self, folder: Path) -> None:
        """Make the names in `folder` durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_all(self) -> None:
        """Make everything durable that was written with `durable=False`. May take seconds."""
        os.sync()

    def free_space(self, folder: Path) -> int:
        """Bytes that this process may still write below `folder`."""
        facts = os.statvfs(folder)
        return facts.f_bavail * facts.f_frsize


class PrivateFiles(RealFiles):
    """The real disk, for files that nobody else on the machine may read."""

    def _open_new(self, path: Path) -> int:
        return os.open(path, _NEW, 0o600)


class SharedFiles(RealFiles):
    """The real disk, for files that any machine may read, whoever makes them there: a service keeps its own private."""

    def _open_new(self, path: Path) -> int:
        handle = super()._open_new(path)
        with contextlib.suppress(OSError):  # FAT knows no owners
            os.fchmod(handle, 0o644)
        return handle

    def _make_dir(self, path: Path) -> None:
        super()._make_dir(path)
        with contextlib.suppress(OSError):
            path.chmod(0o755)
