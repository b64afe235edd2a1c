"""What a box says of itself to be enrolled: its public key and its library, signed by the key itself.

It comes home as a file, `<library>.device`, or as one line of text that a code on the screen or on paper can hold. The
signature proves that the box has the private half; whose box it is follows from the way by which it came.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import date

from provisioning.box_members import MemberError, check_members, is_between, is_day, is_like
from provisioning.errors import DeviceFileError
from provisioning.keys import Key, PublicKey
from provisioning.signed import UnsignedError, canonical, parse, read_signed, sign

MAX_DEVICE = 4 << 10
"""Most bytes of a device file, and of its text."""
TYPE = "device"
ENDING = ".device"
LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}\Z")
"""As in reports: a box without box file has an id in lower case."""
_MEMBERS = {
    "schema": is_between(1, 1), "type": lambda v: v == TYPE, "library": is_like(LIBRARY), "made": is_day,
    "key": is_like(re.compile(r"[0-9a-f]{64}\Z")),
}  # fmt: skip
_TEXT = re.compile(
    r"SHUXIANG DEVICE 1 ([A-Za-z0-9][A-Za-z0-9-]{0,31}) (20[0-9]{2}-[0-9]{2}-[0-9]{2}) ([A-Z2-7]{52}) ([A-Z2-7]{103})\Z"
)


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """A device. library: id; key: its public key; made: day on its own clock; content: all bytes."""

    library: str
    key: PublicKey
    made: date
    content: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The same in one line, 191-222 characters of the alphanumeric set of QR codes."""
        sig = bytes.fromhex(parse(self.content)["signatures"][0]["sig"])
        return f"SHUXIANG DEVICE 1 {self.library} {self.made} {_base32(self.key.raw)} {_base32(sig)}"

    @property
    def file_name(self) -> str:
        """Name of the file: CN-510726.device."""
        return f"{self.library}{ENDING}"


def make_device(library: str, made: date, key: Key) -> DeviceFile:
    """What a box says of itself.

    Raises:
        DeviceFileError: library or day is not what it may be.
    """
    signed = {"schema": 1, "type": TYPE, "library": library, "made": made.isoformat(), "key": key.public.raw.hex()}
    try:
        check_members(signed, _MEMBERS, TYPE)
    except MemberError as error:
        raise DeviceFileError(str(error)) from error
    return DeviceFile(library, key.public, made, sign(signed, key))


def read_device(data: bytes) -> DeviceFile:
    """The device in the bytes of a file, or in a line of text, if the key that it names signed it.

    Raises:
        DeviceFileError: it did not, or it is neither.
    """
    if len(data) > MAX_DEVICE:
        raise DeviceFileError(f"has more than {MAX_DEVICE} bytes")
    if data.lstrip().startswith(b"SHUXIANG"):
        data = _from_text(data)
    try:
        said = parse(data).get("signed")
        raw = said.get("key") if isinstance(said, dict) else None
        if not is_like(re.compile(r"[0-9a-f]{64}\Z"))(raw):
            raise DeviceFileError("names no key")
        key = PublicKey(bytes.fromhex(str(raw)))
        signed = read_signed(data, TYPE, [key]).signed
        check_members(signed, _MEMBERS, TYPE)
    except (UnsignedError, MemberError, ValueError) as error:
        raise DeviceFileError(str(error)) from error
    return DeviceFile(signed["library"], key, date.fromisoformat(signed["made"]), data)


def _from_text(data: bytes) -> bytes:
    try:
        found = _TEXT.match(data.decode("ascii").strip())
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise DeviceFileError("is no text of a device")
    key, sig = (base64.b32decode(text + "=" * (-len(text) % 8)) for text in found.groups()[2:])
    signed = {"schema": 1, "type": TYPE, "library": found[1], "made": found[2], "key": key.hex()}
    return canonical({"signatures": [{"keyid": PublicKey(key).id, "sig": sig.hex()}], "signed": signed})


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")
