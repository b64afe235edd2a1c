"""Copying a whole set to one large disk: every drive of it in a folder of its number, each as it was signed.

    shuxiang-copy.json     the set that is being made, and the last drive that is whole; gone when all are
    1/ 2/ 3/               drives

While the mark stands, no box takes the disk for drives: a set that was broken off is told as half copied.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.branch.copying import Copied, Copier, Progress
from appliance.branch.target import Mark, Target
from appliance.errors import BranchError

if TYPE_CHECKING:
    from appliance.branch.copying import Plan
    from packager.format.files import Files

PlanOf = Callable[[int], AbstractContextManager["Plan"]]
"""The plan of a drive of the set, by its number."""


@dataclass(frozen=True)
class Gathering:
    """One run.

    Attributes:
        name: what makes the set itself: number of its release. disks: how many drives it has.
        plan_of: gives their plans. root: the disk's folder. files: the writer.
        progress: called with bytes of payload done and in all; may raise to break off.
    """

    name: str
    disks: int
    plan_of: PlanOf
    root: Path
    files: Files
    progress: Progress

    def run(self) -> Copied:
        """Make the copies, or go on with them. The disk holds all drives of the set when this returns.

        Raises:
            as `Copier.run`.
        """
        target = Target(self.root, self.files)
        with target.alone(), ExitStack() as stack:
            # All are made ready first: nothing is written when one cannot be, or when they do not fit.
            plans = [stack.enter_context(self.plan_of(n)) for n in range(1, self.disks + 1)]
            mark = self._prepare(target, plans)
            sizes = [plan.lists.size for plan in plans]
            done = Copied(0, 0, 0)
            copiers = [self._copier(n, plan, sizes) for n, plan in enumerate(plans, 1)]
            self._check_room(target, copiers)
            target.note(mark)
            for n, copier in enumerate(copiers, 1):
                self.files.make_dir(self.root / str(n))
                if n > int(mark.done or 0) or not self._target(n).is_copy(plans[n - 1].lists.name):
                    part = copier.run()
                    done = Copied(done.written + part.written, done.kept + part.kept, done.size + part.size)
                    target.note(Mark(self.name, str(n)))
            target.finish()
            return done

    def _target(self, number: int) -> Target:
        return Target(self.root / str(number), self.files)

    def _copier(self, number: int, plan: Plan, sizes: list[int]) -> Copier:
        before, total = sum(sizes[: number - 1]), sum(sizes)
        return Copier(plan, self._target(number), self.files, lambda done, _: self.progress(before + done, total))

    def _prepare(self, target: Target, plans: list[Plan]) -> Mark:
        """Look at what is there before anything is written; how far it is."""
        names = target.names()
        mark = target.mark(names)
        ours = {str(n) for n in range(1, self.disks + 1)}
        strangers = names - ours - {target.mark_name}
        if mark is None and names and not strangers:
            strangers = {str(n) for n, plan in enumerate(plans, 1) if not self._target(n).is_copy(plan.lists.name)}
        for name in names & ours:
            facts = (self.root / name).lstat()
            if not stat.S_ISDIR(facts.st_mode) or facts.st_dev != self.root.stat().st_dev:
                strangers.add(name)
        if strangers:
            item = "、".join(sorted(strangers)[:3])
            raise BranchError("branch.not_empty", f"it holds {sorted(strangers)[:3]!r}", item=item, count=len(names))
        for n, plan in enumerate(plans, 1):
            if str(n) in names:
                self._target(n).prepare(plan.lists.name)
        is_ours = mark is not None and mark.drive == self.name and mark.done.isdecimal()
        return Mark(self.name, mark.done if mark is not None and is_ours else "")

    def _check_room(self, target: Target, copiers: list[Copier]) -> None:
        lacking = sum(copier.need() for copier in copiers) - target.room()
        if lacking > 0:
            raise BranchError("branch.too_small", f"{lacking} bytes are lacking", size=lacking)
