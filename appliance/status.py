"""The state of the box for people at the machine: one light, one sentence, and what else there is to say."""

from __future__ import annotations

from appliance.service.asking import SYMBOLS, Health
from provisioning.words import CHINESE, Words

_CODES = {"normal": 0, "working": 1}


def status_lines(health: Health | None) -> tuple[int, list[str]]:
    """Lines in Chinese for people at the machine, with the exit code that means the same.

    Args:
        health: what the serving process says of itself; None: it does not answer.

    Returns:
        0 normal, 1 working, 2 attention, 3 not running; and the lines.
    """
    if health is None:
        return 3, [f"{SYMBOLS['attention']} {Words.load(CHINESE).sentence('error.no_answer').text}"]
    return _CODES.get(health.light, 2), [health.line, *(f"  {text}" for text in health.also)]
