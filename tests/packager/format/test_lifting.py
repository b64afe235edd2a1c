"""Two people lift what one or two withdrew, and nothing older brings it back (docs/format.md, 2.4)."""

from __future__ import annotations

import shutil

from tests.notices import notice


def test_trap_what_two_people_lifted_stays_lifted_whatever_is_shown_again(national, box, state, tmp_path) -> None:
    first = notice(national, "red-chamber", "big-map", publish=True)
    national.withdraw("big-map")
    before = tmp_path / "before"
    shutil.copytree(national.keys / "tuf", before)
    assert box.offer(before).withdrawn == {"big-map", "red-chamber"}
    national.withdraw("big-map", "red-chamber", lift=True)
    found = box.offer(national.keys / "tuf")
    assert (found.withdrawn, found.withdrawals) == (frozenset(), ())
    for again in (lambda: box.offer(before), lambda: box.offer_notice(first)):
        assert again().withdrawn == frozenset()  # an older list, the same notice
    assert national.box(state).current().withdrawn == frozenset()
    assert national.box(tmp_path / "new").offer(national.keys / "tuf").withdrawn == frozenset()
    assert box.offer_notice(notice(national, "two-parts")).withdrawn == {"two-parts"}  # it leaves out what was lifted
    assert box.offer_notice(notice(national, "red-chamber")).withdrawn == {"red-chamber", "two-parts"}
    assert box.offer(national.keys / "tuf").withdrawn == {"red-chamber", "two-parts"}


def test_lifting_reaches_a_box_that_has_the_notice_from_a_phone(national, box) -> None:
    box.offer_notice(notice(national, "red-chamber"))
    national.withdraw("red-chamber", lift=True)
    assert box.offer(national.keys / "tuf").withdrawn == frozenset()


def test_two_people_withdraw_again_what_they_lifted(national, box) -> None:
    notice(national, "red-chamber", publish=True)
    national.withdraw("red-chamber", lift=True)
    national.withdraw("red-chamber")
    assert box.offer(national.keys / "tuf").withdrawn == {"red-chamber"}
    national.withdraw("red-chamber", lift=True)
    assert box.offer(national.keys / "tuf").withdrawn == frozenset()
