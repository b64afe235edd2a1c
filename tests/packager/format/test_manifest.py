"""Manifests: one form only, so one list has one digest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.format.errors import FormatError, TooLargeError
from packager.format.manifest import MAX_TAGMANIFEST, ManifestLine, parse_tagmanifest, read_manifest

SHA = "0" * 64
GOOD = f"{SHA}  data/a/b\n"


def test_read_manifest_gives_lines_in_order(tmp_path: Path) -> None:
    path = tmp_path / "manifest-sha256.txt"
    path.write_text(GOOD + GOOD.replace("a/b", "a/c"))
    assert [line.path for line in read_manifest(path)] == ["data/a/b", "data/a/c"]
    with pytest.raises(TooLargeError):
        list(read_manifest(path, max_count=1))


def test_read_manifest_empty_payload_is_permitted(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"")
    assert list(read_manifest(tmp_path / "m")) == []


@pytest.mark.parametrize(
    "text",
    [
        GOOD[:-1],
        GOOD.replace("  ", " "),
        GOOD.replace("  ", " *"),
        GOOD.replace("0  ", "A  "),
        GOOD.replace("data/a/b", "meta/a"),
        GOOD.replace("data/a/b", "data/../x"),
        GOOD.replace("data/a/b", "data/a%0Ab"),
        GOOD.replace("\n", "\r\n"),
        GOOD + GOOD,
        GOOD.replace("a/b", "b") + GOOD,
        "\n",
        "\\" + GOOD,
    ],
)
def test_read_manifest_malformed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "m").write_bytes(text.encode())
    with pytest.raises(FormatError):
        list(read_manifest(tmp_path / "m"))


def test_parse_tagmanifest_gives_digests_by_path() -> None:
    lines = [ManifestLine(SHA, "bagit.txt"), ManifestLine("1" * 64, "meta/search/MAIN_1.seg")]
    content = b"".join(line.to_bytes() for line in lines)
    assert parse_tagmanifest(content) == {line.path: line.sha256 for line in lines}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        GOOD.encode(),
        f"{SHA}  bagit.txt".encode(),
        f"{SHA}  a\n\n".encode(),
        f"{SHA}  b\n{SHA}  a\n".encode(),
    ],
)
def test_parse_tagmanifest_malformed_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        parse_tagmanifest(content)


def test_parse_tagmanifest_too_large_is_refused() -> None:
    with pytest.raises(TooLargeError):
        parse_tagmanifest(b"\n" * (MAX_TAGMANIFEST + 1))


@given(st.binary(max_size=300))
def test_parse_tagmanifest_any_bytes_are_lines_or_an_error(content: bytes) -> None:
    try:
        found = parse_tagmanifest(content)
    except FormatError:
        return
    assert b"".join(ManifestLine(sha256, path).to_bytes() for path, sha256 in found.items()) == content
