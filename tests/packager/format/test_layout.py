"""Paths of a drive: which are permitted, and opening files of a hostile drive."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import item_id
from packager.format.errors import LayoutError, TooLargeError
from packager.format.layout import (
    MAX_PATH,
    DriveLayout,
    check_meta_name,
    check_payload_path,
    check_tag_path,
    item_path,
    open_nofollow,
    read_bounded,
)

IDENTITY = item_id("a", "part", "a.txt")


def test_item_path_spreads_by_the_first_characters() -> None:
    assert item_path("abcdefghijklmnopqrst", "pdf") == "data/ab/abcdefghijklmnopqrst.pdf"
    assert item_path("abcdefghijklmnopqrst", "") == "data/ab/abcdefghijklmnopqrst"


@pytest.mark.parametrize(
    "identity", ["", "ABCDEFGHIJKLMNOPQRST", "abc", "../../../etc/passwdxx", "a" * 21, "abcdefghij/lmnopqrst"]
)
def test_item_path_foreign_id_is_refused(identity: str) -> None:
    with pytest.raises(LayoutError):
        item_path(identity, "pdf")


@pytest.mark.parametrize("ext", [".pdf", "PDF", "a/b", "tar.gz", "x" * 11, "p df", "文"])
def test_item_path_foreign_extension_is_refused(ext: str) -> None:
    with pytest.raises(LayoutError):
        item_path(IDENTITY, ext)


@given(
    st.text(max_size=40),
    st.sampled_from(["part", "page"]),
    st.text(max_size=40),
    st.from_regex(r"[a-z0-9]{0,10}", fullmatch=True),
)
def test_item_path_any_source_name_gives_a_permitted_path(resource: str, role: str, name: str, ext: str) -> None:
    try:
        identity = item_id(resource, role, name)
    except UnicodeEncodeError:
        return
    path = item_path(identity, ext)
    assert check_payload_path(path) == path


BAD_PAYLOAD = [
    *("", "data", "data/", "/data/a", "data//a", "data/../a", "data/./a", "data/.hidden", "data/a/", "other/a"),
    *("../data/a", "data/A", "data/a b", "data/a\n", "data/a\r", "data/a%0a", "data/文", "data\\a", "data/a\0"),
    *("data/" + "a" * 196, "data/~", "Data/a", "data/a:b", "data/*"),
]


@pytest.mark.parametrize("path", BAD_PAYLOAD)
def test_check_payload_path_bad_is_refused(path: str) -> None:
    with pytest.raises(LayoutError):
        check_payload_path(path)


@pytest.mark.parametrize("path", ["data/a", "data/ab/x.pdf", "data/a.b-c_d", "data/" + "a" * 195, "data/-x"])
def test_check_payload_path_good_is_returned(path: str) -> None:
    assert check_payload_path(path) == path


@given(st.text(max_size=230))
def test_check_payload_path_what_passes_stays_inside(text: str) -> None:
    try:
        path = check_payload_path(text)
    except LayoutError:
        return
    assert path == text
    assert path.isascii()
    assert path == path.lower()
    assert len(path) <= MAX_PATH
    assert os.path.normpath(path) == path
    assert not set(path) & set("\r\n%\\ \0")


@pytest.mark.parametrize("path", ["bagit.txt", "meta/search/_MAIN_1.toc", "meta/catalogue.db"])
def test_check_tag_path_good_is_returned(path: str) -> None:
    assert check_tag_path(path) == path


@pytest.mark.parametrize("path", ["", "data/a", "meta", "meta/", "meta/../x", "meta//x", ".x", "a b", "meta/.x/y"])
def test_check_tag_path_bad_is_refused(path: str) -> None:
    if path == "meta":
        assert check_tag_path(path) == "meta"  # a file may be called so; nothing asks for it
        return
    with pytest.raises(LayoutError):
        check_tag_path(path)


def test_check_meta_name_stays_below_meta() -> None:
    assert check_meta_name("search/a") == "search/a"
    for name in ("", "../x", "/x", "a//b"):
        with pytest.raises(LayoutError):
            check_meta_name(name)


def test_drive_layout_names(tmp_path: Path) -> None:
    layout = DriveLayout(tmp_path)
    assert layout.payload("data/ab/x") == tmp_path / "bag/data/ab/x"
    assert layout.meta_file("search/x") == tmp_path / "bag/meta/search/x"
    assert layout.catalogue == tmp_path / "bag/meta/catalogue.jsonl"
    assert layout.tuf_metadata == tmp_path / "tuf/metadata"
    with pytest.raises(LayoutError):
        layout.payload("data/../../etc/passwd")


@pytest.fixture
def drive(tmp_path: Path) -> DriveLayout:
    layout = DriveLayout(tmp_path / "drive")
    (layout.bag / "data/ab").mkdir(parents=True)
    (layout.bag / "data/ab/x").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    return layout


def test_open_payload_plain_file_opens(drive: DriveLayout) -> None:
    with drive.opened() as root:
        descriptor = drive.open_payload(root, "data/ab/x")
        try:
            assert os.read(descriptor, 100) == b"content"
        finally:
            os.close(descriptor)


def test_open_payload_missing_raises_file_not_found(drive: DriveLayout) -> None:
    with drive.opened() as root:
        for path in ("data/ab/y", "data/zz/x"):
            with pytest.raises(FileNotFoundError):
                drive.open_payload(root, path)


def test_open_payload_links_fifos_sockets_folders_are_refused(drive: DriveLayout) -> None:
    ab = drive.bag / "data/ab"
    (ab / "outside").symlink_to("../../../../secret")
    (ab / "inside").symlink_to("x")
    (ab / "dangling").symlink_to("nowhere")
    (drive.bag / "data/linked").symlink_to("ab")
    (ab / "folder").mkdir()
    os.mkfifo(ab / "fifo")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(ab / "sock"))
    (ab / "file").write_bytes(b"")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with drive.opened() as root:
        for path in (
            "ab/outside",
            "ab/inside",
            "ab/dangling",
            "linked/x",
            "ab/folder",
            "ab/fifo",
            "ab/sock",
            "ab/file/x",
        ):
            with pytest.raises(LayoutError):
                drive.open_payload(root, f"data/{path}")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before  # what earlier tests left may be closed meanwhile
    listening.close()


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../secret", "bag/../../secret", "bag//x", "bag/./x", "bag/a\0b"])
def test_open_nofollow_ways_out_are_refused(drive: DriveLayout, path: str) -> None:
    with drive.opened() as root, pytest.raises(LayoutError):
        open_nofollow(root, path)


def test_open_nofollow_file_in_the_root_opens(drive: DriveLayout) -> None:
    (drive.root / "README.txt").write_bytes(b"hello")
    with drive.opened() as root:
        assert read_bounded(root, "README.txt", 10) == b"hello"


def test_open_nofollow_other_fault_passes(drive: DriveLayout) -> None:
    with drive.opened() as root, pytest.raises(OSError, match="too long"):
        open_nofollow(root, "x" * 300)


def test_opened_missing_drive_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), DriveLayout(tmp_path / "none").opened():
        pass


def test_read_bounded_reads_up_to_the_bound(drive: DriveLayout) -> None:
    with drive.opened() as root:
        assert read_bounded(root, "bag/data/ab/x", 7) == b"content"
        with pytest.raises(TooLargeError):
            read_bounded(root, "bag/data/ab/x", 6)
