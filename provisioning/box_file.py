"""The box file: what makes a box the box of one library (docs/provisioning.md).

It is signed by one of the keys that the system image knows. It holds no secret: of the first password only the Argon2id
hash, of the recovery key only the public half. It may be lost, copied and read by anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from provisioning.box_errors import (
    BoxExpiredError,
    BoxOlderError,
    BoxOtherLibraryError,
    BoxSchemaError,
    BoxSizeError,
    BoxTamperedError,
)
from provisioning.box_members import (
    Facts,
    Library,
    MemberError,
    Network,
    ReportTo,
    Staff,
    Support,
    Updates,
    facts_of,
    signed_of,
)
from provisioning.keys import Key, PublicKey
from provisioning.signed import UnsignedError, read_signed, sign

MAX_BOX = 64 << 10
"""Most bytes of a box file; read one more than that and not the rest."""
TYPE = "box"


@dataclass(frozen=True, slots=True)
class BoxFile:
    """A box file whose signature holds.

    Attributes:
        facts: what it says.
        keyid: of the key that signed it.
        content: all of its bytes; the same facts and key always give the same.
    """

    facts: Facts
    keyid: str
    content: bytes = field(repr=False)

    @property
    def library(self) -> Library:
        """Whose box."""
        return self.facts.library

    @property
    def serial(self) -> int:
        """Number among the files of this library."""
        return self.facts.serial

    @property
    def issued(self) -> date:
        """Day on which it was made."""
        return self.facts.issued

    @property
    def expires(self) -> date:
        """Last day on which it may be applied the first time."""
        return self.facts.expires

    @property
    def support(self) -> Support:
        """Who helps."""
        return self.facts.support

    @property
    def root(self) -> str:
        """The first TUF root, as JSON text."""
        return self.facts.root

    @property
    def updates(self) -> Updates:
        """Where updates come from."""
        return self.facts.updates

    @property
    def report(self) -> ReportTo:
        """Where reports go."""
        return self.facts.report

    @property
    def network(self) -> Network:
        """How the box gets its address."""
        return self.facts.network

    @property
    def staff(self) -> Staff:
        """The first account."""
        return self.facts.staff

    @property
    def image_floor(self) -> date:
        """No clock is right before this day."""
        return self.facts.image_floor

    @property
    def recovery_key(self) -> PublicKey:
        """Whose signature may reset the staff password."""
        return PublicKey(bytes.fromhex(self.facts.recovery_key))

    @property
    def sha256(self) -> str:
        """Digest of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def box_file_name(library_id: str) -> str:
    """Name of a library's box file: county-510726.box for CN-510726."""
    return f"county-{library_id.removeprefix('CN-')}.box"


def make_box(facts: Facts, key: Key) -> BoxFile:
    """Sign a box file.

    Raises:
        BoxSchemaError: a fact is not what it may be; it names the member.
        BoxSizeError: they are too many bytes together.
    """
    try:
        content = sign(signed_of(facts), key)
    except (MemberError, ValueError) as error:
        raise BoxSchemaError(str(error)) from error
    _check_size(content)
    return BoxFile(facts, key.id, content)


def open_box(data: bytes, keys: Sequence[PublicKey]) -> BoxFile:
    """The box file in some bytes, if one of the keys signed it; whether it may be applied is `admit`'s to say.

    Raises:
        BoxSizeError: too many bytes; they were not parsed.
        BoxTamperedError: not signed by any of these, or no box file at all.
        BoxSchemaError: signed, but of another schema.
    """
    _check_size(data)
    try:
        found = read_signed(data, TYPE, keys)
        return BoxFile(facts_of(found.signed), found.keyid, data)
    except UnsignedError as error:
        raise BoxTamperedError(str(error)) from error
    except MemberError as error:
        raise BoxSchemaError(str(error)) from error


def admit(box: BoxFile, *, today: date, current: BoxFile | None) -> BoxFile:
    """The box file, if it may take the place of the one in force.

    The one in force itself always may: its last day bounds only the first application.

    Args:
        box: from `open_box`.
        today: the plausible day, never below the day of the image nor the newest day that was signed.
        current: the one in force; None on a box that has none.

    Raises:
        BoxOtherLibraryError: it is another library's.
        BoxOlderError: one that was made later is in force.
        BoxExpiredError: its last day is over.
    """
    if current is not None:
        if box.content == current.content:
            return box
        if box.library.id != current.library.id:
            raise BoxOtherLibraryError("is another library's", library=box.library.name)
        if box.serial <= current.serial:
            raise BoxOlderError(f"has number {box.serial}; {current.serial} is in force")
    if today > box.expires:
        raise BoxExpiredError(f"could be applied until {box.expires}")
    return box


def read_box(data: bytes, keys: Sequence[PublicKey], *, today: date, current: BoxFile | None) -> BoxFile:
    """`open_box`, then `admit`.

    Raises:
        BoxFileError: see there.
    """
    return admit(open_box(data, keys), today=today, current=current)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BOX:
        raise BoxSizeError(f"has more than {MAX_BOX} bytes")
