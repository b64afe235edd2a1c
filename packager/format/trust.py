"""Whom this box trusts, and which drives it may therefore use (docs/format.md, "Trust").

A drive brings its signed metadata with it. It is first proved by itself, from the root that the box was given: that
finds every tampering, whatever the box already knows. It is then offered to what the box trusts as an update, under
TUF's own rules and our floors: that decides whether it is news. At last a drive is admitted if its tagmanifest is
among the releases in the NEWEST trusted list, so an older drive that is still listed goes on working and a revoked one
does not, whatever metadata it carries.

Expired metadata never refuses: a county may be offline for years. The machine's clock is not asked.
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packager.format.delegation import prove_notice
from packager.format.deltas import listed_deltas
from packager.format.errors import (
    FormatError,
    ListChangedError,
    RetiredError,
    RevokedError,
    TrustError,
    UnknownIssuerError,
)
from packager.format.files import Files
from packager.format.floors import MAX_DOCUMENT, Floors, TwoCopies
from packager.format.listing import Listing, read_listing
from packager.format.release import Admission, Digest, Release, canonical_json, is_label, is_sha256, load_canonical
from packager.format.repository import (
    NO_EXPIRY,
    Verified,
    reader_of_folder,
    reader_of_mapping,
    root_version,
    verify,
)
from packager.format.systems import listed_systems
from packager.format.tuf_folder import opened_repository
from packager.format.withdrawals import NOTICE, Notice, Withdrawal, open_notice

log = logging.getLogger(__name__)

UPDATED, SAME, OLDER = "updated", "same", "older"
"""What an offer was to the box."""

MAX_KNOWN = 10_000
"""Drives whose editions are remembered, to tell a revoked one from a foreign one."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the box trusts now.

    Attributes:
        releases: all of them, sorted by bundle and number; none before the first drive.
        versions: of root, timestamp, snapshot and targets; empty before the first drive.
        reference_time: the highest signed date that was seen, at least the date of the box's image; UTC.
        expired: roles whose metadata has expired at that time. Nothing is refused for it: pages say how old it is.
        outcome: what the last offer was: `UPDATED`, `SAME` or `OLDER`.
        withdrawn: ids of resources that are withdrawn, in every release and on every drive.
        withdrawals: those of them that the role which can only withdraw names and two people have not lifted, with
            title and reason; sorted.
        withdrawn_days: ISO date since when two people withdraw a resource, by id.
        deltas: documents that lead from release to release, by target name.
        systems: documents of systems for boxes, by version.
    """

    releases: tuple[Release, ...]
    versions: Mapping[str, int]
    reference_time: datetime
    expired: tuple[str, ...] = ()
    outcome: str = SAME
    withdrawn: frozenset[str] = frozenset()
    withdrawals: tuple[Withdrawal, ...] = ()
    withdrawn_days: Mapping[str, str] = field(default_factory=dict)
    deltas: Mapping[str, Digest] = field(default_factory=dict)
    systems: Mapping[int, Digest] = field(default_factory=dict)


class TrustStore:
    """Keeps what is trusted in a folder of its own. One process writes; not thread-safe."""

    def __init__(self, state: Path, root: bytes, files: Files, *, earliest: datetime, strict: bool = False) -> None:
        """Open or begin a store.

        Args:
            state: folder of its own; made if missing.
            root: the root metadata that this box was given when it was provisioned, as bytes.
            files: the writer.
            earliest: no moment before this is believed (the date of the box's image); with a time zone.
            strict: follow TUF to the letter: old and expired metadata (by the machine's clock) is refused. For
                conformance tests.

        Raises:
            UnknownIssuerError: `root` is not root metadata.
            OSError: the disk is full or does not answer.
        """
        files.make_dir(state)
        files.fsync_dir(state)  # a run that was killed may have left names that are not durable yet
        self._strict = strict
        self._earliest = earliest.astimezone(UTC)
        self._pinned = self._anchor = root
        root_version(root)
        self._kept = TwoCopies(state, "trusted", files)
        self._floor_copies = TwoCopies(state, "floor", files)
        self._floors = self._read_floors()
        self._verified: Verified | None = None
        self._listing = Listing()
        self._known: dict[str, str] = {}
        self._notice: Notice | None = None
        copies = self._kept.newest_first()
        loaded = next((content for content in copies if self._load(content)), None)
        self._settle(loaded if copies[:1] == [loaded] else None)

    def current(self) -> Trusted:
        """What the box trusts now."""
        return self._trusted(SAME)

    def repository(self) -> Mapping[str, bytes]:
        """The trusted repository by name, from the root above the one that this box was given; for others to prove."""
        if self._verified is None:
            return {}
        roots = {f"metadata/{n}.root.json": root for n, root in self._verified.roots.items()}
        return {**roots, **self._verified.files}

    def offer(self, tuf_dir: Path) -> Trusted:
        """Prove the metadata of a drive and take it, durably, if it is news. `outcome` says whether it was.

        After an exception the store is as before.

        Args:
            tuf_dir: the drive's folder that holds `metadata/` and `targets/`.

        Raises:
            HalfCopiedError: something is missing, empty or cut short.
            UnknownIssuerError: it is signed by no key that this box knows.
            OneSignerError: fewer people signed than the rules ask for.
            ListChangedError: something differs from what was signed.
            UnreadableError: the drive does not answer.
            OSError: our own disk is full or does not answer.
        """
        with opened_repository(tuf_dir) as folder:
            read = reader_of_folder(folder)
            own = verify(read, self._anchor, reference_time=self._reference())
        listing = read_listing(own.listed)
        older = self._why_older(own)
        if older is not None and self._strict:
            raise older
        new = self._remember(listing)
        if older is not None or (self._verified is not None and own.versions == self._verified.versions):
            notice = self._newest_notice(own.notice)
            if self._verified is not None and (new or notice != self._notice):
                self._keep(self._verified.files, notice)
            if older is not None:
                log.info("signed metadata of a drive is older than what is trusted: %s", older)
            return self._trusted(SAME if older is None else OLDER)
        self._take(own, listing)
        return self._trusted(UPDATED)

    def offer_notice(self, content: bytes) -> Trusted:
        """Prove a notice that travelled alone and take it, durably, if it is news. `outcome` says whether it was.

        It is proved by the newest trusted targets, not by a snapshot: whoever carries it needs no other file. After an
        exception the store is as before.

        Args:
            content: the notice, as `withdrawals.Notice.to_bytes` made it.

        Raises:
            UnknownIssuerError: nothing is trusted yet, or it is signed by no key that may withdraw.
            RetiredError: a later notice is known.
            OneSignerError, HalfCopiedError, ListChangedError: as `delegation.prove_notice`; it is no notice; TUF is
                followed to the letter, and knows no such thing.
            OSError: our own disk is full or does not answer.
        """
        if self._verified is None:
            raise UnknownIssuerError("nothing is trusted yet", path=NOTICE)
        if self._strict:
            raise ListChangedError("metadata of a role is taken with its snapshot only", path=NOTICE)
        try:
            metadata, listed = open_notice(content)
        except FormatError as error:
            raise ListChangedError(error.reason, path=NOTICE, expected=error.expected) from error
        notice = prove_notice(self._verified.metadata["targets"], metadata, listed)
        before = self._notice
        if before is not None and notice.version <= before.version:
            if (notice.metadata, notice.content) == (before.metadata, before.content):
                return self._trusted(SAME)
            if notice.version == before.version:
                raise ListChangedError("is another notice of the same number", path=NOTICE)
            raise RetiredError("is older than the notice that is known", path=NOTICE)
        self._keep(self._verified.files, notice)
        return self._trusted(UPDATED)

    def admit(self, tagmanifest_sha256: str) -> Admission:
        """The release and drive that this tagmanifest belongs to, by the newest trusted list.

        Args:
            tagmanifest_sha256: SHA-256 of the drive's tagmanifest, hexadecimal (`bag.read_candidate`).

        Raises:
            NeedsNewerBoxError: the release asks for a feature that this version does not know.
            RetiredError: the issuer no longer offers this release; or this box lost its list and knows only that it
                had a newer one.
            RevokedError: this release was signed and listed, and has been taken back.
            UnknownIssuerError: nothing is trusted yet.
            ListChangedError: no list that this box has seen names it.
        """
        if self._verified is None:
            if self._floors.roles:
                raise RetiredError("this box has trusted a newer list than any that is here")
            raise UnknownIssuerError("nothing is trusted yet")
        found = self._listing.find(tagmanifest_sha256)
        if found is not None:
            return found
        edition = self._known.get(tagmanifest_sha256)
        if edition is not None:
            raise RevokedError("has been taken back by its issuer", edition=edition)
        raise ListChangedError("is in no signed list", path="bag/tagmanifest-sha256.txt", found=tagmanifest_sha256)

    def admit_drive(self, tuf_dir: Path, tagmanifest_sha256: str) -> Admission:
        """`offer`, then `admit`: the whole judgement of a drive.

        It takes one drive more than the two calls: one that is listed, but whose metadata ends before the root that
        this box began with, so that nothing on the box can prove it.

        Raises:
            TrustError: as `offer` and `admit`.
            OSError: as `offer`.
        """
        try:
            self.offer(tuf_dir)
        except UnknownIssuerError:
            listed = self._verified is not None and self._listing.lists(tagmanifest_sha256)
            if self._strict or not listed or self._shares_root(tuf_dir):
                raise
        return self.admit(tagmanifest_sha256)

    def _reference(self) -> datetime | None:
        return None if self._strict else NO_EXPIRY

    def _why_older(self, own: Verified) -> TrustError | None:
        """Why metadata that is right by itself is no news: TUF's rules against rollback, then our floors."""
        begin = self._pinned
        local: dict[str, bytes] = {}
        if self._verified is not None:
            local = dict(self._verified.metadata)
            if root_version(self._verified.root) > root_version(begin):
                begin = self._verified.root
        try:
            verify(reader_of_mapping(own.files), begin, local=local, reference_time=self._reference())
        except TrustError as error:
            return RetiredError(f"is no update: {error}")
        role = self._floors.below(own.versions, own.keys, own.thresholds)
        return RetiredError("is below the floor", path=f"{role}.json") if role else None

    def _take(self, own: Verified, listing: Listing) -> None:
        """Make `own` the trusted metadata, durably: first itself, then the floors."""
        files = dict(own.files)
        if self._verified is not None:
            files.update({f"metadata/{n}.root.json": root for n, root in self._verified.roots.items()})
        self._keep(files, self._newest_notice(own.notice, targets=own.metadata["targets"]))
        floors = self._floors.raised(own.versions, own.keys, self._highest(listing))
        self._floor_copies.write(floors.to_bytes())
        self._floors, self._listing = floors, listing
        self._verified = verify(reader_of_mapping(files), self._anchor)

    def _keep(self, files: Mapping[str, bytes], notice: Notice | None) -> None:
        """Write what is trusted, durably: a repository above the first root, the notice, editions once listed."""
        document = {
            "anchor": base64.b64encode(self._anchor).decode(),
            "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
            "known": self._known,
            "notice": notice.to_bytes().decode() if notice else "",
        }
        self._kept.write(canonical_json(document))
        self._notice = notice

    def _newest_notice(self, other: Notice | None, *, targets: bytes | None = None) -> Notice | None:
        """The notice with the highest number, of the one that is known and another, that these targets let withdraw.

        A new key of the role takes the notices of the old one with it: that is the way back from a stolen key.
        """
        if targets is None:
            targets = self._verified.metadata["targets"] if self._verified else None
        found = None
        for notice in (self._notice, other):
            if notice is not None and targets is not None and (found is None or notice.version > found.version):
                with suppress(TrustError):
                    found = prove_notice(targets, notice.metadata, notice.content)
        return found

    def _settle(self, kept: bytes | None) -> None:
        """Finish what a power cut broke off: both copies alike, the floors as high as what is trusted.

        Args:
            kept: the newest copy if it is the one that is trusted. One that cannot be used is left as it is.
        """
        try:
            if kept is not None:
                self._kept.settle(kept)
            if self._floors.roles:
                self._floor_copies.settle(self._floors.to_bytes())
        except OSError as error:
            log.warning("what is trusted cannot be written again: %s", error)

    def _load(self, content: bytes) -> bool:
        """Take a kept copy, proving it again from the root; False if it cannot be."""
        try:
            document = load_canonical(content, MAX_DOCUMENT, "trusted")
            files = {name: base64.b64decode(text) for name, text in document["files"].items()}
            anchor = base64.b64decode(document["anchor"])
            if root_version(anchor) > root_version(self._pinned):
                anchor = self._pinned
            verified = verify(reader_of_mapping(files), anchor)
        except (FormatError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("kept metadata cannot be used: %s", error)
            return False
        if role := self._floors.below(verified.versions, verified.keys, verified.thresholds):
            log.warning("kept metadata is below the floor of %s", role)
            return False
        self._anchor, self._verified, self._listing = anchor, verified, read_listing(verified.listed)
        self._known = _editions(document.get("known"))
        self._notice = self._newest_notice(verified.notice)
        if text := document.get("notice"):
            self._notice = self._newest_notice(_kept_notice(verified, text))
        self._remember(self._listing)
        self._floors = self._floors.raised(verified.versions, verified.keys, self._highest(self._listing))
        return True

    def _read_floors(self) -> Floors:
        for content in self._floor_copies.newest_first():
            try:
                return Floors.from_bytes(content)
            except FormatError as error:
                log.warning("kept floors cannot be used: %s", error)
        return Floors({})

    def _highest(self, listing: Listing) -> datetime:
        dates = [datetime.fromisoformat(release.issued).replace(tzinfo=UTC) for release in listing.releases]
        return max((*dates, self._earliest))

    def _remember(self, listing: Listing) -> bool:
        """Keep the editions of what was once listed, to tell a revoked drive from a foreign one; whether any is new."""
        new = False
        for release in listing.releases:
            for disk in release.disks:
                new |= self._known.pop(disk.tagmanifest, None) is None
                self._known[disk.tagmanifest] = release.edition
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return new

    def _shares_root(self, tuf_dir: Path) -> bool:
        """Whether the drive claims to have the root that this box began with."""
        return os.path.lexists(tuf_dir / "metadata" / f"{root_version(self._anchor)}.root.json")

    def _trusted(self, outcome: str) -> Trusted:
        reference = max(self._earliest, self._floors.reference or self._earliest)
        if self._verified is None:
            return Trusted((), {}, reference, outcome=outcome)
        expired = tuple(role for role, when in sorted(self._verified.expires.items()) if when <= reference)
        releases, withdrawals = self._listing.releases, self._listing.counting(self._notice)
        withdrawn = self._listing.withdrawn | {withdrawal.id for withdrawal in withdrawals}
        versions, days = dict(self._verified.versions), self._listing.days
        targets = self._verified.metadata["targets"]
        deltas, systems = listed_deltas(targets), listed_systems(targets)
        return Trusted(releases, versions, reference, expired, outcome, withdrawn, withdrawals, days, deltas, systems)


def _editions(known: object) -> dict[str, str]:
    """Editions that were once listed, as kept; a document of an older version has none."""
    if not isinstance(known, dict):
        return {}
    return {key: edition for key, edition in known.items() if is_sha256(key) and is_label(edition)}


def _kept_notice(verified: Verified, text: object) -> Notice | None:
    """The kept notice, proved again; None when the newest list does not let its key withdraw, or it is damaged."""
    try:
        return prove_notice(verified.metadata["targets"], *open_notice(str(text).encode()))
    except FormatError as error:
        log.warning("the kept notice cannot be used: %s", error)
        return None
