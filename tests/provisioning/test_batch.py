"""Batches: the same each time, nobody's password twice, cards that print, later files for later needs."""

from __future__ import annotations

import html
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import argon2
import pytest

from provisioning.box_errors import BoxOlderError
from provisioning.box_file import open_box, read_box
from provisioning.box_members import ReportTo
from provisioning.derived import Secret
from provisioning.errors import CommandError, ListError
from provisioning.issuing import Change, Planned, Terms, enter_made, issued, plan_again, plan_batch
from provisioning.ledger import Ledger
from provisioning.library_list import Defaults, Row, read_list
from provisioning.making import Made, write_boxes
from provisioning.recovering import write_recoveries
from provisioning.recovery_file import read_recovery
from tests.provisioning.box_files import BOX_KEY, DAY, KEYS, OTHER_KEY
from tests.provisioning.desk import CHEAP, COUNTY, ENTRY, SECRET, counties, terms, write_csv


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as found:
        yield found


def rows(tmp_path: Path, count: int = 30) -> Sequence[Row]:
    return read_list(write_csv(tmp_path / "list.csv", counties(count)), Defaults()).rows


def write(planned: Sequence[Planned], folder: Path, secret: Secret = SECRET) -> Made:
    return write_boxes(planned, folder, BOX_KEY, secret, workers=2, tell=lambda _done: None)


def run(ledger: Ledger, found: Sequence[Row], folder: Path, told: Terms | None = None) -> Made:
    made = write(plan_batch(ledger, found, told or terms(), ENTRY), folder)
    enter_made(ledger, made.files, ENTRY)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def passwords(folder: Path) -> dict[str, str]:
    pages = b"".join(path.read_bytes() for path in sorted((folder / "cards").iterdir())).decode()
    return dict(re.findall(r"<span>([A-Z0-9-]+)　.*?<b>([a-z0-9-]{14})</b>", pages))


def test_a_batch_makes_a_file_and_a_card_for_every_library(tmp_path: Path, ledger: Ledger) -> None:
    made = run(ledger, rows(tmp_path), tmp_path / "out")
    assert len(made.files) == 30
    cards = passwords(tmp_path / "out")
    for planned, digest in made.files:
        place = planned.library.removeprefix("CN-")
        box = open_box((tmp_path / f"out/boxes/county-{place}.box").read_bytes(), KEYS)
        assert box.sha256 == digest
        assert box.library.id == planned.library
        assert CHEAP.verify(box.staff.password_hash, cards[planned.library])
        assert box.expires == date(2028, 11, 27)
    assert len(set(cards.values())) == 30
    assert ledger.check()[0] == 61  # the root, 30 issued, 30 made


def test_it_is_the_same_again_on_another_day_in_another_folder(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path), tmp_path / "a")
    later = terms(issued=date(2027, 3, 1), expires=date(2029, 3, 1), image_floor=date(2027, 3, 1))
    made = run(ledger, rows(tmp_path), tmp_path / "b", later)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert made.kept == 0
    assert ledger.check()[0] == 61


def test_another_secret_gives_other_passwords_and_is_not_taken_for_the_first(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path, 3), tmp_path / "a")
    other = Secret(bytes(32), CHEAP)
    with pytest.raises(CommandError, match="secret"):
        plan_batch(ledger, rows(tmp_path, 3), terms(secret=other.id), ENTRY)


def test_a_file_of_another_key_is_not_made(tmp_path: Path, ledger: Ledger) -> None:
    planned = plan_batch(ledger, rows(tmp_path, 3), terms(keyid=OTHER_KEY.id), ENTRY)
    with pytest.raises(CommandError, match="--sign-with"):
        write(planned, tmp_path / "a")


def test_more_libraries_are_added_and_the_first_stay(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path, 5), tmp_path / "a")
    before = contents(tmp_path / "a/boxes")
    made = run(ledger, rows(tmp_path, 9), tmp_path / "a")
    assert made.kept == 5
    assert {name: content for name, content in contents(tmp_path / "a/boxes").items() if name in before} == before


def test_a_list_that_says_something_else_is_refused_whole(tmp_path: Path, ledger: Ledger) -> None:
    first = rows(tmp_path, 5)
    run(ledger, first, tmp_path / "a")
    renamed = replace(first[2], library=replace(first[2].library, name="改名图书馆"))
    with pytest.raises(ListError) as caught:
        plan_batch(ledger, [*first[:2], renamed, *rows(tmp_path, 9)[5:]], terms(), ENTRY)
    assert caught.value.problems == ("第 4 行　改名图书馆　已开通过，馆名、代码或开放时间与当时不同",)
    with pytest.raises(ListError) as caught:
        plan_batch(ledger, first, terms(report=ReportTo("https://other.example/")), ENTRY)
    assert "报表去处" in caught.value.problems[0]
    assert len(issued(ledger)) == 5


def test_a_file_that_was_changed_or_torn_is_made_again(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path, 4), tmp_path / "a")
    before = contents(tmp_path / "a")
    paths = sorted((tmp_path / "a/boxes").iterdir())
    paths[0].write_bytes(paths[0].read_bytes()[:100])
    paths[1].write_bytes(paths[2].read_bytes())
    paths[3].unlink()
    made = run(ledger, rows(tmp_path, 4), tmp_path / "a")
    assert made.kept == 1
    assert contents(tmp_path / "a") == before


def test_digests_of_another_making_are_not_entered(tmp_path: Path, ledger: Ledger) -> None:
    made = run(ledger, rows(tmp_path, 2), tmp_path / "a")
    with pytest.raises(CommandError, match="与台账记的不同"):
        enter_made(ledger, [(made.files[0][0], "0" * 64)], ENTRY)


def test_a_lost_stick_gets_a_newer_file_with_another_password(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path, 3), tmp_path / "a")
    (library, old), *_ = [(one.library, one) for one in issued(ledger).values()]
    (new,) = plan_again(ledger, {library: Change("lost", "快递丢失")}, lambda root: terms(root=root), ENTRY)
    write([new], tmp_path / "b")
    name = f"boxes/county-{library.removeprefix('CN-')}.box"
    boxes = [open_box((tmp_path / folder / name).read_bytes(), KEYS) for folder in "ab"]
    assert [box.serial for box in boxes] == [1, 2]
    assert boxes[0].recovery_key == boxes[1].recovery_key
    assert passwords(tmp_path / "a")[library] != passwords(tmp_path / "b")[library]
    with pytest.raises(BoxOlderError):
        read_box(boxes[0].content, KEYS, today=DAY, current=boxes[1])
    assert ledger.lines("issued", library)[-1]["why"] == "lost"
    assert ledger.lines("issued", library)[-1]["note"] == "快递丢失"
    assert old.serial == 1


def test_a_reissue_that_was_stopped_is_finished_and_not_begun_again(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path, 1), tmp_path / "a")
    (library,) = issued(ledger)
    (first,) = plan_again(ledger, {library: Change("lost")}, lambda root: terms(root=root), ENTRY)
    (again,) = plan_again(ledger, {library: Change("lost")}, lambda root: terms(root=root), ENTRY)
    assert again == first
    enter_made(ledger, write([again], tmp_path / "a").files, ENTRY)
    (third,) = plan_again(ledger, {library: Change("lost")}, lambda root: terms(root=root), ENTRY)
    assert third.serial == 3


def test_a_reissue_may_change_the_network_and_the_batch_follows(tmp_path: Path, ledger: Ledger) -> None:
    first = rows(tmp_path, 2)
    run(ledger, first, tmp_path / "a")
    cells = {**counties(1)[0], "主机地址": "192.168.1.10/24"}
    (moved,) = read_list(write_csv(tmp_path / "moved.csv", [cells]), Defaults()).rows
    (new,) = plan_again(ledger, {moved.library.id: Change("changed", row=moved)}, lambda root: terms(root=root), ENTRY)
    assert new.facts(SECRET.password_hash(new.library, 2), "0" * 64).network.address == "192.168.1.10/24"
    assert plan_batch(ledger, [moved, first[1]], terms(), ENTRY)[0] == new


def test_nobody_is_issued_again_who_never_was(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(CommandError, match="CN-999999"):
        plan_again(ledger, {"CN-999999": Change("lost")}, lambda root: terms(root=root), ENTRY)
    assert ledger.check()[0] == 0


def test_recovery_files_are_the_same_each_time_until_the_key_is_another(tmp_path: Path, ledger: Ledger) -> None:
    run(ledger, rows(tmp_path, 3), tmp_path / "a")
    told = write_recoveries(ledger, [], tmp_path / "r", SECRET, ENTRY, DAY)
    assert len(told) == 3
    before = contents(tmp_path / "r")
    write_recoveries(ledger, [], tmp_path / "r", SECRET, ENTRY, date(2027, 1, 1))
    assert contents(tmp_path / "r") == before
    library = min(issued(ledger))
    path = tmp_path / f"r/{library}.recovery"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    box = open_box((tmp_path / f"a/boxes/county-{library[3:]}.box").read_bytes(), KEYS)
    assert read_recovery(path.read_bytes(), box.recovery_key, library).serial == 1
    (new,) = plan_again(ledger, {library: Change("recovery")}, lambda root: terms(root=root), ENTRY)
    write_recoveries(ledger, [library], tmp_path / "r", SECRET, ENTRY, DAY)
    newer = new.recovery_key(SECRET)
    assert newer != box.recovery_key.raw.hex()
    assert path.read_bytes() != before[path.name]
    assert len(ledger.lines("recovery")) == 4


def test_cards_are_for_their_owner_alone_and_hold_no_password_in_the_code(tmp_path: Path, ledger: Ledger) -> None:
    cells = [{**COUNTY, "馆名": "<甲>&馆", "主机地址": "192.168.1.10/24", "技术支持": "省馆", "电话": "028-0"}]
    found = read_list(write_csv(tmp_path / "list.csv", cells), Defaults()).rows
    run(ledger, found, tmp_path / "a")
    (page,) = (tmp_path / "a/cards").iterdir()
    text = page.read_text()
    assert page.name == "cards-51.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    assert "<h2>&lt;甲&gt;&amp;馆</h2>" in text
    assert {"192.168.1.10", "求助：省馆 028-0", "开通卡　四川省　共 1 张"} <= set(
        re.split(r"[<>]", html.unescape(text))
    )
    assert text.count(SECRET.password("CN-510726", 1)) == 1
    assert "<script" not in text
    assert "http" not in re.sub(r'aria-label="[^"]*"', "", text)


def test_eight_cards_are_on_a_sheet(tmp_path: Path, ledger: Ledger) -> None:
    beijing = [row for row in rows(tmp_path, 30) if row.library.province == "11"]
    run(ledger, beijing, tmp_path / "a")
    text = (tmp_path / "a/cards/cards-11.html").read_text()
    assert text.count("<article>") == len(beijing) == 16
    assert text.count("<section>") == 2


def test_the_real_cost_of_a_password_is_what_a_box_can_bear(tmp_path: Path, ledger: Ledger) -> None:
    planned = plan_batch(ledger, rows(tmp_path, 1), terms(), ENTRY)
    write(planned, tmp_path / "a", Secret(SECRET.raw))
    (path,) = (tmp_path / "a/boxes").iterdir()
    box = open_box(path.read_bytes(), KEYS)
    assert argon2.PasswordHasher().verify(box.staff.password_hash, SECRET.password(box.library.id, 1))
