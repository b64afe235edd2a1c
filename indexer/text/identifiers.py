"""Numbers from elsewhere: ISBN, ISSN, 国内统一刊号, 统一书号, CDOI, DOI, URI; check digits verified, one form each."""

from __future__ import annotations

import re
import unicodedata

from indexer.model import Identifier

SCHEMES = ("isbn", "issn", "cn", "unified", "cdoi", "doi", "uri", "local")
_ALIASES = {
    "isbn": "isbn", "isbn13": "isbn", "isbn10": "isbn", "isbn-13": "isbn", "isbn-10": "isbn", "issn": "issn",
    "eissn": "issn",
    "cn": "cn", "国内统一刊号": "cn", "国内刊号": "cn", "刊号": "cn", "unified": "unified", "统一书号": "unified",
    "书号": "unified",
    "cdoi": "cdoi", "doi": "doi", "uri": "uri", "url": "uri", "urn": "uri", "local": "local",
}  # fmt: skip
_CN = re.compile(r"(?:CN)?[- ]?(\d{2})[- ]?(\d{4})(?:\s*/\s*([A-Z][A-Z0-9.-]{0,9}))?\Z")
_UNIFIED = re.compile(r"(\d{4,5})[·.．・\-](\d{1,5})\Z")
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S{1,200})\Z", re.IGNORECASE)
_URI = re.compile(r"(?:https?|urn|info|ftp|hdl|ark):\S{1,1900}\Z", re.IGNORECASE)
_LONGEST = 2000


def parse_identifier(text: str) -> Identifier | None:
    """One identifier: `scheme:value`, or a bare value whose form tells its scheme. None when its scheme is not known
    or its check digit is wrong.
    """  # noqa: D205
    text = unicodedata.normalize("NFKC", text).strip()[:_LONGEST]
    head, colon, rest = text.partition(":")
    if not colon and (labelled := re.match(r"(?i)(isbn(?:-1[03])?|issn|cdoi|doi)\s+(.+)", text)):
        head, rest = labelled[1], labelled[2]
    scheme = _ALIASES.get(head.strip().lower())
    if scheme and rest and not (scheme == "uri" and head.lower() == "urn"):
        value = normalise(scheme, rest.strip())
        return Identifier(scheme, value) if value else None
    return _guess(text)


def _guess(text: str) -> Identifier | None:
    for scheme in ("isbn", "issn", "cn", "doi", "uri"):
        if value := normalise(scheme, text):
            return Identifier(scheme, value)
    return None


def normalise(scheme: str, value: str) -> str:
    """The one form of `value`, empty when it is not valid for `scheme`.

    ISBN: 13 digits without hyphens. ISSN: 1234-567X. cn: CN11-1234/G2. unified: 11017·1. DOI: lower case, no resolver.
    """
    value = unicodedata.normalize("NFKC", value).strip()[:_LONGEST]
    return _NORMALISERS[scheme](value) if scheme in _NORMALISERS else value


def _isbn(value: str) -> str:
    digits = re.sub(r"[\s-]", "", value.split("(")[0]).upper()
    if re.fullmatch(r"\d{9}[\dX]", digits, re.ASCII):
        total = sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(digits))
        return _with_check("978" + digits[:9]) if total % 11 == 0 else ""
    if re.fullmatch(r"97[89]\d{10}", digits, re.ASCII) and _with_check(digits[:12]) == digits:
        return digits
    return ""


def _with_check(twelve: str) -> str:
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(twelve))
    return twelve + str(-total % 10)


def _issn(value: str) -> str:
    digits = re.sub(r"[\s-]", "", value).upper()
    if not re.fullmatch(r"\d{7}[\dX]", digits, re.ASCII):
        return ""
    total = sum((8 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(digits))
    return f"{digits[:4]}-{digits[4:]}" if total % 11 == 0 else ""


def _cn(value: str) -> str:
    match = _CN.match(value.upper())
    if not match:
        return ""
    return f"CN{match[1]}-{match[2]}" + (f"/{match[3]}" if match[3] else "")


def _unified(value: str) -> str:
    match = _UNIFIED.match(value)
    return f"{match[1]}·{match[2]}" if match else ""


def _doi(value: str) -> str:
    match = _DOI.match(value)
    return match[1].lower() if match else ""


def _uri(value: str) -> str:
    return value if _URI.match(value) else ""


_NORMALISERS = {
    "isbn": _isbn,
    "issn": _issn,
    "cn": _cn,
    "unified": _unified,
    "doi": _doi,
    "cdoi": str.lower,
    "uri": _uri,
}
