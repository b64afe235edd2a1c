"""The writer that records: it works on the real disk, and keeps every operation for the model to go through again.

Beside the operations it keeps what the writer has promised: a file that was written durably is there with its bytes
until somebody begins to change it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.format.files import Files, Output, RealFiles
from tests.powercut.disk import Disk, File, Folder, State

Op = tuple[str, str, bytes | str]
"""What was done, to which path, and with what."""


class KilledError(BaseException):
    """The process is dead: nothing that it still tries reaches the disk."""


class RecordingFiles(Files):
    """Writes below `root` for real and records.

    Attributes:
        ops: what was done, in order.
        dies: the process is killed after the first operation of which this is true.
        dead: whether it was.
        threads: False, so that every run is the same.
        marks: (length of `ops`, something that is true from then on), set by whoever drives.
    """

    threads = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ops: list[Op] = []
        self.marks: list[tuple[int, object]] = []
        self.dies: Callable[[Op], bool] = lambda _op: False
        self.dead = False
        self._real = RealFiles()
        self._open: dict[int, str] = {}

    def name(self, path: Path) -> str:
        """A path as operations name it."""
        found = path.relative_to(self.root).as_posix()
        return "" if found == "." else found

    def _note(self, what: str, path: str, more: bytes | str = b"") -> None:
        self.ops.append((what, path, more))
        self.dead = self.dead or self.dies(self.ops[-1])

    def _live(self) -> None:
        if self.dead:
            raise KilledError

    def revive(self) -> None:
        """Another process goes on."""
        self.dies, self.dead = lambda _op: False, False

    def _open_new(self, path: Path) -> int:
        self._live()
        handle = self._real._open_new(path)
        self._open[handle] = self.name(path)
        self._note("create", self.name(path))
        return handle

    def _append(self, handle: int, block: bytes) -> None:
        self._live()
        self._real._append(handle, block)
        self._note("append", self._open[handle], bytes(block))

    def _sync(self, handle: int) -> None:
        self._live()
        self._note("sync", self._open[handle])

    def _close(self, handle: int) -> None:
        self._real._close(handle)
        del self._open[handle]

    def _rename(self, old: Path, new: Path) -> None:
        self._live()
        self._find_strangers(old)
        self._real._rename(old, new)
        self._note("rename", self.name(old), self.name(new))

    def _unlink(self, path: Path) -> None:
        self._live()
        self._real._unlink(path)
        self._note("unlink", self.name(path))

    def _make_dir(self, path: Path) -> None:
        self._live()
        self._real._make_dir(path)
        self._note("mkdir", self.name(path))

    def _remove_dir(self, path: Path) -> None:
        self._live()
        self._real._remove_dir(path)
        self._note("rmdir", self.name(path))

    def fsync_dir(self, folder: Path) -> None:
        self._live()
        if folder == self.root or self.root in folder.parents:
            self._note("fsync_dir", self.name(folder))

    def sync_all(self) -> None:
        self._live()
        self._find_strangers(self.root)
        self._note("sync_all", "")

    def free_space(self, folder: Path) -> int:
        return self._real.free_space(folder)

    def _find_strangers(self, path: Path) -> None:
        """Note what stands there, whoever wrote it: the builders of databases do not go through the writer."""
        for file in sorted(p for p in (path, *path.rglob("*")) if p.is_file()):
            self._note("found", self.name(file), file.read_bytes())

    # Promises

    @contextmanager
    def create(
        self, path: Path, *, expected: str | None = None, durable: bool = True, named: bool = True
    ) -> Iterator[Output]:
        """As the writer does; then note what it promised."""
        with super().create(path, expected=expected, durable=durable, named=named) as out:
            yield out
        if durable and named:
            self._note("promise", self.name(path), path.read_bytes())

    def keep_names(self, paths: Collection[Path]) -> None:
        super().keep_names(paths)
        for path in paths:
            self._note("promise", self.name(path), path.read_bytes())

    def replace(self, old: Path, new: Path) -> None:
        super().replace(old, new)
        self._note("promise moved", self.name(new))

    def remove(self, path: Path) -> None:
        super().remove(path)
        self._note("promise gone", self.name(path))


class Replay:
    """Goes through recorded operations and shows at each what a cut would leave."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.promised: dict[str, bytes] = {}
        self.gone: set[str] = set()
        self._moving: dict[str, bytes] = {}

    def apply(self, op: Op) -> None:
        """One operation more."""
        what, path, more = op
        if what in {"create", "unlink", "rmdir"}:
            self._forget(path)
        if what.startswith("promise"):
            self._promise(what, path, more)
        elif what == "rename":
            assert isinstance(more, str)
            self._move(path, more)
        elif what == "found":
            assert isinstance(more, bytes)
            self._find(path, more)
        elif what == "append":
            assert isinstance(more, bytes)
            self.disk.append(path, more)
        elif what == "mkdir":
            self.disk.put(path, Folder())
        elif what in {"unlink", "rmdir"}:
            if self.disk.find(path) is not None:  # else a stranger that the model never saw
                self.disk.put(path, None)
        elif what == "sync_all":
            self.disk.sync_all()
        else:
            {"create": self.disk.create, "sync": self.disk.sync, "fsync_dir": self.disk.fsync_dir}[what](path)

    def _find(self, path: str, content: bytes) -> None:
        """Something that others wrote without making it durable."""
        parts = path.split("/")[:-1]
        for n in range(1, len(parts) + 1):
            if self.disk.find("/".join(parts[:n])) is None:
                self.disk.put("/".join(parts[:n]), Folder())
        there = self.disk.find(path)
        if not isinstance(there, File):
            self.disk.put(path, File(b"", content))
        elif there.live != content:
            there.live = content

    def _move(self, old: str, new: str) -> None:
        below = f"{old}/"
        self._moving = {
            new + path.removeprefix(old): content
            for path, content in self.promised.items()
            if path == old or path.startswith(below)
        }
        self._forget(old)
        self._forget(new)
        self.disk.rename(old, new)

    def _promise(self, what: str, path: str, content: bytes | str) -> None:
        if what == "promise":
            assert isinstance(content, bytes)
            self.promised[path] = content
            self.gone.discard(path)
        elif what == "promise moved":
            self.promised |= self._moving
        else:
            self.gone.add(path)

    def _forget(self, path: str) -> None:
        self.promised = {p: c for p, c in self.promised.items() if p != path and not p.startswith(f"{path}/")}
        self.gone = {p for p in self.gone if p != path and not p.startswith(f"{path}/")}

    def broken_promises(self, state: State) -> list[str]:
        """What the writer promised and this state does not hold."""
        lost = [f"{path} was written durably" for path, content in self.promised.items() if state.get(path) != content]
        return lost + [f"{path} was removed durably" for path in self.gone if path in state]


def states(ops: list[Op], *, start: int = 0, cap: int = 64, seed: int = 1) -> Iterator[tuple[int, Replay, State]]:
    """Every distinct state that a cut could leave between two operations, as (operations done, replay, state).

    A state that was seen after fewer operations comes again when more has been promised since.

    Args:
        ops: recorded.
        start: first moment.
        cap: most states at one moment.
        seed: of the choices among more.
    """
    chance = random.Random(seed)
    replay = Replay()
    for done in range(len(ops) + 1):
        if done:
            replay.apply(ops[done - 1])
        if done < start or (done and ops[done - 1][0] == "found"):
            continue
        seen: set[frozenset[tuple[str, bytes | None]]] = set()
        for state in replay.disk.outcomes(cap, chance):
            key = frozenset(state.items())
            if key not in seen:
                seen.add(key)
                yield done, replay, state
