"""The recording writer for tests of one function: what it did, and every state that a power cut could leave.

The model of the disk and its rules are in `tests.powercut.disk`; here they have the form that small tests want.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.powercut.box import put
from tests.powercut.recording import Op, RecordingFiles, states


class SimulatedFiles(RecordingFiles):
    """Writes below `root` for real and records."""

    def __init__(self, root: Path, *, ignore: Callable[[str, int], bool] = lambda _what, _n: False) -> None:
        """`ignore(what, n)`: a fault: the n-th `sync` or `fsync_dir` (from 0) does nothing."""
        super().__init__(root)
        self.counts = {"sync": 0, "fsync_dir": 0}
        self._ignore = ignore

    @property
    def journal(self) -> list[Op]:
        """Operations in order: (what, path, bytes or, of a rename, the new path)."""
        return self.ops

    def _is_ignored(self, what: str) -> bool:
        self.counts[what] += 1
        return self._ignore(what, self.counts[what] - 1)

    def _sync(self, handle: int) -> None:
        if not self._is_ignored("sync"):
            super()._sync(handle)

    def fsync_dir(self, folder: Path) -> None:
        if not self._is_ignored("fsync_dir"):
            super().fsync_dir(folder)

    def states(self, *, per_cut: int, seed: int = 1, start: int = 0) -> Iterator[tuple[int, dict[str, bytes]]]:
        """States after a power cut, as (operations done, file contents by path), each once at a moment.

        Args:
            per_cut: at most so many for every moment; with fewer choices there are all.
            seed: of the choices.
            start: first moment; everything before it is taken as it happened.
        """
        for done, _, state in states(self.ops, start=start, cap=per_cut, seed=seed):
            yield done, {name: content for name, content in state.items() if content is not None}


def write_state(state: dict[str, bytes], folder: Path) -> Path:
    """Make the files of a state in `folder`."""
    put(dict(state), folder)
    return folder
