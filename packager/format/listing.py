"""The releases that a verified list names, as values: which drives may be used, which need a newer box, which retired.

Targets: `releases/<bundle>/<seq>.json` is a release; `retired/<bundle>.json` names drives that are no longer offered,
`{"bundle":…,"tagmanifests":{"<SHA-256>":"<edition>"}}`. A release that is in neither has been revoked.
`withdrawn/<bundle>.json` names resources that nobody may give any more, `{"bundle":…,"resources":{"<id>":"<day>"}}`; it
holds for every release of every bundle. Its member `lifted`, `{"<id>":<number>}`, says that notices of the role that
can only withdraw (`packager.format.withdrawals`) up to that number no longer count for a resource.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from indexer.model import is_resource_id
from packager.format.errors import FormatError, NeedsNewerBoxError, RetiredError
from packager.format.release import Admission, Release, is_label, is_sha256, load_canonical
from packager.format.withdrawals import Notice, Withdrawal

log = logging.getLogger(__name__)

MAX_RETIRED = 1 << 20
"""Most bytes in a list of retired drives."""
MAX_WITHDRAWN = 1 << 20
"""Most bytes in a list of withdrawn resources."""

_RELEASE = re.compile(r"releases/([a-z][a-z0-9-]{0,31})/([1-9][0-9]{0,9})\.json\Z")
_WITHDRAWN = re.compile(r"withdrawn/([a-z][a-z0-9-]{0,31})\.json\Z")
_RETIRED = re.compile(r"retired/([a-z][a-z0-9-]{0,31})\.json\Z")


@dataclass(frozen=True)
class Listing:
    """What a list names.

    Attributes:
        releases: those that this version can read, sorted by bundle and number.
        newest: the highest number of each bundle, readable or not.
        needs_newer: faults of releases that this version cannot read, by tagmanifest.
        retired: editions that are no longer offered, by tagmanifest.
        withdrawn: ids of resources that two people withdraw.
        lifted: the number of the last notice that does not count, by id; those without one all count.
        days: ISO date since when two people withdraw a resource, by id, where the list says one.
    """

    releases: tuple[Release, ...] = ()
    newest: Mapping[str, int] = field(default_factory=dict)
    needs_newer: Mapping[str, NeedsNewerBoxError] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()
    lifted: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, str] = field(default_factory=dict)

    def find(self, tagmanifest: str) -> Admission | None:
        """The admission of the drive with this tagmanifest (SHA-256, hexadecimal), or None if it is not listed.

        Raises:
            NeedsNewerBoxError: it is listed, but this version cannot read its release.
            RetiredError: it is listed as no longer offered.
        """
        for release in self.releases:
            disk = release.disk_of(tagmanifest)
            if disk is not None:
                return Admission(release, disk, newest=release.seq == self.newest[release.bundle])
        if tagmanifest in self.needs_newer:
            raise self.needs_newer[tagmanifest].with_traceback(None)
        if tagmanifest in self.retired:
            raise RetiredError("is no longer offered", edition=self.retired[tagmanifest])
        return None

    def counting(self, notice: Notice | None) -> tuple[Withdrawal, ...]:
        """What a notice withdraws and two people have not lifted since."""
        if notice is None:
            return ()
        return tuple(entry for entry in notice.withdrawn if self.lifted.get(entry.id, 0) < notice.version)

    def lists(self, tagmanifest: str) -> bool:
        """Whether a release that this version can read names the drive."""
        return any(release.disk_of(tagmanifest) is not None for release in self.releases)


def read_listing(listed: Mapping[str, bytes]) -> Listing:
    """Read the verified targets of a list; `listed` is their content by target name.

    One that cannot be read harms itself only: its drives need a newer box.
    """
    releases: list[Release] = []
    newest: dict[str, int] = {}
    needs_newer: dict[str, NeedsNewerBoxError] = {}
    retired: dict[str, str] = {}
    withdrawn: dict[str, str] = {}
    lifted: dict[str, int] = {}
    for name, content in listed.items():
        match = _RELEASE.match(name)
        if match is None:
            retired.update(_read_retired(name, content))
            named, given_back = _read_withdrawn(name, content)
            # Several desks may withdraw one resource: it is away since the first of them.
            withdrawn |= {key: min(filter(None, (day, withdrawn.get(key))), default="") for key, day in named.items()}
            lifted.update({key: max(number, lifted.get(key, 0)) for key, number in given_back.items()})
            continue
        newest[match[1]] = max(int(match[2]), newest.get(match[1], 0))
        try:
            releases.append(_read_release(name, content))
        except FormatError as error:
            log.warning("%s cannot be read by this version: %s", name, error)
            fault = error if isinstance(error, NeedsNewerBoxError) else NeedsNewerBoxError(error.reason, path=name)
            needs_newer.update(dict.fromkeys(_tagmanifests(content), fault))
    days = {key: day for key, day in withdrawn.items() if day}
    releases.sort(key=lambda release: (release.bundle, release.seq))
    return Listing(tuple(releases), newest, needs_newer, retired, frozenset(withdrawn), lifted, days)


def _read_release(name: str, content: bytes) -> Release:
    release = Release.from_bytes(content)
    if release.target != name:
        raise FormatError("is listed under another name", path=name, found=release.target)
    return release


def _tagmanifests(content: bytes) -> Iterator[str]:
    """The drives of a release whose form is not known; the list is signed, its shape may be new."""
    try:
        document = json.loads(content)
        disks = document["disks"]
        yield from (disk["tagmanifest"] for disk in disks if is_sha256(disk["tagmanifest"]))
    except (ValueError, RecursionError, KeyError, TypeError):
        return


def _read_retired(name: str, content: bytes) -> dict[str, str]:
    match = _RETIRED.match(name)
    if match is None:
        return {}
    try:
        found = load_canonical(content, MAX_RETIRED, name).get("tagmanifests")
    except FormatError as error:
        log.warning("%s cannot be read by this version: %s", name, error)
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: edition for key, edition in found.items() if is_sha256(key) and is_label(edition)}


def _read_withdrawn(name: str, content: bytes) -> tuple[dict[str, str], dict[str, int]]:
    """The ids of a list with their days, and what it lifts; what has another form does neither, and is logged."""
    if _WITHDRAWN.match(name) is None:
        return {}, {}
    try:
        document = load_canonical(content, MAX_WITHDRAWN, name)
    except FormatError as error:
        log.warning("%s cannot be read by this version: %s", name, error)
        return {}, {}
    found, lifted = document.get("resources"), document.get("lifted")
    named = {key: _day(found[key]) for key in found if is_resource_id(key)} if isinstance(found, dict) else {}
    if not isinstance(lifted, dict):
        return named, {}
    return named, {key: n for key, n in lifted.items() if is_resource_id(key) and type(n) is int and n > 0}


def _day(value: object) -> str:
    """An ISO date as it stands, empty when it is none: a resource is withdrawn whatever is said of the day."""
    try:
        return value if isinstance(value, str) and date.fromisoformat(value).isoformat() == value else ""
    except ValueError:
        return ""
