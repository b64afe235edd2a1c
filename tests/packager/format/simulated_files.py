"""A writer that records what it does, and shows every state that a power cut could leave.

It works on a real folder, so that the code under test reads its own writes. Beside that it keeps a model of what is
durable: a file's bytes after `_sync`, a folder's names after `fsync_dir`. At a power cut each name is as it was at some
moment since its folder was last made durable, and each file holds what is durable and any beginning of the rest, or
zeros. That is worse than a file system with a journal does; the code must stand it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packager.format.files import Files, RealFiles

Op = tuple[str, ...] | tuple[str, str, bytes]


@dataclass
class _File:
    durable: bytes = b""
    live: bytes = b""


@dataclass
class _Folder:
    """names: what each name has meant since the folder was last durable, the newest last; None is no file."""

    names: dict[str, list[_File | _Folder | None]] = field(default_factory=dict)


class SimulatedFiles(Files):
    """Writes below `root` for real and keeps a journal of operations.

    Attributes:
        journal: operations in order: (what, path) or (what, path, bytes).
    """

    def __init__(self, root: Path, *, ignore: Callable[[str, int], bool] = lambda _what, _n: False) -> None:
        """`ignore(what, n)`: a fault: the n-th `sync` or `fsync_dir` (from 0) does nothing."""
        self.root = root
        self.journal: list[tuple[str, str, bytes]] = []
        self._real = RealFiles()
        self._ignore = ignore
        self._counts = {"sync": 0, "fsync_dir": 0}
        self._open: dict[int, str] = {}

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _log(self, what: str, path: str, content: bytes = b"") -> None:
        if what in self._counts:
            n = self._counts[what]
            self._counts[what] = n + 1
            if self._ignore(what, n):
                return
        self.journal.append((what, path, content))

    def _open_new(self, path: Path) -> int:
        handle = self._real._open_new(path)
        self._open[handle] = self._name(path)
        self._log("new", self._name(path))
        return handle

    def _append(self, handle: int, block: bytes) -> None:
        self._real._append(handle, block)
        self._log("append", self._open[handle], bytes(block))

    def _sync(self, handle: int) -> None:
        self._log("sync", self._open[handle])

    def _close(self, handle: int) -> None:
        self._real._close(handle)
        del self._open[handle]

    def _rename(self, old: Path, new: Path) -> None:
        self._real._rename(old, new)
        self._log("rename", f"{self._name(old)}\0{self._name(new)}")

    def _unlink(self, path: Path) -> None:
        self._real._unlink(path)
        self._log("unlink", self._name(path))

    def _make_dir(self, path: Path) -> None:
        self._real._make_dir(path)
        self._log("mkdir", self._name(path))

    def _remove_dir(self, path: Path) -> None:
        self._real._remove_dir(path)
        self._log("rmdir", self._name(path))

    def fsync_dir(self, folder: Path) -> None:
        if folder != self.root and self.root not in folder.parents:
            return
        self._log("fsync_dir", self._name(folder))

    def sync_all(self) -> None:
        self._log("sync_all", "")

    def free_space(self, folder: Path) -> int:
        return self._real.free_space(folder)

    def states(self, *, per_cut: int, seed: int = 1, start: int = 0) -> Iterator[tuple[int, dict[str, bytes]]]:
        """States after a power cut, as (operations done, file contents by path).

        Args:
            per_cut: how many for every moment of the journal; the first has nothing that was not durable, the second
                everything.
            seed: of the choices.
            start: first moment; everything before it is taken as it happened.
        """
        chance = random.Random(seed)
        for done in range(start, len(self.journal) + 1):
            top = self._replay(done)
            for n in range(per_cut):
                yield done, dict(_collect(top, "", _choice(n, chance)))

    def _replay(self, done: int) -> _Folder:
        top = _Folder()
        for what, path, content in self.journal[:done]:
            _apply(top, what, path, content)
        return top


def _apply(top: _Folder, what: str, path: str, content: bytes) -> None:
    if what == "rename":
        old, new = path.split("\0")
        node = _find(top, old)
        _set(top, old, None)
        _set(top, new, node)
    elif what in {"new", "mkdir", "unlink", "rmdir"}:
        _set(top, path, {"new": _File, "mkdir": _Folder}.get(what, lambda: None)())
    elif what == "fsync_dir":
        folder = _find(top, path)
        assert isinstance(folder, _Folder)
        folder.names = {name: history[-1:] for name, history in folder.names.items()}
    elif what == "sync_all":
        _settle(top)
    else:
        file = _find(top, path)
        assert isinstance(file, _File)
        if what == "append":
            file.live += content
        else:
            file.durable = file.live


def _settle(folder: _Folder) -> None:
    for name, history in folder.names.items():
        folder.names[name] = history[-1:]
        node = history[-1]
        if isinstance(node, _Folder):
            _settle(node)
        elif node is not None:
            node.durable = node.live


def _find(top: _Folder, path: str) -> _File | _Folder:
    node: _File | _Folder = top
    for part in path.split("/") if path not in {"", "."} else []:
        assert isinstance(node, _Folder)
        below = node.names[part][-1]
        assert below is not None
        node = below
    return node


def _set(top: _Folder, path: str, node: _File | _Folder | None) -> None:
    parent, _, name = path.rpartition("/")
    folder = _find(top, parent)
    assert isinstance(folder, _Folder)
    folder.names.setdefault(name, [None]).append(node)


Choose = Callable[[int], int]


def _choice(n: int, chance: random.Random) -> Callable[[int], int]:
    """A way to choose one of so many: 0 is what is durable, the last one the newest."""
    if n == 0:
        return lambda _count: 0
    if n == 1:
        return lambda count: count - 1
    return chance.randrange


def _collect(folder: _Folder, prefix: str, choose: Choose) -> Iterator[tuple[str, bytes]]:
    for name, history in folder.names.items():
        node = history[choose(len(history))]
        if isinstance(node, _Folder):
            yield from _collect(node, f"{prefix}{name}/", choose)
        elif node is not None:
            yield prefix + name, _torn(node, choose)


def _torn(file: _File, choose: Choose) -> bytes:
    rest = file.live[len(file.durable) :]
    if not rest:
        return file.durable
    cut = len(rest) // 2
    options = (b"", b"\0" * len(rest), rest[:cut], rest[:cut] + b"\0" * (len(rest) - cut), rest)
    return file.durable + options[choose(len(options))]


def write_state(state: dict[str, bytes], folder: Path) -> Path:
    """Make the files of a state in `folder`."""
    folder.mkdir(parents=True)
    for name, content in state.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
