"""Files of sections: what is written comes back, what is out of bounds is refused."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import sections as form
from indexer.errors import IndexFormatError
from indexer.renditions.words import clean
from indexer.sections import Section, dump_section, load_section, read_sections


@given(st.text(max_size=300), st.text(max_size=60))
def test_section_of_any_cleaned_text_comes_back(text, label):
    section = Section(1, "page", clean(label).replace("\n", " ")[:300], "7", clean(text))
    assert load_section(dump_section(section)) == section


@given(st.text(alphabet=st.sampled_from("ab汉 \n\t\r\x00\x02\u200b\u0301\u00ad\u3000e"), max_size=60))
def test_clean_is_done_once(text):
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b'{"kind":"page"}',
        b'{"kind":"novel","n":1}',
        b'{"kind":"page","n":0}',
        b'{"kind":"page","n":99999999}',
        b'{"kind":"page","n":1,"more":1}',
        b'{"kind":"page","n":1,"text":"\\u0000"}',
        b'{"kind":"page","n":1,"text":"e\\u0301"}',
        b'{"kind":"page","n":1,"text":"\\ud800"}',
        b'{"kind":"page","n":1,"label":"' + b"x" * 301 + b'"}',
        b'{"kind":"page","n":1,"text":"' + b"x" * 20_001 + b'"}',
        b"[" * 100_000,
    ],
)
def test_load_section_out_of_form_is_refused(line):
    with pytest.raises(IndexFormatError):
        load_section(line)


def test_read_sections_out_of_order_or_endless_is_refused():
    second = dump_section(Section(2, "page"))
    with pytest.raises(IndexFormatError, match="order"):
        list(read_sections(io.BytesIO(second)))
    with pytest.raises(IndexFormatError, match="more text"):
        list(read_sections(io.BytesIO(b" " * (form.MAX_LINE + 2))))
    lines = b"".join(dump_section(Section(n, "page", text="汉" * 20_000)) for n in range(1, 300))
    with pytest.raises(IndexFormatError, match="more text"):
        list(read_sections(io.BytesIO(lines)))
