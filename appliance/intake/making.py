"""Which derived files are lacking, and making them one at a time in the background."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.errors import StoreError
from appliance.intake.overlaying import is_heavy, is_laid, older_of
from appliance.intake.rebuild import Task, run_task
from appliance.store.holdings import Part
from appliance.store.releases import PARTS, ReleaseStore, Stored

_log = logging.getLogger(__name__)

Key = tuple[str, str]
"""The release's folder name and the part."""


def wanted(stored: Sequence[Stored], failed: set[Key]) -> list[Key]:
    """Derived files that are lacking, in the order to make them: every catalogue before any index, as given.

    Of a release that lacks its records nothing can be made.
    """
    whole = [s for s in stored if s.whole]
    return [(s.folder, part) for part in PARTS for s in whole if part not in s.parts and (s.folder, part) not in failed]


class Maker:
    """Makes lacking derived files in a thread that waits for a child process; one at a time.

    What comes from a drive is not made.
    """

    def __init__(
        self, store: ReleaseStore, tell: Callable[[Key, Stored | None], None], *, run: Callable[..., bool] = run_task
    ) -> None:
        """Begin with nothing to do.

        Args:
            store: takes what was made.
            tell: called in the maker's thread when one is made (the release as it is now) or cannot be (None).
            run: makes one, see `rebuild.run_task`.
        """
        self._store, self._tell, self._run = store, tell, run
        self._tasks: queue.Queue[tuple[Stored, str] | None] = queue.Queue()
        self._whole: set[Key] = set()  # not to be laid over anything
        self._states: dict[Key, Part] = {}
        self._failed: set[Key] = set()
        self._coming: dict[str, tuple[Key, Part]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="maker", daemon=True)
        self._thread.start()

    def update(self, stored: Sequence[Stored]) -> None:
        """Ask for everything that is lacking in these releases, those readers need most first."""
        by_folder = {s.folder: s for s in stored}
        coming = {key for key, _ in self._coming.values()}
        for folder, part in wanted(stored, self._failed):
            if (folder, part) not in self._states and (folder, part) not in coming:
                self._states[folder, part] = Part("waiting", percent=0)
                self._tasks.put((by_folder[folder], part))
        for one in stored:
            self._follow(one)

    def comes(self, drive: str, key: Key, *, percent: int = 0, seconds_left: int = 0) -> None:
        """One comes from a drive, and so much of it is here."""
        self._coming[drive] = key, Part("rebuilding", percent=percent, seconds_left=seconds_left)

    def comes_no_more(self, drive: str) -> Key | None:
        """What came from that drive is here, or is not to be waited for; None when nothing came."""
        key, _ = self._coming.pop(drive, (None, None))
        return key

    def give_up(self, folder: str, part: str) -> None:
        """Count it as one that cannot be made, until somebody asks `again`."""
        self._failed.add((folder, part))

    def again(self, folder: str, part: str) -> None:
        """Forget that it failed, so that the next `update` asks for it again; it is then made whole."""
        self._failed.discard((folder, part))
        self._whole.add((folder, part))

    def state(self, stored: Stored, part: str) -> Part:
        """The state of a derived file, for the holdings document."""
        if part in stored.parts:
            return Part("ready", stored.parts[part])
        if (stored.folder, part) in self._failed:
            return Part("failed", percent=0)
        coming = (how for key, how in self._coming.values() if key == (stored.folder, part))
        lacking = Part("waiting" if stored.whole else "unplugged", percent=0)
        return self._states.get((stored.folder, part)) or next(coming, lacking)

    @property
    def busy(self) -> bool:
        """Whether something is being made, comes or waits."""
        return bool(self._states or self._coming)

    def close(self) -> None:
        """Kill what is being made and end."""
        self._stop.set()
        self._tasks.put(None)
        self._thread.join(10)

    def _work(self) -> None:
        while not self._stop.is_set():
            self.turn()

    def turn(self) -> None:
        """Wait for the next one and make it; for the maker's thread."""
        task = self._tasks.get()
        if task is not None and not self._stop.is_set():
            self._make(*task)

    def _make(self, stored: Stored, part: str) -> None:
        key = (stored.folder, part)
        made = None
        started = time.monotonic()
        try:
            out = self._store.stage(f"make-{part}") / ("catalogue.db" if part == "catalogue" else "search")
            made = self._that_came(stored, part)
            if made is None and self._run(
                self._task(stored, part, out), lambda percent, left: self._progress(key, percent, left), self._stop
            ):
                laid = out.with_suffix("")
                found = laid if laid.is_dir() else out
                made = self._that_came(stored, part) or self._store.adopt(stored, part, found)
                _log.info("%s of %s made in %.0f s", part, stored.folder, time.monotonic() - started)
                self._follow(made)
        except (StoreError, OSError) as error:
            _log.warning("%s of %s cannot be made: %s", part, stored.folder, error)
        finally:
            self._store.unstage(f"make-{part}")
        if made is None and not self._stop.is_set():
            self._failed.add(key)
        self._states.pop(key, None)
        self._tell(key, made)

    def _task(self, stored: Stored, part: str, out: Path) -> Task:
        """What to make, over an older edition's where that may be."""
        fresh = self._store.get(stored.folder) or stored
        older = None if (stored.folder, part) in self._whole else older_of(fresh, part, self._store.all())
        upon = stored.path / fresh.parts["catalogue"] if older is not None and part == "search" else None
        return Task(
            stored.folder, part, stored.catalogue_jsonl, stored.items_txt, out, stored.release.count, older, upon
        )

    def _follow(self, made: Stored) -> None:
        """When much lies over little, both are made whole after all else; until then readers have what is there."""
        catalogue = made.path / made.parts.get("catalogue", "")
        if set(made.parts) != set(PARTS) or (made.folder, "catalogue") in self._whole:
            return
        if is_laid(catalogue) and is_heavy(catalogue):
            for heavy in PARTS:
                self._whole.add((made.folder, heavy))
                self._tasks.put((made, heavy))

    def _that_came(self, stored: Stored, part: str) -> Stored | None:
        """The release, when a drive has brought the part meanwhile; not what it had before it was to be replaced."""
        found = self._store.get(stored.folder)
        if found is None or part not in found.parts or found.parts[part] == stored.parts.get(part):
            return None
        return found

    def _progress(self, key: Key, percent: int, left: int) -> None:
        self._states[key] = Part("rebuilding", percent=percent, seconds_left=left)
