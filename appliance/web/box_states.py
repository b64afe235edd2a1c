"""What is said of box files and recovery sticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.box.state import box_messages
from appliance.web.status import State, state_of

if TYPE_CHECKING:
    from appliance.box.state import BoxState


def box_states(state: BoxState, *, director_waits: bool) -> Iterator[State]:
    """Everything that is to be said, in no order; a stick that has just come is what staff have just done.

    Args:
        state: what the box step left.
        director_waits: whether no director has chosen a password yet.
    """
    for message, since in box_messages(state, director_waits=director_waits):
        yield replace(state_of(message, since=since), asked=bool(since))
