"""Tests of appliance.store.commands."""

from __future__ import annotations

import pytest

from appliance.clock import FixedClock
from appliance.store.commands import COMMANDS, MAX_COMMAND_BYTES, receive, send
from packager.format.files import RealFiles
from tests.packager.format.simulated_files import SimulatedFiles


def put(folder, command, clock=None):
    send(folder, command, clock=clock or FixedClock(), files=RealFiles())


def test_commands_are_received_in_order_and_once(tmp_path):
    sent = [{"do": what, "drive": str(n)} for n, what in enumerate(COMMANDS * 3)]
    for command in sent:
        put(tmp_path / "spool", command)
    assert receive(tmp_path / "spool", RealFiles()) == sent
    assert receive(tmp_path / "spool", RealFiles()) == []


def test_received_command_does_not_come_back_after_a_power_cut(tmp_path):
    """One that brings the machine down would otherwise do so at every start."""
    files = SimulatedFiles(tmp_path / "live")
    files.root.mkdir()
    send(files.root / "spool", {"do": "rebuild"}, clock=FixedClock(), files=files)
    assert receive(files.root / "spool", files)
    left = [state for done, state in files.states(per_cut=20) if done == len(files.journal)]
    assert left == [{}]


def test_send_unknown_command_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a command"):
        put(tmp_path, {"do": "format"})
    assert list(tmp_path.iterdir()) == []


def test_receive_no_folder_is_nothing(tmp_path):
    assert receive(tmp_path / "none", RealFiles()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'{"do":"format"}', b'{"do":"eject","drive":7}', b'{"do":["eject"]}', b"[" * 50_000,
        b'{"do":"eject","x":"' + b"x" * MAX_COMMAND_BYTES + b'"}', b"\xff",
        b'{"do":"eject","1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":""}',
    ],
)  # fmt: skip
def test_receive_what_is_no_command_is_removed_and_the_rest_goes_on(tmp_path, content):
    (tmp_path / "20000101000000-1-1.json").write_bytes(content)
    put(tmp_path, {"do": "look-again"})
    assert receive(tmp_path, RealFiles()) == [{"do": "look-again"}]
    assert list(tmp_path.iterdir()) == []


def test_receive_leaves_unfinished_files_alone(tmp_path):
    (tmp_path / "20000101000000-1-1.json.tmp~").write_bytes(b'{"do":"eject"}')
    assert receive(tmp_path, RealFiles()) == []
    assert len(list(tmp_path.iterdir())) == 1
