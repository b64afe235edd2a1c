"""What the page 接盘方法 explains, and where on it the button of a sentence leads."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.web.context import settings, words
from appliance.web.start_states import OFTEN

STEPS = "steps"
"""The anchor of the steps of plugging a drive in."""
HOW = (
    "intake.unplugged.idle",
    "index.unplugged",
    "intake.refused.not_ours",
    "intake.refused.unreadable",
    "intake.refused.format",
    "intake.refused.half_copied",
    "intake.refused.list_changed",
    "intake.refused.one_signer",
    "intake.refused.unknown_issuer",
    "intake.refused.needs_newer_box",
    "intake.refused.retired",
    "intake.refused.revoked",
    "intake.sick",
    "intake.sick.replace",
    "repair.drive.replace",
    "sync.stick.unplugged",
    "sync.refused.one_signer",
    "space.full",
    "space.update_waits",
    "space.intake_waits",
    "box.worker_silent",
    "box.system.fell_back",
    "box.file.missing",
    "box.file.other_library",
    "box.file.tampered",
    "box.file.expired",
    "box.file.needs_newer_box",
    "account.recovery.other_library",
    "account.recovery.damaged",
    "box.degraded",
    "box.restarted.often",
    "power.recovered.often",
)
"""What the page explains, with the words of the sentences and more of them where there is a label in `how_more`."""
_AS = {"intake.unplugged.edition": "intake.unplugged.idle"}
"""Sentences that are explained under another."""
_SOME = frozenset({"intake.unplugged.idle", "repair.drive.replace"})
"""Sentences of several things, of which the page knows no number."""
_FILE = ("space.", "box.degraded", "box.system.fell_back")
"""Sentences of whose cause the technicians want the diagnosis file."""


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence and what to do when it is seen.

    Attributes:
        anchor: of its row. text, second: the sentence. more: what else there is to do, empty when nothing.
        file: whether the diagnosis file is wanted.
    """

    anchor: str
    text: str
    second: str
    more: str = ""
    file: bool = False


def anchor_of(key: str) -> str:
    """Where on the page the button of a sentence leads: its row, or the steps of plugging in."""
    told = _AS.get(key, key)
    return _anchor(told) if told in HOW else STEPS


def cases() -> list[Case]:
    """The rows of the page; what a sentence names and the page cannot know is left open."""
    spoken, made = words(), settings()
    names: dict[str, str | int] = {
        "issuer": made.issuer_name,
        "support": made.support_name,
        "drive": spoken.label("staff.how_drive"),
        "library": spoken.label("staff.how_library"),
        "size": spoken.label("staff.how_some"),
    }
    found = []
    for key in HOW:
        count = spoken.label("staff.how_some") if key in _SOME else OFTEN
        sentence, label = spoken.message(key, {**names, "count": count}), f"how_more.{key.replace('.', '_')}"
        more = spoken.label(label, support=made.support_name) if spoken.has_label(label) else ""
        found.append(Case(_anchor(key), sentence.text, sentence.second, more, key.startswith(_FILE)))
    return found


def _anchor(key: str) -> str:
    return key.replace(".", "-")
