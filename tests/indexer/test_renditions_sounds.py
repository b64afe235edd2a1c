"""Sounds of books: which go with a chapter, and that nothing but a sound comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import RenditionError
from indexer.renditions import BytesSource, Renditions
from indexer.renditions.sounds import sound_type
from tests.appliance.web.odd_books import SENTENCES, spoken_book
from tests.indexer.rendition_files import book, page


@pytest.fixture(scope="module")
def renditions():
    with Renditions() as made:
        yield made


def test_chapter_names_the_sounds_of_its_overlay_once(renditions):
    source = BytesSource(spoken_book())
    assert [renditions.epub_chapter(source, n).sounds for n in (1, 2, 3)] == [(), ("OPS/a1.wav",), ("OPS/a2.wav",)]
    assert len(SENTENCES) > 1
    assert renditions.epub_sound(source, "OPS/a1.wav")[:4] == b"RIFF"


def test_chapter_leaves_sounds_of_other_hosts_out(renditions):
    assert renditions.epub_chapter(BytesSource(spoken_book(outside=True)), 3).sounds == ()


def test_chapter_names_the_sounds_of_its_own_players(renditions):
    players = "<audio src='a.mp3'/><audio><source src='none.ogg'/><source src='a.mp3'/></audio><audio/>"
    many = "".join(f"<audio src='{n}.mp3'/>" for n in range(30))
    more = {"OPS/c1.xhtml": page(players), "OPS/c2.xhtml": page(many), "OPS/a.mp3": b"ID3"}
    more |= {f"OPS/{n}.mp3": b"ID3" for n in range(30)}
    made = BytesSource(book("一", "二", more=more))
    assert renditions.epub_chapter(made, 1).sounds == ("OPS/a.mp3",)
    assert len(renditions.epub_chapter(made, 2).sounds) == 20


@pytest.mark.parametrize("name", ["OPS/c1.xhtml", "OPS/p.png", "none", "../a1.wav", ""])
def test_nothing_but_a_sound_comes_out(renditions, name):
    made = BytesSource(book("一", more={"OPS/p.png": b"\x89PNG\r\n\x1a\n"}))
    with pytest.raises(RenditionError):
        renditions.epub_sound(made, name)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"ID3\4", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xf1", ""),
        (b"\xff\xd8\xff", ""),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"RIFF\0\0\0\0WEBP", ""),
        (b"", ""),
    ],
)
def test_sound_type_is_told_by_the_first_bytes(head, expected):
    assert sound_type(head) == expected


@given(st.binary(max_size=16))
def test_sound_type_of_anything(head):
    assert sound_type(head) in {"", "audio/mpeg", "audio/ogg", "audio/flac", "audio/mp4", "audio/wav"}
