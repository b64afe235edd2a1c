"""Recovery files for the sticks of libraries, written whenever they are asked for: the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioning.errors import CommandError
from provisioning.issuing import Entry, Planned, issued
from provisioning.recovery_file import RecoveryFile, make_recovery, recovery_file_name
from provisioning.writing import PRIVATE, make_durable, make_folder, write_file

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from provisioning.derived import Secret
    from provisioning.ledger import Ledger, Line

RECOVERY = "recovery"
_Known = dict[tuple[str, int], "Line"]


def write_recoveries(
    ledger: Ledger, libraries: Sequence[str], folder: Path, secret: Secret, entry: Entry, day: date
) -> list[str]:
    """Write `<library>.recovery` for some libraries, or for all when none is named; what was made, as staff read it.

    Whoever has one may set the director's password anew: they are readable by their owner alone.

    Raises:
        CommandError: a library has no box file yet, or the ledger was kept with another secret; nothing was written.
        OSError: the disk is full or does not answer.
    """
    files: list[tuple[Planned, RecoveryFile]] = []

    def make() -> Iterator[Line]:
        known = issued(ledger)
        missing = [library for library in libraries if library not in known]
        if missing:
            raise CommandError(f"台账里没有这个馆：{'、'.join(missing)}")
        before: _Known = {(line["library"], line["number"]): line for line in ledger.lines(RECOVERY)}
        for library in libraries or sorted(known):
            one = known[library]
            if one.line["secret"] != secret.id:
                raise CommandError("台账是用另一把 secret 钥匙记的。请用当时的钥匙文件夹")
            number = int(one.line["recovery"])
            first = before.get((library, number))
            made = _made(one, number, first, secret, day)
            files.append((one, made))
            if first is None:
                yield {
                    "what": RECOVERY, "library": library, "number": number, "at": entry.at, "by": entry.by,
                    "issued": made.issued.isoformat(), "name": made.name,
                }  # fmt: skip

    ledger.enter(make)
    make_folder(folder, private=True)
    for _, made in files:
        write_file(folder / recovery_file_name(made.library), made.content, PRIVATE, durable=False)
    make_durable(folder / recovery_file_name(made.library) for _, made in files)
    return [f"{one.name}　{recovery_file_name(one.library)}" for one, _ in files]


def _made(one: Planned, number: int, first: Line | None, secret: Secret, day: date) -> RecoveryFile:
    """The same bytes as the first time, whatever day it is and whatever the library is called now."""
    name = str(first["name"]) if first else one.name
    issued_on = type(day).fromisoformat(first["issued"]) if first else day
    return make_recovery(one.library, name, issued_on, number, secret.recovery_key(one.library, number))
