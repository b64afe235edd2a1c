"""Who writes files: what must survive a power cut goes through `packager.format.files`, the rest has its reasons.

The text of every module is searched for calls that change the file system. A module that has some and is not named
here, or is named here and has none, fails the test.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("appliance", "indexer", "packager", "provisioning")

METHODS = {
    "write_bytes", "write_text", "touch", "unlink", "rename", "mkdir", "rmdir", "symlink_to", "hardlink_to", "chmod",
}  # fmt: skip
"""Of a path. `replace` with one value counts too; texts, dates and dataclasses take two or names."""
OS = {
    "rename", "renames", "replace", "remove", "unlink", "mkdir", "makedirs", "rmdir", "removedirs", "link", "symlink",
    "truncate", "ftruncate", "write", "pwrite", "mknod", "mkfifo", "sync",
}  # fmt: skip
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"}

THE_WRITER = {
    "packager/format/files.py": "the one writer",
}
ALLOWED = {
    "appliance/box/applying.py": "the mode of a file in /run, made anew at every boot",
    "appliance/box/slot_writing.py": "a slot in place: it counts only when a boot entry names it, which comes after",
    "appliance/box/writable.py": "a request in /run, which means nothing after a power cut",
    "appliance/grounding.py": "as appliance/service/spare.py",
    "appliance/intake/trusting.py": "a drive's metadata is put into the scratch folder, judged there and thrown away",
    "appliance/store/databases.py": "the folder of a database of our own, which SQLite itself cannot make",
    "appliance/store/objects.py": "what a crash left half written of a chunk is removed; left there it is ignored",
    "appliance/store/reading.py": "a sign between the processes, of which only the time counts",
    "appliance/store/wishes.py": "the time of what was put aside, by which staff are told; nothing hangs on it",
    "appliance/screen/framebuffer.py": "the attached screen, which shows and keeps nothing",
    "appliance/service/spare.py": "a folder in memory that stands in for a broken disk, and goes with it",
    "appliance/serving/texts_made.py": "a cache: read again only when it is whole, made again when it is not",
    "appliance/sync/lists.py": "as appliance/intake/trusting.py: an origin's metadata, judged and thrown away",
    "appliance/sync/mirrors.py": "the scratch folder of the same",
    "appliance/web/frontend/hatch_build.py": "builds the browser code, on a developer's machine",
    "appliance/web/renditions_cache.py": "a cache: synced before it has its name, made again when it is lost",
    "appliance/web/security.py": "the session key, 0600 from its first byte; durable by its own hand",
    "appliance/worker.py": "the lock that one worker holds; its content means nothing",
    "indexer/build.py": "derived files: made in a scratch folder, made durable as a whole before they get a name",
    "indexer/build_columns.py": "as indexer/build.py",
    "indexer/build_runs.py": "as indexer/build.py",
    "indexer/build_sorted.py": "as indexer/build.py",
    "indexer/build_suggest.py": "as indexer/build.py",
    "indexer/catalogue_build.py": "as indexer/build.py",
    "indexer/overlay_build.py": "as indexer/build.py; the base is linked, never written",
    "indexer/overlay_catalogue_build.py": "as indexer/overlay_build.py",
    "indexer/overlay_files.py": "as indexer/build.py",
    "indexer/overlay_truth.py": "as indexer/build.py",
    "appliance/intake/rebuild.py": "what could not be laid over another in the scratch folder goes from there",
    "indexer/codec_terms.py": "as indexer/build.py",
    "packager/returns/store.py": "the lock that one receiver holds; its content means nothing",
    "packager/publishing/cleaning.py": "lists of an origin, read once in a scratch folder and thrown away",
    "packager/publishing/sites.py": "what a crash left half written of a file is removed; left there nobody names it",
    "indexer/sections_build.py": "as indexer/build.py; of payload on the way, durable with the journal's next commit",
    "indexer/sections_runs.py": "as indexer/build.py",
    "indexer/cli.py": "a tool of developers",
    "packager/authority.py": "a folder of keys is closed to others",
    "packager/build.py": "payload that no row of the journal names is removed; removed again when it comes back",
    "packager/cli.py": "passphrases of demonstration keys, 0600 from their first byte",
    "packager/copying.py": "folders and left-overs of payload; durable with the journal's next commit (os.sync)",
    "packager/cutting.py": "temporary files of the work disk",
    "packager/derivatives.py": "as packager/copying.py; temporary files",
    "packager/disks.py": "lists of another set in the work folder; every build makes them again",
    "packager/drives.py": "payload that the new lists do not name is removed; left there it is ignored",
    "packager/format/repository.py": "python-tuf works in a temporary folder; its result is kept by the writer",
    "packager/format/strict.py": "as packager/format/repository.py",
    "packager/inside.py": "an index of other texts is removed before it is made again; removed again if it comes back",
    "packager/journal.py": "os.sync before the rows that promise the payload",
    "packager/launch.py": "a sentence on the screen",
    "packager/production/bench.py": "a partition on its way to a disk; a file for a disk gets its length",
    "packager/production/fat.py": "as packager/production/bench.py; a temporary folder",
    "packager/production/image.py": "an image is made again after a cut; it gets its name after os.fsync and its check",
    "packager/production/run_journal.py": "a damaged journal is thrown away, and again if it comes back",
    "packager/training/contents.py": "the source folder of the training bundle, made again by one command",
    "packager/training/fonts.py": "as packager/training/contents.py",
    "packager/truth.py": "derived files are removed before they are made again, and made durable by sync_all",
    "provisioning/disks/medium.py": "the disk itself, synced before its journal says so (tests/packager/production)",
    "provisioning/flash/boot_partition.py": "a copy in a temporary folder",
    "provisioning/flash/commands.py": "a file for a system gets its length; the medium syncs it",
    "provisioning/ledger.py": "where the ledger is made: readable by nobody else from its first byte",
    "provisioning/cli.py": "passphrases of demonstration keys, 0600 from their first byte",
    "provisioning/writing.py": "the writer of the national desk, below the one of drives; whole or not at all",
    "provisioning/keys.py": "private keys, 0600 from their first byte, never over others; durable by its own hand",
}
"""Modules that change the file system without the writer, and why nothing is lost by it."""

DATABASES = {
    "appliance/store/databases.py": "the named exception: WAL, synchronous=FULL (tests/powercut/test_kills.py)",
    "indexer/catalogue_connections.py": "opens catalogue.db read-only",
    "indexer/catalogue_build.py": "builds catalogue.db, a derived file",
    "indexer/overlay_catalogue_build.py": "builds the database of an overlay, a derived file",
    "packager/audit/ledger.py": "a temporary database without a name, gone with the process",
    "packager/journal.py": "the named exception: WAL, synchronous=FULL (tests/powercut/test_kills.py)",
    "packager/made.py": "reads the journal (query_only)",
    "packager/production/run_journal.py": "the named exception: synchronous=FULL (tests/packager/production)",
    "provisioning/ledger.py": "the named exception: synchronous=EXTRA (tests/provisioning/test_batch_kills.py)",
}
"""Modules that open databases."""


def changes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that change the file system, as (line, what)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            what = _change(node)
            if what:
                yield node.lineno, what


def _change(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Name):
        name = function.id
        if name in {"open", "copyfile", "rmtree", "copytree", "NamedTemporaryFile", "TemporaryDirectory", "mkstemp"}:
            return "" if name == "open" and not _writes(call, 1) else name
        return ""
    if not isinstance(function, ast.Attribute):
        return ""
    name, of = function.attr, function.value.id if isinstance(function.value, ast.Name) else ""
    if of in {"shutil", "tempfile"}:
        return "" if name in {"which", "disk_usage", "gettempdir"} else f"{of}.{name}"
    if of == "os":
        flags = {n.attr for n in ast.walk(call) if isinstance(n, ast.Attribute)}
        return f"os.{name}" if name in OS or (name == "open" and flags & WRITING_FLAGS) else ""
    if name == "open":
        return "Path.open" if _writes(call, 0) and not (call.args and _is_no_mode(call.args[0])) else ""
    if name == "replace" and len(call.args) == 1 and not call.keywords:
        return "Path.replace"
    return f"Path.{name}" if name in METHODS else ""


def _writes(call: ast.Call, place: int) -> bool:
    """Whether a call of `open` has a mode that writes, or one that is not plain to see."""
    modes = [*call.args[place : place + 1], *(k.value for k in call.keywords if k.arg == "mode")]
    return any(not isinstance(m, ast.Constant) or set(str(m.value)) & set("wax+") for m in modes)


def _is_no_mode(value: ast.expr) -> bool:
    """Much has a method `open` that is no path's; a path's first value is a mode, and a text."""
    return not (isinstance(value, ast.Constant) and isinstance(value.value, str))


def databases(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that open a database on disk."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
            in_memory = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == ":memory:"
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "sqlite3" and not in_memory:
                yield node.lineno, "sqlite3.connect"


def modules() -> dict[str, ast.AST]:
    paths = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    mine = (path for path in paths if "node_modules" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in mine}


def test_nothing_changes_files_around_the_writer() -> None:
    found = {name: list(changes(tree)) for name, tree in modules().items()}
    strangers = {name: what for name, what in found.items() if what and name not in {**THE_WRITER, **ALLOWED}}
    assert strangers == {}
    idle = [name for name in {**THE_WRITER, **ALLOWED} if not found.get(name)]
    assert idle == []


def test_databases_are_opened_where_they_are_named() -> None:
    found = {name for name, tree in modules().items() if list(databases(tree))}
    assert found == set(DATABASES)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("open('a', 'w')", "open"),
        ("open('a', mode='ab')", "open"),
        ("open('a', mode)", "open"),
        ("open('a')", ""),
        ("path.open('xb')", "Path.open"),
        ("path.open()", ""),
        ("item.open(place)", ""),
        ("path.open(mode='w')", "Path.open"),
        ("path.open('rb')", ""),
        ("path.write_text('')", "Path.write_text"),
        ("path.replace(other)", "Path.replace"),
        ("text.replace('a', 'b')", ""),
        ("when.replace(tzinfo=None)", ""),
        ("os.rename(a, b)", "os.rename"),
        ("os.open(a, os.O_RDONLY)", ""),
        ("os.open(a, os.O_RDWR | os.O_CREAT)", "os.open"),
        ("shutil.copyfile(a, b)", "shutil.copyfile"),
        ("tempfile.TemporaryFile()", "tempfile.TemporaryFile"),
        ("files.write_atomic(path, b'')", ""),
    ],
)
def test_scan_finds_what_changes_files(text: str, what: str) -> None:
    assert [found for _, found in changes(ast.parse(text))] == ([what] if what else [])


def test_scan_finds_databases() -> None:
    assert list(databases(ast.parse("sqlite3.connect(path)")))
    assert not list(databases(ast.parse("sqlite3.connect(':memory:')")))
