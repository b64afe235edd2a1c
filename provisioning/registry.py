"""The registry: which devices may report for which library, signed by a box key; the receiver of reports reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from provisioning.box_members import MemberError, check_members, is_between, is_day, is_like
from provisioning.device_file import LIBRARY
from provisioning.errors import RegistryError
from provisioning.keys import Key, PublicKey
from provisioning.signed import UnsignedError, read_signed, sign

MAX_REGISTRY = 4 << 20
"""Most bytes of a registry."""
MAX_DEVICES = 20_000
TYPE = "devices"
_MEMBERS = {
    "schema": is_between(1, 1), "type": lambda v: v == TYPE, "number": is_between(1, 1_000_000), "issued": is_day,
    "devices": lambda v: isinstance(v, dict) and len(v) <= MAX_DEVICES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry whose signature holds.

    Attributes:
        number: grows with each. issued: day. devices: public keys with their libraries.
        content: all of its bytes.
    """

    number: int
    issued: date
    devices: frozenset[tuple[str, PublicKey]]
    content: bytes = field(repr=False)


def make_registry(number: int, issued: date, devices: Iterable[tuple[str, PublicKey]], key: Key) -> Registry:
    """Sign a registry; the same arguments give the same bytes.

    Raises:
        RegistryError: it has too many devices or bytes, or a library that cannot be.
    """
    named = {public.raw.hex(): library for library, public in devices}
    signed = {
        "schema": 1, "type": TYPE, "number": number, "issued": issued.isoformat(), "devices": named,
    }  # fmt: skip
    return read_registry(sign(signed, key), [key.public])


def read_registry(data: bytes, keys: Sequence[PublicKey]) -> Registry:
    """The registry in some bytes, if one of the keys signed it.

    Raises:
        RegistryError: it is none, or none of them did.
    """
    if len(data) > MAX_REGISTRY:
        raise RegistryError(f"has more than {MAX_REGISTRY} bytes")
    try:
        signed = read_signed(data, TYPE, keys).signed
        check_members(signed, _MEMBERS, TYPE)
    except (UnsignedError, MemberError) as error:
        raise RegistryError(str(error)) from error
    devices = frozenset(_device(raw, library) for raw, library in signed["devices"].items())
    return Registry(signed["number"], date.fromisoformat(signed["issued"]), devices, data)


def _device(raw: str, library: Any) -> tuple[str, PublicKey]:
    if len(raw) != 64 or set(raw) - set("0123456789abcdef") or not is_like(LIBRARY)(library):
        raise RegistryError("has a device that is none")
    return library, PublicKey(bytes.fromhex(raw))
