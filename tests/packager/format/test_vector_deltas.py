"""The golden cases of deltas, and a golden delta: other readers must make the same of them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from packager.format.chunks import ChunkHasher
from packager.format.delta_apply import PackStream, apply_chunks, apply_list, changes, made
from packager.format.deltas import ADD, COPY, PATCH, REMOVE, Delta, parse_operation, read_delta
from packager.format.items import ItemLine, read_items
from packager.format.line_patches import apply_line_patch
from packager.format.patches import apply_frame
from packager.format.release import Release
from tests.packager.format.test_vector_cases import V1, Case, answers, cases, content
from tests.simulator import FastFiles

DELTA = V1 / "delta"
MOST = 1000


@cases("delta-heads")
def test_heads(case: Case) -> None:
    head = answers(case, lambda: Delta.from_bytes(content(case)))
    assert head is None or head.to_bytes() == content(case)
    assert head is None or head.target == case["target"]


@cases("delta-operations")
def test_operations(case: Case) -> None:
    operation = answers(case, lambda: parse_operation(content(case)))
    assert operation is None or operation.to_bytes() == content(case)
    assert operation is None or operation.size == case["size"]


@cases("frames")
def test_frames(case: Case) -> None:
    found = answers(case, lambda: apply_frame(content(case), case["size"], case["old"].encode()))
    assert found is None or found.decode() == case["makes"]


@cases("list-patches")
def test_patches_of_lists(case: Case) -> None:
    def read() -> str:
        out = bytearray()
        apply_line_patch(BytesIO(case["old"].encode()), BytesIO(content(case)), out.extend, MOST)
        return out.decode()

    found = answers(case, read)
    assert found is None or found == case["makes"]


def test_golden_delta_makes_the_new_release(tmp_path: Path) -> None:
    head, operations = read_delta(DELTA / "delta.jsonl")
    release, files, old = Release.from_bytes((DELTA / "release.json").read_bytes()), FastFiles(), DELTA / "old"
    assert (head.new, head.new_number) == (release.seq, release.number)
    digests: dict[str, bytes] = {}
    copies: dict[str, str] = {}
    kinds = set()

    def read_old(item: ItemLine, start: int, count: int) -> bytes:
        return (old / item.path).read_bytes()[start : start + count]

    with PackStream(sorted(DELTA.glob("pack-*.bin"))) as stream:
        for name, size in (("catalogue.jsonl", head.catalogue), ("items.txt", head.items)):
            apply_list(stream, size, old / "meta" / name, tmp_path / name, release.truth[name], files)
        for change in changes(operations, old / "meta/items.txt", tmp_path / "items.txt"):
            kinds.add(change.operation.kind)
            if change.operation.kind == COPY:
                copies[change.operation.path] = change.operation.source
            elif change.new is not None:
                found = b"".join(made(change, stream, read_old))
                files.write_atomic(tmp_path / "item", found, expected=change.new.sha256)
                hasher = ChunkHasher()
                hasher.update(found)
                digests[change.new.path] = hasher.digests()
        assert not stream.read(1)
    apply_chunks(
        tmp_path / "chunks.bin", old / "meta/items.txt", old / "meta/chunks.bin", tmp_path / "items.txt", digests,
        copies, release.truth["chunks.bin"], files,
    )  # fmt: skip
    assert kinds == {ADD, PATCH, COPY, REMOVE}
    assert list(read_items(tmp_path / "items.txt")) == list(read_items(DELTA / "new/meta/items.txt"))
    assert (tmp_path / "catalogue.jsonl").read_bytes() == (DELTA / "new/meta/catalogue.jsonl").read_bytes()
