"""The recovery file: who holds it and stands before the box may give the director a new password.

It lies on the recovery stick of one library. The library's recovery key signed it; the public half is in the box file,
the private half is derived at the national library and on no stick. It works without network, as often as it is needed,
until a box file with another recovery key is applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from provisioning.box_errors import RecoveryOtherLibraryError, RecoveryTamperedError
from provisioning.box_members import (
    LIBRARY,
    MAX_NAME,
    MAX_SERIAL,
    MemberError,
    check_members,
    is_between,
    is_day,
    is_like,
    is_line,
)
from provisioning.signed import UnsignedError, parse, read_signed, sign

if TYPE_CHECKING:
    from provisioning.keys import Key, PublicKey

MAX_RECOVERY = 4 << 10
"""Most bytes of a recovery file."""
TYPE = "recovery"
_MEMBERS = {
    "schema": is_between(1, 1), "type": lambda v: v == TYPE, "library": is_like(LIBRARY), "name": is_line(MAX_NAME),
    "issued": is_day, "serial": is_between(1, MAX_SERIAL),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecoveryFile:
    """A recovery file.

    Attributes:
        library: id. name: of the library, as staff are told whose stick it is.
        issued: day on which it was made. serial: number of the recovery key, from 1.
        content: all of its bytes.
    """

    library: str
    name: str
    issued: date
    serial: int
    content: bytes = field(repr=False)


def recovery_file_name(library_id: str) -> str:
    """Name of a library's recovery file: CN-510726.recovery."""
    return f"{library_id}.recovery"


def make_recovery(library: str, name: str, issued: date, serial: int, key: Key) -> RecoveryFile:
    """Sign a recovery file with a library's own recovery key.

    Raises:
        RecoveryTamperedError: a member is not what it may be; it names the member.
    """
    signed = {
        "schema": 1, "type": TYPE, "library": library, "name": name, "issued": issued.isoformat(), "serial": serial,
    }  # fmt: skip
    try:
        check_members(signed, _MEMBERS, TYPE)
    except MemberError as error:
        raise RecoveryTamperedError(str(error)) from error
    return RecoveryFile(library, name, issued, serial, sign(signed, key))


def read_recovery(data: bytes, key: PublicKey, library: str) -> RecoveryFile:
    """The recovery file in some bytes, if it is this library's.

    Args:
        data: all bytes of the file.
        key: `BoxFile.recovery_key` of the box file in force.
        library: id of its library.

    Raises:
        RecoveryOtherLibraryError: it says that it is another library's. That is not proved, and need not be.
        RecoveryTamperedError: the recovery key in force did not sign it, or it is no recovery file.
    """
    if len(data) > MAX_RECOVERY:
        raise RecoveryTamperedError(f"has more than {MAX_RECOVERY} bytes")
    try:
        said = parse(data).get("signed")
        if isinstance(said, dict) and said.get("type") == TYPE and _is_of_another(said, library):
            raise RecoveryOtherLibraryError("is another library's", library=said["name"])
        signed = read_signed(data, TYPE, [key]).signed
        check_members(signed, _MEMBERS, TYPE)
    except (UnsignedError, MemberError) as error:
        raise RecoveryTamperedError(str(error)) from error
    issued = date.fromisoformat(signed["issued"])
    return RecoveryFile(signed["library"], signed["name"], issued, signed["serial"], data)


def _is_of_another(said: dict[str, object], library: str) -> bool:
    is_named = is_like(LIBRARY)(said.get("library")) and is_line(MAX_NAME)(said.get("name"))
    return is_named and said["library"] != library
