"""What each file of a resource is for, from its kind and its name.

What a librarian expects of one row:

    one work as EPUB and PDF             part, and alternate `of` it
    the same film as mp4 and webm        part, and alternate
    several films, tracks, issues        parts, in their order, named after their files
    第1讲.mp4 with 第1讲.zh.vtt           part, and caption `of` it in zh
    第1讲.chapters.vtt                   caption that names its chapters
    many pictures of a book or issue     pages; of a picture resource: parts
    ALTO beside pages                    ocr `of` the page of that name
    pictures that a web page shows       figure `of` the web page
    JSON, XML, MARC                      metadata
    cover.jpg beside anything readable   cover

Order: files whose names are numbered follow their numbers; a list that is plainly alphabetical was made by a machine
and follows natural order; any other order was chosen by someone and stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from indexer.text.languages import language_tag
from indexer.text.natural_order import counts_in_roman, has_place, natural_key


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file of a row: `path` relative to the source, its media type by content, its size in bytes."""

    path: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """What a file shall be.

    Attributes:
        path: of the file. role: one of `indexer.model.ITEM_ROLES`.
        order: place among the items of its role, from 0.
        label: what a reader sees, empty where the title says enough.
        of: path of the file it belongs to, empty when it stands alone.
        media_type: of the file. language: BCP 47 tag found in its name (captions), else empty.
    """

    path: str
    role: str
    order: int = 0
    label: str = ""
    of: str = ""
    media_type: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that a web page shows: the page's path, and the picture's path as seen from the page's folder."""

    of: str
    address: str


# The first of these that a work has is what opens; the others are alternates.
_PREFERENCE = (
    "application/epub+zip", "application/pdf", "text/html", "application/xhtml+xml", "video/mp4", "video/webm",
    "audio/mpeg",
    "audio/mp4", "video/ogg", "audio/ogg", "audio/flac", "audio/wav", "image/jpeg", "image/webp", "image/png",
    "image/jp2",
    "image/tiff", "text/markdown", "text/plain",
)  # fmt: skip
_CAPTIONS = frozenset({"text/vtt", "application/x-subrip"})
_METADATA = frozenset({
    "application/json", "application/jsonl", "application/xml", "application/marc", "text/csv",
    "text/tab-separated-values",
})  # fmt: skip
_COVER = re.compile(r"(?:front[-_ ]?)?cover|封面|poster|thumbnail|folder|albumart", re.IGNORECASE)
_EDITION_TYPES = frozenset({"journal", "newspaper", "course"})
CHAPTERS = "章节"
"""Label of a caption file whose cues are the chapters of a recording."""
_CHAPTERS_SUFFIX = re.compile(r"(.+)[._](?:chapters?|章节)\Z", re.IGNORECASE)
_LANGUAGE_SUFFIX = re.compile(r"(.+)[._]([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?)\Z")


def infer_roles(
    files: Sequence[FileFact], resource_type: str, figures: Mapping[str, Figure] | None = None
) -> list[ItemPlan]:
    """The role of every file of a row; every path appears exactly once.

    Args:
        files: in the order of the row.
        resource_type: one of `indexer.model.TYPES`.
        figures: path of a picture → which web page of the row shows it, and under what address.

    Returns:
        Plans ordered by role (readable ones first), then by `order`.
    """
    unique = list({f.path: f for f in files}.values())
    sorts = {f.path: _kind(f) for f in unique}
    cover = _cover(unique, sorts)
    media = [f for f in unique if sorts[f.path] == "media"]
    documents = [f for f in unique if sorts[f.path] in {"document", "other"}]
    shown = {path: figure for path, figure in (figures or {}).items() if path != cover}
    pictures = [f for f in unique if sorts[f.path] == "image" and f.path != cover and f.path not in shown]
    documents, transcripts = _transcripts(documents, media)
    plans = [
        *_works(documents, one_work=resource_type not in _EDITION_TYPES and not media),
        *_works(media, one_work=False),
    ]
    page_role = "part" if resource_type in {"image", "exhibition"} else "page"
    plans += [ItemPlan(f.path, page_role, media_type=f.media_type) for f in _ordered(pictures)]
    plans += [
        ItemPlan(f.path, "figure", label=shown[f.path].address, of=shown[f.path].of, media_type=f.media_type)
        for f in unique
        if f.path in shown
    ]
    plans += transcripts
    plans += [_caption(f, media) for f in unique if sorts[f.path] == "caption"]
    plans += [
        ItemPlan(f.path, "ocr", of=_partner(f, pictures), media_type=f.media_type)
        for f in _ordered([f for f in unique if sorts[f.path] == "ocr"])
    ]
    plans += [ItemPlan(f.path, "metadata", media_type=f.media_type) for f in unique if sorts[f.path] == "metadata"]
    if cover:
        plans.append(ItemPlan(cover, "cover", media_type=next(f.media_type for f in unique if f.path == cover)))
    return _numbered(plans)


def _kind(file: FileFact) -> str:
    top = file.media_type.partition("/")[0]
    if file.media_type in _CAPTIONS:
        return "caption"
    if file.media_type == "application/alto+xml" or file.path.lower().endswith((".hocr", ".hocr.html")):
        return "ocr"
    if file.media_type in _METADATA:
        return "metadata"
    if top in {"audio", "video"}:
        return "media"
    if top == "image":
        return "image"
    return "document" if file.media_type in _PREFERENCE else "other"


def _stem(path: str) -> str:
    """The name without folder and extension, comparable: NFC, case folded."""
    return unicodedata.normalize("NFC", PurePosixPath(path).stem).casefold()


def _shown_stem(path: str) -> str:
    name = unicodedata.normalize("NFC", PurePosixPath(path).name)
    stem, dot, extension = name.rpartition(".")
    return stem if dot and stem and re.fullmatch(r"[A-Za-z0-9]{1,5}", extension) else name


def _cover(files: Sequence[FileFact], sorts: dict[str, str]) -> str:
    """The path of the picture that is a cover: by name, and only beside something else that can be opened."""
    named = [f for f in files if sorts[f.path] == "image" and _COVER.fullmatch(_stem(f.path))]
    others = [f for f in files if sorts[f.path] in {"image", "media", "document", "other"} and f not in named]
    if not named or not others:
        return ""
    exact = [f for f in named if _stem(f.path) == "cover"]
    # Among scanned pages 封面 is the first page to turn, not a picture beside the book.
    if not exact and all(sorts[f.path] == "image" for f in others):
        return ""
    return (exact or named)[0].path


def _transcripts(documents: list[FileFact], media: list[FileFact]) -> tuple[list[FileFact], list[ItemPlan]]:
    """Texts named after a recording are its transcripts; a single text beside a single recording is too."""
    if not media:
        return documents, []
    texts = [f for f in documents if f.media_type in {"text/plain", "text/markdown", "text/html"}]
    plans: list[ItemPlan] = []
    for file in texts:
        of = _partner(file, media) or (media[0].path if len(media) == len(texts) == 1 else "")
        if of:
            plans.append(ItemPlan(file.path, "transcript", of=of, media_type=file.media_type))
    taken = {p.path for p in plans}
    return [f for f in documents if f.path not in taken], plans


def _partner(file: FileFact, among: Iterable[FileFact]) -> str:
    """The path of the file with the same stem, in the same folder when several have it; empty when none has."""
    stem, folder = _stem(file.path), str(PurePosixPath(file.path).parent)
    same = [f for f in among if _stem(f.path) == stem and f.path != file.path]
    near = [f for f in same if str(PurePosixPath(f.path).parent) == folder]
    return min(near or same, key=_rank).path if same else ""


def _rank(file: FileFact) -> int:
    return _PREFERENCE.index(file.media_type) if file.media_type in _PREFERENCE else len(_PREFERENCE)


def _works(files: list[FileFact], *, one_work: bool) -> list[ItemPlan]:
    """Parts in order, each followed by the alternates of the same stem."""
    groups: dict[tuple[str, str], list[FileFact]] = {}
    for file in files:
        groups.setdefault((str(PurePosixPath(file.path).parent), _stem(file.path)), []).append(file)
    types = [f.media_type for f in files]
    if one_work and len(set(types)) == len(types):
        groups = {("", ""): files} if files else {}
    firsts = {min(g, key=_rank).path: g for g in groups.values()}
    by_path = {f.path: f for f in files}
    ordered = _ordered([by_path[p] for p in firsts])
    labels = _labels([f.path for f in ordered])
    plans: list[ItemPlan] = []
    for first in ordered:
        plans.append(ItemPlan(first.path, "part", label=labels.get(first.path, ""), media_type=first.media_type))
        for other in sorted((f for f in firsts[first.path] if f is not first), key=_rank):
            # The same stem and the same kind twice (1.mp3 in two folders fall apart above): still a part of its own.
            role = "alternate" if other.media_type != first.media_type else "part"
            of = first.path if role == "alternate" else ""
            plans.append(
                ItemPlan(other.path, role, label=labels.get(first.path, ""), of=of, media_type=other.media_type)
            )
    return plans


def _caption(file: FileFact, media: Sequence[FileFact]) -> ItemPlan:
    """A caption belongs to the recording of its stem; before the extension its language (`.zh`) or `.chapters`."""
    name = _shown_stem(file.path)
    chapters = _CHAPTERS_SUFFIX.match(name)
    if chapters:
        bare = replace(file, path=str(PurePosixPath(file.path).with_name(f"{chapters[1]}.x")))
        of = _partner(bare, media) or (media[0].path if len(media) == 1 else "")
        return ItemPlan(file.path, "caption", of=of, media_type=file.media_type, label=CHAPTERS)
    match = _LANGUAGE_SUFFIX.match(name)
    language = language_tag(match[2]) if match else None
    bare = replace(file, path=str(PurePosixPath(file.path).with_name(f"{match[1]}.x"))) if match and language else file
    of = _partner(bare, media) or _partner(file, media)
    if not of and len(media) == 1:
        of = media[0].path
    return ItemPlan(
        file.path, "caption", of=of, media_type=file.media_type, language=language or "", label=language or ""
    )


def _ordered(files: list[FileFact]) -> list[FileFact]:
    names = {f.path: unicodedata.normalize("NFC", f.path) for f in files}
    stems = [_shown_stem(name) for name in names.values()]
    roman = counts_in_roman(stems)
    if roman or all(has_place(stem) for stem in stems) or list(names.values()) == sorted(names.values()):
        return sorted(files, key=lambda f: natural_key(names[f.path], roman=roman))
    return files


_COUNTER = re.compile(r"\s*(\d{1,4})\s*[-_.、\s]+\s*(?=\S)")


def _labels(paths: Sequence[str]) -> dict[str, str]:
    """Path → label for several files; none for one. Counters (`01 学而篇`) and a common beginning are taken off
    when what remains still tells the files apart.
    """  # noqa: D205
    if len(paths) < 2:
        return {}
    names = [" ".join("".join(c for c in _shown_stem(p) if c.isprintable() or c.isspace()).split()) for p in paths]
    if all(_COUNTER.match(n) for n in names):
        names = _if_distinct([_COUNTER.sub("", n, count=1) for n in names], names)
    start = _common_start(names)
    shorter = [n[start:] for n in names]
    if start and not any(re.fullmatch(r"[\W\d]*", n) for n in shorter):
        names = _if_distinct(shorter, names)
    return dict(zip(paths, (n[:200] for n in names), strict=True))


def _if_distinct(shorter: list[str], names: list[str]) -> list[str]:
    return shorter if len(set(shorter)) == len(shorter) and all(s.strip() for s in shorter) else names


def _common_start(names: list[str]) -> int:
    """Length of the common beginning, up to and with its last separator."""
    first, last = min(names), max(names)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return max((m.end() for m in re.finditer(r"[-_ .:：·]+", first[:length])), default=0)


_NAMED_PAGE = re.compile(
    r"第?\s*([A-Za-z]?[0-9０-９〇一二三四五六七八九十]{1,4})\s*版(?!次)[-_ ：:·]*([^/]*)\Z"
    r"|(?:\A|[\d\s_-])(封面|书名页|扉页|版权页|总序|卷首|目录|目次|凡例|前言|序言|自序|引言|序|附录|后记|跋|索引|封底)\Z"
)


def page_label(path: str, number: int) -> str:
    """What a page is called: 第1版 要闻, 封面, 目录 when its file says so, else its number."""
    found = _NAMED_PAGE.search(_shown_stem(path))
    if found is None:
        return str(number)
    if found[3]:
        return found[3]
    leaf = unicodedata.normalize("NFKC", found[1])
    leaf = leaf.lstrip("0") or leaf if leaf.isdecimal() else leaf
    return " ".join(f"第{leaf}版 {re.sub(r'[-_]+', ' ', found[2])}".split())[:200]


def _numbered(plans: list[ItemPlan]) -> list[ItemPlan]:
    """Orders within each role; pages get their number as label, or the name that their file gives them."""
    counts: dict[str, int] = {}
    pictures = [p.path for p in plans if p.role == "part" and p.media_type.startswith("image/")]
    labels = _labels(pictures)
    out: list[ItemPlan] = []
    for plan in plans:
        order = counts.get(plan.role, 0)
        counts[plan.role] = order + 1
        label = plan.label or (page_label(plan.path, order + 1) if plan.role == "page" else labels.get(plan.path, ""))
        out.append(replace(plan, order=order, label=label))
    return out
