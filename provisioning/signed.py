"""Small signed documents: canonical JSON of what is said, and signatures over it. Read before they are believed.

    {"signatures":[{"keyid":"…","sig":"…"}],"signed":{"schema":1,"type":"box",…}}

with a line feed at the end. A signature is over `shuxiang <type> 1`, a line feed and the canonical bytes of `signed`,
so that none of one kind is one of another. Who reads has bytes of a stranger: their number is bounded first, then they
are parsed, then a signature must hold; only after that the members are looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from provisioning.keys import Key, PublicKey

MAX_SIGNATURES = 8
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_SIGNATURE = re.compile(r"[0-9a-f]{128}\Z")


class UnsignedError(Exception):
    """Bytes that are no signed document, or that none of the keys signed. It never leaves this package."""


def canonical(document: object) -> bytes:
    """The canonical bytes of plain JSON data (no floats), ended by a line feed; strings as they are.

    Raises:
        ValueError: a string that UTF-8 cannot hold, or a number that is none.
    """
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A document whose signature holds. signed: what is said; keyid: of a key that signed; content: all bytes."""

    signed: Mapping[str, Any]
    keyid: str
    content: bytes = field(repr=False)


def sign(signed: Mapping[str, Any], *keys: Key) -> bytes:
    """The bytes of a document, signed; the same arguments give the same bytes."""
    message = _message(signed, str(signed["type"]))
    signatures = sorted(({"keyid": key.id, "sig": key.sign(message).hex()} for key in keys), key=lambda s: s["keyid"])
    return canonical({"signatures": signatures, "signed": signed})


def read_signed(content: bytes, kind: str, keys: Sequence[PublicKey]) -> Signed:
    """The document in some bytes, if one of the keys signed it. The caller bounds the bytes before.

    Args:
        content: all bytes of the file.
        kind: what `type` must be.
        keys: whose signature counts; one is enough.

    Raises:
        UnsignedError: it is no such document, or it is signed by nobody of these.
    """
    document = parse(content)
    signed, signatures = document.get("signed"), document.get("signatures")
    if set(document) != {"signed", "signatures"} or not isinstance(signed, dict) or signed.get("type") != kind:
        raise UnsignedError(f"is no signed document of type {kind}")
    known, message = {key.id: key for key in keys}, _message(signed, kind)
    for keyid, signature in _signatures(signatures):
        key = known.get(keyid)
        if key is not None and key.verify(signature, message):
            return Signed(signed, keyid, content)
    raise UnsignedError("is signed by none of the keys that may")


def parse(content: bytes) -> dict[str, Any]:
    """The object of a canonical JSON document; nothing of it is believed yet.

    Raises:
        UnsignedError: not JSON, not an object, or not in canonical form.
    """
    try:
        document = json.loads(content.decode(), parse_float=_refuse, parse_constant=_refuse)
        if not isinstance(document, dict) or canonical(document) != content:
            raise UnsignedError("is not a canonical JSON object")
    except (ValueError, RecursionError) as error:
        raise UnsignedError("is not JSON") from error
    return document


def _signatures(found: object) -> list[tuple[str, bytes]]:
    if not isinstance(found, list) or not 0 < len(found) <= MAX_SIGNATURES:
        raise UnsignedError(f"has not 1-{MAX_SIGNATURES} signatures")
    pairs = []
    for one in found:
        if not isinstance(one, dict) or set(one) != {"keyid", "sig"}:
            raise UnsignedError("has a signature that is none")
        keyid, signature = one["keyid"], one["sig"]
        if not (isinstance(keyid, str) and _DIGEST.match(keyid)):
            raise UnsignedError("has a key id that is none")
        if not (isinstance(signature, str) and _SIGNATURE.match(signature)):
            raise UnsignedError("has a signature that is none")
        pairs.append((keyid, bytes.fromhex(signature)))
    return pairs


def _message(signed: Mapping[str, Any], kind: str) -> bytes:
    return f"shuxiang {kind} 1\n".encode() + canonical(signed)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"number {text[:20]} is not an integer")
