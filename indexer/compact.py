"""Compact forms: what one cell of a catalogue says of types, access, audience and the like.

    type         book, 图书, ebook, poem … (`TYPE_WORDS`); what is not known is decided by the files
    access       premises | seats:2;until:2027-12-31;download:no | none
    audience     children:6-12 | general | scholar
    identifiers  isbn:978…;issn:1000-0000;cn:11-1234/G2;uri:https://…
    classes      sibu:集部;children:C1
    level        issue, 期, volume, 册 …

An access word that is not known is never dropped: it stays in `scope` or `unknown`, and the gate refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from indexer.model import LEVELS, TYPES, Access, Audience, ClassCode, ContentsEntry
from indexer.text.classes import normalise_clc
from indexer.text.dates import parse_date

# Word → (type, subtype). Words are compared in lower case without spaces, hyphens and a plural s.
TYPE_WORDS: dict[str, tuple[str, str]] = {
    **{t: (t, "") for t in TYPES},
    "ebook": ("book", ""), "图书": ("book", ""), "电子书": ("book", ""), "书": ("book", ""), "专著": ("book", ""),
    "monograph": ("book", ""),
    "text": ("book", ""), "文本": ("book", ""), "古籍": ("book", "古籍"), "连环画": ("book", "连环画"),
    "comic": ("book", "comic"),
    "绘本": ("book", "绘本"), "poem": ("book", "poem"), "poetry": ("book", "poem"), "诗": ("book", "poem"),
    "诗词": ("book", "poem"),
    "诗歌": ("book", "poem"), "article": ("book", "article"), "论文": ("book", "论文"),
    "学位论文": ("book", "学位论文"),
    "thesis": ("book", "thesis"), "dissertation": ("book", "thesis"), "report": ("book", "report"),
    "地方志": ("book", "地方志"),
    "方志": ("book", "地方志"), "manuscript": ("book", "manuscript"), "家谱": ("book", "家谱"),
    "document": ("book", "document"),
    "magazine": ("journal", "magazine"), "期刊": ("journal", ""), "杂志": ("journal", "magazine"),
    "刊物": ("journal", ""),
    "periodical": ("journal", ""), "serial": ("journal", ""), "报纸": ("newspaper", ""), "报": ("newspaper", ""),
    "picture": ("image", ""), "图片": ("image", ""), "图像": ("image", ""), "photo": ("image", "photo"),
    "photograph": ("image", "photo"),
    "照片": ("image", "photo"), "摄影": ("image", "photo"), "map": ("image", "map"), "地图": ("image", "map"),
    "painting": ("image", "painting"),
    "绘画": ("image", "painting"), "stillimage": ("image", ""), "drawing": ("image", "drawing"),
    "拓片": ("image", "拓片"),
    "年画": ("image", "年画"), "poster": ("image", "poster"),
    "mp3": ("audio", ""), "音频": ("audio", ""), "录音": ("audio", ""), "sound": ("audio", ""),
    "music": ("audio", "music"),
    "音乐": ("audio", "music"), "audiobook": ("audio", "audiobook"), "有声书": ("audio", "audiobook"),
    "听书": ("audio", "audiobook"),
    "podcast": ("audio", "podcast"), "戏曲": ("audio", "戏曲"), "广播": ("audio", "广播"),
    "movie": ("video", "film"), "film": ("video", "film"), "电影": ("video", "film"), "影片": ("video", "film"),
    "视频": ("video", ""),
    "录像": ("video", ""), "movingimage": ("video", ""), "documentary": ("video", "documentary"),
    "纪录片": ("video", "documentary"),
    "animation": ("video", "animation"), "动画": ("video", "animation"),
    "lecture": ("course", "lecture"), "讲座": ("course", "lecture"), "公开课": ("course", "公开课"),
    "课程": ("course", ""),
    "慕课": ("course", "mooc"), "mooc": ("course", "mooc"), "微课": ("course", "微课"),
    "training": ("course", "training"),
    "政府公开信息": ("government", ""), "政府信息": ("government", ""), "政府出版物": ("government", ""),
    "公报": ("government", "公报"),
    "law": ("government", "law"), "法规": ("government", "法规"), "gazette": ("government", "公报"),
    "展览": ("exhibition", ""), "线上展览": ("exhibition", ""), "数字展览": ("exhibition", ""),
    "展": ("exhibition", ""),
}  # fmt: skip
_PICTURES = frozenset({"jpg", "jpeg", "png", "gif", "webp", "tif", "tiff", "jp2", "j2k", "bmp", "svg", "avif", "heic"})
_SOUND = frozenset({"mp3", "m4a", "ogg", "oga", "opus", "flac", "wav", "aac", "wma", "amr", "aiff"})
_FILMS = frozenset({"mp4", "webm", "mkv", "mov", "avi", "wmv", "flv", "mpg", "mpeg", "m4v", "ogv", "3gp", "ts", "rmvb"})
_BY_EXTENSION = {
    **dict.fromkeys(_PICTURES, "image"),
    **dict.fromkeys(_SOUND, "audio"),
    **dict.fromkeys(_FILMS, "video"),
}
_LEVEL_WORDS = {
    **{level: level for level in LEVELS},
    "专题库": "collection", "专题": "collection", "库": "collection", "刊": "serial", "刊报": "serial",
    "期刊": "serial", "报": "serial",
    "期": "issue", "种": "work", "作品": "work", "册": "volume", "卷": "volume", "分册": "volume", "篇": "part",
    "章": "part",
    "article": "part", "chapter": "part",
}  # fmt: skip
_SCOPE_WORDS = {
    "open": "open", "开放": "open", "公开": "open", "public": "open", "premises": "premises", "馆内": "premises",
    "仅限馆内": "premises",
    "馆内阅览": "premises", "仅限馆内阅览": "premises", "seats": "seats", "限人数": "seats",
    "accessible-only": "accessible-only",
    "仅供阅读障碍者": "accessible-only", "none": "none", "仅目录": "none", "仅有目录": "none", "只作目录": "none",
}  # fmt: skip
_YES, _NO = frozenset({"yes", "true", "1", "是", "可", "y"}), frozenset({"no", "false", "0", "否", "不可", "n"})
_ACCESS_KEYS = {
    "scope": "scope", "范围": "scope", "使用范围": "scope", "seats": "seats", "人数": "seats", "席位": "seats",
    "from": "from",
    "自": "from", "起": "from", "until": "until", "至": "until", "止": "until", "download": "download",
    "下载": "download",
}  # fmt: skip
_AUDIENCES = {
    "children": "children", "child": "children", "kids": "children", "juvenile": "children", "少儿": "children",
    "儿童": "children",
    "未成年人": "children", "青少年": "children", "young": "children", "general": "general", "大众": "general",
    "一般": "general",
    "普通读者": "general", "public": "general", "adult": "general", "成人": "general", "scholar": "scholar",
    "学者": "scholar",
    "专业": "scholar", "研究": "scholar", "academic": "scholar", "unknown": "unknown", "未知": "unknown",
}  # fmt: skip
_CACHED = 200
_LONGEST_ACCESS = 2_000
_SPLIT = re.compile(r"[;；\n]")
_KEY = re.compile(r"\s*([^:：=]{1,40}?)\s*[:：=]\s*(.*?)\s*\Z", re.DOTALL)


def parse_type(word: str, files: Sequence[str]) -> tuple[str, str, bool]:
    """Type, subtype, and whether the word was known.

    An unknown or missing word keeps the resource: its type follows from the names of its files (pictures → image,
    sound → audio, films → video, several films → course, anything else or no file → book), the word is the subtype.
    """
    key = re.sub(r"[\s_\-]+", "", word.strip().lower())
    found = TYPE_WORDS.get(key) or TYPE_WORDS.get(key.removesuffix("s"))
    if found:
        return (*found, True)
    kinds = [_BY_EXTENSION.get(name.rpartition(".")[2].lower(), "book") for name in files]
    if "video" in kinds:
        return "course" if kinds.count("video") > 2 else "video", word[:60], False
    for kind in ("audio", "image"):
        if kind in kinds and "book" not in kinds:
            return kind, word[:60], False
    return "book", word[:60], False


def parse_level(word: str) -> str:
    """The level of a word, empty when it is not known."""
    return _LEVEL_WORDS.get(word.strip().lower(), "")


def parse_access(text: str) -> Access:
    """The terms that a cell states. What is not understood stays in them, so that the gate refuses."""
    if len(text) > _LONGEST_ACCESS:
        return Access(download=False, unknown=("access: too long",))
    return _access(text)


@lru_cache(maxsize=1024)
def _access(text: str) -> Access:
    members: dict[str, str] = {}
    unknown: list[str] = []
    for part in _SPLIT.split(text):
        if not part.strip():
            continue
        match = _KEY.match(part)
        name, value = (_ACCESS_KEYS.get(match[1].lower(), ""), match[2]) if match else ("scope", part.strip())
        if not name or name in members:
            unknown.append(part.strip())
        else:
            members[name] = value
    return access_of(members, unknown)


def access_of(members: dict[str, str], unknown: list[str]) -> Access:
    """Access of members that are texts: scope, seats, from, until, download.

    Without a word on it, only what is open for good may be taken home.
    """
    scope = members.get("scope", "seats" if "seats" in members else "open")
    scope = _SCOPE_WORDS.get(scope.strip().lower(), scope.strip())
    seats = int(s) if re.fullmatch(r"[0-9]{1,6}", s := members.get("seats", "").strip()) else None
    if s and seats is None:
        unknown.append(f"seats:{s}")
    days = {name: _iso_day(members[name]) for name in ("from", "until") if members.get(name, "").strip()}
    unknown.extend(f"{name}:{members[name].strip()}" for name, day in days.items() if not day)
    download, known = _yes_or_no(members.get("download", ""), default=scope == "open" and "until" not in days)
    if not known:
        unknown.append(f"download:{members['download'].strip()}")
    return Access(
        scope=scope[:200], seats=seats, from_=days.get("from", ""), until=days.get("until", ""), download=download,
        unknown=tuple(u[:200] for u in unknown[:50]),
    )  # fmt: skip


def access_from_json(data: dict[str, object]) -> Access:
    """Access of a JSON object. A member of another name or shape stays in `unknown`.

    `from` and `until` must be whole days; `download` follows the same rule as in a cell when it is absent.
    """
    members: dict[str, str] = {}
    unknown: list[str] = []
    for name, value in data.items():
        if name == "unknown" and isinstance(value, list):
            unknown.extend(str(v) for v in value)
        elif name not in {"scope", "seats", "from", "until", "download"} or not _fits(name, value):
            unknown.append(f"{name}:{value}"[:200])
        elif value is not None:
            members[name] = str(value).lower() if isinstance(value, bool) else str(value)
    if not members.get("scope", "?").strip():
        unknown.append("scope:")
    return access_of(members, unknown)


def _fits(name: str, value: object) -> bool:
    if value is None:
        return name != "scope"
    if name == "download":
        return isinstance(value, bool)
    if name == "seats":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str)


def _yes_or_no(text: str, *, default: bool) -> tuple[bool, bool]:
    """The answer, and whether it was understood. What was not is a no."""
    word = text.strip().lower()
    if not word:
        return default, True
    return word in _YES, word in _YES or word in _NO


def _iso_day(text: str) -> str:
    """A whole day as ISO, empty when the text names none: a licence until 2027 must not end on a guessed day."""
    date = parse_date(text)
    if date.day is None or date.month is None or date.year_from is None or date.year_from < 1000:
        return ""
    return f"{date.year_from:04d}-{date.month:02d}-{date.day:02d}"


def parse_audience(text: str) -> Audience | None:
    """For whom: `children:6-12`, `少儿 6-12岁`, `general`; None when the word is not known."""
    match = re.match(
        r"\s*([^\d:：\s(（]+)\s*[:：(（]?\s*(?:(\d{1,2})\s*(?:[-—–~～至]\s*(\d{1,2}))?)?\s*岁?\s*[)）]?\s*\Z", text
    )
    group = _AUDIENCES.get(match[1].lower()) if match else None
    if match is None or group is None:
        return None
    first = int(match[2]) if match[2] else None
    last = int(match[3]) if match[3] else first
    if first is not None and last is not None and first > last:
        first, last = last, first
    return Audience(group=group, age_from=first, age_to=last)


def parse_classes(text: str, scheme: str) -> tuple[ClassCode, ...]:
    """Class numbers, each with its scheme before a colon or with the default `scheme`.

    A number that the Chinese Library Classification cannot hold is kept under the scheme `other`.
    """
    return (_classes if len(text) <= _CACHED else _classes.__wrapped__)(text, scheme)


@lru_cache(maxsize=8192)
def _classes(text: str, scheme: str) -> tuple[ClassCode, ...]:
    out: list[ClassCode] = []
    for part in _SPLIT.split(text):
        match = re.match(r"\s*([a-z_]{1,20}|四部|中图法|未成年人版)\s*[:：]\s*(.+)", part)
        name, code = (match[1], match[2].strip()) if match else (scheme, part.strip())
        name = {"四部": "sibu", "中图法": "clc", "未成年人版": "children"}.get(name, name)
        if name == "clc":
            normal = normalise_clc(code)
            name, code = ("clc", normal) if normal else ("other", code)
        entry = ClassCode(scheme=name, code=code[:100])
        if code and entry not in out:
            out.append(entry)
    return tuple(out[:100])


def parse_contents(text: str) -> tuple[ContentsEntry, ...]:
    """A table of contents, an entry a line or parted by `|`."""
    entries = (e.strip() for e in re.split(r"[\n|]", text))
    return tuple(ContentsEntry(title=e[:1000]) for e in entries if e)[:20_000]
