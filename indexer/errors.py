"""The errors of the indexer, one tree.

IndexerError
├── RecordError          a record that cannot be taken; carries line, field, reason
├── IndexFormatError     an index or catalogue file that is not what it says it is
├── LateError            bytes of an index that did not come in the time that a search has
├── BuildWorkerError     a process that builds an index died or could not go on
├── OverlayError         an overlay that cannot be made, or is not worth it
├── QueryError           a query or filter that cannot be answered
└── RenditionError       a derived view that could not be made
└── RenditionLimitError   ... because the child process reached a limit
"""

from __future__ import annotations


class IndexerError(Exception):
    """Base of all errors of this package. `code` is stable and documented."""

    code = "indexer"


class RecordError(IndexerError):
    """A record that cannot be taken in. The rest of the source goes on.

    Attributes:
        line: 1-based line (row) in the source, 0 when unknown.
        field: name of the column or key, empty when the whole row is meant.
        reason: what was expected and what was found, one sentence.
    """

    code = "record"

    def __init__(self, reason: str, *, line: int = 0, field: str = "") -> None:
        """Keep the place and the reason."""
        self.line, self.field, self.reason = line, field, reason
        super().__init__(f"line {line}, {field or 'row'}: {reason}")


class IndexFormatError(IndexerError):
    """A file of an index or catalogue that is damaged, foreign or of another version."""

    code = "index-format"

    def __init__(self, path: str, reason: str) -> None:
        """Keep the file's name and the reason."""
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


class LateError(IndexerError):
    """Bytes of an index did not come in the time that a search has. What is known by then may be answered."""

    code = "index-late"


class BuildWorkerError(IndexerError):
    """A process of an index's build died, or had an error that is none of the truth's."""

    code = "build-worker"


class OverlayError(IndexerError):
    """No overlay can be made, or none that is worth it; what it would stand for is built whole instead."""

    code = "overlay"


class QueryError(IndexerError):
    """A query or filter value that cannot be answered; `field` names the parameter."""

    code = "query"

    def __init__(self, field: str, reason: str) -> None:
        """Keep the parameter and the reason."""
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class RenditionError(IndexerError):
    """A derived view (cover, page image, chapter, tile pack) that could not be made."""

    code = "rendition"


class RenditionLimitError(RenditionError):
    """The child process reached its limit of time or memory, or died."""

    code = "rendition-limit"
