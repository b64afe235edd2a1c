"""What is being fetched: an object in pieces of 4 MiB, each durable, so that nothing is fetched twice after a cut.

    incoming/<SHA-256>/00000 …      pieces, in order
    incoming/<SHA-256>/00007.part   the first bytes of one that was broken off; it goes on behind them
    incoming/<SHA-256>/WHOLE        all of them are there and have the digest

What is whole stays until the update that it belongs to is applied.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from packager.format.files import TEMPORARY_SUFFIX, Files
from packager.format.origin import rest_of
from packager.format.release import Digest

_log = logging.getLogger(__name__)

PIECE = 4 << 20
_WHOLE = "WHOLE"
_PART = ".part"
PROGRESS = 64 << 10
"""A source that gave so many bytes before it broke off is asked to go on at once: its line is thin, or was cut once."""


class Source(Protocol):
    """Where objects come from: a server, a mirror, a stick. name: for staff and the journal."""

    name: str

    def piece(self, sha256: str, size: int, offset: int, length: int) -> bytes | None:
        """A stretch of an object, exactly so long; None when it has no such object.

        Raises:
            SourceError: it does not answer, or with something else.
        """
        ...


class SourceError(Exception):
    """A source did not give what was asked for. got: the first bytes of it, where a part came."""

    def __init__(self, reason: str, got: bytes = b"") -> None:
        """Keep the bytes."""
        self.got = got
        super().__init__(reason)


class Incoming:
    """The folder of what is being fetched. One thread writes.

    Attributes:
        spoiled: names of sources that gave an object whole, and wrong.
        rest: the longest time, in seconds, for which one asked to be left alone.
    """

    def __init__(self, folder: Path, files: Files) -> None:
        """Name the folder (`Settings.incoming_folder`); it need not be there."""
        self._folder, self._files = folder, files
        self.spoiled: set[str] = set()
        self.rest = 0.0

    def fetched(self, wanted: Digest) -> int:
        """Bytes of an object that are here."""
        if self.is_whole(wanted):
            return wanted.size
        return sum(path.stat().st_size for path in (*self._pieces(wanted), *self._parts(wanted)))

    def is_whole(self, wanted: Digest) -> bool:
        """Whether all of an object is here, proved."""
        return (self._folder / wanted.sha256 / _WHOLE).exists()

    def pieces(self, wanted: Digest) -> list[Path]:
        """The files that make an object, in order; it is whole."""
        return self._pieces(wanted)

    def fetch(
        self, wanted: Digest, sources: Sequence[Source], allow: Callable[[int], None], took: Callable[[int], None]
    ) -> Source | None:
        """Bring an object, going on where it was broken off; from the next source where one fails.

        Args:
            wanted: digest and size.
            sources: in the order in which they are asked.
            allow: called before every piece with its bytes; waits for the rate, raises to break off.
            took: called after it.

        Returns:
            The source that gave the last piece; None when none has it all, or what they gave is not it.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        if self.is_whole(wanted):
            return sources[0] if sources else None
        folder = self._folder / wanted.sha256
        self._files.make_dir(folder)
        for source in sources:
            try:
                if self._whole_from(source, wanted, allow, took):
                    return source
            except SourceError as error:
                self.rest = max(self.rest, rest_of(error))
                _log.info("%s did not give %s: %s", source.name, wanted.sha256[:12], error)
        return None

    def _whole_from(
        self, source: Source, wanted: Digest, allow: Callable[[int], None], took: Callable[[int], None]
    ) -> bool:
        """Complete an object from one source. Where others gave a part of what is wrong, it is asked for all of it."""
        folder = self._folder / wanted.sha256
        alone = False
        while not alone:
            alone = not self._pieces(wanted) and not self._parts(wanted)
            if not self._from(source, wanted, folder, allow, took):
                return False
            if self._prove(wanted, folder, source):
                return True
        self.spoiled.add(source.name)
        return False

    def _from(
        self, source: Source, wanted: Digest, folder: Path, allow: Callable[[int], None], took: Callable[[int], None]
    ) -> bool:
        for number, offset in enumerate(range(0, wanted.size, PIECE)):
            length = min(PIECE, wanted.size - offset)
            path = folder / f"{number:05d}"
            if path.exists() and path.stat().st_size == length:
                continue
            piece = self._piece(source, wanted, path.with_name(path.name + _PART), (offset, length), allow, took)
            if piece is None:
                return False
            self._files.write_atomic(path, piece)
            self._files.remove(path.with_name(path.name + _PART))
        return True

    def _piece(
        self,
        source: Source,
        wanted: Digest,
        part: Path,
        stretch: tuple[int, int],
        allow: Callable[[int], None],
        took: Callable[[int], None],
    ) -> bytes | None:
        """A piece, on from what is here of it; what comes until it is broken off is kept, durably."""
        offset, length = stretch
        piece = part.read_bytes()[:length] if part.exists() else b""
        while len(piece) < length:
            missing = length - len(piece)
            allow(missing)
            try:
                found = source.piece(wanted.sha256, wanted.size, offset + len(piece), missing)
            except SourceError as error:
                got = error.got[:missing]
                if got:
                    piece += got
                    self._files.write_atomic(part, piece)
                    took(len(got))
                if len(got) < min(PROGRESS, missing):
                    raise
                continue
            if found is None:
                return None
            if len(found) != missing:
                raise SourceError(f"gave {len(found)} bytes instead of {missing}")
            piece += found
            took(missing)
        return piece

    def _prove(self, wanted: Digest, folder: Path, source: Source) -> bool:
        """Compare the whole with its digest; what is something else goes, all of it."""
        digest, size = hashlib.sha256(), 0
        for path in self._pieces(wanted):
            content = path.read_bytes()
            digest.update(content)
            size += len(content)
        if (digest.hexdigest(), size) != (wanted.sha256, wanted.size):
            _log.warning("%s gave other bytes for %s; they are thrown away", source.name, wanted.sha256[:12])
            self.forget(wanted)
            self._files.make_dir(folder)
            return False
        self._files.write_atomic(folder / _WHOLE, b"")
        return True

    def _pieces(self, wanted: Digest) -> list[Path]:
        folder = self._folder / wanted.sha256
        names = (f"{number:05d}" for number in range(-(-wanted.size // PIECE)))
        return [folder / name for name in names if (folder / name).exists()]

    def _parts(self, wanted: Digest) -> list[Path]:
        return sorted((self._folder / wanted.sha256).glob(f"*{_PART}"))

    def forget(self, wanted: Digest) -> None:
        """Throw away what is here of an object."""
        folder = self._folder / wanted.sha256
        self._files.remove(folder / _WHOLE)
        self._files.discard(folder)

    def keep_only(self, wanted: frozenset[str]) -> None:
        """Throw away every object that is not wanted any more."""
        for folder in self._folders():
            if folder.name not in wanted:
                self._files.remove(folder / _WHOLE)
                self._files.discard(folder)

    def _folders(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from (path for path in self._folder.iterdir() if not path.name.endswith(TEMPORARY_SUFFIX))
