"""Which encoding a text is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.encodings import decode_head, decode_text, detect_encoding

SIMPLIFIED = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？"
TRADITIONAL = "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？"


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        ("第1章\r\n" + SIMPLIFIED, "utf-16-le", "utf-16-le"),
        ("第1章\r\n" + SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "gb18030", "gb18030"),
        ("plain ascii\n", "ascii", "utf-8"),
    ],
)
def test_detect_encoding_of_chinese_texts(text: str, encoding: str, found: str) -> None:
    raw = text.encode(encoding)
    assert detect_encoding(raw) == found
    assert decode_head(raw, found).removeprefix("\ufeff") == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_detect_encoding_cut_inside_a_character_still_finds_it(encoding: str, cut: int) -> None:
    assert detect_encoding((TRADITIONAL * 3).encode(encoding)[:-cut]) == encoding


@pytest.mark.parametrize(
    "raw", [b"\x00\x01\x02\x03", b"\x89PNG\r\n\x1a\n\0", b"\xff\xff\xff", b"abc\x00def\x07", b"id,title\nA1,t\n\0\t\0 "]
)
def test_detect_encoding_of_binary_is_none(raw: bytes) -> None:
    assert detect_encoding(raw) is None


@given(st.binary(max_size=300))
def test_detect_encoding_any_bytes_never_raises(raw: bytes) -> None:
    encoding = detect_encoding(raw)
    if encoding:
        decode_head(raw, encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_decode_text_of_a_short_text(encoding: str) -> None:
    assert decode_text("学而时习之。".encode(encoding)) == "学而时习之。"


@pytest.mark.parametrize(("encoding", "text"), [("gb18030", SIMPLIFIED), ("big5", TRADITIONAL), ("utf-8", TRADITIONAL)])
def test_decode_text_that_begins_in_ascii_and_is_cut(encoding: str, text: str) -> None:
    body = (b"a line of ASCII\n" * 6000) + text.encode(encoding)
    assert decode_text(body).endswith(text)
    assert decode_text(body[:-1]).rstrip("\ufffd").endswith(text[:-1])


def test_decode_text_utf16_without_a_mark() -> None:
    assert decode_text(("第1章\r\n" + SIMPLIFIED).encode("utf-16-le")) == "第1章\r\n" + SIMPLIFIED


@given(st.binary(max_size=300))
def test_decode_text_any_bytes_never_raises(raw: bytes) -> None:
    decode_text(raw)
