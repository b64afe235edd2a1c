"""Verifying one TUF repository with python-tuf: signatures, thresholds, versions, digests. Keeps nothing.

The updater of python-tuf runs in a scratch folder (it never makes its writes durable) and reads through a function, so
a drive, a folder and our own store are verified by the same code. What it refuses is then looked at once more, only to
say in plain words what is wrong. This and `packager.format.trust` are the modules that know `tuf` on the box.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from packager.format.delegation import check_delegations, prove_notice
from packager.format.errors import (
    HalfCopiedError,
    LayoutError,
    ListChangedError,
    NeedsNewerBoxError,
    OneSignerError,
    TooLargeError,
    TrustError,
    UnknownIssuerError,
    UnreadableError,
)
from packager.format.layout import read_bounded
from packager.format.withdrawals import MAX_METADATA, ROLE, TARGET, Notice

MAX_SIZE = {"root": 512 << 10, "timestamp": 16 << 10, "snapshot": 2_000_000, "targets": 5_000_000, ROLE: MAX_METADATA}
"""Most bytes in the metadata of each role."""
MAX_LISTED_SIZE = 1 << 20
"""Most bytes in a target that is read at once."""
MAX_LISTED = 4000
"""Most of them."""
MAX_STEPS = 64
"""Most root versions that are climbed in one go; a longer chain takes several."""
MAX_ROOTS = 1024
"""Most root versions above the trusted one; a box that is further behind needs a younger root, with its image."""
MAX_REPOSITORY = 64 << 20
"""Most bytes that are read of one repository."""

PREFIXES = ("releases/", "retired/", "withdrawn/")
"""Targets that a box reads at once; others (deltas) are fetched when they are needed."""

NO_EXPIRY = datetime(1, 1, 1, tzinfo=UTC)
"""A reference time at which nothing has expired."""

Read = Callable[[str, int], bytes]
"""Reads `metadata/…` or `targets/…`, at most so many bytes. Raises FileNotFoundError or a TrustError."""

_METADATA = re.compile(r"metadata/(?:[0-9]+\.)?(root|timestamp|snapshot|targets|withdrawals)\.json\Z")


@dataclass(frozen=True)
class Verified:
    """A repository whose every signature, threshold, version and digest was proved.

    Attributes:
        root: bytes of its newest root.
        roots: bytes of the roots above the one that verification began at, by version.
        versions: version by role.
        keys: key ids by role, sorted. thresholds: how many of them must sign, by role.
        expires: by role, UTC.
        metadata: bytes of timestamp, snapshot and targets, by role.
        files: everything that was read, by name; itself a repository, but for the first root.
        listed: content of the targets under `PREFIXES`, by target name.
        notice: the list of the role that can only withdraw, None when the snapshot has none.
    """

    root: bytes
    roots: Mapping[int, bytes]
    versions: Mapping[str, int]
    keys: Mapping[str, tuple[str, ...]]
    thresholds: Mapping[str, int]
    expires: Mapping[str, datetime]
    metadata: Mapping[str, bytes] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    listed: Mapping[str, bytes] = field(repr=False)
    notice: Notice | None = None


def reader_of_folder(root_fd: int) -> Read:
    """Read a repository in a folder of a hostile drive; `root_fd` is the folder that holds `metadata/`.

    The reader follows no link; it raises FileNotFoundError, ListChangedError (a link, or too large) or UnreadableError.
    """

    def read(name: str, max_size: int) -> bytes:
        try:
            return read_bounded(root_fd, name, max_size)
        except FileNotFoundError:
            raise
        except (LayoutError, TooLargeError) as error:
            raise ListChangedError(error.reason, path=name, expected=error.expected) from error
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error

    return read


def reader_of_mapping(files: Mapping[str, bytes]) -> Read:
    """Read a repository that is in memory."""

    def read(name: str, max_size: int) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        if len(files[name]) > max_size:
            raise ListChangedError("is too large", path=name)
        return files[name]

    return read


def root_version(root: bytes) -> int:
    """The version that a root says it has; nothing is proved.

    Raises:
        UnknownIssuerError: it is not root metadata.
    """
    return _root_of(root).version


def verify(
    read: Read,
    root: bytes,
    *,
    local: Mapping[str, bytes] | None = None,
    reference_time: datetime | None = NO_EXPIRY,
) -> Verified:
    """Prove a repository from a trusted root. Memory: what is read of it, at most `MAX_REPOSITORY`.

    Args:
        read: gives its files.
        root: bytes of the trusted root to begin at. If the repository holds this version, it must be the same bytes.
        local: bytes of `timestamp`, `snapshot` and `targets` that are trusted already; older ones are then refused,
            as TUF asks.
        reference_time: when metadata counts as expired; by default never. None leaves it to python-tuf, which asks
            the machine's clock.

    Raises:
        TrustError: it is refused; the class says why.
    """
    fetcher = Fetcher(read)
    first = _root_of(root)
    _check_same_root(fetcher, root, first)
    begin = first.version
    while True:
        with tempfile.TemporaryDirectory(prefix="tuf-") as name:
            scratch = Path(name)
            for role, content in (local or {}).items():
                (scratch / f"{role}.json").write_bytes(content)
            fault: Exception | None = None
            try:
                listed = _run(fetcher, root, scratch, reference_time)
            except (RepositoryError, DownloadError) as error:
                fault = error
            root = _newest_root(scratch)
            now = _root_of(root)
            if now.version < begin + MAX_STEPS:  # else the chain may go on: the next go begins at its end
                if fault is not None:
                    raise _explain(fetcher, now, fault) from fault
                return _result(scratch, fetcher, listed, first.version)
            begin = now.version
            if begin >= first.version + MAX_ROOTS:
                raise NeedsNewerBoxError(
                    "is too many roots ahead of this box",
                    path=f"{begin}.root.json",
                    expected=f"at most {MAX_ROOTS} roots above {first.version}",
                )


def set_reference_time(updater: Updater, when: datetime) -> None:
    """Make `updater` judge expiry at `when`. The only lever that python-tuf has is private; it is used here only."""
    updater._trusted_set.reference_time = when  # noqa: SLF001


def _check_same_root(fetcher: Fetcher, root: bytes, first: Root) -> None:
    try:
        found = fetcher.get(f"metadata/{first.version}.root.json")
    except FileNotFoundError:
        return
    if found != root:
        raise _judge("root", f"{first.version}.root.json", found, first)


def open_updater(fetcher: Fetcher, root: bytes, scratch: Path, steps: int) -> Updater:
    """The updater of python-tuf with our bounds, in a scratch folder, climbing at most so many roots.

    Raises:
        RepositoryError: `root` is not signed by its own keys, or no root.
    """
    config = UpdaterConfig(
        max_root_rotations=steps,
        root_max_length=MAX_SIZE["root"],
        timestamp_max_length=MAX_SIZE["timestamp"],
        snapshot_max_length=MAX_SIZE["snapshot"],
        targets_max_length=MAX_SIZE["targets"],
    )
    return Updater(str(scratch), "metadata", str(scratch), "targets", fetcher, config, bootstrap=root)


def _run(fetcher: Fetcher, root: bytes, scratch: Path, reference_time: datetime | None) -> dict[str, bytes]:
    updater = open_updater(fetcher, root, scratch, MAX_STEPS)
    if reference_time is not None:
        set_reference_time(updater, reference_time)
    updater.refresh()
    listed: dict[str, bytes] = {}
    targets = Metadata[Targets].from_bytes((scratch / "targets.json").read_bytes()).signed
    check_delegations(targets)
    for name in sorted(targets.targets):
        info = updater.get_targetinfo(name) if name.startswith(PREFIXES) else None
        if info is not None:
            if len(listed) == MAX_LISTED:
                raise RepositoryError("lists too many releases")
            listed[name] = Path(updater.download_target(info, str(scratch / "target"))).read_bytes()
    if f"{ROLE}.json" in Metadata[Snapshot].from_bytes((scratch / "snapshot.json").read_bytes()).signed.meta:
        info = updater.get_targetinfo(TARGET)
        if info is not None:
            listed[TARGET] = Path(updater.download_target(info, str(scratch / "target"))).read_bytes()
    return listed


class Fetcher(FetcherInterface):
    """Gives python-tuf the files of a `Read`; a missing one is a 404, as the end of the chain of roots must be.

    Attributes:
        files: what was read, by name.
        last: name of the file that was asked for last.
        fault: why it could not be read.
    """

    def __init__(self, read: Read, *, largest: int = MAX_LISTED_SIZE) -> None:
        """Read through `read`; `largest` bounds what is neither metadata of a known role nor all of it together."""
        self._read, self._largest = read, largest
        self._left = MAX_REPOSITORY
        self.files: dict[str, bytes] = {}
        self.last = ""
        self.fault: TrustError | None = None

    def get(self, name: str) -> bytes:
        """Read a file.

        Raises:
            FileNotFoundError, TrustError: as `Read`.
        """
        match = _METADATA.match(name)
        content = self._read(name, MAX_SIZE[match[1]] if match else self._largest)
        self._left -= len(content)
        if self._left < 0:
            raise ListChangedError("the signed metadata is too large", expected=f"at most {MAX_REPOSITORY} bytes")
        if name.startswith("metadata/"):
            _check_once(name, content)
        self.files[name] = content
        return content

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last, self.fault = url, None
        try:
            return iter((self.get(url),))
        except FileNotFoundError as error:
            raise DownloadHTTPError("there is no such file", 404) from error
        except TrustError as error:
            self.fault = error
            raise


def _check_once(name: str, content: bytes) -> None:
    """Refuse metadata that says one thing twice or is nested beyond reason: readers differ in what they make of it.

    Raises:
        ListChangedError: it is. What is no JSON at all is left to python-tuf.
    """

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ListChangedError("names a member twice", path=name)
        return found

    try:
        json.loads(content, object_pairs_hook=once)
    except RecursionError as error:
        raise ListChangedError("is nested too deeply", path=name) from error
    except ValueError:
        return


def _result(scratch: Path, fetcher: Fetcher, listed: dict[str, bytes], first: int) -> Verified:
    root_bytes = _newest_root(scratch)
    root = _root_of(root_bytes)
    metadata = {role: (scratch / f"{role}.json").read_bytes() for role in ("timestamp", "snapshot", "targets")}
    parts = (
        root,
        Metadata[Timestamp].from_bytes(metadata["timestamp"]).signed,
        Metadata[Snapshot].from_bytes(metadata["snapshot"]).signed,
        Metadata[Targets].from_bytes(metadata["targets"]).signed,
    )
    notice = None
    if TARGET in listed:
        notice = prove_notice(metadata["targets"], _delegated(scratch), listed.pop(TARGET))
    roots = {n: fetcher.files[f"metadata/{n}.root.json"] for n in range(first + 1, root.version + 1)}
    return Verified(
        root=root_bytes,
        roots=roots,
        versions={part.type: part.version for part in parts},
        keys={part.type: tuple(sorted(root.roles[part.type].keyids)) for part in parts},
        thresholds={part.type: root.roles[part.type].threshold for part in parts},
        expires={part.type: part.expires for part in parts},
        metadata=metadata,
        files=fetcher.files,
        listed=listed,
        notice=notice,
    )


def _delegated(scratch: Path) -> bytes:
    try:
        return (scratch / f"{ROLE}.json").read_bytes()
    except FileNotFoundError as error:
        raise ListChangedError("is signed by another role than the one that withdraws", path=TARGET) from error


def _newest_root(scratch: Path) -> bytes:
    try:
        return (scratch / "root.json").read_bytes()
    except FileNotFoundError as error:
        raise UnknownIssuerError("is not signed by its own keys", path="root.json") from error


def _root_of(root: bytes) -> Root:
    try:
        return Metadata[Root].from_bytes(root).signed
    except RepositoryError as error:
        raise UnknownIssuerError("is not root metadata", path="root.json") from error


# What python-tuf refused is judged a second time, only to name the fault; nothing is trusted by what follows.


def _explain(fetcher: Fetcher, root: Root, error: Exception) -> TrustError:
    """The fault behind an exception of python-tuf, from the file that was read last."""
    if fetcher.fault is not None:
        return fetcher.fault
    name = fetcher.last
    content = fetcher.files.get(name)
    if content is None:
        return HalfCopiedError("is missing", path=name)
    match = _METADATA.match(name)
    if match is not None and match[1] != ROLE:
        return _judge(match[1], name, content, root)
    if _is_cut(content):
        return HalfCopiedError("is empty or cut short", path=name)
    return ListChangedError(f"is not what was signed: {error}", path=name)


def _is_cut(content: bytes) -> bool:
    """Whether a JSON object has no end."""
    return not content.rstrip().endswith(b"}")


def _judge(role: str, name: str, content: bytes, root: Root) -> TrustError:
    """What is wrong with the metadata of a role that was refused."""
    if _is_cut(content):
        return HalfCopiedError("is empty or cut short", path=name)
    try:
        metadata: Metadata[Root] = Metadata.from_bytes(content)
        result = root.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        return ListChangedError(f"is not metadata: {error}", path=name)
    threshold = root.roles[role].threshold
    known = set(root.roles[role].keyids) & set(metadata.signatures)
    if 0 < len(result.signed) < threshold:
        found = f"{len(result.signed)} of {threshold}"
        return OneSignerError("is signed by too few people", path=name, found=found)
    if not known:
        return UnknownIssuerError("is signed by no key that this box knows", path=name)
    return ListChangedError("differs from what was signed", path=name)
