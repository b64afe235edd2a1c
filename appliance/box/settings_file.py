"""The settings of a box from its box file: the TOML that `appliance serve` reads, made anew at every boot."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from appliance.settings import settings_from
from provisioning.box_file import BoxFile

_HEAD = "# Made from the box file at every boot. Whoever changes it changes nothing.\n"
Value = str | int | date | list[str]


def settings_text(box: BoxFile | None, *, run: Path, data: Path, media: Path, image_date: date) -> str:
    """The settings file.

    Args:
        box: the box file in force; None: the box answers, but knows no library.
        run: folder of this file, of the root metadata and of the drive events.
        data: the box's own state.
        media: where drives are mounted.
        image_date: day on which the running system was made.

    Raises:
        SettingsError: a value of the box file is none that a setting may have.
    """
    table: dict[str, Value] = {
        "data_folder": str(data),
        "root_file": str(run / "root.json"),
        "box_folder": str(run),
        "event_spool": str(run / "events"),
        "drive_folders": [str(media)],
        "image_date": image_date,
    }
    if box is not None:
        table |= _of_library(box)
        table["image_date"] = max(image_date, box.image_floor)
    text = _HEAD + "".join(f"{name} = {_toml(value)}\n" for name, value in sorted(table.items()))
    settings_from(tomllib.loads(text), base=run)
    return text


def _of_library(box: BoxFile) -> Mapping[str, Value]:
    library, support, updates, report = box.library, box.support, box.updates, box.report
    static = box.network.address.partition("/")[0] if box.network.mode == "static" else ""
    table: dict[str, Value] = {
        "library_id": library.id,
        "library_name": library.name,
        "library_name_en": library.name_en,
        "home_place": library.place,
        "opening_hours": library.opening_hours,
        "support_name": support.name,
        "support_phone": support.phone,
        "address": static,
        "update_origins": list(updates.origins),
        "repair_origins": list(updates.origins),
        "update_window": updates.window,
        "update_cap_bytes": updates.cap_bytes,
        "update_rate": updates.rate,
        "update_metered": updates.metered,
        "report_url": report.url,
        "report_key": report.key,
    }
    return {name: value for name, value in table.items() if value not in ("", [])}


def _toml(value: Value) -> str:
    """A value in TOML; its strings are those of JSON, but for one character."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
