"""The canonical JSON form of frozen dataclasses: one value, one sequence of bytes; strict about what it reads back.

Members that hold their default are left out; strings are NFC; a name ending in `_` in Python has none in JSON.
Reading refuses unknown members, missing ones and other shapes, integers that JSON cannot hold exactly and text that
UTF-8 cannot hold.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Self, get_args, get_origin, get_type_hints

from indexer.errors import RecordError

INTEGER_LIMIT = 1 << 53


class Canonical:
    """JSON in canonical form for frozen dataclasses; `from_` in Python is `from` in JSON."""

    def to_json(self) -> dict[str, Any]:
        """This value as plain JSON data, members at their default left out."""
        out: dict[str, Any] = {}
        for attribute, name, default in _defaults(type(self)):  # type: ignore[arg-type]
            value = getattr(self, attribute)
            if value != default:
                out[name] = _plain(value)
        return out

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The value that `data` describes.

        Raises:
            RecordError: a member is unknown, missing or of another shape.
        """
        if not isinstance(data, dict):
            raise RecordError(f"expected an object, found {type(data).__name__}", field=cls.__name__.lower())
        readers, required = _reading(cls)  # type: ignore[arg-type]  # a class is hashable; mypy doubts it for Self
        values: dict[str, Any] = {}
        for name, value in data.items():
            known = readers.get(name)
            if known is None:
                raise RecordError(f"unknown member {name!r}", field=cls.__name__.lower())
            attribute, read, text = known
            # Most members are plain text; a page reads some thousand, so they are not worth a call each.
            values[attribute] = value if text and type(value) is str and value.isascii() else read(value, name)
        for name, attribute in required:
            if attribute not in values:
                raise RecordError("is missing", field=name)
        return cls(**values)


@cache
def shape_of(cls: type[Canonical]) -> dict[str, tuple[str, Callable[[object, str], Any], bool]]:
    """JSON member → (attribute, reader, required). Resolving the hints costs more than reading a record: do it once."""
    hints = get_type_hints(cls)
    return {
        f.name.rstrip("_"): (f.name, _reader(hints[f.name]), f.default is MISSING and f.default_factory is MISSING)
        for f in fields(cls)  # type: ignore[arg-type]
    }


@cache
def _reading(
    cls: type[Canonical],
) -> tuple[dict[str, tuple[str, Callable[[object, str], Any], bool]], tuple[tuple[str, str], ...]]:
    """JSON member → attribute, reader, and whether it may be text; member and attribute of those that must be there."""
    hints = get_type_hints(cls)
    shape = shape_of(cls)  # type: ignore[arg-type]
    readers = {
        name: (attribute, read, str in (get_args(hints[attribute]) or (hints[attribute],)))
        for name, (attribute, read, _) in shape.items()
    }
    return readers, tuple((name, attribute) for name, (attribute, _, required) in shape.items() if required)


@cache
def _defaults(cls: type[Canonical]) -> tuple[tuple[str, str, Any], ...]:
    """Attribute, JSON member and default of each field; `MISSING` where there is none."""
    return tuple(
        (f.name, f.name.rstrip("_"), f.default_factory() if f.default_factory is not MISSING else f.default)
        for f in fields(cls)  # type: ignore[arg-type]
    )


def _plain(value: object) -> Any:
    if isinstance(value, Canonical):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    return value


@cache
def _reader(hint: Any) -> Callable[[object, str], Any]:
    """The check for one type, made once: looking into a type costs more than checking a value."""
    if get_origin(hint) is tuple:
        inner = _reader(get_args(hint)[0])

        def read_list(value: object, name: str) -> Any:
            if not isinstance(value, list):
                raise RecordError(f"expected a list, found {type(value).__name__}", field=name)
            return tuple([inner(member, name) for member in value])

        return read_list
    options = get_args(hint) or (hint,)
    plain = tuple(option for option in options if option in (str, bool, int))
    nested = next((o for o in options if isinstance(o, type) and issubclass(o, Canonical)), None)
    nullable = type(None) in options

    def read_one(value: object, name: str) -> Any:
        if type(value) in plain:
            return _bounded(value, name)
        if nested is not None and isinstance(value, dict):
            return nested.from_json(value)
        if nullable and value is None:
            return None
        raise RecordError(f"expected {hint}, found {type(value).__name__}", field=name)

    return read_one


def _bounded(value: object, name: str) -> object:
    """Refuse what would break later: half a surrogate pair cannot be written as UTF-8, 2**53 is not exact in JSON."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise RecordError("holds half a character (lone surrogate)", field=name) from error
    elif isinstance(value, int) and abs(value) >= INTEGER_LIMIT:
        raise RecordError("is a number too large to keep exactly", field=name)
    return value
