"""Following the holdings document and swapping views, without ever stopping a reader."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.errors import HoldingsError
from appliance.library.library import Library
from appliance.library.present import Digests, Presence, digests_of
from appliance.library.searching import Searching
from appliance.library.shelf import OpenRelease, Shelf, disk_lists
from appliance.library.turns import Gates
from appliance.library.union import count_types, hidden_rows, precedence, thinned_parents, with_parts
from appliance.store.carried import CarriedStore
from appliance.store.holdings import HeldRelease, Holdings, Part, read_holdings
from indexer.errors import IndexerError
from indexer.rows import Rows
from packager.format.errors import FormatError

_log = logging.getLogger(__name__)

Broken = Callable[[str, str], None]
_Files = tuple[str, ...]
"""What tells one set of open files from another: folder, name of the derived file; of open releases lists of drives."""
_Union = tuple[tuple[Rows, ...], dict[str, int], frozenset[str], frozenset[str]]
"""Hidden rows of each shelf, counts by type, parents of hidden ones, all that is withdrawn."""


class LibraryKeeper:
    """Knows the newest `Library`; a thread looks at the document thirty times a second (25 µs each).

    Opened releases and the searcher are carried over from view to view as long as the document names the same
    files, so a drive that comes or goes costs a few microseconds and no file is opened twice.
    """

    def __init__(
        self,
        holdings_file: Path,
        releases: Path,
        *,
        poll_seconds: float = 0.03,
        broken: Broken | None = None,
        carried: Path | None = None,
    ) -> None:
        """Read the document once; `start` follows it.

        Args:
            holdings_file: `Settings.holdings_file`.
            releases: `Settings.releases_folder`.
            poll_seconds: how often the document is looked at.
            broken: told the release's folder and the part (`catalogue` or `search`) when a derived file cannot be
                opened or turns out to be damaged, once for each file, so that the worker makes it again. Called in
                any thread; an OSError of it is logged, and the next failure tells again.
            carried: `Settings.carried_folder`; None: nothing came by updates.
        """
        self._file, self._releases, self._poll = holdings_file, releases, poll_seconds
        self._broken = broken or (lambda _folder, _part: None)
        self._told: set[tuple[str, str]] = set()
        self._telling = threading.Lock()
        self._opened: dict[_Files, OpenRelease] = {}
        self._searching: tuple[tuple[_Files, ...], Searching | None] = ((), None)  # of which files
        self._united: tuple[tuple[_Files, ...], _Union] = ((), ((), {}, frozenset(), frozenset()))
        self._presence = Presence()
        self._carried = CarriedStore(carried) if carried is not None else None
        self._digests: tuple[int, Digests | None] = (0, None)  # as of which count in the document
        self._turns = Gates()
        self._seen: tuple[int, int, int] | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._library = Library(Holdings())
        self._look()

    @property
    def library(self) -> Library:
        """The newest view. Take it once a request."""
        return self._library

    def start(self) -> None:
        """Follow the document in a thread until `close`."""
        self._thread = threading.Thread(target=self._follow, name="library-keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following; the last view stays usable."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def refresh(self) -> bool:
        """Look at the document now; whether there is a new view. A damaged document changes nothing.

        A new view is there at once; what search counts as readable follows, for a large set seconds later. Not for
        use by several threads at once.
        """
        changed = self._look()
        if self._presence.complete:
            return changed
        self._library = self._view(self._library.holdings, known_only=False)
        return True

    def _look(self) -> bool:
        seen = self._mark()
        if seen == self._seen:
            return False
        try:
            holdings = read_holdings(self._file)
        except (HoldingsError, OSError) as error:
            _log.warning("holdings cannot be read, the last ones stay: %s", error)
            return False
        self._seen = seen
        self._library = self._view(holdings, known_only=True)
        return True

    def _follow(self) -> None:
        while not self._stop.wait(self._poll):
            try:
                self.refresh()
            except Exception:  # noqa: BLE001 - the view that is there stays, whatever happens to the next one
                _log.exception("the new view could not be made, the last one stays")

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            facts = self._file.stat()
        except OSError:
            return None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size

    def _view(self, holdings: Holdings, *, known_only: bool) -> Library:
        live = sorted(holdings.live(), key=precedence)
        plugged = {d.folder for d in holdings.drives if d.serves}
        others = [r for r in holdings.releases if not r.live and r.folder in plugged]
        opened = {self._files(r): self._open(r) for r in (*live, *others) if r.catalogue.state != "failed"}
        self._opened = {key: found for key, found in opened.items() if found is not None}
        shelves = [Shelf(self._opened[self._files(r)], r) for r in live if self._files(r) in self._opened]
        spare = [Shelf(self._opened[self._files(r)], r) for r in others if self._files(r) in self._opened]
        try:
            hidden, counts, thinned, withdrawn = self._unite(shelves, holdings.hidden)
        except IndexerError:
            shelves = self._that_unite(shelves, holdings.hidden)
            hidden, counts, thinned, withdrawn = self._unite(shelves, holdings.hidden)
        searching = self._search(shelves, hidden)
        here = self._presence.masks(
            shelves, spare, holdings.drives, known_only=known_only, **self._carried_digests(holdings)
        )
        return Library(
            holdings,
            shelves,
            spare,
            hidden=hidden,
            counts=counts,
            thinned=thinned,
            withdrawn=withdrawn,
            searching=searching,
            here=here,
            damage=self._damaged,
            turns=self._turns,
            carried=self._carried if holdings.carried else None,
        )

    def _carried_digests(self, holdings: Holdings) -> dict[str, Digests]:
        """What came by updates; listed again when the document says that it changed."""
        if self._carried is None or not holdings.carried:
            return {}
        if self._digests[1] is None or self._digests[0] != holdings.carried:
            self._digests = holdings.carried, digests_of(self._carried)
        return {"carried": self._digests[1]} if self._digests[1] is not None else {}

    def _files(self, release: HeldRelease) -> _Files:
        lists = disk_lists(self._releases / release.folder) if release.disks > 1 else ()
        return release.folder, release.catalogue.name, *lists

    def _open(self, release: HeldRelease) -> OpenRelease | None:
        found = self._opened.get(self._files(release))
        if found is not None:
            return found
        if release.catalogue.state != "ready":
            return self._before(release)
        try:
            return OpenRelease(self._releases / release.folder, release.catalogue.name, set_of_drives=release.disks > 1)
        except (IndexerError, FormatError, OSError) as error:
            _log.warning("catalogue of %s cannot be opened: %s", release.folder, error)
            self._tell(release.folder, release.catalogue.name, "catalogue")
            return None

    def _before(self, release: HeldRelease) -> OpenRelease | None:
        """The files that were open until its catalogue was to be made again: most of it can be read meanwhile."""
        folder, _, *lists = self._files(release)
        return next((o for (at, _, *had), o in self._opened.items() if (at, had) == (folder, lists)), None)

    def _unite(self, shelves: list[Shelf], withdrawn: tuple[str, ...]) -> _Union:
        key = (*((s.release.folder, s.release.catalogue.name) for s in shelves), withdrawn)
        if self._united[0] != key:
            whole = with_parts(shelves, withdrawn)
            hidden = hidden_rows(shelves, whole)
            self._united = key, (hidden, count_types(shelves, hidden), thinned_parents(shelves, hidden), whole)
        return self._united[1]

    def _that_unite(self, shelves: list[Shelf], withdrawn: tuple[str, ...]) -> list[Shelf]:
        """The shelves without those whose catalogue opens and then cannot be read; these are told and made again."""
        whole: list[Shelf] = []
        for shelf in shelves:
            try:
                self._unite([*whole, shelf], withdrawn)
            except IndexerError as error:
                self._damaged(shelf, "catalogue", error)
            else:
                whole.append(shelf)
        return whole

    def _search(self, shelves: list[Shelf], hidden: tuple[Rows, ...]) -> Searching | None:
        """Over the shelves whose index is ready; the others join when theirs is."""
        ready = [n for n, shelf in enumerate(shelves) if shelf.index is not None]
        if not ready:
            self._searching = (), None  # what is no longer named must close with its last user
            return None
        key = (*self._united[0], *((str(n), shelves[n].release.search.name) for n in ready))
        if self._searching[0] == key:
            return self._searching[1]
        searching = None
        try:
            searching = Searching([shelves[n] for n in ready], [hidden[n] for n in ready], self._damaged)
        except (IndexerError, OSError) as error:
            _log.warning("search cannot be opened: %s", error)
        self._searching = key, searching
        return searching

    def _damaged(self, shelf: Shelf, part: str, error: Exception) -> None:
        """A derived file of a shelf cannot be read. In any thread, perhaps for every record of every request."""
        made: Part = getattr(shelf.release, part)
        if made.state == "ready" and (shelf.release.folder, made.name) not in self._told:
            _log.warning("%s of %s cannot be read: %s", part, shelf.release.folder, error)
            self._tell(shelf.release.folder, made.name, part)

    def _tell(self, folder: str, name: str, part: str) -> None:
        with self._telling:
            if (folder, name) in self._told:
                return
            self._told.add((folder, name))
        try:
            self._broken(folder, part)
        except OSError:
            _log.exception("%s of %s could not be asked for again", part, folder)
            self._told.discard((folder, name))
