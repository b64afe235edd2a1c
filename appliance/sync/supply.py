"""Where one update comes from: a stick, or what is here already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from appliance.store.holdings import Message
from packager.format.origin import OriginError

if TYPE_CHECKING:
    from appliance.sync.incoming import Source
    from packager.format.deltas import Delta
    from packager.format.release import Digest, Release


class Supply(Protocol):
    """What an update is brought from."""

    def has(self, target: str, wanted: Digest) -> bool:
        """Whether it has the document of a delta. Raises as `document`."""
        ...

    def document(self, target: str, wanted: Digest) -> Iterator[bytes]:
        """The bytes of a delta's document, not proved.

        Raises:
            OriginError, SourceError, OSError: it does not answer, or has other bytes.
        """
        ...

    def sources(self) -> Sequence[Source]:
        """Where packs come from, in the order in which they are asked."""
        ...

    def allow(self, size: int) -> None:
        """Wait until so many bytes may be brought; raises when they may not."""
        ...

    def took(self, size: int) -> None:
        """Count bytes that were brought."""
        ...


class NoSupply:
    """Nothing is brought: what is here must do. See `Supply`."""

    def __init__(self, here: Callable[[Digest], bool]) -> None:
        """Name the question whether a document is here."""
        self._here = here

    def has(self, target: str, wanted: Digest) -> bool:  # noqa: ARG002 - as the protocol says
        """Whether it is here."""
        return self._here(wanted)

    def document(self, target: str, wanted: Digest) -> Iterator[bytes]:
        """Is never asked."""
        raise OriginError(f"{target} is not {wanted.size} bytes from nowhere")

    def sources(self) -> Sequence[Source]:
        """Nowhere."""
        return ()

    def allow(self, size: int) -> None:
        """Is never asked."""

    def took(self, size: int) -> None:
        """Is never told."""


def applied_message(release: Release, steps: Sequence[Delta], key: str = "sync.applied") -> Message:
    """What staff read of an update.

    Args:
        release: what the chain leads to.
        steps: the chain.
        key: of the sentence: it was applied, or read.
    """
    counts = {
        "added": sum(step.added for step in steps),
        "changed": sum(step.changed for step in steps),
        "withdrawn": sum(step.removed for step in steps),
    }
    return Message(key, {"edition": release.edition, **counts})
