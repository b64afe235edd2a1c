"""Which box file counts: the one in force, or one that was brought and may take its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from appliance.box.found import Found
from appliance.box.state import MAX_TOLD, Refusal
from appliance.errors import SettingsError
from packager.format.errors import TrustError
from provisioning.box_errors import BoxFileError, BoxTamperedError
from provisioning.box_file import BoxFile, admit, open_box
from provisioning.keys import PublicKey

_log = logging.getLogger(__name__)

UNFIT = "box.schema"
Fits = Callable[[BoxFile], object]
"""Raises when a box file, though signed, would make settings that the box cannot use."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The box file in force.

    Attributes:
        box: it; None: there is none. new: whether it took the place of the one that was kept, or there was none.
        refused: those of the inbox that were not taken; of the boot partition only while there is none in force.
    """

    box: BoxFile | None = None
    new: bool = False
    refused: tuple[Refusal, ...] = ()


def in_force(kept: Iterable[bytes], keys: Sequence[PublicKey], fits: Fits) -> BoxFile | None:
    """The newest of the kept copies whose signature holds; its last day is not asked."""
    boxes = []
    for content in kept:
        try:
            box = open_box(content, keys)
            fits(box)
        except (BoxFileError, SettingsError, TrustError, ValueError) as error:
            _log.error("a kept box file cannot be used: %s", error)
        else:
            boxes.append(box)
    return max(boxes, key=lambda box: box.serial, default=None)


def choose(
    kept: BoxFile | None,
    inbox: Sequence[Found],
    efi: Sequence[Found],
    keys: Sequence[PublicKey],
    *,
    today: Callable[[BoxFile | None], date],
    fits: Fits,
) -> Choice:
    """Look at what was brought, one after the other: each that may take the place of what is in force does.

    Args:
        kept: the one in force.
        inbox: what sticks brought.
        efi: what stands on the boot partition.
        keys: whose signature counts.
        today: the plausible day, given the one in force.
        fits: asked of each before it is taken.
    """
    box, brought, stood = kept, list[Refusal](), list[Refusal]()
    for found, refused in (*((one, brought) for one in inbox), *((one, stood) for one in efi)):
        try:
            box = _taken(found, keys, box, today(box), fits)
        except BoxFileError as error:
            _log.warning("%s is not taken: %s", found.name, error)
            library = str(error.params.get("library", ""))
            refused.append(Refusal(found.name, error.code, error.sentence, library, found.at))
        except (SettingsError, TrustError, ValueError) as error:
            _log.error("%s is signed, but cannot be used: %s", found.name, error)
            refused.append(Refusal(found.name, UNFIT, "box.file.needs_newer_box", "", found.at))
    told = brought if box is not None else [*brought, *stood]
    new = box is not None and (kept is None or box.content != kept.content)
    return Choice(box, new, tuple(told[:MAX_TOLD]))


def _taken(found: Found, keys: Sequence[PublicKey], box: BoxFile | None, today: date, fits: Fits) -> BoxFile:
    if found.content is None:
        raise BoxTamperedError("cannot be read")
    made = admit(open_box(found.content, keys), today=today, current=box)
    fits(made)
    return made
