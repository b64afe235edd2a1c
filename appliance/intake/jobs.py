"""What the thread of a place does for the driver: judge a drive, bring its lists, bring what follows."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.intake import carrying
from appliance.intake.entry import Entry
from appliance.intake.following import follow
from appliance.intake.place import Job, Place
from appliance.intake.taking import Parcel, copy
from appliance.intake.trusting import SharedTrust
from appliance.settings import Settings
from appliance.store.holdings import Message
from appliance.store.releases import ReleaseStore
from appliance.store.verified import VerifiedDrives
from packager.format.files import Files
from packager.format.release import Admission


@dataclass(frozen=True)
class Jobs:
    """Makes the jobs; each runs in the place's thread, in a scratch folder of its own.

    Attributes:
        settings: of the box. store: the releases on the SSD. trust: whom the box trusts.
        verified: remembered drives. files: the writer. receipts: see `carrying.judge`.
    """

    settings: Settings
    store: ReleaseStore
    trust: SharedTrust
    verified: VerifiedDrives
    files: Files
    receipts: carrying.Receipts

    def judge(self, entry: Entry) -> Job:
        """Whether the drive may be used; see `carrying.judge`."""
        root, scratch = entry.place.folder, f"trust-{entry.key}-{entry.drive.attempt}"

        def job(place: Place) -> Admission | Message:
            folder = self.store.stage(scratch)
            try:
                return carrying.judge(root, folder, self.trust, place.stopping, self.receipts)
            finally:
                self.store.unstage(scratch)

        return job

    def copy(self, entry: Entry, admission: Admission) -> Job:
        """What readers need; see `taking.copy`."""
        root, stage = entry.place.folder, f"copy-{entry.key}-{entry.drive.attempt}"
        return lambda place: copy(
            root,
            admission,
            store=self.store,
            verified=self.verified,
            files=self.files,
            stage=stage,
            reserve=self.settings.reserve_bytes,
            progress=place.progress,
        )

    def follow(self, entry: Entry, admission: Admission, parcel: Parcel) -> Job:
        """What may come while readers use the drive; see `following.follow`."""
        root, stage = entry.place.folder, f"follow-{entry.key}-{entry.drive.attempt}"
        return lambda place: follow(
            root,
            admission,
            parcel,
            store=self.store,
            verified=self.verified,
            files=self.files,
            stage=stage,
            reserve=self.settings.reserve_bytes,
            alive=place.alive,
            progress=place.progress,
        )
