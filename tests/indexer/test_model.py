"""The record's canonical form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import RecordError
from indexer.model import (
    Access,
    Audience,
    ClassCode,
    ContentsEntry,
    Creator,
    ExtraField,
    Identifier,
    Item,
    Provenance,
    PublicationDate,
    RareBook,
    Resource,
    dump_line,
    is_resource_id,
    item_id,
    load_line,
    read_member,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
short = st.integers(0, 3000)
maybe = st.one_of(st.none(), st.integers(-3000, 3000))
resources = st.builds(
    Resource,
    id=st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True),
    title=text,
    type=text,
    seq=maybe,
    identifiers=st.lists(st.builds(Identifier, text, text), max_size=2).map(tuple),
    title_alt=st.lists(text, max_size=2).map(tuple),
    creators=st.lists(st.builds(Creator, text, text, text, text, text), max_size=2).map(tuple),
    date=st.builds(PublicationDate, text, maybe, maybe, maybe, maybe, text, text),
    classes=st.lists(st.builds(ClassCode, text, text), max_size=2).map(tuple),
    language=st.lists(text, max_size=2).map(tuple),
    audience=st.builds(Audience, text, maybe, maybe),
    rare=st.one_of(st.none(), st.builds(RareBook, text, text)),
    access=st.builds(Access, text, maybe, text, text, st.booleans(), st.lists(text, max_size=2).map(tuple)),
    contents=st.lists(st.builds(ContentsEntry, text, text), max_size=2).map(tuple),
    provenance=st.lists(st.builds(Provenance, text, text), max_size=1).map(tuple),
    extra=st.lists(st.builds(ExtraField, text, text), max_size=1).map(tuple),
    items=st.lists(st.builds(Item, text, text, short, text, text, short, text), max_size=2).map(tuple),
)


@given(resources)
def test_dump_line_and_load_line_are_inverse_up_to_nfc(resource: Resource) -> None:
    line = dump_line(resource)
    again = load_line(line)
    assert dump_line(again) == line
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def test_dump_line_is_canonical() -> None:
    resource = Resource(id="A1", title="e\u0301", type="book", access=Access(from_="2026-01-01"))
    assert dump_line(resource) == '{"access":{"from":"2026-01-01"},"id":"A1","title":"é","type":"book"}\n'.encode()


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"5", b"null", b'{"id":"A1"}', b'{"id":1,"title":"t","type":"book"}', b"[" * 100_000,
        b'{"id":"A1","title":"t","type":"book","newer":1}',
        b'{"id":"A1","title":"t","type":"book","seq":1e3}',
        b'{"id":"A1","title":"t","type":"book","seq":true}',
        b'{"id":"A1","title":"t","type":"book","seq":99999999999999999999}',
        b'{"id":"A1","title":"t","type":"book","creators":[{"role":"x"}]}',
        b'{"id":"A1","title":"t","type":"book","creators":{}}',
        b'{"id":"A1","title":"\\ud800","type":"book"}',
        b'\xff{"id":"A1"}',
    ],
)  # fmt: skip
def test_load_line_foreign_lines_raise_record_error(line: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        load_line(line, 7)
    assert caught.value.line == 7


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "title", "type", "access", "items", "date", "x"]), c, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_load_line_any_json_gives_a_resource_or_record_error(data: object) -> None:
    try:
        load_line(json.dumps(data).encode())
    except RecordError:
        return


@pytest.mark.parametrize("text", ["A1", "a.b-c_d", "local:x", "0" * 64])
def test_is_resource_id_accepts(text: str) -> None:
    assert is_resource_id(text)


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a b", "论语", "a\n", "0" * 65, "local:", "other:x", "a\0"])
def test_is_resource_id_refuses(text: str) -> None:
    assert not is_resource_id(text)


def test_item_id_depends_on_resource_role_and_path_only() -> None:
    one = item_id("A1", "page", "files/é.jpg")
    assert one == item_id("A1", "page", "files/e\u0301.jpg")
    assert len({one, item_id("A2", "page", "files/é.jpg"), item_id("A1", "part", "files/é.jpg")}) == 3
    assert len(one) == 20
    assert one.isascii()
    assert one == one.lower()


def test_read_member_checks_shape() -> None:
    assert read_member("creators", [{"name": "曹雪芹"}]) == (Creator("曹雪芹"),)
    with pytest.raises(RecordError):
        read_member("creators", "曹雪芹")
    with pytest.raises(RecordError):
        read_member("nothing", [])


def test_readable_items_and_cover_follow_roles() -> None:
    item = Item("a" * 20, "part", 0, "data/aa/a.pdf", "application/pdf", 1, "0" * 64)
    cover = replace(item, id="b" * 20, role="cover")
    resource = Resource(id="A1", title="t", type="book").with_items((item, cover))
    assert resource.readable_items == (item,)
    assert resource.cover == cover
