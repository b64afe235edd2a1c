"""Which drives served before this worker began, and which of them go on as if nothing had been."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.intake.states import WORKING, Drive
from appliance.store.holdings import Holdings

_SERVED = frozenset({"ready", "sick", "ejecting", "ejected", "gone"})
_BACK = frozenset({"intake.trusted.back", "intake.sick.back"})


@dataclass(slots=True)
class Served:
    """What is known of drives by their tag lists. For one thread.

    A drive that served when the last document was written, and that stands where it stood, never went for anybody: the
    last document is believed until it is read again. Nothing is said of it that was not said before, and it has been
    plugged in since then. Whatever else is said of it meanwhile, such as that it is gone, makes its coming a return.

    Attributes:
        all: of every drive that ever served.
        usual: of those that go on, since when and whether that was a return; of equal drives each.
    """

    all: set[str] = field(default_factory=set)
    usual: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)

    @classmethod
    def of(cls, before: Holdings) -> Served:
        """What the last document says."""
        found = cls()
        for drive in before.drives:
            if drive.tagmanifest and drive.state in _SERVED:
                found.all.add(drive.tagmanifest)
            if drive.tagmanifest and drive.state == "ready":
                found.usual.setdefault(drive.tagmanifest, []).append((drive.since, drive.message.key in _BACK))
        return found

    def stepped(self, before: Drive, after: Drive) -> None:
        """A drive went from one state to another, or stays where nothing is."""
        if before.last is not None and after.phase not in {*WORKING, "ready", "absent"}:
            self.usual.pop(before.last.tagmanifest, None)

    def serves(self, tagmanifest: str) -> tuple[bool, str]:
        """A drive serves now.

        Returns:
            whether that is a return, and since when it has served (ISO time), empty for now.
        """
        back = tagmanifest in self.all
        self.all.add(tagmanifest)
        usual = self.usual.get(tagmanifest)
        if not usual:
            return back, ""
        since, back = usual.pop(0)
        return back, since
