"""Bringing one update, wherever it comes from: which releases are due, the chain of deltas, their packs, the release.

Nothing that was fetched or made before is fetched or made again. For one thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.store.carried import CarriedStore
from appliance.store.releases import folder_name
from appliance.sync.old_items import OldItems
from appliance.sync.room import check_room, room_of
from appliance.sync.routes import route
from appliance.sync.tables import Tables
from appliance.sync.update import OldAwayError, Update
from appliance.sync.wholes import Wholes
from packager.format.deltas import Delta, parse_target, read_delta
from packager.format.errors import DigestError
from packager.format.origin import OriginError

if TYPE_CHECKING:
    from appliance.intake.door import Door
    from appliance.settings import Settings
    from appliance.store.releases import Stored
    from appliance.sync.incoming import Incoming
    from appliance.sync.supply import Supply
    from packager.format.files import Files
    from packager.format.items import ItemLine
    from packager.format.release import Digest, Release
    from packager.format.trust import Trusted

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """One bundle's way. stored: the release that is here. steps: the chain. new: what it leads to."""

    stored: Stored
    steps: tuple[Delta, ...]
    new: Release


class Bringing:
    """What updates have in common."""

    def __init__(
        self, settings: Settings, files: Files, door: Door, incoming: Incoming, check_stop: Callable[[], None]
    ) -> None:
        """Begin.

        Args:
            settings: of the box.
            files: the writer.
            door: to intake.
            incoming: what is being fetched.
            check_stop: raises when all work is to be broken off.
        """
        self._settings, self._files, self._door, self._incoming = settings, files, door, incoming
        self._check_stop = check_stop
        self.carried = CarriedStore(settings.carried_folder)
        self.documents = settings.incoming_folder / "documents"
        self.old = OldItems(door, self.carried)
        self._passed: set[str] = set()  # folders of releases of which intake is not told
        self.tables = Tables(files, door, incoming)
        self.wholes = Wholes(settings, files, door, incoming, self.carried, self.old.read)

    def due(self, trusted: Trusted) -> Iterator[tuple[Stored, list[Release]]]:
        """For every bundle here the release that it has, and those that are listed and newer, the newest first."""
        listed = {(release.bundle, release.seq, release.number) for release in trusted.releases}
        here: dict[str, Stored] = {}
        for stored in self._door.store.all():
            known = here.get(stored.release.bundle)
            is_listed = (stored.release.bundle, stored.release.seq, stored.release.number) in listed
            if is_listed and (known is None or stored.release.seq > known.release.seq):
                here[stored.release.bundle] = stored
        for bundle, stored in sorted(here.items()):
            newer = [r for r in trusted.releases if r.bundle == bundle and r.seq > stored.release.seq]
            if newer:
                yield stored, sorted(newer, key=lambda release: -release.seq)

    def heads(self, supply: Supply, trusted: Trusted, old: Release) -> list[tuple[Delta, int]]:
        """The listed deltas that begin with a release or a later one and that a supply has, with bytes of documents.

        Raises:
            OriginError: a document is another one.
            SourceError: the supply does not answer.
        """
        found = []
        for name, wanted in trusted.deltas.items():
            bundle, begins, _ = parse_target(name) or ("", 0, 0)
            if bundle == old.bundle and begins >= old.seq and supply.has(name, wanted):
                found.append((read_delta(self._document(supply, name, wanted))[0], wanted.size))
        return found

    def plans(self, supply: Supply, trusted: Trusted) -> tuple[list[Plan], list[Release]]:
        """What a supply can make of the releases that are here, and those of them that it leads nowhere.

        The newest listed release of every bundle that a chain leads to; chains are the cheapest.
        """
        plans, stuck = [], []
        for stored, newer in self.due(trusted):
            heads = self.heads(supply, trusted, stored.release)
            chains = ((release, route(heads, stored.release, release)) for release in newer)
            plan = next((Plan(stored, chain, release) for release, chain in chains if chain), None)
            if plan is None:
                stuck.append(stored.release)
            else:
                plans.append(plan)
        return plans, stuck

    def _document(self, supply: Supply, name: str, wanted: Digest) -> Path:
        """The document of a delta, brought once."""
        path = self.documents / wanted.sha256
        if path.exists():
            return path
        self._files.make_dir(self.documents)
        try:
            self._files.write_atomic(path, supply.document(name, wanted), expected=wanted.sha256)
        except DigestError as error:
            raise OriginError(f"{name} is another") from error
        supply.took(wanted.size)
        return path

    def fetch(self, supply: Supply, step: Delta) -> None:
        """Bring the packs of one delta.

        Raises:
            OriginError: one cannot be had.
            OSError: the SSD is full or does not answer.
        """
        for pack in step.packs:
            if self._incoming.fetch(pack, supply.sources(), supply.allow, supply.took) is None:
                raise OriginError(f"pack {pack.sha256[:12]} cannot be had")

    def check_room(self, plans: Iterable[tuple[Sequence[Delta], Release]]) -> None:
        """Before a byte is written: packs, what they hold, and the lists of what chains of deltas lead to.

        Args:
            plans: chains, each with the release that it leads to.

        Raises:
            IntakeError: see `room.check_room`.
        """
        need = 0
        for steps, new in plans:
            packs = [pack for step in steps for pack in step.packs]
            need += room_of(new) + sum(2 * pack.size - self._incoming.fetched(pack) for pack in packs)
        check_room(self._door.store, self._settings.reserve_bytes, need)

    def is_here(self, step: Delta) -> bool:
        """Whether all packs of a delta are here."""
        return all(self._incoming.is_whole(pack) for pack in step.packs)

    def make(
        self, old: Stored, step: Delta, trusted: Trusted, supply: Supply | None = None, *, last: bool = True
    ) -> Stored:
        """Make the release that a delta leads to; its document and packs are here.

        Args:
            old: the release that is here.
            step: the delta.
            trusted: what is listed.
            supply: asked for items whole whose old bytes are damaged; those of a drive that is away wait for it.
            last: whether nothing follows at once. Else intake is not told: nothing is derived of what is passed by,
                and it goes when the next release is here.

        Raises:
            as `Update.apply`.
        """
        if not old.whole:
            raise OldAwayError(old.folder)  # its records are still to come from the drive
        new = led_to(step, trusted)
        packs = [path for pack in step.packs for path in self._incoming.pieces(pack)]
        if self._settings.update_apply == "closing":
            self._door.board.editions.stage(folder_name(new), self._door.board.now())
        update = Update(old, new, self.documents / trusted.deltas[step.target].sha256, packs)
        stored = update.apply(
            self._door.store, self.carried, self._files, read_old=lambda *what: self.old.read(old, *what),
            whole=lambda item: self._whole(supply, old, item),
            reserve=self._settings.reserve_bytes, progress=lambda _done, _total: self._check_stop(),
        )  # fmt: skip
        self._door.board.carried_changed()
        if last:
            self._door.came(stored)
        else:
            self._passed.add(stored.folder)
        for pack in step.packs:
            self._incoming.forget(pack)
        self._leave(old)
        return stored

    def stay_at(self, reached: Stored) -> None:
        """Tell intake of a release that was to be passed by: what follows it cannot be had now."""
        self._passed.discard(reached.folder)
        self._door.came(reached)

    def _leave(self, passed: Stored) -> None:
        """Drop a release that was only passed by, unless a drive of it came meanwhile."""
        if passed.folder in self._passed and passed.folder not in self._door.board.stored:
            self._passed.discard(passed.folder)
            self._door.store.drop(passed)
            if self._settings.update_apply == "closing":
                self._door.board.editions.let_go([passed.folder])

    def _whole(self, supply: Supply | None, old: Stored, item: ItemLine) -> Iterator[bytes] | None:
        here = supply is not None and self.old.has_drive(old)
        return self.wholes.blocks(supply, item) if supply is not None and here else None


def led_to(step: Delta, trusted: Trusted) -> Release:
    """The listed release to which a delta leads; there is one."""
    return next(r for r in trusted.releases if (r.bundle, r.seq, r.number) == (step.bundle, step.new, step.new_number))
