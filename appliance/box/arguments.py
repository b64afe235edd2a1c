"""The arguments of `appliance box`; what they do is loaded only when they are used."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from appliance.box.places import Places


def add_box_command(commands: Any) -> None:
    """Put `box` into a command line."""
    box = commands.add_parser("box", help="what root does with box files and systems")
    actions = box.add_subparsers(dest="action", required=True)
    apply = actions.add_parser("apply", help="choose the box file and write what the box runs with")
    install = actions.add_parser("install", help="write a system that the service has brought into the other slot")
    for command in (apply, install):
        for field in fields(Places):
            command.add_argument(f"--{field.name}", type=Path, default=field.default, metavar="PATH")
    apply.add_argument("--once", action="store_true", help="as always")
