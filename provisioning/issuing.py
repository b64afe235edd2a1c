"""Which box file a library gets: decided once, kept in the ledger, the same ever after.

The ledger says who got what with which number, from which key and why; the file follows from its line and the secret.
So a batch that was stopped, or is made again a year later, gives the same files and the same passwords.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from provisioning.box_members import (
    Facts,
    Library,
    MemberError,
    Network,
    ReportTo,
    Staff,
    Support,
    Updates,
    signed_of,
)
from provisioning.derived import Secret
from provisioning.errors import CommandError, ListError

if TYPE_CHECKING:
    from provisioning.ledger import Ledger, Line
    from provisioning.library_list import Row

_DIFFERS = "名单与台账不同，整批都没有生成。确有变动的，请用 provisioning reissue 补发"
DIRECTOR = "馆长"
"""Name of the first account, as the box has it."""
NEW_RECOVERY = "recovery"
"""The reason that ends all recovery sticks of a library."""
ISSUED, MADE, ROOT = "issued", "made", "root"
REASONS = {
    "batch": "首次开通", "lost": "开通 U盘或开通卡遗失", "replaced": "更换主机", "changed": "馆名、网络等有变动",
    "expired": "过了有效期", "recovery": "恢复 U盘遗失", "key": "签发钥匙更换",
}  # fmt: skip
"""Why a library got a file."""
_WORDS = {
    "library": "馆名、代码或开放时间", "support": "技术支持", "updates": "更新站点或时段", "report": "报表去处",
    "network": "主机网络", "root": "root.json",
}  # fmt: skip
_NO_HASH = "$argon2id$v=19$m=8,t=1,p=1$" + "A" * 22 + "$" + "A" * 43


@dataclass(frozen=True, slots=True)
class Entry:
    """Who enters lines. at: moment, UTC, as 2026-11-27T02:00:00Z; by: a person's name, may be empty."""

    at: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all files of one run have alike.

    Attributes:
        root: the first TUF root, JSON text. issued, expires, image_floor: see `Facts`.
        report: where reports go. keyid: of the key that signs. secret: id of the secret.
    """

    root: str
    issued: date
    expires: date
    image_floor: date
    report: ReportTo
    keyid: str
    secret: str

    @property
    def root_digest(self) -> str:
        """Names the root in the lines of libraries."""
        return hashlib.sha256(self.root.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Planned:
    """A file that a library has, or gets now. line: of the ledger; root: its text."""

    line: Line
    root: str

    @property
    def library(self) -> str:
        """Id."""
        return str(self.line["library"])

    @property
    def serial(self) -> int:
        """Number among the files of the library."""
        return int(self.line["serial"])

    @property
    def name(self) -> str:
        """Of the library."""
        return str(self.line["said"]["library"]["name"])

    def facts(self, password_hash: str, recovery_key: str) -> Facts:
        """What the file says."""
        said, line = self.line["said"], self.line
        return Facts(
            serial=self.serial,
            issued=date.fromisoformat(line["issued"]),
            expires=date.fromisoformat(line["expires"]),
            library=Library(**said["library"]),
            root=self.root,
            staff=Staff(DIRECTOR, password_hash),
            recovery_key=recovery_key,
            image_floor=date.fromisoformat(line["image_floor"]),
            support=Support(**said["support"]),
            updates=Updates(**{**said["updates"], "origins": tuple(said["updates"]["origins"])}),
            report=ReportTo(**said["report"]),
            network=Network(**{**said["network"], "dns": tuple(said["network"]["dns"])}),
        )

    def recovery_key(self, secret: Secret) -> str:
        """Public half of the library's recovery key, hexadecimal."""
        return secret.recovery_key(self.library, int(self.line["recovery"])).public.raw.hex()


def plan_batch(ledger: Ledger, rows: Sequence[Row], terms: Terms, entry: Entry) -> list[Planned]:
    """Enter every library of a list that has no file yet, all in one step; what each of the list has.

    Raises:
        ListError: libraries have files that say something else; nothing was entered.
        CommandError, OSError: the ledger cannot be written, or was kept with another secret.
    """
    planned: dict[str, Line] = {}

    def make() -> Iterator[Line]:
        known, problems, new = ledger.last_by_library(ISSUED), [], []
        for row in rows:
            said, line = _said(row, terms), known.get(row.library.id)
            if line is None:
                line = _line(row.library.id, 1, 1, "batch", said, terms, entry)
                new.append(line)
            else:
                _check_secret(line, terms.secret)
                if line["said"] != said:
                    told = _difference(line["said"], said)
                    problems.append(f"第 {row.line} 行　{row.library.name}　已开通过，{told}")
            planned[row.library.id] = line
        if problems:
            raise ListError(_DIFFERS, tuple(problems))
        yield from _root(ledger, terms, entry)
        yield from new

    ledger.enter(make)
    return [Planned(planned[row.library.id], terms.root) for row in rows]


@dataclass(frozen=True, slots=True)
class Change:
    """What a new file of a library changes. why: one of `REASONS`; row: of a new list, None: as it was."""

    why: str
    note: str = ""
    row: Row | None = None
    report: ReportTo | None = None


def plan_again(
    ledger: Ledger, changes: Mapping[str, Change], terms: Callable[[str], Terms], entry: Entry
) -> list[Planned]:
    """Enter a new file for libraries that have one, all in one step; one that was entered but never made comes first.

    Args:
        ledger: where.
        changes: by library id.
        terms: gives the terms for the text of the root that was in force for a library.
        entry: who.

    Raises:
        CommandError, OSError: a library has none yet, or the ledger cannot be written; nothing was entered.
    """
    planned: list[Planned] = []

    def make() -> Iterator[Line]:
        known, made, roots = ledger.last_by_library(ISSUED), ledger.last_by_library(MADE), roots_of(ledger)
        missing = [library for library in changes if library not in known]
        if missing:
            raise CommandError(f"台账里没有这个馆：{'、'.join(missing)}。首次开通请用 provisioning batch")
        for library, change in changes.items():
            line = known[library]
            now = terms(roots[line["said"]["root"]])
            _check_secret(line, now.secret)
            if made.get(library, {}).get("serial", 0) < line["serial"] and line["why"] == change.why:
                planned.append(Planned(line, roots[line["said"]["root"]]))
                continue
            yield from _root(ledger, now, entry)
            roots[now.root_digest] = now.root
            said = {**line["said"], "root": now.root_digest}
            said = _said(change.row, now) if change.row else said
            said = {**said, "report": _report(change.report or ReportTo(**line["said"]["report"]))}
            number = int(line["recovery"]) + (change.why == NEW_RECOVERY)
            new = _line(library, int(line["serial"]) + 1, number, change.why, said, now, entry, change.note)
            planned.append(Planned(new, now.root))
            yield new

    ledger.enter(make)
    return planned


def issued(ledger: Ledger) -> dict[str, Planned]:
    """The newest file of every library.

    Raises:
        CommandError: the ledger cannot be read.
    """
    roots = roots_of(ledger)
    found = ledger.last_by_library(ISSUED)
    return {library: Planned(line, roots[line["said"]["root"]]) for library, line in found.items()}


def roots_of(ledger: Ledger) -> dict[str, str]:
    """Texts of roots by their digests."""
    return {line["sha256"]: line["text"] for line in ledger.lines(ROOT)}


def enter_made(ledger: Ledger, made: Iterable[tuple[Planned, str]], entry: Entry) -> int:
    """Enter the digests of files that are written; what stands there already is passed over.

    Raises:
        CommandError: the ledger has another digest for one: it is not the same file.
    """

    def make() -> Iterator[Line]:
        known = {(line["library"], line["serial"]): line["sha256"] for line in ledger.lines(MADE)}
        for planned, digest in made:
            before = known.get((planned.library, planned.serial))
            if before not in {None, digest}:
                raise CommandError(f"{planned.name}的开通文件与台账记的不同，请核对钥匙和台账是不是一套")
            if before is None:
                yield {
                    "what": MADE, "library": planned.library, "serial": planned.serial, "sha256": digest,
                    "at": entry.at, "by": entry.by,
                }  # fmt: skip

    return ledger.enter(make)


def _root(ledger: Ledger, terms: Terms, entry: Entry) -> Iterator[Line]:
    if terms.root_digest not in roots_of(ledger):
        yield {"what": ROOT, "sha256": terms.root_digest, "text": terms.root, "at": entry.at, "by": entry.by}


def _check_secret(line: Line, secret: str) -> None:
    if line["secret"] != secret:
        raise CommandError("台账是用另一把 secret 钥匙记的，密码会不同，没有生成。请用当时的钥匙文件夹")


def _said(row: Row, terms: Terms) -> dict[str, Any]:
    library, network, updates = row.library, row.network, row.updates
    return {
        "library": {
            "id": library.id, "name": library.name, "place": library.place, "name_en": library.name_en,
            "opening_hours": library.opening_hours,
        },
        "support": {"name": row.support.name, "phone": row.support.phone},
        "updates": {
            "origins": list(updates.origins), "window": updates.window, "cap_bytes": updates.cap_bytes,
            "rate": updates.rate, "metered": updates.metered,
        },
        "report": _report(terms.report),
        "network": {
            "mode": network.mode, "address": network.address, "gateway": network.gateway, "dns": list(network.dns),
        },
        "root": terms.root_digest,
    }  # fmt: skip


def _report(report: ReportTo) -> dict[str, str]:
    return {"url": report.url, "key": report.key}


def _line(
    library: str, serial: int, recovery: int, why: str, said: dict[str, Any], terms: Terms, entry: Entry, note: str = ""
) -> Line:
    line = {
        "what": ISSUED, "library": library, "serial": serial, "at": entry.at, "by": entry.by, "why": why, "note": note,
        "key": terms.keyid, "secret": terms.secret, "recovery": recovery, "issued": terms.issued.isoformat(),
        "expires": terms.expires.isoformat(), "image_floor": terms.image_floor.isoformat(), "said": said,
    }  # fmt: skip
    try:
        signed_of(Planned(line, terms.root).facts(_NO_HASH, "0" * 64))
    except MemberError as error:
        raise CommandError(f"{said['library']['name']}：{error}") from error
    return line


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    names = [_WORDS[name] for name in now if before.get(name) != now[name]]
    return f"{'、'.join(names)}与当时不同"
