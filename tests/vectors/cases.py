"""Cases for readers of the format, with what must come of each; written down by hand, not asked of the code.

Every case has a `name`; `input` is text (`base64` when it is not UTF-8); `ok` says whether a reader takes it, and
`code` why not (docs/format.md, "Refusals"). With `expand`, every `~` of the input stands for so many letters x.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.vectors.deltas import DELTAS
from tests.vectors.releases import RELEASES
from tests.vectors.reports import RECEIPTS, REPORTS
from tests.vectors.withdrawn import WITHDRAWN

Case = dict[str, Any]

A, B, C = "a" * 64, "b" * 64, "c" * 64
P1, P2 = "data/aa/aabbcccccccccccccccc.txt", "data/zz/zz22cccccccccccccccc"


def good(name: str, content: str | bytes, **more: Any) -> Case:
    return {"name": name, **_content(content), "ok": True, **more}


def bad(name: str, content: str | bytes, code: str = "format", **more: Any) -> Case:
    return {"name": name, **_content(content), "ok": False, "code": code, **more}


def expanded(case: Case, times: int) -> Case:
    return {**case, "expand": times}


def _content(content: str | bytes) -> Case:
    if isinstance(content, str):
        return {"input": content}
    return {"base64": base64.b64encode(content).decode()}


def path(text: str, *, payload: bool = False, tag: bool = False) -> Case:
    return {"name": text, "input": text, "payload": payload, "tag": tag}


PATHS = [
    path(P1, payload=True), path(P2, payload=True), path("data/x", payload=True), path("data/a-b_.d", payload=True),
    path("data/index/sections.bin", payload=True), path("data/" + "a" * 195, payload=True),
    path("bagit.txt", tag=True), path("meta/items.txt", tag=True), path("meta/search/MAIN_1.seg", tag=True),
    path(""), path("data", tag=True), path("data/"), path("/data/x"), path("data//x"), path("data/./x"),
    path("data/../x"), path("data/.x"), path("data/X"), path("data/a b"), path("data/a%41"), path("data/a\n"),
    path("data/a\r"),
    path("data/a\\b"), path("data/a~"), path("data/é"), path("data/红"), path("data/a\0"), path("data/" + "a" * 196),
    path("Data/x"), path("meta", tag=True), path("meta/"), path("meta/.x"), path("meta/../x"), path("other/x"),
    path("./bagit.txt"), path("meta/a:b"), path(".hidden"), path("../bagit.txt"),
]  # fmt: skip

ITEM_IDS = [
    {"name": source, "resource": resource, "role": role, "source": source, "id": identity, "ext": ext, "path": place}
    for resource, role, source, identity, ext, place in (
        ("red-chamber", "part", "红楼梦.txt", "xt4rk3aa7z56ytnxneid", "txt", "data/xt/xt4rk3aa7z56ytnxneid.txt"),
        ("big-map", "part", "map.bin", "sx6qczrszomptrpnr6zh", "bin", "data/sx/sx6qczrszomptrpnr6zh.bin"),
        ("two-parts", "part", "a.txt", "s55eq4ij2s4ed3ajgd5p", "", "data/s5/s55eq4ij2s4ed3ajgd5p"),
    )
]

MANIFEST = [
    good("two lines", f"{A}  {P1}\n{B}  {P2}\n", lines=2),
    good("empty", "", lines=0),
    bad("no line feed at the end", f"{A}  {P1}"),
    bad("CR LF", f"{A}  {P1}\r\n"),
    bad("one space", f"{A} {P1}\n"),
    bad("three spaces", f"{A}   {P1}\n"),
    bad("binary mode", f"{A} *{P1}\n"),
    bad("tab", f"{A}\t{P1}\n"),
    bad("leading space", f" {A}  {P1}\n"),
    bad("trailing space", f"{A}  {P1} \n"),
    bad("capital digits", f"{A.upper()}  {P1}\n"),
    bad("digest short", f"{A[1:]}  {P1}\n"),
    bad("digest long", f"{A}a  {P1}\n"),
    bad("digest of other letters", f"{'g' * 64}  {P1}\n"),
    bad("unsorted", f"{A}  {P2}\n{B}  {P1}\n"),
    bad("a path twice", f"{A}  {P1}\n{A}  {P1}\n"),
    bad("empty line", f"{A}  {P1}\n\n"),
    bad("comment", f"# comment\n{A}  {P1}\n"),
    bad("byte order mark", f"\ufeff{A}  {P1}\n"),
    bad("not UTF-8", A.encode() + b"  data/\xff\n"),
    bad("absolute path", f"{A}  /etc/passwd\n", "layout"),
    bad("path above", f"{A}  data/../../x\n", "layout"),
    bad("path with percent", f"{A}  data/a%0Ab\n", "layout"),
    bad("path in capitals", f"{A}  data/AA/x\n", "layout"),
    bad("tag file", f"{A}  bagit.txt\n", "layout"),
    bad("long path", f"{A}  data/{'a' * 196}\n", "too-large"),
    bad("endless line", f"{A}  {P1}\n{'a' * 300}\n", "too-large"),
]

TAGMANIFEST = [
    good("two lines", f"{A}  bagit.txt\n{B}  meta/search/MAIN_1.seg\n", lines=2),
    bad("empty", ""),
    bad("cut short", f"{A}  bagit.txt\n{B}  meta/items.tx"),
    bad("payload", f"{A}  {P1}\n", "layout"),
    bad("path above", f"{A}  ../x\n", "layout"),
    bad("unsorted", f"{A}  meta/items.txt\n{B}  bagit.txt\n"),
    bad("CR LF", f"{A}  bagit.txt\r\n"),
]

ITEMS = [
    good("three sizes", f"{A} 0 data/a\n{B} 1048576 data/b\n{C} 1048577 data/c\n", chunks=2),
    good("the largest item", f"{A} 8796093022208 data/a\n", chunks=8388608),
    good("empty", "", chunks=0),
    bad("too large an item", f"{A} 8796093022209 data/a\n"),
    bad("leading zero", f"{A} 01 data/a\n"),
    bad("negative", f"{A} -1 data/a\n"),
    bad("plus", f"{A} +1 data/a\n"),
    bad("hexadecimal", f"{A} 0x1 data/a\n"),
    bad("no size", f"{A} data/a\n"),
    bad("two spaces", f"{A}  1 data/a\n"),
    bad("full-width digit", f"{A} １ data/a\n"),
    bad("unsorted", f"{A} 1 data/b\n{A} 1 data/a\n"),
    bad("a path twice", f"{A} 1 data/a\n{A} 1 data/a\n"),
    bad("no line feed at the end", f"{A} 1 data/a"),
    bad("path above", f"{A} 1 data/../a\n", "layout"),
]

CHUNKS = [
    # The content is `pattern` (hexadecimal) over and over, cut after `size` bytes.
    {"name": "empty", "pattern": "00", "size": 0, "digests": []},
    {"name": "exactly 1 MiB", "pattern": "00", "size": 1048576, "digests": []},
    {
        "name": "1 MiB and a byte of zeros", "pattern": "00", "size": 1048577, "digests": [
            "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        ],
    },
    {
        "name": "2 MiB of zeros", "pattern": "00", "size": 2097152, "digests": [
            "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58",
            "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58",
        ],
    },
]  # fmt: skip

_INFO = "Bag-Count: 1 of 2\nBag-Group-Identifier: national-11\nBagging-Date: 2026-11-22\nPayload-Oxum: 12.3\n"
BAG_INFO = [
    good("four lines", _INFO),
    bad("drive 3 of 2", _INFO.replace("1 of 2", "3 of 2")),
    bad("drive 0", _INFO.replace("1 of 2", "0 of 2")),
    bad("an impossible date", _INFO.replace("11-22", "02-30")),
    bad("leading zero", _INFO.replace("12.3", "012.3")),
    bad("oxum without files", _INFO.replace("12.3", "12")),
    bad("oxum twice", _INFO + "Payload-Oxum: 12.3\n"),
    bad("more lines", _INFO + "Contact-Name: somebody\n"),
    bad("other order", "".join(_INFO.splitlines(keepends=True)[::-1])),
    bad("CR LF", _INFO.replace("\n", "\r\n")),
    bad("cut short", _INFO[:-1]),
    bad("empty", ""),
    expanded(bad("too large", _INFO + "~", "too-large"), 64 << 10),
]

_FLOORS = '{"reference":"2026-11-22T00:00:00+00:00","roles":{"root":{"keys":["k1","k2"],"version":2}}}\n'
FLOORS = [
    good("one role", _FLOORS),
    good("none yet", '{"reference":null,"roles":{}}\n'),
    bad("not canonical", _FLOORS.replace(":{", ": {", 1)),
    bad("no roles", '{"reference":null}\n'),
    bad("a version that is text", _FLOORS.replace(":2}", ':"two"}')),
    bad("a role that is a list", '{"reference":null,"roles":{"root":[]}}\n'),
    bad("a date that there is not", _FLOORS.replace("11-22", "13-22")),
    bad("a version in a text", _FLOORS.replace(":2}", ':"2"}')),
    bad("a version that is true", _FLOORS.replace(":2}", ":true}")),
    bad("keys in one text", _FLOORS.replace('["k1","k2"]', '"k1"')),
    bad("a time before all times", _FLOORS.replace("2026-11-22T00:00:00+00:00", "0001-01-01T00:00:00+23:00")),
    bad("a list", "[]\n"),
    bad("empty", ""),
]

_ONE = f"floor 7 {'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}\nabc"  # SHA-256 of abc
_OLD = "floor 6 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\nfoo"
COPIES = [
    {"name": "both", "a": _ONE, "b": _OLD, "content": "abc"},
    {"name": "the newer one stands in b", "a": _OLD, "b": _ONE, "content": "abc"},
    {"name": "one is missing", "a": None, "b": _OLD, "content": "foo"},
    {"name": "the newer one is damaged", "a": _ONE.replace("abc", "abd"), "b": _OLD, "content": "foo"},
    {"name": "the newer one is cut short", "a": _ONE[:-1], "b": _OLD, "content": "foo"},
    {"name": "number with a leading zero", "a": _ONE.replace(" 7 ", " 07 "), "b": _OLD, "content": "foo"},
    {"name": "of another name", "a": _ONE.replace("floor", "trusted"), "b": _OLD, "content": "foo"},
    {"name": "none is whole", "a": "", "b": "floor", "content": None},
]


def line(name: str, text: str | bytes, *, ok: bool = True, canonical: bool = False) -> Case:
    return {"name": name, **_content(text), "ok": ok, "canonical": ok and canonical}


_ID = '{"id":"a","title":"b","type":"book"}\n'
_ITEM = (
    '{"id":"a","items":[{"id":"aabbcccccccccccccccc","media_type":"text/plain","order":0,'
    f'"path":"{P1}","role":"part","sha256":"{A}","size":1}}],"title":"b","type":"book"}}\n'
)
CATALOGUE = [
    line("the shortest", _ID, canonical=True),
    line("with an item", _ITEM, canonical=True),
    line("non-ASCII letters as they are", _ID.replace('"b"', '"红楼梦"'), canonical=True),
    line("a rare letter beyond the first plane", _ID.replace('"b"', '"𠮷"'), canonical=True),
    line("a control is escaped", _ID.replace('"b"', '"b\\u0001"'), canonical=True),
    line("a line feed is escaped in short", _ID.replace('"b"', '"b\\n"'), canonical=True),
    line("escapes of letters", _ID.replace('"b"', '"\\u7ea2"')),
    line("a space", _ID.replace(":", ": ", 1)),
    line("keys in another order", '{"title":"b","id":"a","type":"book"}\n'),
    line("a member twice", _ID.replace('"id":"a"', '"id":"z","id":"a"')),
    line("a default written down", _ID.replace('"b"', '"b","level":"work"').replace('"level"', '"level"')),
    line("not NFC", _ID.replace('"b"', '"e\u0301"')),
    line("CR LF", _ID.replace("\n", "\r\n")),
    line("no line feed", _ID[:-1]),
    line("an unknown member", _ID.replace('"id"', '"colour":"red","id"'), ok=False),
    line("no title", '{"id":"a","type":"book"}\n', ok=False),
    line("a number for a text", _ID.replace('"b"', "1"), ok=False),
    line("true for a number", _ITEM.replace('"order":0', '"order":true'), ok=False),
    line("a fraction", _ITEM.replace('"order":0', '"order":0.0'), ok=False),
    line("2 to the 53rd", _ITEM.replace('"size":1', '"size":9007199254740992'), ok=False),
    line("below 2 to the 53rd", _ITEM.replace('"size":1', '"size":9007199254740991'), canonical=True),
    line("half a character", _ID.replace('"b"', '"\\ud800"'), ok=False),
    line("null for a text", _ID.replace('"b"', "null"), ok=False),
    line("a list", "[]\n", ok=False),
    line("empty", "\n", ok=False),
    line("cut short", _ID[:10], ok=False),
    line("NaN", _ITEM.replace('"order":0', '"order":NaN'), ok=False),
    line("nested without end", "[" * 5000 + "\n", ok=False),
    line("not UTF-8", b'{"id":"a","title":"\xff","type":"book"}\n', ok=False),
]

_SECTION = '{"kind":"chapter","label":"第一回","n":1,"target":"1","text":"甄士隐"}\n'
SECTIONS = [
    good("one", _SECTION),
    good("two", _SECTION + _SECTION.replace('"n":1', '"n":2')),
    good("none", ""),
    bad("out of order", _SECTION.replace('"n":1', '"n":2'), "index-format"),
    bad("of another kind", _SECTION.replace("chapter", "verse"), "index-format"),
    bad("a soft hyphen", _SECTION.replace("士", "\u00ad"), "index-format"),
    bad("a mark of direction", _SECTION.replace("士", "\u202e"), "index-format"),
    bad("not NFC", _SECTION.replace("士", "e\u0301"), "index-format"),
    bad("too long a text", _SECTION.replace("士", "士" * 20_000), "index-format"),
    bad("too long a label", _SECTION.replace("第", "第" * 300), "index-format"),
]

_PEAKS = (
    '{"bits":8,"channels":1,"data":[-3,4,-128,127],"length":2,"sample_rate":8000,"samples_per_pixel":800,"version":2}\n'
)
PEAKS = [
    good("two pairs", _PEAKS),
    bad("one number too few", _PEAKS.replace(",127", ""), "index-format"),
    bad("out of bounds", _PEAKS.replace("127", "128"), "index-format"),
    bad("the lower one last", _PEAKS.replace("-3,4", "4,-3"), "index-format"),
    bad("sixteen bits", _PEAKS.replace('"bits":8', '"bits":16'), "index-format"),
    bad("a fraction", _PEAKS.replace("-3", "-3.5"), "index-format"),
    bad("no pairs", _PEAKS.replace("-3,4,-128,127", "").replace('"length":2', '"length":0'), "index-format"),
]

_WITHDRAWN = '{"withdrawn":[{"id":"A0001","reason":"授权到期","since":"2026-11-26","title":"旧书"}]}\n'
_TWO = _WITHDRAWN.replace("]}", ',{"id":"b-2","reason":"","since":"2026-11-26","title":""}]}')
WITHDRAWALS = [
    good("none", '{"withdrawn":[]}\n', resources=[]),
    good("one", _WITHDRAWN, resources=["A0001"]),
    good("two", _TWO, resources=["A0001", "b-2"]),
    good("an unknown member", _WITHDRAWN.replace('{"id"', '{"colour":"red","id"'), resources=["A0001"]),
    good("an unknown member above", _WITHDRAWN.replace('{"with', '{"colour":"red","with'), resources=["A0001"]),
    good("a resource of a library's own", _WITHDRAWN.replace("A0001", "local:1"), resources=["local:1"]),
    good("a title of 200 characters", _WITHDRAWN.replace("旧", "旧" * 199), resources=["A0001"]),
    bad("a title of 201 characters", _WITHDRAWN.replace("旧", "旧" * 200)),
    bad("a reason with a line feed", _WITHDRAWN.replace("到期", "\\n")),
    bad("a title not in NFC", _WITHDRAWN.replace("旧书", "e\u0301")),
    bad("a title that is no text", _WITHDRAWN.replace('"旧书"', "5")),
    bad("no title", _WITHDRAWN.replace(',"title":"旧书"', "")),
    bad("no day", _WITHDRAWN.replace('"since":"2026-11-26",', "")),
    bad("a day that there is not", _WITHDRAWN.replace("11-26", "02-30")),
    bad("a day in short", _WITHDRAWN.replace("2026-11-26", "20261126")),
    bad("an id that none may have", _WITHDRAWN.replace("A0001", "../A")),
    bad("an id that is no text", _WITHDRAWN.replace('"A0001"', "1")),
    bad("unsorted", _TWO.replace("A0001", "c")),
    bad("a resource twice", _TWO.replace("b-2", "A0001")),
    bad("an entry that is a list", '{"withdrawn":[["A0001"]]}\n'),
    bad("entries that are an object", '{"withdrawn":{}}\n'),
    bad("no entries", "{}\n"),
    bad("a list", "[]\n"),
    bad("not canonical", _WITHDRAWN.replace(":", ": ", 1)),
    bad("no line feed", _WITHDRAWN[:-1]),
    bad("a member twice", _WITHDRAWN.replace('{"id"', '{"id":"z","id"')),
    bad("empty", ""),
    expanded(bad("too large", _WITHDRAWN.replace("旧书", "~"), "too-large"), 1 << 20),
]

_KEY = {
    "keytype": "ed25519",
    "keyval": {"public": "95e0614de46dad533b64d058bfb5eab9ede18e066aff03ab4e5f379d4def5e59"},
    "scheme": "ed25519",
}
_KEY_ID = "580ead65a95936dda3fdbdd50b45a1735e5a62a991aa696a43d0d6d4ee6731a8"
_ROLE = {
    "keyids": [_KEY_ID], "name": "withdrawals", "paths": ["withdrawals/*"], "terminating": True, "threshold": 1,
}  # fmt: skip


def _targets(**delegations: Any) -> str:
    signed = {
        "_type": "targets", "expires": "2027-11-22T00:00:00Z", "spec_version": "1.0.31", "targets": {}, "version": 3,
    }  # fmt: skip
    found = {"delegations": {"keys": {_KEY_ID: _KEY}, **delegations}} if delegations else {}
    return json.dumps({**signed, **found}, sort_keys=True, separators=(",", ":")) + "\n"


def _roles(*changes: dict[str, Any]) -> str:
    return _targets(roles=[{**_ROLE, **change} for change in changes])


_HASHED = {name: value for name, value in _ROLE.items() if name != "paths"}
_SUCCINCT = {"bit_length": 1, "keyids": [_KEY_ID], "name_prefix": "withdrawals", "threshold": 1}
DELEGATIONS = [
    good("nobody", _targets(), keys=[]),
    good("the one role", _roles({}), keys=[_KEY_ID]),
    good("no role at all", _targets(roles=[]), keys=[]),
    bad("another role", _roles({"name": "releases"}), "list-changed"),
    bad("another role beside it", _roles({}, {"name": "more"}), "list-changed"),
    bad("everything", _roles({"paths": ["*"]}), "list-changed"),
    bad("releases too", _roles({"paths": ["withdrawals/*", "releases/*"]}), "list-changed"),
    bad("paths by their digests", _targets(roles=[{**_HASHED, "path_hash_prefixes": ["ab"]}]), "list-changed"),
    bad("roles by number", _targets(succinct_roles=_SUCCINCT), "list-changed"),
    bad("a role whose name is a number", _roles({"name": 5}), "list-changed"),
]

_HERE, _THERE = b"\0\1", b"\0\2"
_TABLE = _THERE + _THERE + _HERE
DISKS = [
    good("as it is", _TABLE, numbers=[2, 2, 1]),
    bad("an item of this drive on the other", _THERE * 3, "mismatch"),
    bad("an item of the other drive here", _HERE + _THERE + _HERE, "mismatch"),
    bad("two items changed places", _HERE + _THERE + _THERE, "mismatch"),
    bad("drive 0", b"\0\0" + _TABLE[2:], "form"),
    bad("drive 3 of two", _TABLE[:4] + b"\0\3", "form"),
    bad("the lower byte first", b"\2\0\2\0\1\0", "form"),
    bad("one item too few", _TABLE[:-2], "mismatch"),
    bad("one item too many", _TABLE + _HERE, "mismatch"),
    bad("cut short", _TABLE[:-1], "mismatch"),
    bad("empty", b"", "mismatch"),
]

CASES: dict[str, list[Case]] = {
    "paths": PATHS, "item-ids": ITEM_IDS, "manifest": MANIFEST, "tagmanifest": TAGMANIFEST, "items": ITEMS,
    "chunks": CHUNKS, "bag-info": BAG_INFO, "releases": RELEASES, "floors": FLOORS, "copies": COPIES,
    "catalogue": CATALOGUE, "sections": SECTIONS, "peaks": PEAKS,
    "withdrawals": WITHDRAWALS, "delegations": DELEGATIONS, "disks": DISKS,
    "withdrawn": WITHDRAWN, **DELTAS, "reports": REPORTS, "receipts": RECEIPTS,
}  # fmt: skip
"""Cases by the name of their file."""
