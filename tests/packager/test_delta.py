"""A delta makes the new release out of the old one, exactly, and of few bytes."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import pytest

from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.making import DOCUMENT, make_delta
from packager.delta.packs import pack_name
from packager.errors import DeltaBaseError, DeltaPairError
from packager.format.chunks import ChunkHasher
from packager.format.delta_apply import PackStream, apply_chunks, apply_list, changes, find_item, made
from packager.format.deltas import ADD, COPY, PATCH, REMOVE, read_delta
from packager.format.errors import DigestError, FormatError
from packager.format.items import read_items
from tests.packager.editions import BIG, FILES, NEW, OLD, OPTIONS, write_source


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    """(old, new): two releases, the older one kept apart as an archive is."""
    folder = tmp_path_factory.mktemp("editions")
    source, work = folder / "source", folder / "work"
    build(write_source(source, OLD), work, OPTIONS, FILES)
    old = edition_of([shutil.copytree(work, folder / "archive")])
    shutil.rmtree(source)
    build(write_source(source, NEW), work, replace(OPTIONS, edition="2026.11", seq=2), FILES)
    return old, edition_of([work])


@pytest.fixture(scope="module")
def delta(editions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("delta") / "1-2"
    head, counts = make_delta(*editions, folder, FILES, workers=2)
    return folder, head, counts


def packs_of(folder, head):
    return [folder / pack_name(n) for n in range(len(head.packs))]


def apply_all(old, new, folder, out, read_old=None):
    """What a box does, in the plainest way."""
    head, operations = read_delta(folder / DOCUMENT)
    out.mkdir(parents=True)
    truth, was = new.release.truth, old.layout
    digests, copies = {}, {}
    with PackStream(packs_of(folder, head)) as stream:
        apply_list(stream, head.catalogue, was.catalogue, out / "catalogue.jsonl", truth["catalogue.jsonl"], FILES)
        apply_list(stream, head.items, was.items, out / "items.txt", truth["items.txt"], FILES)
        for change in changes(operations, was.items, out / "items.txt"):
            kind, path = change.operation.kind, change.operation.path
            if kind in {ADD, PATCH}:
                hasher = ChunkHasher()
                with FILES.create(out / change.new.sha256, expected=change.new.sha256) as file:
                    for block in made(change, stream, read_old or old.read):
                        hasher.update(block)
                        file.write(block)
                digests[path] = hasher.digests()
            elif kind == COPY:
                copies[path] = change.old.path
    wanted = truth["chunks.bin"]
    apply_chunks(out / "chunks.bin", was.items, was.chunks, out / "items.txt", digests, copies, wanted, FILES)
    return digests, copies


def test_old_release_and_delta_make_the_new_release_exactly(editions, delta, tmp_path):
    old, new = editions
    apply_all(old, new, delta[0], tmp_path / "box")
    for name in ("catalogue.jsonl", "items.txt", "chunks.bin"):
        assert (tmp_path / "box" / name).read_bytes() == new.layout.meta_file(name).read_bytes()
    here = {line.sha256 for line in read_items(old.layout.items)}
    for line in read_items(new.layout.items):
        if line.sha256 not in here:
            assert (tmp_path / "box" / line.sha256).read_bytes() == (new.roots[0] / "bag" / line.path).read_bytes()


def test_each_item_gets_the_cheapest_operation(editions, delta):
    _, operations = read_delta(delta[0] / DOCUMENT)
    kinds = {}
    of_index = []
    for operation in operations:
        if operation.path.startswith("data/index/"):
            of_index.append(operation.kind)
        else:
            kinds.setdefault(operation.kind, []).append(operation)
    assert REMOVE not in of_index  # the index of texts has the same names in every release
    counted = {kind: len(found) for kind, found in kinds.items()}
    assert (counted[PATCH], counted[COPY], counted[REMOVE]) == (3, 1, 2)  # the book, its text, the data
    assert all(operation.size < 3000 for operation in kinds[PATCH])
    sizes = {line.path: line.size for line in read_items(editions[1].layout.items)}
    stored = [operation for operation in kinds[ADD] if operation.size == sizes[operation.path]]
    packed = [operation for operation in kinds[ADD] if operation.size < sizes[operation.path] // 10]
    assert stored
    assert packed


def test_head_says_what_people_want_to_know(delta):
    _, head, counts = delta
    assert (head.added, head.changed, head.removed) == (1, 4, 1)
    assert counts.titles == {
        "added": ["新书"],
        "changed": ["改过的书", "补录的数据", "改了文件名的书", "题名已正"],
        "removed": ["下架的书"],
    }
    assert head.size < 1_110_000 + 12_000  # the new noise, and little else
    assert [hashlib.sha256(p.read_bytes()).hexdigest() for p in packs_of(delta[0], head)] == [
        pack.sha256 for pack in head.packs
    ]


def test_same_releases_give_the_same_delta_however_many_threads_make_it(editions, delta, tmp_path):
    make_delta(*editions, tmp_path / "again", FILES, workers=1)
    for path in delta[0].iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    assert len(list((tmp_path / "again").iterdir())) == len(list(delta[0].iterdir()))


def test_delta_backwards_brings_the_old_release_back(editions, tmp_path):
    old, new = editions
    make_delta(new, old, tmp_path / "2-1", FILES)
    apply_all(new, old, tmp_path / "2-1", tmp_path / "box")
    assert (tmp_path / "box/chunks.bin").read_bytes() == old.layout.chunks.read_bytes()


def test_packs_are_cut_and_read_as_one_stream(editions, tmp_path, monkeypatch):
    monkeypatch.setattr("packager.delta.packs.MAX_PACK", 100_000)
    monkeypatch.setattr("packager.format.deltas.MAX_PACK", 100_000)
    head, _ = make_delta(*editions, tmp_path / "1-2", FILES)
    assert len(head.packs) > 10
    apply_all(*editions, tmp_path / "1-2", tmp_path / "box")


def test_item_of_several_windows_is_patched(tmp_path, monkeypatch, editions):
    for module in ("patches", "deltas"):
        monkeypatch.setattr(f"packager.format.{module}.WINDOW", 1 << 20)
    head, _ = make_delta(*editions, tmp_path / "1-2", FILES)
    apply_all(*editions, tmp_path / "1-2", tmp_path / "box")
    assert head.size < 1_110_000 + 20_000


def test_damaged_archive_and_damaged_work_are_refused(editions, tmp_path):
    old, new = editions
    grown = next(line for line in read_items(old.layout.items) if line.size == len(BIG))
    archive = shutil.copytree(old.roots[0], tmp_path / "archive")
    with (archive / "bag" / grown.path).open("r+b") as file:
        file.write(b"damaged")
    with pytest.raises(DeltaBaseError, match="damaged"):
        make_delta(edition_of([archive]), new, tmp_path / "a", FILES)
    (archive / "bag" / grown.path).unlink()
    with pytest.raises(DeltaBaseError, match="not at hand"):
        make_delta(edition_of([archive]), new, tmp_path / "a", FILES)
    with (archive / "bag/meta/items.txt").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DeltaBaseError, match=r"items\.txt"):
        edition_of([archive])
    with pytest.raises(DeltaBaseError):
        edition_of([tmp_path])


def test_releases_of_two_bundles_or_one_release_give_no_delta(editions, tmp_path):
    old, new = editions
    other = replace(new, release=replace(new.release, bundle="sichuan"))
    for wrong in (other, old):
        with pytest.raises(DeltaPairError):
            make_delta(old, wrong, tmp_path / "x", FILES)


def test_wrong_old_bytes_on_a_drive_never_give_a_new_item(editions, delta, tmp_path):
    old, new = editions

    def spoiled(item, start, count):
        content = bytearray(old.read(item, start, count))
        content[len(content) // 2] ^= 1
        return bytes(content)

    with pytest.raises(FormatError):
        apply_all(old, new, delta[0], tmp_path / "box", spoiled)
    assert not any(len(p.name) == 64 and p.name != hashlib.sha256(p.read_bytes()).hexdigest()
                   for p in (tmp_path / "box").iterdir())  # fmt: skip


def test_operation_that_is_lacking_or_about_nothing_is_refused(editions, delta):
    old, new = editions
    _, operations = read_delta(delta[0] / DOCUMENT)
    known = list(operations)
    for wrong in (known[1:], known[:-1], [*known[:2], *known[3:]], [*known, replace(known[-1], path="data/zz/z")]):
        with pytest.raises(FormatError):
            list(changes(wrong, old.layout.items, new.layout.items))
    copy = next(operation for operation in known if operation.kind == COPY)
    stranger = next(line.path for line in read_items(old.layout.items) if line.path != copy.source)
    for source in (stranger, "data/zz/nothing"):
        wrong = [replace(o, source=source) if o == copy else o for o in known]
        with pytest.raises(FormatError, match="there is not"):
            list(changes(wrong, old.layout.items, new.layout.items))


def test_table_of_chunks_lacking_digests_or_with_others_is_refused(editions, delta, tmp_path):
    old, new = editions
    digests, copies = apply_all(old, new, delta[0], tmp_path / "box")
    large = next(path for path, found in digests.items() if found)

    def write(digests, copies):
        was, truth = old.layout, new.release.truth["chunks.bin"]
        apply_chunks(tmp_path / "c", was.items, was.chunks, new.layout.items, digests, copies, truth, FILES)

    with pytest.raises(FormatError, match="no digests"):
        write({path: found for path, found in digests.items() if path != large}, copies)
    with pytest.raises(DigestError):
        write(digests | {large: bytes(len(digests[large]))}, copies)
    assert not (tmp_path / "c").exists()
    write(digests, copies)


def test_find_item_finds_every_line_and_no_other(editions):
    items = editions[1].layout.items
    for line in read_items(items):
        assert find_item(items, line.path) == line
    for path in ("", "data", "data/zz/zz", "data/00/0"):
        assert find_item(items, path) is None
