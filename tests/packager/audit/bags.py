"""Bad bags, each spoiled in one way: what `packager verify` must find, and what bagit and sha256sum are asked about."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import bagit

from packager.format.chunks import ChunkHasher
from packager.format.layout import CHUNK
from tests.simulator import flip

Spoil = Callable[[Path], None]
"""Spoils the bag in a folder."""

MANIFEST, TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
ITEMS, CATALOGUE = "meta/items.txt", "meta/catalogue.jsonl"


def bagit_refuses(bag: Path) -> bool:
    logging.getLogger("bagit").disabled = True  # it says every bad line, however long
    try:
        bagit.Bag(str(bag)).validate()
    except Exception:  # noqa: BLE001  # bagit gets over some bags with errors of other kinds
        return True
    return False


def sha256sum_refuses(bag: Path) -> bool:
    for name in (MANIFEST, TAGMANIFEST):
        command = ["sha256sum", "--check", "--strict", "--status", name]
        if subprocess.run(command, cwd=bag, check=False, capture_output=True).returncode:
            return True
    return False


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def payload(bag: Path, n: int = 0) -> Path:
    """The n-th payload file of up to 1 MiB."""
    return sorted(p for p in (bag / "data").rglob("*.txt") if p.is_file())[n]


def large(bag: Path) -> Path:
    """The payload file of more than 1 MiB."""
    return next((bag / "data").rglob("*.bin"))


def lines(bag: Path, name: str = MANIFEST) -> list[bytes]:
    return (bag / name).read_bytes().splitlines(keepends=True)


def put(bag: Path, content: list[bytes], name: str = MANIFEST) -> None:
    (bag / name).write_bytes(b"".join(content))


def relist(bag: Path) -> None:
    """Make the tagmanifest anew, so that only the fault inside stays."""
    names = [line[66:-1].decode() for line in lines(bag, TAGMANIFEST)]
    put(bag, [f"{sha256(bag / n)}  {n}\n".encode() for n in names if (bag / n).exists()], TAGMANIFEST)


def manifest(change: Callable[[list[bytes]], list[bytes]]) -> Spoil:
    def spoil(bag: Path) -> None:
        put(bag, change(lines(bag)))
        relist(bag)

    return spoil


def tag(name: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(bag: Path) -> None:
        (bag / name).write_bytes(change((bag / name).read_bytes()))
        if name != TAGMANIFEST:
            relist(bag)

    return spoil


def first(change: Callable[[bytes], bytes]) -> Spoil:
    return manifest(lambda found: [change(found[0]), *found[1:]])


def add(name: str | bytes, content: bytes = b"x", *, listed: bool = False) -> Spoil:
    def spoil(bag: Path) -> None:
        path = bag / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if listed:
            line = hashlib.sha256(content).hexdigest().encode() + b"  " + os.fsencode(name) + b"\n"
            put(bag, sorted([*lines(bag), line], key=lambda line: line[66:]))
            relist(bag)

    return spoil


def remove(name: str) -> Spoil:
    return lambda bag: shutil.rmtree(bag / name) if (bag / name).is_dir() else (bag / name).unlink()


def rename(change: Callable[[str], str]) -> Spoil:
    def spoil(bag: Path) -> None:
        path = payload(bag)
        path.rename(path.with_name(change(path.name)))

    return spoil


def write(change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(bag: Path) -> None:
        payload(bag).write_bytes(change(payload(bag).read_bytes()))

    return spoil


def relink(bag: Path) -> None:
    path = payload(bag)
    shutil.move(path, bag.parent / "elsewhere")
    path.symlink_to(bag.parent / "elsewhere")


def relink_folder(bag: Path) -> None:
    shutil.move(bag / "data", bag.parent / "elsewhere")
    (bag / "data").symlink_to(bag.parent / "elsewhere")


def fold(bag: Path) -> None:
    path = payload(bag)
    path.unlink()
    path.mkdir()


def pipe(bag: Path) -> None:
    path = payload(bag)
    path.unlink()
    os.mkfifo(path)


def agree(bag: Path) -> None:
    """Change a payload byte and the manifest with it; only items.txt and the signature know better."""
    flip(payload(bag))
    path = payload(bag).relative_to(bag).as_posix().encode()
    put(bag, [sha256(bag / path.decode()).encode() + line[64:] if path in line else line for line in lines(bag)])
    relist(bag)


def swap_chunk(bag: Path) -> None:
    """chunks.bin of other bytes than the item has."""
    hasher = ChunkHasher()
    hasher.update(b"\0" * large(bag).stat().st_size)
    (bag / "meta/chunks.bin").write_bytes(hasher.digests())
    relist(bag)


def remove_two(bag: Path) -> None:
    payload(bag, 1).unlink()
    payload(bag, 0).unlink()


def copy_in_capitals(bag: Path) -> None:
    shutil.copy(payload(bag), payload(bag).with_name(payload(bag).name.upper()))


def two_tag_files(bag: Path) -> None:
    for name in ("meta/NOTE.txt", "meta/note.txt"):
        (bag / name).write_bytes(b"x")
    more = [f"{sha256(bag / n)}  {n}\n".encode() for n in ("meta/NOTE.txt", "meta/note.txt")]
    put(bag, sorted([*lines(bag, TAGMANIFEST), *more], key=lambda line: line[66:]), TAGMANIFEST)


def headless(content: bytes) -> bytes:
    return content[content.index(b"\n") + 1 :]


def backwards(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[::-1])


def spaced(content: bytes) -> bytes:
    return content.replace(b'"id":"big-map"', b'"id": "big-map"')


BAD: dict[str, tuple[str, Spoil]] = {
    # — files —
    "payload missing": ("missing", lambda bag: payload(bag).unlink()),
    "payload of two missing": ("missing", remove_two),
    "all payload missing": ("missing", remove("data")),
    "payload extra": ("stranger", add("data/ab/abcdefghij0123456789.txt")),
    "payload extra, hidden": ("stranger", add("data/.DS_Store")),
    "payload extra, listed": ("mismatch", add("data/ab/abcdefghij0123456789.txt", listed=True)),
    "payload cut short": ("size", write(lambda content: content[:-1])),
    "payload empty": ("size", write(lambda _content: b"")),
    "payload grown": ("size", write(lambda content: content + b"\n")),
    "payload changed": ("digest", lambda bag: flip(payload(bag))),
    "payload changed in its second chunk": ("chunk", lambda bag: flip(large(bag), CHUNK + 3)),
    "payload changed, manifest too": ("mismatch", agree),
    "payload a link": ("link", relink),
    "payload folder a link": ("link", relink_folder),
    "payload a folder": ("missing", fold),
    "payload in capital letters": ("case", rename(str.upper)),
    "payload in capital letters, also": ("stranger", copy_in_capitals),
    "payload with another extension": ("stranger", rename(lambda name: name + ".bak")),
    "payload not ASCII": ("name", add("data/ab/红楼梦.txt")),
    "payload not UTF-8": ("name", add(b"data/ab/\xff\xfe.txt")),
    "payload with CR in its name": ("name", add("data/ab/a\rb.txt", listed=True)),
    "payload with LF in its name": ("name", add("data/ab/a\nb.txt")),
    "payload with % in its name": ("name", add("data/ab/a%0Ab.txt", listed=True)),
    "payload with a space in its name": ("name", add("data/ab/a b.txt", listed=True)),
    # — tag files —
    "items.txt missing": ("missing", remove("meta/items.txt")),
    "accelerator missing": ("missing", remove("meta/catalogue.db")),
    "manifest missing": ("missing", remove(MANIFEST)),
    "tagmanifest missing": ("missing", remove(TAGMANIFEST)),
    "bagit.txt missing": ("missing", remove("bagit.txt")),
    "bag-info.txt missing": ("missing", remove("bag-info.txt")),
    "tag file extra": ("stranger", add("meta/more.txt")),
    "fetch.txt": ("stranger", add("fetch.txt", b"https://example.org/ 1 data/ab/x\n")),
    "another manifest": ("stranger", add("manifest-md5.txt", b"0" * 32 + b"  data/x\n")),
    "another tagmanifest": ("stranger", add("tagmanifest-sha512.txt", b"0" * 128 + b"  bagit.txt\n")),
    "tag file changed": ("digest", lambda bag: flip(bag / "meta/catalogue.jsonl", 5)),
    "chunks.bin of another file": ("chunk", swap_chunk),
    "chunks.bin cut short": ("mismatch", tag("meta/chunks.bin", lambda content: content[:-32])),
    # — manifest —
    "manifest with CRLF": ("line", manifest(lambda found: [line[:-1] + b"\r\n" for line in found])),
    "manifest with CR in a line": ("line", first(lambda line: line[:-1] + b"\r\n")),
    "manifest with CR for LF": ("too-large", manifest(lambda found: [line[:-1] + b"\r" for line in found])),
    "manifest unsorted": ("order", manifest(lambda found: [*found[1:], found[0]])),
    "manifest with a line twice": ("order", manifest(lambda found: [found[0], *found])),
    "manifest with a path twice": ("order", manifest(lambda found: [found[0], b"0" * 64 + found[0][64:], *found[1:]])),
    "manifest digest in capital letters": ("line", first(lambda line: line[:64].upper() + line[64:])),
    "manifest digest short": ("line", first(lambda line: line[1:])),
    "manifest digest no number": ("line", first(lambda line: b"g" + line[1:])),
    "manifest digest of another file": ("mismatch", first(lambda line: b"0" * 64 + line[64:])),
    "manifest path absolute": ("name", first(lambda line: line[:66] + b"/etc/passwd\n")),
    "manifest path with ..": ("name", first(lambda line: line[:66] + b"data/../../" + line[66:])),
    "manifest path with .": ("name", first(lambda line: line[:66] + b"./" + line[66:])),
    "manifest path with //": ("name", first(lambda line: line[:66] + line[66:].replace(b"/", b"//", 1))),
    "manifest path with \\": ("name", first(lambda line: line[:66] + line[66:].replace(b"/", b"\\"))),
    "manifest path escaped": ("line", first(lambda line: b"\\" + line)),
    "manifest path outside data": ("name", first(lambda line: line[:66] + b"bagit.txt\n")),
    "manifest path too long": ("too-large", first(lambda line: line[:66] + b"data/" + b"a" * 300 + b"\n")),
    "manifest with one space": ("line", first(lambda line: line[:65] + line[66:])),
    "manifest with a tab": ("line", first(lambda line: line[:64] + b"\t" + line[66:])),
    "manifest in binary mode": ("line", first(lambda line: line[:65] + b"*" + line[66:])),
    "manifest with an empty line": ("line", manifest(lambda found: [*found, b"\n"])),
    "manifest with a comment": ("line", manifest(lambda found: [b"# made by hand\n", *found])),
    "manifest with a BOM": ("line", manifest(lambda found: [b"\xef\xbb\xbf" + found[0], *found[1:]])),
    "manifest with NUL": ("line", first(lambda line: line[:-1] + b"\0\n")),
    "manifest cut short": ("line", manifest(lambda found: [*found[:-1], found[-1][:-1]])),
    "manifest cut in a line": ("line", manifest(lambda found: [*found[:-1], found[-1][:70]])),
    "manifest empty": ("stranger", manifest(lambda _found: [])),
    "manifest one line short": ("stranger", manifest(lambda found: found[1:])),
    "manifest with an endless line": ("too-large", manifest(lambda found: [*found, b"0" * 3_000_000 + b"\n"])),
    # — tagmanifest —
    "tagmanifest with another digest": ("digest", tag(TAGMANIFEST, lambda content: b"0" * 64 + content[64:])),
    "tagmanifest with itself": ("mismatch", tag(TAGMANIFEST, lambda c: c + b"0" * 64 + b"  tagmanifest-sha256.txt\n")),
    "tagmanifest without bag-info.txt": ("mismatch", tag(TAGMANIFEST, headless)),
    "tagmanifest unsorted": ("order", lambda bag: put(bag, lines(bag, TAGMANIFEST)[::-1], TAGMANIFEST)),
    "tagmanifest with CRLF": ("line", tag(TAGMANIFEST, lambda content: content.replace(b"\n", b"\r\n"))),
    "tagmanifest with ..": ("name", tag(TAGMANIFEST, lambda content: b"0" * 64 + b"  ../x\n" + content)),
    "tag files that differ by capitals": ("case", two_tag_files),
    "tagmanifest empty": ("mismatch", tag(TAGMANIFEST, lambda _content: b"")),
    "tagmanifest too large": ("too-large", tag(TAGMANIFEST, lambda content: content * 3000)),
    # — texts —
    "bagit.txt of version 0.97": ("line", tag("bagit.txt", lambda content: content.replace(b"1.0", b"0.97"))),
    "bagit.txt of version 2.0": ("line", tag("bagit.txt", lambda content: content.replace(b"1.0", b"2.0"))),
    "bagit.txt with a BOM": ("line", tag("bagit.txt", lambda content: b"\xef\xbb\xbf" + content)),
    "bagit.txt with CRLF": ("line", tag("bagit.txt", lambda content: content.replace(b"\n", b"\r\n"))),
    "bagit.txt in UTF-16": ("line", tag("bagit.txt", lambda content: content.replace(b"UTF-8", b"UTF-16"))),
    "bagit.txt empty": ("line", tag("bagit.txt", lambda _content: b"")),
    "oxum with other bytes": ("mismatch", tag("bag-info.txt", lambda content: content.replace(b"Oxum: 1", b"Oxum: 2"))),
    "oxum with other files": ("mismatch", tag("bag-info.txt", lambda content: content[:-2] + b"9\n")),
    "oxum without files": ("line", tag("bag-info.txt", lambda content: content[: content.rindex(b".")] + b"\n")),
    "oxum missing": ("line", tag("bag-info.txt", lambda content: content[: content.index(b"Payload")])),
    "oxum twice": ("line", tag("bag-info.txt", lambda content: content + content[content.index(b"Payload") :])),
    "bag-info.txt of another day": ("mismatch", tag("bag-info.txt", lambda c: c.replace(b"11-22", b"11-23"))),
    "bag-info.txt with an impossible date": ("line", tag("bag-info.txt", lambda c: c.replace(b"2026-11", b"2026-13"))),
    # — truth —
    "items.txt unsorted": ("order", tag(ITEMS, backwards)),
    "items.txt one line short": ("mismatch", tag(ITEMS, headless)),
    "items.txt with another size": ("size", tag(ITEMS, lambda c: c.replace(b" 6 data", b" 7 data"))),
    "items.txt with a size in hexadecimal": ("line", tag(ITEMS, lambda c: c.replace(b" 6 data", b" 0x6 data"))),
    "items.txt with a leading zero": ("line", tag(ITEMS, lambda c: c.replace(b" 6 data", b" 06 data"))),
    "catalogue with a space": ("canonical", tag(CATALOGUE, spaced)),
    "catalogue unsorted": ("order", tag(CATALOGUE, backwards)),
    "catalogue one line short": ("mismatch", tag(CATALOGUE, headless)),
    "catalogue with an empty line": ("record", tag(CATALOGUE, lambda content: content + b"\n")),
    "catalogue with another item": ("mismatch", tag(CATALOGUE, lambda c: c.replace(b'"size":6', b'"size":8'))),
    "catalogue cut short": ("line", tag(CATALOGUE, lambda content: content[:-1])),
    "catalogue not JSON": ("record", tag(CATALOGUE, lambda content: b"{" + content)),
    "catalogue nested without end": ("record", tag(CATALOGUE, lambda c: b"[" * 100_000 + b"\n" + c)),
}  # fmt: skip
"""Name to (a code that must be among the findings, what spoils the bag)."""
