"""What updates no longer need goes: what was begun for deltas that nobody lists, and items that no release names.

Asked only when nothing is half made. What is staged names its items as every release does; nothing that was begun goes
while what a stick brought waits to be applied.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.intake.door import Door
    from appliance.sync.bringing import Bringing
    from appliance.sync.incoming import Incoming
    from packager.format.files import Files
    from packager.format.trust import Trusted

_log = logging.getLogger(__name__)


class Tidying:
    """For the thread of updates."""

    def __init__(
        self,
        files: Files,
        door: Door,
        bringing: Bringing,
        incoming: Incoming,
        *,
        is_pending: Callable[[], bool],
    ) -> None:
        """Begin with nothing tidied.

        Args:
            files: the writer.
            door: to the releases that are here.
            bringing: where documents and items lie.
            incoming: what is being fetched.
            is_pending: whether what a stick brought waits to be applied.
        """
        self._files, self._door, self._bringing, self._incoming = files, door, bringing, incoming
        self._is_pending = is_pending
        self._looked_at: frozenset[str] | None = None

    def begun(self, trusted: Trusted) -> None:
        """Throw away what was begun for deltas that are not listed any more.

        Raises:
            OSError: the SSD does not answer.
        """
        if self._is_pending():
            return
        wanted = {digest.sha256 for digest in trusted.deltas.values()}
        documents = self._bringing.documents
        self._incoming.keep_only(frozenset({documents.name}))
        for path in documents.iterdir() if documents.is_dir() else ():
            if path.name not in wanted:
                self._files.remove(path)

    def items(self) -> None:
        """Throw away the items that no release here names any more, when other releases are here than last time.

        Raises:
            OSError: the SSD does not answer.
        """
        here = list(self._door.store.all())
        folders = frozenset(stored.folder for stored in here)
        if folders == self._looked_at:
            return
        gone = self._bringing.carried.remove_unnamed((stored.items_txt for stored in here), self._files)
        self._looked_at = folders
        if gone:
            _log.info("%d items of editions that are no longer here were removed", gone)
            self._door.board.carried_changed()
