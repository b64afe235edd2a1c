"""Box files: read as they were signed, refused for every other reason, each with its code and sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.box_errors import (
    BoxExpiredError,
    BoxFileError,
    BoxOlderError,
    BoxOtherLibraryError,
    BoxSchemaError,
    BoxSizeError,
    BoxTamperedError,
)
from provisioning.box_file import MAX_BOX, BoxFile, box_file_name, make_box, open_box, read_box
from provisioning.box_members import Library, Network, Staff, Updates, signed_of
from provisioning.signed import canonical, sign
from provisioning.words import CHINESE, LANGUAGES, Words
from tests.provisioning.box_files import BOX_KEY, DAY, FACTS, HASH, KEYS, OTHER_KEY, RECOVERY_KEY, box


def read(data: bytes, *, today: date = DAY, current: BoxFile | None = None) -> BoxFile:
    return read_box(data, KEYS, today=today, current=current)


def signed(**changes: Any) -> bytes:
    """A file with other members than `make_box` would sign, but signed all the same."""
    return sign({**signed_of(FACTS), **changes}, BOX_KEY)


def test_read_box_gives_back_what_was_signed() -> None:
    made = box()
    found = read(made.content)
    assert found == made
    assert found.facts == FACTS
    assert found.recovery_key == RECOVERY_KEY.public
    assert len(found.content) < 4096
    assert found.content.endswith(b"\n")


def test_make_box_gives_the_same_bytes_again() -> None:
    assert box().content == box().content
    assert box().sha256 != box(serial=3).sha256


def test_box_file_name_is_that_of_the_county() -> None:
    assert box_file_name("CN-510726") == "county-510726.box"
    assert box_file_name("CN-510726-2") == "county-510726-2.box"


def test_one_of_several_keys_is_enough() -> None:
    assert read_box(box().content, [OTHER_KEY.public, *KEYS], today=DAY, current=None).keyid == BOX_KEY.id
    with pytest.raises(BoxTamperedError):
        read_box(box().content, [OTHER_KEY.public], today=DAY, current=None)
    with pytest.raises(BoxTamperedError):
        read_box(box().content, [], today=DAY, current=None)


def test_the_expiry_bounds_the_first_application_only() -> None:
    made = box()
    assert read(made.content, today=made.expires) == made
    with pytest.raises(BoxExpiredError):
        read(made.content, today=made.expires + timedelta(1))
    assert read(made.content, today=date(2090, 1, 1), current=made) == made


def test_an_older_file_is_refused_and_a_newer_one_is_not() -> None:
    current = box(serial=2)
    assert read(box(serial=3).content, current=current).serial == 3
    with pytest.raises(BoxOlderError):
        read(box(serial=1).content, current=current)
    with pytest.raises(BoxOlderError):
        read(box(serial=2, image_floor=DAY).content, current=current)


def test_another_librarys_file_is_refused_by_name() -> None:
    other = box(serial=9, library=Library("CN-510727", "平武县图书馆", "510727"))
    with pytest.raises(BoxOtherLibraryError) as caught:
        read(other.content, current=box())
    assert caught.value.params == {"library": "平武县图书馆"}


def test_a_signature_of_another_kind_of_document_is_none() -> None:
    said = signed_of(FACTS)
    content = canonical(
        {"signed": said, "signatures": [{"keyid": BOX_KEY.id, "sig": BOX_KEY.sign(canonical(said)).hex()}]}
    )
    with pytest.raises(BoxTamperedError):
        read(content)


def test_too_many_bytes_are_not_parsed() -> None:
    with pytest.raises(BoxSizeError):
        read(b"{" * (MAX_BOX + 1))
    with pytest.raises(BoxTamperedError):
        read(b"[" * MAX_BOX)


@given(st.data())
def test_any_change_of_a_byte_is_tampering(data: st.DataObject) -> None:
    content = bytearray(box().content)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BoxTamperedError):
        read(bytes(content))


@given(st.binary(max_size=400) | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=20).map(repr))
def test_any_bytes_are_refused_in_words(found: bytes | str) -> None:
    with pytest.raises(BoxFileError):
        read(found if isinstance(found, bytes) else found.encode("utf-8", "surrogatepass"))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_PATHS = [(name, None) for name in signed_of(FACTS) if name != "type"] + [
    (name, member) for name, part in signed_of(FACTS).items() if isinstance(part, dict) for member in part
]


@given(st.sampled_from(_PATHS), _JSON)
def test_any_signed_value_is_taken_as_it_is_or_refused(path: tuple[str, str | None], value: Any) -> None:
    said = json.loads(canonical(signed_of(FACTS)))
    if path[1] is None:
        said[path[0]] = value
    else:
        said[path[0]][path[1]] = value
    try:
        content = sign(said, BOX_KEY)
    except ValueError:
        return
    try:
        found = open_box(content, KEYS)
    except BoxSchemaError:
        return
    assert make_box(found.facts, BOX_KEY).content == content


@pytest.mark.parametrize("name", sorted(signed_of(FACTS)))
def test_a_missing_member_is_refused(name: str) -> None:
    said = {member: value for member, value in signed_of(FACTS).items() if member != name}
    with pytest.raises(BoxTamperedError if name == "type" else BoxSchemaError):
        read(sign({"type": "box", **said}, BOX_KEY) if name != "type" else sign({**said, "type": "else"}, BOX_KEY))


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2}, {"schema": True}, {"more": 1}, {"serial": 0}, {"serial": "1"}, {"serial": 1_000_001},
        {"issued": "2026-11-31"}, {"issued": "20261127"}, {"expires": "2026-11-27"}, {"expires": "2101-01-01"},
        {"root": "{}"}, {"root": '{"signed":{"_type":"targets"}}'}, {"root": "[" * 20000}, {"root": " " * 40000},
        {"recovery": {"public_key": "AB" * 32}}, {"recovery": {"public_key": ""}}, {"library": None},
    ],
    ids=str,
)  # fmt: skip
def test_another_schema_needs_a_newer_box(changes: dict[str, Any]) -> None:
    with pytest.raises(BoxSchemaError) as caught:
        read(signed(**changes))
    assert caught.value.sentence == "box.file.needs_newer_box"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""}, {"id": "cn-510726"}, {"id": "../a"}, {"id": "CN-510726\n"}, {"id": "A" * 33}, {"name": ""},
        {"name": "馆\n"}, {"name": "馆\u202e"}, {"name": " 馆"}, {"name": "馆" * 65}, {"place": "010000"},
        {"place": "51072"}, {"opening_hours": "9\t"}, {"name_en": "x" * 201},
    ],
    ids=str,
)  # fmt: skip
def test_a_library_that_cannot_be_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(BoxSchemaError):
        box(library=replace(FACTS.library, **changes))


@pytest.mark.parametrize(
    "network",
    [
        Network("static"), Network("wifi"), Network("dhcp", "192.168.1.10/24"), Network("dhcp", dns=("192.168.1.1",)),
        Network("static", "192.168.1.10"), Network("static", "192.168.1.0/24"), Network("static", "192.168.1.255/24"),
        Network("static", "192.168.1.10/24", "192.168.2.1"), Network("static", "192.168.1.10/24", "192.168.1.10"),
        Network("static", "127.0.0.1/24"), Network("static", "224.0.0.1/24"), Network("static", "192.168.1.10/32"),
        Network("static", "192.168.1.10/24", dns=("dns.example",)), Network("static", "192.168.01.10/24"),
        Network("static", "192.168.1.10/24", dns=("192.168.1.1", "192.168.1.1")), Network("static", "fd00::2/64"),
        Network("static", "192.168.1.10/24\n[Match]"),
    ],
    ids=str,
)  # fmt: skip
def test_a_network_that_cannot_be_is_not_signed(network: Network) -> None:
    with pytest.raises(BoxSchemaError):
        box(network=network)


def test_networks_that_can_be_are_signed() -> None:
    for network in (Network(), Network("static", "10.1.2.3/8"), Network("static", "192.168.1.10/30", "192.168.1.9")):
        assert read(box(network=network).content).network == network


@pytest.mark.parametrize(
    "updates",
    [
        Updates(("ftp://a.example",)), Updates(("https://",)), Updates(("https://a.example/?q",)),
        Updates(("https://u:p@a.example",)), Updates(("https://a.example\n",)), Updates(("https://a b",)),
        Updates(('https://a.example/"',)), Updates(("https://a.example", "https://a.example")),
        Updates(tuple(f"https://{n}.example" for n in range(9))), Updates(window="22-6"), Updates(window="24:00-06:00"),
        Updates(cap_bytes=-1), Updates(rate=10**11), Updates(metered="maybe"),
    ],
    ids=str,
)  # fmt: skip
def test_updates_that_cannot_be_are_not_signed(updates: Updates) -> None:
    with pytest.raises(BoxSchemaError):
        box(updates=updates)


@pytest.mark.parametrize(
    "password_hash",
    [
        "", "secret", HASH.replace("argon2id", "argon2i"), HASH.replace("m=64", "m=1000000"),
        HASH.replace("t=1", "t=11"), HASH.replace("p=1", "p=9"), HASH.replace("m=64", "m=7"), HASH[:-1], HASH + "\n",
    ],
    ids=str,
)  # fmt: skip
def test_a_hash_that_costs_too_much_or_is_none_is_not_signed(password_hash: str) -> None:
    with pytest.raises(BoxSchemaError):
        box(staff=Staff("馆长", password_hash))


@pytest.mark.parametrize("kind", BoxFileError.__subclasses__(), ids=lambda kind: kind.code)
def test_every_error_has_a_code_and_a_sentence(kind: type[BoxFileError]) -> None:
    error = kind("found", library="平武县图书馆")
    assert error.code.startswith("box.")
    for language in LANGUAGES:
        told = Words.load(language).sentence(error.sentence, support="省馆技术支持", **error.params)
        assert told.text
        assert told.button
    assert Words.load(CHINESE).template(error.sentence).light == "attention"
