"""One drive: what is on it at the end, and what happens when it is cut, lies or fails."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import random

import pytest

from packager.production.cloning import Clone
from packager.production.errors import ImageError, WriteError
from packager.production.geometry import FAT_AT, MARK_AT, MIB, table_of
from packager.production.mark import MARK_SIZE, read_mark
from packager.production.run_journal import RunJournal, Subject
from provisioning.disks.errors import TableError
from provisioning.disks.gpt import read_table
from tests.provisioning.disks.media import FaultyMedium, MemoryMedium, PowerCutError

SERIAL = "SX2611040372"


@pytest.fixture
def own(tmp_path, made):
    """A stand-in for the drive's own FAT32 partition."""
    path = tmp_path / "own.fat"
    path.write_bytes((b"own part" * 64 + bytes(1536)) * 1000)
    return path


@pytest.fixture
def image(made):
    handle = os.open(made[0], os.O_RDONLY)
    yield handle
    os.close(handle)


def run(made, image, medium, journal_path, own, *, listen=lambda *_: None, whole=False):
    with RunJournal(journal_path) as journal:
        return Clone(made[1], image, medium, journal, SERIAL, listen, whole=whole).run(lambda _: own)


def assert_complete(facts, medium, own):
    content = medium.content
    for segment in facts.segments():
        if segment.sha256:
            assert hashlib.sha256(content[segment.at : segment.at + segment.size]).hexdigest() == segment.sha256
    assert content[FAT_AT : FAT_AT + own.stat().st_size] == own.read_bytes()
    assert read_table(lambda at, n: bytes(content[at : at + n]), medium.size) == table_of(facts.geometry, SERIAL)


def has_no_table(medium):
    return not any(medium.content[:MARK_AT]) or not any(medium.content[510:512])


def test_clone_writes_everything_once_and_compares_it(made, image, own, tmp_path):
    facts = made[1]
    medium = MemoryMedium(facts.size + 3 * MIB + 512)
    done = run(made, image, medium, tmp_path / "j.db", own)
    assert (done.written, done.compared, done.skipped, done.rewritten) == (facts.used, facts.used, 0, 0)
    assert_complete(facts, medium, own)
    again = run(made, image, medium, tmp_path / "j.db", own)
    assert (again.written, again.compared) == (0, 0)


def test_what_nothing_uses_is_left_alone_unless_asked(made, image, own, tmp_path):
    facts = made[1]
    medium = MemoryMedium(facts.size)
    medium.content[:] = b"\xa5" * facts.size
    run(made, image, medium, tmp_path / "j.db", own)
    assert_complete(facts, medium, own)
    free = next(s for s in facts.segments() if s.sha256 is None)
    assert set(medium.content[free.at : free.at + free.size]) == {0xA5}
    other = MemoryMedium(facts.size)
    other.content[:] = b"\xa5" * facts.size
    run(made, image, other, tmp_path / "k.db", own, whole=True)
    assert_complete(facts, other, own)
    assert set(other.content[free.at : free.at + free.size]) == {0}


def test_zeros_that_files_need_are_written_over_old_contents(made, image, own, tmp_path):
    """Where the image has holes and the file system has data or its own tables, old bytes must not shine through."""
    facts = made[1]
    holes = made[0].read_bytes()
    medium = MemoryMedium(facts.size)
    medium.content[:] = b"\xff" * facts.size
    run(made, image, medium, tmp_path / "j.db", own)
    zero_used = [s for s in facts.segments() if s.sha256 and holes[s.at : s.at + s.size].count(0) > s.size // 2]
    assert zero_used
    for segment in zero_used:
        assert medium.content[segment.at : segment.at + segment.size] == holes[segment.at : segment.at + segment.size]


@pytest.mark.parametrize("seed", range(12))
def test_power_cut_anywhere_goes_on_and_ends_complete(made, image, own, tmp_path, seed):
    """Cut after any operation, with any part of what was not yet durable kept; again and again until it is done."""
    facts, chance = made[1], random.Random(seed)
    medium = MemoryMedium(facts.size + MIB)
    medium.content[:MIB] = b"\x5a" * MIB  # it was used before
    cuts = 0
    for _ in range(60):
        left = chance.choice((1, 3, 8, 20, 45))

        def operation(name):
            nonlocal left
            left -= 1
            if left < 0:
                raise PowerCutError

        medium.operation = operation
        try:
            done = run(made, image, medium, tmp_path / "j.db", own)
            assert done.rewritten == 0, "what was noted as written was durable"
            break
        except PowerCutError:
            cuts += 1
            medium.operation = lambda _: None
            medium.cut_power(chance)
            try:
                table = read_table(lambda at, n: bytes(medium.content[at : at + n]), medium.size)
            except TableError:
                continue
            # A table is there only when everything else is.
            medium.operation = lambda _: None
            assert table == table_of(facts.geometry, SERIAL)
            assert_complete(facts, medium, own)
    else:
        pytest.fail("it never ended")
    medium.operation = lambda _: None
    medium.sync()
    assert_complete(facts, medium, own)
    assert cuts


def test_cut_leaves_a_disk_that_nobody_takes_for_a_drive(made, image, own, tmp_path):
    medium = MemoryMedium(made[1].size)
    count = 0

    def operation(name):
        nonlocal count
        count += 1
        if count > 30:
            raise PowerCutError

    medium.operation = operation
    with pytest.raises(PowerCutError):
        run(made, image, medium, tmp_path / "j.db", own)
    assert has_no_table(medium)
    assert read_mark(bytes(medium.content[MARK_AT : MARK_AT + MARK_SIZE])).serial == SERIAL


def test_resumed_run_skips_what_was_compared(made, image, own, tmp_path):
    facts, medium = made[1], MemoryMedium(made[1].size)
    heard = 0

    def listen(phase, count):
        nonlocal heard
        heard += phase == "comparing"
        if heard > 4:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        run(made, image, medium, tmp_path / "j.db", own, listen=listen)
    done = run(made, image, medium, tmp_path / "j.db", own)
    assert done.written == 0
    assert done.skipped > 0
    assert done.skipped + done.compared == facts.used


def test_another_disk_in_the_same_place_is_written_from_the_beginning(made, image, own, tmp_path):
    """Enclosures give every disk one number: only the mark tells that this is not the disk that was begun."""
    medium = MemoryMedium(made[1].size)
    steps = iter(range(40))

    def listen(phase, count):
        if next(steps, None) is None:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        run(made, image, medium, tmp_path / "j.db", own, listen=listen)
    other = MemoryMedium(made[1].size)
    done = run(made, image, other, tmp_path / "j.db", own)
    assert done.written == made[1].used
    assert_complete(made[1], other, own)


def test_disk_that_lost_what_it_said_was_durable_is_written_once_more(made, image, own, tmp_path):
    facts, medium = made[1], MemoryMedium(made[1].size)
    phases = []

    def listen(phase, count):
        phases.append(phase)
        if phase == "comparing":
            raise PowerCutError

    with pytest.raises(PowerCutError):
        run(made, image, medium, tmp_path / "j.db", own, listen=listen)
    lost = next(s for s in facts.segments() if s.sha256)
    medium.content[lost.at : lost.at + 4096] = bytes(4096)
    done = run(made, image, medium, tmp_path / "j.db", own)
    assert done.rewritten == 1
    assert_complete(facts, medium, own)


@pytest.mark.parametrize("how", ["flip", "drop"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_disk_that_keeps_other_bytes_is_unfit(made, image, own, tmp_path, how, share):
    medium = FaultyMedium(made[1].size, how, int(made[1].used * share) + 2 * MIB)
    with pytest.raises(WriteError) as unfit:
        run(made, image, medium, tmp_path / "j.db", own)
    assert unfit.value.sentence == "desk.drive.one_bad"
    assert has_no_table(medium)


def test_image_that_changed_is_noticed_before_the_disk_has_a_table(made, own, tmp_path):
    spoiled = bytearray(made[0].read_bytes())
    victim = next(s for s in made[1].segments() if s.sha256)
    spoiled[victim.at + 77] ^= 1
    path = tmp_path / "spoiled.img"
    path.write_bytes(spoiled)
    handle = os.open(path, os.O_RDONLY)
    medium = MemoryMedium(made[1].size)
    try:
        with pytest.raises(ImageError, match="other bytes"):
            run(made, handle, medium, tmp_path / "j.db", own)
    finally:
        os.close(handle)
    assert has_no_table(medium)


def test_check_reads_only_and_finds_one_bit(made, image, own, tmp_path):
    facts, medium = made[1], MemoryMedium(made[1].size)
    run(made, image, medium, tmp_path / "j.db", own)
    names = []
    medium.operation = names.append

    def check():
        with RunJournal(tmp_path / "c.db") as journal:
            return Clone(facts, image, medium, journal, "", lambda *_: None).check()

    assert check().compared == facts.used
    assert set(names) == {"read"}
    victim = [s for s in facts.segments() if s.sha256][-1]
    medium.content[victim.at + victim.size - 1] ^= 0x80
    with pytest.raises(WriteError):
        check()
    medium.content[victim.at + victim.size - 1] ^= 0x80
    medium.content[600] ^= 1
    with pytest.raises(WriteError, match="table"):
        check()


def test_damaged_journal_is_begun_anew(tmp_path):
    """Then everything is written again; a drive is never called written by a journal that cannot be read."""
    subject, path = Subject("a" * 64, 100, SERIAL), tmp_path / "j.db"
    with RunJournal(path) as journal:
        journal.begin(subject)
        journal.note(3, compared=True)
        journal.finish()
    whole = path.read_bytes()
    for damaged in (b"no database" * 100, whole[:5000], whole.replace(b"finished", b"fin\xff\xffhed"), b""):
        path.write_bytes(damaged)
        with RunJournal(path) as journal:
            assert (journal.mark(subject), journal.segments(), journal.finished) == (None, (set(), set()), False)
            journal.begin(subject)
        with RunJournal(path) as journal:
            assert journal.mark(subject) is not None


def test_journal_is_of_one_subject_and_of_one_process(tmp_path):
    subject = Subject("a" * 64, 100, SERIAL)
    with RunJournal(tmp_path / "j.db") as journal:
        assert journal.mark(subject) is None
        mark = journal.begin(subject)
        journal.note(3, compared=False)
        assert journal.mark(subject) == mark
        assert journal.mark(dataclasses.replace(subject, image="b" * 64)) is None
        with pytest.raises(WriteError, match="another run"):
            RunJournal(tmp_path / "j.db")
    with RunJournal(tmp_path / "j.db") as journal:
        assert journal.segments() == ({3}, set())
        assert journal.begin(subject) != mark
        assert journal.segments() == (set(), set())
