"""A publisher whose role that can only withdraw is delegated, and its notices."""

from __future__ import annotations

from datetime import date

from packager.format.withdrawals import Withdrawal
from packager.signing import SIGNERS, approve, finish, request_delegation
from packager.withdrawing import giving_back, make_keys, publish_notice, sign_notice, withdrawing
from tests.simulator import COST, DAY, Publisher, passphrase


def delegate(national: Publisher, *, replace: bool = False) -> None:
    """Make keys that can only withdraw, and let them: signed by two, with their first notice."""
    make_keys(national.keys, passphrase, national.files, replace=replace, cost=COST)
    sign_notice(national.keys, withdrawing(()), national.key("withdrawals-1"), DAY, national.files)
    request_delegation(national.keys, national.keys, DAY, national.files)
    for name in SIGNERS:
        approve(national.keys, national.keys, national.key(name), national.files)
    finish(national.keys, national.keys, national.key("online"), national.files)


def notice(
    national: Publisher,
    *ids: str,
    undo: bool = False,
    key: str = "withdrawals-1",
    publish: bool = False,
    day: date = DAY,
) -> bytes:
    """Withdraw resources with one key (or give them back); the notice as it travels alone."""
    found = [Withdrawal(name, f"题名 {name}", "版权到期", day.isoformat()) for name in ids]
    change = giving_back(ids) if undo else withdrawing(found)
    made = sign_notice(national.keys, change, national.key(key), day, national.files)
    if publish:
        publish_notice(national.keys, national.key("online"), day, national.files)
    return made.to_bytes()
