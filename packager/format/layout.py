"""Where things stand on a drive. The only module that makes paths of a drive.

A drive is hostile until proved: names are checked before they become paths, and files are opened part by part
without following a link anywhere on the way (docs/format.md, "On a drive").
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from packager.format.errors import LayoutError, TooLargeError

CHUNK = 1 << 20
"""Bytes in a chunk, the unit of verification."""

MAX_PATH = 200
"""Longest path on a drive, in characters (all ASCII)."""

TRUTH_NAMES = ("catalogue.jsonl", "chunks.bin", "items.txt")
"""The three files that say what a release is, sorted; they stand in `meta/`."""

INFO_NAME = "shuxiang-info.json"
"""Stands in the partition of a disk that people see on a PC. A folder that holds it and no bag is no drive."""

ITEM_ID = re.compile(r"[a-z2-7]{20}\Z")
EXTENSION = re.compile(r"[a-z0-9]{1,10}\Z")
INDEX_FOLDER = "data/index"
SECTIONS_FILE = re.compile(r"data/index/sections-([1-9][0-9]{0,2})/([a-z0-9_-][a-z0-9._-]*)\Z")
"""A file of the index of the texts on drive n: the only payload that belongs to no record."""
PAYLOAD_PART = re.compile(r"[a-z0-9_-][a-z0-9._-]*\Z")
TAG_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # O_NONBLOCK: a FIFO must not hold us up


def item_path(item_id: str, ext: str) -> str:
    """The place of an item in the bag: `data/ab/<id>.<ext>`, or without the dot when `ext` is empty.

    Args:
        item_id: 20 characters of lower-case base32, from `indexer.model.item_id`.
        ext: file name extension without its dot: 1-10 of a-z and 0-9, or empty.

    Raises:
        LayoutError: the id or the extension has another shape.
    """
    if not ITEM_ID.match(item_id):
        raise LayoutError("is not an item id", path=item_id[:MAX_PATH])
    if ext and not EXTENSION.match(ext):
        raise LayoutError("is not a file name extension", path=ext[:MAX_PATH])
    name = f"{item_id}.{ext}" if ext else item_id
    return f"data/{item_id[:2]}/{name}"


def sections_path(disk: int, name: str = "") -> str:
    """The place in the bag of a file of the index of the texts on a drive; without a name, of their folder."""
    return f"{INDEX_FOLDER}/sections-{disk}/{name}".rstrip("/")


def sections_file(path: str) -> tuple[int, str] | None:
    """The drive and name of a file of an index of texts, None when `path` is that of another file."""
    match = SECTIONS_FILE.match(path)
    return (int(match[1]), match[2]) if match else None


def check_payload_path(text: str) -> str:
    """`text`, if it may be the path of a payload file.

    That is: `data/` first; parts of a-z, 0-9, `.`, `_`, `-` that do not begin with a dot; no empty part; at most
    200 characters. So no `..`, no upper case, no CR, LF or `%`, and `sha256sum -c` reads the manifest as it is.

    Raises:
        LayoutError: it may not.
    """
    return _check(text, PAYLOAD_PART, first="data")


def check_tag_path(text: str) -> str:
    """`text`, if it may be the path of a tag file: `name` or `meta/…`; as payload paths, but upper case may occur.

    Raises:
        LayoutError: it may not.
    """
    if "/" not in text:
        return _check(text, TAG_PART, first="")
    return _check(text, TAG_PART, first="meta")


def check_meta_name(text: str) -> str:
    """`text`, if it may name a file in `meta/` (`catalogue.db`, `search/MAIN_1.seg`), relative to it.

    Raises:
        LayoutError: it may not.
    """
    _check(f"meta/{text}", TAG_PART, first="meta")
    return text


def _check(text: str, part: re.Pattern[str], first: str) -> str:
    if len(text) > MAX_PATH:
        raise LayoutError(f"is longer than {MAX_PATH} characters", path=text[:MAX_PATH])
    parts = text.split("/")
    if first and (len(parts) < 2 or parts[0] != first):
        raise LayoutError(f"does not stand in {first}/", path=text)
    for name in parts:
        if not part.match(name):
            raise LayoutError("holds a part that no drive may hold", path=text, found=repr(name))
    return text


class DriveLayout:
    """The paths of one drive (or of a folder with the same tree). Makes names only; it opens nothing by itself.

    Attributes:
        root: the folder of the drive.
        bag: root of the bag. meta: truth and accelerators, in the bag. tuf: the TUF repository.
        bagit, bag_info, manifest, tagmanifest: the tag files of BagIt.
        catalogue, items, chunks: the truth files.
    """

    def __init__(self, root: Path, lists: str = "bag") -> None:
        """Name everything below `root`.

        Args:
            root: the folder of the drive.
            lists: where the tag files of BagIt stand below it. On a drive always in the bag; a work folder with
                several drives keeps one payload and the lists of each drive in a folder of their own.
        """
        self.root = root
        self._lists = lists
        self.bag = root / "bag"
        self.meta = self.bag / "meta"
        self.tuf = root / "tuf"
        self.tuf_metadata = self.tuf / "metadata"
        self.tuf_targets = self.tuf / "targets"
        self.bagit = root / lists / "bagit.txt"
        self.bag_info = root / lists / "bag-info.txt"
        self.manifest = root / lists / "manifest-sha256.txt"
        self.tagmanifest = root / lists / "tagmanifest-sha256.txt"
        self.catalogue = self.meta / "catalogue.jsonl"
        self.items = self.meta / "items.txt"
        self.chunks = self.meta / "chunks.bin"

    def payload(self, path: str) -> Path:
        """The full path of a payload file, `path` as in the manifest (`data/ab/…`).

        Raises:
            LayoutError: `path` is not permitted.
        """
        return self.bag / check_payload_path(path)

    def tag_name(self, path: str) -> str:
        """Where a tag file stands below `root`, `path` as in the tagmanifest (`manifest-sha256.txt`, `meta/…`).

        Raises:
            LayoutError: `path` is not permitted.
        """
        return f"{'bag' if '/' in check_tag_path(path) else self._lists}/{path}"

    def meta_file(self, name: str) -> Path:
        """The full path of a file in `meta/`, `name` relative to it.

        Raises:
            LayoutError: `name` is not permitted.
        """
        return self.meta / check_meta_name(name)

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of the drive's root folder, for `open_nofollow`; closed at the end.

        Raises:
            OSError: the folder is not there or does not answer.
        """
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def open_payload(self, root_fd: int, path: str) -> int:
        """Open a payload file below `root_fd` (from `opened`); the caller closes the descriptor.

        Raises:
            LayoutError: `path` is not permitted, or a link or something else than a plain file is there.
            FileNotFoundError: nothing is there.
            OSError: the disk does not answer.
        """
        return open_nofollow(root_fd, "bag/" + check_payload_path(path))


def open_nofollow(root_fd: int, relative: str) -> int:
    """Open the plain file `relative` below the folder `root_fd` for reading, following no link on the way.

    Never blocks on a FIFO, never opens a device.

    Args:
        root_fd: descriptor of a folder.
        relative: `/` between parts; no empty part, no `.`, no `..`.

    Returns:
        A descriptor that the caller closes.

    Raises:
        LayoutError: a part is a link or not permitted, or the last one is not a plain file.
        FileNotFoundError: nothing is there.
        OSError: the disk does not answer.
    """
    parts = relative.split("/")
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise LayoutError("holds a part that no drive may hold", path=relative[:MAX_PATH])
    folder = root_fd
    try:
        for part in parts[:-1]:
            below = _open_part(part, relative, folder, os.O_DIRECTORY)
            if folder != root_fd:
                os.close(folder)
            folder = below
        descriptor = _open_part(parts[-1], relative, folder, 0)
    finally:
        if folder != root_fd:
            os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LayoutError("is not a plain file", path=relative[:MAX_PATH])
    return descriptor


def _open_part(part: str, relative: str, folder: int, flags: int) -> int:
    try:
        return os.open(part, _OPEN | flags, dir_fd=folder)
    except OSError as error:
        if isinstance(error, NotADirectoryError) or _is_odd(part, folder):
            raise LayoutError("is a link or not a plain file", path=relative[:MAX_PATH]) from error
        raise


def _is_odd(part: str, folder: int) -> bool:
    """Whether `part` is there and is neither a plain file nor a folder (a link, a socket, a device)."""
    try:
        mode = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def read_bounded(root_fd: int, relative: str, max_size: int) -> bytes:
    """All bytes of the plain file `relative` below `root_fd`; memory: `max_size`.

    Raises:
        TooLargeError: there are more than `max_size` bytes.
        LayoutError, FileNotFoundError, OSError: as `open_nofollow`.
    """
    with open(open_nofollow(root_fd, relative), "rb", buffering=0) as file:
        parts: list[bytes] = []
        left = max_size + 1
        while left and (block := file.read(min(left, CHUNK))):
            parts.append(block)
            left -= len(block)
    if not left:
        raise TooLargeError("is too large", path=relative, expected=f"at most {max_size} bytes")
    return b"".join(parts)
