"""`appliance box apply`: the box step as a command, for the unit that runs it as root."""

from __future__ import annotations

import argparse
import logging
import os
from dataclasses import fields

from appliance.box.applying import Applier
from appliance.box.places import Places
from appliance.box.state import BoxState, box_messages
from appliance.box.system_state import system_messages
from appliance.clock import RealClock
from packager.format.files import RealFiles
from provisioning.words import CHINESE, Words

_NAMES = [f.name for f in fields(Places)]


def run_command(words: argparse.Namespace) -> list[str]:
    """Apply, or install a system; lines in Chinese that say what came of it.

    Raises:
        OSError: what the box runs with cannot be written.
    """
    logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
    os.umask(0o022)
    places = Places(**{name: getattr(words, name).absolute() for name in _NAMES})
    if words.action == "install":
        return [_install(places)]
    applied = Applier(places, RealClock(), RealFiles()).apply()
    return lines(applied.state)


def _install(places: Places) -> str:
    from appliance.box.booted import boot_id
    from appliance.box.facts import system_facts
    from appliance.box.installing import Installer
    from appliance.box.slot_writing import DeviceSlot
    from appliance.box.slots import find_slots

    running = system_facts(places.system).version
    state = Installer(
        places, RealClock(), RealFiles(), slots=find_slots, slot=DeviceSlot, running=running, boot=boot_id()
    ).run()
    said = Words.load(CHINESE)
    told = [said.message(m.key, {"support": "技术支持", **m.params}).text for m, _ in system_messages(state, ready=0)]
    return told[0] if told else f"第 {running} 版系统"


def lines(state: BoxState) -> list[str]:
    """What the step has to say, as staff read it; one line when there is nothing."""
    said, names = Words.load(CHINESE), {"support": "技术支持"}
    told = [said.message(m.key, {**names, **m.params}).text for m, _ in box_messages(state, director_waits=False)]
    return told or [f"{state.library} {state.library_id} 第 {state.serial} 份开通文件"]
