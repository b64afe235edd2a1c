"""What a delta changes in lists: an issue, volume or part stands under its parent, and of each parent the last arrives.

As `indexer.catalogue_build` does it for all records, here for those whose parent comes, goes or gets or loses a child.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from indexer.model import CHILD_LEVELS, Resource
from indexer.overlay_base import BaseRows, ChildRow
from indexer.schema import is_listed, is_readable
from indexer.splice import Splice


@dataclass(slots=True)
class ListedChild:
    """A child that lists show: whether it stands for itself, and whether it is among new arrivals."""

    stands: bool
    arrives: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands otherwise than the record alone says.

    Attributes:
        own: of records that come, by row in the whole. moved: of records of the base that stay, by row in the base.
    """

    own: dict[int, ListedChild] = field(default_factory=dict)
    moved: dict[int, ListedChild] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Member:
    """A child of a parent: its row in the whole, release, whether it may arrive; of the base, its state there."""

    row: int
    release: int | None
    may_arrive: bool
    before: ChildRow | None = None

    @property
    def newness(self) -> tuple[bool, int, int]:
        return self.release is not None, self.release or 0, self.row


class Lists:
    """Takes the records that come in and then settles who stands where. Memory: some 200 bytes each."""

    def __init__(self) -> None:
        """Start with none."""
        self._listed: dict[str, bool] = {}
        self._children: defaultdict[str, list[_Member]] = defaultdict(list)

    def come(self, row: int, resource: Resource) -> None:
        """Take a record in that is added or changed; `row` is that in the whole."""
        listed = is_listed(resource)
        self._listed[resource.id] = listed
        if listed and resource.parent and resource.parent != resource.id and resource.level in CHILD_LEVELS:
            member = _Member(row, resource.first_release, is_readable(resource))
            self._children[resource.parent].append(member)

    def settled(self, base: BaseRows, rows: Splice) -> Settled:
        """Who stands where, of those whom the delta can have moved.

        Raises:
            IndexFormatError: the base cannot be read.
        """
        gone = {row.id: row for row in base.child_rows_of(rows.dead.tolist())}
        affected = {row.parent for row in gone.values() if row.parent} | set(self._children)
        were = {name: row.listed for name, row in gone.items()}
        affected |= {name for name in {*were, *self._listed} if were.get(name) != self._listed.get(name)}
        stayed = [row for row in base.child_rows_below(sorted(affected)) if rows.whole(row.row) is not None]
        listed_before = base.listed_among(sorted(affected))
        members: defaultdict[str, list[_Member]] = defaultdict(list)
        for name, own in self._children.items():
            members[name] += own
        children = [row for row in stayed if row.listed and row.id != row.parent]
        # Where the parent was listed, who stood for itself is no issue, volume or part. Else only records tell.
        untold = [row.row for row in children if not listed_before.get(row.parent)]
        levels = {row: record.level for row, record in zip(untold, base.records(untold), strict=True)}
        for row in children:
            whole = rows.whole(row.row)
            is_child = levels[row.row] in CHILD_LEVELS if row.row in levels else not row.stands
            if whole is not None and is_child:
                members[row.parent].append(_Member(whole, row.first_release, row.readable, row))
        found = Settled()
        for parent in members:
            here = self._listed.get(parent, bool(listed_before.get(parent)) and parent not in gone)
            _settle(members[parent], here, found)
        return found


def _settle(members: list[_Member], parent_listed: bool, found: Settled) -> None:
    last = max(members, key=lambda member: member.newness)
    for member in members:
        arrives = member.may_arrive and (not parent_listed or member is last)
        child = ListedChild(not parent_listed, arrives)
        if member.before is None:
            found.own[member.row] = child
        elif (child.stands, child.arrives) != (member.before.stands, member.before.arrives):
            found.moved[member.before.row] = child
