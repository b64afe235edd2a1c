from __future__ import annotations

import socket
import time

import pytest

from appliance.serving.watch import Watch


class Handler:
    """A socket that says what it waits for, and counts how often it is asked."""

    accepting = False

    def __init__(self, sock):
        self.sock, self.asked, self.quiet, self.wants = sock, 0, True, (True, False)
        self.events = []

    def readable(self):
        self.asked += 1
        return self.wants[0]

    def writable(self):
        return self.wants[1]

    def handle_read_event(self):
        self.events.append("read")
        self.sock.recv(100)

    def handle_write_event(self):
        self.events.append("write")

    def handle_close(self):
        self.events.append("close")


@pytest.fixture
def watch():
    made = Watch()
    yield made
    made.close()


@pytest.fixture
def pair(watch):
    ends = socket.socketpair()
    handler = Handler(ends[0])
    watch[ends[0].fileno()] = handler
    yield handler, ends[1]
    for end in ends:
        end.close()


def test_turn_quiet_handler_is_asked_once_until_something_happens(watch, pair):
    handler, other = pair
    for _ in range(5):
        watch.turn(0)
    assert handler.asked == 1
    other.send(b"x")
    watch.turn(0)
    assert handler.events == ["read"]
    watch.turn(0)
    assert handler.asked == 2
    watch.look_at_all()
    watch.turn(0)
    assert handler.asked == 3


def test_turn_busy_handler_is_asked_every_time(watch, pair):
    handler, _other = pair
    handler.quiet = False
    for _ in range(5):
        watch.turn(0)
    assert handler.asked == 5


def test_turn_handler_that_becomes_quiet_while_it_is_asked_is_asked_again(watch, pair):
    """A thread ends its answer between the two questions: the next request must not be overlooked."""
    handler, other = pair
    handler.quiet = False

    def readable():
        handler.quiet = True
        return False

    handler.readable = readable
    watch.turn(0)
    del handler.readable
    other.send(b"x")
    watch.turn(0)
    assert handler.events == ["read"]


def test_turn_wants_change_is_followed(watch, pair):
    handler, other = pair
    handler.quiet, handler.wants = False, (False, True)
    watch.turn(0)
    assert handler.events == ["write"]
    handler.wants = (False, False)
    other.send(b"x")
    other.close()
    for _ in range(3):
        watch.turn(0)  # a hang-up that nobody waits for is not told: the loop would spin
    assert handler.events == ["write"]
    handler.wants = (True, False)
    watch.turn(0)
    assert handler.events[1] == "read"


def test_turn_without_events_waits_as_long_as_asked(watch, pair):
    began = time.monotonic()
    watch.turn(0.1)
    assert 0.08 < time.monotonic() - began < 10


def test_table_removed_descriptor_is_forgotten_and_its_number_may_come_again(watch, pair):
    handler, other = pair
    watch.turn(0)
    number = handler.sock.fileno()
    del watch[number]
    other.send(b"x")
    watch.turn(0)
    assert handler.events == []
    again = Handler(handler.sock)
    watch[number] = again
    watch.turn(0)
    assert again.events == ["read"]
    assert len(watch) == 1


def test_turn_number_taken_again_within_the_turn_gets_no_old_event(watch, pair):
    handler, other = pair
    second = socket.socketpair()
    late = Handler(second[0])
    watch[second[0].fileno()] = late
    watch.turn(0)
    replacement = Handler(second[0])

    def replace(which, sock):
        def handle():
            which.events.append("read")
            sock.recv(10)
            for number, thing in list(watch.items()):
                if thing is not which:
                    del watch[number]
                    watch[number] = replacement

        return handle

    handler.handle_read_event = replace(handler, handler.sock)
    late.handle_read_event = replace(late, late.sock)
    other.send(b"x")
    second[1].send(b"x")
    watch.turn(0)  # whoever comes first takes the other's number away
    assert replacement.events == []
    assert len(handler.events) + len(late.events) == 1
    for end in second:
        end.close()
