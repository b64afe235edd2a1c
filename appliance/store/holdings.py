"""What the box holds: the one document that the worker writes and the serving process reads.

The worker owns intake; the serving process owns readers. Between them stands this document and nothing else: a
canonical JSON file, replaced in one step, with a generation number that only grows. A reader sees an old document
or a new one, never half of one. When the worker dies the last document stays true for what is on the SSD, and the
serving process goes on with it.

Sentences appear as keys with raw values, never as text, so that every page speaks its reader's language:

    duration    whole seconds        size, free    bytes          percent       0-99
    date        2026-11-22           month         2026-11        count, total  whole numbers
    edition, issuer, drive, bundle   text as signed or as named by staff
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from appliance.errors import HoldingsError
from packager.format.files import Files

_log = logging.getLogger(__name__)

FORMAT = 1
MAX_BYTES = 64 << 20
"""A document larger than this is not ours: thousands of drives would fit, and the full lists of sixty bundles."""

MAX_LIFTED = 200
"""So many resources that were given back are remembered, for staff's list."""

DRIVE_STATES = ("recognising", "reading", "waiting", "ready", "refused", "sick", "ejecting", "ejected", "gone", "told")
"""recognising: found, being looked at and trusted. reading: tag files go to the SSD. waiting: for space.
ready: serves. refused: with its reason. sick: it stopped answering. ejecting: no new readers, being let go.
ejected: staff may pull it. gone: it was ready and is no longer there; its titles stay in the catalogue.
told: it carries signed lists only, and its message says what became of them."""

PART_STATES = ("ready", "rebuilding", "waiting", "failed", "unplugged")
"""Of a derived file: usable; being made now; in the queue to be made; could not be made (staff are told); cannot be
made before its drive is seen again, which was pulled before it had brought the records."""

Value = str | int


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence by its key, with the raw values of its placeholders.

    Attributes:
        key: a key of the reviewed sentences, such as `intake.trusted`.
        params: placeholder → raw value; see the module's text for units.
    """

    key: str
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """The state of a derived file of a release (catalogue or search index).

    Attributes:
        state: one of `PART_STATES`.
        name: file or folder below the release's folder, empty unless ready. A remade part gets another name, so that
            whoever has the old one open is not disturbed.
        percent: how much of it is made, 0-99 while rebuilding, 100 when ready.
        seconds_left: an estimate while rebuilding, 0 when unknown.
    """

    state: str = "ready"
    name: str = ""
    percent: int = 100
    seconds_left: int = 0


@dataclass(frozen=True, slots=True)
class HeldRelease:
    """One release whose truth is on the SSD, verified; of one that has just come the records may follow.

    Attributes:
        bundle: id of the bundle. seq: its number, growing by release. edition: as printed: 2026.11.
        issued: ISO date. issuer: who signed it, as readers are told.
        name: the bundle's name as readers are told, such as 国家版; the id when nothing better is signed.
        folder: its folder's name below the releases folder, `<bundle>/<seq>-<12 hexadecimal digits>`.
        truth: SHA-256 over the digests of its truth files; two drives of one set share it.
        count: resources in it. disks: drives in its set. shares: resources on each, empty when untold.
        live: whether readers get it: the newest of its bundle that is not held back; only live ones are searched.
        catalogue: `catalogue.db`. search: the index. Browsing needs the first, searching both.
        held_back: why readers do not get it (`editions.STAGED`, `editions.UNDONE`), empty otherwise.
    """

    bundle: str
    seq: int
    edition: str
    issued: str
    issuer: str
    name: str
    folder: str
    truth: str
    count: int
    disks: int = 1
    live: bool = True
    catalogue: Part = field(default_factory=Part)
    search: Part = field(default_factory=Part)
    shares: tuple[int, ...] = ()
    held_back: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes it itself: bundle, number and truth."""
        return self.bundle, self.seq, self.truth

    def drive_name(self, disk: int) -> str:
        """What is printed on the label of a drive of the set: 国家版, 国家版第 2 块."""
        return self.name if self.disks == 1 else f"{self.name}第 {disk} 块"

    def share(self, disk: int) -> int:
        """Resources on one drive of the set; an estimate, at least 1, when it is not told."""
        return self.shares[disk - 1] if disk <= len(self.shares) else max(1, self.count // self.disks)


@dataclass(frozen=True, slots=True)
class HeldDrive:
    """One drive, as staff know it.

    Attributes:
        key: a short stable name of the place where it is plugged in; commands name drives by it.
        path: its folder on this machine. Never shown to anyone.
        name: what staff call it (its label); empty before that is known.
        state: one of `DRIVE_STATES`. message: the sentence that says so.
        bundle, seq, folder: the release it carries (`HeldRelease.folder`), empty and 0 before that is known.
        disk: its number in its set, from 1; 0 unknown.
        newest: whether it carries the newest release known of its bundle.
        duplicate: whether another ready drive carries the same part.
        tagmanifest: SHA-256 of its signed list, by which it is known again; empty before that is known.
        since: when it entered this state, ISO time in UTC.
    """

    key: str
    path: str
    name: str
    state: str
    message: Message
    bundle: str = ""
    seq: int = 0
    folder: str = ""
    disk: int = 0
    newest: bool = True
    duplicate: bool = False
    tagmanifest: str = ""
    since: str = ""

    @property
    def serves(self) -> bool:
        """Whether readers get bytes from it now."""
        return self.state == "ready"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Why a resource is withdrawn, as its notice says. since: ISO date; title and reason may be empty."""

    id: str
    title: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class Lifted:
    """A resource that was given back. at: when that was learnt here, ISO time in UTC; title may be empty."""

    id: str
    title: str
    at: str


@dataclass(frozen=True, slots=True)
class WorkerState:
    """Signs of life. `beat` (ISO time, UTC) is renewed at every publication and at least once a minute."""

    pid: int = 0
    started: str = ""
    beat: str = ""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything the worker tells the serving process.

    Attributes:
        generation: grows by at least one with every publication, also over restarts.
        reference_time: the highest signed date ever seen, ISO time in UTC, empty before the first drive. The lower
            bound of a plausible clock.
        releases: by bundle, then number falling.
        drives: by key, those gone included until something newer takes their place.
        notices: what staff should know beyond single drives, the most pressing first.
        withdrawn: ids of resources that the issuer withdraws, sorted; they are shown nowhere, whatever holds them.
        withdrawals: what is known of them, by id: day, and of those that a notice withdraws title and reason.
        withdrawn_at: when the last of them was added here, ISO time in UTC; empty when none ever was.
        lifted: those that were withdrawn here once and are given back, the last one first; at most `MAX_LIFTED`.
        worker: signs of life.
        carried: grows whenever items come by an update or go again; 0: none ever came.
        dropped: ids of resources that an edition dropped from which staff went back; they are shown nowhere either.
    """

    generation: int = 0
    reference_time: str = ""
    releases: tuple[HeldRelease, ...] = ()
    drives: tuple[HeldDrive, ...] = ()
    notices: tuple[Message, ...] = ()
    worker: WorkerState = field(default_factory=WorkerState)
    withdrawn: tuple[str, ...] = ()
    withdrawals: tuple[Withdrawn, ...] = ()
    withdrawn_at: str = ""
    lifted: tuple[Lifted, ...] = ()
    carried: int = 0
    dropped: tuple[str, ...] = ()

    @property
    def hidden(self) -> tuple[str, ...]:
        """Ids of everything that is shown nowhere, whatever holds it."""
        return (*self.withdrawn, *self.dropped)

    def live(self) -> tuple[HeldRelease, ...]:
        """The newest held release of every bundle."""
        return tuple(r for r in self.releases if r.live)

    def drive(self, key: str) -> HeldDrive | None:
        """The drive of that key."""
        return next((d for d in self.drives if d.key == key), None)

    def to_bytes(self) -> bytes:
        """The document: canonical JSON with format number and checksum beside the members, ended by one line feed."""
        body = _plain(self)
        return _dump({**body, "format": FORMAT, "sha256": _checksum(body)})

    @classmethod
    def from_bytes(cls, content: bytes) -> Holdings:
        """The holdings that a document describes.

        Raises:
            HoldingsError: it is not such a document, is of another format or its checksum does not hold.
        """
        if len(content) > MAX_BYTES:
            raise HoldingsError(f"{len(content)} bytes, expected at most {MAX_BYTES}")
        try:
            body = json.loads(content)
            form, check = body.pop("format"), body.pop("sha256")
            if (form, check) != (FORMAT, _checksum(body)):
                raise HoldingsError(f"format {form!r}, expected {FORMAT}, or its checksum does not hold")
            return _typed(cls, body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise HoldingsError(f"not a holdings document: {error!r}") from error


def read_holdings(path: Path) -> Holdings:
    """The document at `path`; empty holdings (generation 0) when the worker has not written one yet.

    Raises:
        HoldingsError: what is there is not a holdings document.
    """
    try:
        with path.open("rb") as file:
            return Holdings.from_bytes(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return Holdings()


def write_holdings(path: Path, holdings: Holdings, files: Files) -> None:
    """Replace the document in one step. Durable on return: old or new after a power cut, never a mixture."""
    files.write_atomic(path, holdings.to_bytes())


def _checksum(body: Any) -> str:
    return hashlib.sha256(_dump(body)).hexdigest()


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return value


_T = TypeVar("_T")
_hints = cache(get_type_hints)
"""Types of a dataclass's members; to find them out takes longer than all the rest."""


def _typed(hint: type[_T], value: Any) -> _T:
    """`value` as `hint`: a dataclass of this module, a tuple of them, a mapping of raw values or a plain value."""
    made: Any
    if is_dataclass(hint):
        hints = _hints(hint)
        if not isinstance(value, dict) or set(value) != set(hints):
            raise TypeError(f"expected the members of {hint.__name__}")
        made = hint(**{name: _typed(hints[name], value[name]) for name in hints})
    elif get_origin(hint) is tuple:
        made = tuple(_typed(get_args(hint)[0], v) for v in value)
    elif get_origin(hint) is Mapping:
        made = {str(k): v for k, v in value.items() if type(v) in (str, int)}
    elif type(value) is hint:
        made = value
    else:
        raise TypeError(f"expected {hint}, found {type(value).__name__}")
    result: _T = made
    return result
