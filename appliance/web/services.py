"""What the pages ask of the rest of the box, gathered in one value that is handed to the application factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from appliance.box.state import BoxState
from appliance.box.system_state import SystemState
from appliance.serving.upkeep_view import UpkeepState
from appliance.store.diary import Line
from appliance.store.preferences import Preferences
from appliance.store.starts import Starts
from appliance.store.updating import UpdateState

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.library.library import Library
    from appliance.people.accounts import Accounts
    from appliance.people.recoveries import RecoveryLog
    from appliance.serving.chunks import ChunkStore
    from appliance.serving.pools import DrivePools
    from appliance.serving.texts import TextSearch
    from appliance.serving.throttle import ByteShares
    from appliance.store.faults import FaultStore
    from appliance.store.outbox import ReportRow
    from appliance.store.wishes import WishStore
    from appliance.web.renditions import RenditionService


class Keeper(Protocol):
    """Knows the newest view of everything the box holds."""

    @property
    def library(self) -> Library:
        """The newest view; ask once a request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the pages use; all of it may be used from any number of threads.

    Attributes:
        keeper: the library. clock: the time. faults: known damage. accounts: staff.
        chunks: verified chunks in memory. pools: who reads drives. shares: of bytes, by browser; None for no limit.
        command: asks the worker to do something (`appliance.store.commands.send` with its folder).
        renditions: what makes page images, chapters and tile packs for the readers.
        upkeep: how far checks and repairs are.
        texts: searches the texts inside resources; None: titles only.
        wishes: what readers would like the library to have; None: nothing is registered.
        box: what the box step did with box files and recovery sticks. recoveries: the record of used recovery sticks;
            None: nobody can use one. system: which system runs, and what became of another.
        degraded: why the box's own disk cannot be relied upon; empty: it can. accounts_away: whether accounts cannot be
            read, so that nobody can sign in. starts: after ends that nobody wanted.
        happened: what was said of late, the newest last.
        reports: of every month the last report to the issuer, the newest first.
        updates: how updates stand. preferences: what the director chose about them.
    """

    keeper: Keeper
    clock: Clock
    faults: FaultStore
    accounts: Accounts
    chunks: ChunkStore
    pools: DrivePools
    command: Callable[[Mapping[str, str]], None]
    shares: ByteShares | None = None
    renditions: RenditionService | None = None
    upkeep: Callable[[], UpkeepState] = UpkeepState
    texts: TextSearch | None = None
    wishes: WishStore | None = None
    box: Callable[[], BoxState] = BoxState
    recoveries: RecoveryLog | None = None
    degraded: str = ""
    accounts_away: bool = False
    starts: Callable[[], Starts] = Starts
    system: Callable[[], SystemState] = SystemState
    happened: Callable[[], tuple[Line, ...]] = tuple
    updates: Callable[[], UpdateState] = UpdateState
    reports: Callable[[], tuple[ReportRow, ...]] = tuple
    preferences: Callable[[], Preferences] = Preferences
