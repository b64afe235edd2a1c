"""Copying the tag files of a hostile drive one by one, each proved meanwhile; errors say what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from packager.format.copies import Copies
from packager.format.errors import (
    DigestError,
    FormatError,
    HalfCopiedError,
    LayoutError,
    ListChangedError,
    TooLargeError,
    UnreadableError,
)
from packager.format.files import Files
from packager.format.layout import open_nofollow
from packager.format.manifest import MAX_TAGMANIFEST, parse_tagmanifest
from packager.format.release import Accelerator, Release
from packager.format.source_file import SourceReadError

READY, ABSENT, DAMAGED, OTHER_VERSION = "ready", "absent", "damaged", "other-version"
"""What became of an accelerator."""


class TagCopy:
    """Copies proved files from one drive to one folder."""

    def __init__(
        self,
        root: int,
        dest: Path,
        files: Files,
        copies: Copies,
        total: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Begin.

        Args:
            root: descriptor of the drive's folder.
            dest: a folder of our own.
            files: the writer.
            copies: the pipeline, which makes everything durable when it ends.
            total: bytes in all, for progress.
            progress: called with bytes done and in all.
        """
        self._root, self._dest, self._files, self._copies = root, dest, files, copies
        self._total, self._done, self._progress = total, 0, progress

    def tagmanifest(self, expected: str) -> dict[str, str]:
        """Copy the tagmanifest and return its entries."""
        content = bytearray()
        self._fatal("tagmanifest-sha256.txt", expected, MAX_TAGMANIFEST, None, each=content.extend, kept=False)
        try:
            return parse_tagmanifest(bytes(content))
        except FormatError as error:
            raise ListChangedError(error.reason, path=error.path, found=error.found) from error

    def truth(self, release: Release, lists: dict[str, str], name: str, *, there: bool) -> None:
        """Copy a truth file, proved by the signed release and by the tagmanifest; `there`: only look at it."""
        digest = release.truth[name]
        if lists.get(f"meta/{name}") != digest.sha256:
            raise ListChangedError("is not the file that was signed", path=f"meta/{name}", expected=digest.sha256)
        if there:
            self.look(f"meta/{name}", digest.size)
        else:
            self._fatal(f"meta/{name}", digest.sha256, digest.size, digest.size)

    def listed(self, name: str, lists: dict[str, str], most: int) -> None:
        """Copy a file that only the tagmanifest names; it is not made durable."""
        if name not in lists:
            raise ListChangedError("is not in the tagmanifest", path=name)
        self._fatal(name, lists[name], most, None, kept=False)

    def accelerator(self, name: str, expected: Accelerator, lists: dict[str, str]) -> str:
        """Copy an accelerator if it is whole; say what became of it."""
        path = f"meta/{name}"
        try:
            if lists.get(path) not in {None, expected.sha256}:
                return DAMAGED
            self._copy(path, expected.sha256, expected.size)
        except FileNotFoundError:
            return ABSENT
        except (SourceReadError, FormatError):
            return DAMAGED
        return READY

    def look(self, name: str, size: int) -> None:
        """Whether a file is there with all its bytes: a drive half copied is found without reading gigabytes."""
        try:
            descriptor = open_nofollow(self._root, f"bag/{name}")
            found = os.fstat(descriptor).st_size
            os.close(descriptor)
        except FileNotFoundError as error:
            raise HalfCopiedError("is missing", path=name) from error
        except LayoutError as error:
            raise ListChangedError(error.reason, path=name) from error
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
        if found < size:
            raise HalfCopiedError("is cut short", path=name)
        if found > size:
            raise ListChangedError("is not what was signed", path=name)

    def _fatal(
        self,
        name: str,
        expected: str,
        most: int,
        size: int | None,
        *,
        each: Callable[[bytes], None] | None = None,
        kept: bool = True,
    ) -> None:
        try:
            self._copy(name, expected, most, each, kept=kept)
        except FileNotFoundError as error:
            raise HalfCopiedError("is missing", path=name) from error
        except SourceReadError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
        except DigestError as error:
            if self._is_short(name, size):
                raise HalfCopiedError("is cut short", path=name) from error
            raise ListChangedError("is not what was signed", path=name, expected=expected, found=error.found) from error
        except (LayoutError, TooLargeError) as error:
            raise ListChangedError(error.reason, path=name) from error

    def _copy(
        self, name: str, expected: str, most: int, each: Callable[[bytes], None] | None = None, *, kept: bool = True
    ) -> None:
        target = self._dest / name
        try:
            descriptor = open_nofollow(self._root, f"bag/{name}")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SourceReadError(error.errno, error.strerror) from error
        try:
            self._files.make_dir(target.parent)
            self._copies.copy(
                descriptor, target, max_size=most, expected=expected, progress=self._count, each=each, kept=kept
            )
        finally:
            os.close(descriptor)

    def _count(self, size: int) -> None:
        self._done += size
        if self._progress is not None:
            self._progress(self._done, self._total)

    def _is_short(self, name: str, size: int | None) -> bool:
        """Whether the file on the drive ends too early: below its known size, or in the middle of a line."""
        descriptor = open_nofollow(self._root, f"bag/{name}")
        try:
            found = os.fstat(descriptor).st_size
            if size is not None:
                return found < size
            return found == 0 or os.pread(descriptor, 1, found - 1) != b"\n"
        finally:
            os.close(descriptor)
