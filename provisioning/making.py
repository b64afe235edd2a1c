"""Box files and cards of planned libraries, written to a folder: whole files only, the finished ones kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from provisioning.box_errors import BoxFileError
from provisioning.box_file import MAX_BOX, BoxFile, box_file_name, make_box, open_box
from provisioning.cards import Card, card_page
from provisioning.errors import CommandError
from provisioning.writing import PRIVATE, make_durable, make_folder, read_bounded, write_file

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.derived import Secret
    from provisioning.issuing import Planned
    from provisioning.keys import Key

BOXES, CARDS = "boxes", "cards"
_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did. files: with their digests, as planned; kept: how many were there already; cards: their pages."""

    files: tuple[tuple[Planned, str], ...]
    kept: int
    cards: tuple[Path, ...]


def write_boxes(
    planned: Sequence[Planned],
    folder: Path,
    key: Key,
    secret: Secret,
    *,
    workers: int,
    tell: Callable[[int], None],
    apart: bool = False,
) -> Made:
    """Write `boxes/county-<code>.box` and `cards/cards-<province>.html`.

    A box file that is there and that is the one that would be written is kept, so a run that was stopped goes on.
    Hashing passwords is most of the work; it runs on `workers` cores, 64 MiB each.

    Args:
        planned: what the ledger says.
        folder: made when it is missing; cards may be read by its owner alone.
        key: signs; the same that the ledger names.
        secret: of the desk.
        workers: files made at the same time.
        tell: is told how many are done.
        apart: a page for each library, `cards-<code>-<serial>.html`, which leaves those of provinces as they are.

    Raises:
        CommandError: two libraries would get the same password, or the ledger names another signing key.
        OSError: the disk is full or does not answer; what is written stays and is kept by the next run.
    """
    strangers = {one.name for one in planned if one.line["key"] != key.id}
    if strangers:
        told = f"{min(strangers)}等 {len(strangers):,} 个馆的开通文件由另一把钥匙签发"
        raise CommandError(f"{told}，请用 --sign-with 换那一把")
    passwords = {one.library: secret.password(one.library, one.serial) for one in planned}
    recovery = {one.library: one.recovery_key(secret) for one in planned}
    if min(len(set(passwords.values())), len(set(recovery.values()))) < len(planned):
        raise CommandError("有两个馆的密码或恢复钥匙相同，没有生成")
    make_folder(folder / BOXES)
    make_folder(folder / CARDS, private=True)

    def one_file(one: Planned) -> tuple[str, bool]:
        path = folder / BOXES / box_file_name(one.library)
        found = _kept(one, path, key, recovery[one.library])
        if found is not None:
            return found.sha256, True
        box = make_box(one.facts(secret.password_hash(one.library, one.serial), recovery[one.library]), key)
        # a torn one is seen by its signature and made again: durable all at once, before the ledger names digests
        write_file(path, box.content, durable=False)
        return box.sha256, False

    files, kept = [], 0
    with ThreadPoolExecutor(workers) as pool:
        for one, (digest, was_there) in zip(planned, _in_order(pool, one_file, planned), strict=True):
            files.append((one, digest))
            kept += was_there
            tell(len(files))
    make_durable(folder / BOXES / box_file_name(one.library) for one in planned)
    return Made(tuple(files), kept, tuple(_write_cards(planned, passwords, folder / CARDS, apart)))


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Planned], tuple[str, bool]], planned: Sequence[Planned]
) -> Iterator[tuple[str, bool]]:
    """As `map`, but only some files ahead, so that Ctrl-C ends soon."""
    rest = iter(planned)
    waiting = [pool.submit(work, one) for one in islice(rest, _AHEAD)]
    try:
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(work, one) for one in islice(rest, 1)]
    finally:
        for future in waiting:
            future.cancel()


def _kept(one: Planned, path: Path, key: Key, recovery_key: str) -> BoxFile | None:
    """The file that is there, if it is the planned one: our own key signed it, and it says the same."""
    try:
        box = open_box(read_bounded(path, MAX_BOX), [key.public])
    except (FileNotFoundError, BoxFileError):
        return None
    same = one.facts(box.facts.staff.password_hash, recovery_key)
    return box if replace(box.facts, staff=same.staff) == same and box.facts.staff == same.staff else None


def _write_cards(planned: Sequence[Planned], passwords: dict[str, str], folder: Path, apart: bool) -> Iterator[Path]:
    """A page for each province or, apart, for each library, in the order of their codes."""
    pages: dict[tuple[str, str], list[Card]] = {}
    for one in sorted(planned, key=lambda one: (one.line["said"]["library"]["place"], one.library)):
        said = one.line["said"]
        card = Card(
            name=one.name,
            id=one.library,
            serial=one.serial,
            issued=one.line["issued"],
            password=passwords[one.library],
            static=said["network"]["address"].partition("/")[0],
            support=f"{said['support']['name']}　{said['support']['phone']}".strip(),
        )
        province = said["library"]["place"][:2]
        code = box_file_name(one.library).removeprefix("county-").removesuffix(".box")
        pages.setdefault((f"{code}-{one.serial}" if apart else province, province), []).append(card)
    for (name, province), cards in sorted(pages.items()):
        path = folder / f"cards-{name}.html"
        write_file(path, card_page(cards, province), PRIVATE)
        yield path
