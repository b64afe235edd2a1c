"""The state of the box for people at the machine: one light, one sentence."""

from __future__ import annotations

from pathlib import Path

from appliance.clock import Clock
from appliance.settings import Settings
from appliance.store.faults import FaultReader
from appliance.store.holdings import read_holdings
from appliance.web.status import choose
from provisioning.words import Words


def status_lines(settings: Settings, clock: Clock, *, answers: bool) -> tuple[int, list[str]]:
    """One light and one sentence in Chinese, for people at the machine, with the exit code that means the same.

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
    state = choose(read_holdings(settings.holdings_file), damaged, clock.now()).first
    symbol, code = {"normal": ("●", 0), "working": ("◔", 1)}.get(state.light, ("▲", 2))
    return code, [f"{symbol} {words.message(state.message.key, state.message.params).text}"]


def _damaged_items(path: Path) -> int:
    faults = FaultReader(path)
    try:
        return len({fault.item_id for fault in faults.standing()})
    finally:
        faults.close()
