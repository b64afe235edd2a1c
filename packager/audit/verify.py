"""The two examinations of a drive.

`inspect_drive` says what a drive is and reads only signed metadata and tag files. `verify_drive` reads every byte and
goes on after a fault. Neither writes anything, and neither believes anything that the other lists do not confirm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from packager.audit.disks import check_disk_table
from packager.audit.document import NOT_OURS, UNREADABLE, Report
from packager.audit.findings import Findings, printable
from packager.audit.forms import check_forms
from packager.audit.ledger import Ledger
from packager.audit.lists import (
    CHUNKS,
    MANIFEST,
    TAGMANIFEST,
    check_items,
    check_manifest,
    check_tag_files,
    check_tagmanifest,
    check_texts,
)
from packager.audit.payload import check_bytes, check_sizes
from packager.audit.proof import Metadata, check_targets, describe, find_release, list_metadata, prove
from packager.audit.records import check_records, count_records
from packager.audit.tree import look_around, walk_bag
from packager.format.bag import read_candidate
from packager.format.baginfo import BagInfo
from packager.format.chunks import DIGEST
from packager.format.errors import BlankError, FormatError, NotOursError, UnreadableError
from packager.format.layout import DriveLayout, sections_file
from packager.format.release import Accelerator, Digest, Release

Progress = Callable[[int, int], None]
"""Called with bytes of payload and lists read, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to verify.

    Attributes:
        root: root metadata that proves who signed; without it the drive's own is taken, which proves only that the
            signed part is whole.
        strict: what a box tolerates is a fault.
        quick: look at names and sizes of the payload instead of its bytes.
    """

    root: bytes | None = None
    strict: bool = False
    quick: bool = False


def inspect_drive(folder: Path) -> Report:
    """What a drive says it is. Time: that of reading its tag files; memory: a few MiB."""
    findings = Findings()
    report = Report("inspect", findings)
    layout = DriveLayout(folder)
    if not _is_ours(layout, report):
        return report
    with layout.opened() as root:
        report.tagmanifest, listed = check_tagmanifest(root, findings)
        info = check_texts(root, findings)
        _tell_bag(report, info)
        found = list_metadata(folder, findings)
        report.metadata = describe(root, found, findings)
        _tell_release(root, found, report, info)
        report.accelerators = {name: (layout.meta / name).is_file() for name in _accelerators(report, listed)}
        report.contents = count_records(root, findings)
    return report


def verify_drive(folder: Path, options: Options, now: datetime, progress: Progress | None = None) -> Report:
    """Examine every byte of a drive. Memory: a few ten MiB, whatever its size; the rest is in a temporary file.

    Args:
        folder: the drive's folder.
        options: see `Options`.
        now: the moment at which signed metadata counts as expired.
        progress: told how far it is.

    Raises:
        UnknownIssuerError: the root that was given is no root metadata.
    """
    findings = Findings(strict=options.strict)
    report = Report("verify", findings, quick=options.quick)
    layout = DriveLayout(folder)
    if not _is_ours(layout, report):
        return report
    with layout.opened() as root, Ledger() as ledger:
        _Verification(root, layout, ledger, report, options, progress).run(now)
    return report


class _Verification:
    def __init__(
        self,
        root: int,
        layout: DriveLayout,
        ledger: Ledger,
        report: Report,
        options: Options,
        progress: Progress | None,
    ) -> None:
        self._root, self._layout, self._ledger = root, layout, ledger
        self._report, self._findings, self._options = report, report.findings, options
        self._progress = progress
        self._total = 0

    def run(self, now: datetime) -> None:
        report, findings, root, ledger = self._report, self._findings, self._root, self._ledger
        look_around(self._layout.root, findings)
        walk_bag(self._layout.root, ledger, findings)
        report.tagmanifest, listed = check_tagmanifest(root, findings)
        self._total = sum(size for _, size in ledger.unlisted_tags())
        if not self._options.quick:
            self._total += ledger.present_sums()[1]
        known = check_tag_files(root, listed, findings, self._read)
        info = check_texts(root, findings)
        check_manifest(root, ledger, findings)
        chunks = check_items(root, ledger, findings)
        report.contents = check_records(root, ledger, findings)
        report.files, report.size = ledger.sums()
        self._compare_lists(listed, known, chunks, info)
        self._prove(now, info)
        if report.admission is not None:
            self._compare_release(report.admission.release, listed, known, info)
            check_disk_table(root, ledger, report.admission, findings)
        check_sizes(ledger, findings)
        if not self._options.quick:
            check_bytes(root, ledger, findings, self._read)
            check_forms(root, ledger, findings)

    def _read(self, count: int) -> None:
        self._report.read += count
        if self._progress is not None:
            self._progress(self._report.read, max(self._total, self._report.read))

    def _compare_lists(
        self, listed: dict[str, str], known: dict[str, tuple[str, int]], chunks: int, info: BagInfo | None
    ) -> None:
        add, ledger = self._findings.add, self._ledger
        for path, other in ledger.missing():
            add(
                "missing" if other is None else "case", b"bag/" + path, f"stands as {printable(other)}" if other else ""
            )
        for (path,) in ledger.strangers():
            add("stranger", b"bag/" + path)
        for path, _ in ledger.unlisted_tags():
            if path.decode("utf-8", "replace") not in listed and path != TAGMANIFEST.encode():
                add("stranger", b"bag/" + path)
        for path, sha256, known_as in ledger.foreign():
            add(
                "mismatch", b"bag/" + path, f"is {sha256} in the manifest; in items.txt {known_as or 'it is not there'}"
            )
        for path in _of_no_record(ledger):
            add("mismatch", b"bag/" + path, "is in items.txt, but in no record of the catalogue just so")
        for (path,) in ledger.unlisted_items():
            add("mismatch", b"bag/" + path, "is in the catalogue, but not in items.txt just so")
        size = known.get(CHUNKS, ("", 0))[1]
        if CHUNKS in known and size != chunks * DIGEST:
            add("mismatch", f"bag/{CHUNKS}", f"expected {chunks * DIGEST} bytes by items.txt; found {size}")
        if info is not None:
            self._compare_info(info)

    def _compare_info(self, info: BagInfo) -> None:
        report, add = self._report, self._findings.add
        _tell_bag(report, info, sums=False)
        if (info.files, info.size) != (report.files, report.size):
            add("mismatch", "bag/bag-info.txt", f"expected {report.size}.{report.files} by the lists")
        found = self._ledger.present_sums()
        if (info.files, info.size) != found:
            add("mismatch", "bag/bag-info.txt", f"found {found[1]}.{found[0]} on the drive")
        if info.disks == 1:
            for (path,) in self._ledger.elsewhere():
                add("mismatch", b"bag/" + path, "is in items.txt, but not on the only drive of the set")

    def _prove(self, now: datetime, info: BagInfo | None) -> None:
        report, findings, root = self._report, self._findings, self._root
        found = list_metadata(self._layout.root, findings)
        report.metadata = describe(root, found, findings)
        check_targets(root, self._layout.root, findings)
        proof = prove(root, found, self._options.root, report.tagmanifest, now, findings)
        report.proof = proof.by
        _tell_release(root, found, report, info)
        report.admission = proof.admission or report.admission

    def _compare_release(
        self, release: Release, listed: dict[str, str], known: dict[str, tuple[str, int]], info: BagInfo | None
    ) -> None:
        report, add = self._report, self._findings.add
        promised: dict[str, Digest | Accelerator] = {**release.truth, **release.accelerators}
        for name, digest in promised.items():
            path = f"meta/{name}"
            if listed.get(path) != digest.sha256:
                add("mismatch", f"bag/{path}", "the tagmanifest has another digest than the release")
            elif path in known and known[path][1] != digest.size:
                add("mismatch", f"bag/{path}", f"expected {digest.size} bytes by the release; found {known[path][1]}")
        report.accelerators = {name: f"meta/{name}" in known for name in release.accelerators}
        disk = report.admission.disk if report.admission else None
        if disk is not None and disk.bytes != report.size:
            add("mismatch", f"bag/{MANIFEST}", f"expected {disk.bytes} bytes by the release; found {report.size}")
        here = self._ledger.records_here()
        if disk is not None and disk.count not in {0, here}:
            detail = f"expected files of {disk.count} records by the release; found {here}"
            add("mismatch", f"bag/{MANIFEST}", detail)
        if report.contents is not None and report.contents.records != release.count:
            detail = f"expected {release.count} records by the release; found {report.contents.records}"
            add("mismatch", "bag/meta/catalogue.jsonl", detail)
        said = (info.bundle, info.seq, info.issued, info.disk, info.disks) if info else None
        signed = (release.bundle, release.seq, release.issued, disk.n if disk else 0, len(release.disks))
        if said is not None and said != signed:
            add("mismatch", "bag/bag-info.txt", f"expected {signed} by the release; found {said}")


def _is_ours(layout: DriveLayout, report: Report) -> bool:
    """Whether there is something to examine; other faults of the tagmanifest are found again later."""
    try:
        read_candidate(layout)
    except (BlankError, NotOursError):
        report.refused = NOT_OURS
    except UnreadableError as error:
        report.findings.add_error(error)
        report.refused = UNREADABLE
    except FormatError:
        pass
    return not report.refused


def _of_no_record(ledger: Ledger) -> Iterator[bytes]:
    """Lines of items.txt that should be of a record and are of none."""
    return (path for (path,) in ledger.unrecorded() if sections_file(path.decode("ascii")) is None)


def _tell_bag(report: Report, info: BagInfo | None, *, sums: bool = True) -> None:
    if info is None:
        return
    report.bag = {key: value for key, value in asdict(info).items() if key not in {"size", "files"}}
    if sums:
        report.files, report.size = info.files, info.size


def _tell_release(root: int, found: Metadata, report: Report, info: BagInfo | None) -> None:
    report.release, report.admission, named = find_release(root, found, report.tagmanifest, info)
    if not named and report.command == "inspect":
        report.findings.add("list-changed", f"bag/{TAGMANIFEST}", "no release on the drive names it")
    if report.unknown_features and report.command == "inspect":
        report.findings.add("needs-newer-box", "", ", ".join(report.unknown_features))


def _accelerators(report: Report, listed: dict[str, str]) -> list[str]:
    if report.admission is not None:
        return sorted(report.admission.release.accelerators)
    return sorted(name.removeprefix("meta/") for name in listed if name.startswith("meta/"))
