"""Targets: what the desk reads that others wrote: spreadsheets, disks, facts of images, requests for signatures."""

from __future__ import annotations

import functools
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packager.authority import Published, read_published
from packager.errors import NumberDiffersError, SequenceError, SigningError
from packager.format.release import Release
from packager.production.errors import ImageError, LedgerError, WriteError
from packager.production.facts import ImageFacts
from packager.production.geometry import MIB, Geometry, named_uuid
from packager.production.ledger import Ledger
from packager.production.ledger_files import moment, read_batch
from packager.production.mark import MARK_SIZE, Mark, read_mark
from packager.production.run_journal import RunJournal, Subject
from packager.production.serials import serial
from packager.request import RETIRE, Change, check_list, read_request, write_request
from packager.withdrawn_list import LIFT, WITHDRAW, check_contents
from provisioning.disks.errors import TableError
from provisioning.disks.gpt import HEAD, LINUX, SECTOR, TAIL, Partition, Table, read_table, table_bytes
from tests.fuzz.lists import V1, outcome
from tests.fuzz.target import Target, kept, scratch
from tests.simulator import DAY, FastFiles, Publisher
from tests.vectors.make import known_keys

_DISK = 128 << 10
_SUBJECT = Subject("a" * 64, 64 * MIB, serial(26, 7))


def run_ledger(data: bytes) -> bool:
    """A spreadsheet: it is entered whole, or every row that cannot be is named."""
    lines = outcome(lambda: read_batch(kept("batch.csv", data)), LedgerError)
    if lines is None:
        return False
    assert all(moment(line.at) == line.at for line in lines)
    path = scratch() / "ledger.db"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with Ledger(path) as ledger:
        entered = outcome(lambda: ledger.enter(lines), LedgerError)
        assert (entered is None) == bool(lines and not list(ledger.drives()))
        assert entered is None or ledger.enter(lines).new == 0
    return entered is not None


def run_run_journal(data: bytes) -> bool:
    """The journal of a drive after the PC's own disk was not kind to it: a new run can always be begun."""
    folder = scratch() / "journal"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path = folder / "journal.db"
    path.write_bytes(data)
    journal = outcome(lambda: RunJournal(path), WriteError)
    if journal is None:
        return False
    with journal:
        known = journal.mark(_SUBJECT)
        written, compared = journal.segments()
        assert compared <= written
        assert isinstance(journal.finished, bool)
        mark = journal.begin(_SUBJECT)
        journal.note(3, compared=True)
        assert (journal.mark(_SUBJECT), journal.segments()) == (mark, ({3}, {3}))
    return known is not None


def run_mark(data: bytes) -> bool:
    found = read_mark(data)
    if found is None:
        return False
    assert found.to_bytes().rstrip(b"\0") == data[:MARK_SIZE].rstrip(b"\0")
    return read_mark(found.to_bytes()) == found


def run_image_facts(data: bytes) -> bool:
    found = outcome(lambda: ImageFacts.from_bytes(data), ImageError)
    if found is None:
        return False
    before, after = json.loads(data), json.loads(found.to_bytes())
    assert {**before, "release": ""} == {**after, "release": ""}  # a release may say more than this version knows
    assert found.disk.n == before["disk"]
    segments = found.segments()
    assert sum(segment.size for segment in segments) == found.geometry.ext4_size
    assert found.used <= found.geometry.ext4_size
    assert found.segment_list().count(b"\n") == sum(segment.sha256 is not None for segment in segments)
    return True


def run_partition_table(data: bytes) -> bool:
    """A disk whose tables say anything, their checksums right: `data` is its first and its last bytes."""
    size = _DISK
    head, tail = data[:HEAD].ljust(HEAD, b"\0"), data[HEAD : HEAD + TAIL].ljust(TAIL, b"\0")
    path = kept("disk", _summed(head, SECTOR, 2 * SECTOR) + bytes(size - HEAD - TAIL) + _summed(tail, TAIL - SECTOR, 0))
    with path.open("rb") as disk:
        table = outcome(lambda: read_table(lambda at, length: os.pread(disk.fileno(), length, at), size), TableError)
    if table is None:
        return False
    assert read_table(_reader(*table_bytes(table, size), size), size) == table
    return True


def _reader(head: bytes, tail: bytes, size: int) -> Any:
    whole = head + bytes(size - len(head) - len(tail)) + tail
    return lambda at, length: whole[at : at + length]


def _summed(part: bytes, header: int, entries: int) -> bytes:
    """The bytes of one copy of a table with its checksums put right."""
    out = bytearray(part)
    out[header + 88 : header + 92] = zlib.crc32(out[entries : entries + 128 * 128]).to_bytes(4, "little")
    out[header + 16 : header + 20] = bytes(4)
    out[header + 16 : header + 20] = zlib.crc32(out[header : header + 92]).to_bytes(4, "little")
    return bytes(out)


@functools.cache
def _published() -> tuple[Published, Path]:
    """What was published, and a work folder with a request that follows from it."""
    with known_keys():
        national = Publisher(scratch() / "desk")
        national.release(1)
    before = read_published((national.keys / "tuf",), national.root)
    write_request(scratch() / "work", before, Change(RETIRE, "national", 1, DAY.isoformat()), FastFiles())
    return before, scratch() / "work"


def run_request(data: bytes) -> bool:
    """A work folder that somebody carried to the second signer: what asks, or the list to be signed, changed."""
    before, work = _published()
    folder = work / "request"
    name = ("change.json", "targets.json")[data[0] % 2 if data else 0]
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(data[1:])
    try:
        request = outcome(lambda: read_request(work, before), SigningError)
    finally:
        (folder / name).write_bytes(whole)
    if request is None:
        return False
    change = request.change
    for kind in (WITHDRAW, LIFT):
        outcome(
            lambda kind=kind: check_contents(kind, before, change.bundle, change.day, change.contents, None),
            NumberDiffersError,
        )
    outcome(lambda: check_list(before, request), SequenceError, NumberDiffersError)
    assert not request.ready
    return True


def _ledger_seeds() -> Sequence[bytes]:
    numbers = [serial(26, n) for n in (1, 2)]
    rows = "".join(f"{n},写入,2026-11-26 09:30,王,,,,2026年11月版,X\r\n" for n in numbers)
    text = f"编号,状态,时间,经手人,备注,馆代码,馆名,版次,硬件序列号\r\n{rows}"
    other = f"时间,编号,经手人,状态\n2026/1/2,{numbers[0]},王,written\n"
    return [text.encode("utf-8-sig"), text.encode("gb18030"), other.encode(), "编号\n".encode()]


def _journal_seeds() -> Sequence[bytes]:
    path = scratch() / "seed-journal.db"
    with RunJournal(path) as journal:
        journal.begin(_SUBJECT)
        for number in range(4):
            journal.note(number, compared=number < 2)
        journal.finish()
    return [path.read_bytes(), b""]


def _facts_seeds() -> Sequence[bytes]:
    release = Release.from_bytes((V1 / "release.json").read_bytes())
    made = [
        ImageFacts(
            release, release.disks[0], Geometry(64 * MIB, size), "u", 4 * MIB, digests, "c" * 64, {"mke2fs": "1"}
        )
        for size, digests in ((4 * MIB, ("a" * 64,)), (9 * MIB, ("a" * 64, None, "b" * 64)))
    ]
    return [facts.to_bytes() for facts in made]


def _table_seeds() -> Sequence[bytes]:
    parts = [Partition(at, 8192, LINUX, named_uuid(f"part {at}"), "SHUXIANG") for at in (HEAD, HEAD + 8192)]
    found = [b"".join(table_bytes(Table(named_uuid("disk"), tuple(parts[:n])), _DISK)) for n in (1, 2)]
    return [*found, found[0][:SECTOR]]


def _request_seeds() -> Sequence[bytes]:
    folder = _published()[1] / "request"
    change, targets = ((folder / name).read_bytes() for name in ("change.json", "targets.json"))
    other = json.loads(change) | {"kind": "withdraw", "contents": {"withdrawn/national.json": '{"resources":{}}\n'}}
    text = json.dumps(other, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    return [b"\0" + change, b"\1" + targets, b"\0" + text.encode()]


_FACTS = (b'"segment":0', b'"disk":0', b'"free"', b'"segments":[', b'"ext4_at":67108864', b"-4096", b"0" * 64)
PRODUCTION = (
    Target(
        "ledger", "packager.production.ledger_files.read_batch", _ledger_seeds, run_ledger,
        ("发出".encode(), "馆代码".encode(), b"2026-11-26 09:30", b'"', b",", b"0999-1-1", b"\xef\xbb\xbf", b"\xa3"),
    ),
    Target(
        "run-journal", "packager.production.run_journal.RunJournal", _journal_seeds, run_run_journal,
        (b"SQLite format 3\0",), 60_000, seconds=3,
    ),
    Target(
        "mark", "packager.production.mark.read_mark", lambda: [Mark("a" * 32, serial(26, 7)).to_bytes()], run_mark,
        (b"SHUXIANG WRITING 1\n", b"SX"),
    ),
    Target("image-facts", "packager.production.facts.ImageFacts", _facts_seeds, run_image_facts, _FACTS, 16_384),
    Target(
        "partition-table", "provisioning.disks.gpt.read_table", _table_seeds, run_partition_table,
        (b"EFI PART", b"\xff" * 8, b"\0" * 8), HEAD + TAIL,
    ),
    Target("request", "packager.request.read_request", _request_seeds, run_request, (b'"kind":"delegate"', b'"keys":['),
           prefix=1, seconds=3),
)  # fmt: skip
