"""What a resource is: the record, its items, its place in the collection.

The record is the contract between the national desk, the drive, the index and every page. Values here are
already normalised (`indexer.text` does that); this module knows shapes, closed lists and the canonical form.

Canonical form: one JSON object a line, UTF-8, NFC, keys sorted, no spaces, no escapes of non-ASCII, ended by one
line feed; members that hold their default (empty string, empty list, null) are left out. The same value always
gives the same bytes, and `Resource.from_json(r.to_json()) == r`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Any

from indexer.canonical import Canonical, shape_of
from indexer.errors import RecordError

TYPES = ("book", "journal", "newspaper", "image", "audio", "video", "course", "government", "exhibition")
LEVELS = ("collection", "serial", "issue", "work", "volume", "part")
CHILD_LEVELS = ("issue", "volume", "part")
"""Levels that lists and results show under their parent; a work in a collection stands for itself."""

# fmt: off
CREATOR_ROLES = (
    "著", "撰", "编", "主编", "编著", "译", "注", "疏", "笺", "传", "校", "点校", "辑", "修", "纂", "监修",
    "述", "录", "续", "补", "评", "音义", "考证", "选", "审", "序", "改编", "绘", "书", "摄", "讲", "朗读", "解说",
    "演", "演唱", "演奏", "作曲", "作词", "编剧", "导演", "设计", "制作", "出品", "整理", "口述", "收藏", "其他",
)
# fmt: on
ITEM_ROLES = (
    "part",
    "alternate",
    "page",
    "caption",
    "transcript",
    "ocr",
    "metadata",
    "cover",
    "figure",
    "text",
    "tilepack",
    "peaks",
)
DERIVED_ROLES = ("cover", "text", "tilepack", "peaks")
READABLE_ROLES = ("part", "page")
OPENED_ROLES = ("part", "page", "alternate")
"""Readable ones, and other forms of them."""
ITEM_FLAGS = ("codec-unplayable", "fonts-missing", "encrypted", "damaged")
UNUSABLE_FLAGS = frozenset({"codec-unplayable", "encrypted", "damaged"})
"""Of an item that readers cannot be expected to open here."""
SCOPES = ("open", "premises", "seats", "accessible-only", "none")
CERTAINTIES = ("exact", "about", "inferred", "unknown")
AUDIENCES = ("unknown", "children", "general", "scholar")

RESOURCE_ID = re.compile(r"(?:local:)?[A-Za-z0-9._-]{1,64}\Z")


def is_resource_id(text: str) -> bool:
    """Whether `text` is a permitted resource id: letters, digits, `.`, `_`, `-`, at most 64."""
    return bool(RESOURCE_ID.match(text)) and text not in {".", ".."}


def item_id(resource_id: str, role: str, source_path: str) -> str:
    """The permanent id of an item: 20 characters of lower-case base32 (100 bits of SHA-256).

    It depends on the resource, the role and the path relative to the source only, so that inserting a page moves
    no other id.

    Args:
        resource_id: the resource's id.
        role: one of `ITEM_ROLES`.
        source_path: path of the source file relative to the source folder, NFC, `/` between parts; for a
            derivative the path of the original followed by `#` and the role.
    """
    text = "\0".join((resource_id, role, unicodedata.normalize("NFC", source_path)))
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:13]).decode().lower()[:20]


def read_member(name: str, value: object) -> Any:
    """The value of one member of a resource's canonical JSON, checked; `name` as in JSON.

    Raises:
        RecordError: the resource has no such member, or `value` has another shape.
    """
    shape = shape_of(Resource)
    if name not in shape:
        raise RecordError(f"unknown member {name!r}", field="resource")
    return shape[name][1](value, name)


@dataclass(frozen=True, slots=True)
class Creator(Canonical):
    """A person or body that made the resource, in the order of the title page.

    Attributes:
        name: without brackets, role or dates; an unknown word of the statement stays in it.
        role: one of `CREATOR_ROLES`, or empty when the statement names none.
        dynasty: in simplified characters: 明, 南朝宋. dates: of life, as printed: 1578-1642.
        country: as printed in the bracket before the name: 美, 日本.
    """

    name: str
    role: str = ""
    dynasty: str = ""
    dates: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Identifier(Canonical):
    """A number from elsewhere; scheme: isbn, issn, cn, unified, cdoi, doi, uri, local; value normalised."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class ClassCode(Canonical):
    """A place in a classification; scheme: clc, sibu (四部), children (未成年人版) or a library's own."""

    scheme: str
    code: str


@dataclass(frozen=True, slots=True)
class ContentsEntry(Canonical):
    """A line of the table of contents; target: `item id#place` or empty."""

    title: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class PublicationDate(Canonical):
    """The date as printed, and what it means.

    Attributes:
        printed: as on the title page: 清光绪间, 民国26年, [19--].
        year_from: first year it can mean, astronomical (0 = 1 BCE), None when unknown.
        year_to: last year it can mean, None when unknown.
        month: 1-12 or None. day: 1-31 or None (issues of serials).
        certainty: exact, about, inferred or unknown.
        dynasty: the dynasty's name in simplified characters, empty when none is named.
    """

    printed: str = ""
    year_from: int | None = None
    year_to: int | None = None
    month: int | None = None
    day: int | None = None
    certainty: str = "unknown"
    dynasty: str = ""


@dataclass(frozen=True, slots=True)
class Audience(Canonical):
    """For whom: children with an age band in years, general, scholar. Unknown never shows in the children's face."""

    group: str = "unknown"
    age_from: int | None = None
    age_to: int | None = None


@dataclass(frozen=True, slots=True)
class RareBook(Canonical):
    """What a cataloguer of old books writes down."""

    edition_type: str = ""
    engraved: str = ""
    juan: str = ""
    juan_extant: str = ""
    holder: str = ""
    call_number: str = ""


@dataclass(frozen=True, slots=True)
class Access(Canonical):
    """Who may use it, where and when; `indexer.access` decides by it.

    Attributes:
        scope: one of `SCOPES`; any other value refuses.
        seats: how many readers at a time, for scope `seats`.
        from_: first day, ISO date; until: last day, ISO date.
        download: whether it may be taken home.
        unknown: members that this version does not know; any of them refuses the resource.
    """

    scope: str = "open"
    seats: int | None = None
    from_: str = ""
    until: str = ""
    download: bool = True
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance(Canonical):
    """Where a merged field came from."""

    field: str
    source: str


@dataclass(frozen=True, slots=True)
class ExtraField(Canonical):
    """A column that the model does not know, kept as it came."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Item(Canonical):
    """One file of a resource.

    Attributes:
        id: from `item_id`.
        role: one of `ITEM_ROLES`.
        order: place among the items of the same role, from 0.
        label: what a reader sees: 第1讲 蜀先主庙.
        path: place in the bag: `data/ab/<id>.<ext>`.
        media_type: found by content, never by name alone.
        size: bytes. sha256: 64 lower-case hexadecimal digits.
        of: id of the item it was made from or belongs to (caption → video), empty for originals.
        tool: what made a derivative, with its version.
        pages: pages of a document; duration: seconds; width and height: pixels; 0 when unknown.
        flags: of `ITEM_FLAGS`, in that order; what a reader should know before opening it.
    """

    id: str
    role: str
    order: int
    path: str
    media_type: str
    size: int
    sha256: str
    label: str = ""
    of: str = ""
    tool: str = ""
    language: str = ""
    credit: str = ""
    licence: str = ""
    pages: int = 0
    duration: int = 0
    width: int = 0
    height: int = 0
    flags: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether nothing was found that keeps readers from opening it here."""
        return UNUSABLE_FLAGS.isdisjoint(self.flags)


@dataclass(frozen=True, slots=True)
class Resource(Canonical):
    """One resource: a book, an issue, a picture, a course. See the module's text for the canonical form."""

    id: str
    title: str
    type: str
    subtype: str = ""
    level: str = "work"
    parent: str = ""
    seq: int | None = None
    designation: str = ""
    identifiers: tuple[Identifier, ...] = ()
    title_alt: tuple[str, ...] = ()
    title_sort: str = ""
    title_pinyin: str = ""
    statement: str = ""
    creators: tuple[Creator, ...] = ()
    publisher: str = ""
    place: str = ""
    edition: str = ""
    extent: str = ""
    date: PublicationDate = field(default_factory=PublicationDate)
    subjects: tuple[str, ...] = ()
    classes: tuple[ClassCode, ...] = ()
    places: tuple[str, ...] = ()
    period: str = ""
    language: tuple[str, ...] = ()
    audience: Audience = field(default_factory=Audience)
    rare: RareBook | None = None
    access: Access = field(default_factory=Access)
    rights: str = ""
    licence: str = ""
    source: str = ""
    description: str = ""
    contents: tuple[ContentsEntry, ...] = ()
    first_release: int | None = None
    replaced_by: str = ""
    provenance: tuple[Provenance, ...] = ()
    extra: tuple[ExtraField, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def readable_items(self) -> tuple[Item, ...]:
        """The originals a reader opens, in order; empty for a catalogue entry (目录)."""
        return tuple(i for i in self.items if i.role in READABLE_ROLES)

    @property
    def usable(self) -> bool:
        """Whether some form of some part can be used here; false for a catalogue entry."""
        return any(i.usable for i in self.items if i.role in OPENED_ROLES)

    @property
    def cover(self) -> Item | None:
        """The cover item, when the resource has one."""
        return next((i for i in self.items if i.role == "cover"), None)

    def with_items(self, items: tuple[Item, ...]) -> Resource:
        """The same record with these items."""
        return replace(self, items=items)


def dump_line(resource: Resource) -> bytes:
    """The canonical line of a resource, ended by a line feed."""
    text = json.dumps(resource.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def load_line(line: bytes, number: int = 0) -> Resource:
    """The resource of one canonical line.

    Raises:
        RecordError: the line is not JSON or not a resource; `line` is `number`.
    """
    try:
        return Resource.from_json(json.loads(line))
    except RecordError as error:
        raise RecordError(error.reason, line=number, field=error.field) from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"is not JSON: {error}", line=number) from error
