"""The driver: events in, states stepped, actions done, the holdings document published.

One thread owns all states. Each place has a thread of its own for its disk; derived files are made by another; both
only send news. What is believed comes from the mount table and from looking at the places, every second and whenever
a hint arrives.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appliance.clock import Clock
from appliance.intake import states, wording
from appliance.intake.carrying import Receipts
from appliance.intake.door import UPDATE, Door
from appliance.intake.editions import is_superseded
from appliance.intake.entry import Entry, all_known
from appliance.intake.gathered import on_one_disk, parts_of
from appliance.intake.jobs import Jobs
from appliance.intake.journal import Journal
from appliance.intake.making import Key, Maker
from appliance.intake.mounts import Candidate, Mount, candidates, read_mounts
from appliance.intake.place import Admitted, Brought, Followed, Looked, News, Place, Progressed
from appliance.intake.publisher import WORKING, Publisher
from appliance.intake.publishing import carried_by, drive_key, restored
from appliance.intake.remaking import Remaking
from appliance.intake.served import Served
from appliance.intake.states import Asked, Copied, Do, Drive, Forgotten, Missing, Refused, Room, Seen, Short, Stalled
from appliance.intake.trusting import SharedTrust
from appliance.settings import Settings
from appliance.store.commands import receive
from appliance.store.holdings import Holdings, Message
from appliance.store.releases import ReleaseStore, Stored
from appliance.store.verified import VerifiedDrives
from packager.format.files import Files
from packager.format.trust import TrustStore

_log = logging.getLogger(__name__)

MAX_PLACES = 64
READING_PATIENCE = 10
"""While a catalogue is taken in, so many deadlines may pass: comparing long lists takes a slow box its time too."""


class Intake:
    """Takes drives in for as long as it runs. Everything but `poke` is for one thread.

    Attributes:
        others: takes the commands that are about something else than drives, by what they ask for.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        trust_store: TrustStore,
        pid: int,
        before: Holdings,
        receipts: Receipts = lambda _root: None,
    ) -> None:
        """Look at what is on the SSD.

        Args:
            settings: of the box.
            clock: wall time for the document, monotonic for waiting.
            files: the writer.
            trust_store: whom the box trusts.
            pid: of this process, for the document.
            before: the last document, for the numbers of generations and for drives that were there.
            receipts: takes receipts of reports that come along, see `carrying.judge`.
        """
        self._settings, self._clock, self._files = settings, clock, files
        self._trust = SharedTrust(trust_store)
        self._store = ReleaseStore(settings.releases_folder, settings.scratch_folder, files)
        self._store.start()
        verified = VerifiedDrives(settings.data_folder / "verified.json", files)
        self._jobs = Jobs(settings, self._store, self._trust, verified, files, receipts)
        self._journal = Journal(settings.journal_file, files, clock)
        self._news: queue.Queue[tuple[Place, News] | tuple[Key, Stored | None] | None] = queue.Queue()
        self._maker = Maker(self._store, lambda key, made: self._news.put((key, made)))
        self._board = Publisher(
            settings, clock, files, self._store, self._trust, self._maker, self._journal, pid, before
        )
        self._entries: dict[Path, Entry] = {}
        self._mounts: dict[str, Mount] = {}
        self._remaking = Remaking(self._store, self._maker, self._board)
        self._ready: list[tuple[Entry, int]] = []
        self.others: dict[str, Callable[[dict[str, str]], None]] = {}
        self._order, self._served, self._reconciled, self._began = 0, Served.of(before), -1e9, clock.monotonic()
        for held in before.drives[:MAX_PLACES]:
            drive = states.after_power_cut(restored(held, before.releases))
            if drive.phase == "gone":
                self._enter(Candidate(Path(held.path), None), drive, held.since)
        self._journal.add("started", {"pid": pid})
        self._board.order_making()
        self.poke()

    def poke(self) -> None:
        """Look at everything soon; safe in any thread and in signal handlers' threads."""
        self._news.put(None)

    def door(self) -> Door:
        """What whoever brings updates needs of it."""
        return Door(self._store, self._trust, self._board, self._entries, self._news.put)

    def turn(self, wait: float) -> None:
        """Do what there is to do, at most `wait` seconds after nothing happened."""
        self._handle(wait)
        now = self._clock.monotonic()
        if now - self._reconciled >= 1.0:
            self._reconcile(now)
        if all_known(self._entries.values(), now - self._began):
            for command in receive(self._settings.commands_folder, self._files):
                self._command(command)
        self._watch_for_silence()
        self._board.publish_if_due([e.standing() for e in self._entries.values()])
        while self._ready:  # readers come first: what follows keeps both disks busy
            self._begin_follow(*self._ready.pop())

    def close(self) -> None:
        """Stop all work; what is half done is begun again at the next start."""
        for entry in self._entries.values():
            entry.place.close()
        self._maker.close()
        for entry in self._entries.values():
            entry.place.join(1)

    # News

    def _handle(self, wait: float) -> None:
        """Take all news that is there; wait for the first."""
        try:
            news = self._news.get(timeout=wait)
            while True:
                self._take(news)
                news = self._news.get_nowait()
        except queue.Empty:
            return

    def _take(self, news: tuple[Place, News] | tuple[Key, Stored | None] | None) -> None:
        if news is None:
            self._reconciled = -1e9
            self._refresh_trust()
            for known in self._entries.values():
                known.place.look_now()
            return
        source, what = news
        if not isinstance(source, Place):
            self._made(source, what if isinstance(what, Stored) else None)
            return
        entry = self._entries.get(source.folder)
        if entry is None or entry.place is not source or what is None or isinstance(what, Stored):
            return
        self._from_place(entry, what)

    def _from_place(self, entry: Entry, news: News) -> None:
        match news:
            case Looked():
                self._looked(entry, news)
            case Admitted():
                self._refresh_trust()
                entry.admission = news.admission
                carried = carried_by(news.admission, self._settings.issuer_name)
                self._step(entry, states.Trusted(news.attempt, carried))
            case Brought():
                self._brought(entry, news)
            case Followed():
                self._followed(entry, news)
            case Progressed():
                self._progressed(entry, news)
            case Refused() | states.Told() | Short():
                self._refresh_trust()
                self._step(entry, news)

    def _looked(self, entry: Entry, looked: Looked) -> None:
        glance, drive = looked.glance, entry.drive
        entry.looked, entry.parts = True, glance.parts
        named = entry.place.folder in {p.absolute() for p in self._settings.drive_paths}
        if glance.there or entry.is_blank(self._clock.monotonic(), empty=glance.empty, named=named):
            settled = glance.mark == entry.last_mark or drive.phase in {"absent", "gone"}
            entry.last_mark = glance.mark
            if settled:
                self._step(entry, Seen(glance.mark))
            elif glance.mark != drive.mark:
                threading.Timer(0.4, entry.place.look_now).start()
            return
        self._step(entry, Missing())

    def _progressed(self, entry: Entry, news: Progressed) -> None:
        if news.attempt == entry.drive.attempt:
            spent = self._clock.monotonic() - entry.began
            entry.seconds_left = round(spent * (news.total - news.done) / max(1, news.done))
            if entry.drive.phase == "ready" and entry.parcel is not None and entry.parcel.comes:
                key = entry.parcel.stored.folder, "search"
                percent = 100 * news.done // max(1, news.total)
                self._maker.comes(entry.key, key, percent=min(99, percent), seconds_left=entry.seconds_left)
            self._board.changed()

    def _brought(self, entry: Entry, news: Brought) -> None:
        """The truth is on the SSD; the drive is ready as soon as its catalogue can be browsed."""
        self._board.stored[news.parcel.stored.folder] = news.parcel.stored
        entry.parcel, entry.place.watched = news.parcel, news.parcel.missing
        if news.parcel.comes and news.attempt == entry.drive.attempt:
            self._maker.comes(entry.key, (news.parcel.stored.folder, "search"))
        self._board.order_making()
        self._finish(entry)

    def _followed(self, entry: Entry, news: Followed) -> None:
        """What could come after is here, or will not come."""
        entry.place.watched = news.rest.missing
        if entry.parcel is not None and news.attempt == entry.drive.attempt:
            entry.parcel = replace(entry.parcel, stored=news.rest.stored, left=news.rest.left)
        self._comes_no_more(entry)
        self._board.look_for_records()

    def _finish(self, entry: Entry) -> None:
        carried = entry.drive.carried
        if entry.parcel is None or carried is None or entry.drive.phase not in {"reading", "sick"}:
            return
        stored = self._board.stored.get(entry.parcel.stored.folder)
        if stored is None or self._maker.state(stored, "catalogue").state in {"waiting", "rebuilding"}:
            return
        back, since = self._served.serves(carried.tagmanifest)
        self._step(entry, Copied(entry.drive.attempt, carried, back=back))
        entry.since = since or entry.since
        for other in list(self._entries.values()):
            if other is not entry and other.drive.phase == "gone" and self._is_needless(other):
                self._step(other, Forgotten())
        self._board.collect()

    def _made(self, key: Key, made: Stored | None) -> None:
        if made is not None:
            self._board.stored[made.folder] = made
        self._journal.add("made" if made else "not-made", {"folder": key[0], "part": key[1]})
        self._board.changed()
        if key[1] == UPDATE:
            self._board.order_making()
        for entry in list(self._entries.values()):
            self._finish(entry)

    # States

    def _step(self, entry: Entry, event: states.Event) -> None:
        before = entry.drive
        entry.drive, actions = states.step(before, event)
        self._served.stepped(before, entry.drive)
        if states.is_news(before, entry.drive):
            self._order += 1
            entry.since, entry.order, entry.began = self._board.now(), self._order, self._clock.monotonic()
            entry.seconds_left = 0
        for action in actions:
            self._do(entry, action)
        if entry.drive.phase not in {"reading", "ready"}:
            self._comes_no_more(entry)
        if entry.drive.phase == "gone" and before.phase != "gone" and self._is_needless(entry):
            self._step(entry, Forgotten())
        if entry.drive.phase == "refused" and before.phase == "ready":
            self._board.collect()

    def _is_needless(self, entry: Entry) -> bool:
        """Whether nobody need ask for a drive that is gone: an equal one serves, or a newer edition is here whole."""
        last = entry.drive.last
        drives = [e.drive for e in self._entries.values() if e is not entry and e.drive.phase == "ready"]
        serving = [drive.carried for drive in drives if drive.carried is not None]
        if last is None:
            return False
        return any(c.tagmanifest == last.tagmanifest for c in serving) or is_superseded(last, serving)

    def _do(self, entry: Entry, action: Do) -> None:
        match action:
            case Do.TRUST:
                self._begin_trust(entry)
            case Do.COPY:
                self._begin_copy(entry)
            case Do.FOLLOW:
                self._ready.append((entry, entry.drive.attempt))
            case Do.STOP:
                entry.place.stop()
            case Do.JOURNAL:
                self._write_journal(entry)
            case Do.PUBLISH:
                self._board.changed()

    def _begin_trust(self, entry: Entry) -> None:
        entry.admission = entry.parcel = None
        attempt = entry.drive.attempt
        busy = sum(e.drive.phase in {*WORKING, "waiting", "ready", "sick"} for e in self._entries.values())
        if busy > self._settings.max_drives:
            self._news.put((entry.place, Refused(attempt, Message("intake.refused.too_many"))))
            return
        entry.place.begin(attempt, self._jobs.judge(entry))

    def _begin_copy(self, entry: Entry) -> None:
        if entry.admission is not None:
            entry.place.begin(entry.drive.attempt, self._jobs.copy(entry, entry.admission))

    def _begin_follow(self, entry: Entry, attempt: int) -> None:
        here = entry.drive.phase == "ready" and entry.drive.attempt == attempt
        if here and entry.admission is not None and entry.parcel is not None:
            entry.place.begin(attempt, self._jobs.follow(entry, entry.admission, entry.parcel))

    def _comes_no_more(self, entry: Entry) -> None:
        """What came from a drive is here, or must be made."""
        key = self._maker.comes_no_more(entry.key)
        if key is not None:
            self._board.look_again(key[0])
            self._board.order_making()

    def _write_journal(self, entry: Entry) -> None:
        facts = entry.facts()
        self._journal.add(entry.drive.phase, facts)
        _log.info("drive %s: %s %s", entry.key, entry.drive.phase, facts)

    def _refresh_trust(self) -> None:
        """Drives whose release the newest list no longer names are looked at again, and then refused."""
        listed = self._trust.listed()
        for entry in list(self._entries.values()):
            drive = entry.drive
            if drive.phase == "gone" and drive.last is not None and drive.last.tagmanifest not in listed:
                self._step(entry, Forgotten())
            elif drive.carried is not None and drive.carried.tagmanifest not in listed:
                self._step(entry, Asked("look-again"))
        self._board.changed()

    # The world

    def _reconcile(self, now: float) -> None:
        """Compare the mount table and the folders with what is known."""
        self._reconciled = now
        try:
            self._mounts = read_mounts()
        except OSError:
            _log.exception("the mount table cannot be read")
        found = candidates(self._settings.drive_paths, self._settings.drive_folders, self._mounts)
        found = [*found, *parts_of(found, self._entries)][:MAX_PLACES]
        for candidate in found:
            self._meet(candidate)
        here = {candidate.folder for candidate in found}
        for folder, entry in list(self._entries.items()):
            if folder not in here:
                self._step(entry, Missing())
                if entry.drive.phase == "absent":
                    entry.place.close()
                    del self._entries[folder]
        self._board.look_at_devices({mount.source for mount in self._mounts.values()})
        self._make_room()
        self._board.look_for_records()

    def _meet(self, candidate: Candidate) -> None:
        entry = self._entries.get(candidate.folder)
        if entry is None:
            self._enter(candidate, Drive(), self._board.now())
            return
        known = entry.place.candidate.mount
        if known == candidate.mount:
            return
        if known is not None:
            self._step(entry, Missing())
        if entry.place.quiet_for > 1:  # it hangs on a disk that is no longer here: leave it behind
            entry.place.close()
            entry.place = Place(candidate, lambda place, news: self._news.put((place, news)))
        else:
            entry.place.candidate = candidate
            entry.place.look_now()

    def _enter(self, candidate: Candidate, drive: Drive, since: str) -> None:
        place = Place(candidate, lambda place, news: self._news.put((place, news)))
        self._entries[candidate.folder] = Entry(place, drive_key(candidate.folder), drive, since)

    def _make_room(self) -> None:
        """Try again what waits for room when there is enough."""
        for entry in list(self._entries.values()):
            free = self._store.free_space() - self._settings.reserve_bytes
            if entry.drive.phase == "waiting" and free >= entry.room(self._board.stored):
                self._step(entry, Room())

    def _watch_for_silence(self) -> None:
        for entry in list(self._entries.values()):
            patience = READING_PATIENCE if entry.drive.phase == "reading" else 1
            if entry.place.quiet_for > patience * self._settings.drive_deadline_seconds:
                self._step(entry, Stalled(wording.sick_message(entry.drive.carried)))

    def _command(self, command: dict[str, str]) -> None:
        what = command["do"]
        self._journal.add("command", {k: v[:200] for k, v in command.items()})
        if what in self.others:
            self.others[what](command)
            return
        if what == "rebuild":
            self._remaking.ask(command.get("folder", ""), command.get("part", ""), by_itself="why" in command)
            return
        for entry in on_one_disk(command.get("drive", ""), self._entries, all_of_it=what in {"eject", "keep"}):
            self._step(entry, Asked(command.get("why", what)))
            entry.place.look_now()
