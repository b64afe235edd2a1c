"""The state of the box for people at the machine: one light, one sentence, and how old its content is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from appliance.clock import Clock, plausible_day
from appliance.settings import Settings
from appliance.store.faults import FaultReader
from appliance.store.holdings import read_holdings
from appliance.store.updating import read_state
from appliance.web.status import choose
from appliance.web.update_states import update_states
from provisioning.words import Words

_BELOW = ("sync.staged", "sync.stale.")


def status_lines(settings: Settings, clock: Clock, *, answers: bool) -> tuple[int, list[str]]:
    """One light and one sentence in Chinese, for people at the machine, with the exit code that means the same.

    That an edition waits to be applied, or that content is months old, is told below when something else comes first.

    Args:
        settings: of the box.
        clock: wall time.
        answers: whether the serving process answers.

    Returns:
        0 normal, 1 working, 2 attention, 3 not running; and the lines.
    """
    words = Words.load("zh-Hans")
    if not answers:
        return 3, [f"▲ {words.sentence('error.no_answer').text}"]
    damaged = _damaged_items(settings.faults_file)
    holdings, now = read_holdings(settings.holdings_file), clock.now()
    earliest = settings.earliest
    if holdings.reference_time:
        earliest = max(earliest, datetime.fromisoformat(holdings.reference_time))
    today = plausible_day(
        clock, earliest=earliest, horizon=settings.horizon, utc_offset_minutes=settings.utc_offset_minutes
    )
    updates = read_state(settings.updates_folder)
    others = update_states(holdings, updates, now=now, today=today, origins=bool(settings.update_origins))
    found = choose(holdings, damaged, now, others=others)
    symbol, code = {"normal": ("●", 0), "working": ("◔", 1)}.get(found.light, ("▲", 2))
    below = [state.message for state in found.more if state.message.key.startswith(_BELOW)]
    first, *rest = (words.message(said.key, said.params).text for said in (found.first.message, *below))
    return code, [f"{symbol} {first}", *(f"  {text}" for text in rest)]


def _damaged_items(path: Path) -> int:
    faults = FaultReader(path)
    try:
        return len({fault.item_id for fault in faults.standing()})
    finally:
        faults.close()
