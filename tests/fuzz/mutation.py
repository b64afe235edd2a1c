"""Changing inputs with an idea of their form: bytes, lines, numbers, and the values inside JSON."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import Any

_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 255, 1 << 31, (1 << 53) - 1, 1 << 53, -(1 << 63), 10**40, 0.5, 1e308, "", "a", "\0",
    "\ud800", "\u202e", "e\u0301",
    "红", "𠮷", "../x", "a" * 70, "2026-02-30", [], {}, [[]], {"a": 1}, "0" * 64, "f" * 64,
)  # fmt: skip
_NUMBERS = (b"0", b"-1", b"1", b"00", b"1048576", b"1048577", b"8796093022209", b"99999999999999999999", b"1e9", b"0x1")
_BYTES = (
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b"%0A",
    b"\\",
    b"*",
    b"/",
    b"..",
    b"\xff",
    b"\xef\xbb\xbf",
    b'"',
    b"{",
    b"[",
)


def mutate(data: bytes, chance: random.Random, tokens: Sequence[bytes], max_len: int, prefix: int = 0) -> bytes:
    """`data` changed in one to four places; the first `prefix` bytes change seldom."""
    head, body = data[:prefix], data[prefix:]
    if prefix and chance.random() < 0.1:
        head = bytes(chance.randrange(256) for _ in head)
    if body[:1] in (b"{", b"[") and chance.random() < 0.5:  # most other changes leave no JSON at all
        return (head + _json(body, chance, tokens))[:max_len]
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        body = chance.choice(_WAYS)(body, chance, tokens)
    return (head + body)[:max_len]


def _flip(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    if not data:
        return b"\0"
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _insert(data: bytes, chance: random.Random, tokens: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice((*_BYTES, *tokens)) + data[at:]


def _delete(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.choice((1, 1, 2, 8, 64, 1024)) :]


def _repeat(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    piece = data[at : at + chance.choice((1, 8, 64, 512))]
    return data[:at] + piece * chance.choice((1, 2, 50)) + data[at:]


def _lines(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True) or [b"\n"]
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    way = chance.randrange(4)
    if way == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif way == 1:
        lines.insert(one, lines[other])
    elif way == 2:
        del lines[one]
    else:
        lines.sort(reverse=chance.random() < 0.5)
    return b"".join(lines)


def _number(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    found = list(re.finditer(rb"[0-9]+", data))
    if not found:
        return data
    match = chance.choice(found)
    return data[: match.start()] + chance.choice(_NUMBERS) + data[match.end() :]


def _json(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    """Change a value inside one line of JSON and write the line in canonical form again."""
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    at = chance.randrange(len(lines))
    try:
        document = json.loads(lines[at])
        _change(document, chance)
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        lines[at] = text.encode("utf-8", "surrogatepass") + b"\n"
    except (ValueError, RecursionError, TypeError):
        return data
    return b"".join(lines)


def _change(value: Any, chance: random.Random) -> None:
    """Walk to a random member and replace, remove, double or rename it."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = chance.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.8:
            value = value[key]
            continue
        way = chance.randrange(4)
        if way == 0 and isinstance(value, dict):
            value[chance.choice(("x", "", "__class__", "id", "\u0001"))] = value.pop(key)
        elif way == 1:
            del value[key]
        elif way == 2 and isinstance(value, list):
            value.insert(key, value[key])
        else:
            value[key] = chance.choice(_ODD)
        return


def _deep(data: bytes, chance: random.Random, _tokens: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    depth = chance.choice((10, 1000, 5000))
    return data[:at] + chance.choice((b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth)) + data[at:]


_WAYS = (_flip, _insert, _insert, _delete, _repeat, _lines, _number, _json, _json, _json, _deep)
