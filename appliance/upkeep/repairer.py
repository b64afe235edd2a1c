"""Repairing known damage: the bytes are sought, proved, and kept on the SSD, where readers get them from.

A round looks at all standing damage. For each place the sources are asked in order: another plugged drive, a folder or
stick, the publisher's server. A source that did not have a chunk is not asked for it again on the same occasion.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from appliance.clock import Clock
from appliance.settings import Settings
from appliance.store.faults import Fault, FaultReader
from appliance.store.objects import ObjectStore
from appliance.store.repairs import Repaired, RepairStore
from appliance.upkeep.payload import Located, Piece, Plugged, locate, piece_of
from appliance.upkeep.sources import DriveSource, Source
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.layout import CHUNK

_log = logging.getLogger(__name__)

BATCH = 50
"""Repaired places that are noted in one go."""
Place = tuple[str, int]
"""Digest of an item and number of a chunk, -1 for the item as a whole."""


@dataclass(slots=True)
class Outcome:
    """What a round did.

    Attributes:
        done: places repaired. left: places for which nobody had the bytes. full: whether there was no room for more.
        fetched: chunks that came in this round; what is repaired beyond them was kept before.
        silent: whether a drive or stick did not answer in time: it may have what is left.
        by_mark: source → (places repaired from it, places where it had other bytes).
    """

    done: int = 0
    left: int = 0
    full: bool = False
    fetched: int = 0
    silent: bool = False
    by_mark: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


class Repairer:
    """Does rounds. For one thread."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        *,
        store: RepairStore,
        objects: ObjectStore,
        stopping: threading.Event,
    ) -> None:
        """Begin with what is kept.

        Args:
            settings: of the box.
            clock: wall time.
            files: the writer.
            store: what was repaired.
            objects: the bytes.
            stopping: set when the process is to end.
        """
        self._settings, self._clock, self._files = settings, clock, files
        self._store, self._objects, self._stopping = store, objects, stopping
        self._faults = FaultReader(settings.faults_file)
        self._asked: set[tuple[str, Place]] = set()
        self._kept: int = sum(size for _, size in objects.all())

    def forget_answers(self) -> None:
        """Ask every source again in the next round."""
        self._asked.clear()

    def news(self) -> bool:
        """Whether the record of damage has changed since this was asked last."""
        return self._faults.changed()

    def round(
        self,
        releases: Mapping[str, Path],
        plugged: Sequence[Plugged],
        make_drive: Callable[[Plugged, dict[str, str]], DriveSource],
        others: Sequence[Source],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        broken_off: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Try to repair all standing damage.

        Args:
            releases: all releases on the SSD, whose digests prove what is found: name → folder.
            plugged: drives that serve now.
            make_drive: makes a source of a drive and the paths of the wanted items in its release.
            others: sources that are no drives, in the order in which they are asked.
            progress: told after every place for which bytes came: places done, places altogether.
            broken_off: whether a source gave way to another round, which is to follow at once.
        """
        outcome = Outcome()
        standing = self._standing()
        self._store.keep_attempts(set(standing))
        if not standing:
            return outcome
        located = self._locate(releases, {sha256 for sha256, _ in standing})
        drives = [
            make_drive(p, {sha: at.path for sha, at in located[p.folder].items() if self._carries(p, at)})
            for p in plugged
        ]
        sources = [*drives, *others]
        done: list[Repaired] = []
        failed: list[Place] = []
        for place, faults in sorted(standing.items()):
            if self._stopping.is_set():
                break
            folder = next((name for name, items in located.items() if place[0] in items), None)
            if folder is None:
                continue  # no release has it any more: there is nothing to mend
            before = outcome.fetched
            rows = self._mend(place, faults, releases[folder], located[folder][place[0]], sources, outcome)
            done += rows
            outcome.done += bool(rows)
            if not rows:
                if broken_off():
                    break
                failed.append(place)
            if len(done) >= BATCH:
                self._store.add(done)
                done = []
            if outcome.fetched > before:
                progress(outcome.done, len(standing))
        self._store.add(done)
        self._store.tried(failed, self._now())
        outcome.left = len(failed)
        return outcome

    def _standing(self) -> dict[Place, list[Fault]]:
        found: dict[Place, list[Fault]] = defaultdict(list)
        for fault in self._faults.standing():
            found[fault.sha256, fault.chunk].append(fault)
        return found

    def _locate(self, releases: Mapping[str, Path], wanted: set[str]) -> dict[str, dict[str, Located]]:
        found: dict[str, dict[str, Located]] = {}
        for name, folder in releases.items():
            try:
                found[name] = locate(folder, wanted)
            except (FormatError, OSError) as error:
                _log.warning("the items of %s cannot be read: %s", name, error)
                found[name] = {}
        return found

    def _carries(self, plugged: Plugged, at: Located) -> bool:
        held = plugged.carries()
        return held is None or held.holds(at.path)

    def _mend(
        self,
        place: Place,
        faults: Sequence[Fault],
        release: Path,
        at: Located,
        sources: Sequence[Source],
        outcome: Outcome,
    ) -> list[Repaired]:
        """Rows for a place that is mended now: one a chunk, and the place itself; none when a chunk is lacking."""
        sha256, index = place
        rows: list[Repaired] = []
        for number in range(-(-at.size // CHUNK)) if index < 0 else (index,):
            try:
                piece = piece_of(release, sha256, at, number)
            except (FormatError, OSError) as error:
                _log.warning("the digests of %s cannot be read: %s", release.name, error)
                return []
            source = self._find(piece, {f.drive for f in faults}, sources, outcome) if piece else None
            if piece is None or source is None:
                return []
            rows.append(
                Repaired(sha256, number, piece.digest.hex(), piece.length, faults[0].item_id, *source, at=self._now())
            )
        return [*rows, replace(rows[-1], chunk=-1)] if index < 0 and rows else rows

    def _find(self, piece: Piece, bad: set[str], sources: Sequence[Source], outcome: Outcome) -> tuple[str, str] | None:
        """Have the chunk kept; the kind and name of whom it is from, None when nobody has it."""
        if self._objects.read(piece.digest) is not None:
            return self._store.source_of(piece.sha256, piece.index)
        for source in sources:
            asked = (source.mark, (piece.sha256, piece.index))
            if asked in self._asked or source.drive in bad:
                continue
            got = source.fetch(piece)
            if got.chunk is not None:
                if not self._keep(got.chunk, piece):
                    outcome.full = True
                    return None
                outcome.by_mark[source.mark][0] += 1
                outcome.fetched += 1
                return source.kind, source.name
            outcome.by_mark[source.mark][1] += got.wrong
            if got.away:
                outcome.silent |= source.kind != "network"
            else:
                self._asked.add(asked)
        return None

    def _keep(self, chunk: bytes, piece: Piece) -> bool:
        room = self._files.free_space(self._settings.data_folder) - self._settings.reserve_bytes
        if self._kept + len(chunk) > self._settings.repair_bytes or room < len(chunk):
            _log.warning("there is no room for more repaired chunks: %d bytes are kept", self._kept)
            return False
        try:
            self._objects.add(chunk, piece.digest, self._files)
        except OSError as error:
            _log.warning("a repaired chunk cannot be kept: %s", error)
            return False
        self._kept += len(chunk)
        return True

    def collect(self, releases: Mapping[str, Path]) -> None:
        """Drop chunks of items that no release on the SSD has any more, and bytes that no row speaks for."""
        rows = self._store.all()
        wanted = {row.sha256 for row in rows}
        known: set[str] = set()
        for name, folder in releases.items():
            try:
                known |= locate(folder, wanted).keys() if wanted else set()
            except (FormatError, OSError) as error:
                _log.warning("the items of %s cannot be read, nothing is dropped: %s", name, error)
                return
        kept = {row.digest for row in rows if row.sha256 in known}
        for digest, size in list(self._objects.all()):
            if digest not in kept:
                self._objects.remove(digest, self._files)
                self._kept -= size
        self._store.drop([(row.sha256, row.chunk) for row in rows if row.sha256 not in known])

    def close(self) -> None:
        """Close what this opened."""
        self._faults.close()

    def _now(self) -> str:
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
