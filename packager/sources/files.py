r"""Files of a source folder, found by the names a catalogue gives them, and nothing outside that folder.

A name may differ from the one on the disk in case, in Unicode form (NFC, NFD) and in its separators (`\\`): catalogues
are written on other machines. A name that leads out of the folder, through a link or to anything but a regular file
with content is refused.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from packager.reasons import failure_of

_MAX_NAME = 4096
_LISTINGS = 64
_SURROGATES = re.compile("[\ud800-\udfff]")


class FileRefusedError(Exception):
    """A name that gives no usable file; the text says why, for the people who keep the catalogue."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the source: `name` relative to its folder (as on the disk, but NFC, `/`), `path` where it lies."""

    name: str
    path: Path


class FolderFiles:
    """The files below one folder. Memory: listings of at most 64 folders, made when a name does not fit at once."""

    def __init__(self, root: Path) -> None:
        """Look below `root`."""
        self._root = root
        self._listings: OrderedDict[Path, dict[str, list[str]]] = OrderedDict()

    def find(self, name: str) -> SourceFile:
        """The file that `name` means.

        Raises:
            FileRefusedError: there is none, or it may not be taken.
        """
        path = self._root
        parts: list[str] = []
        for part in _parts(name):
            path = self._step(path, part)
            parts.append(path.name)
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            raise FileRefusedError("是文件夹，不是文件")
        if not stat.S_ISREG(status.st_mode):
            raise FileRefusedError("不是普通文件")
        if status.st_size == 0:
            raise FileRefusedError("文件是空的")
        return SourceFile(unicodedata.normalize("NFC", "/".join(parts)), path)

    def _step(self, folder: Path, part: str) -> Path:
        """One part of the way, never through a link."""
        path = folder / part
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            path = folder / self._similar(folder, part)
            status = path.lstat()
        except OSError as error:
            raise FileRefusedError(f"读不了：{failure_of(error)}") from error
        if stat.S_ISLNK(status.st_mode):
            raise FileRefusedError("路径上有链接，链接不收")
        return path

    def _similar(self, folder: Path, part: str) -> str:
        """The one name in `folder` that is `part` but for case and Unicode form."""
        names = self._listing(folder).get(_fold(part), [])
        exact = [n for n in names if unicodedata.normalize("NFC", n) == unicodedata.normalize("NFC", part)]
        names = exact or names
        if not names:
            raise FileRefusedError("没有找到这个文件")
        if len(names) > 1:
            raise FileRefusedError(f"有几个名字只差大小写：{'、'.join(names[:4])}")
        return names[0]

    def _listing(self, folder: Path) -> dict[str, list[str]]:
        if folder in self._listings:
            self._listings.move_to_end(folder)
            return self._listings[folder]
        listing: dict[str, list[str]] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    listing.setdefault(_fold(entry.name), []).append(entry.name)
        except OSError:
            listing = {}
        self._listings[folder] = listing
        if len(self._listings) > _LISTINGS:
            self._listings.popitem(last=False)
        return listing


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _parts(name: str) -> list[str]:
    if not name or "\0" in name or len(name) > _MAX_NAME or _SURROGATES.search(name):
        raise FileRefusedError("文件名是空的、太长或有不能用的字符")
    plain = name.replace("\\", "/")
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain):
        raise FileRefusedError("要写相对于目录所在文件夹的路径，不能写绝对路径")
    parts = [p for p in plain.split("/") if p not in {"", "."}]
    if ".." in parts:
        raise FileRefusedError("路径里不能有“..”")
    if not parts:
        raise FileRefusedError("文件名是空的、太长或有不能用的字符")
    return parts
