"""What the document says of withdrawn resources, step by step: since when, and which ones were given back."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.store.holdings import MAX_LIFTED, Holdings, Lifted, Withdrawn
from packager.format.trust import Trusted


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """The members of `Holdings` of the same names."""

    withdrawn: tuple[str, ...] = ()
    withdrawals: tuple[Withdrawn, ...] = ()
    withdrawn_at: str = ""
    lifted: tuple[Lifted, ...] = ()

    @classmethod
    def of(cls, holdings: Holdings) -> Withdrawals:
        """Those of a document."""
        return cls(holdings.withdrawn, holdings.withdrawals, holdings.withdrawn_at, holdings.lifted)

    def followed_by(self, trusted: Trusted, now: str) -> Withdrawals:
        """What comes after them.

        Args:
            trusted: what the box trusts. A box that lost all of it gives nothing back: nothing of it is shown anyway.
            now: ISO time in UTC.
        """
        told = {w.id: Withdrawn(w.id, w.title, w.reason, w.since) for w in trusted.withdrawals}
        for name, day in trusted.withdrawn_days.items():
            # What two people withdraw has a day and neither title nor reason.
            told.setdefault(name, Withdrawn(name, "", "", day))
        before = frozenset(self.withdrawn)
        lifted = [entry for entry in self.lifted if entry.id not in trusted.withdrawn]
        if trusted.versions:
            titles = {entry.id: entry.title for entry in self.withdrawals}
            back = sorted(before - trusted.withdrawn)
            lifted = [*(Lifted(name, titles.get(name, ""), now) for name in back), *lifted]
        at = now if trusted.withdrawn - before else self.withdrawn_at
        return Withdrawals(
            tuple(sorted(trusted.withdrawn)), tuple(told[name] for name in sorted(told)), at, tuple(lifted[:MAX_LIFTED])
        )
