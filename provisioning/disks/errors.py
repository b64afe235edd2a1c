"""What can be wrong with a partition table."""

from __future__ import annotations

from provisioning.errors import ProvisioningError


class TableError(ProvisioningError):
    """A partition table that is damaged, missing, or does not fit its disk."""

    code = "partition-table"
