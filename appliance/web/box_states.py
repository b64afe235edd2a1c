"""What is said of box files and recovery sticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.box.state import box_messages
from appliance.box.system_state import system_messages
from appliance.web.status import State, as_time, state_of
from appliance.web.update_states import SHOWN

if TYPE_CHECKING:
    import datetime as dt

    from appliance.box.state import BoxState
    from appliance.box.system_state import SystemState


def box_states(state: BoxState, *, director_waits: bool) -> Iterator[State]:
    """Everything that is to be said, in no order; a stick that has just come is what staff have just done.

    Args:
        state: what the box step left.
        director_waits: whether no director has chosen a password yet.
    """
    for message, since in box_messages(state, director_waits=director_waits):
        yield replace(state_of(message, since=since), asked=bool(since))


def system_states(state: SystemState, *, ready: int, now: dt.datetime) -> Iterator[State]:
    """What is said of the box's own system; that it was updated, for some days.

    Args:
        state: what root says.
        ready: version of a system that waits for closing time, 0: none.
        now: wall time, aware.
    """
    for message, since in system_messages(state, ready=ready):
        at = as_time(since)
        if message.key != "box.system.updated" or (at is not None and now - at <= SHOWN):
            yield state_of(message, since=since)
