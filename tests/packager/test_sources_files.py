"""Names of a catalogue to files of a folder, and never beyond it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packager.sources.files import FileRefusedError, FolderFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "files" / "A1").mkdir(parents=True)
    (root / "files" / "A1" / "论语.epub").write_bytes(b"x")
    (root / "files" / "A1" / "Cover.JPG").write_bytes(b"x")
    (root / "files" / "A1" / unicodedata.normalize("NFD", "Régime.pdf")).write_bytes(b"x")
    (root / "files" / "A1" / "两个.txt").write_bytes(b"x")
    (root / "empty.pdf").touch()
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return root


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("files/A1/论语.epub", "files/A1/论语.epub"),
        ("./files//A1/./论语.epub", "files/A1/论语.epub"),
        ("files\\A1\\论语.epub", "files/A1/论语.epub"),
        ("files/a1/cover.jpg", "files/A1/Cover.JPG"),
        ("FILES/A1/COVER.JPG", "files/A1/Cover.JPG"),
        ("files/A1/Régime.pdf", "files/A1/Régime.pdf"),
        (unicodedata.normalize("NFD", "files/A1/Régime.pdf"), "files/A1/Régime.pdf"),
        ("files/a1/régime.PDF", "files/A1/Régime.pdf"),
    ],
)
def test_find_names_written_on_other_machines_are_found(folder: Path, name: str, found: str) -> None:
    file = FolderFiles(folder).find(name)
    assert file.name == found
    assert file.path.read_bytes() == b"x"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("/etc/passwd", "绝对路径"), ("C:\\x.txt", "绝对路径"), ("\\\\server\\x", "绝对路径"), ("../secret.txt", ".."),
        ("files/../../secret.txt", ".."),
        ("..\\secret.txt", ".."), ("files/A1", "文件夹"), ("files/A1/", "文件夹"), (".", "空"), ("", "空"),
        ("a\0b", "不能用"), ("x" * 5000, "太长"),
        ("empty.pdf", "空的"), ("nothing.txt", "没有找到"), ("files/A1/论语.epub/x", "没有找到"),
        ("y" * 300, "读不了"), ("\ud800", "不能用"), ("\udcff.txt", "不能用"),
    ],
)  # fmt: skip
def test_find_unsafe_or_absent_names_are_refused(folder: Path, name: str, word: str) -> None:
    with pytest.raises(FileRefusedError, match=word.replace(".", r"\.")):
        FolderFiles(folder).find(name)


def test_find_links_are_refused_at_every_step(folder: Path, tmp_path: Path) -> None:
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (folder / "inner.epub").symlink_to(folder / "files" / "A1" / "论语.epub")
    for name in ("link.txt", "linked/secret.txt", "inner.epub", "LINK.txt"):
        with pytest.raises(FileRefusedError, match="链接"):
            FolderFiles(folder).find(name)


def test_find_pipe_is_refused_without_opening_it(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(FileRefusedError, match="普通文件"):
        FolderFiles(folder).find("pipe")


def test_find_names_that_differ_in_case_only_need_the_exact_one(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"x")
    (folder / "A.txt").write_bytes(b"y")
    assert FolderFiles(folder).find("A.txt").path.read_bytes() == b"y"
    with pytest.raises(FileRefusedError, match="大小写"):
        FolderFiles(folder).find("a.TXT")


STEPS = ["..", ".", "files", "A1", "secret.txt", "", "C:", "~", "\\"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(STEPS), max_size=6).map("/".join)))
def test_find_any_name_stays_inside_the_folder(folder: Path, name: str) -> None:
    try:
        file = FolderFiles(folder).find(name)
    except FileRefusedError:
        return
    assert file.path.resolve().is_relative_to(folder.resolve())
