"""The states of a drive on its way from the bench to a county, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a drive is. The value stands in the ledger; staff read and write the Chinese word."""

    WRITTEN = "written"
    CHECKED = "checked"
    PACKED = "packed"
    SHIPPED = "shipped"
    RECEIVED = "received"
    ENABLED = "enabled"
    RETURNED = "returned"

    @property
    def word(self) -> str:
        """As staff say it."""
        return _WORDS[self]


_WORDS = {
    State.WRITTEN: "写入",
    State.CHECKED: "复检",
    State.PACKED: "装箱",
    State.SHIPPED: "发出",
    State.RECEIVED: "签收",
    State.ENABLED: "启用",
    State.RETURNED: "退换",
}
_BEFORE: dict[State, frozenset[State | None]] = {
    State.WRITTEN: frozenset({None, State.RETURNED}),
    State.CHECKED: frozenset({State.WRITTEN}),
    State.PACKED: frozenset({State.CHECKED}),
    State.SHIPPED: frozenset({State.PACKED}),
    State.RECEIVED: frozenset({State.SHIPPED}),
    State.ENABLED: frozenset({State.RECEIVED}),
    State.RETURNED: frozenset(set(State) - {State.RETURNED}),
}
NEEDS_PLACE = frozenset({State.SHIPPED})
"""States that need a county's code: from then on the drive is the county's."""


def may_follow(state: State, before: State | None) -> bool:
    """Whether a drive in state `before` (None: not in the ledger) may come into `state`."""
    return before in _BEFORE[state]


def parse_state(text: str) -> State:
    """A state by its Chinese word or its value.

    Raises:
        ValueError: there is none of that name.
    """
    for state in State:
        if text.strip() in {state.word, state.value}:
            return state
    raise ValueError(f"没有“{text[:20]}”这个状态，可用：{'、'.join(state.word for state in State)}")
