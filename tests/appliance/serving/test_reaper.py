from __future__ import annotations

import pytest

from appliance.serving.reaper import ConnectionFacts, Patience, reason_to_end

PATIENCE = Patience(idle=75, stalled=300, header=20, body_grace=30, body_rate=1024, hurry=10)


@pytest.mark.parametrize(
    ("facts", "crowded", "reason"),
    [
        (ConnectionFacts(quiet=70), False, ""),
        (ConnectionFacts(quiet=76), False, "idle"),
        (ConnectionFacts(quiet=11), True, "idle"),
        (ConnectionFacts(quiet=9), True, ""),
        (ConnectionFacts(quiet=9999, answering=True), True, ""),
        (ConnectionFacts(quiet=299, unsent=1), False, ""),
        (ConnectionFacts(quiet=301, unsent=1), False, "stalled"),
        (ConnectionFacts(quiet=301, unsent=1, answering=True), False, "stalled"),
        (ConnectionFacts(quiet=11, unsent=1), True, "stalled"),
        (ConnectionFacts(quiet=9999, unsent=1, waits_for_us=True), True, ""),
        (ConnectionFacts(quiet=0.5, request_age=19), False, ""),
        (ConnectionFacts(quiet=0.5, request_age=21), False, "slow header"),
        (ConnectionFacts(quiet=0.5, request_age=45, in_body=True), False, ""),
        (ConnectionFacts(quiet=0.5, request_age=55, in_body=True), False, "slow body"),
        (ConnectionFacts(quiet=0.5, request_age=55, in_body=True, body_bytes=1 << 20), False, ""),
    ],
)
def test_reason_to_end_table(facts, crowded, reason):
    assert reason_to_end(facts, PATIENCE, crowded=crowded) == reason
