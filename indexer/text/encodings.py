"""Which encoding a text is in: UTF-8, UTF-16, GB18030 or Big5, judged by its bytes alone.

Old Chinese text files carry no mark. Many byte strings are valid in both GB18030 and Big5, so the one whose
characters are the common ones wins.
"""

from __future__ import annotations

import codecs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The most frequent characters of modern and classical texts, simplified and traditional, and full-width punctuation.
_COMMON = frozenset(
    "的一是不了在人有我他这個个上们們来來到时時大地为為子中你说說生国國年着就那和要她出也得里裡后後自以会會家可下而"
    "过過天去能对對小多然于於心学學么麼之都好看起发發当當没沒成只如事把还還用第样樣道想作种種开開美总總从從无無情己"
    "面最女但现現前些所同日手又行意动動方期它头頭经經长長儿兒回位分爱愛老因很给給名法间間斯知世什两兩次使身者被高已"
    "亲親其进進此话話常与與活正感曰乃則则故矣焉哉兮吾汝爾尔诗詩书書文卷章序云山水月風风春秋花酒君王公臣民馬马车車门"
    "門見见聞闻，。、；：？！「」『』（）《》　"
)
_TEXT_CONTROLS = frozenset(b"\t\n\x0b\x0c\r\x1a\x1b")
_BINARY = bytes(b for b in range(32) if b not in _TEXT_CONTROLS)
_SAMPLE = 1 << 16


def detect_encoding(head: bytes) -> str | None:
    """The encoding of a text by its first bytes, as a Python codec's name; None when it is no text.

    Args:
        head: the first bytes; a character cut at the end does no harm. At most 64 KiB are looked at.
    """
    head = head[:_SAMPLE]
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name if _decodes(head, name) else None
    if b"\0" in head:
        return _utf16_without_mark(head)
    if head.translate(None, _BINARY) != head:
        return None
    if _decodes(head, "utf-8"):
        return "utf-8"
    return _double_byte(head)


def decode_head(head: bytes, encoding: str) -> str:
    """The text of `head`, a cut last character left out, bad bytes replaced."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(head[:_SAMPLE])


def decode_text(body: bytes) -> str:
    """The text of a whole file, without a byte order mark; bytes that its encoding does not know become U+FFFD.

    A file whose first 64 KiB are ASCII may still be GB18030 or Big5 further on; a character cut at the end is left out.
    """
    encoding = detect_encoding(body) or "gb18030"
    if encoding == "utf-8":
        try:
            return body.decode()
        except UnicodeDecodeError as error:
            if error.start > len(body) - 4:
                return body[: error.start].decode()
            encoding = detect_encoding(body[error.start :]) or encoding
    return body.decode(encoding, "replace").removeprefix("\ufeff")


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except UnicodeError:
        return False
    return True


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 shows as spaces and line ends with a zero on one side, and as characters in everyday use."""
    even = len(head) & ~1
    for encoding, zeros in (("utf-16-le", head[1:even:2]), ("utf-16-be", head[0:even:2])):
        if zeros.count(0) * 50 < len(zeros) or not _decodes(head[:even], encoding):
            continue
        text = decode_head(head[:even], encoding)
        controls = any(ord(c) < 32 and c not in "\t\n\v\f\r" for c in text)
        if not controls and ("\n" in text or " " in text) and _share_in_use(text[:2000]) > 0.8:
            return encoding
    return None


def _share_in_use(text: str) -> float:
    """The share of characters that are ASCII or everyday Chinese (GB 2312, first level of Big5): two letters of ASCII
    taken for one character are mostly neither.
    """  # noqa: D205
    used = sum(
        c.isascii() or bool(c.encode("gb2312", "ignore")) or b"\xa1" <= c.encode("big5", "ignore")[:1] <= b"\xc6"
        for c in text
    )
    return used / len(text) if text else 0.0


def _double_byte(head: bytes) -> str | None:
    best, best_score = None, 0.0
    for encoding in ("gb18030", "big5"):
        if not _decodes(head, encoding):
            continue
        text = decode_head(head, encoding)
        wide = [c for c in text if ord(c) > 127]
        score = sum(c in _COMMON for c in wide) / len(wide) + 0.001 if wide else 0.0
        if score > best_score:
            best, best_score = encoding, score
    return best
