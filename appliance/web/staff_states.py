"""States as staff see them: the light, the sentence, and what its one button does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import url_for

from appliance.store.commands import COPY_TARGETS
from appliance.store.holdings import HeldDrive, Message
from appliance.web.context import library, local_now, services, settings, words
from appliance.web.glance import status
from appliance.web.staff_how import anchor_of
from appliance.web.staff_session import current_staff
from appliance.web.status import FRESH, State, is_news, state_of
from provisioning.words import Sentence, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.store.checks import CheckRun
    from appliance.store.holdings import HeldRelease

_COMMANDS = {
    "intake.in_place": "eject",
    "intake.unplug.in_use": "eject",
    "intake.unplug.waiting": "keep",
    "intake.unplug.closing": "keep",
    "intake.sick": "look-again",
    "intake.refused.unreadable": "look-again",
    "sync.stick.incomplete": "look-again",
    "intake.sick.back": "check",
    "check.paused.staff": "check-resume",
}
_OF_THE_BOX = {
    "branch.copying": "branch-stop",
    "index.not_built": "rebuild",
    "repair.waiting.window": "repair",
    "repair.waiting.metered": "repair",
}
"""Commands that name no drive."""
_UPDATES = {
    "sync.staged": "update-apply",
    "sync.stick.ready": "update-apply",
    "sync.current": "update-check",
    "sync.mirror.all_stale": "update-check",
    "sync.unreachable": "update-check",
    "sync.not_applied": "update-check",
    "power.recovered.kept_old": "update-check",
    "sync.waiting_window": "update-now",
    "sync.paused.window": "update-now",
    "sync.paused.metered": "update-now",
    "sync.paused.staff": "update-resume",
    "repair.waiting.paused": "update-resume",
    "sync.downloading": "update-pause",
    "box.system.ready": "system-apply",
}
_REPORT_PLACES = {
    "report.waiting_network": "by-stick",
    "report.waiting_stick": "by-stick",
    "report.not_saved": "by-stick",
    "report.overdue": "months",
    "report.returned": "months",
    "report.sending": "months",
}
"""Where on the page of reports the button of a sentence leads."""
_UPDATE_PLACES = {
    "sync.paused.cap": "settings",
    "repair.waiting.cap": "settings",
    "sync.no_network": "by-stick",
    "sync.here": "by-stick",
    "sync.stick.gap": "by-stick",
    "sync.stale.notice": "by-stick",
    "sync.stale.attention": "by-stick",
    "sync.unreachable.days": "network",
    "sync.checking": "state",
    "sync.downloading.slow": "state",
    "sync.resumed": "state",
    "sync.applying": "state",
    "box.system.updating": "state",
    "box.system.updated": "state",
}
"""Where on the page of updates the button of a sentence leads."""
_LINKS = {
    "intake.recognising": "staff.drives",
    "intake.reading_catalogue": "staff.drives",
    "intake.refused.too_many": "staff.drives",
    "intake.trusted": "patrons.new",
    "intake.trusted.second_bundle": "patrons.new",
    "intake.set.complete": "patrons.new",
    "intake.set.part": "staff.drives",
    "intake.set.part.edition": "staff.drives",
    "intake.set.missing.several": "staff.drives",
    "intake.set.missing.several.edition": "staff.drives",
    "intake.set.mixed": "staff.drives",
    "check.running": "staff.health",
    "check.paused.readers": "staff.health",
    "check.finished.repaired": "staff.health",
    "check.damage.found": "staff.health",
    "check.damage.pages": "staff.health",
    "check.damage.minutes": "staff.health",
    "check.damage.chapter": "staff.health",
    "check.damage.part": "staff.health",
    "check.damage.whole": "staff.health",
    "check.damage.many": "staff.health",
    "repair.list.needed": "staff.health",
    "repair.partial": "staff.health",
    "repair.stick.reading": "staff.health",
    "repair.stick.not_matching": "staff.health",
    "sync.stick.reading": "staff.drives",
    "sync.applied": "patrons.new",
    "sync.applied.none": "patrons.new",
    "branch.not_copied": "staff.drives",
    "branch.too_small": "staff.drives",
    "branch.read_only": "staff.drives",
    "branch.not_empty": "staff.drives",
    "branch.items_lost": "staff.health",
    "sync.withdrawn": "staff.withdrawn",
    "sync.withdrawn.file": "staff.withdrawn",
    "sync.lifted": "staff.withdrawn",
    "feedback.new": "staff.wishes",
    "home.starting": "staff.home",
    "home.normal": "staff.home",
    "index.rebuilding": "staff.drives",
    "power.recovered.continues": "staff.drives",
    "public.attention": "staff.sign_in",
    "public.working": "staff.sign_in",
}
_DIAGNOSIS = frozenset({"box.degraded", "box.system.fell_back", "sync.refused.untrusted"})
"""Sentences whose button saves the diagnosis file."""
_OPEN = {
    "box.file.missing": ("staff.how", anchor_of("box.file.missing")),
    "box.file.applied": ("staff.sign_in", None),
    "account.recovery.stick_read": ("staff.recovery", None),
}
"""Where the button of a sentence leads that is shown to anybody: on such a box nobody can sign in yet."""
_PUT_AWAY = ("知道了", "完成", "Got it", "Done")


@dataclass(frozen=True, slots=True)
class Button:
    """The one button of a state: a link, or a command that is sent by POST.

    Attributes:
        text: its words. url: where it leads or posts to. command: what is asked of the worker, empty for links.
        drive: the drive that it is about. token: the occurrence to put away, for 知道了.
        open: whether it is shown to anybody, signed in or not.
    """

    text: str
    url: str
    command: str = ""
    drive: str = ""
    token: str = ""
    open: bool = False

    @property
    def posts(self) -> bool:
        """Whether pressing it changes something."""
        return bool(self.command or self.token)


@dataclass(frozen=True, slots=True)
class Said:
    """A state in words."""

    state: State
    light: str
    sentence: Sentence
    button: Button | None


@dataclass(frozen=True, slots=True)
class DriveCard:
    """A drive as staff see it.

    Attributes:
        can_copy: whether a copy for a branch may go there.
        name: on its label. said: its state. release: what it carries. count: resources on this drive.
        since: when it came into this state, in words.
        can_eject: whether it may be let go of although its button says something else.
    """

    drive: HeldDrive
    name: str
    said: Said
    release: HeldRelease | None
    count: int
    since: str
    can_eject: bool
    can_copy: bool = False


def said(state: State) -> Said:
    """The words and the button of a state."""
    made = settings()
    params = {"issuer": made.issuer_name, "library": made.library_name, "support": made.support_name}
    sentence = words().message(state.message.key, {**params, **state.message.params})
    return Said(state, state.light, sentence, _button(state, sentence))


def _button(state: State, sentence: Sentence) -> Button | None:
    key = state.message.key
    if not sentence.button or (key == "box.system.ready" and not _is_director()):
        return None
    if key in _DIAGNOSIS:  # where the accounts are away nobody can sign in, and the file tells nothing of anybody
        return Button(sentence.button, url_for("staff.diagnosis_page"), open=services().accounts_away)
    command = _COMMANDS.get(key)
    if command and state.drive:
        return Button(sentence.button, url_for("staff.command"), command=command, drive=state.drive)
    if key in _OPEN:
        endpoint, anchor = _OPEN[key]
        return Button(sentence.button, url_for(endpoint, _anchor=anchor), open=True)
    if key in _OF_THE_BOX:
        return Button(sentence.button, url_for("staff.command"), command=_OF_THE_BOX[key])
    if key in _UPDATES:
        return Button(sentence.button, url_for("staff.update_command"), command=_UPDATES[key])
    if (place := _UPDATE_PLACES.get(key) or _REPORT_PLACES.get(key)) is not None:
        endpoint = "staff.updates" if key in _UPDATE_PLACES else "staff.reports"
        return Button(sentence.button, url_for(endpoint, _anchor=place))
    if sentence.button in _PUT_AWAY:
        return Button(sentence.button, url_for("staff.put_away"), token=state.token)
    if key in _LINKS:
        fragment = "today" if key.startswith("home.normal") else "list" if key.startswith("repair.") else None
        return Button(sentence.button, url_for(_LINKS[key], _anchor=fragment))
    return Button(sentence.button, url_for("staff.how", _anchor=anchor_of(key)))


def _is_director() -> bool:
    account = current_staff()
    return account is not None and account.may("director")


def told_once(spoken: Sequence[Said]) -> list[Said]:
    """What is said in the same words of several drives, once; a button that is about one drive stays."""
    found: dict[object, Said] = {}
    for one in spoken:
        alone = one.state.drive if one.button is not None and one.button.command else ""
        found.setdefault((one.sentence.text, one.sentence.second, alone), one)
    return list(found.values())


def drive_cards() -> list[DriveCard]:
    """All drives, those that need something first."""
    order = {"attention": 0, "working": 1, "normal": 2}
    drives = library().holdings.drives
    newest = max((drive.since for drive in drives if drive.serves), default="")
    cards = [_card(drive, news=drive.since == newest) for drive in drives]
    return sorted(cards, key=lambda card: order[card.said.light])


def _card(drive: HeldDrive, *, news: bool) -> DriveCard:
    """A drive's card; of those in use only the one that came last (`news`) says what its coming meant."""
    release = next((r for r in library().holdings.releases if drive.folder and r.folder == drive.folder), None)
    state = _standing_in(drive) or state_of(drive.message, drive=drive.key, since=drive.since)
    count = 0 if release is None else release.count if release.disks == 1 else release.share(drive.disk)
    if drive.serves and is_news(state) and not (news and _fresh(drive.since)):
        params: dict[str, str | int] = {"drive": drive.name}
        if release is not None:
            params |= {"bundle": release.name, "edition": release.edition, "count": count}
        run = run_of(drive)
        if run is not None:
            params["percent"] = run.percent
        state = replace(state, light="normal", message=Message("intake.in_place", params))
    spoken = said(state)
    can_eject = drive.serves and not (spoken.button and spoken.button.command == "eject")
    can_copy = drive.state == "refused" and drive.message.key in COPY_TARGETS
    return DriveCard(drive, drive.name, spoken, release, count, moment_text(drive.since), can_eject, can_copy)


def run_of(drive: HeldDrive) -> CheckRun | None:
    """The check of what is on a drive, None when it was never begun."""
    known = services().upkeep().runs
    own = [run for run in known if drive.tagmanifest and run.identity.startswith(drive.tagmanifest)]
    return next((run for run in own if run.drive == drive.key), None)


def _standing_in(drive: HeldDrive) -> State | None:
    """What is said of a drive besides what the worker knows: it does not answer, it wears out, it brings repairs."""
    keys = ("intake.sick", "repair.stick.", "repair.done.stick", "repair.partial", "repair.list.", "box.diagnosis.")
    found = (s for s in status().all if s.drive == drive.key and s.message.key.startswith(keys))
    return next(found, None)


def _fresh(since: str) -> bool:
    try:
        at = dt.datetime.fromisoformat(since)
    except ValueError:
        return False
    return dt.timedelta(0) <= local_now() - at <= FRESH


def moment_text(text: str) -> str:
    """An ISO time as the day and minute at the library; empty when it is none."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return ""
    now = local_now()
    local = at.astimezone(now.tzinfo)
    return f"{numbers.day(local.date(), now.date(), words().language)} {local:%H:%M}"
